"""The options that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypedDict, cast

import click
from click.core import ParameterSource

from graph_codegen.cli.console import tell
from graph_codegen.facts import configuration

metadata = click.option(
    "--metadata",
    type=click.Path(path_type=Path),
    help="Document to read, CSDL or OpenAPI; that of the configuration by default.",
)
_ROOTS = click.option(
    "--root",
    "roots",
    multiple=True,
    help="Entity set, singleton, path, type or request to start from (repeatable); `all` is everything.",
)
_EXCLUDE = click.option(
    "--exclude",
    multiple=True,
    help="Path, type or request to leave out (repeatable).",
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


def roots(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose a slice: `roots` and `exclude`."""
    return _ROOTS(_EXCLUDE(command))


def _find(context: click.Context, parameter: click.Parameter, given: Path | None) -> Path | None:
    """Find the configuration, and name it on standard error."""
    try:
        found = given or configuration.find(Path.cwd(), Path.home())
    except (OSError, RuntimeError):  # the working folder is gone, or nobody knows who is at home
        return None
    if found:
        tell(f"configuration: {found}")
    return found


_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=_find,
    help="Configuration; else graph-codegen.toml, or the table of pyproject.toml, here or further up.",
)


_REFERENCES = click.option(
    "--reference",
    "references",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Document that the one to read refers to (repeatable).",
)


used_by = click.option(
    "--used-by",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Python file or folder of an application: count only what that uses (repeatable).",
)


using = click.option(
    "--using",
    type=click.Choice(["mypy"]),
    help="Ask it for the types that the syntax of the application does not tell.",
)


def spell(context: click.Context, *without: str) -> str:
    """Return a command line as a shell reads it, without some parameters."""
    words, arguments = ["graph-codegen", str(context.info_name)], list[str]()
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in without or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value: object = context.params[name]
        values = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
        if isinstance(parameter, click.Argument):
            arguments += map(str, values)
        elif isinstance(value, bool):
            words.append(parameter.opts[0])
        else:
            words += (word for each in values for word in (parameter.opts[0], str(each)))
    words += ["--"] if any(word.startswith("-") for word in arguments) else []
    return shlex.join([*words, *arguments])


class Reading(TypedDict):
    """The configuration, and how documents are read."""

    config: Path | None
    strict: bool
    corrected: bool
    references: tuple[Path, ...]


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the configuration and of reading, which a command takes as `**reading`."""
    return _CONFIG(_STRICT(_REFERENCES(_NO_CORRECTIONS(command))))


package = click.option("--package", help="Name of the generated package.")
service_root = click.option(
    "--service-root",
    metavar="URL",
    help="Address below which requests go; https://graph.microsoft.com/v1.0 by default.",
)
documented_only = click.option(
    "--documented-only",
    is_flag=True,
    help="Leave out the requests that no page of Graph's documentation has.",
)
descriptions = click.option(
    "--descriptions",
    is_flag=True,
    help="Make docstrings of the descriptions that the document has.",
)


class Generating(Reading):
    """What is generated, and how documents are read: arguments of `api.generate`."""

    metadata: Path | None
    roots: tuple[str, ...]
    exclude: tuple[str, ...]
    package: str | None
    service_root: str | None
    documented_only: bool
    descriptions: bool


def generating(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is generated, which a command takes as `**given`."""
    for add in (descriptions, documented_only, service_root, package, reading, roots, metadata):
        command = add(command)
    return command


verbose = click.option(
    "--verbose", is_flag=True, help="List what is left out, since no path leads there."
)
generated = click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the generated package; `generated` beside the configuration by default.",
)


def _day(context: click.Context, parameter: click.Parameter, given: datetime | None) -> date:
    return (given or datetime.now(UTC)).date()


on = click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_day,
    metavar="DATE",
    help="The day to count from.  [default: today, UTC]",
)


form = click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "json"]),
    default="terminal",
    show_default=True,
    help="Form of the answer.",
)


def generated_beside(config: Path | None) -> Path:
    """Return the folder of the generated package where none is named."""
    return (config.parent if config else Path()) / "generated"
