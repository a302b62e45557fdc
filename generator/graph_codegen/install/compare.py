"""What is in a folder, compared with what should be there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from graph_codegen.install.manifest import MANIFEST, Listed, digest, list_files, read_text

_EXTENSION = r"(\.[\w-]+)?\.(so|pyd)"
"""The end of a file name, after its stem, that Python takes for a compiled module."""


def diff_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff between two sets of files, given as texts by path."""
    for path in sorted({*old, *new}):
        yield from _diff(path, old.get(path), new.get(path))


def diff_folder(files: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield the lines of a unified diff from what is in a folder to what should be there.

    Raises CodegenError for a manifest that is not understood and a file that cannot be read.
    """
    for path in sorted({*files, *list_files(folder)}):
        yield from _diff(path, read_text(folder / path), files.get(path))


def diff_edits(files: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield the lines of a unified diff from what should be in a folder to what would be lost there.

    That is each file that `find_kept` finds. Raises CodegenError as `diff_folder` does.
    """
    for path in find_kept(files, list_files(folder), folder):
        yield from _diff(path, files.get(path), read_text(folder / path))


def find_kept(files: Mapping[str, str], listed: Listed, folder: Path) -> dict[str, str]:
    """Return the files in a folder that must be neither overwritten nor deleted: why, by path.

    `files` are to be written there, and `listed` are those of the folder's manifest.
    """
    reasons: dict[str, str] = {}
    for path in sorted({*files, *listed}):
        old = read_text(folder / path)
        if old is None or old == files.get(path):
            continue
        if path not in listed:
            reasons[path] = "is in the way and not ours"
        elif digest(old) not in listed[path]:
            reasons[path] = "was edited by hand: restore or delete it"
    return reasons


def find_unlisted(folder: Path) -> dict[str, str]:
    """Return the files in a folder that are not as its manifest lists them: why, by path.

    Raises CodegenError as `diff_folder` does.
    """
    listed = list_files(folder)
    if not listed:
        return {MANIFEST: "is missing: nothing tells which files are ours"}
    missing = {path: "is missing" for path in listed if read_text(folder / path) is None}
    return dict(sorted({**missing, **find_kept({}, listed, folder)}.items()))


def find_shadowing(files: Iterable[str], folder: Path) -> dict[str, str]:
    """Return what in a folder Python imports instead of a module among files: a message by path.

    That is a package, or else a compiled module, of the same name: both come before a source file
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


def _diff(path: str, old: str | None, new: str | None) -> Iterator[str]:
    """Yield the lines of a unified diff between two texts of a file; None means that it is absent."""
    if old == new:
        return
    before = f"a/{path}" if old is not None else "/dev/null"
    after = f"b/{path}" if new is not None else "/dev/null"
    old, new = old or "", new or ""
    lines = list(
        difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")
    )
    # No line shows that an empty file or the line ends differ.
    yield from lines or [f"--- {before}", f"+++ {after}"]
    if old and new:
        yield from _line_ends(before, old, new)
        yield from _line_ends(after, new, old)


def _line_ends(name: str, text: str, other: str) -> Iterator[str]:
    """Yield remarks on the line ends of a text that the other text does not share."""
    if "\r\n" in text and "\r\n" not in other:
        yield f"\\ CRLF line ends in {name}"
    if not text.endswith("\n") and other.endswith("\n"):
        yield f"\\ No newline at end of {name}"
