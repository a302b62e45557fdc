"""The command that brings a project up to newer metadata: `update`."""

from __future__ import annotations

import gc
from datetime import date
from pathlib import Path

import click

from graph_codegen import csdl, output
from graph_codegen.cli import common
from graph_codegen.diagnostics import error
from graph_codegen.progress import stage
from graph_codegen.resolve import resolve
from graph_codegen.resources import checkout, folder


@click.command()
@click.argument("source", metavar="FILE|URL")
@common.strict
@click.option("--date", "of", help="Date of the document, where its name does not hold it.")
@click.option(
    "--report",
    "markdown_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the report to as Markdown.",
)
def update(source: str, strict: bool, of: str | None, markdown_file: Path | None) -> None:
    """Bring this checkout up to the metadata in a file or at an address.

    Takes the subset, shows what changed, generates, writes the changelog of the generated package
    and steps its version, and runs the golden tests: in a copy, so that nothing is touched when a
    step fails. Metadata in which nothing of the subset changed is left alone.
    """
    from graph_codegen import fetch, update
    from graph_codegen.diff.compare import compare
    from graph_codegen.diff.markdown import markdown
    from graph_codegen.diff.report import Report
    from graph_codegen.diff.terminal import terminal
    from graph_codegen.diff.version import stepped

    gc.set_threshold(*common.PATIENT)
    project = checkout()
    if project is None:
        raise error("update works in a checkout of graph-codegen only", str(folder("metadata")))
    with stage(common.log, f"reading {fetch.label(source)}"):
        fetched = fetch.fetch(source, date.today())
    document = csdl.read(fetched.data, fetched.name)
    model = resolve(document)
    common.report(model.diagnostics if strict else (), strict=strict)
    old, new = common.sides(common.read(None, strict=strict, quiet=True), (document, model), ())
    report = Report(compare(old, new))
    common.show(terminal(report))
    if markdown_file:
        output.replace({markdown_file.name: markdown(report)}, markdown_file.parent)
    if not report.comparison.findings:
        return
    written = update.texts(project, common.settings(), new, of or fetched.date, report)
    was = common.settings().version
    with update.copied(project) as copy:
        output.replace(written, copy.staged)
        for what, step in update.STEPS.items():
            with stage(common.log, what):
                update.run(step, copy.staged)
        paths = update.install(copy)
    common.log.print(
        f"{len(paths)} files changed; version {was} → {stepped(was, report.comparison.step)}"
    )
    if any(finding.methods.added for finding in report.comparison.findings):
        common.log.print(
            "which clouds have the new methods is not known until graph-codegen clouds is run"
        )
