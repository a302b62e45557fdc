"""The one notification that is answered in its response: that somebody is about to join."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from ..models import ParticipantJoiningResponse
from .engine import Engine
from .errors import UnknownCallError
from .events import ParticipantJoiningEvent
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
        self._answering: dict[str, asyncio.Task[Json]] = {}

    async def answer(self, item: Notification) -> Reply:
        """Return the response to a participantJoiningNotification.

        A repetition is answered as the first was. The default is the answer without a handler, to a
        call that is unknown or has ended, and when the handler fails or takes more than three seconds.
        """
        engine, call_id = self._engine, item.call_id
        held = await engine.held(call_id, fresh=engine.store.shared) if call_id else None
        answer = self._default()
        if call_id and held and not held.state.ended and self._invoker.handlers.own(KIND):
            key = item.context.message_id or item.digest
            task = self._answering.get(key)
            if task is None:
                task = asyncio.create_task(self._decide(key, item, engine.live(held.state)))
                self._answering[key] = task
                task.add_done_callback(lambda _: self._answering.pop(key, None))
            # The answer is found and remembered even if whoever asked does not wait for it.
            answer = await asyncio.shield(task)
        return Reply(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    async def _decide(self, key: str, item: Notification, call: LiveCall) -> Json:
        state = await self._engine.state(call.id)
        if state is not None and key in state.joins:
            return state.joins[key]
        answer = await self._ask(item, call)

        def remember(state: CallState) -> CallState:
            if key in state.joins:
                return state
            kept = [*state.joins.items()][-_REMEMBERED + 1 :]
            return replace(state, joins={**dict(kept), key: answer})

        try:
            state = await self._engine.change(call.id, remember)
        except UnknownCallError:
            return answer
        return state.joins.get(key, answer)

    async def _ask(self, item: Notification, call: LiveCall) -> Json:
        """Return what the first handler that answers says."""
        engine = self._engine
        event = ParticipantJoiningEvent.of(item, call)
        for registration in self._invoker.handlers.own(KIND):

            async def invoke(registration: Any = registration) -> object:
                with span(f"handle {KIND}"):
                    return await self._invoker.invoke(registration, event, call)

            try:
                answer = await within(engine.clock, engine.settings.join_within, invoke)
                if isinstance(answer, ParticipantJoiningResponse):
                    return answer.to_dict()
                if answer is not None:
                    expected = "event.accept(), event.reject(), event.invite_new_bot() or None"
                    message = (
                        f"a handler of {KIND} returned {type(answer).__name__}, not {expected}"
                    )
                    raise TypeError(message)
            except Exception as error:
                await self._invoker.report(event, error, call)
        return self._default()

    def _default(self) -> Json:
        return self._engine.settings.default_join_response.to_dict()
