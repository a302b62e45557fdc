"""The entity data model: what CSDL declares, as frozen values (OASIS OData CSDL XML 4.01).

Names are full names (`microsoft.graph.call`) once `resolve` has run; until then they are as the
document spells them. Places are not compared: declarations that moved to another line are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import ClassVar, Literal

from graph_codegen.errors import Diagnostic, Place

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
"""The XML namespaces of CSDL (CSDL 2.1), as prefixes of element names."""

GEOGRAPHIC = tuple(
    f"Edm.{space}{shape}"
    for space in ("Geography", "Geometry")
    for shape in (
        "", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
        "Collection",
    )
)  # fmt: skip
"""The Edm types of places and shapes, whose values are GeoJSON (RFC 7946; OData JSON 4.01, 7.1)."""

PATHS = tuple(
    f"Edm.{kind}Path"
    for kind in ("Annotation", "AnyProperty", "ModelElement", "NavigationProperty", "Property")
)
"""The Edm types of paths within a document (CSDL 4.4)."""

ENTITY = "Edm.EntityType"
"""The type of any entity (CSDL 4.5): that of navigation to entities of which no more is known."""

ROOT_NAMESPACE = "microsoft.graph"
"""The namespace that Graph's payloads and paths may leave out."""


def split_name(name: str) -> tuple[str, str]:
    """Split `microsoft.graph.call` into namespace `microsoft.graph` and simple name `call`."""
    namespace, _, simple = name.rpartition(".")
    return namespace, simple


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A reference to a type: its name, and whether it is a `Collection(…)` of that type."""

    name: str
    collection: bool = False

    def __str__(self) -> str:
        return f"Collection({self.name})" if self.collection else self.name

    @property
    def primitive(self) -> bool:
        """Whether this is one of the Edm types (CSDL 3.3) and not a type of the document."""
        return self.name.startswith("Edm.")


@lru_cache(maxsize=10_000)
def parse_type_ref(text: str) -> TypeRef:
    """Parse `graph.call` or `Collection(graph.call)`; the last references are shared."""
    if text.startswith("Collection(") and text.endswith(")"):
        return TypeRef(text[len("Collection(") : -1], collection=True)
    return TypeRef(text)


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant or path expression (CSDL 14.3, 14.4.1): `kind` is its element name, `text` as written."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record expression (CSDL 14.4.12): property values by name, sorted by name."""

    values: tuple[tuple[str, Expression], ...]
    type: str = ""

    def get(self, name: str) -> Expression | None:
        """Return the value of a property, None if the record does not have it."""
        return dict(self.values).get(name)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection expression (CSDL 14.4.6)."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Dynamic:
    """An expression whose value is known only when it is evaluated (CSDL 14.4), such as `If` or `Apply`.

    `kind` is its element name, `items` are its operands. `Null`, which is no value, is one as well.
    """

    kind: str
    attributes: tuple[tuple[str, str], ...] = ()
    items: tuple[Expression, ...] = ()
    text: str = ""


