"""Generated files → a folder: everything or nothing, and only what is ours.

A manifest beside the files says which ones are ours and what was in them, so that a file that was
edited by hand is noticed, a file that is generated no more is deleted, and no other is touched.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path, PurePosixPath

from graph_codegen.errors import Diagnostic, Place, error, refuse
from graph_codegen.install.replace import install, locked, unchanging

MANIFEST = "manifest.json"


def digest(text: str) -> str:
    """Return the SHA-256 of a file's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(files: Mapping[str, str], origin: Mapping[str, object]) -> str:
    """Return the manifest of files: where they come from, and the digest of each."""
    content = {**origin, "files": {path: digest(text) for path, text in sorted(files.items())}}
    return json.dumps(content, indent=2) + "\n"


def differences(files: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield the lines of a unified diff from what is in a folder to what should be there.

    Raises CodegenError for a manifest that is not understood and a file that cannot be read.
    """
    for path in sorted({*files, *_listed(folder)}):
        yield from _difference(path, _read(folder / path), files.get(path))


def unified(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff between two sets of files, given as texts by path."""
    for path in sorted({*old, *new}):
        yield from _difference(path, old.get(path), new.get(path))


def unlike_manifest(folder: Path) -> dict[str, str]:
    """Return what in a folder is not as its manifest lists it: why, by path.

    Raises CodegenError as `differences` does.
    """
    listed = _listed(folder)
    if not listed:
        return {MANIFEST: "is missing: nothing tells which files are ours"}
    missing = {path: "is missing" for path in listed if _read(folder / path) is None}
    return dict(sorted({**missing, **_kept({}, listed, folder)}.items()))


_EXTENSION = r"(\.[\w-]+)?\.(so|pyd)"
"""How a file ends, after its stem, that Python takes for a compiled module."""


def hiding(files: Iterable[str], folder: Path) -> dict[str, str]:
    """Return what in a folder Python imports in place of a module among files: of which, by path.

    That is a package, or else a compiled module, of the same name, which come before a source file
    (see importlib.machinery.FileFinder). `__pycache__` is not looked at.
    """
    found: dict[str, str] = {}
    for path in sorted(path for path in files if path.endswith(".py")):
        module = folder / path
        inits = module.with_suffix("").glob("__init__.*")
        beside = module.parent.glob(f"{module.stem}.*")
        packages = (
            i.parent for i in inits if re.fullmatch(rf"__init__(\.pyc?|{_EXTENSION})", i.name)
        )
        compiled = (other for other in beside if re.fullmatch(module.stem + _EXTENSION, other.name))
        for hider in (*packages, *compiled):
            name = hider.relative_to(folder).as_posix()
            found[name] = f"is imported in place of {module.name}: delete it"
    return dict(sorted(found.items()))


def edits(files: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield the lines of a unified diff from what should be in a folder to what `write` refuses to lose.

    That is each file edited by hand and each that is not ours; nothing where `write` refuses none.
    Raises CodegenError as `differences` does.
    """
    for path in _kept(files, _listed(folder), folder):
        yield from _difference(path, files.get(path), _read(folder / path))


def refuse_links(files: Iterable[str], folder: Path) -> None:
    """Raise CodegenError when files, or the folder they belong in, are reached through symbolic links.

    What is written through a link changes a place that nobody named. Links on the way to the folder
    are followed.
    """
    paths = [PurePosixPath(path) for path in {*files, *_listed(folder)}]
    places = {folder / part for path in paths for part in (path, *path.parents)}
    try:
        links = [place for place in sorted(places) if place.is_symlink()]
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(problem.filename)) from None
    refuse(
        Diagnostic("is a symbolic link: nothing is written through it", Place(str(link)))
        for link in links
    )


def write(files: Mapping[str, str], folder: Path, *, whole: bool = False) -> tuple[int, int]:
    """Write files to a folder; one of them is the manifest.

    `whole` says that the folder is all ours, and changes at once; else the folders in it do. Returns
    how many were written and how many deleted. Raises CodegenError, with everything left as it was,
    as `pending` does, and for a folder that cannot be written.
    """
    at, prefix = _held(folder, whole), f"{folder.name}/" if whole else ""
    with locked(at), ExitStack() as undo:
        changed, stale = pending(files, folder)
        if (changed or stale) and not whole:
            _announce(files, folder, undo)
        if changed or stale:
            new = {f"{prefix}{path}": text for path, text in changed.items()}
            install(new, [f"{prefix}{path}" for path in stale], at, last=MANIFEST)
        undo.pop_all()
    return len(changed), len(stale)


def reading(folder: Path, *, whole: bool = False) -> AbstractContextManager[None]:
    """Keep other runs from a `write` to a folder, as long as the context lasts.

    What is read meanwhile is not half of what one wrote. `whole` is as for `write`.
    """
    return unchanging(_held(folder, whole))


def _held(folder: Path, whole: bool) -> Path:
    """Return what to hold of a folder: where it changes place itself, the one that it is in."""
    return folder.parent if whole else folder


_BEFORE = "before"
"""Where a manifest lists what was there, for as long as it may still be there."""


def _announce(files: Mapping[str, str], folder: Path, undo: ExitStack) -> None:
    """Let the manifest list both what is there and what is to come.

    A run that is killed between two folders leaves the one as it was and the other new: whatever is
    generated next, both are ours.
    """
    old = _read(folder / MANIFEST)
    before = {path: " ".join(sorted(known)) for path, known in _digests(old, folder).items()}
    content = {**json.loads(files[MANIFEST]), _BEFORE: before}
    if old is None:
        undo.callback(install, {}, [MANIFEST], folder)
    else:
        undo.callback(install, {MANIFEST: old}, [], folder)
    install({MANIFEST: json.dumps(content, indent=2) + "\n"}, [], folder)


def pending(files: Mapping[str, str], folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return the files that are not yet in a folder as they should be, and those to be deleted there.

    Raises CodegenError for a file edited by hand, and one that is not ours.
    """
    listed = _listed(folder)
    refuse(
        Diagnostic(reason, Place(str(folder / path)))
        for path, reason in _kept(files, listed, folder).items()
    )
    changed = {path: text for path, text in files.items() if _read(folder / path) != text}
    stale = [path for path in listed if path not in files and (folder / path).exists()]
    return changed, stale


def replace(
    files: Mapping[str, str], folder: Path, stale: Sequence[str] = (), *, last: str | None = None
) -> None:
    """Put files into a folder and delete stale ones, whatever is there.

    `last` is what of the folder changes after all else. Raises CodegenError, with everything left as
    it was, where it cannot.
    """
    with locked(folder):
        install(files, stale, folder, last)


def _listed(folder: Path) -> Mapping[str, frozenset[str]]:
    """Return the digests by path of the manifest in a folder; none where there is no manifest.

    A file has two where a run was killed: that of before, and that of after.
    """
    text = _read(folder / MANIFEST)
    listed = _digests(text, folder)
    return listed if text is None else {**listed, MANIFEST: frozenset({digest(text)})}


def _digests(text: str | None, folder: Path) -> dict[str, frozenset[str]]:
    if text is None:
        return {}
    try:
        content = json.loads(text)
        found: dict[str, frozenset[str]] = {}
        for files in (content["files"], content.get(_BEFORE, {})):
            for path, value in files.items():
                found[_inside(path)] = found.get(path, frozenset()) | set(str(value).split())
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise error("the manifest is not understood", str(folder / MANIFEST)) from None


def _inside(path: str) -> str:
    """Return a path below the folder, as `manifest` writes them.

    What is listed may be deleted and is told of: others, on any system, and unprintable ones are refused.
    """
    outside = PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts
    if outside or set(path) & set("\\:") or not path.isprintable():
        raise ValueError(path)
    return path


def _kept(
    files: Mapping[str, str], listed: Mapping[str, frozenset[str]], folder: Path
) -> dict[str, str]:
    """Return why files in a folder may be neither overwritten nor deleted, by their paths."""
    reasons: dict[str, str] = {}
    for path in sorted({*files, *listed}):
        old = _read(folder / path)
        if old is None or old == files.get(path):
            continue
        if path not in listed:
            reasons[path] = "is in the way and not ours"
        elif digest(old) not in listed[path]:
            reasons[path] = "was edited by hand: restore or delete it"
    return reasons


def _difference(path: str, old: str | None, new: str | None) -> Iterator[str]:
    """Yield the lines of a unified diff between two texts of a file, of which None is no file."""
    if old == new:
        return
    before = f"a/{path}" if old is not None else "/dev/null"
    after = f"b/{path}" if new is not None else "/dev/null"
    old, new = old or "", new or ""
    lines = list(
        difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")
    )
    # An empty file, or line ends, make a difference that no line shows.
    yield from lines or [f"--- {before}", f"+++ {after}"]
    if old and new:
        yield from _line_ends(before, old, new)
        yield from _line_ends(after, new, old)


def _line_ends(name: str, text: str, other: str) -> Iterator[str]:
    """Yield what is odd about a text's line ends, and not about the other's, as a diff's remarks."""
    if "\r\n" in text and "\r\n" not in other:
        yield f"\\ CRLF line ends in {name}"
    if not text.endswith("\n") and other.endswith("\n"):
        yield f"\\ No newline at end of {name}"


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise error(f"cannot read: {problem}", str(path)) from None
