"""Calls for `def` handlers: the same methods, which block the handler's thread instead of a loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from functools import partial, update_wrapper
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from anyio import from_thread

from .. import models
from .live import LiveCall
from .notification import Context
from .operations import CallOperation, OpT
from .parts import AudioRoutingGroups, ContentSharingSessions, Participants
from .roster import Roster
from .waiting import in_thread

if TYPE_CHECKING:
    from .._runtime.async_page import AsyncPage

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")


class _Blocking(Generic[A]):
    """What has the methods of an asynchronous object, which block."""

    def __init__(self, awaited: A) -> None:
        self._awaited = awaited


class _Method(Generic[P, T]):
    """A method that runs one to be awaited in the event loop of the bot, and waits for its end."""

    def __init__(
        self, method: Callable[..., Awaitable[Any]], finish: Callable[[Any], Awaitable[T]]
    ) -> None:
        self._method = method
        self._finish = finish
        documented: Any = self
        update_wrapper(documented, method)

    @overload
    def __get__(self, owner: None, cls: Any = None) -> Self: ...
    @overload
    def __get__(self, owner: _Blocking[Any], cls: Any = None) -> Callable[P, T]: ...
    def __get__(self, owner: _Blocking[Any] | None, cls: Any = None) -> Any:
        if owner is None:
            return self
        method = MethodType(self._method, vars(owner)["_awaited"])
        return update_wrapper(partial(self._run, method), method)

    def _run(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> T:
        async def run() -> T:
            return await self._finish(await method(*args, **kwargs))

        return _wait_for(run)


def _wait_for(run: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what a function comes to in the event loop that started this thread."""
    try:
        from_thread.check_cancelled()
    except RuntimeError:
        raise RuntimeError(
            "the methods of a BlockingCall work in the thread of a `def` handler alone; elsewhere await"
            " those of a LiveCall, which an `async def` handler and bot.call() get"
        ) from None

    async def run_meanwhile() -> T:
        with in_thread(-1):
            return await run()

    return from_thread.run(run_meanwhile)


def _blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> _Method[P, T]:
    return _Method(method, _itself)


def _starting(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, CallOperation[OpT]]],
) -> _Method[P, BlockingOperation[OpT]]:
    async def finish(operation: CallOperation[OpT]) -> BlockingOperation[OpT]:
        return BlockingOperation(operation)

    return _Method(method, finish)


def _listing(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncPage[T]]],
) -> _Method[P, list[T]]:
    async def finish(page: AsyncPage[T]) -> list[T]:
        return [item async for item in page]

    return _Method(method, finish)


async def _itself(result: T) -> T:
    return result


class BlockingOperation(Generic[OpT]):
    """A `CallOperation` whose `completed` blocks."""

    def __init__(self, operation: CallOperation[OpT]) -> None:
        self._operation = operation
        self.started = operation.started
        self.client_context = operation.client_context

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {type(self.started).__name__} {self.id}>"

    @property
    def id(self) -> str | None:
        """The id of the operation, as Graph answered it."""
        return self._operation.id

    def completed(self, timeout: float | None = None) -> OpT:
        """Wait as `CallOperation.completed` does, which says what is returned and raised."""
        return _wait_for(partial(self._operation.completed, timeout))


class BlockingParticipants(_Blocking[Participants]):
    """`Participants`, whose methods block; `list` returns all of them."""

    list = _listing(Participants.list)
    get = _blocking(Participants.get)
    invite = _starting(Participants.invite)
    remove = _blocking(Participants.remove)
    mute = _starting(Participants.mute)
    start_hold_music = _starting(Participants.start_hold_music)
    stop_hold_music = _starting(Participants.stop_hold_music)


class BlockingAudioRoutingGroups(_Blocking[AudioRoutingGroups]):
    """`AudioRoutingGroups`, whose methods block; `list` returns all of them."""

    list = _listing(AudioRoutingGroups.list)
    create = _blocking(AudioRoutingGroups.create)
    get = _blocking(AudioRoutingGroups.get)
    update = _blocking(AudioRoutingGroups.update)
    delete = _blocking(AudioRoutingGroups.delete)


class BlockingContentSharingSessions(_Blocking[ContentSharingSessions]):
    """`ContentSharingSessions`, whose methods block; `list` returns all of them."""

    list = _listing(ContentSharingSessions.list)
    get = _blocking(ContentSharingSessions.get)


class BlockingCall(_Blocking[LiveCall]):
    """A `LiveCall` for a `def` handler: the same attributes, and methods that block its thread.

    Elsewhere than in that thread the methods raise RuntimeError.
    """

    def __init__(self, call: LiveCall) -> None:
        super().__init__(call)
        self.participants = BlockingParticipants(call.participants)
        self.audio_routing_groups = BlockingAudioRoutingGroups(call.audio_routing_groups)
        self.content_sharing_sessions = BlockingContentSharingSessions(
            call.content_sharing_sessions
        )

    def __repr__(self) -> str:
        return repr(self._awaited).replace(type(self._awaited).__name__, type(self).__name__, 1)

    @property
    def id(self) -> str:
        """As `LiveCall.id`."""
        return self._awaited.id

    @property
    def model(self) -> models.Call:
        """As `LiveCall.model`."""
        return self._awaited.model

    @property
    def state(self) -> models.CallState | None:
        """As `LiveCall.state`."""
        return self._awaited.state

    @property
    def ended(self) -> bool:
        """As `LiveCall.ended`."""
        return self._awaited.ended

    @property
    def roster(self) -> Roster:
        """As `LiveCall.roster`."""
        return self._awaited.roster

    @property
    def chain_id(self) -> str | None:
        """As `LiveCall.chain_id`."""
        return self._awaited.chain_id

    @property
    def tenant_id(self) -> str | None:
        """As `LiveCall.tenant_id`."""
        return self._awaited.tenant_id

    @property
    def deadline(self) -> datetime | None:
        """As `LiveCall.deadline`."""
        return self._awaited.deadline

    @property
    def context(self) -> Context:
        """As `LiveCall.context`."""
        return self._awaited.context

    @property
    def data(self) -> dict[str, Any]:
        """As `LiveCall.data`."""
        return self._awaited.data

    load = _blocking(LiveCall.load)
    save = _blocking(LiveCall.save)
    answer = _blocking(LiveCall.answer)
    reject = _blocking(LiveCall.reject)
    redirect = _blocking(LiveCall.redirect)
    play_prompt = _starting(LiveCall.play_prompt)
    record = _starting(LiveCall.record)
    cancel_media_processing = _starting(LiveCall.cancel_media_processing)
    mute = _starting(LiveCall.mute)
    unmute = _starting(LiveCall.unmute)
    tones = _blocking(LiveCall.tones)
    subscribe_to_tone = _starting(LiveCall.subscribe_to_tone)
    send_dtmf = _starting(LiveCall.send_dtmf)
    invite = _starting(LiveCall.invite)
    transfer = _blocking(LiveCall.transfer)
    hang_up = _blocking(LiveCall.hang_up)
    keep_alive = _blocking(LiveCall.keep_alive)
    update_recording_status = _starting(LiveCall.update_recording_status)
    change_screen_sharing_role = _blocking(LiveCall.change_screen_sharing_role)
    add_large_gallery_view = _starting(LiveCall.add_large_gallery_view)
