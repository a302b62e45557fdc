"""What a bot has the service do in a call: how it starts, is answered, and ends."""

from __future__ import annotations

from graph_comms.bot.json_values import Json, object_of, text_of

from .behaviours import Behaviour
from .call import NUMBERED, Call, Operation
from .calls import Calls
from .faults import invalid
from .messages import Answer, Request

LONGEST_CONTEXT = 256

DONE = (200, 0, "Action completed successfully.")
CANCELLED = (400, 8508, "Action failed, the operation was cancelled.")


def started(
    calls: Calls, call: Call, request: Request, kind: str, status: str = "running", **details: Json
) -> Operation:
    """Start an operation of a kind, such as "playPromptOperation"; raises Fault for its clientContext."""
    context = text_of(object_of(request.body).get("clientContext"))
    if len(context) > LONGEST_CONTEXT:
        raise invalid(f"clientContext must not be longer than {LONGEST_CONTEXT} characters.")
    operation = Operation(
        id=call.seeded.guid("operation"),
        kind=kind,
        status=status,
        client_context=context or None,
        details=details,
    )
    call.operations[operation.id] = operation
    return operation


def answered(request: Request, call: Call, operation: Operation, status: int = 200) -> Answer:
    """Return the answer to a request that has started an operation."""
    location = f"{request.root}{call.path}/operations/{operation.id}"
    return Answer(status, operation.to_json(), {"Location": location})


def finish(
    calls: Calls,
    call: Call,
    operation: Operation,
    status: str,
    result: tuple[int, int, str],
    reason: str | None = None,
) -> None:
    """End an operation that runs, and tell the bot; `result` is its code, its sub-code and a message."""
    if call.ended or operation.status != "running":
        return
    code, subcode, message = result
    operation.status = status
    operation.result = {
        "@odata.type": NUMBERED,
        "code": code,
        "subcode": subcode,
        "message": message,
    }
    if reason is not None:
        operation.details["completionReason"] = reason
    calls.tell_operation(call, operation)


BEHAVIOURS = (
    Behaviour(
        "operations.clientContext",
        "D",
        "https://learn.microsoft.com/graph/api/call-playprompt: at most 256 characters",
        "tests/emulator/test_media.py::test_a_client_context_has_a_limit",
    ),
)
