"""The command `graph-codegen`. Answers go to standard output, everything else to standard error.

Exit codes: 0 done, 1 `check` found a difference, 2 the input or the output was refused.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from graph_codegen import (
    __version__,
    csdl,
    descriptions,
    output,
    provenance,
    settings,
    supplement,
)
from graph_codegen.diagnostics import CodegenError, Diagnostic, refuse
from graph_codegen.edm import Document, Model
from graph_codegen.progress import stage
from graph_codegen.resolve import resolve
from graph_codegen.resources import folder
from graph_codegen.settings import Settings
from graph_codegen.subset import ALL, Subset, existing, take

REFUSED = 2

WIDE = 200
"""Columns of what goes to a file or pipe, where no terminal tells its width."""

_log = Console(stderr=True, soft_wrap=True, emoji=False)


class _Commands(click.Group):
    """Turns the errors of the input into messages; no command shows a traceback for them."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CodegenError as problem:
            _refused(problem)


def _refused(problem: CodegenError) -> NoReturn:
    for diagnostic in problem.diagnostics:
        _log.print(f"error: {diagnostic}", markup=False, highlight=False)
    sys.exit(REFUSED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="graph-codegen")
def main() -> None:
    """Generate a typed Python package from Microsoft Graph's CSDL metadata."""


_metadata = click.option(
    "--metadata",
    type=click.Path(path_type=Path),
    help="CSDL document to read; the subset that comes with graph-codegen by default.",
)
_roots = click.option(
    "--root",
    "roots",
    multiple=True,
    help="Entity set, singleton, path or type to start from (repeatable); `all` is everything.",
)
_strict = click.option(
    "--strict", is_flag=True, help="Make everything that is not understood an error."
)


_package = click.option("--package", help="Name of the generated package.")
_generated = click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default=True,
    help="Folder of the generated package.",
)


def _settings() -> Settings:
    return settings.load(folder("metadata"))


def _read(path: Path | None, *, strict: bool) -> tuple[Document, Model]:
    source = path or folder("metadata") / _settings().document
    with stage(_log, f"reading {source.name}"):
        document = csdl.read_file(source)
        model = resolve(document)
    _report(model.diagnostics, strict=strict)
    return document, model


def _report(diagnostics: tuple[Diagnostic, ...], *, strict: bool) -> None:
    """Warn of what is not understood; with `--strict`, refuse it."""
    if strict:
        refuse(diagnostics)
    for diagnostic in diagnostics:
        _log.print(f"warning: {diagnostic}", markup=False, highlight=False)


def _default_roots(model: Model, document: Document) -> tuple[str, ...]:
    """Return the default roots that a model has: an older document, or another cloud's, lacks some."""
    wanted = _settings().roots
    found = existing(model, wanted)
    for root in wanted:
        if root not in found:
            _log.print(f"warning: {document.file}: has no {root}", markup=False, highlight=False)
    return found or wanted


def _subset(path: Path | None, roots: tuple[str, ...], *, strict: bool) -> tuple[Document, Subset]:
    """Read a document and take the subset, supplemented; the settings name the default roots."""
    document, model = _read(path, strict=strict)
    supplemented, redundant = supplement.apply(model, supplement.load(folder("metadata")))
    _report(redundant, strict=strict)
    return document, take(supplemented, roots or _default_roots(supplemented, document))


@main.command()
@_metadata
@_roots
@_strict
@_package
@_generated
def generate(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None, target: Path
) -> None:
    """Write the generated package."""
    files = _files(metadata, roots, strict, package)
    written, deleted = output.write(files, target)
    _log.print(
        f"{len(files)} files in {target}: {written} written, {deleted} deleted,"
        f" {len(files) - written} as they were",
        markup=False,
        highlight=False,
    )


@main.command()
@_metadata
@_roots
@_strict
@_package
@_generated
def check(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None, target: Path
) -> None:
    """Fail, and show the difference, when the generated package is not what would be generated."""
    difference = list(output.differences(_files(metadata, roots, strict, package), target))
    for line in difference:
        click.echo(line)
    if difference:
        _log.print(f"{target} is stale: run graph-codegen generate", markup=False)
        sys.exit(1)
    _log.print(f"{target} is what would be generated", markup=False)


