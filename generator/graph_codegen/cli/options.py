"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import click

metadata = click.option(
    "--metadata",
    type=click.Path(path_type=Path),
    help="CSDL document to read; the subset that comes with graph-codegen by default.",
)
roots = click.option(
    "--root",
    "roots",
    multiple=True,
    help="Entity set, singleton, path or type to start from (repeatable); `all` is everything.",
)
_STRICT = click.option(
    "--strict", is_flag=True, help="Make everything that is not understood an error."
)
_NO_CORRECTIONS = click.option(
    "--no-corrections",
    "corrected",
    flag_value=False,
    default=True,
    help="Take raw metadata of Graph as it is.",
)


class Reading(TypedDict):
    """How documents are read."""

    strict: bool
    corrected: bool


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how documents are read, which a command takes as `**reading`."""
    return _STRICT(_NO_CORRECTIONS(command))


package = click.option("--package", help="Name of the generated package.")
endpoint = click.option(
    "--endpoint",
    metavar="URL",
    help="Service root that requests go to; https://graph.microsoft.com/v1.0 by default.",
)
documented_only = click.option(
    "--documented-only",
    is_flag=True,
    help="Leave out the requests that no page of Graph's documentation has.",
)
descriptions = click.option(
    "--descriptions",
    "described",
    is_flag=True,
    help="Make docstrings of the descriptions that the document has.",
)
generated = click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default=True,
    help="Folder of the generated package.",
)
