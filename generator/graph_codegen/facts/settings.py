"""What is generated, and how: the content of a configuration.

What a configuration does not say is as in the one that comes with the generator, which has Graph's cloud
communications.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any, cast
from urllib.parse import urlsplit

from graph_codegen.assets import folder
from graph_codegen.errors import error
from graph_codegen.facts import configuration
from graph_codegen.facts.clouds import NAMES
from graph_codegen.text import shorten

GRAPH = "https://graph.microsoft.com/v1.0"
"""The service root of a package where nothing says otherwise."""

_METADATA = "/$metadata"
"""What follows a service root in the address of the metadata (OData Protocol, 11.1.2)."""

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?")

_CLASS = re.compile(r"[A-Z][A-Za-z0-9]{0,98}")

_SHA256 = re.compile(r"[0-9a-f]{64}")

ETAG = re.compile(r'(W/)?"[!#-~]{0,200}"')
"""Entity tags (RFC 9110, 8.8.3) in ASCII."""

_PACKAGE = re.compile(r"[A-Za-z]([A-Za-z0-9_]{0,98}[A-Za-z0-9])?")
"""Identifiers that are also names of a distribution (PyPA, Names and normalization)."""

_SERVICE_ROOT = re.compile(
    r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]{1,5})?(/[A-Za-z0-9._~%-]+)*/?"
)
"""Service roots that clients take: neither credentials nor a query, and plain http to this machine only."""

IMPORTED = frozenset(
    {
        "annotated_types", "anyio", "attr", "attrs", "azure", "brotli", "brotlicffi", "certifi", "cffi",
        "click", "cryptography", "graph_codegen", "h11", "h2", "httpcore", "httpx", "idna", "jwt",
        "markupsafe", "opentelemetry", "outcome", "pydantic", "pydantic_core", "pygments", "redis", "rich",
        "sniffio", "socksio", "sortedcontainers", "trio", "typing_extensions", "typing_inspection",
        "werkzeug", "zstandard",
    }
)  # fmt: skip
"""What the package imports, and their dependencies: a package of that name would shadow them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The document, the roots of its subset, and the package made from it.

    `exclude` is what is left out of it. `address` is where `document` is fetched from, empty if from
    nowhere, `sha256` its digest, empty if any will do, and `etag` the entity tag that it had there, empty
    if none. `class_name` is what the names of the client classes begin with, empty for the usual. `home`
    is the root whose resources are attributes of the client itself, empty for none. `service_root` is
    where the clients of the package send requests to. `documented_only` leaves out the requests that no
    page of the documentation has. `clouds` are documents by cloud. `names` are Python names by those of
    the metadata, `levels` levels of findings by the rules of `diff`. `facts` is a folder with facts besides
    ours, `templates` one that is laid over the folder of templates.
    """

    roots: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    document: Path
    package: str
    version: str
    address: str = ""
    sha256: str = ""
    etag: str = ""
    class_name: str = ""
    home: str = ""
    service_root: str = GRAPH
    documented_only: bool = False
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    clouds: Mapping[str, Path] = field(default_factory=dict[str, Path])
    levels: Mapping[str, str] = field(default_factory=dict[str, str])
    facts: Path | None = None
    templates: Path | None = None

    @property
    def fact_folders(self) -> tuple[Path, ...]:
        """The folders with facts; a later one is believed before an earlier one."""
        ours = folder("metadata")
        return (ours, self.facts) if self.facts else (ours,)


def load(path: Path | None = None) -> Settings:
    """Return the settings of a configuration, by default of the one that comes with the generator.

    Raises CodegenError if it cannot be read, has an unknown key, or a value that cannot be used.
    """
    ours = folder("metadata") / configuration.FILE
    found = parse(configuration.load(ours), ours, None)
    return parse(configuration.load(path), path, found) if path else found


def parse(content: Mapping[str, Any], file: Path, base: Settings | None) -> Settings:
    """Return the settings in the content of a file; what it does not say is as in others.

    Raises CodegenError for an unknown key, and a value that cannot be used.
    """
    for key, value in content.items():
        reason = _wrong(key, value)
        if reason:
            raise error(f"{shorten(key)} {reason}", str(file))
    said: dict[str, Any] = {
        "class_name" if key == "class" else key: value for key, value in content.items()
    }
    for key in said.keys() & {"roots", "exclude"}:
        said[key] = tuple(said[key])
    if "diff" in said:
        said |= said.pop("diff")
    if "clouds" in said:
        said["clouds"] = {cloud: file.parent / path for cloud, path in said["clouds"].items()}
    for key in said.keys() & {"facts", "templates"}:
        said[key] = file.parent / said[key]
        if not said[key].is_dir():
            raise error(f"{key} is {shorten(content[key])}, which is not a folder", str(file))
    # Templates are programs: only those of the project itself are run.
    if "templates" in said and not _is_below(said["templates"], file.parent):
        message = (
            f"templates is {shorten(content['templates'])}, which is not below the configuration"
        )
        raise error(message, str(file))
    if "document" in said:
        said = {"sha256": "", "etag": "", **said, **_located(said["document"], file.parent)}
    service_root = said.pop("service_root", "") or service_root_of(said.get("address", ""))
    found = replace(base, **said) if base else Settings(**said)
    if "home" not in said:
        found = with_roots(found, found.roots)
    elif not _is_head(found.home, found.roots):
        raise error(f"home is {shorten(found.home)}, which is not a root", str(file))
    return with_service_root(found, service_root) if service_root else found


def service_root_of(address: str) -> str:
    """Return the service root whose metadata is at an address, empty if the address does not say."""
    root = address.removesuffix(_METADATA)
    return root if root != address and _SERVICE_ROOT.fullmatch(root) else ""


def is_address(document: str) -> bool:
    """Whether a document is named by an address, not by a path."""
    return document.startswith(("http://", "https://"))


def _located(document: str, beside: Path) -> Mapping[str, Any]:
    """Return where a document is, and its address; one that was fetched is beside the configuration."""
    if not is_address(document):
        return {"document": beside / document, "address": ""}
    parts = urlsplit(document)
    path = parts.path.removesuffix(".gz")  # it is kept uncompressed
    root = path.removesuffix(_METADATA)
    words = re.findall("[A-Za-z0-9][A-Za-z0-9.]*", f"{parts.hostname} {root}")
    name = "-".join(words)[:200] + (".csdl.xml" if root != path else "")
    return {"document": beside / name, "address": document}


def with_service_root(settings: Settings, service_root: str) -> Settings:
    """Return settings for a service with another root; raises CodegenError if it cannot be one."""
    reason = _wrong_service_root(service_root)
    if reason:
        raise error(reason, shorten(service_root))
    return replace(settings, service_root=service_root.rstrip("/"))


def with_roots(settings: Settings, roots: Sequence[str]) -> Settings:
    """Return settings for given roots, home among them or none; without any as they are."""
    if not roots:
        return settings
    home = settings.home if settings.home in roots else ""
    return replace(settings, roots=tuple(roots), home=home)


def with_package(settings: Settings, package: str) -> Settings:
    """Return settings for a package of another name.

    Raises CodegenError for an invalid name, and for one that would hide a module of Python or one
    that the package itself imports.
    """
    reason = _wrong_package(package)
    if reason:
        raise error(reason, shorten(package))
    return replace(settings, package=package)


def _is_below(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _is_head(home: str, roots: Sequence[str]) -> bool:
    """Whether a root is another, or what a path or a request begins with."""
    return any(
        home in root.partition(" /")[::2] or home == root.strip("/").split("/")[0] for root in roots
    )


# -- the keys


@dataclass(frozen=True, slots=True)
class _Form:
    """What the value of a key is, in words, how to know it, and what may be wrong with it else."""

    what: str
    fits: Callable[[Any], bool]
    wrong: Callable[[Any], str] = lambda value: ""


def _text(wrong: Callable[[str], str] = lambda value: "") -> _Form:
    return _Form("a string", lambda value: isinstance(value, str), wrong)


def _texts(wrong: Callable[[list[str]], str] = lambda value: "") -> _Form:
    return _Form(
        "a list of strings",
        lambda value: isinstance(value, list)
        and all(isinstance(i, str) and i.isprintable() for i in cast("list[object]", value)),
        wrong,
    )


def _table(wrong: Callable[[dict[str, str]], str] = lambda value: "") -> _Form:
    return _Form(
        "a table of strings",
        lambda value: isinstance(value, dict)
        and all(isinstance(i, str) for i in cast("dict[str, object]", value).values()),
        wrong,
    )


def _wrong_clouds(documents: Mapping[str, str]) -> str:
    return "" if {*documents} <= {*NAMES} else f"has another cloud than {', '.join(NAMES)}"


def _wrong(key: str, value: object) -> str:
    """Return what is wrong with a key or its value, empty if nothing is."""
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, 1)
        return f"is not a key{f': did you mean {near[0]}?' if near else ''}"
    form = _KEYS[key]
    if not form.fits(value):
        return f"is not {form.what}"
    reason = form.wrong(value)
    return f"{shorten(str(value))} {reason}" if reason else ""


def _wrong_package(name: str) -> str:
    if not _PACKAGE.fullmatch(name) or keyword.iskeyword(name):
        return "is not a name for a Python package"
    if name in sys.stdlib_module_names:
        return "is a module of Python's standard library: choose another name"
    if name in IMPORTED:
        return "is what the generated package imports: choose another name"
    return ""


def _wrong_service_root(text: str) -> str:
    if _SERVICE_ROOT.fullmatch(text):
        return ""
    return "is not a service root, such as https://graph.microsoft.com/beta"


def _wrong_document(text: str) -> str:
    if not is_address(text):
        return _wrong_path(text)
    try:
        usable = text.isprintable() and re.search("[A-Za-z0-9]", urlsplit(text).hostname or "")
    except ValueError:
        usable = None
    return "" if usable else "is not an address"


def _wrong_path(text: str) -> str:
    return _wrong_folder(text) if PurePath(text).name not in ("", "..") else "is not a path"


def _wrong_folder(text: str) -> str:
    return "" if text and text.isprintable() else "is not a path"


def _matches(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    return lambda text: "" if pattern.fullmatch(text) else f"is not {what}"


_LEVELS = _table()

_KEYS: Mapping[str, _Form] = {
    "document": _text(_wrong_document),
    "sha256": _text(_matches(_SHA256, "a SHA-256 in hexadecimal")),
    "etag": _text(lambda value: _matches(ETAG, "an entity tag")(value) if value else ""),
    "roots": _texts(lambda value: "" if value else "has no root"),
    "exclude": _texts(),
    "package": _text(_wrong_package),
    "version": _text(_matches(_VERSION, "a version, such as 1.2.3")),
    "class": _text(_matches(_CLASS, "what the name of a class may begin with, such as Calls")),
    "home": _text(),
    "service_root": _text(_wrong_service_root),
    "documented_only": _Form("true or false", lambda value: isinstance(value, bool)),
    "names": _table(),
    "clouds": _table(_wrong_clouds),
    "diff": _Form(
        "a table with the table levels, of strings, alone",
        lambda value: isinstance(value, dict)
        and {*cast("dict[str, object]", value)} == {"levels"}
        and _LEVELS.fits(value["levels"]),
    ),
    "facts": _text(_wrong_folder),
    "templates": _text(_wrong_folder),
}
"""What the keys of a configuration hold."""
