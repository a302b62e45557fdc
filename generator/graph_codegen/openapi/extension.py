"""`x-graph`, in which this generator writes down what it knows of CSDL → the same declarations again.

An object has the fields of a declaration of `csdl.ast` in camel case, without those that are as by default;
an expression has the name of its element as its key. Anything else is refused: names become code.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from graph_codegen.csdl import ast
from graph_codegen.csdl.ast import (
    Annotation,
    Binding,
    Collection,
    Constant,
    Dynamic,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    Member,
    NavigationProperty,
    Operation,
    OperationImport,
    Parameter,
    Property,
    Record,
    StructuredType,
    Term,
    TypeDeclaration,
    TypeRef,
    parse_type_ref,
)
from graph_codegen.csdl.identifiers import is_dotted_name, is_path, is_simple_name
from graph_codegen.csdl.reader import CONSTANTS, DYNAMIC, FACETS
from graph_codegen.errors import CodegenError, Place, error
from graph_codegen.limits import LEVELS
from graph_codegen.openapi.components import Components
from graph_codegen.openapi.schemas import Count
from graph_codegen.openapi.values import items, members, text
from graph_codegen.text import shorten

EXTENSION = "x-graph"
"""The key of the extension: of the document, of schemas and of properties."""

_Declared = TypeVar("_Declared")

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the extensions of a document describe; `partial` as of `Document`."""

    types: tuple[TypeDeclaration, ...]
    operations: tuple[Operation, ...]
    terms: tuple[Term, ...]
    container: EntityContainer | None
    partial: bool


def read_extensions(components: Components, file: str) -> Described:
    """Return what the extensions describe. Raises CodegenError for what is not understood."""
    reader = _Reader(file)
    root = members(components.root[EXTENSION])
    schemas = map(members, components.schemas.values())
    found = root.get("container")
    return Described(
        types=tuple(reader.declared_type(s) for s in schemas if EXTENSION in s),
        operations=tuple(reader.declaration(Operation, o) for o in items(root.get("operations"))),
        terms=tuple(reader.declaration(Term, t) for t in items(root.get("terms"))),
        container=None if found is None else reader.declaration(EntityContainer, found),
        partial=root.get("partial") is True,
    )


