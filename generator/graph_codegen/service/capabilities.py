"""What the annotations of an element allow, according to the table of terms in `csdl.vocabulary`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graph_codegen.csdl.ast import (
    Annotation,
    Collection,
    Constant,
    Expression,
    Operation,
    Parameter,
    Record,
)
from graph_codegen.csdl.vocabulary import (
    ALTERNATE_KEYS,
    CAPABILITIES,
    COMPUTED,
    EXPLICIT_OPERATION_BINDINGS,
    FALSE,
    KEY_AS_SEGMENT_SUPPORTED,
    OPTIONAL_PARAMETER,
    REQUIRES_EXPLICIT_BINDING,
    UPDATE_RESTRICTIONS,
    Kind,
    Option,
    Restriction,
    restrictions_in,
    value_of,
)
from graph_codegen.model.model import Model

Annotations = tuple[Annotation, ...]

_PUT = Constant("EnumMember", f"{CAPABILITIES}HttpMethod/PUT")


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Annotations that equal nothing but themselves: to compare them would take as long as to read them."""

    annotations: Annotations

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.annotations is self.annotations

    def __hash__(self) -> int:
        return id(self.annotations)


@lru_cache(maxsize=1_000)
def _restrictions_of(same: _Same) -> tuple[Restriction, ...]:
    return tuple(restrictions_in(same.annotations))


def _restrictions(annotations: Annotations) -> tuple[Restriction, ...]:
    """Return what the annotations of an element rule out, which is asked for again and again."""
    return _restrictions_of(_Same(annotations)) if annotations else ()


def allows_request(annotations: Annotations, kind: Kind, *, by_key: bool = False) -> bool:
    """Whether the annotations of an element allow requests of a kind; no annotation allows all.

    `by_key` says that the request addresses an item of a collection by its key.
    """
    return not any(
        kind in restriction.requests and (by_key or restriction.scope != "by key")
        for restriction in _restrictions(annotations)
    )


def allows_option(annotations: Annotations, option: Option) -> bool:
    """Whether the annotations of a resource allow a query option; no annotation allows all."""
    return all(restriction.option != option for restriction in _restrictions(annotations))


def allows_items(annotations: Annotations) -> bool:
    """Whether the annotations of a collection allow its items to be addressed by their keys."""
    return all(restriction.scope != "items" for restriction in _restrictions(annotations))


def takes_keys_as_segments(model: Model) -> bool:
    """Whether keys are segments of paths: they are where the container does not say that they cannot be."""
    annotations = model.container.annotations if model.container else ()
    return all(a.term != KEY_AS_SEGMENT_SUPPORTED or value_of(a) != FALSE for a in annotations)


def updates_by_put(annotations: Annotations) -> bool:
    """Whether a resource is updated by PUT (Capabilities.V1 UpdateRestrictions/UpdateMethod)."""
    values = (a.value for a in annotations if a.term == UPDATE_RESTRICTIONS)
    record = next((value for value in values if isinstance(value, Record)), None)
    return record is not None and record.get("UpdateMethod") == _PUT


def is_computed(annotations: Annotations) -> bool:
    """Whether only the service writes a property (Core.V1 Computed)."""
    return any(a.term == COMPUTED and value_of(a) != FALSE for a in annotations)


def is_optional(operation: Operation, parameter: Parameter) -> bool:
    """Whether a call of an operation may omit a parameter (Core.V1 OptionalParameter).

    It may also omit a nullable parameter of an action, which Graph then takes as null.
    """
    optional = any(a.term == OPTIONAL_PARAMETER for a in parameter.annotations)
    return optional or (operation.kind == "Action" and parameter.nullable is not False)


def alternate_keys(annotations: Annotations) -> Iterator[Mapping[str, str]]:
    """Yield the other keys of an entity type, as paths of properties by alias (Core.V1 AlternateKeys)."""
    for annotation in annotations:
        if annotation.term == ALTERNATE_KEYS:
            for key in _records(annotation.value):
                parts = dict(map(_property_ref, _records(key.get("Key"))))
                if all(map(_NAME.fullmatch, parts)):
                    yield parts


_NAME = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
"""An alias as it is taken: what an annotation says is any text."""


def _property_ref(record: Record) -> tuple[str, str]:
    """Return alias and path of a reference to a property, whose own name is the alias unless it has one."""
    path, alias = (
        value.text if isinstance(value, Constant) else ""
        for value in (record.get("Name"), record.get("Alias"))
    )
    return alias or path, path


def _records(value: Expression | None) -> Iterator[Record]:
    items = value.items if isinstance(value, Collection) else ()
    return (item for item in items if isinstance(item, Record))


def requires_explicit_binding(operation: Operation) -> bool:
    """Whether an operation is bound only where an element lists it (Core.V1 RequiresExplicitBinding)."""
    return any(a.term == REQUIRES_EXPLICIT_BINDING for a in operation.annotations)


def explicit_bindings(annotations: Annotations) -> Iterator[str]:
    """Yield the operations that an element lists (Core.V1 ExplicitOperationBindings)."""
    for annotation in annotations:
        if annotation.term == EXPLICIT_OPERATION_BINDINGS:
            value = annotation.value
            items = value.items if isinstance(value, Collection) else ()
            yield from (item.text for item in items if isinstance(item, Constant))


def all_explicit_bindings(model: Model) -> Iterator[str]:
    """Yield the operations that any element of a model lists."""
    for declared in model.structured():
        yield from explicit_bindings(declared.annotations)
        for navigation in declared.navigation:
            yield from explicit_bindings(navigation.annotations)
    for source in model.sources:
        yield from explicit_bindings(source.annotations)
