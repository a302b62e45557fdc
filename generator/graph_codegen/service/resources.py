"""The resources of a service: paths from the service root, with keys in braces.

Source: OData URL conventions (Part 2), section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import ENTITY, Annotation, EntitySource, TypeRef, split_name


@dataclass(frozen=True, slots=True)
class Key:
    """A path parameter that holds a key: `{call-id}`, of an entity of type `type`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An addressable resource of the service: its path, its type and its annotations.

    `segments` are the names on the path without keys, `steps` the properties on it, each with its
    declaring type. `removable` says that what is here can be deleted, or that a reference to it can.
    Entities that are not `contained` belong to another resource, and are only read or referred to here.
    `cast` says that the path ends with the name of `type`, which derives from the type of what is there:
    of such a resource only what that type adds is addressed.
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

    @property
    def by_key(self) -> bool:
        """Whether this is an item of a collection, addressed by its key."""
        return self.path.endswith("}")

    def item(self) -> Resource:
        """Return the resource of a single item of this collection."""
        key = Key(self._key_name(), self.type.name)
        return replace(
            self,
            path=f"{self.path}/{{{key.name}}}",
            keys=(*self.keys, key),
            type=TypeRef(self.type.name),
            removable=True,
        )

    def _key_name(self) -> str:
        """Name a key after its type, with segments' names in front if the path has that key already."""
        of_any = self.type.name == ENTITY
        name = "entity-id" if of_any else f"{split_name(self.type.name)[1]}-id"
        taken = {key.name for key in self.keys}
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
    )
