"""The command that follows a document through its versions: `history`."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from graph_codegen import api
from graph_codegen.cli import options
from graph_codegen.cli.console import PROGRESS, answer, render_counts, show, tell
from graph_codegen.cli.options import Reading
from graph_codegen.errors import error, refuse
from graph_codegen.facts import settings
from graph_codegen.history import series

if TYPE_CHECKING:
    from graph_codegen.history.events import History, Version
    from graph_codegen.history.steps import Step


@click.command("history")
@click.argument("paths", metavar="PATH…|OLD..NEW", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--git",
    "revisions",
    metavar="OLD..NEW",
    help="Follow a file through these revisions of its git repository.",
)
@options.roots
@options.reading
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    show_default=True,
    help="Form of the report.",
)
def history_command(
    paths: tuple[Path, ...],
    revisions: str | None,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    form: str,
    **reading: Unpack[Reading],
) -> None:
    """Show when each element of a slice came, changed and went, in a series of metadata documents.

    PATH is a folder of documents with dates in their names, or each is such a document; with --git it is a
    file. OLD..NEW are revisions of the document of the configuration.
    """
    # Loads all of the comparison.
    from graph_codegen.history.events import trace

    found = _find(paths, revisions, reading)
    if reading["strict"]:
        refuse(found.warnings)
    for warning in found.warnings:
        PROGRESS.warn(warning)
    read: list[Version] = []
    documents = _read(found.versions, reading, read)
    reports = api.compare_series(
        documents, roots=roots, exclude=exclude, **reading, progress=PROGRESS
    )
    # Each report is gone before the next document is read, and the models in it with it.
    steps = [*map(_take_step, reports)]
    _write(trace(read, steps), form)


def _find(paths: tuple[Path, ...], revisions: str | None, reading: Reading) -> series.Series:
    """Return the series that the arguments name."""
    if not paths:
        raise click.UsageError("name a folder, several documents, or revisions: OLD..NEW")
    path, *others = paths
    if revisions is not None:
        if others:
            raise error("only one file at a time is followed through git", str(others[0]))
        return series.series_in_git(path, revisions)
    if not others and series.is_range(path):
        return series.series_in_git(settings.load(reading["config"]).document, str(path))
    return series.series_of_files(paths)


def _read(
    versions: tuple[series.Candidate, ...], reading: Reading, read: list[Version]
) -> Iterator[api.Source]:
    """Yield the documents of a series, and add to `read` what they are; the same again is no version."""
    from graph_codegen.history.events import Version

    for version in versions:
        with PROGRESS.stage(f"reading {version.name}"):
            data = version.read()
            digest = sha256(data).hexdigest()
            if read and read[-1].sha256 == digest:
                continue
            read.append(Version(version.day, version.name, digest, version.revision))
            source = [api.read_data(data, version.name, **reading, progress=PROGRESS)]
        yield source.pop()


def _take_step(report: api.Report) -> Step:
    from graph_codegen.history.steps import take_step

    step = take_step(report.details.comparison, report.old, report.new)
    if report.uncompared:
        names = f"{step.old.file} → {step.new.file}"
        counts = render_counts(report.uncompared)
        tell(f"{names}: not compared, since OpenAPI does not say it: {counts}")
    return step


def _write(history: History, form: str) -> None:
    # Loads the templates of all reports.
    from graph_codegen.history import report

    if form == "json":
        answer(report.render_json(history))
    elif form == "markdown":
        answer(report.render_markdown(history))
    else:
        show(report.render_terminal(history))
