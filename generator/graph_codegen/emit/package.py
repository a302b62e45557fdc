"""Builds the files of the generated package from a model, in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from graph_codegen.csdl.ast import ROOT_NAMESPACE, split_name
from graph_codegen.emit.bot_kit import kit_fits
from graph_codegen.emit.client import client_prefix, render_client
from graph_codegen.emit.declarations import DeclarationWriter
from graph_codegen.emit.formatting import (
    HEADER,
    divide,
    format_with_black,
    format_with_ruff,
    join,
)
from graph_codegen.emit.names import Names, assign_names
from graph_codegen.emit.openapi import build_schemas
from graph_codegen.emit.templates import laid_over, render, text_of, tree, verbatim
from graph_codegen.emit.worker import release_memory
from graph_codegen.emit.x_graph import JSON
from graph_codegen.errors import CodegenError, error
from graph_codegen.facts import clouds, descriptions, documented, media_types, permissions
from graph_codegen.facts.clouds import Clouds
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.documented import Documented
from graph_codegen.facts.media_types import MediaTypes
from graph_codegen.facts.permissions import Rules
from graph_codegen.facts.settings import GRAPH, Settings
from graph_codegen.limits import BLACK_CHARACTERS, BLACK_LINES, LINEAGES, NAMESPACES, TYPES
from graph_codegen.model.model import Model
from graph_codegen.service.requests import list_requests

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_EXPORTS = {
    "_runtime.cloud": ["Cloud"],
    "_runtime.operation": ["Operation", "Parameter"],
    "_runtime.async_page": ["AsyncPage"],
    "_runtime.page": ["Page"],
    "_runtime.permissions": ["Permissions"],
    "_runtime.response": ["Response"],
    "_runtime.attempt": ["Attempt"],
    "_runtime.retry": ["RetryPolicy"],
    "_runtime.subcodes": ["SUBCODES", "Subcode"],
    "_runtime.options": ["UNSET"],
    "_runtime.wire": ["literal"],
    "operations": ["OPERATIONS"],
}
"""The public names of the package besides clients and errors, by module."""


@dataclass(frozen=True, slots=True)
class Built:
    """A package: its files, text by path below the output folder, and the distributions that made them.

    The generator itself is not among these.
    """

    files: dict[str, str]
    makers: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The facts about a service besides its metadata."""

    rules: Rules
    clouds: Clouds
    descriptions: Descriptions
    documented: Documented
    media_types: MediaTypes

    def writer(self, names: Names) -> DeclarationWriter:
        """Return the writer of declarations that uses these facts."""
        return DeclarationWriter(
            names=names,
            rules=self.rules,
            clouds=self.clouds,
            descriptions=self.descriptions,
            documented=self.documented,
            media_types=self.media_types,
        )


def facts(*folders: Path, own_descriptions: bool = False, service_root: str = GRAPH) -> Facts:
    """Read the facts in folders; raises CodegenError for a file that is not understood.

    `own_descriptions` says that a document's own descriptions come before those of the folders. What was
    compared of clouds holds for the version of the API at `service_root`.
    """
    return Facts(
        permissions.load(*folders),
        clouds.load(*folders).at(service_root),
        descriptions.load(*folders, own=own_descriptions),
        documented.load(*folders),
        media_types.load(*folders),
    )


def build(
    model: Model, settings: Settings, known: Facts, *, executor: Executor | None = None
) -> Built:
    """Return the generated package.

    `executor` formats the sources, which takes longest; without one they are formatted here, one
    after the other. Raises CodegenError for names that collide, for generated code that is not valid
    Python, and where there is neither a type nor a request.
    """
    if not model.types and not list_requests(model):
        message = "there is nothing to generate: the roots lead to no request and no type"
        raise error(message, model.place)
    with laid_over(settings.templates):
        return _build(model, settings, known, executor)


def _build(model: Model, settings: Settings, known: Facts, executor: Executor | None) -> Built:
    _refuse_empty(model)
    _refuse_large(model)
    names = assign_names(model, settings.names)
    package = settings.package
    rendering = _begin(
        executor,
        _render_models,
        build_schemas(model, names, known.descriptions),
        names,
        settings.templates,
    )
    sources = _with_headers(
        {
            **render_client(model, known.writer(names), settings),
            "__init__.py": _init(model, settings),
        }
    )
    formatter = _formatter(sources.values())
    formatted = _format(sources, formatter, executor)
    models = _with_headers({f"models/{path}": text for path, text in rendering().items()})
    other = _formatter([*sources.values(), *models.values()])
    formatted |= _format(models, other, executor)
    files = {f"{package}/{path}": result() for path, result in formatted.items()}
    files |= {f"{package}/_runtime/{path}": text for path, text in _copied("runtime").items()}
    bot = kit_fits(_provided(names, sources["client.py"]))
    if bot:
        files |= {f"{package}/bot/{path}": text for path, text in _copied("bot").items()}
    files[f"{package}/py.typed"] = ""
    files["pyproject.toml"] = render(
        "package/pyproject.toml.jinja2",
        package=package,
        version=settings.version,
        title=_title(model, settings),
        bot=bot,
    )
    files["README.md"] = render(
        "package/README.md.jinja2",
        package=package,
        title=_title(model, settings),
        prefix=client_prefix(model, settings),
        bot=bot,
    )
    files["LICENSE"] = verbatim("package/LICENSE")
    makers = {"datamodel-code-generator", formatter.name, other.name}
    return Built(dict(sorted(files.items())), tuple(sorted(makers)))


