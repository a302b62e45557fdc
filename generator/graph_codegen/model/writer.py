"""A model → normalised CSDL: facts only, each in one spelling, and the same bytes for the same model.

Normalised means full names without aliases, inline annotations, canonical order, and no descriptive text.
Reading it again gives an equal model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from lxml import etree

from graph_codegen.csdl.ast import (
    EDM,
    EDMX,
    Annotation,
    Collection,
    Constant,
    Dynamic,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    ReturnType,
    StructuredType,
    Term,
    TypeDeclaration,
    split_name,
)
from graph_codegen.csdl.vocabulary import DESCRIPTIVE_PROPERTIES, is_descriptive
from graph_codegen.model.canonical import ordered
from graph_codegen.model.model import Model

_Element = etree._Element  # pyright: ignore[reportPrivateUsage] lxml has no public name for it

_DEFAULT: Any = {None: EDM[1:-1]}  # the stubs know no default namespace

_Declared = TypeDeclaration | Operation | Term | EntityContainer


def write(model: Model) -> bytes:
    """Return the normalised CSDL document of a model, UTF-8 encoded, indented by two."""
    root = etree.Element(f"{EDMX}Edmx", {"Version": "4.0"}, nsmap={"edmx": EDMX[1:-1]})
    services = etree.SubElement(root, f"{EDMX}DataServices")
    model = ordered(model)
    everything: list[_Declared] = [*model.types.values(), *model.operations, *model.terms]
    if model.container:
        everything.append(model.container)
    declared = sorted(everything, key=lambda item: (split_name(item.name)[0], _rank(item)))
    for namespace, items in groupby(declared, key=lambda item: split_name(item.name)[0]):
        schema = etree.SubElement(
            services, f"{EDM}Schema", {"Namespace": namespace}, nsmap=_DEFAULT
        )
        for item in items:
            _declaration(schema, item)
    etree.indent(root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _rank(item: _Declared) -> int:
    """Return the rank of a declaration: types first, then operations, then terms, the container last."""
    return (EnumType, StructuredType, Operation, Term, EntityContainer).index(type(item))


def _declaration(schema: _Element, item: _Declared) -> None:
    match item:
        case EnumType():
            _enum_type(schema, item)
        case StructuredType():
            _structured_type(schema, item)
        case Operation():
            _operation(schema, item)
        case Term():
            _term(schema, item)
        case EntityContainer():
            _container(schema, item)


def _add(parent: _Element, tag: str, attributes: Mapping[str, str | None]) -> _Element:
    """Add an element with the attributes that have a value, in the given order."""
    present = {name: value for name, value in attributes.items() if value is not None}
    return etree.SubElement(parent, EDM + tag, present)


def _true(flag: bool | None) -> str | None:
    """Spell a flag whose default is false: it is written only if it is set."""
    return "true" if flag else None


def _flag(flag: bool | None) -> str | None:
    return None if flag is None else str(flag).lower()


def _enum_type(schema: _Element, item: EnumType) -> None:
    element = _add(
        schema,
        "EnumType",
        {
            "Name": split_name(item.name)[1],
            "UnderlyingType": None if item.underlying == "Edm.Int32" else item.underlying,
            "IsFlags": _true(item.is_flags),
        },
    )
    for member in item.members:
        value = None if member.value is None else str(member.value)
        child = _add(element, "Member", {"Name": member.name, "Value": value})
        _annotations(child, member.annotations)
    _annotations(element, item.annotations)


def _structured_type(schema: _Element, item: StructuredType) -> None:
    element = _add(
        schema,
        item.kind,
        {
            "Name": split_name(item.name)[1],
            "BaseType": item.base or None,
            "Abstract": _true(item.abstract),
            "OpenType": _true(item.open),
            "HasStream": _true(item.has_stream),
        },
    )
    if item.key:
        key = _add(element, "Key", {})
        for name in item.key:
            _add(key, "PropertyRef", {"Name": name})
    for property_ in item.properties:
        _typed(element, "Property", property_)
    for navigation in item.navigation:
        _navigation(element, navigation)
    _annotations(element, item.annotations)


def _typed(parent: _Element, tag: str, item: Property | Parameter) -> None:
    attributes = {"Name": item.name, "Type": str(item.type), "Nullable": _flag(item.nullable)}
    _annotations(_add(parent, tag, attributes | dict(item.facets)), item.annotations)


def _navigation(parent: _Element, item: NavigationProperty) -> None:
    attributes = {
        "Name": item.name,
        "Type": str(item.type),
        "Nullable": _flag(item.nullable),
        "Partner": item.partner or None,
        "ContainsTarget": _true(item.contains_target),
    }
    _annotations(_add(parent, "NavigationProperty", attributes), item.annotations)


def _operation(schema: _Element, item: Operation) -> None:
    element = _add(
        schema,
        item.kind,
        {
            "Name": split_name(item.name)[1],
            "IsBound": _true(item.is_bound),
            "IsComposable": _true(item.is_composable),
            "EntitySetPath": item.entity_set_path or None,
        },
    )
    for parameter in item.parameters:
        _typed(element, "Parameter", parameter)
    if item.returns:
        _return_type(element, item.returns)
    _annotations(element, item.annotations)


def _return_type(parent: _Element, item: ReturnType) -> None:
    attributes = {"Type": str(item.type), "Nullable": _flag(item.nullable)}
    element = _add(parent, "ReturnType", attributes | dict(item.facets))
    _annotations(element, item.annotations)


def _term(schema: _Element, item: Term) -> None:
    attributes = {
        "Name": split_name(item.name)[1],
        "Type": str(item.type),
        "Nullable": _flag(item.nullable),
        "AppliesTo": item.applies_to or None,
    }
    _annotations(_add(schema, "Term", attributes), item.annotations)


def _container(schema: _Element, item: EntityContainer) -> None:
    element = _add(schema, "EntityContainer", {"Name": split_name(item.name)[1]})
    for source in item.sources:
        _entity_source(element, source)
    for imported in item.imports:
        attributes = {
            "Name": imported.name,
            imported.kind.removesuffix("Import"): imported.operation,
        }
        _annotations(_add(element, imported.kind, attributes), imported.annotations)
    _annotations(element, item.annotations)


def _entity_source(parent: _Element, item: EntitySource) -> None:
    type_attribute = "EntityType" if item.kind == "EntitySet" else "Type"
    element = _add(parent, item.kind, {"Name": item.name, type_attribute: item.type})
    for binding in item.bindings:
        _add(
            element,
            "NavigationPropertyBinding",
            {"Path": binding.path, "Target": binding.target},
        )
    _annotations(element, item.annotations)


# -- annotations


def _annotations(parent: _Element, annotations: Iterable[Annotation]) -> None:
    for annotation in sorted(annotations, key=lambda a: (a.term, a.qualifier)):
        if is_descriptive(annotation.term):
            continue
        attributes = {"Term": annotation.term, "Qualifier": annotation.qualifier or None}
        _value(_add(parent, "Annotation", attributes), annotation.value)


def _value(parent: _Element, value: Expression | None) -> None:
    """Write the value of an annotation or record property: constants as attributes where CSDL allows it."""
    match value:
        case Constant(kind, text) if kind != "EnumMember":
            parent.set(kind, text)
        case None:
            pass
        case _:
            _expression(parent, value)


def _expression(parent: _Element, value: Expression) -> None:
    match value:
        case Constant(kind, text):
            _add(parent, kind, {}).text = text
        case Record(values, type_name):
            record = _add(parent, "Record", {"Type": type_name or None})
            for name, item in values:
                if name not in DESCRIPTIVE_PROPERTIES:
                    _value(_add(record, "PropertyValue", {"Property": name}), item)
        case Collection(items):
            collection = _add(parent, "Collection", {})
            for item in items:
                _expression(collection, item)
        case Dynamic(kind, attributes, items, text):
            dynamic = _add(parent, kind, dict(attributes))
            dynamic.text = text or None
            for item in items:
                _expression(dynamic, item)