class _Reader:
    def __init__(self, file: str) -> None:
        self._place = Place(file)
        self._count = Count(file)
        self._fields: dict[str, Mapping[str, tuple[Field[Any], Any]]] = {}

    def declared_type(self, schema: dict[str, object]) -> TypeDeclaration:
        """Return the type of a schema, whose properties have extensions of their own."""
        extension = dict(members(schema[EXTENSION]))
        self._count.add(1 + len(items(extension.get("members"))))
        if extension.get("kind") == EnumType.kind:
            del extension["kind"]
            return self.declaration(EnumType, extension)
        hidden = members(extension.pop("resources", {}))
        found = {name: members(item) for name, item in hidden.items()}
        for part in (schema, *map(members, items(schema.get("allOf")))):
            for name, item in members(part.get("properties")).items():
                if EXTENSION in members(item):
                    found[name] = members(members(item)[EXTENSION])
        self._count.add(len(found))
        properties: list[object] = []
        navigation: list[object] = []
        for name, item in found.items():
            kind = item.get("kind", Property.__name__)
            own = {key: value for key, value in item.items() if key != "kind"} | {"name": name}
            (navigation if kind == NavigationProperty.__name__ else properties).append(own)
        more = {"properties": properties, "navigation": navigation}
        return self.declaration(StructuredType, extension | more)

    def declaration(self, cls: type[_Declared], value: object) -> _Declared:
        """Return the declaration that an object describes."""
        return self._object(cls, value, 0)

    def error(self, message: str) -> CodegenError:
        """Return the error for an extension that is not understood."""
        return error(f"{EXTENSION} is not understood: {message}", self._place)

    def _object(self, cls: type[_Declared], value: object, depth: int) -> _Declared:
        if depth > LEVELS:
            raise self.error(f"more than {LEVELS} levels")
        if not isinstance(value, dict):
            raise self.error(f"{cls.__name__} is not an object")
        known = self._fields.get(cls.__name__)
        if known is None:
            known = self._fields[cls.__name__] = _fields(cls)
        given = members(cast("object", value))
        for name in given:
            if name not in known:
                raise self.error(f"{cls.__name__} has no {shorten(name)}")
        read: dict[str, object] = {}
        for name, (field, hint) in known.items():
            if name in given:
                read[field.name] = self._field(cls, field, hint, given[name], depth)
            elif field.default is MISSING:
                raise self.error(f"{cls.__name__} lacks its {name}")
        if "place" in cls.__dataclass_fields__:  # type: ignore[attr-defined]
            read["place"] = self._place
        return cls(**read)

    def _field(self, cls: type, field: Field[Any], hint: Any, value: object, depth: int) -> object:
        read = self._value(hint, value, depth)
        valid = _VALID.get((cls, field.name)) or _VALID.get((None, field.name))
        checked: object = read.name if isinstance(read, TypeRef) else read
        every = cast("tuple[object, ...]", checked) if isinstance(checked, tuple) else (checked,)
        for one in every if valid else ():
            if one != field.default and valid and not valid(one):
                told = shorten(str(one))
                raise self.error(f"the {field.name} of {cls.__name__} cannot be {told!r}")
        return read

    def _value(self, hint: Any, value: object, depth: int) -> object:
        """Return a value of a field, whose type is that of the field."""
        if hint is TypeRef:
            return parse_type_ref(text(value))
        if get_origin(hint) in (Union, types.UnionType):
            choices = {*get_args(hint)}
            if value is None and type(None) in choices:
                return None
            if choices >= {*get_args(Expression)}:
                return self._expression(value, depth + 1)
            (one,) = choices - {type(None)}
            return self._value(one, value, depth)
        if get_origin(hint) is Literal:
            if value not in get_args(hint):
                raise self.error(f"{shorten(str(value))} is none of {', '.join(get_args(hint))}")
            return value
        if get_origin(hint) is tuple:
            return self._values(get_args(hint)[0], value, depth)
        if hint in (str, bool, int):
            if type(value) is not hint:
                raise self.error(f"{shorten(str(value))} is no {cast('Any', hint).__name__}")
            return value
        return self._object(cast("type[object]", hint), value, depth + 1)

    def _values(self, hint: Any, value: object, depth: int) -> tuple[object, ...]:
        if get_origin(hint) is tuple:  # pairs, which are an object
            return tuple((name, text(item)) for name, item in members(value).items())
        return tuple(self._value(hint, item, depth) for item in items(value))

    def _expression(self, value: object, depth: int) -> Expression:
        found = members(value)
        kind = next(iter(found), "")
        inner = found.get(kind)
        if depth > LEVELS:
            raise self.error(f"more than {LEVELS} levels")
        if kind in CONSTANTS and isinstance(inner, str):
            return Constant(kind, inner)
        if kind == Record.__name__:
            values = members(inner)
            if not all(map(is_simple_name, values)):
                raise self.error("a record has a value whose name is none")
            read = ((name, self._expression(item, depth + 1)) for name, item in values.items())
            type_name = text(found.get("Type"))
            if type_name and not is_dotted_name(type_name):
                raise self.error("the type of a record is no name")
            return Record(tuple(sorted(read, key=lambda one: one[0])), type_name)
        if kind == Collection.__name__:
            return Collection(tuple(self._expression(item, depth + 1) for item in items(inner)))
        if kind in DYNAMIC:
            dynamic = self._object(Dynamic, {**members(inner), "kind": kind}, depth + 1)
            if any(name not in DYNAMIC[kind] for name, _ in dynamic.attributes):
                raise self.error(f"{kind} has an attribute that it cannot have")
            return dynamic
        raise self.error(f"{shorten(kind) or 'nothing'} is no expression")


def _fields(cls: type[Any]) -> Mapping[str, tuple[Field[Any], Any]]:
    """Return the fields of a declaration, with their types, by the names that the extension has for them."""
    hints = get_type_hints(cls, {**vars(ast)})
    return {
        _camel_case(field.name): (field, hints[field.name])
        for field in fields(cls)
        if field.name != "place"
    }


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


_Check = Callable[[Any], bool]

_SIMPLE = (
    Binding, EntitySource, Member, NavigationProperty, OperationImport, Parameter, Property,
)  # fmt: skip
_DOTTED = (EnumType, Operation, StructuredType, Term)

_VALID: Mapping[tuple[type | None, str], _Check] = {
    **{(cls, "name"): is_simple_name for cls in _SIMPLE},
    **{(cls, "name"): is_dotted_name for cls in _DOTTED},
    (EntityContainer, "name"): lambda name: not name or is_dotted_name(name),
    (OperationImport, "operation"): is_dotted_name,
    (Annotation, "qualifier"): is_dotted_name,
    (Annotation, "term"): is_dotted_name,
    (Member, "value"): lambda value: value is None or value in _INT64,
    (None, "base"): is_dotted_name,
    (None, "entity_set_path"): is_path,
    (None, "facets"): lambda facet: facet[0] in FACETS,
    (None, "key"): is_path,
    (None, "partner"): is_path,
    (None, "path"): is_path,
    (None, "target"): is_path,
    (None, "type"): is_dotted_name,
    (None, "underlying"): is_dotted_name,
}
"""What the values of fields must be, of one kind of declaration or of all (None)."""
