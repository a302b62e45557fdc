"""The program that uses thirty methods runs, with both clients; `test_typing.py` checks its types."""

from __future__ import annotations

import asyncio
import re

import httpx

from graph_comms import OPERATIONS, AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime.operation import Operation
from tests.typing import thirty_methods


class Answers:
    """Answers every request, and records the operations."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        operation = next(one for one in OPERATIONS if is_for(request, one))
        self.asked.add(operation.python)
        if operation.kind == "count":
            return httpx.Response(200, text="1")
        value = "https://x.example" if operation.returns == "str" else []
        return httpx.Response(200, json={"id": "1", "value": value})


def is_for(request: httpx.Request, operation: Operation) -> bool:
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(f"/v1.0{operation.path}"))
    return operation.method == request.method and bool(re.fullmatch(pattern, request.url.path))


def test_the_program_runs_and_the_methods_are_thirty() -> None:
    answers = Answers()
    with CommunicationsClient("token", transport=httpx.MockTransport(answers)) as client:
        thirty_methods.exercise(client)
    assert len(answers.asked) >= 30


def test_the_program_runs_in_asyncio_too() -> None:
    answers = Answers()

    async def run() -> None:
        async with AsyncCommunicationsClient(
            "token", transport=httpx.MockTransport(answers)
        ) as client:
            await thirty_methods.exercise_async(client)

    asyncio.run(run())
    assert answers.asked == {
        "calls.list",
        "calls.update",
        "online_meetings.recordings.get_content",
    }
