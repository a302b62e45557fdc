"""Which roles a request needs: those of a call by its shape, all others as documented."""

from __future__ import annotations

from graph_comms._runtime.permissions import required_permissions
from graph_comms.bot.json_values import object_of

from .behaviours import Behaviour
from .faults import Fault, not_permitted
from .messages import Request

_CALLS = "/communications/calls"
_AS_LISTED = frozenset(
    {f"{_CALLS}/{{call-id}}/{one}" for one in ("recordResponse", "subscribeToTone")}
)
"""What needs the roles of its page though the call is there already: others are checked with the call."""


def check_permissions(request: Request) -> None:
    """Raise Fault unless the caller has the roles that a request needs."""
    documented, path = request.operation.permissions, request.operation.path
    of_calls = path.startswith(_CALLS)
    if of_calls and not documented.rules and path not in _AS_LISTED:
        return
    need = required_permissions(documented, object_of(request.body))
    caller = request.caller
    if caller.has_any(need.any_of) and all(caller.has_any([one]) for one in need.all_of):
        return
    if of_calls:
        raise not_permitted()
    raise Fault(403, "Forbidden", "Insufficient privileges to complete the operation.")


_PAGE = "https://learn.microsoft.com/graph/api/"
_TEST = "tests/emulator/test_roles.py::"

BEHAVIOURS = (
    Behaviour(
        "permissions.calls", "D", f"{_PAGE}application-post-calls",
        f"{_TEST}test_a_call_is_made_with_the_roles_of_its_shape",
    ),
    Behaviour(
        "permissions.calls.later", "D", f"{_PAGE}call-keepalive: checked when the call is created",
        f"{_TEST}test_who_has_made_a_call_needs_no_role_to_use_it",
    ),
    Behaviour(
        "permissions.calls.listed", "D", f"{_PAGE}call-record", f"{_TEST}test_what_needs_a_role_of_its_own"
    ),
    Behaviour(
        "permissions.others", "D", "https://learn.microsoft.com/graph/errors: 403; the message is a guess",
        f"{_TEST}test_other_resources_need_the_roles_of_their_pages",
    ),
)  # fmt: skip
