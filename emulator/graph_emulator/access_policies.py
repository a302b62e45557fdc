"""Application access policies: for whose online meetings an application may act, once one is declared."""

from __future__ import annotations

from collections.abc import Iterable

from .behaviours import Behaviour
from .faults import Fault
from .ids import same_id
from .messages import Request
from .wire import Forms

_MEETINGS = "/users/{user-id}/onlineMeetings"


class AccessPolicies:
    """The policies that are declared; without any, every application may act for every user."""

    def __init__(self, forms: Forms) -> None:
        self._code = "Forbidden" if forms == "docs" else "General"
        self._users: dict[str, frozenset[str] | None] = {}

    def clear(self) -> None:
        """Forget all policies."""
        self._users.clear()

    def grant(self, app_id: str, user_ids: Iterable[str] | None) -> None:
        """Let an application act for some users, or for all of them if None."""
        users = None if user_ids is None else frozenset(map(same_id, user_ids))
        self._users[same_id(app_id)] = users

    def check(self, request: Request) -> None:
        """Raise Fault for a request about meetings of a user for whom the application may not act."""
        if not self._users or not request.operation.path.startswith(_MEETINGS):
            return
        users = self._users.get(same_id(request.caller.app_id), frozenset())
        if users is not None and same_id(request.keys["user-id"]) not in users:
            raise Fault(403, self._code, "No application access policy found for this app.")


BEHAVIOURS = (
    Behaviour(
        "onlineMeetings.policy",
        "W",
        "msgraph-sdk-dotnet issue 2350: 403, General; documented as Forbidden; once a policy is declared",
        "tests/emulator/test_quotas.py::test_meetings_of_users_need_a_policy",
    ),
)
