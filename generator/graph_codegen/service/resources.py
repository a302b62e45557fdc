"""The resources of a service: paths from the service root, with keys in braces.

Source: OData URL conventions (Part 2), section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import (
    ENTITY,
    Annotation,
    EntitySource,
    Operation,
    TypeRef,
    split_name,
)
from graph_codegen.model.deprecations import Deprecation, find_deprecation


@dataclass(frozen=True, slots=True)
class Key:
    """A path parameter that holds a key: `{call-id}`, of an entity of type `type`.

    `property` is the property of that type which it is, `value` the type of the property.
    """

    name: str
    type: str
    property: str
    value: TypeRef


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a composable function, where a path goes on (OData URL conventions 4.01, section 4.5).

    `path` and `segments` are those of what the function is bound to, `keys` the keys on that path.
    """

    function: Operation
    path: str
    segments: tuple[str, ...]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An addressable resource of the service: its path, its type and its annotations.

    `segments` are the names on the path without keys, `steps` the properties on it, each with its
    declaring type. `removable` says that what is here can be deleted, or that a reference to it can.
    Entities that are not `contained` belong to another resource, and are only read or referred to here.
    `cast` says that the path ends with the name of `type`, which derives from the type of what is there:
    of such a resource only what that type adds is addressed. `by_key` says that it ends with a key.
    `result` is that of the function which the path goes through.
    `deprecation` is that of a property on the path, or of its entity set or singleton.
    """

    path: str
    segments: tuple[str, ...]
    keys: tuple[Key, ...]
    type: TypeRef
    annotations: tuple[Annotation, ...]
    steps: tuple[str, ...]
    removable: bool = False
    contained: bool = True
    cast: bool = False
    by_key: bool = False
    result: Result | None = None
    deprecation: Deprecation | None = None

    def item(
        self, parts: Mapping[str, TypeRef], *, named: bool = False, as_segment: bool = True
    ) -> Resource:
        """Return the resource of a single item of this collection.

        `parts` are the types of the properties that are its key, by name. One alone is a segment of the
        path, or in parentheses where keys are not segments: `items({item-id})`. Several are in parentheses
        with their names, and one is if it is to be `named`: `items(a={a},b={b})`.
        Source: OData URL conventions 4.01, sections 4.3.1, 4.3.5 and 4.3.6.
        """
        simple = "entity" if self.type.name == ENTITY else split_name(self.type.name)[1]
        named |= len(parts) > 1
        keys: list[Key] = []
        for name, value in parts.items():
            wire = self._key_name(name if named else f"{simple}-id", keys)
            keys.append(Key(wire, self.type.name, name, value))
        written = ",".join(
            (f"{key.property}=" if named else "") + f"{{{key.name}}}" for key in keys
        )
        return replace(
            self,
            path=self.path + (f"/{written}" if as_segment and not named else f"({written})"),
            keys=(*self.keys, *keys),
            type=TypeRef(self.type.name),
            removable=True,
            by_key=True,
        )

    def _key_name(self, name: str, others: Iterable[Key]) -> str:
        """Return the name of a key, with segments' names in front if the path has that key already."""
        taken = {key.name for key in (*self.keys, *others)}
        taken |= {p.name for p in self.result.function.own} if self.result else set[str]()
        segments = list(self.segments)
        while name in taken and segments:
            name = f"{split_name(segments.pop())[1]}-{name}"
        return name

    def as_type(self, name: str) -> Resource:
        """Return what is here as entities of a derived type (URL conventions, 4.11)."""
        return replace(
            self,
            path=f"{self.path}/{name}",
            segments=(*self.segments, name),
            type=replace(self.type, name=name),
            steps=(*self.steps, f"{self.type.name}/{name}"),
            by_key=False,
            cast=True,
        )

    def below(
        self,
        owner: str,
        name: str,
        type: TypeRef,
        annotations: tuple[Annotation, ...],
        *,
        removable: bool = True,
        contained: bool = True,
    ) -> Resource:
        """Return the resource that a property of this entity leads to; `owner` declares the property."""
        return Resource(
            path=f"{self.path}/{name}",
            segments=(*self.segments, name),
            keys=self.keys,
            type=type,
            annotations=annotations,
            steps=(*self.steps, f"{owner}/{name}"),
            removable=removable,
            contained=contained,
            result=self.result,
            deprecation=find_deprecation(annotations) or self.deprecation,
        )


def top(source: EntitySource) -> Resource:
    """Return the resource of an entity set or singleton."""
    return Resource(
        path=f"/{source.name}",
        segments=(source.name,),
        keys=(),
        type=TypeRef(source.type, source.kind == "EntitySet"),
        annotations=source.annotations,
        steps=(),
        deprecation=find_deprecation(source.annotations),
    )
