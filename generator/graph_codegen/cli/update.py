"""The command that brings a project up to newer metadata: `update`."""

from __future__ import annotations

import gc
from datetime import date
from pathlib import Path

import click

from graph_codegen.assets import checkout, folder
from graph_codegen.cli import common
from graph_codegen.cli.progress import stage
from graph_codegen.csdl import reader
from graph_codegen.errors import error
from graph_codegen.install import manifest
from graph_codegen.model.resolver import resolve


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
    from graph_codegen.diff.report.markdown import render_markdown
    from graph_codegen.diff.report.report import Report
    from graph_codegen.diff.report.terminal import render_terminal
    from graph_codegen.diff.verdict.comparison import compare
    from graph_codegen.diff.verdict.version import stepped
    from graph_codegen.update import fetch
    from graph_codegen.update import project as project_update

    gc.set_threshold(*common.PATIENT)
    project = checkout()
    if project is None:
        raise error("update works in a checkout of graph-codegen only", str(folder("metadata")))
    with stage(common.log, f"reading {fetch.label(source)}"):
        fetched = fetch.fetch_document(source, date.today())
    document = reader.read(fetched.data, fetched.name)
    model = resolve(document)
    common.report(model.diagnostics if strict else (), strict=strict)
    old, new = common.sides(common.read(None, strict=strict, quiet=True), (document, model), ())
    report = Report(compare(old, new))
    common.show(render_terminal(report))
    if markdown_file:
        manifest.replace({markdown_file.name: render_markdown(report)}, markdown_file.parent)
    if not report.comparison.findings:
        return
    written = project_update.texts(project, common.settings(), new, of or fetched.date, report)
    was = common.settings().version
    with project_update.copied(project) as copy:
        manifest.replace(written, copy.staged)
        for what, step in project_update.STEPS.items():
            with stage(common.log, what):
                project_update.run(step, copy.staged)
        paths = project_update.install(copy)
    common.log.print(
        f"{len(paths)} files changed; version {was} → {stepped(was, report.comparison.step)}"
    )
    if any(finding.methods.added for finding in report.comparison.findings):
        common.log.print(
            "which clouds have the new methods is not known until graph-codegen clouds is run"
        )
