"""The commands that write a document about the package: `openapi` and `api`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Unpack

import click

from graph_codegen import api
from graph_codegen.cli import options
from graph_codegen.cli.console import DIFFERENT, PROGRESS, log
from graph_codegen.cli.options import Reading
from graph_codegen.facts import descriptions, documented, media_types, settings, statuses
from graph_codegen.install import compare, replace
from graph_codegen.text import json_source


@click.command("openapi")
@options.metadata
@options.roots
@options.reading
@options.service_root
@options.documented_only
@options.descriptions
@click.option(
    "--openapi",
    "version",
    type=click.Choice(["3.0", "3.1"]),
    default="3.1",
    show_default=True,
    help="Version of OpenAPI: some tools read only 3.0.",
)
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path),
    help="File to write; else standard output.",
)
def openapi_command(
    metadata: Path | None,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    service_root: str | None,
    documented_only: bool,
    described: bool,
    version: str,
    target: Path | None,
    **reading: Unpack[Reading],
) -> None:
    """Write the OpenAPI document of the subset."""
    from graph_codegen.emit.names import assign_names
    from graph_codegen.emit.openapi import build_openapi
    from graph_codegen.emit.openapi_3_0 import as_openapi_3_0

    taken = api.read_subset(
        metadata,
        roots=roots,
        exclude=exclude,
        documented_only=documented_only,
        **reading,
        progress=PROGRESS,
    )
    chosen = settings.load(reading["config"])
    if service_root is not None:
        chosen = settings.with_service_root(chosen, service_root)
    known = descriptions.load(*chosen.fact_folders, own=described)
    document = build_openapi(
        taken.model,
        assign_names(taken.model, chosen.names),
        known,
        chosen.service_root,
        statuses=statuses.load(*chosen.fact_folders),
        documented=documented.load(*chosen.fact_folders),
        media_types=media_types.load(*chosen.fact_folders),
    )
    text = json_source(as_openapi_3_0(document) if version == "3.0" else document)
    if target:
        replace.overwrite({target.name: text}, target.parent)
    else:
        click.echo(text, nl=False)


@click.command("api")
@options.metadata
@options.roots
@options.reading
@options.documented_only
@options.descriptions
@click.option("--check", is_flag=True, help="Fail when the file is not what would be written.")
@click.option("--output", "target", type=click.Path(path_type=Path), required=True)
def api_command(
    metadata: Path | None,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    documented_only: bool,
    described: bool,
    check: bool,
    target: Path,
    **reading: Unpack[Reading],
) -> None:
    """Write the Markdown page that lists every method of the client and every property of the models."""
    from graph_codegen.emit.method_page import render_method_page
    from graph_codegen.emit.names import assign_names
    from graph_codegen.emit.package import facts
    from graph_codegen.emit.property_tables import render_property_tables

    taken = api.read_subset(
        metadata,
        roots=roots,
        exclude=exclude,
        documented_only=documented_only,
        **reading,
        progress=PROGRESS,
    )
    chosen = settings.with_roots(settings.load(reading["config"]), roots)
    known = facts(*chosen.fact_folders, own_descriptions=described)
    writer = known.writer(assign_names(taken.model, chosen.names))
    text = render_method_page(taken.model, writer, chosen)
    text += render_property_tables(taken.model, writer)
    if not check:
        replace.overwrite({target.name: text}, target.parent)
    elif any(compare.diff_folder({target.name: text}, target.parent)):
        log.print(f"{target} is stale: run graph-codegen api --output {target}")
        sys.exit(DIFFERENT)
