"""The commands that write a document about the package: `openapi` and `api`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from graph_codegen.assets import folder
from graph_codegen.cli import common
from graph_codegen.facts import descriptions
from graph_codegen.install import manifest


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
    from graph_codegen.emit.names import assign_names
    from graph_codegen.emit.openapi import build_openapi as document_of

    _, subset = common.subset(metadata, roots, strict=strict)
    known = descriptions.load(folder("metadata"))
    document = document_of(subset.model, assign_names(subset.model), known)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if target:
        manifest.replace({target.name: text}, target.parent)
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
    from graph_codegen.emit.method_page import render_method_page as page_of
    from graph_codegen.emit.names import assign_names
    from graph_codegen.emit.package import facts

    _, subset = common.subset(metadata, roots, strict=strict)
    text = page_of(subset.model, facts(folder("metadata")).writer(assign_names(subset.model)))
    if not check:
        manifest.replace({target.name: text}, target.parent)
    elif any(manifest.differences({target.name: text}, target.parent)):
        common.log.print(f"{target} is stale: run graph-codegen api --output {target}")
        sys.exit(common.DIFFERENT)
