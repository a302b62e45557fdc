"""The one notification that is answered in its response: that somebody is about to join."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from ..models import ParticipantJoiningResponse
from .engine import Engine
from .errors import UnknownCallError
from .events import ParticipantJoiningEvent
from .handlers import Registration
from .invoking import Invoker
from .json_values import Json
from .live import LiveCall
from .notification import Notification
from .reply import Reply
from .state import CallState
from .telemetry import span
from .waiting import within

KIND = "participant_joining"

_REMEMBERED = 50
"""How many answers a call remembers, for notifications that come again."""


class Joining:
    """Answers who wants to join a call: as the application does, or with the default."""

    def __init__(self, engine: Engine, invoker: Invoker) -> None:
        self._engine = engine
        self._invoker = invoker
        self._answering: dict[tuple[str | None, str], asyncio.Task[Json]] = {}
        self._reporting: set[asyncio.Task[None]] = set()

    async def answer(self, item: Notification) -> Reply:
        """Return the response to a participantJoiningNotification.

        A repetition is answered as the first was. The default is the answer without a handler, to a
        call that is unknown or has ended, and when handlers fail or take more than three seconds.
        Raises StoreError.
        """
        key = item.context.message_id or item.digest
        task = self._answering.get((item.call_id, key))
        if task is None:
            task = asyncio.create_task(self._decide(key, item))
            self._answering[item.call_id, key] = task
            task.add_done_callback(lambda _: self._answering.pop((item.call_id, key), None))
        # The answer is found and remembered even if whoever asked does not wait for it.
        answer = await asyncio.shield(task)
        return Reply(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    async def _decide(self, key: str, item: Notification) -> Json:
        engine, call_id = self._engine, item.call_id
        if not call_id or not self._invoker.handlers.own(KIND):
            return self._default()
        state = await engine.state(call_id)
        if state is None or state.ended:
            return self._default()
        if key in state.joins:
            return state.joins[key]
        answer = await self._ask(item, engine.live(state))

        def remember(state: CallState) -> CallState:
            if key in state.joins:
                return state
            kept = [*state.joins.items()][-_REMEMBERED + 1 :]
            return replace(state, joins={**dict(kept), key: answer})

        try:
            state = await engine.change(call_id, remember)
        except UnknownCallError:
            return answer
        return state.joins.get(key, answer)

    async def _ask(self, item: Notification, call: LiveCall) -> Json:
        """Return what the first handler that answers says, if it does so in time."""
        event = ParticipantJoiningEvent.of(item, call)
        call.context = item.context

        async def ask() -> Json:
            await call.load()
            for registration in self._invoker.handlers.own(KIND):
                answer = await self._answer_of(registration, event, call)
                if answer is not None:
                    return answer.to_dict()
            return self._default()

        try:
            return await within(self._engine.clock, self._engine.settings.join_within, ask)
        except TimeoutError as error:
            self._report(event, error, call)
            return self._default()

    async def _answer_of(
        self, registration: Registration, event: ParticipantJoiningEvent, call: LiveCall
    ) -> ParticipantJoiningResponse | None:
        """Return what a handler answers; None if it leaves that to others, or fails."""
        answer = None
        try:
            try:
                with span(f"handle {KIND}"):
                    answer = _checked(await self._invoker.invoke(registration, event, call))
            finally:
                await call.save()
        except Exception as error:
            self._report(event, error, call)
        return answer

    def _report(self, event: ParticipantJoiningEvent, error: Exception, call: LiveCall) -> None:
        """Tell of a failure, without keeping the answer waiting for those who are told."""
        task = asyncio.create_task(self._invoker.report(event, error, call))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    def _default(self) -> Json:
        return self._engine.settings.default_join_response.to_dict()


def _checked(answer: object) -> ParticipantJoiningResponse | None:
    """Return what a handler may answer; raises TypeError for anything else."""
    if answer is None or isinstance(answer, ParticipantJoiningResponse):
        return answer
    expected = "event.accept(), event.reject(), event.invite_new_bot() or None"
    raise TypeError(f"a handler of {KIND} returned {type(answer).__name__}, not {expected}")
