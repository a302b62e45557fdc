"""An update of a project, made in a copy that takes its place only if every step succeeds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graph_codegen.diff.change.context import Side
from graph_codegen.diff.report.changelog import prepend_entry, render_entry
from graph_codegen.diff.report.report import Report
from graph_codegen.diff.verdict.version import next_version
from graph_codegen.errors import CodegenError, Diagnostic, Place, error, refuse
from graph_codegen.facts.configuration import FILE as SETTINGS
from graph_codegen.facts.settings import Settings
from graph_codegen.install import replace
from graph_codegen.model import provenance
from graph_codegen.model.writer import write
from graph_codegen.reading import read_bytes
from graph_codegen.service.left_out import find_left_out
from graph_codegen.text import code_source

CHANGELOG = "generated/CHANGELOG.md"

WRITTEN = ("metadata", "generated", "docs/api.md")
"""The folders and files of a project that an update writes."""

STEPS: Mapping[str, tuple[str, ...]] = {
    "generating": ("graph_codegen", "generate", "--output", "generated"),
    "listing the methods": ("graph_codegen", "api", "--output", "docs/api.md"),
    "running the goldens": ("pytest", "tests/golden", "--quiet"),
}
"""The steps that run in the copy, as Python modules with their arguments, by their names in messages."""

_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist"
)
_VERSION = re.compile(r"""^(version\s*=\s*)("[^"\n]*"|'[^'\n]*')""", re.MULTILINE)


def render_files(
    project: Path,
    settings: Settings,
    new: Side,
    date: str | None,
    report: Report,
    corrected: int,
) -> dict[str, str]:
    """Return the files that an update writes itself, not by a command: texts by path in the project.

    They are the subset of `new`, whose document has the date `date` and `corrected` elements that were
    corrected, and its provenance; the settings,
    with the next version according to `report`, the comparison of the project's subset with `new`; and
    the changelog of the generated package. Raises CodegenError for a file that cannot be read.
    """
    version = next_version(settings.version, report.comparison.step)
    of = f"of {date}" if date else code_source(new.document.file)
    return {
        f"metadata/{settings.document.name}": write(new.model).decode(),
        f"metadata/{provenance.FILE}": provenance.render_provenance(
            provenance.describe(
                new.document,
                date,
                new.whole,
                new.subset,
                corrected=corrected,
                left_out=find_left_out(new.model),
            )
        ),
        f"metadata/{SETTINGS}": _VERSION.sub(
            rf'\g<1>"{version}"', _read(project / "metadata" / SETTINGS), count=1
        ),
        CHANGELOG: prepend_entry(
            _read(project / CHANGELOG), render_entry(report, version, of), settings.package
        ),
    }


@dataclass(frozen=True)
class Copy:
    """A copy of a project to work on, and the files there that an update may write, as they were."""

    project: Path
    staged: Path
    before: Mapping[str, bytes]


@contextmanager
def copied(project: Path) -> Generator[Copy]:
    """Copy a project, without the caches and environments of its tools, as long as the context lasts.

    Raises CodegenError if a file that an update writes is reached through a symbolic link, since nobody
    named that place.
    """
    replace.refuse_links(_content(project), project)
    with tempfile.TemporaryDirectory(prefix="graph-codegen-") as folder:
        staged = Path(folder) / project.name
        try:
            shutil.copytree(project, staged, ignore=_NOT_COPIED, symlinks=True)
        except OSError as problem:
            raise error(f"cannot copy the project: {problem}", str(project)) from None
        yield Copy(project, staged, _content(staged))


def run(step: tuple[str, ...], project: Path) -> str:
    """Run a step in a project, with the project's own code. Returns its output.

    Raises CodegenError, with the output, if it fails.
    """
    paths = os.pathsep.join(str(project / name) for name in ("generator", "generated"))
    done = subprocess.run(
        [sys.executable, "-m", *step],
        cwd=project,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        output = tuple(done.stdout.rstrip().splitlines())
        message = f"{' '.join(step)} failed:"
        raise CodegenError(Diagnostic(message, Place("the update"), output=output))
    return done.stdout


def install(copy: Copy) -> list[str]:
    """Install the files that an update wrote in a copy into the project: all of them or none.

    Returns the paths that changed. Raises CodegenError if the project cannot be written, and if a file
    to be written was changed there in the meantime. The metadata is written last, so that an update
    that was interrupted before can be repeated.
    """
    after = _content(copy.staged)
    changed = {path: data for path, data in after.items() if copy.before.get(path) != data}
    stale = sorted(copy.before.keys() - after.keys())
    now = _content(copy.project)
    refuse(
        Diagnostic("was changed while the update ran", Place(str(copy.project / path)))
        for path in sorted([*changed, *stale])
        if now.get(path) != copy.before.get(path)
    )
    texts = {path: data.decode() for path, data in changed.items()}
    replace.overwrite(texts, copy.project, stale, last="metadata")
    return sorted([*changed, *stale])


def _content(project: Path) -> dict[str, bytes]:
    """Return the content of the files that an update may write, by path in the project."""
    places = (project / name for name in WRITTEN)
    files = (
        file
        for place in places
        for file in ([place] if place.is_file() else sorted(place.rglob("*")))
        if file.is_file() and "__pycache__" not in file.parts
    )
    try:
        return {file.relative_to(project).as_posix(): file.read_bytes() for file in files}
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(problem.filename)) from None


def _read(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        raise error(f"cannot read: {problem}", str(path)) from None
