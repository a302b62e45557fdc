"""Where the resources of a service lie: paths from the service root, with keys in braces.

Source: OData URL conventions (Part 2), section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import Annotation, EntitySource, TypeRef, split_name


@dataclass(frozen=True, slots=True)
class Key:
    """A path parameter that stands for a key: `{call-id}`, of an entity of type `type`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A place in the service tree: what lies there, how one gets there, what may be done there.

    `segments` are the names on the path without keys, `steps` the properties on the way, each behind
    the type that declares it. What is not contained lies elsewhere, and can only be read here.
    """

    path: str
    segments: tuple[str, ...]
    keys: tuple[Key, ...]
    type: TypeRef
    annotations: tuple[Annotation, ...]
    steps: tuple[str, ...]
    removable: bool = False
    contained: bool = True

    @property
    def by_key(self) -> bool:
        """Whether this is one item of a collection."""
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
        """Name a key after the type; one that is taken on the path already gets segments' names too."""
        name = f"{split_name(self.type.name)[1]}-id"
        taken = {key.name for key in self.keys}
        segments = list(self.segments)
        while name in taken and segments:
            name = f"{segments.pop()}-{name}"
        return name

    def below(
        self,
        owner: str,
        name: str,
        type: TypeRef,
        annotations: tuple[Annotation, ...],
        *,
        contained: bool = True,
    ) -> Resource:
        """Return what a property leads to that the type of this entity, or a base type, declares."""
        return Resource(
            f"{self.path}/{name}",
            (*self.segments, name),
            self.keys,
            type,
            annotations,
            (*self.steps, f"{owner}/{name}"),
            removable=True,
            contained=contained,
        )


def top(source: EntitySource) -> Resource:
    """Return the resource of an entity set or singleton."""
    return Resource(
        f"/{source.name}",
        (source.name,),
        (),
        TypeRef(source.type, source.kind == "EntitySet"),
        source.annotations,
        (),
    )
