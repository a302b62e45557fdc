"""The commands that take newer metadata, and are the only ones to use a network: `update` and `init`."""

from __future__ import annotations

from dataclasses import replace as replaced
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from graph_codegen import api
from graph_codegen.assets import checkout
from graph_codegen.cli import options
from graph_codegen.cli.console import PROGRESS, show, tell
from graph_codegen.cli.options import Reading
from graph_codegen.errors import error, refuse
from graph_codegen.facts import configuration, settings, supplement
from graph_codegen.facts.settings import Settings
from graph_codegen.install import replace
from graph_codegen.model.subset import ALL
from graph_codegen.service.slices import existing, missing

if TYPE_CHECKING:  # it loads what only fetching needs
    from graph_codegen.update.fetch import Fetched


@click.command("update")
@click.argument("source", metavar="[FILE|URL]", required=False)
@options.reading
@options.used_by
@options.using
@click.option(
    "--date", "of", help="In a checkout: date of the document, where its name does not hold it."
)
@click.option(
    "--report",
    "markdown_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the report to as Markdown.",
)
def update_command(
    source: str | None,
    used_by: tuple[Path, ...],
    using: str | None,
    of: str | None,
    markdown_file: Path | None,
    **reading: Unpack[Reading],
) -> None:
    """Bring a slice up to the metadata in a file or at an address.

    With a configuration, by default from its address: shows what changed, keeps the document, and notes
    its SHA-256, its entity tag and the next version in the configuration.

    In a checkout of graph-codegen: takes the subset, shows what changed, generates, writes the changelog of
    the generated package and steps its version, and runs the golden tests: in a copy, so that nothing is
    touched when a step fails.

    Metadata in which nothing of the slice changed is left alone.
    """
    if reading["config"]:
        _update_slice(source, used_by, using, markdown_file, reading["config"], reading)
        return
    project = checkout()
    if project is None:
        message = "there is nothing to update: graph-codegen init writes a configuration"
        raise error(message, str(Path.cwd() / configuration.FILE))
    if source is None:
        raise error("say a file or an address", "FILE|URL")
    _update_checkout(project, source, used_by, using, of, markdown_file, reading)


def _update_slice(
    source: str | None,
    used_by: tuple[Path, ...],
    using: str | None,
    markdown_file: Path | None,
    config: Path,
    reading: Reading,
) -> None:
    from graph_codegen.diff.verdict.version import next_version
    from graph_codegen.update import slices

    said = configuration.load(config)
    if "document" not in said:  # what comes with graph-codegen is not a project's to replace
        raise error('names no document to update: say document = "FILE|URL" in it', str(config))
    chosen = settings.load(config)
    source = source or chosen.address
    if not source:
        raise error("names no address: say a file or an address", str(config))
    fetched, new = _fetch(source, chosen, reading)
    noted: dict[str, str] = {}
    if chosen.document.exists():
        report = _report(chosen.document, new, used_by, using, markdown_file, reading)
        if not report.details.comparison.findings:
            tell(f"nothing of the slice changed: {chosen.document} stays as it is")
            return
        if "version" in said:
            noted["version"] = next_version(chosen.version, report.step)
    if chosen.address or chosen.sha256:
        noted["sha256"] = new.document.sha256
    etag = fetched.etag if source == chosen.address else ""
    if etag != chosen.etag:
        noted["etag"] = etag
    slices.keep(fetched.data, chosen.document)
    slices.note(noted, config)
    values = "".join(f", {key} is {value}" for key, value in noted.items())
    tell(f"{chosen.document} is the newer one{values}: run graph-codegen generate")


