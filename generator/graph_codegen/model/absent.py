"""What only documents declare that another refers to (CSDL 4.1), and that are not there.

What has a type of such a document is untyped, and a navigation to such a type leads to any entity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from graph_codegen.csdl.ast import (
    ENTITY,
    Document,
    EntityContainer,
    NavigationProperty,
    Parameter,
    Property,
    Reference,
    ReturnType,
    StructuredType,
    Term,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.errors import Diagnostic

_Typed = TypeVar("_Typed", Property, NavigationProperty, Parameter, ReturnType, Term)

_VOCABULARIES = "Org.OData."
"""What the vocabularies of OData begin with: terms, of which the generator knows those that matter."""


class Absent:
    """The types of documents that are not there, as far as the others refer to them."""

    def __init__(self, documents: Iterable[Document]) -> None:
        documents = tuple(documents)
        self._declared = frozenset(_declared(documents))
        self._references = {
            namespace: reference
            for reference in _missing(documents)
            for namespace in reference.namespaces
        }
        self._untyped: Counter[Reference] = Counter()

    def has(self, name: str) -> bool:
        """Whether only an absent document declares a type."""
        return name.rpartition(".")[0] in self._references and name not in self._declared

    def untyped(self, item: _Typed, ref: TypeRef) -> _Typed:
        """Return an item whose type is absent without its type, and count it."""
        self._untyped[self._reference(ref.name)] += 1
        if isinstance(item, NavigationProperty):
            return replace(item, type=TypeRef(ENTITY, ref.collection), contains_target=False)
        return replace(item, type=TypeRef("Edm.Untyped", ref.collection))

    def needed(
        self, types: Mapping[str, TypeDeclaration], container: EntityContainer | None
    ) -> Mapping[str, str]:
        """Return the absent types that nothing can stand in for, with the addresses of their documents.

        They are those that other types derive from, and those of entity sets and singletons.
        """
        bases = (t.base for t in types.values() if isinstance(t, StructuredType))
        sources = (source.type for source in (container.sources if container else ()))
        return {name: self._reference(name).uri for name in (*bases, *sources) if self.has(name)}

    def notes(self) -> tuple[Diagnostic, ...]:
        """Return a note for each absent document."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[Diagnostic]:
        for reference in dict.fromkeys(self._references.values()):
            number = self._untyped[reference]
            if number or not all(n.startswith(_VOCABULARIES) for n in reference.namespaces):
                names = ", ".join(reference.namespaces)
                lost = f", without which {number:,} properties, parameters and results are untyped"
                message = f"refers to {reference.uri} for {names}{lost if number else ''}"
                yield Diagnostic(f"{message}: --reference gives it", reference.place)

    def _reference(self, name: str) -> Reference:
        return self._references[name.rpartition(".")[0]]


def _declared(documents: Iterable[Document]) -> Iterator[str]:
    for schema in (s for document in documents for s in document.schemas):
        yield from (declared.name for declared in (*schema.types, *schema.definitions))


def _missing(documents: tuple[Document, ...]) -> Iterator[Reference]:
    """Yield the references of documents to what none of the others declares."""
    for document in documents:
        there = {s.namespace for other in documents if other is not document for s in other.schemas}
        for reference in document.references:
            if reference.namespaces and not there.issuperset(reference.namespaces):
                yield reference
