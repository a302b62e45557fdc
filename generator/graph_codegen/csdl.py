"""CSDL XML to declarations: every element and attribute is either read or reported.

Source: OASIS OData CSDL XML Representation 4.01. Names stay as spelled; `resolve` makes them full.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from lxml import etree

from graph_codegen import xmlsource
from graph_codegen.diagnostics import Diagnostic, Place, error
from graph_codegen.edm import (
    Annotation,
    Binding,
    Collection,
    Constant,
    Document,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    Member,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    ReturnType,
    Schema,
    StructuredType,
    Term,
    TypeRef,
)
from graph_codegen.xmlsource import Element

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"

FACETS = ("MaxLength", "Precision", "Scale", "SRID", "Unicode", "DefaultValue")
"""Attributes that narrow a type (CSDL 7.2); they are facts of the document and travel as text."""

CONSTANTS = frozenset(
    {
        "Binary", "Bool", "Date", "DateTimeOffset", "Decimal", "Duration", "EnumMember", "Float",
        "Guid", "Int", "String", "TimeOfDay", "AnnotationPath", "ModelElementPath",
        "NavigationPropertyPath", "Path", "PropertyPath",
    }
)  # fmt: skip
"""Constant and path expressions (CSDL 14.3, 14.4.1), as attribute or as element."""

_T = TypeVar("_T")


def read_file(path: Path) -> Document:
    """Read a CSDL document from a file. Raises CodegenError when it cannot be read or is not CSDL."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise error(f"cannot read the metadata: {problem.strerror}", str(path)) from None
    return read(data, path.name)


def read(data: bytes, file: str) -> Document:
    """Read a CSDL document.

    `file` is what messages call it. Returns the declarations and a diagnostic for everything that
    was not understood. Raises CodegenError for what is not XML, or XML that is not CSDL.
    """
    root = xmlsource.parse(data, file)
    if root.tag != f"{EDMX}Edmx":
        raise error(
            f"not a CSDL document: the root element is {root.tag}, not edmx:Edmx",
            _place(root, file),
        )
    return _Reader(file).document(root, hashlib.sha256(data).hexdigest())


