"""The command that compares two documents: `diff`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graph_codegen.assets import folder
from graph_codegen.cli import common
from graph_codegen.cli.progress import stage
from graph_codegen.cli.workers import current_workers
from graph_codegen.diff.change.context import Side
from graph_codegen.facts import supplement
from graph_codegen.install import manifest
from graph_codegen.model.subset import take

if TYPE_CHECKING:
    from graph_codegen.diff.report.report import Report

FAIL_ON = ("breaking", "additive", "any")
"""What can make the command fail: findings of a level or a graver one, the gravest first."""


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@common.roots
@common.strict
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json", "html"]),
    default="terminal",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    help="Exit with 1 when there are findings of this level, or of a graver one.",
)
@click.option(
    "--ignore",
    "ignore_file",
    type=click.Path(path_type=Path),
    help="TOML file of findings to set aside, each with a reason and until a date.",
)
@click.option("--code", is_flag=True, help="Add the unified diff of the generated package.")
def diff(
    old: Path,
    new: Path,
    roots: tuple[str, ...],
    strict: bool,
    form: str,
    fail_on: str | None,
    ignore_file: Path | None,
    code: bool,
) -> None:
    """Show what changed between the metadata documents OLD and NEW, and what that breaks.

    Exit codes: 0 done, 1 findings at the level of --fail-on, 2 the documents could not be compared.
    """
    from graph_codegen.diff.report.report import Report
    from graph_codegen.diff.verdict.comparison import compare
    from graph_codegen.diff.verdict.findings import Level
    from graph_codegen.diff.verdict.ignore import ignored, load

    gc.set_threshold(*common.PATIENT)
    entries = load(ignore_file) if ignore_file else ()
    before, after = common.sides(
        common.read(old, strict=strict, quiet=True),
        common.read(new, strict=strict, quiet=True),
        roots,
    )
    comparison = compare(before, after)
    reasons, diagnostics = ignored(entries, comparison.findings, date.today())
    common.report(diagnostics, strict=False)
    changed = tuple(manifest.unified(_package(before), _package(after))) if code else None
    report = Report(comparison, reasons, changed)
    WRITERS[form](report, before, after)
    failing = list(Level)[: FAIL_ON.index(fail_on) + 1] if fail_on else []
    if any(report.at(level) for level in failing):
        sys.exit(common.DIFFERENT)


def _package(side: Side) -> Mapping[str, str]:
    """Generate the package of one side, in memory; a document without any of the roots has none."""
    if not side.subset.roots:
        return {}
    from graph_codegen.emit.package import build, facts

    whole, _ = supplement.apply(side.whole, supplement.load(folder("metadata")))
    with stage(common.log, f"generating from {side.document.file}"), current_workers() as executor:
        model = take(whole, side.subset.roots).model
        return build(model, common.settings(), facts(folder("metadata")), executor=executor)


# -- writers: each loads only what it needs


def _terminal(report: Report, old: Side, new: Side) -> None:
    from graph_codegen.diff.report.terminal import render_terminal

    common.show(render_terminal(report))


def _markdown(report: Report, old: Side, new: Side) -> None:
    from graph_codegen.diff.report.markdown import render_markdown

    click.echo(render_markdown(report), nl=False)


def _json(report: Report, old: Side, new: Side) -> None:
    from graph_codegen.diff.report.json_report import render_json

    click.echo(render_json(report), nl=False)


def _html(report: Report, old: Side, new: Side) -> None:
    from graph_codegen.diff.report.html import render_html

    click.echo(render_html(report, old.model, new.model), nl=False)


WRITERS: Mapping[str, Callable[[Report, Side, Side], None]] = {
    "terminal": _terminal,
    "markdown": _markdown,
    "json": _json,
    "html": _html,
}
