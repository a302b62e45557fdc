"""Puts files into a folder: all of them or none, and only over files that are the generator's.

Each folder inside is built beside the old one in full, from new files and links to those that stay, and
then both change places, which Linux does in a single step (renameat2): a run that is killed leaves the
old folder or the new one. Where the system cannot do that, as on Windows, it takes several steps, with a
moment between them without the folder, but never a mixture. Runs at the same time wait for each other
(flock), except on Windows.

Both are called directly, since no library offers the exchange, and replacing file by file would leave a
mixture of two packages where a run is killed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from uuid import uuid4

from graph_codegen.errors import Diagnostic, Place, error, refuse
from graph_codegen.install.compare import find_kept
from graph_codegen.install.manifest import (
    MANIFEST,
    list_files,
    parse_manifest,
    read_text,
    render_transition,
)

PREFIX = ".graph-codegen-"
"""The beginning of the names of staging folders."""

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100

_WINDOWS = os.name == "nt"

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds to wait on Windows for programs such as virus scanners, which keep a file open for a moment."""


class _NotRestoredError(OSError):
    """What was in a place could not be put back, and is in the staging folder."""


class Written(NamedTuple):
    """How many files were written to a folder, and how many were deleted there."""

    written: int
    deleted: int


def write(files: Mapping[str, str], folder: Path, *, whole: bool = False) -> Written:
    """Write files, one of which is the manifest, to a folder.

    `whole`: swap the entire folder, which is all the generator's; else swap the folders in it one
    after the other. Raises CodegenError, with everything left as it was, as `find_pending` does, and
    for a folder that cannot be written.
    """
    at, prefix = _to_lock(folder, whole), f"{folder.name}/" if whole else ""
    with locked(at), ExitStack() as undo:
        changed, stale = find_pending(files, folder)
        if (changed or stale) and not whole:
            _announce(files, folder, undo)
        if changed or stale:
            new = {f"{prefix}{path}": text for path, text in changed.items()}
            install(new, [f"{prefix}{path}" for path in stale], at, last=MANIFEST)
        undo.pop_all()
    return Written(len(changed), len(stale))


def find_pending(files: Mapping[str, str], folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return the files that still have to be written to a folder, and those to be deleted there.

    Raises CodegenError for a file that was edited by hand, and one that is not the generator's.
    """
    listed = list_files(folder)
    refuse(
        Diagnostic(reason, Place(str(folder / path)))
        for path, reason in find_kept(files, listed, folder).items()
    )
    changed = {path: text for path, text in files.items() if read_text(folder / path) != text}
    stale = [path for path in listed if path not in files and (folder / path).exists()]
    return changed, stale


def overwrite(
    files: Mapping[str, str], folder: Path, stale: Sequence[str] = (), *, last: str | None = None
) -> None:
    """Put files into a folder and delete stale ones, without regard to a manifest.

    `last` is the file or folder that changes after all others. Raises CodegenError, with everything
    left as it was, where it cannot.
    """
    with locked(folder):
        install(files, stale, folder, last)


def renew(files: Mapping[str, str], folder: Path, marks: Mapping[str, str]) -> None:
    """Put files into a folder in the place of earlier ones of the same kinds.

    `marks` are texts by which a file of each kind is known as the generator's. Raises CodegenError, with
    everything left as it was, for any other file in the way, and where it cannot write.
    """
    refuse(
        Diagnostic("is not the generator's: move it away, or write elsewhere", Place(str(place)))
        for place, mark in ((folder / name, marks[name]) for name in files)
        if (old := read_text(place)) and mark not in old
    )
    overwrite(files, folder)


def refuse_links(files: Iterable[str], folder: Path) -> None:
    """Raise CodegenError for files, or their folder, that are reached through symbolic links.

    Writing through a link changes a place that nobody named. Links on the way to the folder are
    followed.
    """
    paths = [PurePosixPath(path) for path in {*files, *list_files(folder)}]
    places = {folder / part for path in paths for part in (path, *path.parents)}
    try:
        links = [place for place in sorted(places) if place.is_symlink()]
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(problem.filename)) from None
    refuse(
        Diagnostic("is a symbolic link: nothing is written through it", Place(str(link)))
        for link in links
    )


def _announce(files: Mapping[str, str], folder: Path, undo: ExitStack) -> None:
    """Write a manifest that lists both the files that are there and those to come."""
    old = read_text(folder / MANIFEST)
    if old is None:
        before = {}
        undo.callback(install, {}, [MANIFEST], folder)
    else:
        before = parse_manifest(old, folder)
        undo.callback(install, {MANIFEST: old}, [], folder)
    install({MANIFEST: render_transition(files[MANIFEST], before)}, [], folder)


# -- locks


@contextmanager
def reading(folder: Path, *, whole: bool = False) -> Generator[None]:
    """Keep other runs from writing to a folder, as long as the context lasts.

    `whole` is as for `write`. Nothing is changed for it: a folder that does not exist or cannot be
    read is not locked, and reading it reports the error.
    """
    handle = None
    with suppress(OSError):
        handle = _lock(_to_lock(folder, whole), shared=True)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _to_lock(folder: Path, whole: bool) -> Path:
    """Return the folder to lock: a folder that is swapped itself is locked by its parent."""
    return folder.parent if whole else folder


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Create a folder and lock it against other runs, as long as the context lasts.

    Removes the staging folders of killed runs. Raises CodegenError for a folder that cannot be
    created or read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = _lock(folder)
    except OSError as problem:
        raise error(f"cannot write here: {problem.strerror}", str(folder)) from None
    try:
        if handle is not None:  # no other run is at work here
            _clear(folder)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: Path, *, shared: bool = False) -> int | None:
    """Wait for the lock of a folder; it is held until the handle is closed."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # opening a FIFO would wait for a writer
    fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    return handle


# -- staging and swapping


def install(
    files: Mapping[str, str], stale: Sequence[str], folder: Path, last: str | None = None
) -> None:
    """Put files into a folder that is `locked`, and delete stale ones: everything or nothing.

    Paths are relative to the folder; each folder in it is swapped at once. `last` is a file or folder
    that is swapped after all others. Raises CodegenError, with all as it was, where something cannot
    be written.
    """
    try:
        with _staging(folder) as staging:
            parts = _parts([*files, *stale])
            (staging / "new").mkdir()
            for part, paths in parts.items():
                _build(part, paths, files, folder, staging / "new")
            with ExitStack() as undo:
                for part in sorted(parts, key=lambda part: (part == last, part)):
                    _swap(staging / "new" / part, folder / part, undo)
                undo.pop_all()
    except OSError as problem:
        lost = isinstance(problem, _NotRestoredError)
        kept = f"; what was there is in {problem.filename2}" if lost else ""
        where = str(problem.filename or folder)
        raise error(f"cannot write: {problem.strerror}{kept}", where) from None


def _clear(folder: Path) -> None:
    """Remove the staging folders of killed runs."""
    for left in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _staging(folder: Path) -> Generator[Path]:
    # A temporary folder would be private on Windows, with all that is moved out of it.
    staging = folder / f"{PREFIX}{uuid4().hex}"
    staging.mkdir()
    try:
        yield staging
    except _NotRestoredError:
        raise
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    shutil.rmtree(staging, ignore_errors=True)


def _parts(paths: Iterable[str]) -> Mapping[str, set[str]]:
    """Return paths by their first part, which is what is swapped at once."""
    parts: dict[str, set[str]] = {}
    for path in paths:
        parts.setdefault(PurePosixPath(path).parts[0], set()).add(path)
    return parts


def _build(
    part: str, paths: Iterable[str], files: Mapping[str, str], folder: Path, staging: Path
) -> None:
    """Build a file or folder as it shall be: changed files are written, all others are linked.

    Raises OSError for a folder that cannot be read, since what is in it would be lost, and for one
    that cannot be written, though renaming would work.
    """
    changed = {folder / path for path in paths}
    for old in _all_below(folder / part) - changed:
        _link(old, staging / old.relative_to(folder))
    for path in paths:
        if path in files:
            _create((staging / path).parent, (folder / path).parent)
            (staging / path).write_text(files[path], encoding="utf-8", newline="")


def _all_below(top: Path) -> set[Path]:
    """Return all files and links below a folder, and the empty folders."""
    found: set[Path] = set()
    if top.is_dir():
        for root, folders, names in os.walk(top, onerror=_raise):
            if not os.access(root, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), root)
            links = [name for name in folders if (Path(root) / name).is_symlink()]
            found.update(Path(root) / name for name in (*names, *links))
            if not folders and not names:
                found.add(Path(root))
    return found


