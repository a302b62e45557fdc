"""Plain classes of the shape of a payload: what pydantic alone takes, without our promises.

A twin has a class for each place where a payload has objects, with `extra="allow"`, and declares there
all that our class declares, and what it does not but the payload has. So it chooses no class by
`@odata.type`, writes no text back as received, and refuses a body of which one value does not fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

from graph_comms._runtime.enums import GraphEnum
from graph_comms._runtime.misfits import attributes
from graph_comms._runtime.model import GraphModel

_PLAIN = (datetime, timedelta, bool, int, float, str)


def twin_of(models: Iterable[GraphModel]) -> type[BaseModel]:
    """Return the twin of models of which all have one place."""
    found = defaultdict[str, list[Any]](list)
    names = dict[str, None]()
    cls: type[GraphModel] = GraphModel
    for model in models:
        cls = type(model)
        for wire_name, name in attributes(cls).items():
            names[wire_name] = None
            if name in model.model_fields_set:
                found[wire_name].append(getattr(model, name))
        for wire_name, value in model.undeclared.items():
            names[wire_name] = None
            found[wire_name].append(value)
    fields: Any = {
        wire_name if wire_name.isidentifier() else f"f{at}": (
            _form(found[wire_name]),
            None if wire_name.isidentifier() else Field(None, alias=wire_name),
        )
        for at, wire_name in enumerate(names)
    }
    config = ConfigDict(extra="allow", serialize_by_alias=True)
    return cast("type[BaseModel]", create_model(cls.__name__, __config__=config, **fields))


def _form(values: Iterable[Any]) -> Any:
    """Return the annotation for the values of one place."""
    present = [value for value in values if value is not None]
    if not present:
        return Any
    if all(isinstance(value, list) for value in present):
        items: Any = _form(item for value in present for item in value)
        return list[items] | None
    if all(isinstance(value, GraphModel) for value in present):
        return twin_of(present) | None
    if isinstance(present[0], GraphEnum):
        return _enumeration(type(present[0])) | None
    return next((kind for kind in _PLAIN if isinstance(present[0], kind)), Any) | None


@cache
def _enumeration(cls: type[GraphEnum]) -> Any:
    return StrEnum(cls.__name__, {member.name: member.value for member in cls})
