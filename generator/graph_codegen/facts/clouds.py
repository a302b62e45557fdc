"""In which clouds requests exist: `metadata/clouds.json`, read off the metadata of the clouds.

A cloud whose metadata was not read has what another one has, where the file says so (`as`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from graph_codegen.facts import files
from graph_codegen.service.requests import Request

FILE = "clouds.json"

NAMES = ("GLOBAL", "US_GOV_L4", "US_GOV_L5", "CHINA")
"""The clouds, as the runtime's `Cloud` names them."""


@dataclass(frozen=True)
class Clouds:
    """The requests that each cloud lacks, as `METHOD path`."""

    lacking: Mapping[str, frozenset[str]]

    def constant(self, request: Request) -> str:
        """Return the name of the constant that holds the clouds of a request."""
        return constant(self._having(request.http))

    @property
    def sets(self) -> Mapping[str, tuple[str, ...]]:
        """All constants with their clouds, as far as any request of the file needs them."""
        lines = frozenset[str]().union(*self.lacking.values())
        found = {NAMES, *map(self._having, lines)}
        return {constant(names): names for names in sorted(found, reverse=True)}

    def _having(self, line: str) -> tuple[str, ...]:
        """Return the names of the clouds that have a request, in the order of `NAMES`."""
        return tuple(name for name in NAMES if line not in self.lacking.get(name, frozenset()))


def constant(names: Iterable[str]) -> str:
    """Return the name of the constant for a set of clouds."""
    names = tuple(names)
    return "_EVERYWHERE" if names == NAMES else "_" + ("_AND_".join(names) or "NOWHERE")


def load(folder: Path) -> Clouds:
    """Read the clouds from a metadata folder; a folder without the file knows of no difference.

    Raises CodegenError when the file is not understood.
    """
    return files.read(folder / FILE, "the clouds are", _File, _clouds, Clouds({}))


def _key(name: str) -> str:
    """Spell a field as the file does: `as` is a word of Python."""
    return name.removesuffix("_")


@dataclass(frozen=True)
class _Cloud:
    """What the file says of one cloud: what it lacks, or as which other one it is."""

    __pydantic_config__: ClassVar[Mapping[str, Callable[[str], str]]] = {"alias_generator": _key}

    lacks: frozenset[str] | None = None
    as_: str = ""


@dataclass(frozen=True)
class _File:
    clouds: dict[str, _Cloud]


def _clouds(content: _File) -> Clouds:
    return Clouds({name: _lacking(content.clouds, name) for name in content.clouds})


def _lacking(clouds: Mapping[str, _Cloud], name: str) -> frozenset[str]:
    lacks = clouds[clouds[name].as_ or name].lacks
    if lacks is None:
        raise ValueError(f"{name} says neither what it lacks nor as which cloud it is")
    return lacks
