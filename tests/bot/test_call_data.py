"""What an application remembers of a call is shared, saved, and never overwritten unseen."""

from __future__ import annotations

import asyncio
import math
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms.bot.errors import DataConflict
from graph_comms.bot.live import LiveCall
from tests.bot import samples
from tests.bot.keeping import CALL, Process, established
from tests.bot.service import BotUnderTest

pytestmark = pytest.mark.anyio


def elsewhere(process: Process) -> LiveCall:
    """The same call in another process."""
    return established(Process(process.graph, process.shared, process.clock))


async def test_another_process_reads_what_was_saved() -> None:
    process = Process()
    call, other = established(process), elsewhere(process)
    call.data["choice"] = {"keys": ["4", "2"], "sum": 6.5, "paid": None}
    await other.load()
    assert other.data == {}
    await call.save()
    await other.load()
    assert other.data == {"choice": {"keys": ["4", "2"], "sum": 6.5, "paid": None}}


async def test_what_was_not_changed_is_not_written() -> None:
    process = Process()
    call = established(process)
    await call.save()
    assert process.shared.data == {}
    call.data["n"] = 1
    await call.save()
    await call.save()
    assert process.shared.data[CALL][0] == 1
    call.data["n"] = True
    await call.save()
    assert process.shared.data[CALL] == (2, '{"n": true}')


async def test_two_processes_do_not_overwrite_each_other() -> None:
    process = Process()
    call, other = established(process), elsewhere(process)
    other.data["n"] = 1
    await other.save()
    held = call.data
    held["n"] = 10
    with pytest.raises(
        DataConflict, match=f"the data of call {CALL} was changed by another process"
    ):
        await call.save()
    assert held == {"n": 1}
    held["n"] += 10
    await call.save()
    await other.load()
    assert other.data == {"n": 11}


async def test_counting_in_many_processes_loses_nothing() -> None:
    process = Process()
    established(process)

    async def count(call: LiveCall) -> None:
        for _ in range(5):
            while True:
                call.data["n"] = call.data.get("n", 0) + 1
                try:
                    await call.save()
                except DataConflict:
                    continue
                break

    await asyncio.gather(*(count(elsewhere(process)) for _ in range(5)))
    last = elsewhere(process)
    await last.load()
    assert last.data == {"n": 25}


async def test_changes_that_are_not_saved_outlast_a_load() -> None:
    process = Process()
    call, other = established(process), elsewhere(process)
    call.data["mine"] = 1
    other.data["theirs"] = 1
    await other.save()
    await call.load()
    assert call.data == {"mine": 1}


async def test_several_handlers_save_at_the_same_time() -> None:
    call = established(process := Process())
    call.data.update(a=1, b=2)
    await asyncio.gather(*(call.save() for _ in range(5)))
    assert process.shared.data[CALL] == (1, '{"a": 1, "b": 2}')


def test_a_call_may_be_kept_for_another_event_loop() -> None:
    call = established(Process())

    async def save_at_once(value: int) -> None:
        call.data["n"] = value
        await asyncio.gather(*(call.save() for _ in range(3)), call.load())

    for value in (1, 2):
        asyncio.run(save_at_once(value))
    assert call.data == {"n": 2}


ITSELF: list[Any] = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2026, 11, 26, tzinfo=UTC), "holds a value that is not JSON: datetime;"),
        ({"in": [1, {2, 3}]}, "holds a value that is not JSON: set;"),
        ((1, 2), "holds a value that is not JSON: tuple;"),
        (b"x", "holds a value that is not JSON: bytes;"),
        (math.inf, "not JSON: an infinite or undefined number;"),
        (math.nan, "not JSON: an infinite or undefined number;"),
        ({1: "sEcret"}, "has a name that is not text"),
        (ITSELF, "nested more than 100 levels deep, or holds itself"),
    ],
)
async def test_what_is_not_json_is_a_type_error(value: Any, message: str) -> None:
    process = Process()
    call = established(process)
    call.data["x"] = value
    with pytest.raises(TypeError, match=message) as raised:
        await call.save()
    assert "sEcret" not in str(raised.value)
    await call.load()
    call.data["x"] = 1
    await call.save()
    assert process.shared.data[CALL] == (1, '{"x": 1}')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(data=st.dictionaries(st.text(), JSON, max_size=3))
def test_any_json_comes_back_as_it_was(data: dict[str, Any]) -> None:
    async def there_and_back() -> None:
        process = Process()
        call, other = established(process), elsewhere(process)
        call.data.update(data)
        await call.save()
        await other.load()
        assert other.data == data

    asyncio.run(there_and_back())


async def test_a_thread_may_change_it_while_it_is_saved() -> None:
    call = established(Process())
    call.data["many"] = {str(n): n for n in range(2_000)}
    stop = threading.Event()

    def change() -> None:
        n = 0
        while not stop.is_set():
            call.data["many"][f"new {n % 50}"] = n
            call.data["many"].pop(f"new {(n + 25) % 50}", None)
            n += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(20):
            await call.save()
    finally:
        stop.set()
        thread.join()


async def test_a_call_that_the_bot_finds_comes_with_its_data() -> None:
    tested = BotUnderTest()
    await tested.bot.start()
    await tested.notify(samples.call_item(state="established"))
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    call.data["n"] = 1
    await call.save()
    tested.bot.engine.reset()
    again = await tested.bot.call(samples.CALL)
    assert again is not None
    assert again is not call
    assert again.data == {"n": 1}
    tested.bot.engine.reset()
    assert [one.data async for one in tested.bot.calls()] == [{"n": 1}]
    await tested.stop()