class _Reader:
    """Reads elements, and collects what it does not understand."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._diagnostics: list[Diagnostic] = []
        self._type = ""

    # -- what every element needs

    def _place(self, element: Element) -> Place:
        return _place(element, self._file)

    def _report(self, message: str, element: Element, name: str = "") -> None:
        self._diagnostics.append(Diagnostic(message, self._place(element), self._type, name))

    def _attributes(self, element: Element, *known: str) -> Mapping[str, str]:
        for name in map(str, element.attrib):
            if name not in known:
                self._report(
                    f"attribute {name} of {_local(element)} is not understood",
                    element,
                    element.get("Name") or "",
                )
        return {name: element.get(name) or "" for name in known if name in element.attrib}

    def _required(self, element: Element, name: str) -> str:
        value = element.get(name)
        if not value:
            raise error(f"{_local(element)} has no {name}", self._place(element), type=self._type)
        return value

    def _flag(self, element: Element, name: str) -> bool | None:
        value = element.get(name)
        if value not in (None, "true", "false"):
            raise error(
                f"{name} is {value!r}, not true or false",
                self._place(element),
                type=self._type,
                property=element.get("Name") or "",
            )
        return None if value is None else value == "true"

    def _children(
        self, element: Element, *known: str, namespace: str = EDM
    ) -> Iterator[tuple[str, Element]]:
        """Yield (local name, element) of the known child elements; report the others."""
        wanted = {namespace + name: name for name in known}
        for child in element:
            name = wanted.get(str(child.tag))
            if name is None:
                self._report(
                    f"element {_local(child)} in {_local(element)} is not understood",
                    child,
                    child.get("Name") or "",
                )
            else:
                yield name, child

    def _read_children(
        self, element: Element, **readers: Callable[[Element], _T]
    ) -> dict[str, list[_T]]:
        found: dict[str, list[_T]] = {name: [] for name in readers}
        for name, child in self._children(element, *readers):
            found[name].append(readers[name](child))
        return found

    def _type_ref(self, element: Element, attribute: str = "Type") -> TypeRef:
        return parse_type_ref(self._required(element, attribute))

    def _facets(self, attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        return tuple((name, attributes[name]) for name in FACETS if name in attributes)

    # -- document and schemas

    def document(self, root: Element, sha256: str) -> Document:
        self._attributes(root, "Version")
        aliases: list[tuple[str, str]] = []
        schemas: list[Schema] = []
        for name, child in self._children(root, "DataServices", "Reference", namespace=EDMX):
            if name == "Reference":
                aliases.extend(self._includes(child))
            else:
                schemas.extend(self._schema(e) for _, e in self._children(child, "Schema"))
        if not schemas:
            raise error("not a CSDL document: it holds no Schema", self._place(root))
        aliases.extend((s.alias, s.namespace) for s in schemas if s.alias)
        return Document(
            self._file, sha256, tuple(schemas), tuple(aliases), tuple(self._diagnostics)
        )

    def _includes(self, reference: Element) -> Iterator[tuple[str, str]]:
        """Yield (alias, namespace) of an edmx:Reference; its address is never fetched."""
        self._attributes(reference, "Uri")
        for _, include in self._children(reference, "Include", namespace=EDMX):
            attributes = self._attributes(include, "Namespace", "Alias")
            if "Alias" in attributes:
                yield attributes["Alias"], self._required(include, "Namespace")

    def _schema(self, element: Element) -> Schema:
        self._attributes(element, "Namespace", "Alias")
        namespace = self._required(element, "Namespace")
        types: list[EnumType | StructuredType] = []
        operations: list[Operation] = []
        terms: list[Term] = []
        containers: list[EntityContainer] = []
        targets: list[tuple[str, tuple[Annotation, ...], Place]] = []
        for name, child in self._children(
            element, "EnumType", "EntityType", "ComplexType", "Action", "Function", "Term",
            "EntityContainer", "Annotations",
        ):  # fmt: skip
            self._type = ""
            if name == "Annotations":
                targets.append(self._annotations(child))
                continue
            self._type = f"{namespace}.{self._required(child, 'Name')}"
            match name:
                case "EnumType":
                    types.append(self._enum_type(child))
                case "EntityType":
                    types.append(self._structured_type(child, "EntityType"))
                case "ComplexType":
                    types.append(self._structured_type(child, "ComplexType"))
                case "Action":
                    operations.append(self._operation(child, "Action"))
                case "Function":
                    operations.append(self._operation(child, "Function"))
                case "Term":
                    terms.append(self._term(child))
                case _:
                    containers.append(self._container(child))
        self._type = ""
        if len(containers) > 1:
            raise error("a schema holds at most one EntityContainer", containers[1].place)
        return Schema(
            namespace,
            element.get("Alias") or "",
            tuple(types),
            tuple(operations),
            tuple(terms),
            containers[0] if containers else None,
            tuple(targets),
        )

    # -- types

    def _enum_type(self, element: Element) -> EnumType:
        attributes = self._attributes(element, "Name", "UnderlyingType", "IsFlags")
        members: list[Member] = []
        annotations: list[Annotation] = []
        for name, child in self._children(element, "Member", "Annotation"):
            if name == "Annotation":
                annotations.append(self._annotation(child))
            else:
                members.append(self._member(child, members[-1].value + 1 if members else 0))
        return EnumType(
            self._type,
            tuple(members),
            attributes.get("UnderlyingType", "Edm.Int32"),
            bool(self._flag(element, "IsFlags")),
            tuple(annotations),
            self._place(element),
        )

    def _member(self, element: Element, successor: int) -> Member:
        """Read a member; one without a value has its predecessor's plus one (CSDL 10.3)."""
        attributes = self._attributes(element, "Name", "Value")
        name = self._required(element, "Name")
        try:
            value = int(attributes.get("Value", successor))
        except ValueError:
            raise error(
                f"the value {attributes['Value']!r} is not an integer",
                self._place(element),
                type=self._type,
                property=name,
            ) from None
        annotations = self._read_children(element, Annotation=self._annotation)["Annotation"]
        return Member(name, value, tuple(annotations), self._place(element))

    def _structured_type(self, element: Element, kind: str) -> StructuredType:
        only_entity = ("HasStream",) if kind == "EntityType" else ()
        attributes = self._attributes(
            element, "Name", "BaseType", "Abstract", "OpenType", *only_entity
        )
        key: list[str] = []
        properties: list[Property] = []
        navigation: list[NavigationProperty] = []
        annotations: list[Annotation] = []
        for name, child in self._children(
            element, "Property", "NavigationProperty", "Annotation",
            *(("Key",) if kind == "EntityType" else ()),
        ):  # fmt: skip
            match name:
                case "Property":
                    properties.append(self._property(child))
                case "NavigationProperty":
                    navigation.append(self._navigation_property(child))
                case "Key":
                    key.extend(self._key(child))
                case _:
                    annotations.append(self._annotation(child))
        return StructuredType(
            "EntityType" if kind == "EntityType" else "ComplexType",
            self._type,
            attributes.get("BaseType", ""),
            bool(self._flag(element, "Abstract")),
            bool(self._flag(element, "OpenType")),
            bool(self._flag(element, "HasStream")),
            tuple(key),
            tuple(properties),
            tuple(navigation),
            tuple(annotations),
            self._place(element),
        )

    def _key(self, element: Element) -> Iterator[str]:
        for _, reference in self._children(element, "PropertyRef"):
            self._attributes(reference, "Name")
            yield self._required(reference, "Name")

    def _property(self, element: Element) -> Property:
        attributes = self._attributes(element, "Name", "Type", "Nullable", *FACETS)
        return Property(
            self._required(element, "Name"),
            self._type_ref(element),
            self._flag(element, "Nullable"),
            self._facets(attributes),
            tuple(self._read_children(element, Annotation=self._annotation)["Annotation"]),
            self._place(element),
        )

    def _navigation_property(self, element: Element) -> NavigationProperty:
        attributes = self._attributes(
            element, "Name", "Type", "Nullable", "ContainsTarget", "Partner"
        )
        return NavigationProperty(
            self._required(element, "Name"),
            self._type_ref(element),
            self._flag(element, "Nullable"),
            bool(self._flag(element, "ContainsTarget")),
            attributes.get("Partner", ""),
            tuple(self._read_children(element, Annotation=self._annotation)["Annotation"]),
            self._place(element),
        )

    # -- operations, terms, container

    def _operation(self, element: Element, kind: str) -> Operation:
        only_function = ("IsComposable",) if kind == "Function" else ()
        attributes = self._attributes(element, "Name", "IsBound", "EntitySetPath", *only_function)
        parameters: list[Parameter] = []
        returns: list[ReturnType] = []
        annotations: list[Annotation] = []
        for name, child in self._children(element, "Parameter", "ReturnType", "Annotation"):
            match name:
                case "Parameter":
                    parameters.append(self._parameter(child))
                case "ReturnType":
                    returns.append(self._return_type(child))
                case _:
                    annotations.append(self._annotation(child))
        return Operation(
            "Action" if kind == "Action" else "Function",
            self._type,
            tuple(parameters),
            returns[0] if returns else None,
            bool(self._flag(element, "IsBound")),
            bool(self._flag(element, "IsComposable")),
            attributes.get("EntitySetPath", ""),
            tuple(annotations),
            self._place(element),
        )

    def _parameter(self, element: Element) -> Parameter:
        attributes = self._attributes(element, "Name", "Type", "Nullable", *FACETS)
        return Parameter(
            self._required(element, "Name"),
            self._type_ref(element),
            self._flag(element, "Nullable"),
            self._facets(attributes),
            tuple(self._read_children(element, Annotation=self._annotation)["Annotation"]),
            self._place(element),
        )

    def _return_type(self, element: Element) -> ReturnType:
        attributes = self._attributes(element, "Type", "Nullable", *FACETS)
        return ReturnType(
            self._type_ref(element), self._flag(element, "Nullable"), self._facets(attributes)
        )

    def _term(self, element: Element) -> Term:
        attributes = self._attributes(element, "Name", "Type", "AppliesTo", "Nullable")
        return Term(
            self._type,
            self._type_ref(element),
            attributes.get("AppliesTo", ""),
            tuple(self._read_children(element, Annotation=self._annotation)["Annotation"]),
            self._place(element),
        )

    def _container(self, element: Element) -> EntityContainer:
        self._attributes(element, "Name")
        sources: list[EntitySource] = []
        annotations: list[Annotation] = []
        for name, child in self._children(element, "EntitySet", "Singleton", "Annotation"):
            if name == "Annotation":
                annotations.append(self._annotation(child))
            else:
                sources.append(self._entity_source(child, name))
        return EntityContainer(self._type, tuple(sources), tuple(annotations), self._place(element))

    def _entity_source(self, element: Element, kind: str) -> EntitySource:
        type_attribute = "EntityType" if kind == "EntitySet" else "Type"
        self._attributes(element, "Name", type_attribute)
        bindings: list[Binding] = []
        annotations: list[Annotation] = []
        for name, child in self._children(element, "NavigationPropertyBinding", "Annotation"):
            if name == "Annotation":
                annotations.append(self._annotation(child))
            else:
                self._attributes(child, "Path", "Target")
                bindings.append(
                    Binding(self._required(child, "Path"), self._required(child, "Target"))
                )
        return EntitySource(
            "EntitySet" if kind == "EntitySet" else "Singleton",
            self._required(element, "Name"),
            self._required(element, type_attribute),
            tuple(bindings),
            tuple(annotations),
            self._place(element),
        )

    # -- annotations

    def _annotations(self, element: Element) -> tuple[str, tuple[Annotation, ...], Place]:
        self._attributes(element, "Target", "Qualifier")
        found = self._read_children(element, Annotation=self._annotation)["Annotation"]
        return self._required(element, "Target"), tuple(found), self._place(element)

    def _annotation(self, element: Element) -> Annotation:
        self._attributes(element, "Term", "Qualifier", *CONSTANTS)
        return Annotation(
            self._required(element, "Term"),
            self._value(element),
            element.get("Qualifier") or "",
            self._place(element),
        )

    def _value(self, element: Element) -> Expression | None:
        """Read the value of an Annotation or PropertyValue, given as attribute or as child."""
        for name in CONSTANTS:
            if name in element.attrib:
                return Constant(name, element.get(name) or "")
        children = [
            self._expression(name, child)
            for name, child in self._children(element, "Record", "Collection", *CONSTANTS)
        ]
        return children[0] if children else None

    def _expression(self, name: str, element: Element) -> Expression:
        match name:
            case "Record":
                self._attributes(element, "Type")
                values: list[tuple[str, Expression]] = []
                for _, child in self._children(element, "PropertyValue"):
                    self._attributes(child, "Property", *CONSTANTS)
                    value = self._value(child)
                    if value is not None:
                        values.append((self._required(child, "Property"), value))
                return Record(
                    tuple(sorted(values, key=lambda pair: pair[0])), element.get("Type") or ""
                )
            case "Collection":
                return Collection(
                    tuple(
                        self._expression(item, child)
                        for item, child in self._children(element, "Record", *CONSTANTS)
                    )
                )
            case _:
                self._attributes(element)
                return Constant(name, (element.text or "").strip())


def parse_type_ref(text: str) -> TypeRef:
    """Parse `graph.call` or `Collection(graph.call)`."""
    if text.startswith("Collection(") and text.endswith(")"):
        return TypeRef(text[len("Collection(") : -1], collection=True)
    return TypeRef(text)


def _place(element: Element, file: str) -> Place:
    line = element.sourceline
    return Place(file, line if isinstance(line, int) else 0)


def _local(element: Element) -> str:
    return etree.QName(element).localname
