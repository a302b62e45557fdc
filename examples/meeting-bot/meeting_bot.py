"""Join meetings by their links, list who is there, and leave when nobody is; see README.md."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from azure.identity.aio import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    ClientSecretCredential,
)
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from graph_comms import AsyncCommunicationsClient, GraphHTTPError
from graph_comms.bot import Bot, LiveCall, MeetingLink, ParticipantEvent, SQLiteStore
from graph_comms.models import Participant

TENANT = os.environ["TENANT_ID"]

credential = ClientSecretCredential(TENANT, os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
client = AsyncCommunicationsClient(credential)
bot = Bot(
    client,
    app_id=os.environ["CLIENT_ID"],
    callback_uri=os.environ["CALLBACK_URI"],
    store=SQLiteStore(os.environ.get("STORE", "calls.db")),
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop the bot, and close what it sends with."""
    async with credential, client, bot:
        yield


app = FastAPI(lifespan=lifespan)
app.router.add_route("/api/calls", bot.asgi())


class Meeting(BaseModel):
    """What is needed to join: a link or a meeting id, and a passcode where the link has none."""

    link: str
    passcode: str | None = None


@app.post("/meetings", status_code=201)
async def join(meeting: Meeting) -> dict[str, str]:
    """Join a meeting, and return the id of the call."""
    try:
        link = MeetingLink.parse(meeting.link, passcode=meeting.passcode)
        call = await bot.join(link, tenant_id=TENANT)
    except ValueError as error:  # it says what is missing
        raise HTTPException(422, str(error)) from None
    except GraphHTTPError as error:
        raise HTTPException(502, f"Graph has not let the bot join: {error.code}") from None
    return {"id": call.id}


@app.get("/meetings")
async def meetings() -> dict[str, int]:
    """List the meetings, and how many people are in each."""
    return {call.id: len(people(call)) async for call in bot.calls()}


@app.get("/meetings/{call_id}")
async def roster(call_id: str) -> list[str]:
    """List who is in a meeting, by name."""
    return [name_of(one) for one in people(await found(call_id))]


@app.delete("/meetings/{call_id}", status_code=204)
async def leave(call_id: str) -> None:
    """Leave a meeting, which goes on without the bot."""
    await (await found(call_id)).hang_up()


@bot.participant_left
async def leave_when_alone(event: ParticipantEvent) -> None:
    """Leave when the last person has left."""
    if not people(event.call):
        await event.call.hang_up()


async def found(call_id: str) -> LiveCall:
    """Return a live call; whichever process was notified of it, the store has it."""
    call = await bot.call(call_id)
    if call is None:
        raise HTTPException(404, "the bot is not in such a meeting")
    return call


def people(call: LiveCall) -> list[Participant]:
    """Return who takes part that is not an application, such as the bot itself."""
    return [one for one in call.roster.values() if not is_application(one)]


def is_application(participant: Participant) -> bool:
    """Whether a participant is a bot, this one or another."""
    identity = participant.info and participant.info.identity
    return bool(identity and identity.application)


def name_of(participant: Participant) -> str:
    """Return the name that a meeting shows of a participant."""
    identity = participant.info and participant.info.identity
    known = [identity.user, identity.phone] if identity else []
    names = (one.display_name for one in known if one and one.display_name)
    return next(names, "somebody")
