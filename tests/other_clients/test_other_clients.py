"""Clients that other tools make of the OpenAPI document, each against the emulator's server.

Each tool has an environment of its own, which `make clients` sets up.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from graph_comms.models import CallRecording, OnlineMeeting
from graph_emulator import Server
from tests.emulator.listeners import listening

PROJECT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent

CALLBACK = "https://bot.contoso.com/api/calls"
PROMPT = "https://bot.contoso.com/welcome.wav"

PAGE = (PROJECT / "docs" / "openapi.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def programs(tool: str) -> Path:
    """Return the programs of a tool's environment; skips the test where there is none."""
    folder = PROJECT / f".venv-{tool}"
    if not (folder / ".ready").exists():
        reason = f"{tool} is not installed: make clients"
        if os.environ.get("CLIENTS_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder / "bin"


async def start(program: Path | str, *arguments: str | Path, folder: Path, path: str) -> Process:
    environment = os.environ | {"PATH": path}
    return await asyncio.create_subprocess_exec(
        program, *arguments, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
    )


async def printed(process: Process, entered: str = "") -> str:
    """Return what a program prints that is given a text, once it has come to its end."""
    out, problems = await process.communicate(entered.encode())
    assert process.returncode == 0, (out + problems).decode()[-5000:]
    return out.decode()


async def make_client(tool: str, version: str, folder: Path, path: str) -> None:
    """Let a tool make a package `other` of the document of a version, as the page says."""
    (commands,) = (one for one in COMMANDS if f"\n{tool}" in one)
    written = "graph-codegen openapi"
    assert written in commands
    commands = commands.replace(written, f"{written} --openapi {version}")
    said = await printed(await start("sh", "-ec", commands, folder=folder, path=path))
    assert "Client was generated, but" not in said, said


@pytest.mark.parametrize("version", ["3.1", "3.0"])
@pytest.mark.parametrize("tool", ["openapi-python-client", "openapi-generator"])
async def test_a_client_of_another_tool_calls_and_answers(
    tool: str, version: str, tmp_path: Path
) -> None:
    path = os.pathsep.join(
        map(str, (programs(tool), Path(sys.executable).parent, os.environ["PATH"]))
    )
    await make_client(tool, version, tmp_path, path)
    source = FOLDER / f"with_{tool.replace('-', '_')}.py"
    program = shutil.copy(source, tmp_path)  # next to the client that it imports
    async with listening() as bot:
        server = Server(port=0, callback=f"{bot.origin}/api/calls")
        ann, ben = server.user("Ann").answers(after=0.1), server.user("Ben")
        async with server.running(), server.async_client() as ours:
            meeting = await ours.users.online_meetings.create("eve", OnlineMeeting())
            recording = CallRecording(
                id="r", created_date_time=datetime(2026, 1, 1, 12, tzinfo=UTC)
            )
            await ours.users.online_meetings.recordings.create("eve", str(meeting.id), recording)
            before = len(server.log.requests)
            token = server.credential().get_token().token
            arguments = [server.url, token, ann.id, CALLBACK, PROMPT]
            process = await start("python", program, *arguments, folder=tmp_path, path=path)
            assert process.stdout
            await process.stdout.readline()  # it is ready: nobody lets a call ring for long
            ringing = server.rings(from_=ben)
            said: dict[str, Any] = json.loads(await printed(process, f"{ringing.id}\n"))
            sent = [one for one in server.log.requests[before:] if one.name != "get"]
    created = said.pop("created")
    assert said == {
        "state": "establishing",
        "operation": ["played", "running"],
        "answered": 202,
        "recordings": ["r"],
        "all": ["r"],
    }
    calls, meetings = "/v1.0/communications/calls", "/v1.0/communications/onlineMeetings"
    span = "startDateTime=2026-01-01T09:00:00Z,endDateTime=2026-01-02T09:00:00+01:00"
    assert [(one.method, unquote(one.path), unquote(one.query), one.status) for one in sent] == [
        ("POST", f"{calls}/{ringing.id}/answer", "", 202),
        ("POST", calls, "", 201),
        ("POST", f"{calls}/{created}/playPrompt", "", 200),
        ("GET", f"{meetings}/getAllRecordings(meetingOrganizerUserId='eve',{span})", "$top=5", 200),
        ("GET", f"{meetings}/getAllRecordings()", "", 200),
    ]
    hosted = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
    usual = {"callbackUri": CALLBACK, "mediaConfig": hosted}
    assert [one.body for one in sent[:3]] == [
        usual | {"acceptedModalities": ["audio"]},
        usual
        | {
            "targets": [{"identity": {"user": {"id": ann.id}}}],
            "requestedModalities": ["audio"],
        },
        {
            "clientContext": "played",
            "prompts": [
                {
                    "@odata.type": "#microsoft.graph.mediaPrompt",
                    "mediaInfo": {"uri": PROMPT, "resourceId": "welcome"},
                }
            ],
        },
    ]
