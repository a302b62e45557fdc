"""Calls that the bot makes: to people, and into meetings."""

from __future__ import annotations

from ..models import Call, Modality, ServiceHostedMediaConfig
from .keeper import Keeper
from .live import LiveCall
from .meeting_link import MeetingLink


async def create(keeper: Keeper, call: Call) -> LiveCall:
    """Create a call, with the bot's callback URI unless it has one.

    Notifications that overtake the response find the call by its id. Raises what
    `client.calls.create` raises, and ValueError if Graph answers without an id.
    """
    if call.callback_uri is None:
        call = call.model_copy()
        call.callback_uri = keeper.callback_uri
    created = await keeper.client.calls.create(call)
    if not created.id:
        raise ValueError("Graph created a call, but its answer has no id")
    live = keeper.live(await keeper.begin(created.id, created.to_dict()))
    await live.load()
    return live


async def join(keeper: Keeper, link: MeetingLink | str, tenant_id: str | None = None) -> LiveCall:
    """Join a meeting by its link, with audio that the service hosts; see `MeetingLink`.

    Raises ValueError for a link from which something is missing, and what `create` raises.
    """
    meeting = MeetingLink.parse(link) if isinstance(link, str) else link
    call = Call(
        callback_uri=keeper.callback_uri,
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(),
        **meeting.to_call_arguments(tenant_id),
    )
    return await create(keeper, call)
