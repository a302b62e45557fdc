"""Documents that a git repository has → bytes.

git gets names by its standard input or as hashes, so that none of them is an option. It runs nothing that the
configuration of a repository names: its plumbing knows no pager, text conversion or external diff, hooks and
monitors are turned off, and what is not in the repository is not fetched.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph_codegen.csdl import xml
from graph_codegen.errors import CodegenError, error
from graph_codegen.limits import BYTES
from graph_codegen.text import printable, shorten

PREFIX = "git:"
"""How the name of a document begins that a repository has: `git:REV:PATH`."""

SECONDS = 120
"""Seconds that one call of git may take."""

_COMMAND = (
    *("git", "--no-pager", "--no-optional-locks", "--literal-pathspecs"),
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}"),
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
}  # git before 2.45 would fetch what a partial clone lacks, and then finds no protocol that is allowed

_NAME = re.compile(r"((?:[^:{]|\{[^}]*+\}?+)++):(.+)", re.DOTALL)
"""A revision and a path (gitrevisions, `<rev>:<path>`): what is in braces may have colons."""

_FOUND = re.compile(r"(\w+) ([0-9]+) ([0-9a-f]{40}|[0-9a-f]{64})")

_RESOLVE = ("rev-parse", "--verify", "--quiet", "--end-of-options")

_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a repository: its hash, its type, such as `blob`, and its size in bytes."""

    id: str
    type: str
    size: int


def is_in_git(name: str) -> bool:
    """Whether a document is named as one that a repository has."""
    return name.startswith(PREFIX)


def path_of(name: str) -> str:
    """Return the path of a document `git:REV:PATH`, empty if that is not understood."""
    parts = _NAME.fullmatch(name.removeprefix(PREFIX))
    return parts[2] if parts else ""


def read_version(name: str) -> bytes:
    """Return the document `git:REV:PATH` of the repository around the working folder, uncompressed.

    Both are spelled as in git: a path begins at the top of the repository, or with `./`. Raises CodegenError
    for a name of another form, a revision or path that there is not, what is no file, a file that is too
    large, and whatever git refuses or takes too long for.
    """
    parts = _NAME.fullmatch(name.removeprefix(PREFIX))
    if parts is None:
        raise error("is not understood: a document in git is git:REV:PATH", shorten(name))
    revision, path = parts.groups()
    (found,) = find_objects([f"{revision}:{path}"], name)
    if found is None:
        find_commit(revision, name)
        hint = "a path begins at the top of the repository, or with ./"
        raise error(f"{shorten(revision)} has no such file: {hint}", shorten(name))
    return read_object(found, name)


def find_commit(revision: str, name: str, folder: Path | None = None) -> str:
    """Return the hash of the commit that a revision names; `name` is the subject of errors.

    Raises CodegenError if there is none.
    """
    (found,) = find_objects([f"{revision}^{{commit}}"], name, folder)
    if found is None:
        raise error(f"git knows no revision {shorten(revision)}", shorten(name))
    return found.id


def list_commits(
    reached: Sequence[str], subject: str, folder: Path | None, *, most: int, path: str = ""
) -> list[tuple[int, str]]:
    """Return commits that are reached from some and, if written `^…`, not from others; the newest first.

    Only the first parents of merges are followed. Given the `path` of a file, from the folder, they are those
    that change it. Each is the time when it was committed, in seconds since 1970, and a hash.
    """
    options = ["--first-parent", "--timestamp", f"--max-count={most}"]
    limits = ["--", path] if path else []
    told = text(ask(["rev-list", *options, *reached, *limits], subject, folder))
    lines = (line.partition(" ") for line in told.splitlines())
    return [(int(when), commit) for when, _, commit in lines]


def find_objects(
    names: Sequence[str], subject: str, folder: Path | None = None
) -> tuple[Object | None, ...]:
    """Return the objects that names stand for, None for those that stand for nothing.

    Raises CodegenError, with `subject`, where git refuses to answer, and for an object that a tree has and
    the repository lacks.
    """
    if any("\n" in name or "\0" in name for name in names):
        raise error("a name with a line end is none of git's", shorten(subject))
    asked = "".join(f"{name}\n" for name in names)
    form = "--batch-check=%(objecttype) %(objectsize) %(objectname)"
    told = ask(["cat-file", form], subject, folder, asked)
    lines = text(told).split("\n")[: len(names)]
    found = (_FOUND.fullmatch(line) for line in lines)
    objects = tuple(one and Object(one[3], one[1], int(one[2])) for one in found)
    for name, one in zip(names, objects, strict=True):
        # What stands for nothing has no hash; to find a hash, git does not look for the object.
        if not one and not _run([*_RESOLVE, name], subject, folder).returncode:
            raise error(
                "is not in the repository, as in a partial clone or a submodule", shorten(subject)
            )
    return objects


def read_object(found: Object, name: str, folder: Path | None = None) -> bytes:
    """Return the content of a file, uncompressed; `name` is what messages call it.

    Raises CodegenError for what is no file, or too large.
    """
    if found.type != "blob":
        raise error(f"is no file in git: it is a {found.type}", shorten(name))
    if found.size > BYTES:
        raise error(f"larger than {BYTES // 2**20} MB", shorten(name))
    data = ask(["cat-file", "blob", found.id], name, folder)
    if data.startswith(_POINTER):
        raise error("is kept by Git LFS: the repository has a pointer to it", shorten(name))
    return xml.unpack(data, printable(name))


def text(told: bytes) -> str:
    """Return what git said as text, in which paths may be any bytes."""
    return os.fsdecode(told)


def ask(
    arguments: Sequence[str], subject: str, folder: Path | None = None, given: str = ""
) -> bytes:
    """Return what git answers in a folder, by default the working folder, to what it is given as input.

    Raises CodegenError, with `subject`, where git is missing, fails, or takes too long.
    """
    done = _run(arguments, subject, folder, given)
    if done.returncode:
        first = done.stderr.decode(errors="replace").partition("\n")[0]
        reason = shorten(first.removeprefix("fatal: ")) or f"exit code {done.returncode}"
        raise _refused(f"refuses: {reason}", subject)
    return done.stdout


def _run(
    arguments: Sequence[str], subject: str, folder: Path | None, given: str = ""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*_COMMAND, *arguments],
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT},
            input=os.fsencode(given),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(f"takes more than {SECONDS} seconds", subject) from None
    except OSError as problem:
        raise _refused(f"cannot be run: {problem.strerror}", subject) from None


def _refused(reason: str, subject: str) -> CodegenError:
    return error(f"git {reason}", shorten(subject))
