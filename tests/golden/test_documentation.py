"""The documented requests of cloud communications: each has a method, and knows its permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from graph_codegen.csdl import reader
from graph_codegen.model.resolver import resolve
from graph_codegen.service.requests import list_requests
from graph_comms import OPERATIONS, CommunicationsClient, Operation
from tests.support.published import NEWEST, published

CHECKOUT = Path(__file__).parents[2]
FACTS: dict[str, Any] = json.loads(
    (CHECKOUT / "metadata" / "documented.json").read_text(encoding="utf-8")
)
TABLE = CHECKOUT.parent / "shared" / "permissions" / "requests.json"

_BETA = {
    "admitallfromlobby", "admitfromlobby", "aiinsights", "alternativerecording", "app", "configuremixer",
    "conversations", "getactivemeetingdetails", "getpstnblockeduserslog",
    "getpstnonlinemeetingdialoutreport", "getsmslog", "joincontentsharingaudiogroup",
    "leavecontentsharingaudiogroup", "lowerallhands", "lowerhand", "meetingattendancereport", "muteall",
    "raisehand", "recording", "registration", "removefromlobby", "reportsyntheticmedia", "startrecording",
    "starttranscription", "stoprecording", "stoptranscription", "virtualappointment",
}  # fmt: skip
"""Segments of the paths of documented requests that Graph's v1.0 metadata does not have."""


def compared(method: str, path: str) -> tuple[str, ...]:
    """A request without case, names of keys, arguments of functions and namespaces."""
    parts = re.sub(r"\([^)]*\)", "", path).lower().strip("/").split("/")
    return method, *("{}" if part[0] == "{" else part.split(".")[-1] for part in parts)


def rows() -> Mapping[tuple[str, ...], Mapping[str, Any]]:
    """The committed facts by what is compared."""
    return {compared(*line.split(" ")): row for line, row in FACTS["requests"].items()}


@cache
def operations() -> Mapping[tuple[str, ...], Operation]:
    return {compared(operation.method, operation.path): operation for operation in OPERATIONS}


def test_every_documented_request_of_graph_has_a_method() -> None:
    missing = {key for key in rows() if key not in operations()}

    assert len(rows()) == 222
    # What is bound to the result of a composable function has no method yet.
    assert {key for key in missing if key[-1] != "delta"} == {
        key for key in rows() if _BETA & {*key}
    }


def test_109_of_109() -> None:
    if not TABLE.is_file():
        pytest.skip("the table of documented requests is not beside this checkout")
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    tabled = {compared(row["method"], row["path"]) for row in table if "page" not in row}
    v1 = {
        compared(request.method, request.path)
        for request in list_requests(resolve(reader.read_file(published(NEWEST))))
    }
    documented = {key for key, operation in operations().items() if operation.documented}

    assert len(tabled & v1) == 109
    assert tabled & v1 <= documented


def test_the_facts_are_those_of_the_table() -> None:
    if not TABLE.is_file():
        pytest.skip("the table of documented requests is not beside this checkout")
    corrected = {entry["page"]: entry["real"] for entry in FACTS["corrections"]}
    least: dict[tuple[tuple[str, ...], str], list[str]] = {}
    every: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for row in json.loads(TABLE.read_text(encoding="utf-8")):
        for kind, name in (("Application", "application"), ("DelegatedWork", "delegated")):
            found = row.get(kind, {"least": [], "all": []})
            of_kind = compared(row["method"], row["path"]), name
            least.setdefault(of_kind, []).extend(corrected.get(n, n) for n in found["least"])
            every.setdefault(of_kind, set()).update(corrected.get(n, n) for n in found["all"])

    for (request, name), first in least.items():
        names = rows()[request].get(name, [])
        assert names[: len(first)] == first, request
        assert {*names} == every[request, name], request
    assert {request for request, _ in least} == rows().keys()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.python)
def test_an_operation_is_documented_where_the_table_has_it(operation: Operation) -> None:
    row = rows().get(compared(operation.method, operation.path))

    assert operation.documented == (row is not None)
    assert operation.permissions.application == tuple((row or {}).get("application", ()))
    assert operation.permissions.delegated == tuple((row or {}).get("delegated", ()))


def test_the_page_of_methods_has_the_documented_ones_first() -> None:
    page = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
    first, _, second = page.partition("\n## Other methods\n")

    assert listed(first) == sorted(line(one) for one in OPERATIONS if one.documented)
    assert listed(second) == sorted(line(one) for one in OPERATIONS if not one.documented)


def line(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def listed(page: str) -> Sequence[str]:
    return sorted(re.findall(r"\| \[`([A-Z]+ [^`]*)`\]", page))


def test_the_root_that_is_the_client_and_the_others_stand_side_by_side() -> None:
    with CommunicationsClient("token") as client:
        beside = [client.subscriptions, client.users.online_meetings, client.me.presence]
        assert not hasattr(client, "communications")
        assert not hasattr(client.users, "get")
        assert {type(client.calls).__name__, *(type(one).__name__ for one in beside)} == {
            "Calls", "Subscriptions", "UsersOnlineMeetings", "MePresence",
        }  # fmt: skip
    paths = {operation.python: operation.path for operation in OPERATIONS}
    assert paths["calls.get"] == "/communications/calls/{call-id}"
    assert paths["subscriptions.get"] == "/subscriptions/{subscription-id}"
    assert paths["me.presence.get"] == "/me/presence"
