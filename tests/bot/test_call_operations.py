"""Operations are waited for until they, the call or the time have ended, wherever that is notified."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graph_comms.bot.errors import CallEnded, OperationFailed
from graph_comms.bot.live import LiveCall
from graph_comms.bot.operations import CallOperation
from graph_comms.models import OperationStatus, PlayPromptOperation, RecordOperation
from tests.bot.keeping import Graph, Process, Sent, end, established, finish, operation
from tests.bot.manual_clock import settle

pytestmark = pytest.mark.anyio

WAV = "https://bot.contoso.com/hello.wav"


async def play(call: LiveCall) -> CallOperation[PlayPromptOperation]:
    return await call.play_prompt(WAV)


async def test_a_completion_is_awaited_and_returned_as_it_was_notified() -> None:
    process = Process()
    played = await play(established(process))
    assert (played.id, played.started.status) == ("playPrompt-1", OperationStatus.RUNNING)
    waiting = asyncio.create_task(played.completed(timeout=30))
    await settle()
    finish(process, "completed", id="another", clientContext="another")
    await settle()
    assert not waiting.done()
    finish(process, "completed", id="playPrompt-1", completionReason="completedSuccessfully")
    ended = await waiting
    assert ended.status is OperationStatus.COMPLETED
    assert ended.undeclared == {"completionReason": "completedSuccessfully"}
    assert await played.completed() == ended


@pytest.mark.parametrize("known", ["id", "clientContext"])
async def test_a_completion_may_overtake_the_response(known: str) -> None:
    def overtaken(sent: Sent) -> httpx.Response:
        names = {"id": "playPrompt-1", "clientContext": sent.body["clientContext"]}
        finish(process, "completed", **{known: names[known]})
        return operation("running")(sent)

    process = Process(Graph({"playPrompt": overtaken}))
    played = await play(established(process))
    assert (await played.completed(timeout=1)).status is OperationStatus.COMPLETED


async def test_a_completion_may_be_notified_to_another_process() -> None:
    process = Process()
    call = established(process)
    other = Process(process.graph, process.shared, process.clock)
    waiting = asyncio.create_task((await play(call)).completed(timeout=1))
    await settle()
    finish(other, "completed", id="playPrompt-1")
    assert (await waiting).status is OperationStatus.COMPLETED


async def test_an_answer_without_id_is_found_by_its_client_context() -> None:
    process = Process(Graph({"playPrompt": operation("running", id=None)}))
    played = await established(process).play_prompt(WAV, client_context="mine")
    assert (played.id, played.client_context) == (None, "mine")
    finish(process, "completed", id="from elsewhere", clientContext="mine")
    assert (await played.completed(timeout=1)).id == "from elsewhere"


AT_ONCE: list[tuple[str, Callable[[LiveCall], Any]]] = [
    ("subscribeToTone", lambda call: call.subscribe_to_tone()),
    ("mute", lambda call: call.mute()),
    ("unmute", lambda call: call.unmute()),
    ("mute", lambda call: call.participants.mute("p")),
    ("stopHoldMusic", lambda call: call.participants.stop_hold_music("p")),
    ("cancelMediaProcessing", lambda call: call.cancel_media_processing()),
]


@pytest.mark.parametrize(("name", "ask"), AT_ONCE)
async def test_what_is_answered_as_completed_is_not_waited_for(
    name: str, ask: Callable[[LiveCall], Any]
) -> None:
    process = Process(Graph({name: operation("Completed")}))
    asked = await ask(established(process))
    assert await asked.completed(timeout=0) is asked.started


FAILURE = {"code": 400, "subcode": 8508, "message": "Action was cancelled for +49 30 1234567."}


async def test_a_failure_is_raised_with_what_it_means() -> None:
    process = Process()
    recorded = await established(process).record(WAV)
    finish(
        process,
        "failed",
        id="recordResponse-1",
        resultInfo=FAILURE,
        recordingAccessToken="sEcret",
    )
    with pytest.raises(
        OperationFailed,
        match=r"RecordOperation .* failed: the operation was cancelled \(400/8508\)$",
    ) as raised:
        await recorded.completed()
    error = raised.value
    assert isinstance(error.operation, RecordOperation)
    assert error.result == error.operation.result_info
    shown = f"{error!r}{error}{recorded!r}"
    assert "sEcret" not in shown
    assert "1234567" not in shown


async def test_a_failure_in_the_answer_is_raised() -> None:
    process = Process(Graph({"playPrompt": operation("failed", resultInfo=FAILURE)}))
    with pytest.raises(OperationFailed):
        await (await play(established(process))).completed()


async def test_the_end_of_the_call_ends_every_wait_at_once() -> None:
    process = Process()
    call = established(process)
    waits = [
        asyncio.create_task((await play(call)).completed(timeout=30)),
        asyncio.create_task((await play(call)).completed()),
        asyncio.create_task(call.tones(timeout=None, stop="#")),
    ]
    await settle()
    end(process)
    for wait in waits:
        with pytest.raises(CallEnded, match="has ended"):
            await wait


async def test_a_completion_before_the_end_counts() -> None:
    process = Process()
    played = await play(established(process))
    finish(process, "completed", id="playPrompt-1")
    end(process)
    assert (await played.completed()).status is OperationStatus.COMPLETED


async def test_what_takes_too_long_is_a_timeout() -> None:
    process = Process()
    waiting = asyncio.create_task((await play(established(process))).completed(timeout=30))
    await process.clock.advance(29.9)
    assert not waiting.done()
    await process.clock.advance(0.1)
    with pytest.raises(TimeoutError):
        await waiting
