"""Renders the Jinja templates; an undefined variable is an error."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graph_codegen.assets import folder

TEMPLATES = folder("templates")


def _is_page(template: str | None) -> bool:
    """Whether a template writes HTML, in which values are escaped unless they are marked as safe."""
    return template is not None and template.endswith(".html.jinja2")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=_is_page
    )
    environment.filters["repr"] = repr
    return environment


def render(template: str, **values: object) -> str:
    """Return the text of a template, named by its path in the folder of templates.

    Values are escaped in templates called `*.html.jinja2` only.
    """
    return _environment().get_template(template).render(values)


def verbatim(name: str) -> str:
    """Return a file of the folder of templates unchanged."""
    return (TEMPLATES / name).read_text(encoding="utf-8")
