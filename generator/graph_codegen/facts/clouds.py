"""In which clouds requests exist: `metadata/clouds.json`, derived from the metadata of each cloud.

A cloud that publishes no metadata has the requests of another one, if the file says so (`as`). Of a request
that was not compared, and of a cloud whose metadata was not, nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from graph_codegen.csdl.ast import Document
from graph_codegen.errors import error
from graph_codegen.facts import files
from graph_codegen.model.model import Model
from graph_codegen.service.requests import Request, list_requests
from graph_codegen.service.slices import existing, take_slice

FILE = "clouds.json"

NAMES = ("GLOBAL", "US_GOV_L4", "US_GOV_L5", "CHINA")
"""The clouds, as the runtime's `Cloud` names them."""

REFERENCE = "GLOBAL"
"""The cloud whose requests are compared."""

ASSUMED = {"US_GOV_L5": "US_GOV_L4"}
"""Clouds that publish no metadata, and the cloud whose requests the reference gives them."""


LOGIN_HOSTS: Mapping[str, str] = {
    "graph.microsoft.com": "login.microsoftonline.com",
    "graph.microsoft.us": "login.microsoftonline.us",
    "dod-graph.microsoft.us": "login.microsoftonline.us",
    "microsoftgraph.chinacloudapi.cn": "login.chinacloudapi.cn",
}
"""The hosts that issue tokens, by the host of Graph in each cloud; the runtime's `Cloud` has them too.

Source: https://learn.microsoft.com/graph/deployments
"""


# -- the file


def _to_key(field: str) -> str:
    """Return the key of a field: `as_` stands for `as`, which is a keyword."""
    return field.removesuffix("_")


@dataclass(frozen=True)
class Cloud:
    """What the file says about one cloud: the requests it lacks, or the cloud that it equals."""

    __pydantic_config__: ClassVar[Mapping[str, Callable[[str], str]]] = {"alias_generator": _to_key}

    lacks: frozenset[str] | None = None
    as_: str = ""


@dataclass(frozen=True)
class Clouds:
    """What the file says about each cloud, and the requests that were compared, as `METHOD path`.

    `version` is that of the API, such as `v1.0`; empty for any. Raises ValueError for a cloud about which it
    says nothing.
    """

    clouds: Mapping[str, Cloud]
    compared: frozenset[str] = frozenset()
    version: str = ""

    def __post_init__(self) -> None:
        for name, cloud in self.clouds.items():
            if cloud.as_ and cloud.as_ not in self.clouds:
                raise ValueError(f"{name} is as {cloud.as_}, which is not in the file")
            if self.clouds[cloud.as_ or name].lacks is None:
                raise ValueError(f"{name} says neither what it lacks nor as which cloud it is")

    def at(self, service_root: str) -> Clouds:
        """Return what is known of a service root: of another version of the API, nothing."""
        return self if self.version in ("", version_of(service_root)) else Clouds({})

    def lacking(self, name: str) -> frozenset[str]:
        """Return the requests that a cloud lacks, as `METHOD path`."""
        cloud = self.clouds.get(name, Cloud())
        return self.clouds.get(cloud.as_, cloud).lacks or frozenset()

    def constant(self, request: Request) -> str:
        """Return the name of the constant that holds the clouds of a request."""
        return _constant(self._having(request.http))

    def constant_of_unknown(self, request: Request) -> str:
        """Return the name of the constant that holds the clouds of which it is not known, empty for none."""
        unknown = self._unknown(request.http)
        return _constant(unknown) if unknown else ""

    @property
    def sets(self) -> Mapping[str, tuple[str, ...]]:
        """The clouds of each constant that a request may need."""
        lines = {"", *self.compared}
        found = {*map(self._having, lines), *map(self._unknown, lines)}
        return {_constant(names): names for names in sorted(found, reverse=True)}

    def _having(self, line: str) -> tuple[str, ...]:
        """Return the names of the clouds that have a request, in the order of `NAMES`."""
        unknown = self._unknown(line)
        return tuple(n for n in NAMES if n not in unknown and line not in self.lacking(n))

    def _unknown(self, line: str) -> tuple[str, ...]:
        """Return the names of the clouds of which it is not known whether they have a request."""
        return tuple(n for n in NAMES if n not in self.clouds or line not in self.compared)


