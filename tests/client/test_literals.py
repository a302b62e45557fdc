"""Values in filters, as OData writes them and as they go over the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import UNSET, literal
from graph_comms.models import Call, CallState
from graph_comms.models import OnlineMeetingVideoDisabledReason as Reason
from tests.client.faces import Client, each_flavour
from tests.support.server import GraphServer, json_reply

LINK = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22Tid%22%7d&a=1+2"
GUID = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"

LITERALS: list[tuple[Any, str]] = [
    ("O'Neil", "'O''Neil'"),
    ("", "''"),
    (LINK, f"'{LINK}'"),
    (None, "null"),
    (True, "true"),
    (False, "false"),
    (5, "5"),
    (-0.5, "-0.5"),
    (float("inf"), "INF"),
    (float("-inf"), "-INF"),
    (float("nan"), "NaN"),
    (Decimal("12.5"), "12.5"),
    (Decimal("-1E+25"), "-10000000000000000000000000"),
    (date(2026, 1, 31), "2026-01-31"),
    (time(10, 30), "10:30:00"),
    (datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00Z"),
    (timedelta(minutes=90), "duration'PT1H30M'"),
    (UUID(GUID), GUID),
    (b"hi\xff", "binary'aGn_'"),
    (CallState.ESTABLISHED, "'established'"),
    (CallState("it's"), "'it''s'"),
    (Reason.WATERMARK_PROTECTION, "'watermarkProtection'"),
]


class Nowhere(tzinfo):
    """A time zone that does not say what the time is there."""

    def utcoffset(self, dt: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


@pytest.mark.parametrize(("value", "written"), LITERALS)
def test_a_literal(value: Any, written: str) -> None:
    assert literal(value) == written


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 31),
        datetime(2026, 1, 31, tzinfo=Nowhere()),
        *([1], ("a",), {"a": 1}, Call(), UNSET, object(), Call),
    ],
)
def test_what_has_no_literal(value: Any) -> None:
    with pytest.raises(TypeError):
        literal(value)


@given(st.text())
def test_any_text_stays_within_its_quotes(text: str) -> None:
    written = literal(text)
    assert (written[0], written[-1]) == ("'", "'")
    assert "'" not in written[1:-1].replace("''", "")
    assert written[1:-1].replace("''", "'") == text


@each_flavour
@pytest.mark.parametrize("value", ["O'Neil", LINK, "a&b=c#d+e %27"])
def test_a_literal_arrives_in_the_query(server: GraphServer, flavour: str, value: str) -> None:
    server.play(json_reply(200, {"value": []}))
    wanted = f"JoinWebUrl eq {literal(value)}"
    with Client(flavour, server) as caller:
        caller.call("online_meetings.list", filter=wanted)
    _, _, query = server.requests[0].target.partition("?")
    assert dict(parse_qsl(query, strict_parsing=True)) == {"$filter": wanted}
    assert not set(query) & set("'#+ ")
