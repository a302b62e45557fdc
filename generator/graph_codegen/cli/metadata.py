"""The commands about metadata itself: `slice`, `clouds` and `inspect`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from graph_codegen.cli import common
from graph_codegen.install import manifest
from graph_codegen.model import provenance
from graph_codegen.model.subset import ALL, take

WIDE = 200
"""Columns of what goes to a file or pipe, where no terminal tells its width."""


@click.command("slice")
@click.argument("document", type=click.Path(path_type=Path))
@common.roots
@common.strict
@click.option("--date", help="Date of the document, where its name does not hold it.")
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("metadata"),
    show_default=True,
    help="Folder to write to.",
)
def slice_(
    document: Path, roots: tuple[str, ...], strict: bool, date: str | None, target: Path
) -> None:
    """Write the subset of DOCUMENT that is reachable from roots, as normalised CSDL."""
    from graph_codegen.model.writer import write

    read, whole = common.read(document, strict=strict)
    subset = take(whole, roots or common.default_roots(whole, read))
    date = date or provenance.date_of(read.file)
    files = {
        common.settings().document: write(subset.model).decode(),
        provenance.FILE: provenance.render_provenance(read, date, whole, subset),
    }
    manifest.replace(files, target)
    held = provenance.counts(whole)
    for kind, kept in provenance.counts(subset.model).items():
        click.echo(f"kept {kept} of {held[kind]} {kind}")
    click.echo(f"cut {len(subset.cut)} navigation properties that lead outside")
    for cut in subset.cut:
        click.echo(f"  {cut}")


@click.command()
@click.argument("documents", metavar="CLOUD=DOCUMENT…", nargs=-1, required=True)
@common.roots
@common.strict
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Metadata folder to write clouds.json to.",
)
def clouds(
    documents: tuple[str, ...], roots: tuple[str, ...], strict: bool, target: Path | None
) -> None:
    """Show which requests exist in which cloud, by the metadata of the clouds.

    CLOUD is GLOBAL, US_GOV_L4, US_GOV_L5 or CHINA. GLOBAL must be among them: its requests are the
    ones that are compared.
    """
    from graph_codegen.facts import availability
    from graph_codegen.facts.clouds import FILE

    given = dict(availability.parse(text) for text in documents)
    offers: dict[str, availability.Offer] = {}
    for cloud, path in given.items():
        document, model = common.read(path, strict=strict)
        offers[cloud] = availability.offer(document, model, roots or common.settings().roots)
    for line in availability.matrix(offers):
        click.echo(line)
    if target:
        manifest.replace({FILE: availability.facts(offers)}, target)


@click.command()
@click.argument("type_name", metavar="TYPE")
@common.metadata
@common.strict
def inspect(type_name: str, metadata: Path | None, strict: bool) -> None:
    """Show a type: its own and inherited properties, derived types, and operations."""
    from graph_codegen.emit.describe import describe_type, find
    from graph_codegen.emit.names import assign_names

    _, subset = common.subset(metadata, (ALL,), strict=strict)
    found = find(subset.model, type_name)
    console = Console(soft_wrap=True, emoji=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(describe_type(subset.model, assign_names(subset.model), found))