def version_of(service_root: str) -> str:
    """Return the version of the API at a service root: `beta` of `https://graph.microsoft.com/beta`."""
    return service_root.rpartition("/")[2]


def _constant(names: Iterable[str]) -> str:
    names = tuple(names)
    return "_EVERYWHERE" if names == NAMES else "_" + ("_AND_".join(names) or "NOWHERE")


def load(*folders: Path) -> Clouds:
    """Read the clouds from the last folder that has the file; without it, nothing is known.

    Raises CodegenError if the file is not understood.
    """
    return [Clouds({}), *files.read(folders, FILE, "the clouds are", Clouds)][-1]


# -- the documents of the clouds


@dataclass(frozen=True, slots=True)
class Offer:
    """The requests of one cloud, as `METHOD path` in the order of the walk, and their document."""

    document: Document
    lines: tuple[str, ...]


def parse_argument(text: str) -> tuple[str, Path]:
    """Split `CHINA=file.xml`. Raises CodegenError for a cloud that is not known."""
    cloud, _, path = text.partition("=")
    if cloud not in NAMES or not path:
        raise error(f"is not CLOUD=DOCUMENT with a cloud of {', '.join(NAMES)}", text)
    return cloud, Path(path)


def list_offer(
    document: Document, model: Model, roots: Sequence[str], exclude: Sequence[str] = ()
) -> Offer:
    """Return the requests that a cloud offers below roots; a root that it lacks offers none."""
    subset = take_slice(model, existing(model, roots), exclude)
    found = list_requests(subset.model)
    return Offer(document, tuple(request.http for request in found))


def render_table(offers: Mapping[str, Offer]) -> Iterator[str]:
    """Yield the lines of a table with a row for each request and a column for each cloud."""
    reference = _reference(offers)
    width = max((len(line) for line in reference.lines), default=0)
    yield f"{'':{width}}  {'  '.join(offers)}"
    for line in reference.lines:
        marks = ("yes" if line in found.lines else "no" for found in offers.values())
        cells = (f"{mark:{len(cloud)}}" for mark, cloud in zip(marks, offers, strict=True))
        yield f"{line:{width}}  {'  '.join(cells)}".rstrip()
    for cloud, found in offers.items():
        present = sum(line in found.lines for line in reference.lines)
        yield f"{cloud}: {present} of {len(reference.lines)}"


def render_clouds(offers: Mapping[str, Offer], service_root: str) -> str:
    """Return the content of `clouds.json`: what each cloud lacks, and the document that says so."""
    reference = _reference(offers)
    clouds: dict[str, dict[str, object]] = {
        cloud: {
            "document": found.document.file,
            "sha256": found.document.sha256,
            "lacks": sorted(set(reference.lines) - set(found.lines)),
        }
        for cloud, found in offers.items()
    }
    clouds |= {
        cloud: {"as": other}
        for cloud, other in ASSUMED.items()
        if cloud not in clouds and other in clouds
    }
    content = {
        "version": version_of(service_root),
        "clouds": clouds,
        "compared": sorted(reference.lines),
    }
    return json.dumps(content, indent=2) + "\n"


def compare(offers: Mapping[str, Offer], lines: Iterable[str]) -> Clouds:
    """Return which clouds have some requests, by what the clouds offer."""
    compared = frozenset(lines)
    clouds = {name: Cloud(lacks=compared - {*found.lines}) for name, found in offers.items()}
    assumed = {
        name: Cloud(as_=other)
        for name, other in ASSUMED.items()
        if name not in clouds and other in clouds
    }
    return Clouds(clouds | assumed, compared)


def _reference(offers: Mapping[str, Offer]) -> Offer:
    if REFERENCE not in offers:
        raise error(f"must be among the clouds: {', '.join(offers)}", REFERENCE)
    return offers[REFERENCE]
