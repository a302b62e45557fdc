"""Renders `docs/api.md`: every method of the client with its request line and its result."""

from __future__ import annotations

import re

from graph_codegen.csdl.ast import TypeRef
from graph_codegen.emit import reference
from graph_codegen.emit.client import ResourceClass, every_resource
from graph_codegen.emit.declarations import Declaration, DeclarationWriter
from graph_codegen.emit.methods import Argument, Method
from graph_codegen.emit.templates import render
from graph_codegen.facts.settings import Settings
from graph_codegen.model.model import Model
from graph_codegen.text import markdown_source

_MODEL = re.compile(r"models\.[\w.]+")


def render_method_page(model: Model, writer: DeclarationWriter, settings: Settings) -> str:
    """Return the Markdown page that lists every method of the client, the documented ones first.

    `writer` writes their declarations, `settings` holds the root that is the client.
    """
    resources = every_resource(model, writer, settings)
    declarations = [d for resource in resources for d in resource.declarations]
    option_sets = {declaration.method.option_set for declaration in declarations}
    pages = {
        writer.annotation(TypeRef(name)): reference.page(declared.kind, name)
        for name, declared in model.types.items()
    }

    def returns(declaration: Declaration) -> str:
        if declaration.returns is None:
            return "nothing"
        found = _MODEL.search(declaration.returns)
        # A bar ends a table cell, even inside code.
        text = f"`{declaration.bare_returns}`".replace("|", "\\|")
        return f"[{text}]({pages[found[0]]})" if found else text

    def of_resources(*, documented: bool) -> list[tuple[ResourceClass, list[Declaration]]]:
        found = (
            (resource, [d for d in resource.declarations if d.documented == documented])
            for resource in resources
        )
        return [(resource, chosen) for resource, chosen in found if chosen]

    return render(
        "docs/api.md.jinja2",
        documented=of_resources(documented=True),
        others=of_resources(documented=False),
        count=len(declarations),
        documented_count=sum(d.documented for d in declarations),
        option_sets=sorted(option_sets, key=lambda item: item.name),
        signature=_signature,
        text=markdown_source,
        returns=returns,
    )


def _signature(method: Method) -> str:
    names = [argument.name for argument in method.keys]
    names += [method.entity.name] if method.entity else []
    names += ["*"] if method.parameters else []
    names += [
        f"{a.name}{'' if a.required else '?'}" for a in sorted(method.parameters, key=_is_optional)
    ]
    return ", ".join(names)


def _is_optional(argument: Argument) -> bool:
    return not argument.required
