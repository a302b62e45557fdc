"""What belongs to a call and has methods of its own: participants, audio routes, shared content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from .. import models
from .._runtime.options import UNSET
from .operations import CallOperation, new_client_context
from .requests import CallRequests, PromptOrAddress, prompts_of

if TYPE_CHECKING:
    from .._runtime.async_page import AsyncPage
    from .._runtime.options import ActionOptions, Options
    from ..options import CollectionOptions, EntityOptions


class Participants:
    """The participants of a call at Graph; `call.roster` has what was notified of them.

    The methods take the options of the client's, and raise what those do, and CallEnded.
    """

    def __init__(self, requests: CallRequests) -> None:
        self._requests = requests

    async def list(self, **options: Unpack[CollectionOptions]) -> AsyncPage[models.Participant]:
        """List the participants."""
        return await self._requests.calls.participants.list(self._requests.id, **options)

    async def get(
        self, participant_id: str, **options: Unpack[EntityOptions]
    ) -> models.Participant:
        """Get one participant."""
        part = self._requests.calls.participants
        return await part.get(self._requests.id, participant_id, **options)

    async def invite(
        self,
        participants: Sequence[models.InvitationParticipantInfo],
        *,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.InviteParticipantsOperation]:
        """Invite people, applications or telephones. Do not repeat it blindly: they ring twice."""
        context = client_context or new_client_context()
        started = await self._requests.calls.participants.invite(
            self._requests.id, participants=participants, client_context=context, **options
        )
        return self._requests.operation(started, context)

    async def remove(self, participant_id: str, **options: Unpack[Options]) -> None:
        """Remove somebody from the call, or cancel an invitation that is not answered yet."""
        part = self._requests.calls.participants
        await part.delete(self._requests.id, participant_id, **options)

    async def mute(
        self,
        participant_id: str,
        *,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.MuteParticipantOperation]:
        """Mute somebody, in a group call. Nobody else can undo it."""
        context = client_context or new_client_context()
        started = await self._requests.calls.participants.mute(
            self._requests.id, participant_id, client_context=context, **options
        )
        return self._requests.operation(started, context)

    async def start_hold_music(
        self,
        participant_id: str,
        *,
        custom_prompt: PromptOrAddress | None = None,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.StartHoldMusicOperation]:
        """Put somebody on hold, with a prompt of your own before the music."""
        context = client_context or new_client_context()
        started = await self._requests.calls.participants.start_hold_music(
            self._requests.id,
            participant_id,
            custom_prompt=UNSET if custom_prompt is None else prompts_of(custom_prompt)[0],
            client_context=context,
            **options,
        )
        return self._requests.operation(started, context)

    async def stop_hold_music(
        self,
        participant_id: str,
        *,
        client_context: str | None = None,
        **options: Unpack[ActionOptions],
    ) -> CallOperation[models.StopHoldMusicOperation]:
        """Bring somebody back from hold."""
        context = client_context or new_client_context()
        started = await self._requests.calls.participants.stop_hold_music(
            self._requests.id, participant_id, client_context=context, **options
        )
        return self._requests.operation(started, context)


class AudioRoutingGroups:
    """The private audio routes of a call. The methods are those of the client, without the call's id."""

    def __init__(self, requests: CallRequests) -> None:
        self._requests = requests

    async def list(
        self, **options: Unpack[CollectionOptions]
    ) -> AsyncPage[models.AudioRoutingGroup]:
        """List the routes."""
        return await self._requests.calls.audio_routing_groups.list(self._requests.id, **options)

    async def create(
        self, audio_routing_group: models.AudioRoutingGroup, **options: Unpack[Options]
    ) -> models.AudioRoutingGroup:
        """Create a route from one participant to one or several others."""
        part = self._requests.calls.audio_routing_groups
        return await part.create(self._requests.id, audio_routing_group, **options)

    async def get(
        self, audio_routing_group_id: str, **options: Unpack[EntityOptions]
    ) -> models.AudioRoutingGroup:
        """Get one route."""
        part = self._requests.calls.audio_routing_groups
        return await part.get(self._requests.id, audio_routing_group_id, **options)

    async def update(
        self,
        audio_routing_group_id: str,
        audio_routing_group: models.AudioRoutingGroup,
        **options: Unpack[Options],
    ) -> models.AudioRoutingGroup | None:
        """Change a route, such as its receivers."""
        part = self._requests.calls.audio_routing_groups
        return await part.update(
            self._requests.id, audio_routing_group_id, audio_routing_group, **options
        )

    async def delete(self, audio_routing_group_id: str, **options: Unpack[Options]) -> None:
        """Delete a route."""
        part = self._requests.calls.audio_routing_groups
        await part.delete(self._requests.id, audio_routing_group_id, **options)


class ContentSharingSessions:
    """What is being shared in a call."""

    def __init__(self, requests: CallRequests) -> None:
        self._requests = requests

    async def list(
        self, **options: Unpack[CollectionOptions]
    ) -> AsyncPage[models.ContentSharingSession]:
        """List what is being shared."""
        part = self._requests.calls.content_sharing_sessions
        return await part.list(self._requests.id, **options)

    async def get(
        self, content_sharing_session_id: str, **options: Unpack[EntityOptions]
    ) -> models.ContentSharingSession:
        """Get one session."""
        part = self._requests.calls.content_sharing_sessions
        return await part.get(self._requests.id, content_sharing_session_id, **options)
