"""CSDL XML to declarations: every element and attribute is either read or reported.

Source: OASIS OData CSDL XML Representation 4.01. Names stay as spelled; `resolve` makes them full.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from graph_codegen.csdl import xml
from graph_codegen.csdl.ast import (
    Annotation,
    Binding,
    Document,
    EntityContainer,
    EntitySource,
    Operation,
    Parameter,
    ReturnType,
    Schema,
    Term,
    TypeDeclaration,
)
from graph_codegen.csdl.elements import EDMX, FACETS, RESERVED, parse_type_ref, place_of, shown
from graph_codegen.csdl.types import TypeReader
from graph_codegen.csdl.xml import Element
from graph_codegen.errors import Place, error

__all__ = ["parse_type_ref", "read", "read_file"]


def read_file(path: Path) -> Document:
    """Read a CSDL document from a file. Raises CodegenError when it cannot be read or is not CSDL."""
    return read(xml.load(path), xml.name(path))


def read(data: bytes, file: str) -> Document:
    """Read a CSDL document.

    `file` is what messages call it. Returns the declarations and a diagnostic for everything that
    was not understood. Raises CodegenError for what is not XML, XML that is not CSDL, and a name
    that is none.
    """
    root = xml.parse(data, file)
    if root.tag != f"{EDMX}Edmx":
        raise error(
            f"not a CSDL document: the root element is {shown(str(root.tag))}, not edmx:Edmx",
            place_of(root, file),
        )
    return _DocumentReader(file).document(root, hashlib.sha256(data).hexdigest())


class _DocumentReader(TypeReader):
    def document(self, root: Element, sha256: str) -> Document:
        self._attributes(root, "Version")
        aliases: list[tuple[str, str]] = []
        schemas: list[Schema] = []
        for name, child in self._children(root, "DataServices", "Reference", namespace=EDMX):
            if name == "Reference":
                aliases.extend(self._includes(child))
            else:
                self._attributes(child)
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
            self._empty(include)
            if "Alias" in attributes:
                yield self._name(include, "Alias"), self._full_name(include, "Namespace")

    def _schema(self, element: Element) -> Schema:
        attributes = self._attributes(element, "Namespace", "Alias")
        namespace = self._full_name(element, "Namespace")
        for name in (namespace.partition(".")[0], attributes.get("Alias")):
            if name in RESERVED:
                raise self._error(f"a schema cannot call itself {name} (CSDL 5.1)", element)
        types: list[TypeDeclaration] = []
        operations: list[Operation] = []
        terms: list[Term] = []
        containers: list[EntityContainer] = []
        targets: list[tuple[str, tuple[Annotation, ...], Place]] = []
        for tag, child in self._children(
            element, "EnumType", "EntityType", "ComplexType", "Action", "Function", "Term",
            "EntityContainer", "Annotations",
        ):  # fmt: skip
            if tag == "Annotations":
                targets.append(self._annotations(child))
                continue
            name = f"{namespace}.{self._name(child)}"
            match tag:
                case "EnumType":
                    types.append(self._enum_type(child, name))
                case "EntityType" | "ComplexType":
                    types.append(self._structured_type(child, name, tag))
                case "Action" | "Function":
                    operations.append(self._operation(child, name, tag))
                case "Term":
                    terms.append(self._term(child, name))
                case _:
                    containers.append(self._container(child, name))
        if len(containers) > 1:
            raise error("a schema holds at most one EntityContainer", containers[1].place)
        return Schema(
            namespace,
            self._name(element, "Alias") if "Alias" in attributes else "",
            tuple(types),
            tuple(operations),
            tuple(terms),
            containers[0] if containers else None,
            tuple(targets),
        )

    # -- operations and terms

    def _operation(self, element: Element, name: str, kind: str) -> Operation:
        only_function = ("IsComposable",) if kind == "Function" else ()
        self._attributes(element, "Name", "IsBound", "EntitySetPath", *only_function)
        parameters: list[Parameter] = []
        returns: list[ReturnType] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "Parameter", "ReturnType", "Annotation"):
            match tag:
                case "Parameter":
                    parameters.append(self._parameter(child))
                case "ReturnType":
                    returns.append(self._return_type(child))
                case _:
                    annotations.append(self._annotation(child))
        is_bound = bool(self._flag(element, "IsBound"))
        if is_bound and not parameters:
            raise self._error(f"{kind} is bound and has no parameter to be bound by", element)
        if len(returns) > 1:
            raise self._error(f"{kind} has more than one ReturnType", element)
        return Operation(
            "Action" if kind == "Action" else "Function",
            name,
            tuple(parameters),
            returns[0] if returns else None,
            is_bound,
            bool(self._flag(element, "IsComposable")),
            self._path(element, "EntitySetPath"),
            tuple(annotations),
            self._place(element),
        )

    def _parameter(self, element: Element) -> Parameter:
        attributes = self._attributes(element, "Name", "Type", "Nullable", *FACETS)
        return Parameter(
            self._name(element),
            self._type_ref(element),
            self._flag(element, "Nullable"),
            self._facets(attributes),
            self._inline(element),
            self._place(element),
        )

    def _return_type(self, element: Element) -> ReturnType:
        attributes = self._attributes(element, "Type", "Nullable", *FACETS)
        return ReturnType(
            self._type_ref(element),
            self._flag(element, "Nullable"),
            self._facets(attributes),
            self._inline(element),
            self._place(element),
        )

    def _term(self, element: Element, name: str) -> Term:
        self._attributes(element, "Name", "Type", "Nullable", "AppliesTo")
        return Term(
            name,
            self._type_ref(element),
            self._flag(element, "Nullable"),
            self._path(element, "AppliesTo"),
            self._inline(element),
            self._place(element),
        )

    # -- container

    def _container(self, element: Element, name: str) -> EntityContainer:
        self._attributes(element, "Name")
        sources: list[EntitySource] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "EntitySet", "Singleton", "Annotation"):
            if tag == "Annotation":
                annotations.append(self._annotation(child))
            else:
                sources.append(self._entity_source(child, tag))
        return EntityContainer(name, tuple(sources), tuple(annotations), self._place(element))

    def _entity_source(self, element: Element, kind: str) -> EntitySource:
        type_attribute = "EntityType" if kind == "EntitySet" else "Type"
        self._attributes(element, "Name", type_attribute)
        bindings: list[Binding] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "NavigationPropertyBinding", "Annotation"):
            if tag == "Annotation":
                annotations.append(self._annotation(child))
            else:
                bindings.append(self._binding(child))
        return EntitySource(
            "EntitySet" if kind == "EntitySet" else "Singleton",
            self._name(element),
            self._full_name(element, type_attribute),
            tuple(bindings),
            tuple(annotations),
            self._place(element),
        )

    def _binding(self, element: Element) -> Binding:
        self._attributes(element, "Path", "Target")
        self._empty(element)
        return Binding(
            self._path(element, "Path", required=True),
            self._path(element, "Target", required=True),
            self._place(element),
        )
