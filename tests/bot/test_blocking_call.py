"""A `def` handler has the same call, with methods that block its thread and nothing else."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import httpx
import pytest
from anyio.to_thread import run_sync

from graph_comms.bot.blocking import BlockingCall
from graph_comms.bot.errors import AlreadyDecided, CallEnded, OperationFailed
from graph_comms.bot.live import LiveCall
from graph_comms.models import OperationStatus
from tests.bot.keeping import (
    CALL,
    Graph,
    Process,
    Sent,
    end,
    established,
    finish,
    incoming,
    operation,
    press,
    running,
)  # fmt: skip
from tests.bot.manual_clock import settle

pytestmark = pytest.mark.anyio

T = TypeVar("T")

WAV = "https://bot.contoso.com/hello.wav"


async def handled(call: LiveCall, handler: Callable[[BlockingCall], T]) -> T:
    """Run a `def` handler in a thread, as the bot does."""
    return await run_sync(handler, BlockingCall(call), abandon_on_cancel=True)


def begun(call: LiveCall, handler: Callable[[BlockingCall], T]) -> asyncio.Task[T]:
    return asyncio.create_task(handled(call, handler))


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds that a thread brings about."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


@pytest.mark.parametrize(
    "of", ["", "participants", "audio_routing_groups", "content_sharing_sessions"]
)
def test_it_has_all_that_the_other_has(of: str) -> None:
    live: Any = established(Process())
    blocking: Any = BlockingCall(live)
    if of:
        live, blocking = getattr(live, of), getattr(blocking, of)
    names = {name for name in dir(live) if not name.startswith("_")} - {"refresh"}
    assert {name for name in dir(blocking) if not name.startswith("_")} == names
    for name in names:
        method = getattr(type(live), name, None)
        if inspect.iscoroutinefunction(method):
            mine = getattr(blocking, name)
            assert mine.__doc__ == method.__doc__
            assert inspect.signature(mine) == inspect.signature(getattr(live, name))


async def test_its_attributes_are_those_of_the_call() -> None:
    process = Process()
    call = incoming(process)
    blocking = BlockingCall(call)
    for name in (
        "id",
        "model",
        "state",
        "ended",
        "roster",
        "chain_id",
        "tenant_id",
        "deadline",
        "context",
    ):
        assert getattr(blocking, name) == getattr(call, name)
    assert blocking.data is call.data
    assert repr(blocking) == f"<BlockingCall {CALL} incoming>"


async def test_a_handler_answers_plays_and_hangs_up() -> None:
    process = Process()

    def handler(call: BlockingCall) -> OperationStatus | None:
        call.answer()
        played = call.play_prompt(WAV)
        assert (played.id, played.client_context) == ("playPrompt-1", played.started.client_context)
        status = played.completed(timeout=30).status
        call.hang_up()
        return status

    handling = begun(incoming(process), handler)
    await until(lambda: len(process.graph.sent) == 2)
    finish(process, "completed", id="playPrompt-1")
    assert await handling is OperationStatus.COMPLETED
    lines = [f"{sent.method} {sent.path}" for sent in process.graph.sent]
    assert lines == ["POST /answer", "POST /playPrompt", "DELETE "]


async def test_the_loop_goes_on_while_a_handler_waits() -> None:
    process = Process()
    call = established(process)
    handling = begun(call, lambda call: call.tones(max_digits=2, timeout=30))
    await until(lambda: process.graph.sent)
    press(process, "1")
    await settle()
    press(process, "2", first=7)
    assert await handling == "12"


async def test_errors_are_raised_in_the_thread() -> None:
    process = Process(Graph({"playPrompt": operation("failed")}))
    call = incoming(process)

    def handler(call: BlockingCall) -> None:
        call.reject()
        with pytest.raises(AlreadyDecided):
            call.answer()
        with pytest.raises(OperationFailed):
            call.play_prompt(WAV).completed()
        recorded = call.record(WAV)
        with pytest.raises(TimeoutError):
            recorded.completed(timeout=0)
        waited.append(recorded)
        with pytest.raises(CallEnded):
            recorded.completed()

    waited: list[object] = []
    handling = begun(call, handler)
    await until(lambda: waited)
    assert len(process.graph.sent) == 3
    end(process)
    await handling


async def test_data_is_saved_and_read() -> None:
    process = Process()
    call = established(process)

    def handler(call: BlockingCall) -> None:
        call.data["n"] = 1
        call.save()
        call.load()

    await handled(call, handler)
    assert process.shared.data[CALL] == (1, '{"n": 1}')


async def test_lists_are_whole() -> None:
    def pages(sent: Sent) -> httpx.Response:
        link = f"https://graph.microsoft.com/v1.0/communications/calls/{CALL}/participants?$skip=1"
        first = {"value": [{"id": "1"}], "@odata.nextLink": link}
        return httpx.Response(
            200, json=first if len(process.graph.sent) == 1 else {"value": [{"id": "2"}]}
        )

    process = Process(Graph({"participants": pages}))
    found = await handled(established(process), lambda call: call.participants.list())
    assert [participant.id for participant in found] == ["1", "2"]


async def test_participants_block_too() -> None:
    process = Process(Graph({"mute": operation("completed")}))
    call = established(process)
    muted = await handled(call, lambda call: call.participants.mute("p").completed())
    assert muted.status is OperationStatus.COMPLETED
    await handled(call, lambda call: call.participants.remove("p"))
    assert [sent.path for sent in process.graph.sent] == ["/participants/p/mute", "/participants/p"]


async def test_what_the_handler_has_set_in_its_context_is_seen_by_the_kit() -> None:
    turn: ContextVar[str] = ContextVar("turn", default="none")
    seen: list[str] = []

    def answer(sent: Sent) -> httpx.Response:
        seen.append(turn.get())
        return running(sent)

    process = Process(Graph({"mute": answer}))
    turn.set("mine")
    await handled(established(process), lambda call: call.mute())
    assert seen == ["mine"]


async def test_elsewhere_it_says_what_to_use() -> None:
    process = Process()
    call = BlockingCall(established(process))
    message = "work in the thread of a `def` handler alone; elsewhere await those of a LiveCall"
    with pytest.raises(RuntimeError, match=message):
        call.hang_up()
    with pytest.raises(RuntimeError, match=message):
        await asyncio.to_thread(call.hang_up)
    assert process.graph.sent == []
