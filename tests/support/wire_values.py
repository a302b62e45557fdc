"""Values as they may come over the wire: of each Edm type, and of every type of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph_codegen.csdl.ast import EnumType, TypeRef
from graph_codegen.emit.names import is_attribute
from graph_codegen.model.model import Model

EDM_VALUES: Mapping[str, object] = {
    "Edm.Binary": "aGk_",
    "Edm.Boolean": True,
    "Edm.Byte": 255,
    "Edm.ComplexType": {"@odata.type": "#microsoft.graph.unheardOf", "a": 1},
    "Edm.Date": "2026-01-31",
    "Edm.DateTimeOffset": "2026-01-31T10:00:00.1234567Z",
    "Edm.Decimal": "12.50",
    "Edm.Double": "-INF",
    "Edm.Duration": "P1DT2H3M4.5S",
    "Edm.EntityType": {"@odata.type": "#microsoft.graph.unheardOf", "id": "1"},
    "Edm.Guid": "5E9DB1DE-1DF3-4D33-A8A1-8C9B1AF1F5F0",
    "Edm.Int16": -32768,
    "Edm.Int32": 2147483647,
    "Edm.Int64": "9007199254740993",
    "Edm.PrimitiveType": 1,
    "Edm.SByte": -128,
    "Edm.Single": 0.5,
    "Edm.String": "text",
    "Edm.TimeOfDay": "10:00:00.1234567",
    "Edm.Untyped": [{"anything": None}],
}
"""A value of each Edm type as it may come over the wire, none of them in the canonical form."""


def wire_value(
    model: Model, type_name: str, values: Mapping[str, object] = EDM_VALUES, depth: int = 2
) -> dict[str, Any]:
    """Return a JSON value of a structured type in which every property is set, down to a depth.

    `values` has one for each Edm type that the model mentions.
    """
    value: dict[str, Any] = {"@odata.type": f"#{type_name}"}
    for owner in model.lineage(type_name) if depth else ():
        for item in owner.members():
            if is_attribute(item):
                value[item.name] = wire_value_of(model, item.type, values, depth - 1)
    return value


def wire_value_of(
    model: Model, ref: TypeRef, values: Mapping[str, object] = EDM_VALUES, depth: int = 2
) -> object:
    """Return a JSON value of any type, a collection of one item included."""
    if ref.collection:
        return [wire_value_of(model, TypeRef(ref.name), values, depth)]
    if ref.primitive:
        return values[ref.name]
    declared = model.types[ref.name]
    if isinstance(declared, EnumType):
        names = [member.name for member in declared.members] or ["unheardOf"]
        return ",".join(names) if declared.is_flags else names[-1]
    return wire_value(model, ref.name, values, depth)
