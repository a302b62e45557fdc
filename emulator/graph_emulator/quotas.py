"""The quotas of Graph: how many calls an application may make, and how often what may be asked.

Sources: https://learn.microsoft.com/graph/throttling-limits,
https://learn.microsoft.com/graph/cloud-communications-calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .behaviours import Behaviour
from .calls import Calls
from .faults import Fault
from .ids import same_id
from .messages import Request
from .throttling import Throttle

MONTH = 30 * 24 * 3600.0

AGAIN = 60
"""When to come again who has as many calls as there may be, in seconds: when one ends is not known."""

_RECORDS = "/communications/callRecords"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` requests in so many seconds with one key; those whose key is None do not count."""

    limit: int
    seconds: float
    key_of: Callable[[Request], Key | None]


class Quotas:
    """Counts requests against the quotas that are documented, and calls against those that are given.

    Raises ValueError for a quota that allows nothing.
    """

    def __init__(self, calls: Calls, calls_a_month: int, calls_at_once: int) -> None:
        if calls_a_month < 1 or calls_at_once < 1:
            raise ValueError("a quota of calls is 1 or more")
        self._calls = calls
        self._at_once = calls_at_once
        self._of_calls = Quota(calls_a_month, MONTH, _new_calls)
        self._counted: dict[tuple[Quota, Key], Throttle] = {}

    def take(self, request: Request) -> None:
        """Count a request; raises Fault if it is one too many."""
        for quota in _QUOTAS:
            self._take(quota, request)
        if _new_calls(request) is None:
            return
        app = same_id(request.caller.app_id)
        if (
            sum(not call.ended and same_id(call.app_id) == app for call in self._calls)
            >= self._at_once
        ):
            raise Fault(429, "8530", "The active calls limit is reached.", AGAIN, platform=True)
        try:
            self._take(self._of_calls, request)
        except Fault as fault:
            message = "The monthly call limit is reached."
            raise Fault(429, "8529", message, fault.retry_after, platform=True) from None

    def _take(self, quota: Quota, request: Request) -> None:
        key = quota.key_of(request)
        if key is not None:
            new = Throttle(quota.limit, quota.seconds)
            self._counted.setdefault((quota, key), new).take(self._calls.schedule.time)


def _of_app(request: Request) -> Key:
    return (same_id(request.caller.app_id),)


def _of_app_and_tenant(request: Request) -> Key:
    return (same_id(request.caller.app_id), request.caller.tenant or "")


def _new_calls(request: Request) -> Key | None:
    created = (request.operation.method, request.operation.path) == (
        "POST",
        "/communications/calls",
    )
    return _of_app(request) if created else None


def _presence(request: Request) -> Key | None:
    asked = "presence" in request.operation.path.lower()
    return _of_app_and_tenant(request) if asked else None


def _records(request: Request) -> Key | None:
    return _of_app_and_tenant(request) if request.operation.path.startswith(_RECORDS) else None


def _records_of_tenant(request: Request) -> Key | None:
    asked = request.operation.path.startswith(_RECORDS)
    return (request.caller.tenant or "",) if asked else None


def _one_record(request: Request) -> Key | None:
    key, operation = request.keys.get("callRecord-id"), request.operation
    first = operation.method == "GET" and operation.path.endswith("{callRecord-id}")
    return (same_id(key),) if key and first else None


def _further_pages(request: Request) -> Key | None:
    key = request.keys.get("callRecord-id")
    return (
        (same_id(key),) if key and any(name.startswith("$skip") for name in request.query) else None
    )


def _new_meetings(request: Request) -> Key | None:
    path = request.operation.path.removesuffix("/createOrGet")
    if request.operation.method != "POST" or not path.endswith("/onlineMeetings"):
        return None
    return (same_id(request.keys.get("user-id", request.caller.app_id)),)


_QUOTAS = (
    Quota(2_000, 1.0, _of_app),
    Quota(1_500, 30.0, _presence),
    Quota(1_500, 20.0, _records),
    Quota(10_000, 20.0, _records_of_tenant),
    Quota(10, 20.0, _one_record),
    Quota(50, 300.0, _further_pages),
    Quota(2_000, MONTH, _new_meetings),
)


_TEST = "tests/emulator/test_quotas.py::"
_LIMITS = "https://learn.microsoft.com/graph/throttling-limits"

BEHAVIOURS = (
    Behaviour(
        "quotas.calls", "D-ACS", "8529, 8530: monthly and active call limits; the status is a guess",
        f"{_TEST}test_an_application_has_so_many_calls",
    ),
    Behaviour("quotas.requests", "D", _LIMITS, f"{_TEST}test_what_may_be_asked_so_often"),
)  # fmt: skip
