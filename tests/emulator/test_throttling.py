"""What is asked too often, and what is delivered again."""

from __future__ import annotations

from typing import Any

import pytest

from graph_comms import RetryPolicy, ThrottledError
from graph_emulator import Emulator
from tests.emulator.bots import CALLBACK, bot_of, call_to


def test_a_client_comes_again_when_it_is_told(graph_emulator: Emulator) -> None:
    svc = graph_emulator
    svc.throttle("create", limit=2, seconds=60)
    client = svc.client(retry=RetryPolicy(max_retries=0))
    for _ in range(2):
        client.calls.create(call_to(svc.user("Ann")))
    svc.advance(seconds=20)
    with pytest.raises(ThrottledError) as raised:
        client.calls.create(call_to(svc.user("Ann")))
    assert raised.value.retry_after == 40
    bot, made = bot_of(svc), list[str]()
    svc.connect(bot)

    async def make() -> None:
        made.append((await bot.create(call_to(svc.user("Ann")))).id)

    svc.wait_for(make())
    assert len(made) == 1
    assert svc.clock.now().minute == 1


@pytest.mark.parametrize(("limit", "seconds"), [(0, 1), (1, 0)])
def test_a_throttle_allows_something(graph_emulator: Emulator, limit: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="a throttle takes"):
        graph_emulator.throttle("create", limit, seconds)


def test_what_was_not_taken_is_delivered_again() -> None:
    statuses = [503, 500, 202]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        status = statuses.pop(0) if statuses else 202
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with Emulator(callback=app, redelivery=2) as svc:
        svc.rings(CALLBACK, from_=svc.user("Ann"))
        svc.advance(seconds=12)
        assert [(log.time, log.status) for log in svc.log.notifications] == [
            (0.0, 503),
            (5.0, 500),
            (10.0, 202),
        ]
        assert len({str(log.body) for log in svc.log.notifications}) == 1
