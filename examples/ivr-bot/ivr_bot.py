"""Answer calls with a menu: by keys to a person, or to a message that is recorded; see README.md."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import (
    Bot,
    LiveCall,
    OperationEvent,
    OperationFailed,
    ResultEvent,
    SQLiteStore,
    Trust,
)
from graph_comms.models import (
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    OperationStatus,
    RecordOperation,
)

PROMPTS = os.environ["PROMPTS"].rstrip("/")
PERSON = os.environ["PERSON_ID"]
MESSAGES = Path(os.environ.get("MESSAGES", "."))

logger = logging.getLogger("ivr_bot")

APP_ID = os.environ["CLIENT_ID"]

if emulator := os.environ.get("EMULATOR"):  # http://127.0.0.1:7071: see docs/emulator.md
    import graph_emulator

    credential = graph_emulator.Credential(emulator, APP_ID)
    client = AsyncCommunicationsClient(credential, endpoint=f"{emulator}/v1.0")
    trust = graph_emulator.trust(emulator)
else:
    from azure.identity.aio import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        ClientSecretCredential,
    )

    credential = ClientSecretCredential(
        os.environ["TENANT_ID"], APP_ID, os.environ["CLIENT_SECRET"]
    )
    client = AsyncCommunicationsClient(credential)
    trust = Trust.GLOBAL

bot = Bot(
    client,
    app_id=APP_ID,
    callback_uri=os.environ["CALLBACK_URI"],
    trust=trust,
    # Calls outlive this process, and several may serve them: uvicorn --workers 2.
    store=SQLiteStore(os.environ.get("STORE", "calls.db")),
)


@bot.incoming
async def ring(call: LiveCall) -> None:
    """Answer every call."""
    await call.answer()


@bot.media_active
async def menu(call: LiveCall) -> None:
    """Offer a choice, three times at most."""
    for _ in range(3):
        await call.play_prompt(f"{PROMPTS}/menu.wav")
        # Keys count from the beginning of the prompt; the first one interrupts it.
        key = await call.tones(max_digits=1, timeout=15)
        if key in ("1", "2"):
            await call.cancel_media_processing()
            await (connect(call) if key == "1" else take_message(call))
            return
    await say(call, "goodbye")
    await call.hang_up()


async def connect(call: LiveCall) -> None:
    """Pass the call on to a person: it ends here when that person has answered."""
    await say(call, "connecting")
    person = IdentitySet(user=Identity(id=PERSON))
    await call.transfer(InvitationParticipantInfo(identity=person))


@bot.transfer_failed
async def apologize(event: ResultEvent) -> None:
    """Nobody answered: the call is back."""
    await say(event.call, "nobody-there")
    await take_message(event.call)


async def take_message(call: LiveCall) -> None:
    """Record what the caller says after the beep, until a hash or a silence."""
    recording = await call.record(
        f"{PROMPTS}/leave-a-message.wav",
        play_beep=True,
        stop_tones=["#"],
        max_record_duration_in_seconds=120,
    )
    try:
        await recording.completed(timeout=300)
        await say(call, "thank-you")
    except OperationFailed as error:
        logger.warning("no message: %s", error)
    await call.hang_up()


@bot.operation(RecordOperation)
async def keep_message(event: OperationEvent) -> None:
    """Fetch a recording, which Graph deletes soon; to do so again writes the same file."""
    recorded = event.operation
    assert isinstance(recorded, RecordOperation)
    if recorded.status is OperationStatus.COMPLETED:
        content = await client.get_recording(recorded)
        await asyncio.to_thread((MESSAGES / f"{event.call.id}.wav").write_bytes, content)


async def say(call: LiveCall, name: str) -> None:
    """Play a prompt to its end."""
    played = await call.play_prompt(f"{PROMPTS}/{name}.wav")
    await played.completed(timeout=60)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop the bot, and close what it sends with."""
    async with credential, client, bot:
        yield


app = FastAPI(lifespan=lifespan)
app.router.add_route("/api/calls", bot.asgi())