def _render_models(schemas: JSON, names: Names, templates: Path | None) -> dict[str, str]:
    """Return the modules of the models, unformatted; `templates` are those of a user."""
    # Loads datamodel-code-generator, which takes a while.
    from graph_codegen.emit.models import render_models

    with laid_over(templates):
        modules = render_models(schemas, names)
    release_memory()
    return modules


def _refuse_empty(model: Model) -> None:
    """Raise CodegenError for a model of neither types nor requests."""
    if not model.types and not list_requests(model):
        raise error(
            "there is nothing to generate: the roots lead to no request and no type", model.place
        )


def _refuse_large(model: Model) -> None:
    """Raise CodegenError for more types or namespaces than a package can be made of in time."""
    namespaces: set[str] = set()
    lineages = 0
    for count, declared in enumerate(model.types.values(), 1):
        namespaces.add(split_name(declared.name)[0])
        lineages += len(model.lineage(declared.name))
        for found, most, what in (
            (count, TYPES, "types"),
            (lineages, LINEAGES, "types, each counted with its base types"),
            (len(namespaces), NAMESPACES, "namespaces"),
        ):
            if found > most:
                message = f"more than {most:,} {what}: choose narrower roots"
                raise error(message, declared.place, type=declared.name)


@dataclass(frozen=True, slots=True)
class _Formatter:
    """A program that formats, and how many lines it is given at a time.

    Every processor should have some, and their trees take a hundred times as much memory as the text.
    """

    name: str
    format: Callable[[str, str], str]
    lines: int


_BLACK = _Formatter("black", format_with_black, 2_500)
_RUFF = _Formatter("ruff", format_with_ruff, 20_000)


def _formatter(sources: Collection[str]) -> _Formatter:
    """Return the program that formats sources: ruff where black would take too long."""
    lines = sum(source.count("\n") for source in sources)
    fits = lines <= BLACK_LINES and sum(map(len, sources)) <= BLACK_CHARACTERS
    return _BLACK if fits else _RUFF


def _format(
    sources: Mapping[str, str], formatter: _Formatter, executor: Executor | None
) -> dict[str, Callable[[], str]]:
    """Begin to format modules, and return the functions that wait for the results, by path."""
    return {
        path: _format_parts(source, path, formatter, executor) for path, source in sources.items()
    }


def _format_parts(
    source: str, path: str, formatter: _Formatter, executor: Executor | None
) -> Callable[[], str]:
    """Begin to format the parts of a module, and return the function that waits for the result."""
    parts = divide(source, formatter.lines)
    results = [_begin(executor, formatter.format, part, path) for part in parts]

    def finish() -> str:
        try:
            return join(result() for result in results)
        except CodegenError:
            # A template of a user may have a text in which a class seems to begin; and if the code is not
            # valid, the message counts the lines of the whole.
            return formatter.format(source, path)

    return finish


def _begin(
    executor: Executor | None, work: Callable[[*Given], Result], *args: *Given
) -> Callable[[], Result]:
    """Begin some work, and return the function that waits for its result; or does it, without an executor."""
    if executor is None:
        return partial(work, *args)
    return executor.submit(work, *args).result


def _title(model: Model, settings: Settings) -> str:
    prefix = client_prefix(model, settings).lower()
    return "Microsoft Graph" if prefix == "graph" else f"Microsoft Graph {prefix}"


def _init(model: Model, settings: Settings) -> str:
    prefix = client_prefix(model, settings)
    exports = _EXPORTS | {
        "_runtime.errors": _errors(),
        "client": [f"Async{prefix}Client", f"{prefix}Client"],
    }
    return render(
        "package/init.py.jinja2",
        title=_title(model, settings),
        package=settings.package,
        prefix=prefix,
        exports=dict(sorted(exports.items())),
        version=settings.version,
    )


def _errors() -> list[str]:
    """Return the names of the exceptions that the runtime defines."""
    source = verbatim("runtime/errors.py")
    return sorted(re.findall(r"^class (\w+Error)\(", source, re.MULTILINE))


def _provided(names: Names, client: str) -> Mapping[str, Collection[str]]:
    """Return the names of the classes that the modules of a package provide."""
    models = {name for full, name in names.classes.items() if split_name(full)[0] == ROOT_NAMESPACE}
    return {
        "models": models | {"GraphModel"},
        "client": re.findall(r"^class (\w+)", client, re.MULTILINE),
    }


def _copied(name: str) -> Mapping[str, str]:
    """Return the modules of a part of the package that is copied unchanged, with its packages."""
    sources = {"__init__.py": ""} | {
        path.removeprefix(f"{name}/"): text_of(file)
        for path, file in tree(name).items()
        if path.endswith(".py")
    }
    return _with_headers(sources)


def _with_headers(sources: Mapping[str, str]) -> dict[str, str]:
    return {path: HEADER + source for path, source in sources.items()}
