"""A document as it was read → one resolved model: full names, and one declaration per name.

Aliases are document-wide (CSDL 5.2): Graph declares `self` in one schema and uses it in others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import chain
from typing import TypeVar

from graph_codegen.csdl.ast import (
    Annotation,
    Binding,
    Collection,
    Constant,
    Document,
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
    ReturnType,
    Schema,
    StructuredType,
    Term,
    TypeDeclaration,
    TypeDefinition,
    TypeRef,
    parse_type_ref,
)
from graph_codegen.csdl.vocabulary import holds_names
from graph_codegen.errors import CodegenError, Diagnostic, Place, bounded, error
from graph_codegen.limits import ALL_ANNOTATIONS, ANNOTATIONS, EXPANDED
from graph_codegen.model.absent import Absent
from graph_codegen.model.model import Model
from graph_codegen.model.validate import (
    PRIMITIVES,
    find_unresolved_references,
    validate_model,
)


def resolve(document: Document, *references: Document) -> Model:
    """Return the resolved model of a document, with what is in the documents that it refers to.

    What is given more than once is taken once. The model has the document's diagnostics, and one for each
    reference and annotation whose target is not declared, and for each term declared again, of which the
    first is kept. Raises CodegenError where there can be no model: for any other name declared twice, an
    alias of two namespaces, base types that are invalid, in a cycle or too deep, and too many diagnostics.
    """
    others = {one.sha256: one for one in references if one.sha256 != document.sha256}
    return _Resolver(document, (*others.values(),)).model()


def _aliases(document: Document) -> Mapping[str, str]:
    aliases: dict[str, str] = {}
    for alias, namespace in document.aliases:
        if aliases.setdefault(alias, namespace) != namespace:
            message = f"the alias {alias} stands for both {aliases[alias]} and {namespace}"
            raise CodegenError(Diagnostic(message, Place(document.file)))
    return aliases


_OVERLOAD = re.compile(r"(?P<name>[^(/]+)\((?P<types>.*)\)(?P<rest>.*)")
"""An annotation target that names one overload: `ns.mute(ns.call, Edm.String)/clientContext`."""


_Member = TypeVar("_Member", Property, NavigationProperty)
_Typed = TypeVar("_Typed", Property, NavigationProperty, Parameter, ReturnType, Term)
_Annotated = TypeVar(
    "_Annotated", EnumType, Member, StructuredType, Property, NavigationProperty, Operation,
    Parameter, ReturnType, Term, EntityContainer, EntitySource,
    OperationImport,
)  # fmt: skip


_NAMES = frozenset(
    {
        "AnnotationPath", "EnumMember", "ModelElementPath", "NavigationPropertyPath", "Path",
        "PropertyPath",
    }
)  # fmt: skip
"""Constants that consist of names (CSDL 14.3.7, 14.4.1)."""

_QUALIFIED = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)+")


@dataclass(frozen=True, slots=True)
class _Placed:
    """The annotations on an out-of-line target, and its place."""

    place: Place
    annotations: list[Annotation] = field(default_factory=list[Annotation])


class _Resolver:
    """Resolves documents one after the other: an alias holds in its own document."""

    def __init__(self, document: Document, references: Sequence[Document]) -> None:
        self._document = document
        self._expanded = 0
        self._annotations = 0
        self._documents = (document, *references)
        self._aliases: Mapping[str, str] = {}
        self._absent = Absent(self._documents)
        self._definitions = self._type_definitions()
        self._targets = self._group_targets()
        self._used: set[str] = set()

    def _schemas(self) -> Iterator[Schema]:
        """Yield the schemas of all documents, each while the aliases are those of its document."""
        for document in self._documents:
            self._aliases = _aliases(document)
            yield from document.schemas

    def model(self) -> Model:
        types: dict[str, TypeDeclaration] = {}
        operations: list[Operation] = []
        containers: dict[str, EntityContainer] = {}
        terms: dict[str, Term] = {}
        again: list[Diagnostic] = []
        for schema in self._schemas():
            self._add_types(types, schema.types)
            operations += map(self._operation, schema.operations)
            if schema.container:
                containers[schema.container.name] = self._container(schema.container)
            again += self._add_terms(terms, schema.terms)
        container = self._one_container(containers)
        model = Model(
            types=types,
            operations=tuple(operations),
            terms=tuple(terms.values()),
            container=container,
            partial=self._document.partial,
            absent=self._absent.needed(types, container),
        )
        validate_model(model)
        own = (d for document in self._documents for d in document.diagnostics)
        unknown, on_paths = self._unused(model)
        found = chain(own, again, unknown, find_unresolved_references(model))
        notes = (*self._absent.notes(), *on_paths)
        return replace(model, diagnostics=bounded(found), notes=notes)

    def _one_container(self, containers: Mapping[str, EntityContainer]) -> EntityContainer | None:
        """Return the container of the document, with the children of those that it extends (CSDL 13.1.1)."""
        extended = {container.extends for container in containers.values()} - {""}
        own = (schema.container for schema in self._document.schemas if schema.container)
        found = [containers[item.name] for item in own if item.name not in extended]
        if len(found) > 1:
            message = "a document holds at most one EntityContainer that no other extends"
            raise CodegenError(Diagnostic(message, found[1].place))
        chain = {item.name: item for item in found}
        lost = found[0].extends if found else ""
        while lost and lost in containers and lost not in chain:
            chain[lost] = containers[lost]
            lost = containers[lost].extends
        if (lost and lost in chain) or (not chain and extended):
            message = "containers extend each other"
            raise CodegenError(Diagnostic(message, Place(self._document.file)))
        if not chain:
            return None
        every = [*reversed(chain.values())]
        return replace(
            found[0],
            sources=tuple(
                replace(
                    source, bindings=tuple(self._targets_in(chain, source.bindings, containers))
                )
                for item in every
                for source in item.sources
            ),
            imports=tuple(item for one in every for item in one.imports),
            extends="" if self._absent.has(lost) else lost,
        )

    def _targets_in(
        self, chain: Container[str], bindings: Iterable[Binding], known: Container[str]
    ) -> Iterator[Binding]:
        """Yield the bindings to what is in a chain of containers, without its name in front (CSDL 13.4.2).

        Those to other services, whose containers another document has, are dropped.
        """
        for binding in bindings:
            head, slash, rest = binding.target.partition("/")
            if head in chain and slash:
                yield replace(binding, target=rest)
            elif head not in known and not self._absent.has(head):
                yield binding

    def _add_terms(self, terms: dict[str, Term], declared: Iterable[Term]) -> Iterator[Diagnostic]:
        for term in declared:
            if first := terms.get(term.name):
                message = f"declared twice: the first one is kept, at {first.place}"
                yield Diagnostic(message, term.place, term.name)
            else:
                terms[term.name] = self._term(term)

    def _type_definitions(self) -> Mapping[str, TypeDefinition]:
        definitions: dict[str, TypeDefinition] = {}
        for item in (d for schema in self._schemas() for d in schema.definitions):
            if item.name in definitions:
                raise _twice(item, definitions[item.name])
            if item.underlying not in PRIMITIVES:
                message = f"the underlying type {item.underlying} is not a primitive type"
                raise CodegenError(Diagnostic(message, item.place, item.name))
            definitions[item.name] = item
        return definitions

    # -- names

    def _full(self, name: str) -> str:
        """Replace what is in front of the last dot if it is an alias."""
        head, _, simple = name.rpartition(".")
        namespace = self._aliases.get(head)
        if namespace is None:
            return name
        self._expanded += len(namespace) - len(head)
        if self._expanded > EXPANDED:
            message = f"aliases such as {head} stand for more than {EXPANDED:,} characters"
            raise error(message, self._document.file)
        return f"{namespace}.{simple}"

    def _ref(self, ref: TypeRef) -> TypeRef:
        full = self._full(ref.name)
        return ref if full == ref.name else TypeRef(full, ref.collection)

    def _target(self, target: str) -> str:
        """Normalise an annotation target: full names, and one spelling for the signature of an overload."""
        overload = _OVERLOAD.fullmatch(target)
        if not overload:
            return self._path(target)
        types = (parse_type_ref(text.strip()) for text in overload["types"].split(","))
        signature = ", ".join(str(self._ref(ref)) for ref in types if ref.name)
        return f"{self._full(overload['name'])}({signature}){overload['rest']}"

    def _group_targets(self) -> dict[str, _Placed]:
        grouped: dict[str, _Placed] = {}
        for schema in self._schemas():
            for target, found, place in schema.targets:
                placed = grouped.setdefault(self._target(target), _Placed(place))
                placed.annotations.extend(map(self._annotation, found))
        return grouped

    # -- annotations

    def _annotated(self, item: _Annotated, *targets: str) -> _Annotated:
        """Join inline and out-of-line annotations, resolved and sorted by term, qualifier and value.

        The value decides where a document annotates twice with one term, as Graph's does, against CSDL 14.2.
        An item without annotations, like most members, is returned unchanged: copying costs the most here.
        """
        placed: list[Annotation] = []
        for target in targets:
            if target in self._targets:
                self._used.add(target)
                placed += self._targets[target].annotations
        if not placed and not item.annotations:
            return item
        self._refuse_many(item, [*item.annotations, *placed], targets[0])
        found = [*map(self._annotation, item.annotations), *placed]
        found.sort(key=lambda a: (a.term, a.qualifier, repr(a.value)))
        return replace(item, annotations=tuple(found))

    def _refuse_many(self, item: _Annotated, found: Sequence[Annotation], target: str) -> None:
        self._annotations += len(found)
        if len(found) + sum(_count_values(one.value) for one in found) > ANNOTATIONS:
            message = f"more than {ANNOTATIONS:,} annotations, with the values in them"
            raise error(message, item.place, type=target)
        if self._annotations > ALL_ANNOTATIONS:
            message = f"more than {ALL_ANNOTATIONS:,} annotations, counted for each overload"
            raise error(message, item.place, type=target)

    def _annotation(self, item: Annotation) -> Annotation:
        term = self._full(item.term)
        value = self._expression(item.value, named=holds_names(term))
        return Annotation(term, value, item.qualifier, item.place)

    def _expression(self, value: Expression | None, *, named: bool) -> Expression | None:
        """Resolve a value; `named`: texts in it are names."""
        match value:
            case Record():
                return Record(
                    tuple((name, self._present(item, named=named)) for name, item in value.values),
                    self._full(value.type),
                )
            case Collection():
                return Collection(tuple(self._present(item, named=named) for item in value.items))
            case Dynamic(kind, attributes, items, text):
                return Dynamic(
                    kind,
                    tuple((key, self._reference(key, given)) for key, given in attributes),
                    tuple(self._present(item, named=named) for item in items),
                    text,
                )
            case Constant(kind, text) if "." in text and (kind in _NAMES or named):
                return Constant(kind, _QUALIFIED.sub(lambda found: self._full(found[0]), text))
            case _:
                return value

    def _reference(self, attribute: str, text: str) -> str:
        """Resolve the attribute of a dynamic expression; its type and its function have names."""
        if attribute == "Type":
            return str(self._ref(parse_type_ref(text)))
        return self._full(text) if attribute == "Function" else text

    def _present(self, value: Expression, *, named: bool) -> Expression:
        return self._expression(value, named=named) or value

    # -- declarations

    def _add_types(
        self, types: dict[str, TypeDeclaration], declared: Iterable[TypeDeclaration]
    ) -> None:
        for item in declared:
            if first := types.get(item.name) or self._definitions.get(item.name):
                raise _twice(item, first)
            types[item.name] = (
                self._enum_type(item) if isinstance(item, EnumType) else self._structured(item)
            )

    def _enum_type(self, item: EnumType) -> EnumType:
        members = tuple(self._annotated(m, f"{item.name}/{m.name}") for m in item.members)
        return self._annotated(replace(item, members=members), item.name)

    def _structured(self, item: StructuredType) -> StructuredType:
        full = replace(
            item,
            base=self._full(item.base),
            properties=tuple(self._member(item.name, p) for p in item.properties),
            navigation=tuple(self._member(item.name, p) for p in item.navigation),
        )
        return self._annotated(full, item.name)

    def _member(self, owner: str, item: _Member) -> _Member:
        return self._annotated(self._typed(item), f"{owner}/{item.name}")

    def _typed(self, item: _Typed) -> _Typed:
        """Make the name of an item's type full; the item is returned unchanged if it already is.

        A type definition gives way to its underlying type, whose facets it narrows (CSDL 11). A type that
        only an absent document declares is unknown.
        """
        ref = self._ref(item.type)
        if self._absent.has(ref.name):
            return self._absent.untyped(item, ref)
        definition = self._definitions.get(ref.name)
        if definition is None:
            return item if ref is item.type else replace(item, type=ref)
        typed = replace(item, type=TypeRef(definition.underlying, ref.collection))
        if isinstance(typed, (NavigationProperty, Term)):
            return typed
        return replace(
            typed, facets=tuple({**dict(definition.facets), **dict(typed.facets)}.items())
        )

    def _operation(self, item: Operation) -> Operation:
        full = replace(
            item,
            parameters=tuple(map(self._typed, item.parameters)),
            returns=item.returns and self._typed(item.returns),
        )
        # An annotation without a signature applies to all overloads (CSDL 14.2.2).
        owners = (full.name, full.signature)
        annotated = replace(
            full,
            parameters=tuple(
                self._annotated(p, *(f"{owner}/{p.name}" for owner in owners))
                for p in full.parameters
            ),
            returns=full.returns
            and self._annotated(full.returns, *(f"{owner}/$ReturnType" for owner in owners)),
        )
        return self._annotated(annotated, *owners)

    def _term(self, item: Term) -> Term:
        applies_to = " ".join(self._full(name) for name in item.applies_to.split())
        full = replace(self._typed(item), applies_to=applies_to)
        return self._annotated(full, item.name)

    def _container(self, item: EntityContainer) -> EntityContainer:
        extends = self._full(item.extends)
        sources = tuple(self._source(item.name, s) for s in item.sources)
        imports = tuple(
            self._annotated(replace(i, operation=self._full(i.operation)), f"{item.name}/{i.name}")
            for i in item.imports
        )
        full = replace(item, sources=sources, imports=imports, extends=extends)
        return self._annotated(full, item.name)

    def _source(self, owner: str, item: EntitySource) -> EntitySource:
        full = replace(
            item,
            type=self._full(item.type),
            bindings=tuple(
                Binding(self._path(b.path), self._path(b.target), b.place) for b in item.bindings
            ),
        )
        return self._annotated(full, f"{owner}/{item.name}")

    def _path(self, path: str) -> str:
        return "/".join(self._full(part) for part in path.split("/"))

    def _unused(self, model: Model) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """Return diagnostics of targets that are not declared, and a note about those that are paths."""
        members = cache(partial(_member_types, model))
        unknown: list[Diagnostic] = []
        paths: list[tuple[str, _Placed]] = []
        for target, placed in self._targets.items():
            declaration, _, member = target.partition("/")
            if target in self._used or declaration in self._definitions:
                continue
            if _leads_on(model, declaration, member, members):
                paths.append((target, placed))
                continue
            message = "annotations on something that is not declared"
            unknown.append(Diagnostic(message, placed.place, declaration, member))
        return unknown, [_not_used(paths)] if paths else []


def _not_used(paths: Sequence[tuple[str, _Placed]]) -> Diagnostic:
    """Return a note about annotations that hold for a path alone, and so for no declaration."""
    (first, placed), number = paths[0], sum(len(placed.annotations) for _, placed in paths)
    declaration, _, member = first.partition("/")
    message = (
        f"{number:,} annotations of what is on a path are not used, such as those here: they hold for the"
        " path alone"
    )
    return Diagnostic(message, placed.place, declaration, member)


def _member_types(model: Model, name: str) -> Mapping[str, str]:
    """Return the names of the types of all properties of a type, by the names of the properties."""
    return {item.name: item.type.name for owner in model.lineage(name) for item in owner.members()}


def _leads_on(
    model: Model, container: str, path: str, members: Callable[[str], Mapping[str, str]]
) -> bool:
    """Whether a path leads from an entity set or singleton to a property (CSDL 14.2.2).

    What is annotated there, and not where it is declared, holds for this path alone: it is not used.
    """
    head, *segments = path.split("/")
    is_own = model.container and model.container.name == container
    source = model.container.source(head) if is_own and model.container else None
    owner = source.type if source else ""
    for segment in segments:
        bases = {declared.name for declared in model.lineage(segment)}
        owner = segment if owner in bases else members(owner).get(segment, "")
        if not owner:
            return False
    return bool(source and segments)


def _count_values(value: Expression | None) -> int:
    """Return how many values are inside another."""
    match value:
        case Record(values):
            return len(values) + sum(_count_values(item) for _, item in values)
        case Collection(items) | Dynamic(items=items):
            return len(items) + sum(map(_count_values, items))
        case _:
            return 0


def _twice(
    item: TypeDeclaration | TypeDefinition, first: TypeDeclaration | TypeDefinition
) -> CodegenError:
    return CodegenError(
        Diagnostic(f"declared twice, first at {first.place}", item.place, item.name)
    )
