"""Files into a folder so that nobody ever meets half of them: whole folders change places at once.

What is below a folder is built beside it in full, new files with links to those that stay, and then
changes places with what was there, which Linux does in a single step. Killed before it, the old is
there; killed after it, the new is. Where a file system cannot do that, it takes two steps, with a
moment between them in which the folder is not there; it never holds a mixture.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from graph_codegen.errors import error

PREFIX = ".graph-codegen-"
"""How the folders begin in which files are made ready."""

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Make a folder and hold it, as long as the context lasts, against other runs that write to it.

    What a run left behind there that was killed is removed.

    Raises CodegenError for a folder that cannot be made or read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = _hold(folder)
    except OSError as problem:
        raise error(f"cannot write here: {problem.strerror}", str(folder)) from None
    try:
        if handle is not None:  # nobody else is at work here
            _clear(folder)
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def unchanging(folder: Path) -> Generator[None]:
    """Keep runs that write from a folder, as long as the context lasts; nothing is changed for it.

    A folder that is not there, or cannot be read, is not held: who reads it next is told.
    """
    handle = None
    with suppress(OSError):
        handle = _hold(folder, shared=True)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _hold(folder: Path, *, shared: bool = False) -> int | None:
    """Wait until nobody else holds a folder, and hold it until the handle is closed.

    Where it is shared, others may share it.
    """
    try:
        import fcntl
    except ImportError:  # Windows knows no such lock
        return None
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    return handle


def install(
    files: Mapping[str, str], stale: Sequence[str], folder: Path, last: str | None = None
) -> None:
    """Put files into a folder that is `locked`, and delete stale ones: everything or nothing.

    Paths are below the folder; each folder in it changes at once. `last` is a file that comes after
    all others. Raises CodegenError, with all as it was, where something cannot be written.
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
        raise error(f"cannot write: {problem.strerror}", str(problem.filename or folder)) from None


def _clear(folder: Path) -> None:
    """Remove what a run left behind that was killed."""
    for left in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _staging(folder: Path) -> Generator[Path]:
    staging = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _parts(paths: Iterable[str]) -> Mapping[str, set[str]]:
    """Return paths by the first part of each: what changes at once."""
    parts: dict[str, set[str]] = {}
    for path in paths:
        parts.setdefault(PurePosixPath(path).parts[0], set()).add(path)
    return parts


def _build(
    part: str, paths: Iterable[str], files: Mapping[str, str], folder: Path, staging: Path
) -> None:
    """Make ready a file or folder as it shall be: what changes written, all else linked.

    Raises OSError for a folder that cannot be read, for nobody knows what would be lost with it, and
    one that cannot be written: that another could take its place does not make it ours to change.
    """
    changed = {folder / path for path in paths}
    for old in _all_below(folder / part) - changed:
        _link(old, staging / old.relative_to(folder))
    for path in paths:
        if path in files:
            _make((staging / path).parent, (folder / path).parent)
            (staging / path).write_text(files[path], encoding="utf-8", newline="")


def _all_below(top: Path) -> set[Path]:
    """Return all files and links below a folder, and the folders in which nothing is."""
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


def _make(new: Path, old: Path) -> None:
    """Make a folder, and those above it, with the group and mode of those that they replace."""
    if new.exists():
        return
    _make(new.parent, old.parent)
    new.mkdir()
    if old.is_dir():
        like = old.stat()
        if new.stat().st_gid != like.st_gid:
            with suppress(PermissionError):  # not a member of that group
                os.chown(new, -1, like.st_gid)
        new.chmod(stat.S_IMODE(like.st_mode))


def _link(old: Path, new: Path) -> None:
    """Give a file a second place; where the file system has no links, a copy. Make a folder anew."""
    if old.is_dir() and not old.is_symlink():
        _make(new, old)
        return
    _make(new.parent, old.parent)
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        shutil.copy2(old, new, follow_symlinks=False)


def _swap(new: Path, place: Path, undo: ExitStack) -> None:
    """Bring something new to its place, and what was there to where the new was made ready."""
    if not new.exists():  # nothing is left of it
        if place.exists():
            new.parent.mkdir(parents=True, exist_ok=True)
            place.rename(new)
            undo.callback(_quietly, Path.rename, new, place)
    elif not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        new.rename(place)
        undo.callback(_quietly, Path.rename, place, new)
    else:
        exchange(new, place)
        undo.callback(_quietly, exchange, new, place)


def _quietly(step: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    """Undo a step; one that cannot be undone must not keep the others from it."""
    with suppress(OSError):
        step(source, target)


def exchange(one: Path, other: Path) -> None:
    """Let two files or folders on one file system change places. Raises OSError where it cannot."""
    if not _exchanged(one, other):
        aside = one.with_name(f"{one.name}.aside")
        other.rename(aside)
        one.rename(other)
        aside.rename(one)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange in one step (renameat2, Linux); return whether the system could."""
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
