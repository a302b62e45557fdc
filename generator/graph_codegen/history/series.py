"""A folder, files, or a range of a git repository → the versions of a document, in their order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

from graph_codegen.csdl import xml
from graph_codegen.errors import Diagnostic, Place, error
from graph_codegen.history import git
from graph_codegen.model import provenance
from graph_codegen.reading import read_bytes
from graph_codegen.text import printable, shorten

VERSIONS = 1_000
"""Versions of a document that a history may have."""

_CSDL = (".xml", ".xml.gz")
_DOCUMENTS = (*_CSDL, *(f".{kind}{end}" for kind in ("json", "yaml", "yml") for end in ("", ".gz")))

_LARGEST = 2**20
"""Bytes of a provenance file that is read for its date."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that is a version unless it is the same as the one before.

    It has its day, the name that messages call it, and a function that reads it, as uncompressed bytes.
    `revision` is the hash of the commit that has it, empty for a file.
    """

    day: date
    name: str
    read: Callable[[], bytes]
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """The versions of a document in their order, and warnings about what is not among them."""

    versions: tuple[Candidate, ...]
    warnings: tuple[Diagnostic, ...] = ()


def is_range(path: Path) -> bool:
    """Whether what is no path names revisions, `OLD..NEW`."""
    return ".." in str(path) and ".." not in path.parts and not path.exists()


def series_of_files(paths: Sequence[Path]) -> Series:
    """Return the documents of a folder, or the documents that are named, in the order of their dates.

    The documents of a folder are in it or in a folder of it. The date of a document is in its name; else, if
    it is the only CSDL document there without one, in the name of its own folder, or in its provenance. One
    of a folder that has no date is left out with a warning. Raises CodegenError for documents whose order is
    not known, for fewer than two, and for more than `VERSIONS`.
    """
    if len(paths) == 1:
        (folder,) = paths
        if not folder.is_dir():
            raise _alone(folder)
        return _in_folder(folder)
    for path in paths:
        if path.is_dir():
            raise error("is a folder: name one folder alone, or documents", str(path))
    dated = [(_day(path.name), path) for path in paths]
    for day, path in dated:
        if day is None:
            raise error("has no date in its name, such as 2026-01-31", str(path))
    return Series(_ordered((day, path, path.name) for day, path in dated if day))


def series_in_git(path: Path, revisions: str) -> Series:
    """Return the versions of a file from OLD to NEW, where `revisions` is `OLD..NEW`.

    They are that of OLD, and each that a commit on the way to NEW has made of it; of merges only the first
    parents are followed. A missing revision is HEAD. What is the same as before is left out; that the file is
    not in OLD, or was deleted on the way, is a warning. Raises CodegenError for revisions of another form,
    for one that there is not, for an OLD that NEW does not come from, and for no version or more than
    `VERSIONS`.
    """
    old, dots, new = revisions.partition("..")
    if not dots or new.startswith("."):
        raise error("is not understood: the versions are OLD..NEW", shorten(revisions))
    folder, below = _split(path)
    subject = f"{path} {revisions}"
    prefix = git.ask(["rev-parse", "--show-prefix"], subject, folder)
    name = git.text(prefix).removesuffix("\n") + below
    first, last = (git.find_commit(one or "HEAD", subject, folder) for one in (old, new))
    if git.list_commits([first, f"^{last}"], subject, folder, most=1):
        raise error(f"{old or 'HEAD'} is not among what led to {new or 'HEAD'}", shorten(subject))
    start = git.list_commits([first], subject, folder, most=1)
    made = git.list_commits([last, f"^{first}"], subject, folder, most=VERSIONS, path=below)
    if len(made) == VERSIONS:
        raise _too_many(subject)
    commits = [*start, *reversed(made)]
    found = git.find_objects([f"{commit}:{name}" for _, commit in commits], subject, folder)
    steps = [(when, commit, one) for (when, commit), one in zip(commits, found, strict=True)]
    versions: list[Candidate] = []
    warnings: list[Diagnostic] = []
    shown = ""
    for when, commit, one in steps:
        if one is None:
            what = "was deleted in" if versions else "is not yet in"
            warnings.append(Diagnostic(f"{what} {commit[:12]}", Place(shorten(str(path)))))
        elif one.id != shown:
            shown = one.id
            label = f"{git.PREFIX}{commit[:12]}:{name}"
            read = partial(git.read_object, one, label, folder)
            day = datetime.fromtimestamp(when, UTC).date()
            versions.append(Candidate(day, printable(label), read, commit))
    if not versions:
        raise error("there is no version of it", shorten(subject))
    return Series(tuple(versions), tuple(warnings))


# -- files


def _in_folder(folder: Path) -> Series:
    try:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        places = [folder, *(path for path in inside if path.is_dir())]
        found = [one for place in places for one in _documents(place, inner=place != folder)]
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(problem.filename)) from None
    dated = [(day, path, path.relative_to(folder).as_posix()) for path, day in found if day]
    if len(dated) < 2:
        what = "one document" if dated else "no document"
        message = f"has {what} with a date in its name, such as 2026-01-31, or in {provenance.FILE}"
        raise error(message, str(folder))
    message = "is left out: it has no date in its name, nor one of its own in provenance.json"
    warnings = (Diagnostic(message, Place(str(path))) for path, day in found if not day)
    return Series(_ordered(dated), tuple(warnings))


def _documents(folder: Path, *, inner: bool) -> Iterator[tuple[Path, date | None]]:
    """Yield the documents of a folder with their dates; other files in JSON or YAML have none."""
    files = sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(_DOCUMENTS) and not path.name.startswith(".") and path.is_file()
    )
    undated = [path for path in files if path.name.endswith(_CSDL) and not _day(path.name)]
    known = (_day(folder.name) if inner else None) or _noted_day(folder)
    for path in files:
        if path in undated:
            yield path, known if len(undated) == 1 else None
        elif day := _day(path.name):
            yield path, day


def _day(name: str) -> date | None:
    """Return the date in a name, None if there is none."""
    found = provenance.date_of(name)
    try:
        return date.fromisoformat(found) if found else None
    except ValueError:
        return None


def _noted_day(folder: Path) -> date | None:
    """Return the date in the provenance of a folder, None if there is none."""
    try:
        noted = json.loads(read_bytes(folder / provenance.FILE, _LARGEST))["date"]
        return date.fromisoformat(noted)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _ordered(dated: Iterable[tuple[date, Path, str]]) -> tuple[Candidate, ...]:
    """Return versions in the order of their dates; raises CodegenError if two are of one day."""
    versions = sorted((Candidate(day, printable(name), partial(xml.load, path)) for day, path, name in dated),
                      key=lambda version: version.day)  # fmt: skip
    if len(versions) > VERSIONS:
        raise _too_many(versions[-1].name)
    for one, other in pairwise(versions):
        if one.day == other.day:
            names = f"{one.name} and {other.name}"
            raise error(f"are both of {one.day}: which one is older is not known", names)
    return tuple(versions)


def _alone(path: Path) -> Exception:
    if path.exists():
        hint = "name a folder, several documents, or versions in git: --git OLD..NEW"
        return error(f"is one document alone: {hint}", str(path))
    return error("there is no such folder", str(path))


def _too_many(subject: str) -> Exception:
    return error(f"more than {VERSIONS:,} versions", shorten(subject))


# -- git


def _split(path: Path) -> tuple[Path, str]:
    """Return the nearest folder around a path that there is, and the rest of the path below it.

    The file may have been deleted since, and its folder with it.
    """
    below, folder = path.name, path.parent
    while not folder.is_dir() and folder != folder.parent:
        below, folder = f"{folder.name}/{below}", folder.parent
    return folder, below
