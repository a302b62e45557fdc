"""The extension `x-graph` of OpenAPI documents: the declarations of CSDL, as JSON.

A declaration is an object of the fields that `csdl.ast` gives it, in camel case, without its place and what
is as by default. References to types are spelled as in CSDL, an expression is an object with the name of its
element as the key (`{"Bool": "false"}`), and pairs are an object. So nothing that a declaration says is lost,
whatever OpenAPI can express of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from graph_codegen.csdl.ast import (
    Annotation,
    Collection,
    Constant,
    Dynamic,
    EnumType,
    Expression,
    NavigationProperty,
    Property,
    Record,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.csdl.vocabulary import DESCRIPTIVE_PROPERTIES, REVISIONS, is_descriptive
from graph_codegen.emit.names import is_attribute
from graph_codegen.model.model import Model

EXTENSION = "x-graph"
"""The key of the extension."""

JSON = dict[str, Any]

_MEMBERS = frozenset({"properties", "navigation"})


@dataclass(frozen=True, slots=True)
class Extensions:
    """Writes the extensions of a document; `described` says whether they hold its own descriptions."""

    described: bool = False

    def of_type(self, declared: TypeDeclaration) -> JSON:
        """Return the extension of the schema of a type.

        Its properties have extensions of their own, except for those that no JSON has, such as streams.
        """
        if isinstance(declared, EnumType):
            return {"kind": declared.kind, **self.of_declaration(declared)}
        hidden = {m.name: self.of_member(m) for m in declared.members() if not is_attribute(m)}
        own = self.of_declaration(declared, without=_MEMBERS)
        return own | ({"resources": hidden} if hidden else {})

    def of_member(self, item: Property | NavigationProperty) -> JSON:
        """Return the extension of the schema of a property."""
        kind = {"kind": "NavigationProperty"} if isinstance(item, NavigationProperty) else {}
        return kind | self.of_declaration(item, without=("name",))

    def of_model(self, model: Model) -> JSON:
        """Return the extension of the document: what a model declares besides types."""
        return {
            **({"container": self.of_declaration(model.container)} if model.container else {}),
            "operations": [self.of_declaration(operation) for operation in model.operations],
            "terms": [self.of_declaration(term) for term in model.terms],
            **({"partial": True} if model.partial else {}),
        }

    def of_declaration(self, item: object, without: Iterable[str] = ()) -> JSON:
        """Return a declaration of `csdl.ast`, without some of its fields."""
        values = {
            field.name: getattr(item, field.name)
            for field in fields(cast("Any", item))
            if field.compare and field.name not in without
            if getattr(item, field.name) != field.default
        }
        return {_camel_case(name): self._value(value) for name, value in values.items()}

    def _value(self, value: object) -> object:
        match value:
            case TypeRef():
                return str(value)
            case Constant() | Record() | Collection() | Dynamic():
                return self._expression(value)
            case tuple():
                items = cast("tuple[object, ...]", value)
                if all(isinstance(item, tuple) for item in items):
                    return dict(cast("tuple[tuple[str, str], ...]", items))
                return [self._value(item) for item in items if not self._is_left_out(item)]
            case Annotation(term) if term == REVISIONS:  # which say why something is deprecated
                return Extensions(described=True).of_declaration(value)
            case _:
                return self.of_declaration(value) if is_dataclass(value) else value

    def _is_left_out(self, item: object) -> bool:
        return isinstance(item, Annotation) and not self.described and is_descriptive(item.term)

    def _expression(self, value: Expression) -> JSON:
        match value:
            case Constant(kind, text):
                return {kind: text}
            case Record(values, type_name):
                left_out = frozenset[str]() if self.described else DESCRIPTIVE_PROPERTIES
                kept = ((name, item) for name, item in values if name not in left_out)
                record = {name: self._expression(item) for name, item in kept}
                return {"Record": record} | ({"Type": type_name} if type_name else {})
            case Collection(items):
                return {"Collection": [self._expression(item) for item in items]}
            case Dynamic(kind):
                return {kind: self.of_declaration(value, without=("kind",))}


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))
