"""What annotations allow: the Capabilities vocabulary, and Core.V1's Computed and bindings.

Source: OData Vocabularies 4.01, Org.OData.Capabilities.V1 and Org.OData.Core.V1.
"""

from __future__ import annotations

from collections.abc import Iterator

from graph_codegen.csdl.ast import Annotation, Collection, Constant, Expression, Record
from graph_codegen.model.model import Model

CAPABILITIES = "Org.OData.Capabilities.V1."
COMPUTED = "Org.OData.Core.V1.Computed"
REQUIRES_EXPLICIT_BINDING = "Org.OData.Core.V1.RequiresExplicitBinding"
EXPLICIT_OPERATION_BINDINGS = "Org.OData.Core.V1.ExplicitOperationBindings"

FALSE = Constant("Bool", "false")


def allows(annotations: tuple[Annotation, ...], term: str, flag: str) -> bool:
    """Whether capabilities leave something allowed; saying nothing allows it.

    A capability is a record with flags, or a single flag.
    """
    for annotation in annotations:
        if annotation.term == CAPABILITIES + term:
            value = annotation.value
            return (value.get(flag) if isinstance(value, Record) else value) != FALSE
    return True


def restrictions(annotations: tuple[Annotation, ...], term: str) -> Record | None:
    """Return the record of a capability, None where there is none."""
    values = (a.value for a in annotations if a.term == CAPABILITIES + term)
    return next((value for value in values if isinstance(value, Record)), None)


def readable_by_key(annotations: tuple[Annotation, ...]) -> bool:
    """Whether the items of a collection that can be read may be read one by one, too."""
    found = restrictions(annotations, "ReadRestrictions")
    by_key = found and found.get("ReadByKeyRestrictions")
    return not isinstance(by_key, Record) or by_key.get("Readable") != FALSE


def is_computed(annotations: tuple[Annotation, ...]) -> bool:
    """Whether the service alone writes a property (Core.V1 Computed, whose default is true)."""
    return any(a.term == COMPUTED and a.value != FALSE for a in annotations)


def explicit_bindings(annotations: tuple[Annotation, ...]) -> Iterator[str]:
    """Yield the operations that annotations bind explicitly (Core.V1 ExplicitOperationBindings)."""
    for annotation in annotations:
        if annotation.term == EXPLICIT_OPERATION_BINDINGS:
            yield from _texts(annotation.value)


def _texts(value: Expression | None) -> Iterator[str]:
    if isinstance(value, Collection):
        yield from (item.text for item in value.items if isinstance(item, Constant))


def explicitly_bound(model: Model) -> Iterator[str]:
    """Yield the operations that any element of a model binds explicitly."""
    for declared in model.structured():
        yield from explicit_bindings(declared.annotations)
        for navigation in declared.navigation:
            yield from explicit_bindings(navigation.annotations)
    for source in model.sources:
        yield from explicit_bindings(source.annotations)
