"""What a document leaves open because of its form: CSDL says it, and OpenAPI has no words for it."""

from __future__ import annotations

from collections.abc import Mapping

from graph_codegen.csdl.ast import EnumType
from graph_codegen.model.model import Model


def count_unsaid(model: Model) -> Mapping[str, int]:
    """Return of how many elements a model does not know what; nothing for one that says everything."""
    if not model.partial:
        return {}
    structured = [*model.structured()]
    enums = [declared for declared in model.types.values() if isinstance(declared, EnumType)]
    navigation = [item for declared in structured for item in declared.navigation]
    parameters = [p for operation in model.operations for p in operation.own]
    counts = {
        "whether a type is abstract": sum(declared.abstract is None for declared in structured),
        "whether a type is open": sum(declared.open is None for declared in structured),
        "whether an enumeration has flags": sum(declared.is_flags is None for declared in enums),
        "the value of a member": sum(m.value is None for one in enums for m in one.members),
        "facets of a property": sum(len(declared.properties) for declared in structured),
        "the partner of a navigation property": len(navigation),
        "where a navigation property leads to": sum(not n.contains_target for n in navigation),
        "whether a parameter that is not null may be left out": sum(
            parameter.nullable is False for parameter in parameters
        ),
        "the order of parameters": sum(
            operation.kind == "Action" and len(operation.own) > 1 for operation in model.operations
        ),
    }
    return {what: number for what, number in counts.items() if number}