Expression = Constant | Record | Collection | Dynamic


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation (CSDL 14.2): a term, a qualifier and a value (None: the term's default)."""

    term: str
    value: Expression | None = None
    qualifier: str = ""
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A structural property (CSDL 7). `nullable` is None if the document does not say."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    facets: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationProperty:
    """A navigation property (CSDL 8); `contains_target` makes a path segment (CSDL 8.4)."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    contains_target: bool = False
    partner: str = ""
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an enumeration (CSDL 10.3) with its numeric value; None: the document does not say."""

    name: str
    value: int | None
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDefinition:
    """A type definition (CSDL 11): another name of a primitive type, with facets."""

    name: str
    underlying: str
    facets: tuple[tuple[str, str], ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumType:
    """An enumeration type (CSDL 10); whether it `is_flags` is None if the document does not say."""

    kind: ClassVar[Literal["EnumType"]] = "EnumType"
    name: str
    members: tuple[Member, ...]
    underlying: str = "Edm.Int32"
    is_flags: bool | None = False
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredType:
    """An entity type (CSDL 6) or a complex type (CSDL 9): own members only, as declared.

    `abstract` and `open` are None if the document does not say.
    """

    kind: Literal["EntityType", "ComplexType"]
    name: str
    base: str = ""
    abstract: bool | None = False
    open: bool | None = False
    has_stream: bool = False
    key: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    navigation: tuple[NavigationProperty, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)

    def members(self) -> Iterator[Property | NavigationProperty]:
        """Iterate over its own properties, structural ones first."""
        yield from self.properties
        yield from self.navigation


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an action or function (CSDL 12.8)."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    facets: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class ReturnType:
    """The return type of an operation (CSDL 12.7)."""

    type: TypeRef
    nullable: bool | None = None
    facets: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One overload of an action (CSDL 12.2) or function (CSDL 12.3)."""

    kind: Literal["Action", "Function"]
    name: str
    parameters: tuple[Parameter, ...] = ()
    returns: ReturnType | None = None
    is_bound: bool = False
    is_composable: bool = False
    entity_set_path: str = ""
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)

    @property
    def binding(self) -> Parameter | None:
        """The binding parameter, None for an unbound operation."""
        return self.parameters[0] if self.is_bound and self.parameters else None

    @property
    def own(self) -> tuple[Parameter, ...]:
        """The parameters besides the binding parameter."""
        return self.parameters[1:] if self.is_bound else self.parameters

    @property
    def signature(self) -> str:
        """The name with the parameter types, as annotation targets spell it (CSDL 14.2.2)."""
        return f"{self.name}({', '.join(str(p.type) for p in self.parameters)})"


@dataclass(frozen=True, slots=True)
class Binding:
    """A navigation property binding (CSDL 13.4): a path and the entity set it leads to."""

    path: str
    target: str
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySource:
    """An entity set (CSDL 13.2) or singleton (CSDL 13.3) of the container."""

    kind: Literal["EntitySet", "Singleton"]
    name: str
    type: str
    bindings: tuple[Binding, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class OperationImport:
    """An action import (CSDL 13.5) or function import (CSDL 13.6): where an unbound operation is called."""

    kind: Literal["ActionImport", "FunctionImport"]
    name: str
    operation: str
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class EntityContainer:
    """The entity container (CSDL 13): the entry points of the service.

    `extends` is the container whose children it has as well (CSDL 13.1.1); none once `resolve` has run.
    """

    name: str
    sources: tuple[EntitySource, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)
    imports: tuple[OperationImport, ...] = ()
    _: KW_ONLY
    extends: str = ""

    def source(self, name: str) -> EntitySource | None:
        """Return the entity set or singleton of that name, None if there is none."""
        return next((source for source in self.sources if source.name == name), None)

    def operation_import(self, name: str) -> OperationImport | None:
        """Return the action or function import of that name, None if there is none."""
        return next((item for item in self.imports if item.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term that the document itself declares (CSDL 14.1)."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    applies_to: str = ""
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


TypeDeclaration = EnumType | StructuredType


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One schema of a document, with its annotations on targets outside of it (CSDL 14.2.2)."""

    namespace: str
    alias: str = ""
    types: tuple[TypeDeclaration, ...] = ()
    definitions: tuple[TypeDefinition, ...] = ()
    operations: tuple[Operation, ...] = ()
    terms: tuple[Term, ...] = ()
    container: EntityContainer | None = None
    targets: tuple[tuple[str, tuple[Annotation, ...], Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to another document (CSDL 4.1): its address, and the namespaces that it includes."""

    uri: str
    namespaces: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """A request of a document that no declaration stands for; `kind` are words: `of derived types`."""

    request: str
    kind: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read: names as spelled, aliases not yet resolved.

    One that is `partial` is of a form that cannot say all that CSDL says; `unread` are the requests in it
    that no declaration stands for. One that is `supplemented` has what a supplement would add.
    """

    file: str
    sha256: str
    schemas: tuple[Schema, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    _: KW_ONLY
    references: tuple[Reference, ...] = ()
    partial: bool = False
    unread: tuple[Unread, ...] = ()
    supplemented: bool = False
