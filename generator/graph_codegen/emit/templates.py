"""Jinja templates, strict about what they are given."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graph_codegen.assets import folder

TEMPLATES = folder("templates")


def _is_page(template: str | None) -> bool:
    """Whether a template writes HTML, in which every value is text until it is said to be markup."""
    return template is not None and template.endswith(".html.jinja2")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=_is_page
    )
    environment.filters["repr"] = repr
    return environment


def render(template: str, **values: object) -> str:
    """Render a template, named by its path below the folder of templates, to text.

    Values are escaped where the template is named `*.html.jinja2`, and nowhere else.
    """
    return _environment().get_template(template).render(values)


def verbatim(name: str) -> str:
    """Return a file among the templates as it stands: what is in it is no template."""
    return (TEMPLATES / name).read_text(encoding="utf-8")