def _update_checkout(
    project: Path,
    source: str,
    used_by: tuple[Path, ...],
    using: str | None,
    of: str | None,
    markdown_file: Path | None,
    reading: Reading,
) -> None:
    from graph_codegen.diff.verdict.version import next_version
    from graph_codegen.update import project as project_update

    present = settings.load()
    fetched, new = _fetch(source, present, reading)
    report = _report(None, new, used_by, using, markdown_file, reading)
    _, redundant = supplement.apply(new.model, supplement.load(*present.fact_folders))
    for diagnostic in redundant:
        PROGRESS.warn(diagnostic)
    if not report.details.comparison.findings:
        tell("nothing of the subset changed: the project stays as it is")
        return
    whole = replaced(report.details, concerns=None)  # the changelog is for all applications
    written = project_update.render_files(
        project, present, report.new, of or fetched.date, whole, new.corrected
    )
    with project_update.copied(project) as copy:
        replace.overwrite(written, copy.staged)
        for what, step in project_update.STEPS.items():
            with PROGRESS.stage(what):
                project_update.run(step, copy.staged)
        paths = project_update.install(copy)
    version = next_version(present.version, report.step)
    tell(f"{len(paths)} files changed; version {present.version} → {version}")
    if any(finding.methods.added for finding in report.details.comparison.findings):
        tell("which clouds have the new methods is not known until graph-codegen clouds is run")


def _fetch(source: str, chosen: Settings, reading: Reading) -> tuple[Fetched, api.Source]:
    """Return a document as it was fetched and as it is understood."""
    from graph_codegen.update import fetch, slices

    kept = slices.read_kept(chosen) if source == chosen.address else None
    with PROGRESS.stage(f"reading {fetch.label(source)}"):
        fetched = fetch.fetch_document(source, date.today(), kept)
    if fetched.how:
        tell(fetched.how)
    return fetched, api.read_data(fetched.data, fetched.name, **reading, progress=PROGRESS)


def _report(
    old: Path | None,
    new: api.Source,
    used_by: tuple[Path, ...],
    using: str | None,
    markdown_file: Path | None,
    reading: Reading,
) -> api.Report:
    """Show what changed between two documents, of which None is that of the configuration."""
    from graph_codegen.diff.report.terminal import render_terminal

    report = api.compare(old, new, used_by=used_by, using=using, **reading, progress=PROGRESS)
    show(render_terminal(report.details))
    if markdown_file:
        shows_all = options.spell(click.get_current_context(), "markdown_file")
        written = {markdown_file.name: report.to_markdown(shows_all)}
        replace.renew(written, markdown_file.parent, {markdown_file.name: "# Graph metadata: "})
    return report


@click.command("init")
@click.argument("source", metavar="[FILE|URL]", required=False)
@options.roots
@options.package
@options.service_root
def init_command(
    source: str | None,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    package: str | None,
    service_root: str | None,
) -> None:
    """Write a configuration, with comments, for the metadata in a file or at an address.

    What is at an address is fetched, and kept beside the configuration. Without either, it is the subset that
    comes with graph-codegen.
    """
    from graph_codegen.update import slices

    target = Path.cwd() / configuration.FILE
    if present := configuration.in_folder(target.parent):
        raise error("is there already", str(present))
    said: dict[str, object] = {"document": source} if source else {}
    said |= {"service_root": service_root} if service_root else {}
    said |= {"package": package or "my_graph", "version": "0.1.0"}
    chosen = settings.parse(said, target, settings.load())
    fetched = None
    if source:
        reading = Reading(config=None, strict=False, corrected=True, references=())
        fetched, new = _fetch(source, chosen, reading)
        problems = (missing(new.model, root) for root in roots)
        refuse(found for problem in problems if problem for found in problem.diagnostics)
        had = existing(new.model, chosen.roots) or (ALL,)
        if chosen.address:
            said |= {"sha256": new.document.sha256, "etag": fetched.etag}
    else:
        api.read_subset(roots=roots)  # which refuses a root that is not there
        had = chosen.roots
    said |= {"roots": [*(roots or had)], "exclude": [*exclude]}
    settings.parse(said, target, settings.load())
    if fetched and chosen.address:
        if chosen.document.exists():
            api.read(chosen.document)  # which refuses what is no metadata, and stays
        slices.keep(fetched.data, chosen.document)
    replace.overwrite({target.name: slices.first_configuration(said)}, target.parent)
    tell(f"{target.name} says what graph-codegen generate writes")
