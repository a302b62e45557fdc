"""The commands about metadata itself, such as `slice`, `clouds` and `inspect`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Unpack

import click
from rich.console import Console

from graph_codegen import api
from graph_codegen.cli import options
from graph_codegen.cli.console import DIFFERENT, PROGRESS, answer, say
from graph_codegen.cli.options import Reading
from graph_codegen.errors import error
from graph_codegen.facts import settings
from graph_codegen.install import replace
from graph_codegen.model import provenance
from graph_codegen.model.subset import ALL
from graph_codegen.text import json_source

WIDE = 200
"""Columns of output to a file or pipe, which has no width of its own."""


@click.command("slice")
@click.argument("document", type=click.Path(path_type=Path))
@options.roots
@options.reading
@click.option("--date", help="Date of the document, where its name does not hold it.")
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("metadata"),
    show_default=True,
    help="Folder to write to.",
)
def slice_command(
    document: Path,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    date: str | None,
    target: Path,
    **reading: Unpack[Reading],
) -> None:
    """Write the subset of DOCUMENT that is reachable from roots, as normalised CSDL."""
    taken = api.subset(
        document, roots=roots, exclude=exclude, date=date, **reading, progress=PROGRESS
    )
    name = settings.load(reading["config"]).document.with_suffix(".xml").name
    files = {name: taken.xml, provenance.FILE: provenance.render_provenance(taken.provenance)}
    marks = {name: taken.xml.partition("<edmx:DataServices>")[0], provenance.FILE: '"sha256"'}
    replace.renew(files, target, marks)
    for kind, kept in taken.kept.items():
        say(f"kept {kept} of {taken.document_holds[kind]} {kind}")
    say(f"cut {len(taken.cut)} navigation properties that lead outside")
    for cut in taken.cut:
        say(f"  {cut}")


@click.command("clouds")
@click.argument("documents", metavar="[CLOUD=DOCUMENT…]", nargs=-1)
@options.roots
@options.reading
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Metadata folder to write clouds.json to.",
)
def clouds_command(
    documents: tuple[str, ...],
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    target: Path | None,
    **reading: Unpack[Reading],
) -> None:
    """Show which requests exist in which cloud, by the metadata of the clouds.

    CLOUD is GLOBAL, US_GOV_L4, US_GOV_L5 or CHINA. GLOBAL must be among them: its requests are the
    ones that are compared. Without any they are those of the configuration.
    """
    from graph_codegen.facts import clouds

    chosen = settings.load(reading["config"])
    given = dict(map(clouds.parse_argument, documents)) or chosen.clouds
    wanted, without = roots or chosen.roots, exclude or chosen.exclude
    offers: dict[str, clouds.Offer] = {}
    for cloud, path in given.items():
        source = api.read(path, **reading, progress=PROGRESS)
        offers[cloud] = clouds.list_offer(source.document, source.model, wanted, without)
    for line in clouds.render_table(offers):
        say(line)
    if target:
        text = clouds.render_clouds(offers, chosen.service_root)
        replace.renew({clouds.FILE: text}, target, {clouds.FILE: '"lacks"'})


@click.command("inspect")
@click.argument("type_name", metavar="TYPE")
@options.metadata
@options.reading
@options.form
def inspect_command(
    type_name: str, metadata: Path | None, form: str, **reading: Unpack[Reading]
) -> None:
    """Show a type: its own and inherited properties, derived types, and operations."""
    from graph_codegen.emit.describe import describe_as_json, describe_type, find
    from graph_codegen.emit.names import assign_names

    taken = api.read_subset(metadata, roots=(ALL,), **reading, progress=PROGRESS)
    found = find(taken.model, type_name)
    names = assign_names(taken.model, settings.load(reading["config"]).names)
    if form == "json":
        _show_json(describe_as_json(taken.model, names, found))
        return
    console = Console(soft_wrap=True, emoji=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(describe_type(taken.model, names, found))


def _days(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Read a number of days, as `90d`."""
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]{1,5})d", value)
    if match is None:
        raise click.BadParameter("a number of days, such as 90d", ctx, param)
    return int(match[1])


