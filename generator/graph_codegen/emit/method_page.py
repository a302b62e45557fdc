"""Renders `docs/api.md`: every method of the client with its request line and its result."""

from __future__ import annotations

import re

from graph_codegen.csdl.ast import TypeRef
from graph_codegen.emit import reference
from graph_codegen.emit.client import every_resource
from graph_codegen.emit.methods import Argument, Method, MethodWriter
from graph_codegen.emit.templates import render
from graph_codegen.model.model import Model

_MODEL = re.compile(r"models\.[\w.]+")


def render_method_page(model: Model, writer: MethodWriter) -> str:
    """Return the Markdown page that lists every method of the client; `writer` builds the methods."""
    resources = every_resource(model, writer)
    methods = [method for resource in resources for method in resource.methods]
    pages = {
        writer.annotation(TypeRef(name)): reference.page(declared.kind, name)
        for name, declared in model.types.items()
    }

    def returns(method: Method) -> str:
        if method.returns is None:
            return "nothing"
        found = _MODEL.search(method.returns)
        text = f"`{method.bare_returns}`".replace(
            "|", "\\|"
        )  # a bar ends a table cell, even inside code
        return f"[{text}]({pages[found[0]]})" if found else text

    return render(
        "docs/api.md.jinja2",
        resources=resources,
        count=len(methods),
        option_sets=sorted({m.option_set for m in methods}, key=lambda item: item.name),
        signature=_signature,
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
