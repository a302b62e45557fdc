"""What two documents of different forms can both say: CSDL says more than OpenAPI.

Each model is reduced to that, so that no difference comes of the form. What annotations allow is compared
by its effect: both sides get the restrictions that follow from the requests which they offer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import (
    Annotation,
    EntityContainer,
    EntitySource,
    EnumType,
    Member,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    StructuredType,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.csdl.vocabulary import (
    COMPUTED,
    KEY_AS_SEGMENT_SUPPORTED,
    OPTIONAL_PARAMETER,
    meaning_of,
)
from graph_codegen.diff.change.annotations import Annotated
from graph_codegen.diff.change.context import Side
from graph_codegen.model.model import Model
from graph_codegen.openapi.restrictions import (
    COLLECTION,
    REFERENCED,
    REFERENCED_ONE,
    SINGLE,
    SINGLETON,
    STREAM,
    Form,
    Offer,
    restrict,
)
from graph_codegen.service import requests
from graph_codegen.service.capabilities import allows_items, is_computed, updates_by_put

_BINDING = "bindingParameter"
_INT32 = "Edm.Int32"


def reduce_sides(old: Side, new: Side) -> tuple[Side, Side, Mapping[str, int]]:
    """Return two sides as far as both of their documents can say it, and what is left out, with numbers.

    Sides of one form are returned unchanged.
    """
    if old.whole.partial == new.whole.partial:
        return old, new, {}
    full = new if old.whole.partial else old
    left_out = {what: number for what, number in _count(full.model).items() if number}
    return _reduced(old), _reduced(new), left_out


def _reduced(side: Side) -> Side:
    model = _Reducer(side.model).model()
    return replace(side, subset=replace(side.subset, model=model))


def _count(model: Model) -> Mapping[str, int]:
    """Return how many statements of each kind a model makes that OpenAPI has no words for."""
    structured = [*model.structured()]
    enums = [declared for declared in model.types.values() if isinstance(declared, EnumType)]
    navigation = [item for declared in structured for item in declared.navigation]
    parameters = [p for operation in model.operations for p in operation.parameters]
    properties = [p for declared in structured for p in declared.properties]
    terms = Counter(a.term for item in _annotated(model) for a in item.annotations)
    return {
        "types that are abstract": sum(declared.abstract is True for declared in structured),
        "types that are open": sum(declared.open is True for declared in structured),
        "enumerations with flags": sum(declared.is_flags is True for declared in enums),
        "underlying types": sum(declared.underlying != _INT32 for declared in enums),
        "values of members": sum(len(declared.members) for declared in enums),
        "facets": sum(bool(p.facets) for p in properties) + sum(bool(p.facets) for p in parameters),
        "partners of navigation": sum(bool(item.partner) for item in navigation),
        "bindings of navigation": sum(len(source.bindings) for source in model.sources),
        "parameters that may be left out": terms[OPTIONAL_PARAMETER],
        "orders of parameters": sum(_has_order(operation) for operation in model.operations),
        "names of binding parameters": sum(o.is_bound for o in model.operations),
        "functions that are composable": sum(o.is_composable for o in model.operations),
        "names of entity containers": int(model.container is not None),
        "forms of keys": sum(
            a.term == KEY_AS_SEGMENT_SUPPORTED
            for a in (model.container.annotations if model.container else ())
        ),
        "other annotations": sum(
            number
            for term, number in terms.items()
            if term not in (OPTIONAL_PARAMETER, COMPUTED) and meaning_of(term) != "capability"
        ),
        "terms": len(model.terms),
    }


def _annotated(model: Model) -> Iterator[Annotated]:
    """Yield the elements of a model that have annotations."""
    for declared in model.types.values():
        yield declared
        yield from declared.members if isinstance(declared, EnumType) else declared.members()
    for operation in model.operations:
        yield operation
        yield from operation.parameters
    yield from model.sources


def _has_order(operation: Operation) -> bool:
    return operation.kind == "Action" and len(operation.own) > 1


@dataclass(frozen=True, slots=True)
class _Step:
    """A property or a source on paths, with its own annotations, which say how its items are addressed."""

    name: str
    type: TypeRef
    annotations: tuple[Annotation, ...]


class _Reducer:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._offers: dict[str, Offer] = {}
        self._reached = set(_reached(model))
        for request in requests.list_offers(model):
            step = request.steps[-1] if request.steps else request.segments[0]
            offer = self._offers.setdefault(step, Offer())
            offer.kinds.add(request.kind)
            if request.kind in ("list", "get"):
                offer.options.update(request.options)

    def model(self) -> Model:
        """Return the reduced model."""
        return replace(
            self._model,
            types={name: self._type(declared) for name, declared in self._model.types.items()},
            operations=tuple(map(_operation, self._model.operations)),
            terms=(),
            container=self._model.container and self._container(self._model.container),
        )

    def _container(self, container: EntityContainer) -> EntityContainer:
        return replace(
            container,
            name="",
            sources=tuple(map(self._source, container.sources)),
            annotations=(),
        )

    def _source(self, source: EntitySource) -> EntitySource:
        many = source.kind == "EntitySet"
        step = _Step(source.name, TypeRef(source.type, many), source.annotations)
        form = COLLECTION if many else SINGLETON
        return replace(source, bindings=(), annotations=self._restricted(step, form))

    def _type(self, declared: TypeDeclaration) -> TypeDeclaration:
        if isinstance(declared, EnumType):
            members = tuple(_member(member) for member in declared.members)
            return replace(
                declared, members=members, underlying=_INT32, is_flags=None, annotations=()
            )
        reached = declared.name in self._reached
        return replace(
            declared,
            abstract=None,
            open=None,
            key=declared.key if reached else (),
            properties=tuple(self._property(declared, p) for p in declared.properties),
            navigation=tuple(self._navigation(declared, n) for n in declared.navigation),
            annotations=(),
        )

    def _property(self, owner: StructuredType, item: Property) -> Property:
        annotations: tuple[Annotation, ...] = ()
        if item.type == requests.STREAM and owner.name in self._reached:
            step = _Step(f"{owner.name}/{item.name}", item.type, item.annotations)
            annotations = self._restricted(step, STREAM)
        elif item.type != requests.STREAM and is_computed(item.annotations):
            annotations = (Annotation(COMPUTED),)
        return replace(item, facets=(), annotations=annotations)

    def _navigation(self, owner: StructuredType, item: NavigationProperty) -> NavigationProperty:
        if owner.name not in self._reached:
            return replace(item, partner="", contains_target=False, annotations=())
        forms = (COLLECTION, SINGLE) if item.contains_target else (REFERENCED, REFERENCED_ONE)
        step = _Step(f"{owner.name}/{item.name}", item.type, item.annotations)
        annotations = self._restricted(step, forms[not item.type.collection])
        return replace(item, partner="", annotations=annotations)

    def _restricted(self, step: _Step, form: Form) -> tuple[Annotation, ...]:
        offer = self._offers.get(step.name, Offer())
        offer.by_key = bool(self._model.key(step.type.name)) and allows_items(step.annotations)
        offer.by_put = updates_by_put(step.annotations)
        return restrict(offer, form)


def _reached(model: Model) -> Iterator[str]:
    """Yield the types of entities that paths lead to, with their base types and those derived from them."""
    pending = [source.type for source in model.sources]
    met = set(pending)
    while pending:
        name = pending.pop()
        derived = map(model.structure, model.descendants(name))
        for owner in (*model.lineage(name), *filter(None, derived)):
            yield owner.name
            for item in owner.navigation:
                if item.contains_target and item.type.name not in met:
                    met.add(item.type.name)
                    pending.append(item.type.name)


def _member(member: Member) -> Member:
    return replace(member, value=None, annotations=())


def _operation(operation: Operation) -> Operation:
    own = tuple(replace(p, facets=(), annotations=()) for p in operation.own)
    if operation.kind == "Action":
        own = tuple(sorted(own, key=lambda parameter: parameter.name))
    return replace(
        operation,
        parameters=(*map(_binding, _bindings(operation)), *own),
        returns=operation.returns and replace(operation.returns, facets=(), annotations=()),
        is_composable=False,
        entity_set_path="",
        annotations=(),
    )


def _bindings(operation: Operation) -> Iterable[Parameter]:
    return (operation.binding,) if operation.binding else ()


def _binding(parameter: Parameter) -> Parameter:
    return replace(parameter, name=_BINDING, nullable=False, facets=(), annotations=())
