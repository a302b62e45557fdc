"""Whether the body of a request is of the type that the package declares.

Sources: OData JSON 4.01, sections 4.6.3 (`type`), 7.1 (primitive values) and 7.2; OData Protocol 4.01,
section 11.4; Graph's words are those that others have met, or OData's own library writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Any, cast

from pydantic import ValidationError

from graph_comms import Operation
from graph_comms._runtime import edm
from graph_comms._runtime.enums import GraphEnum, GraphFlags
from graph_comms._runtime.misfits import attributes, members_of
from graph_comms._runtime.model import GraphModel, is_open
from graph_comms._runtime.paths import Place
from graph_comms._runtime.spelling import nearest
from graph_comms._runtime.type_names import TYPE_ANNOTATION, class_of
from graph_comms.bot.json_values import Json, object_of

from .behaviours import Behaviour
from .faults import Fault
from .log import Undeclared
from .metadata import body_type, is_abstract, scalars_of, type_name_of

_ZONE = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)\Z")

_EXPECTED = {
    "string_type": "A JSON string is expected",
    "bool_type": "true or false is expected",
    "list_type": "A JSON array is expected",
    "model_type": "A JSON object is expected",
    "dict_type": "A JSON object is expected",
}
"""What to say of the errors that pydantic finds, by its names for them."""


def check_body(operation: Operation, body: Json) -> list[Undeclared]:
    """Return what a body has that its types, which are open, do not declare.

    Raises Fault for a value of another type, and for what a type that is not open does not declare.
    """
    declared = body_type(operation)
    if declared is None:
        return []
    if body is None and operation.sends_entity:
        raise wrong_body("Empty Payload. JSON content expected.")
    sent = object_of(body)
    if body is not None and sent is not body:
        raise wrong_body("A JSON object is expected.")
    try:
        model = declared.from_dict(sent, strict=True)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
        message = _EXPECTED.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise wrong_body(f"{_written(first['loc'])}: {message}.") from None
    return list(_undeclared_in(operation, model, sent, ()))


def wrong_body(message: str) -> Fault:
    """Return the answer to a body that is not of its type."""
    return Fault(400, "BadRequest", message)


def _undeclared(
    operation: Operation, value: Any, sent: Json, place: Place, scalar: edm.Scalar | None
) -> Iterator[Undeclared]:
    """Yield what is undeclared in a value that was read; raises Fault where it should not have been."""
    match value:
        case GraphModel():
            yield from _undeclared_in(operation, value, sent, place)
        case list():
            for at, item in members_of(cast("object", value)):
                if item is None:
                    raise wrong_body(
                        f"{_written((*place, at))}: No null is expected in a collection."
                    )
                yield from _undeclared(operation, item, sent[at], (*place, at), scalar)
        case GraphEnum() | GraphFlags() if value.is_unknown:
            hint = type(value).__name__
            raise wrong_body(f"{_written(place)}: {hint} has no such member.")
        case int() | float() if isinstance(sent, str) and isfinite(value):
            raise wrong_body(f"{_written(place)}: A JSON number is expected.")
        case datetime() if not _ZONE.search(str(sent)):
            raise wrong_body(f"{_written(place)}: The time zone information is missing.")
        case int() if scalar is not None and scalar.bounds is not None:
            least, greatest = scalar.bounds
            if isinstance(sent, float) or not least <= value <= greatest:
                raise wrong_body(
                    f"{_written(place)}: A whole number from {least} to {greatest} is expected."
                )
        case _:
            pass


def _undeclared_in(
    operation: Operation, model: GraphModel, sent: Json, place: Place
) -> Iterator[Undeclared]:
    cls = type(model)
    names, scalars = attributes(cls), scalars_of(cls)
    named = type_name_of(cls)
    given = sent.get(TYPE_ANNOTATION)
    where = f"{_written(place)}: " if place else ""
    if named and given is not None and class_of(given) is not cls:
        raise wrong_body(
            f"{where}The type in {TYPE_ANNOTATION} is neither a base type nor a sub-type of '{named}'."
        )
    if is_abstract(cls) and (place or operation.kind == "create"):
        raise wrong_body(
            f"{where}{TYPE_ANNOTATION} must name a type that is derived from '{named}'."
        )
    for name, item in members_of(model):
        name = str(name)
        at = (*place, name)
        if name in names:
            yield from _undeclared(operation, item, sent[name], at, scalars.get(name))
        elif "@" in name:  # an annotation, such as participants@odata.bind
            continue
        elif is_open(cls):
            close = nearest(name, (one for one in names if one != TYPE_ANNOTATION))
            yield Undeclared(operation.python, _written(at), named, close)
        else:
            raise wrong_body(
                f"The property '{_written(at)}' does not exist on type '{named or cls.__name__}'. Make"
                " sure to only use property names that are defined by the type."
            )


def _written(place: Place) -> str:
    """Return a place as code writes it: `targets[0].identity`."""
    found = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in place)
    return found.removeprefix(".")[:200]


_TEST = "tests/emulator/test_bodies.py"

BEHAVIOURS = (
    Behaviour(
        "bodies.type", "W", "https://github.com/microsoftgraph/microsoft-graph-comms-samples/issues/320",
        f"{_TEST}::test_a_wrong_type_is_refused_by_its_place",
    ),
    Behaviour(
        "bodies.values", "D", "OData JSON 4.01, sections 7.1 and 7.2",
        f"{_TEST}::test_a_wrong_type_anywhere_is_refused_by_its_place",
    ),
    Behaviour(
        "bodies.unknown", "D", "OData Protocol 4.01, section 11.4.2",
        f"{_TEST}::test_an_unknown_property_of_a_closed_type_is_refused",
    ),
    Behaviour(
        "bodies.open", "D", "OData CSDL 4.01, section 6.3",
        f"{_TEST}::test_an_unknown_property_of_an_open_type_is_kept_returned_and_logged",
    ),
)  # fmt: skip
