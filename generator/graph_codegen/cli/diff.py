"""The command that compares two documents: `diff`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Unpack

import click

from graph_codegen import api
from graph_codegen.cli import options
from graph_codegen.cli.console import DIFFERENT, PROGRESS, answer, render_counts, show, tell
from graph_codegen.cli.options import Reading
from graph_codegen.cli.workers import current_workers
from graph_codegen.history import git
from graph_codegen.text import printable

FAIL_ON = ("breaking", "deprecated", "additive", "any", "policy")
"""Findings that can make the command fail: those of a level and all graver ones, the gravest first; or those
that break Graph's policy."""


@click.command("diff")
@click.argument("old")
@click.argument("new")
@options.roots
@options.reading
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json", "html", "github", "sarif"]),
    default="terminal",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    help="Exit with 1 when there are findings of this level, or of a graver one; policy: that break Graph's.",
)
@click.option(
    "--ignore",
    "ignore_file",
    type=click.Path(path_type=Path),
    help="TOML file of findings to set aside, each with a reason and until a date.",
)
@options.used_by
@options.using
@click.option("--package", help="Name of the package that the application imports.")
@options.on
@click.option("--code", is_flag=True, help="Add the unified diff of the generated package.")
def diff_command(
    old: str,
    new: str,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    form: str,
    fail_on: str | None,
    ignore_file: Path | None,
    used_by: tuple[Path, ...],
    using: str | None,
    package: str | None,
    on: date,
    code: bool,
    **reading: Unpack[Reading],
) -> None:
    """Show what changed between the metadata documents OLD and NEW, and what that breaks.

    Each is a file, or git:REV:PATH, a version of a file in git.

    Exit codes: 0 done, 1 findings at the level of --fail-on, 2 the documents could not be compared.
    """
    with current_workers() if code else nullcontext() as executor:
        report = api.compare(
            _read(old, reading),
            _read(new, reading),
            roots=roots,
            exclude=exclude,
            ignore=ignore_file,
            used_by=used_by,
            using=using,
            package=package,
            code=code,
            on=on,
            **reading,
            executor=executor,
            progress=PROGRESS,
        )
    if report.uncompared:
        tell(f"not compared, since OpenAPI does not say it: {render_counts(report.uncompared)}")
    WRITERS[form](report, git.path_of(new) if git.is_in_git(new) else new)
    if fail_on and _has_any(report, fail_on):
        sys.exit(DIFFERENT)


def _read(document: str, reading: Reading) -> Path | api.Source:
    """Return the path of a document, or the document itself if it is a version of a file in git."""
    if not git.is_in_git(document):
        return Path(document)
    name = printable(document)
    with PROGRESS.stage(f"reading {name}"):
        data = git.read_version(document)
        return api.read_data(data, name, **reading, progress=PROGRESS)


def _has_any(report: api.Report, fail_on: str) -> bool:
    """Whether a report has findings that make the command fail."""
    from graph_codegen.diff.verdict.findings import Level
    from graph_codegen.diff.verdict.rules import Policy

    if fail_on == "policy":
        return any(finding.policy is Policy.BREAKING for finding in report.details.counted)
    return any(map(report.details.at, list(Level)[: FAIL_ON.index(fail_on) + 1]))


def _write_terminal(report: api.Report, new: str) -> None:
    from graph_codegen.diff.report.terminal import render_terminal

    show(render_terminal(report.details))


def _write_markdown(report: api.Report, new: str) -> None:
    answer(report.to_markdown(_shows_all()))


def _write_json(report: api.Report, new: str) -> None:
    answer(report.to_json())


def _write_html(report: api.Report, new: str) -> None:
    answer(report.to_html())


def _write_github(report: api.Report, new: str) -> None:
    answer(report.to_github(new, _shows_all()))


def _write_sarif(report: api.Report, new: str) -> None:
    answer(report.to_sarif(new))


def _shows_all() -> str:
    """Return the command line without what chooses the form, and the exit code."""
    return options.spell(click.get_current_context(), "form", "fail_on")


WRITERS: Mapping[str, Callable[[api.Report, str], None]] = {
    "terminal": _write_terminal,
    "markdown": _write_markdown,
    "json": _write_json,
    "html": _write_html,
    "github": _write_github,
    "sarif": _write_sarif,
}