@click.command("deprecations")
@click.argument("document", required=False, type=click.Path(path_type=Path))
@options.roots
@options.reading
@click.option(
    "--within", callback=_days, metavar="DAYS", help="Only what is to go within DAYS (90d)."
)
@options.on
@click.option(
    "--fail-on",
    type=click.Choice(["deprecated", "expired"]),
    help="Exit with 1 when something is listed, or something whose removal date has come.",
)
@options.form
def deprecations_command(
    document: Path | None,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    within: int | None,
    on: date,
    fail_on: str | None,
    form: str,
    **reading: Unpack[Reading],
) -> None:
    """List what is deprecated in DOCUMENT: since when, when it is to go, and what to use instead.

    DOCUMENT is that of the configuration by default.
    """
    from graph_codegen.model.deprecations import list_deprecated

    taken = api.read_subset(document, roots=roots, exclude=exclude, **reading, progress=PROGRESS)
    every = ((one, one.deprecation.days_left(on)) for one in list_deprecated(taken.model))
    found = [
        (one, left)
        for one, left in every
        if within is None or (left is not None and left <= within)
    ]
    if form == "json":
        listed = [
            {"kind": o.kind, "element": o.element, **asdict(o.deprecation), "days_left": left}
            for o, left in found
        ]
        _show_json(
            {
                "format": "graph-codegen/deprecations/1",
                "on": on.isoformat(),
                "deprecations": listed,
            }
        )
    else:
        for one, _ in found:
            say(f"{one.element}: {one.deprecation.text_on(on)}")
    expired = [one for one, left in found if left is not None and left <= 0]
    if fail_on and (expired if fail_on == "expired" else found):
        sys.exit(DIFFERENT)


@click.command("roots")
@click.argument("document", type=click.Path(path_type=Path))
@click.argument("text", default="")
@options.reading
@options.form
def roots_command(document: Path, text: str, form: str, **reading: Unpack[Reading]) -> None:
    """List what --root takes in DOCUMENT, with the number of methods of each in a client of the whole.

    They are the entity sets and singletons; given TEXT, all paths, requests and types whose last name has it.
    """
    from graph_codegen.service.available import list_roots

    source = api.read(document, **reading, progress=PROGRESS)
    offers = list_roots(source.model, text)
    if form == "json":
        listed = [{"root": o.root, "kind": o.kind, "methods": o.methods} for o in offers]
        _show_json(
            {
                "format": "graph-codegen/roots/1",
                "document": source.document.file,
                "roots": listed,
            }
        )
        return
    width = max((len(offer.root) for offer in offers), default=0)
    for offer in offers:
        say(f"{offer.root:{width}}  {offer.methods} methods".replace(" 1 methods", " 1 method"))


def _show_json(content: Mapping[str, object]) -> None:
    answer(json_source(content))


@click.command("corrections")
@click.argument("raw", type=click.Path(path_type=Path))
@click.argument("cleaned", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("metadata"),
    show_default=True,
    help="Metadata folder to write corrections.json to.",
)
def corrections_command(raw: Path, cleaned: Path, target: Path) -> None:
    """Learn how Graph's metadata is cleaned, from RAW, as the service serves it, and CLEANED.

    Both should be of about the same day. What is learnt is applied by name to every document of Graph
    that is read.
    """
    from graph_codegen.facts import corrections

    before, after = (api.read(path, corrected=False, progress=PROGRESS) for path in (raw, cleaned))
    for source in (before, after):
        if not corrections.concern(source.model):
            raise error("this is no metadata of Graph", source.document.file)
    found = corrections.learn((before.document, before.model), (after.document, after.model))
    rendered = {corrections.FILE: corrections.render(found)}
    replace.renew(rendered, target, {corrections.FILE: '"contains_target"'})
    values = sum(map(len, found.annotations.values()))
    say(f"{len(found.contains_target)} × ContainsTarget")
    say(f"{len(found.has_stream)} × HasStream")
    say(f"{values} annotations of {len(found.annotations)} elements")
    say(f"{len(found.left_out)} entity sets and singletons are left out")
