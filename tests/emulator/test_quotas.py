"""What Graph allows: how many calls, how many requests, and for whose meetings."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import pytest

from graph_comms import (
    CommunicationsClient,
    GraphHTTPError,
    PermissionDeniedError,
    RetryPolicy,
    ThrottledError,
)
from graph_comms.models import OnlineMeeting
from graph_emulator import Emulator
from graph_emulator.wire import Forms
from tests.emulator.bots import call_to

ONCE = RetryPolicy(max_retries=0)


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def refused(ask: Callable[[], Any]) -> tuple[str | None, float | None]:
    with pytest.raises(ThrottledError) as raised:
        ask()
    assert raised.value.status == 429
    return raised.value.code, raised.value.retry_after


def test_an_application_has_so_many_calls(svc: Emulator) -> None:
    client = svc.client(retry=ONCE)
    ann = svc.user("Ann").answers()

    def call() -> str:
        return str(client.calls.create(call_to(ann)).id)

    svc.quotas(calls_a_month=4, calls_at_once=2)
    first, _ = call(), call()
    assert refused(call) == ("8530", 60)
    client.calls.delete(first)
    svc.run()
    third = call()
    client.calls.delete(third)
    svc.advance(hours=1)  # nobody keeps the others alive
    call()
    code, wait = refused(call)
    assert code == "8529"
    assert wait is not None
    svc.advance(seconds=wait)
    call()
    svc.reset()
    for _ in range(3):
        call()


def test_the_quotas_of_calls_are_those_of_the_page(svc: Emulator) -> None:
    client = svc.client(retry=ONCE)
    svc.quotas()
    for _ in range(100):
        client.calls.create(call_to(svc.user("Ann")))
    assert refused(lambda: client.calls.create(call_to(svc.user("Ann"))))[0] == "8530"
    with pytest.raises(ValueError, match="a quota of calls is"):
        svc.quotas(calls_at_once=0)


PRESENCE = 1_500
RECORD = 10


def test_what_may_be_asked_so_often(svc: Emulator) -> None:
    client = svc.client(retry=ONCE)
    svc.quotas()

    def read() -> None:
        with pytest.raises(GraphHTTPError, match="404"):
            client.call_records.get("112f7296-5fa4-42ca-bae8-6a692b15d4b8")

    for _ in range(RECORD):
        read()
    svc.advance(seconds=5)
    path = "/communications/callRecords/112F72965FA442CABAE86A692B15D4B8"
    assert refused(lambda: client.request("GET", path)) == ("TooManyRequests", 15)
    svc.advance(seconds=15)
    read()

    def ask() -> None:
        client.request("GET", "/users/112f7296/presence")

    for _ in range(PRESENCE):
        ask()
    assert refused(ask) == ("TooManyRequests", 30)
    svc.client(retry=ONCE, tenant="another").request("GET", "/users/112f7296/presence")


@pytest.mark.parametrize(("forms", "code"), [("wire", "General"), ("docs", "Forbidden")])
def test_meetings_of_users_need_a_policy(forms: Forms, code: str) -> None:
    with Emulator(forms=forms) as svc:
        ann, ben = svc.user("Ann"), svc.user("Ben")
        client = svc.client()

        def meet(user_id: str, client: CommunicationsClient = client) -> OnlineMeeting:
            return client.users.online_meetings.create(user_id, OnlineMeeting(subject="Plans"))

        meeting = meet(ben.id)
        svc.access_policy(users=[ann])
        assert meet(ann.id.upper()).id
        read = partial(client.users.online_meetings.get, ben.id, str(meeting.id))
        asked: list[Callable[[], OnlineMeeting]] = [partial(meet, ben.id), read]
        for ask in asked:
            with pytest.raises(PermissionDeniedError) as raised:
                ask()
            assert raised.value.code == code
            assert raised.value.message == "No application access policy found for this app."
        svc.access_policy()
        assert meet(ben.id).id
