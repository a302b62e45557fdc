"""The command that brings a project up to newer metadata: `update`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from graph_codegen import api
from graph_codegen.assets import checkout, folder
from graph_codegen.cli import options
from graph_codegen.cli.console import PROGRESS, log, show
from graph_codegen.csdl import reader
from graph_codegen.errors import error, refuse
from graph_codegen.facts import corrections, settings, supplement
from graph_codegen.install import replace
from graph_codegen.model.resolver import resolve


@click.command("update")
@click.argument("source", metavar="FILE|URL")
@options.reading
@click.option("--date", "of", help="Date of the document, where its name does not hold it.")
@click.option(
    "--report",
    "markdown_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the report to as Markdown.",
)
def update_command(
    source: str,
    of: str | None,
    markdown_file: Path | None,
    config: Path | None,
    strict: bool,
    corrected: bool,
) -> None:
    """Bring this checkout up to the metadata in a file or at an address.

    Takes the subset, shows what changed, generates, writes the changelog of the generated package
    and steps its version, and runs the golden tests: in a copy, so that nothing is touched when a
    step fails. Metadata in which nothing of the subset changed is left alone.
    """
    from graph_codegen.diff.report.terminal import render_terminal
    from graph_codegen.diff.verdict.version import next_version
    from graph_codegen.update import fetch
    from graph_codegen.update import project as project_update

    project = checkout()
    if project is None:
        raise error("update works in a checkout of graph-codegen only", str(folder("metadata")))
    with PROGRESS.stage(f"reading {fetch.label(source)}"):
        fetched = fetch.fetch_document(source, date.today())
    document = reader.read(fetched.data, fetched.name)
    new = api.Source(document, resolve(document))
    if corrected and corrections.concern(new.model):
        known = corrections.load(folder("metadata"))
        new = api.Source(document, *corrections.apply(new.model, known))
    if strict:
        refuse(new.model.diagnostics)
    report = api.compare(None, new, strict=strict, progress=PROGRESS)
    show(render_terminal(report.details))
    _, redundant = supplement.apply(new.model, supplement.load(folder("metadata")))
    for diagnostic in redundant:
        PROGRESS.warn(diagnostic)
    if markdown_file:
        replace.overwrite({markdown_file.name: report.to_markdown()}, markdown_file.parent)
    if not report.details.comparison.findings:
        return
    present = settings.load()
    of = of or fetched.date
    written = project_update.render_files(
        project, present, report.new, of, report.details, new.corrected
    )
    with project_update.copied(project) as copy:
        replace.overwrite(written, copy.staged)
        for what, step in project_update.STEPS.items():
            with PROGRESS.stage(what):
                project_update.run(step, copy.staged)
        paths = project_update.install(copy)
    version = next_version(present.version, report.step)
    log.print(f"{len(paths)} files changed; version {present.version} → {version}")
    if any(finding.methods.added for finding in report.details.comparison.findings):
        log.print(
            "which clouds have the new methods is not known until graph-codegen clouds is run"
        )
