"""The uses that an application makes of a package, by what it uses, with the places in its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graph_codegen.errors import Place

Path = tuple[str, ...]
"""Attributes one after the other: those that lead from a client to a resource or a method."""

Places = tuple[Place, ...]

ANY = "*"
"""The name of an attribute that is not written down, such as that of `getattr(call, name)`."""


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What an application uses.

    `classes` are types by name, `attributes` those of types, and `methods` the client's by attribute path,
    of which that of the client itself is empty; `arguments` are keywords of its methods, `ANY` where it is
    not known which: these uses are certain. `unknown` are attributes one after
    the other, of something whose type is not known. `words` are those of texts, which may name a property
    in a query or in JSON; `segments` are the words of texts that have a slash.
    """

    classes: Mapping[str, Places] = field(default_factory=dict[str, Places])
    attributes: Mapping[tuple[str, str], Places] = field(
        default_factory=dict[tuple[str, str], Places]
    )
    methods: Mapping[Path, Places] = field(default_factory=dict[Path, Places])
    arguments: Mapping[tuple[Path, str], Places] = field(
        default_factory=dict[tuple[Path, str], Places]
    )
    unknown: Mapping[Path, Places] = field(default_factory=dict[Path, Places])
    words: Mapping[str, Places] = field(default_factory=dict[str, Places])
    segments: Mapping[str, Places] = field(default_factory=dict[str, Places])
