"""Whole CSDL documents, with everything in them that the generator reads, valid and hostile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from lxml import etree

from tests.hostile.names import ANY_TEXT, BROKEN, LEGAL, PLAIN, TAKEN, UNICODE
from tests.support.csdl import EDM, EDMX

Element = etree._Element

PRIMITIVES = (
    "Edm.String", "Edm.String", "Edm.Boolean", "Edm.Int32", "Edm.Int64", "Edm.Double", "Edm.Decimal",
    "Edm.Guid", "Edm.Date", "Edm.DateTimeOffset", "Edm.Duration", "Edm.TimeOfDay", "Edm.Binary",
    "Edm.Stream", "Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Single", "Edm.Untyped",
    "Edm.ComplexType", "Edm.EntityType", "Edm.PrimitiveType",
)  # fmt: skip

NAMESPACES = st.one_of(
    st.just("microsoft.graph"),
    st.just("microsoft.graph"),
    st.sampled_from(
        ["microsoft.graph.callRecords", "microsoft.graph.remote_Control", "com.example", "self"]
    ),
    st.sampled_from([*TAKEN, *UNICODE]).map(lambda name: f"microsoft.graph.{name}"),
    st.sampled_from(["Microsoft.Graph", "microsoft.graph.graph", "microsoft", "a.b-c.d", "a._b"]),
)

TERMS = (
    "Org.OData.Core.V1.Description",
    "Org.OData.Core.V1.Description",
    "Org.OData.Core.V1.LongDescription",
    "Org.OData.Core.V1.Computed",
    "Org.OData.Core.V1.OptionalParameter",
    "Org.OData.Core.V1.RequiresExplicitBinding",
    "Org.OData.Core.V1.Revisions",
    "Org.OData.Capabilities.V1.TopSupported",
    "Org.OData.Capabilities.V1.InsertRestrictions",
    "Org.OData.Capabilities.V1.ReadRestrictions",
    "com.example.whatever",
)


@dataclass(frozen=True)
class Declared:
    """A type that the document will declare."""

    namespace: str
    kind: str
    name: str
    base: int | None

    @property
    def full(self) -> str:
        return f"{self.namespace}.{self.name}"


class _Writer:
    """Draws a document piece by piece, and writes each piece at once."""

    def __init__(self, draw: st.DrawFn, names: st.SearchStrategy[str]) -> None:
        self._draw = draw
        self._names = names
        self._types: list[Declared] = []
        self._aliases: dict[str, str] = {}
        self._signatures: list[str] = []

    def document(self) -> bytes:
        draw = self._draw
        root = etree.Element(f"{{{EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": EDMX})
        services = etree.SubElement(root, f"{{{EDMX}}}DataServices")
        namespaces = draw(st.lists(NAMESPACES, min_size=1, max_size=3, unique=True))
        self._types = self._skeleton(namespaces)
        schemas = {
            namespace: [
                _child(services, "Schema", Namespace=namespace)
                for _ in range(draw(st.sampled_from([1, 1, 1, 2])))
            ]
            for namespace in namespaces
        }
        for namespace, alias in zip(namespaces, ("graph", "me", "a-b"), strict=False):
            if draw(st.booleans()):
                self._aliases[namespace] = alias
                draw(st.sampled_from(schemas[namespace])).set("Alias", alias)
        for declared in self._types:
            self._type(draw(st.sampled_from(schemas[declared.namespace])), declared)
        for _ in range(draw(st.integers(0, 3)) if self._types else 0):
            self._operation(draw(st.sampled_from(schemas[draw(st.sampled_from(namespaces))])))
        if draw(st.integers(0, 3)) == 0:
            self._term(schemas[namespaces[0]][-1])
        if draw(st.booleans()):
            self._container(schemas[namespaces[0]][0])
        self._targets(schemas[namespaces[-1]][-1])
        written: bytes = etree.tostring(root, pretty_print=True, encoding="utf-8")
        return written

    def _skeleton(self, namespaces: Sequence[str]) -> list[Declared]:
        kinds = st.sampled_from(["EntityType", "EntityType", "ComplexType", "EnumType"])
        drawn = self._draw(
            st.lists(
                st.tuples(st.sampled_from(namespaces), kinds, self._names),
                min_size=1,
                max_size=5,
                unique_by=lambda item: (item[0], item[2]),
            )
        )
        found: list[Declared] = []
        for namespace, kind, name in drawn:
            bases = [n for n, other in enumerate(found) if other.kind == kind != "EnumType"]
            base = self._draw(st.sampled_from([None, *bases]))
            found.append(Declared(namespace, kind, name, base))
        return found

    def _full(self, declared: Declared) -> str:
        """Return the full name of a type, with or without the alias of its namespace."""
        alias = self._aliases.get(declared.namespace)
        return f"{alias}.{declared.name}" if alias and self._draw(st.booleans()) else declared.full

    def _own(self, least: int, most: int) -> list[str]:
        names = st.lists(self._names, min_size=least, max_size=most, unique=True)
        return self._draw(names)

    def _type(self, schema: Element, declared: Declared) -> None:
        draw = self._draw
        element = _child(schema, declared.kind, Name=declared.name)
        if declared.kind == "EnumType":
            self._enum(element)
            return
        if declared.base is not None:
            element.set("BaseType", self._full(self._types[declared.base]))
        for flag in ("Abstract", "OpenType"):
            if draw(st.integers(0, 4)) == 0:
                element.set(flag, "true")
        if declared.kind == "EntityType" and declared.base is None:
            key = _child(element, "Key")
            for name in draw(st.sampled_from([("theKey",), ("theKey",), ("theKey", "theOther")])):
                _child(key, "PropertyRef", Name=name)
                _child(element, "Property", Name=name, Type="Edm.String", Nullable="false")
        for name in self._own(0, 3):
            item = _child(element, "Property", Name=name, Type=self._ref())
            if draw(st.booleans()):
                item.set("Nullable", draw(st.sampled_from(["true", "false"])))
            if draw(st.integers(0, 5)) == 0:
                item.set("DefaultValue", draw(ANY_TEXT))
            self._annotate(item)
        entities = [self._full(t) for t in self._types if t.kind == "EntityType"]
        for name in self._own(0, 2) if entities else ():
            target = draw(st.sampled_from(entities))
            many = draw(st.booleans())
            item = _child(
                element,
                "NavigationProperty",
                Name=f"{name[:120]}Nav",
                Type=f"Collection({target})" if many else target,
                ContainsTarget=draw(st.sampled_from(["true", "true", "false"])),
            )
            if draw(st.integers(0, 5)) == 0:
                item.set("Partner", draw(self._names))
            self._annotate(item)
        self._annotate(element)

    def _enum(self, element: Element) -> None:
        if self._draw(st.booleans()):
            element.set("IsFlags", "true")
        for number, name in enumerate(self._own(0, 4)):
            value = self._draw(st.sampled_from([str(number), str(2**number), "-1", str(2**62)]))
            self._annotate(_child(element, "Member", Name=name, Value=value))
        self._annotate(element)

    def _ref(self) -> str:
        own = [self._full(t) for t in self._types]
        name = self._draw(st.sampled_from([*PRIMITIVES, *own * 4]))
        return f"Collection({name})" if self._draw(st.integers(0, 3)) == 0 else name

    def _annotate(self, element: Element) -> None:
        draw = self._draw
        if draw(st.integers(0, 2)):
            return
        term = draw(st.sampled_from(TERMS))
        item = _child(element, "Annotation", Term=term)
        match draw(st.sampled_from(["String", "Text", "Record", "Bool", "Nothing"])):
            case "String":
                item.set("String", draw(ANY_TEXT))
            case "Text":
                _child(item, "String").text = draw(ANY_TEXT)
            case "Record":
                record = _child(_child(item, "Collection"), "Record")
                for name in ("Description", "Version", "Kind", "Insertable"):
                    _child(record, "PropertyValue", Property=name, String=draw(ANY_TEXT))
            case "Bool":
                item.set("Bool", draw(st.sampled_from(["true", "false"])))
            case _:
                pass

    def _operation(self, schema: Element) -> None:
        draw = self._draw
        kind = draw(st.sampled_from(["Action", "Function"]))
        element = _child(schema, kind, Name=draw(self._names))
        entities = [self._full(t) for t in self._types if t.kind != "EnumType"]
        if entities and draw(st.integers(0, 4)) > 0:
            element.set("IsBound", "true")
            bound = draw(st.sampled_from(entities))
            many = draw(st.integers(0, 3)) == 0
            _child(
                element,
                "Parameter",
                Name="bindingParameter",
                Type=f"Collection({bound})" if many else bound,
            )
        for name in self._own(0, 2):
            self._annotate(_child(element, "Parameter", Name=name, Type=self._ref()))
        parameters = list(element)
        if kind == "Function" or draw(st.booleans()):
            _child(element, "ReturnType", Type=self._ref())
        self._annotate(element)
        types = ", ".join(str(p.get("Type")) for p in parameters)
        signature = f"{schema.get('Namespace')}.{element.get('Name')}({types})"
        inside = ["", "/$ReturnType", *(f"/{p.get('Name')}" for p in parameters)]
        self._signatures += [signature + path for path in inside]

    def _container(self, schema: Element) -> None:
        draw = self._draw
        container = _child(schema, "EntityContainer", Name=draw(self._names))
        entities = [self._full(t) for t in self._types if t.kind == "EntityType"]
        names = self._own(0, 3) if entities else []
        for name in names:
            kind = draw(st.sampled_from(["EntitySet", "Singleton"]))
            attribute = "EntityType" if kind == "EntitySet" else "Type"
            target = draw(st.sampled_from(entities))
            source = _child(container, kind, **{"Name": name, attribute: target})
            if draw(st.integers(0, 2)) == 0:
                bound = draw(st.sampled_from(names))
                path = f"{draw(self._names)}Nav"
                _child(source, "NavigationPropertyBinding", Path=path, Target=bound)
            self._annotate(source)

    def _term(self, schema: Element) -> None:
        term = _child(schema, "Term", Name=self._draw(self._names), Type=self._ref())
        if self._draw(st.booleans()):
            term.set("AppliesTo", "EntityType Property")
        self._annotate(term)

    def _targets(self, schema: Element) -> None:
        for declared in self._types:
            if self._draw(st.integers(0, 5)) == 0:
                self._annotate(_child(schema, "Annotations", Target=self._full(declared)))
        for target in self._signatures:
            if self._draw(st.integers(0, 5)) == 0:
                self._annotate(_child(schema, "Annotations", Target=target))
        if self._draw(st.integers(0, 5)) == 0:
            target = f"{self._draw(self._names)}/{self._draw(self._names)}"
            self._annotate(_child(schema, "Annotations", Target=target))


def _child(parent: Element, tag: str, **attributes: str) -> Element:
    element: Element = etree.SubElement(parent, f"{{{EDM}}}{tag}")
    for name, value in attributes.items():
        element.set(name, value)
    return element


@st.composite
def _documents(draw: st.DrawFn, names: st.SearchStrategy[str]) -> bytes:
    return _Writer(draw, names).document()


VALID = _documents(st.sampled_from(PLAIN))
"""Documents whose names are harmless; their texts are not."""

HOSTILE = _documents(LEGAL)
"""Documents whose names are legal in CSDL and troublesome everywhere else."""

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "Schema": ("Namespace", "Alias"),
    "EntityType": ("Name", "BaseType"),
    "ComplexType": ("Name", "BaseType"),
    "EnumType": ("Name", "UnderlyingType"),
    "Member": ("Name", "Value"),
    "Property": ("Name", "Type"),
    "NavigationProperty": ("Name", "Type", "Partner"),
    "PropertyRef": ("Name",),
    "Action": ("Name", "EntitySetPath"),
    "Function": ("Name", "EntitySetPath"),
    "Parameter": ("Name", "Type"),
    "ReturnType": ("Type",),
    "EntityContainer": ("Name",),
    "NavigationPropertyBinding": ("Path", "Target"),
    "Term": ("Name", "Type", "AppliesTo"),
    "EntitySet": ("Name", "EntityType"),
    "Singleton": ("Name", "Type"),
    "Annotations": ("Target", "Qualifier"),
    "Annotation": ("Term", "Qualifier"),
}
"""The attributes that hold names, by element."""


@st.composite
def _broken(draw: st.DrawFn) -> tuple[bytes, str, str]:
    root = etree.fromstring(draw(VALID))
    places = [
        (element, attribute)
        for element in root.iter()
        for attribute in ATTRIBUTES.get(etree.QName(element).localname, ())
    ]
    element, attribute = draw(st.sampled_from(places))
    text = draw(st.sampled_from(BROKEN))
    element.set(attribute, text)
    written: bytes = etree.tostring(root, encoding="utf-8")
    return written, attribute, text


BREAKING = _broken()
"""Documents with one invalid name, together with its attribute and the name."""
