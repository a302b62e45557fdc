"""Calls in memory, as an engine keeps them, and a Graph that answers what is asked about them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import httpx

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot.errors import CallEnded, DataConflict, UnknownCallError
from graph_comms.bot.live import LiveCall
from graph_comms.bot.notification import Context, Notification, parse
from graph_comms.bot.reduction import reduce
from graph_comms.bot.state import CallState
from tests.bot import samples
from tests.bot.manual_clock import ManualClock

T = TypeVar("T")

CALL = samples.CALL
CALLBACK = "https://bot.contoso.com/api/calls"


@dataclass
class Sent:
    """A request that reached Graph."""

    method: str
    path: str
    headers: httpx.Headers
    body: Any


Answer = Callable[[Sent], httpx.Response]


@dataclass
class Graph:
    """Answers every request about a call, by default as one that succeeds, and remembers it.

    An action is answered with its operation, which runs; `answers` has other answers by the last
    part of the path, or by the method where the path ends with an id.
    """

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    sent: list[Sent] = field(default_factory=list[Sent])

    def client(self) -> AsyncCommunicationsClient:
        return AsyncCommunicationsClient("token", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        path = request.url.path.removeprefix("/v1.0/communications/calls")
        sent = Sent(request.method, path.removeprefix(f"/{CALL}"), request.headers, body)
        self.sent.append(sent)
        name = sent.path.rpartition("/")[2]
        own = self.answers.get(name) or self.answers.get(sent.method)
        return running(sent) if own is None else own(sent)


def running(sent: Sent) -> httpx.Response:
    """The answer to an action whose operation goes on; of a GET an empty collection."""
    if sent.method == "GET":
        return httpx.Response(200, json={"value": []})
    return operation("running")(sent)


def operation(status: str, **properties: Any) -> Answer:
    """Return what answers an action with an operation."""

    def answer(sent: Sent) -> httpx.Response:
        name = sent.path.rpartition("/")[2]
        content = {
            "@odata.type": f"#microsoft.graph.{_TYPES.get(name, 'commsOperation')}",
            "id": f"{name}-1",
            "status": status,
            "clientContext": (sent.body or {}).get("clientContext"),
        }
        return httpx.Response(200, json=content | properties)

    return answer


_TYPES = {
    "playPrompt": "playPromptOperation",
    "recordResponse": "recordOperation",
    "subscribeToTone": "subscribeToToneOperation",
    "sendDtmfTones": "sendDtmfTonesOperation",
    "invite": "inviteParticipantsOperation",
    "mute": "muteParticipantOperation",
    "unmute": "unmuteParticipantOperation",
    "startHoldMusic": "startHoldMusicOperation",
    "stopHoldMusic": "stopHoldMusicOperation",
    "cancelMediaProcessing": "cancelMediaProcessingOperation",
    "updateRecordingStatus": "updateRecordingStatusOperation",
    "addLargeGalleryView": "addLargeGalleryViewOperation",
}


@dataclass
class SharedCalls:
    """What the processes of a bot share."""

    states: dict[str, CallState] = field(default_factory=dict[str, CallState])
    data: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    keepers: list[Process] = field(default_factory=list["Process"])

    def put(self, state: CallState) -> None:
        self.states[state.id] = state
        for keeper in self.keepers:
            keeper.changed(state)


class Process:
    """Keeps calls as the engine of one process does."""

    def __init__(
        self,
        graph: Graph | None = None,
        shared: SharedCalls | None = None,
        clock: ManualClock | None = None,
    ) -> None:
        self.graph = graph or Graph()
        self.client = self.graph.client()
        self.callback_uri = CALLBACK
        self.clock = clock or ManualClock()
        self.shared = shared or SharedCalls()
        self.shared.keepers.append(self)
        self._deliveries = 0
        self._change = asyncio.Event()
        self._live: WeakValueDictionary[str, LiveCall] = WeakValueDictionary()

    def live(self, state: CallState, /) -> LiveCall:
        return self._live.setdefault(state.id, LiveCall(self, state))

    def changed(self, state: CallState) -> None:
        if call := self._live.get(state.id):
            call.refresh(state)
        self._change.set()
        self._change = asyncio.Event()

    async def change(self, call_id: str, make: Callable[[CallState], CallState], /) -> CallState:
        await asyncio.sleep(0)  # a store takes its time, in which others change the call
        before = self.shared.states.get(call_id)
        if before is None:
            raise UnknownCallError(call_id)
        after = make(before)
        self.shared.put(after)
        return after

    async def begin(self, call_id: str, call: Any, /) -> CallState:
        self._take(Notification.of_call(call_id, call, Context(received_at=self.clock.now())))
        return self.shared.states[call_id]

    def notify(self, item: Any) -> None:
        """Take in what Graph posts about the call, as the engine does."""
        self._deliveries += 1
        message_id = f"{id(self)} {self._deliveries}"
        context = Context(received_at=self.clock.now(), message_id=message_id)
        for one in parse(samples.body(item), context):
            assert isinstance(one, Notification)
            self._take(one)

    def _take(self, item: Notification) -> None:
        known = self.shared.states.get(CALL) or CallState(id=CALL, app_id=samples.APP)
        self.shared.put(reduce(known, item)[0])

    async def wait(
        self,
        call_id: str,
        reason: str,
        found: Callable[[CallState], T | None],
        timeout: float | None,
        /,
    ) -> T:
        alarm = None if timeout is None else asyncio.create_task(self.clock.sleep(timeout))
        while True:
            change = asyncio.create_task(self._change.wait())
            state = self.shared.states[call_id]
            answer = found(state)
            if answer is not None:
                return answer
            if state.ended:
                raise CallEnded(call_id, state)
            await asyncio.wait(
                {change, alarm} if alarm else {change}, return_when="FIRST_COMPLETED"
            )
            if alarm and alarm.done() and not change.done():
                raise TimeoutError

    async def read_data(self, call_id: str, /) -> tuple[int, Any]:
        version, text = self.shared.data.get(call_id, (0, "{}"))
        return version, json.loads(text)

    async def write_data(self, call_id: str, version: int, data: Any, /) -> int:
        await asyncio.sleep(0)
        if self.shared.data.get(call_id, (0, ""))[0] != version:
            raise DataConflict(call_id)
        self.shared.data[call_id] = version + 1, json.dumps(data)
        return version + 1


def incoming(process: Process, *, within: float = 15.0, **call: Any) -> LiveCall:
    """A call that has just come in and must be decided within so many seconds."""
    process.notify(samples.incoming(**call))
    deadline = process.clock.now().timestamp() + within
    process.shared.put(replace(process.shared.states[CALL], deadline=deadline))
    return process.live(process.shared.states[CALL])


def established(process: Process) -> LiveCall:
    """A call that goes on, as one that a process knows."""
    process.notify(samples.call_item(state="established", mediaState={"audio": "active"}))
    return process.live(process.shared.states[CALL])


def press(process: Process, keys: str, first: int = 6) -> None:
    """Notify keys, the first of which has the given number."""
    names = {"*": "star", "#": "pound"}
    for number, key in enumerate(keys, start=first):
        process.notify(samples.tone(number, names.get(key, f"tone{key}")))


def finish(process: Process, status: str, **properties: Any) -> None:
    """Notify that an operation has ended."""
    below = f"/operations/{properties.get('id', 'participants')}"
    ended = {"status": status, **properties}
    process.notify(samples.item(ended, change="deleted", below=below))


def end(process: Process, code: int = 200, subcode: int = 5010) -> None:
    """Notify the end of the call."""
    result = {"code": code, "subcode": subcode, "message": "of +49 30 1234567"}
    process.notify(samples.call_item(change="deleted", state="terminated", resultInfo=result))
