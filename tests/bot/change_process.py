"""A process that handles change notifications from a store until it is killed; a part of a test.

Arguments: the kind and the place of the store, and the file to which each handler adds a line when it begins,
and the process one with a dash when it has started.
"""

from __future__ import annotations

import os
import sys
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import anyio

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot.changes import Change, Changes
from tests.support.stores import Place

LEASE = 2.0
FIRST = 4.0
"""How long the first handler of a process takes, in seconds: it is in hand when the process is killed."""


async def main(kind: str, address: str, log: str) -> None:
    client = AsyncCommunicationsClient("token")
    changes = Changes(client, app_id="app", store=Place(kind, address).store(), lease=LEASE)

    pauses = chain([FIRST], repeat(0.3))

    @changes.created
    async def note(change: Change[Any]) -> None:
        write(f"{change.id} {change.redelivered}")
        await anyio.sleep(next(pauses))

    def write(line: str) -> None:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {line}\n")

    async with changes:
        write("- False")
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:4])  # type: ignore[arg-type]
