"""A call as handlers see it: what is known of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

import anyio

from .. import models
from .._runtime.declaration import session_of
from .._runtime.errors import NotFoundError
from .._runtime.options import UNSET, Unset
from .._runtime.retry import RetryPolicy
from .data import CallData
from .errors import AlreadyDecided, CallEnded
from .keeper import Keeper
from .notification import Context
from .operations import CallOperation, new_client_context
from .parts import AudioRoutingGroups, ContentSharingSessions, Participants
from .requests import CallRequests, PromptOrAddress, prompts_of
from .roster import Roster
from .state import CallState
from .tones import Dialling, tones_of

if TYPE_CHECKING:
    from .._runtime.options import ActionOptions, Options
    from ..options import ActionRequestTimeoutOptions

_CONTEXT: ContextVar[tuple[str, Context] | None] = ContextVar("_CONTEXT", default=None)
"""The call whose event is being handled, and the delivery that told of the event."""


class LiveCall:
    """A call in which the bot takes part, always as it is known to be now.

    The methods send what those of the client do, with the same options, and raise what those raise;
    and CallEnded, without sending anything, for a call that has ended. There is one LiveCall of a
    call in each process.
    """

    def __init__(self, keeper: Keeper, state: CallState) -> None:
        self._keeper = keeper
        self._requests = requests = CallRequests(keeper, state)
        self._data = CallData(keeper, state.id)
        self._subscribing = anyio.Lock()
        self.participants = Participants(requests)
        """The participants at Graph, to list, invite, mute, put on hold or remove."""
        self.audio_routing_groups = AudioRoutingGroups(requests)
        """The private audio routes."""
        self.content_sharing_sessions = ContentSharingSessions(requests)
        """What is being shared."""

    def __repr__(self) -> str:
        state = self.state
        return f"<{type(self).__name__} {self.id} {state.value if state else 'in no state'}>"

    def refresh(self, state: CallState) -> None:
        """Take in what has become known of the call; the engine calls this with each change."""
        self._requests.state = state

    # -- what is known

    @property
    def id(self) -> str:
        """The id of the call: a GUID in lower case with hyphens."""
        return self._state.id

    @property
    def model(self) -> models.Call:
        """All that was notified of the call, as Graph's type: who calls (`source`), whom, and so on."""
        return models.Call.from_dict(self._state.call)

    @property
    def state(self) -> models.CallState | None:
        """Where the call stands; None if that is not known yet."""
        return models.Call.from_dict({"state": self._state.state}).state

    @property
    def ended(self) -> bool:
        """Whether the call has ended."""
        return self._state.ended

    @property
    def roster(self) -> Roster:
        """Who takes part, as far as it was notified, the bot included."""
        return self._state.roster

    @property
    def chain_id(self) -> str | None:
        """The id that calls have in common which follow from each other."""
        return self._state.chain_id

    @property
    def tenant_id(self) -> str | None:
        """The tenant of the call."""
        return self._state.tenant_id

    @property
    def deadline(self) -> datetime | None:
        """Until when an incoming call can be answered, rejected or redirected; None for others."""
        seconds = self._state.deadline
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    @property
    def context(self) -> Context:
        """The delivery that told of the event which is being handled.

        Outside a handler of this call it has what is known of the call, and no message id.
        """
        handled = _CONTEXT.get()
        if handled is not None and handled[0] == self.id:
            return handled[1]
        return self._state.context

    @context.setter
    def context(self, context: Context) -> None:
        _CONTEXT.set((self.id, context))

    @property
    def _state(self) -> CallState:
        return self._requests.state

    # -- the data of the application

    @property
    def data(self) -> dict[str, Any]:
        """What the application remembers of the call: a JSON object, to be changed in place.

        All handlers of the call share it. It is saved after each handler, and removed after the end.
        """
        return self._data.value

    async def load(self) -> None:
        """Read `data` again, unless it has changes that are not saved; done before each handler."""
        await self._data.load()

    async def save(self) -> None:
        """Save `data` if it was changed.

        Raises TypeError if it holds anything but JSON, and DataConflict if another process has saved it
        since it was read here: `data` is then what that process saved.
        """
        await self._data.save()

    # -- an incoming call

    async def answer(
        self,
        *,
        callback_uri: str | None = None,
        media_config: models.MediaConfig | None = None,
        accepted_modalities: Sequence[models.Modality] = (models.Modality.AUDIO,),
        participant_capacity: Unset | int | None = UNSET,
        call_options: Unset | models.IncomingCallOptions | None = UNSET,
        **options: Unpack[ActionOptions],
    ) -> None:
        """Answer the call: with the bot's callback URI, media hosted by the service, and audio.

        Raises AlreadyDecided if the call was decided before, or its deadline is over.
        Source: https://learn.microsoft.com/graph/api/call-answer.
        """
        options["retry"] = await self._decide("answer", options.get("retry"))
        await self._requests.calls.answer(
            self.id,
            callback_uri=callback_uri or self._keeper.callback_uri,
            media_config=media_config or models.ServiceHostedMediaConfig(),
            accepted_modalities=accepted_modalities,
            participant_capacity=participant_capacity,
            call_options=call_options,
            **options,
        )

    async def reject(
        self,
        reason: Unset | models.RejectReason | None = UNSET,
        *,
        callback_uri: Unset | str | None = UNSET,
        **options: Unpack[ActionOptions],
    ) -> None:
        """Turn the call down. Raises AlreadyDecided as `answer` does."""
        options["retry"] = await self._decide("reject", options.get("retry"))
        await self._requests.calls.reject(
            self.id, reason=reason, callback_uri=callback_uri, **options
        )

    async def redirect(
        self,
        targets: Sequence[models.InvitationParticipantInfo],
        *,
        timeout: Unset | int | None = UNSET,
        callback_uri: Unset | str | None = UNSET,
        routing_policies: Unset | Sequence[str] | None = UNSET,
        **options: Unpack[ActionRequestTimeoutOptions],
    ) -> None:
        """Pass the call on; it rings for `timeout` seconds. Raises AlreadyDecided as `answer` does.

        Source: https://learn.microsoft.com/graph/api/call-redirect.
        """
        options["retry"] = await self._decide("redirect", options.get("retry"))
        await self._requests.calls.redirect(
            self.id,
            targets=targets,
            timeout=timeout,
            callback_uri=callback_uri,
            routing_policies=routing_policies,
            **options,
        )

    async def _decide(self, decision: str, given: RetryPolicy | None) -> RetryPolicy:
        """Note the decision before its request leaves, and return a policy that keeps the deadline."""

        def decide(state: CallState) -> CallState:
            if state.ended:
                raise CallEnded(state.id, state)
            if state.decided is not None:
                raise AlreadyDecided(state.id, state.decided or None)
            self._remaining(state)
            return replace(state, decided=decision)

        state = await self._keeper.change(self.id, decide)
        policy = given or self._policy
        remaining = self._remaining(state)
        if remaining is None:
            return policy
        return replace(policy, deadline=min(remaining, policy.deadline or remaining))

    def _remaining(self, state: CallState) -> float | None:
        """Return the seconds until the deadline; raises AlreadyDecided if there are none."""
        if state.deadline is None:
            return None
        remaining = state.deadline - self._keeper.clock.now().timestamp()
        if remaining <= 0:
            raise AlreadyDecided(state.id, None)
        return remaining

    @property
    def _policy(self) -> RetryPolicy:
        """The policy of requests that are given no other."""
        policy: RetryPolicy = session_of(self._keeper.client.calls).retry
        return policy

    # -- what is heard

    async def play_prompt(
        self,
        prompts: PromptOrAddress | Sequence[PromptOrAddress],
        *,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.PlayPromptOperation]:
        """Play a WAV file by its address (mono, 16-bit, 16 kHz), a prompt, or several in this order.

        Source: https://learn.microsoft.com/graph/api/call-playprompt.
        """
        context = client_context or new_client_context()
        started = await self._requests.calls.play_prompt(
            self.id, prompts=prompts_of(prompts), client_context=context, **options
        )
        return self._requests.operation(started, context)

    async def record(
        self,
        prompts: PromptOrAddress | Sequence[PromptOrAddress] = (),
        *,
        barge_in_allowed: Unset | bool | None = UNSET,
        initial_silence_timeout_in_seconds: Unset | int | None = UNSET,
        max_silence_timeout_in_seconds: Unset | int | None = UNSET,
        max_record_duration_in_seconds: Unset | int | None = UNSET,
        play_beep: Unset | bool | None = UNSET,
        stop_tones: Unset | Sequence[str] | None = UNSET,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.RecordOperation]:
        """Play one prompt, if any, and record what is said: two minutes at most.

        Source: https://learn.microsoft.com/graph/api/call-record.
        """
        context = client_context or new_client_context()
        started = await self._requests.calls.record_response(
            self.id,
            prompts=prompts_of(prompts) or UNSET,
            barge_in_allowed=barge_in_allowed,
            initial_silence_timeout_in_seconds=initial_silence_timeout_in_seconds,
            max_silence_timeout_in_seconds=max_silence_timeout_in_seconds,
            max_record_duration_in_seconds=max_record_duration_in_seconds,
            play_beep=play_beep,
            stop_tones=stop_tones,
            client_context=context,
            **options,
        )
        return self._requests.operation(started, context)

    async def cancel_media_processing(
        self, *, client_context: str | None = None, **options: Unpack[ActionOptions]
    ) -> CallOperation[models.CancelMediaProcessingOperation]:
        """Stop the prompts and recordings that run or wait. A subscription to tones stays."""
        context = client_context or new_client_context()
        started = await self._requests.calls.cancel_media_processing(
            self.id, client_context=context, **options
        )
        return self._requests.operation(started, context)

    async def mute(
        self, *, client_context: str | None = None, **options: Unpack[ActionOptions]
    ) -> CallOperation[models.MuteParticipantOperation]:
        """Mute the bot, in a group call."""
        context = client_context or new_client_context()
        started = await self._requests.calls.mute(self.id, client_context=context, **options)
        return self._requests.operation(started, context)

    async def unmute(
        self, *, client_context: str | None = None, **options: Unpack[ActionOptions]
    ) -> CallOperation[models.UnmuteParticipantOperation]:
        """Undo `mute`."""
        context = client_context or new_client_context()
        started = await self._requests.calls.unmute(self.id, client_context=context, **options)
        return self._requests.operation(started, context)

    # -- keys

    async def tones(
        self,
        *,
        max_digits: int | None = None,
        stop: str = "",
        timeout: float | None = 10.0,
        fresh: bool = False,
    ) -> str:
        """Return the keys that are pressed, such as `42`, subscribing to them first if need be.

        It ends when there are `max_digits`, when one of the keys in `stop` is pressed, which is left
        out, or when no key has come for `timeout` seconds: then it returns what there is, perhaps
        nothing. Keys pressed since the last `tones()` count, unless `fresh`. Each key is returned
        once; handlers of `tone` see all of them too.

        Raises ValueError for a key in `stop` that there is not, and where nothing would end it; CallEnded.
        """
        dialling = Dialling(max_digits, stop, timeout)
        async with self._subscribing:
            if not self._state.tones_subscribed:
                await self.subscribe_to_tone()
        if fresh:
            await self._keeper.change(self.id, lambda state: state.with_tones_read(None))
        return await dialling.collect(self._keeper, self.id)

    async def subscribe_to_tone(
        self, *, client_context: str | None = None, **options: Unpack[ActionOptions]
    ) -> CallOperation[models.SubscribeToToneOperation]:
        """Have keys notified that people press, for `tones` and the handlers of `tone`."""
        context = client_context or new_client_context()
        started = await self._requests.calls.subscribe_to_tone(
            self.id, client_context=context, **options
        )
        await self._keeper.change(self.id, lambda state: replace(state, tones_subscribed=True))
        return self._requests.operation(started, context)

    async def send_dtmf(
        self,
        tones: str | Sequence[models.Tone],
        *,
        delay_between_tones_ms: Unset | int | None = UNSET,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.SendDtmfTonesOperation]:
        """Send keys into the call, such as `12#`, with a delay between them in milliseconds.

        Raises ValueError for text that has anything but keys.
        """
        context = client_context or new_client_context()
        started = await self._requests.calls.send_dtmf_tones(
            self.id,
            tones=tones_of(tones) if isinstance(tones, str) else tones,
            delay_between_tones_ms=delay_between_tones_ms,
            client_context=context,
            **options,
        )
        return self._requests.operation(started, context)

    # -- who takes part

    async def invite(
        self,
        participants: Sequence[models.InvitationParticipantInfo],
        *,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.InviteParticipantsOperation]:
        """Invite people, applications or telephones; the same as `participants.invite`."""
        return await self.participants.invite(
            participants, client_context=client_context, **options
        )

    async def transfer(
        self,
        transfer_target: models.InvitationParticipantInfo,
        *,
        transferee: Unset | models.ParticipantInfo | None = UNSET,
        client_context: Unset | str | None = UNSET,
        **options: Unpack[ActionOptions],
    ) -> None:
        """Hand the call over to somebody else; `transferee` says who is, in a group call.

        The call ends if that succeeds; handlers of `transfer_failed` are called if not.
        Source: https://learn.microsoft.com/graph/api/call-transfer.
        """
        calls = self._requests.calls
        await self._keeper.change(self.id, CallState.with_transfer)
        await calls.transfer(
            self.id,
            transfer_target=transfer_target,
            transferee=transferee,
            client_context=client_context,
            **options,
        )

    # -- the call itself

    async def hang_up(self, **options: Unpack[Options]) -> None:
        """Leave the call; a group call goes on without the bot. Nothing happens if it has ended."""
        with suppress(CallEnded, NotFoundError):
            await self._requests.calls.delete(self.id, **options)

    async def keep_alive(self, **options: Unpack[ActionOptions]) -> None:
        """Tell Graph that the bot still cares for the call, which the bot does by itself."""
        await self._requests.calls.keep_alive(self.id, **options)

    async def update_recording_status(
        self,
        status: models.RecordingStatus,
        *,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.UpdateRecordingStatusOperation]:
        """Let people know that the bot records, before any media is kept, or has stopped."""
        context = client_context or new_client_context()
        started = await self._requests.calls.update_recording_status(
            self.id, status=status, client_context=context, **options
        )
        return self._requests.operation(started, context)

    async def change_screen_sharing_role(
        self, role: models.ScreenSharingRole, **options: Unpack[ActionOptions]
    ) -> None:
        """Start (sharer) or stop (viewer) sharing the bot's screen."""
        await self._requests.calls.change_screen_sharing_role(self.id, role=role, **options)

    async def add_large_gallery_view(
        self, *, client_context: str | None = None, **options: Unpack[ActionOptions]
    ) -> CallOperation[models.AddLargeGalleryViewOperation]:
        """Ask for the large gallery view, which then is a participant with video."""
        context = client_context or new_client_context()
        started = await self._requests.calls.add_large_gallery_view(
            self.id, client_context=context, **options
        )
        return self._requests.operation(started, context)
