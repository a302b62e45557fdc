"""Jinja templates, strict about what they are given."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graph_codegen.resources import folder

TEMPLATES = folder("templates")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False
    )
    environment.filters["repr"] = repr
    return environment


def render(template: str, **values: object) -> str:
    """Render a template, named by its path below the folder of templates, to text."""
    return _environment().get_template(template).render(values)
