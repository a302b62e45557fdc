"""What the tests of the models have in common."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

from pydantic.alias_generators import to_camel

from graph_comms.models import GraphModel, call_records, graph


def generated_classes() -> list[type[GraphModel]]:
    """Every class that was generated for an entity or complex type."""
    return [
        cls
        for module in (graph, call_records)
        for name in module.__all__
        if issubclass(cls := getattr(module, name), GraphModel)
    ]


def wire_names(cls: type[GraphModel]) -> dict[str, str]:
    """The name on the wire of each attribute."""
    # Pydantic fills the aliases in where it knows the field's type, which may be after first use.
    return {
        name: field.serialization_alias or to_camel(name)
        for name, field in cls.model_fields.items()
    }


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; unlike Python, true is not 1 and 1 is not 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def comes_back(cls: type[GraphModel], value: dict[str, Any]) -> bool:
    """Whether a JSON object survives parsing and writing, on each way in and out."""
    parsed = [cls.from_json(json.dumps(value)), cls.from_dict(value), cls.model_validate(value)]
    return all(
        same(json.loads(model.to_json()), value) and same(model.to_dict(), value)
        for model in parsed
    )


def _pickled(model: GraphModel) -> GraphModel:
    again: GraphModel = pickle.loads(pickle.dumps(model))
    return again


def _dumped(model: GraphModel) -> GraphModel:
    return type(model).model_validate(model.model_dump(exclude_unset=True))


def _dumped_as_json(model: GraphModel) -> GraphModel:
    return type(model).model_validate_json(model.model_dump_json(exclude_unset=True))


COPIES: dict[str, Callable[[GraphModel], GraphModel]] = {
    "pickle": _pickled,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda model: model.model_copy(),
    "deep model_copy": lambda model: model.model_copy(deep=True),
    "model_dump": _dumped,
    "model_dump_json": _dumped_as_json,
}
"""The ways to another model of the same wire form."""