def _raise(problem: OSError) -> None:
    raise problem


def _create(new: Path, old: Path) -> None:
    """Create a folder and its parents, with the group and mode of those that they replace."""
    if new.exists():
        return
    _create(new.parent, old.parent)
    new.mkdir()
    if old.is_dir():
        like = old.stat()
        if new.stat().st_gid != like.st_gid:
            with suppress(PermissionError):  # not a member of that group
                os.chown(new, -1, like.st_gid)
        new.chmod(stat.S_IMODE(like.st_mode))


def _link(old: Path, new: Path) -> None:
    """Link a file to a second place, or copy it where the file system has no links; create a folder."""
    if old.is_dir() and not old.is_symlink():
        _create(new, old)
        return
    _create(new.parent, old.parent)
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        shutil.copy2(old, new, follow_symlinks=False)


def _swap(new: Path, place: Path, undo: ExitStack) -> None:
    """Move a new file or folder to its place, and what was there to the staging folder."""
    if not new.exists():  # all of it is deleted
        if place.exists():
            new.parent.mkdir(parents=True, exist_ok=True)
            _move(place, new, undo)
    elif not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        _move(new, place, undo)
    else:
        exchange(new, place)
        undo.callback(_undo, exchange, new, place)


def _move(source: Path, target: Path, undo: ExitStack) -> None:
    """Rename a file or folder."""
    _rename(source, target)
    undo.callback(_undo, _rename, target, source)


def _rename(source: Path, target: Path) -> None:
    for pause in _PAUSES if _WINDOWS else ():
        with suppress(PermissionError):
            source.rename(target)
            return
        time.sleep(pause)
    source.rename(target)


def _undo(step: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    """Undo a step; if that fails, the other steps are undone all the same."""
    try:
        step(source, target)
    except OSError as problem:
        raise _NotRestoredError(
            problem.errno, problem.strerror, str(target), None, str(source)
        ) from None


def exchange(one: Path, other: Path) -> None:
    """Exchange two files or folders on one file system. Raises OSError where that fails."""
    if _exchanged(one, other):
        return
    aside = one.with_name(f"{one.name}.aside")
    with ExitStack() as undo:
        _move(other, aside, undo)
        _move(one, other, undo)
        _move(aside, one, undo)
        undo.pop_all()


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two paths in one step (renameat2, Linux); return whether the system can do that."""
    if _WINDOWS:  # which has no library of the whole process
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EXDEV):
        return False
    raise OSError(number, os.strerror(number), str(other))
