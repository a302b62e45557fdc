"""Keep a table of an organization's calls, up to date by change notifications; see README.md."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta

from azure.identity.aio import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    ClientSecretCredential,
)
from fastapi import FastAPI

from graph_comms import AsyncCommunicationsClient, GraphError, literal
from graph_comms.bot import Change, Changes, Failure, Missed, SQLiteStore
from graph_comms.models.call_records import CallRecord

RECORDS = "communications/callRecords"
DATABASE = os.environ.get("DATABASE", "calls.db")
LONGEST_CALL = timedelta(days=1)
"""A record is found by when its call began, and is there some time after its end."""

credential = ClientSecretCredential(
    os.environ["TENANT_ID"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
)
client = AsyncCommunicationsClient(credential)
changes = Changes(
    client,
    app_id=os.environ["CLIENT_ID"],
    # Subscriptions must outlive this process: Graph allows a hundred, and they live for days.
    store=SQLiteStore(os.environ.get("STORE", "subscriptions.db")),
    notification_url=os.environ["NOTIFICATION_URL"],
)


@changes.created(CallRecord)
@changes.updated(CallRecord)
async def record(change: Change[CallRecord]) -> None:
    """Write a call down; to do so again changes nothing, since a newer version is kept."""
    write(await change.fetch())


@changes.missed(CallRecord)
async def backfill(missed: Missed) -> None:
    """Write down the calls that were not notified."""
    await load(missed.since)


@changes.error
async def complain(failure: Failure) -> None:
    """Say what went wrong; the kit tries again what it can."""
    print(f"{failure.path or 'a handler'}: {failure.exception}")


async def fill() -> None:
    """Subscribe, then load what Graph still has: nothing falls between the two."""
    while True:
        try:
            await changes.subscriptions.create(RECORDS)
            return await load(datetime.now(UTC) - timedelta(days=30))
        except GraphError as error:
            print(f"{RECORDS}: {error}")
            await asyncio.sleep(15)


async def load(since: datetime) -> None:
    """Write down all calls since a time."""
    began = literal(since - LONGEST_CALL)
    async for found in await client.call_records.list(filter=f"startDateTime ge {began}"):
        write(found)


def write(found: CallRecord) -> None:
    """Put a record into the table, unless that has a newer version of it."""
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute(
            "INSERT INTO calls VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " version = excluded.version, kind = excluded.kind, began = excluded.began"
            " WHERE excluded.version > version",
            (found.id, found.version, str(found.type), str(found.start_date_time)),
        )


def create_table() -> None:
    """Create the table if it is not there."""
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS calls"
            " (id TEXT PRIMARY KEY, version INTEGER NOT NULL, kind TEXT, began TEXT)"
        )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Fill the table while the server runs, since Graph asks it before it subscribes."""
    create_table()
    async with credential, client, changes:
        filling = asyncio.create_task(fill())
        yield
        filling.cancel()


app = FastAPI(lifespan=lifespan)
app.router.add_route("/api/changes", changes.asgi(), methods=["POST"])


@app.get("/calls")
def calls() -> list[dict[str, object]]:
    """List the calls in the table."""
    with closing(sqlite3.connect(DATABASE)) as database:
        rows = database.execute("SELECT id, version, kind, began FROM calls ORDER BY began")
        return [dict(zip(("id", "version", "kind", "began"), row, strict=True)) for row in rows]
