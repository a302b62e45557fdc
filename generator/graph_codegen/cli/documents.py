"""The commands that write a document about the package: `openapi` and `api`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from graph_codegen import descriptions, output
from graph_codegen.cli import common
from graph_codegen.resources import folder


@click.command()
@common.metadata
@common.roots
@common.strict
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

    _, subset = common.subset(metadata, roots, strict=strict)
    known = descriptions.load(folder("metadata"))
    document = document_of(subset.model, name(subset.model), known)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if target:
        output.replace({target.name: text}, target.parent)
    else:
        click.echo(text, nl=False)


@click.command()
@common.metadata
@common.roots
@common.strict
@click.option("--check", is_flag=True, help="Fail when the file is not what would be written.")
@click.option("--output", "target", type=click.Path(path_type=Path), required=True)
def api(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, check: bool, target: Path
) -> None:
    """Write the Markdown page that lists every method of the client."""
    from graph_codegen.api import api as page_of
    from graph_codegen.naming import name
    from graph_codegen.package import facts

    _, subset = common.subset(metadata, roots, strict=strict)
    text = page_of(subset.model, facts(folder("metadata")).writer(name(subset.model)))
    if not check:
        output.replace({target.name: text}, target.parent)
    elif any(output.differences({target.name: text}, target.parent)):
        common.log.print(f"{target} is stale: run graph-codegen api --output {target}")
        sys.exit(common.DIFFERENT)