def _files(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None
) -> dict[str, str]:
    # What is made here lives until the end: to look for garbage in it often is a sixth of the time.
    gc.set_threshold(200_000, 50, 100)
    document, subset = _subset(metadata, roots, strict=strict)
    chosen = _settings()
    if package:
        chosen = settings.named(chosen, package)
    # What the package module needs takes longer to load than bad input takes to be refused.
    from graph_codegen.package import build, facts

    with stage(_log, "generating"):
        files = build(subset.model, chosen, facts(folder("metadata")))
    origin = {
        "generator": f"graph-codegen {__version__}",
        "metadata": {"document": document.file, "sha256": document.sha256},
        "roots": list(subset.roots),
    }
    return files | {output.MANIFEST: output.manifest(files, origin)}


@main.command("slice")
@click.argument("document", type=click.Path(path_type=Path))
@_roots
@_strict
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
    from graph_codegen.csdl_writer import write

    read, whole = _read(document, strict=strict)
    subset = take(whole, roots or _default_roots(whole, read))
    date = date or provenance.date_of(read.file)
    files = {
        _settings().document: write(subset.model).decode(),
        provenance.FILE: provenance.provenance(read, date, whole, subset),
    }
    output.replace(files, target)
    held = provenance.counts(whole)
    for kind, kept in provenance.counts(subset.model).items():
        click.echo(f"kept {kept} of {held[kind]} {kind}")
    click.echo(f"cut {len(subset.cut)} navigation properties that lead outside")
    for cut in subset.cut:
        click.echo(f"  {cut}")


@main.command()
@click.argument("documents", metavar="CLOUD=DOCUMENT…", nargs=-1, required=True)
@_roots
@_strict
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
    from graph_codegen import availability

    given = dict(availability.parse(text) for text in documents)
    offers: dict[str, availability.Offer] = {}
    for cloud, path in given.items():
        document, model = _read(path, strict=strict)
        offers[cloud] = availability.offer(document, model, roots or _settings().roots)
    for line in availability.matrix(offers):
        click.echo(line)
    if target:
        output.replace({availability.FILE: availability.facts(offers)}, target)


@main.command()
@click.argument("type_name", metavar="TYPE")
@_metadata
@_strict
def inspect(type_name: str, metadata: Path | None, strict: bool) -> None:
    """Show a type: its own and inherited properties, derived types, and operations."""
    from graph_codegen.describe import describe, find
    from graph_codegen.naming import name

    _, subset = _subset(metadata, (ALL,), strict=strict)
    found = find(subset.model, type_name)
    console = Console(soft_wrap=True, emoji=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(describe(subset.model, name(subset.model), found))


@main.command()
@_metadata
@_roots
@_strict
@click.option("--check", is_flag=True, help="Fail when the file is not what would be written.")
@click.option("--output", "target", type=click.Path(path_type=Path), required=True)
def api(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, check: bool, target: Path
) -> None:
    """Write the Markdown page that lists every method of the client."""
    from graph_codegen.api import api as page_of
    from graph_codegen.naming import name
    from graph_codegen.package import facts

    _, subset = _subset(metadata, roots, strict=strict)
    names, known = name(subset.model), facts(folder("metadata"))
    text = page_of(subset.model, names, known.writer(names))
    if not check:
        output.replace({target.name: text}, target.parent)
    elif any(output.differences({target.name: text}, target.parent)):
        _log.print(f"{target} is stale: run graph-codegen api --output {target}", markup=False)
        sys.exit(1)


@main.command()
@_metadata
@_roots
@_strict
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path),
    help="File to write; else standard output.",
)
def openapi(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, target: Path | None
) -> None:
    """Write the OpenAPI 3.1 document of the subset."""
    from graph_codegen.naming import name
    from graph_codegen.openapi import openapi as document_of

    _, subset = _subset(metadata, roots, strict=strict)
    known = descriptions.load(folder("metadata"))
    document = document_of(subset.model, name(subset.model), known)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if target:
        output.replace({target.name: text}, target.parent)
    else:
        click.echo(text, nl=False)
