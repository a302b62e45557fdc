"""Keys are collected in their order, each read once, until there are enough or none comes."""

from __future__ import annotations

import asyncio
import random
import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms.bot.live import LiveCall
from tests.bot import samples
from tests.bot.keeping import CALL, Graph, Process, Sent, established, operation, press
from tests.bot.manual_clock import settle

pytestmark = pytest.mark.anyio


@pytest.fixture
def process() -> Process:
    return Process(Graph({"subscribeToTone": operation("completed")}))


@pytest.fixture
def call(process: Process) -> LiveCall:
    return established(process)


async def test_a_stop_tone_ends_them_and_is_left_out(process: Process, call: LiveCall) -> None:
    dialling = asyncio.create_task(call.tones(max_digits=4, stop="#", timeout=10))
    await settle()
    press(process, "42")
    await settle()
    assert not dialling.done()
    press(process, "#", first=8)
    assert await dialling == "42"


async def test_the_greatest_number_ends_them(process: Process, call: LiveCall) -> None:
    press(process, "12345")
    assert await call.tones(max_digits=4, stop="#", timeout=10) == "1234"
    assert await call.tones(max_digits=1) == "5"


async def test_the_time_counts_anew_with_each_key(process: Process, call: LiveCall) -> None:
    dialling = asyncio.create_task(call.tones(max_digits=4, timeout=10))
    for number, key in enumerate("123", start=1):
        await process.clock.advance(9)
        press(process, key, first=number)
    await process.clock.advance(9.9)
    assert not dialling.done()
    await process.clock.advance(0.1)
    assert await dialling == "123"


async def test_nothing_pressed_is_an_empty_text(process: Process, call: LiveCall) -> None:
    dialling = asyncio.create_task(call.tones(max_digits=1, timeout=3))
    await process.clock.advance(3)
    assert await dialling == ""


async def test_keys_since_the_last_time_count_unless_fresh(
    process: Process, call: LiveCall
) -> None:
    press(process, "1")
    assert await call.tones(max_digits=1) == "1"
    press(process, "23", first=7)
    assert await call.tones(max_digits=1) == "2"
    press(process, "4", first=9)
    fresh = asyncio.create_task(call.tones(max_digits=1, fresh=True))
    await settle()
    assert not fresh.done()
    press(process, "5", first=10)
    assert await fresh == "5"


async def test_any_of_several_stop_tones_ends_them(process: Process, call: LiveCall) -> None:
    press(process, "1*2#")
    assert await call.tones(stop="#*") == "1"
    assert await call.tones(stop="#*") == "2"


async def test_keys_that_arrive_out_of_order_are_read_in_order(
    process: Process, call: LiveCall
) -> None:
    press(process, "2", first=8)
    press(process, "1", first=7)
    press(process, "#", first=9)
    assert await call.tones(stop="#") == "12"


async def test_what_is_no_key_is_left_out(process: Process, call: LiveCall) -> None:
    for number, tone in enumerate(("tone1", "flash", "tone2", "unknownFutureValue"), start=6):
        process.notify(samples.tone(number, tone))
    assert await call.tones(max_digits=2) == "12"
    dialling = asyncio.create_task(call.tones(max_digits=1, timeout=3))
    await process.clock.advance(3)
    assert await dialling == ""


@given(
    keys=st.text("123*#", max_size=12),
    most=st.integers(1, 4),
    stop=st.sampled_from(["", "#", "*#"]),
    late=st.randoms(use_true_random=False),
)
def test_every_key_comes_once_and_in_order(
    keys: str, most: int, stop: str, late: random.Random
) -> None:
    async def dial() -> list[str]:
        process = Process(Graph({"subscribeToTone": operation("completed")}))
        call = established(process)
        numbered = list(enumerate(keys, start=6))
        late.shuffle(numbered)
        for number, key in numbered + numbered[:2]:
            press(process, key, first=number)
        dialled: list[str] = []
        while process.shared.states[CALL].unread_tones:
            asked = asyncio.create_task(call.tones(max_digits=most, stop=stop, timeout=1))
            await process.clock.advance(1)
            dialled.append(await asked)
        return dialled

    assert asyncio.run(dial()) == parts_of(keys, most, stop)


def parts_of(keys: str, most: int, stop: str) -> list[str]:
    """Return what is dialled with keys that have all been pressed."""
    parts: list[str] = []
    while keys:
        end = min([keys.index(key) for key in stop if key in keys], default=len(keys))
        part = keys[: min(end, most)]
        stopped = len(part) == end < most
        parts.append(part)
        keys = keys[len(part) + stopped :]
    return parts


async def test_each_key_is_read_once_by_whichever_process(process: Process, call: LiveCall) -> None:
    other = Process(process.graph, process.shared, process.clock)
    calls = [call, other.live(process.shared.states[call.id])]
    dialling = [
        asyncio.create_task(one.tones(max_digits=2, timeout=10)) for one in calls for _ in range(2)
    ]
    await settle()
    press(process, "1234", first=1)
    press(process, "5", first=5)
    await process.clock.advance(10)
    assert sorted(await asyncio.gather(*dialling)) == ["", "12", "34", "5"]


async def test_tones_are_subscribed_to_once(process: Process, call: LiveCall) -> None:
    press(process, "123")
    assert await asyncio.gather(*(call.tones(max_digits=1) for _ in range(2))) == ["1", "2"]
    assert await call.tones(max_digits=1) == "3"
    assert [sent.path for sent in process.graph.sent] == ["/subscribeToTone"]


async def test_a_subscription_of_the_application_or_of_another_process_is_enough(
    process: Process, call: LiveCall
) -> None:
    await call.subscribe_to_tone()
    press(process, "12")
    other = Process(process.graph, process.shared).live(process.shared.states[call.id])
    assert await call.tones(max_digits=1) + await other.tones(max_digits=1) == "12"
    assert len(process.graph.sent) == 1


async def test_a_subscription_that_failed_is_tried_again() -> None:
    def fail_first(sent: Sent) -> httpx.Response:
        if len(failing.graph.sent) == 1:
            return httpx.Response(400)
        return operation("completed")(sent)

    failing = Process(Graph({"subscribeToTone": fail_first}))
    call = established(failing)
    press(failing, "1")
    with pytest.raises(Exception, match="HTTP 400"):
        await call.tones(max_digits=1)
    assert await call.tones(max_digits=1) == "1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_digits": 0}, "max_digits is how many keys to wait for: 1 or more"),
        ({"stop": "5x"}, "'x' is not one of the keys 0 1 2 3 4 5 6 7 8 9 * # A B C D"),
        ({"timeout": None}, "nothing would end the tones: give max_digits, stop or timeout"),
    ],
)
async def test_what_could_never_end_is_refused(
    process: Process, call: LiveCall, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        await call.tones(**arguments)  # type: ignore[arg-type]
    assert process.graph.sent == []


async def test_only_keys_are_sent(process: Process, call: LiveCall) -> None:
    with pytest.raises(ValueError, match="'x' is not one of the keys"):
        await call.send_dtmf("1x")
    assert process.graph.sent == []
