"""The examples of the page about bots do what the page says, and type checkers accept them."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph_comms import GraphError
from graph_comms.bot import Bot, Event, ToneEvent
from graph_comms.bot.bot import Decorator
from tests.bot import samples
from tests.bot.example_apps import running, until
from tests.bot.service import BotUnderTest
from tests.client.test_doc_pages import PROJECT, examples_of

pytestmark = pytest.mark.anyio

PAGE = "docs/bots.md"
EXAMPLES = examples_of(PAGE)
HEARD = samples.call_item(state="established", mediaState={"audio": "active"})

Names = dict[str, Any]
"""What an example defines, besides what it is given."""

AS_SHOWN = "as shown"
"""What an example prints whose output is on the page."""

# -- what is done with each example, and what it prints


async def is_made(tested: BotUnderTest, names: Names) -> str:
    assert isinstance(names["bot"], Bot)
    return ""


async def is_served(tested: BotUnderTest, names: Names) -> str:
    async with running(names["app"]) as served:
        await served.notify(samples.incoming())
    return ""


async def is_handled(tested: BotUnderTest, names: Names) -> str:
    for sent in samples.answered_call():
        await tested.notify(sent)
    return AS_SHOWN


async def complains(tested: BotUnderTest, names: Names) -> str:
    @tested.bot.tone
    async def fail(event: ToneEvent) -> None:
        raise {"1": ValueError("not asked for"), "2": GraphError("told")}[event.tone]

    await tested.notify(samples.tone(1), samples.tone(2, "tone2"))
    return f"tone of {samples.CALL} failed: told\n"


async def is_invited_once(tested: BotUnderTest, names: Names) -> str:
    started = {"@odata.type": "#microsoft.graph.inviteParticipantsOperation", "status": "running"}
    tested.service.answers["invite"] = lambda _: httpx.Response(200, json=started)
    await tested.notify(samples.tone(1, "tone0"), samples.tone(2, "tone0"))
    assert tested.service.actions() == ["invite"]
    return ""


async def is_answered_and_greeted(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(samples.incoming())
    call = await tested.bot.call(samples.CALL)
    await tested.notify(HEARD)
    await tested.notify(HEARD)
    assert tested.service.actions() == ["answer", "playPrompt"]
    assert tested.service.bodies[1]["prompts"][0]["mediaInfo"]["uri"].endswith("/hello.wav")
    assert call is not None
    return f"{call.id} rings until {call.deadline}\n"


async def is_chosen_from(tested: BotUnderTest, names: Names) -> str:
    async def sent(*actions: str) -> None:  # by the thread of the handler
        await until(lambda: tested.service.actions() == [*actions])

    await tested.notify(HEARD)
    await sent("playPrompt")
    await tested.notify(samples.operation())
    await sent("playPrompt", "subscribeToTone")
    await tested.notify(samples.tone(1, "tone9"))
    await sent("playPrompt", "subscribeToTone", "DELETE")
    return ""


async def is_rejected(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(samples.incoming())
    assert tested.service.actions() == ["reject"]
    assert tested.service.bodies[0]["reason"] == "forbidden"
    return ""


async def is_called(tested: BotUnderTest, names: Names) -> str:
    assert await names["ring_up"]("112f7296") == samples.CALL
    assert tested.service.bodies[0]["targets"][0]["identity"]["user"]["id"] == "112f7296"
    assert [call.id async for call in tested.bot.calls()] == [samples.CALL]
    return ""


async def is_joined(tested: BotUnderTest, names: Names) -> str:
    call = await names["join"]("https://teams.microsoft.com/meet/21234567890123?p=aB3x9Z")
    assert call.id == samples.CALL
    assert tested.service.bodies[0]["meetingInfo"]["joinMeetingId"] == "21234567890123"
    return ""


async def is_read(tested: BotUnderTest, names: Names) -> str:
    return AS_SHOWN


async def says_nothing(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(HEARD)
    failed = samples.operation(status="failed", kind="recordOperation", code=400, subcode=8510)
    await tested.notify(failed)
    return AS_SHOWN


async def dials(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(HEARD)
    for number, key in enumerate(("tone4", "tone2", "pound")):
        await tested.notify(samples.tone(number, key))
    return "dialled 42\n"


async def asks_for_the_operator(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(samples.tone(6, "tone1"), samples.tone(7, "tone0"))
    return "key 0 number 7\n"


async def is_remembered(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(samples.incoming())
    await tested.notify(samples.tone(6), samples.tone(7))
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    assert call.data == {"language": "de", "keys": 2}
    return ""


async def is_noted(tested: BotUnderTest, names: Names) -> str:
    await tested.notify(HEARD)
    await asyncio.gather(*(names["note"](samples.CALL, text) for text in "abc"))
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    assert sorted(call.data["notes"]) == ["a", "b", "c"]
    return ""


DRIVEN: list[Callable[[BotUnderTest, Names], Awaitable[str]]] = [
    is_made, is_served, is_handled, complains, is_answered_and_greeted, is_chosen_from,
    is_rejected, is_called, is_joined, is_read,
    says_nothing, dials, asks_for_the_operator, is_remembered, is_noted,
    is_invited_once,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_an_example_does_what_the_page_says(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tested = BotUnderTest()
    names = {"__name__": "example", "bot": tested.bot, "credential": "token"}
    names |= {"CLIENT_ID": samples.APP, "TENANT_ID": samples.TENANT}
    code, shown = EXAMPLES[number]
    exec(compile(code, PAGE, "exec"), names)
    await tested.bot.start()
    printed = await DRIVEN[number](tested, names)
    await tested.stop()
    assert capsys.readouterr().out == (shown if printed is AS_SHOWN else printed)


def rows(heading: str) -> set[str]:
    """Return what the tables of a chapter list in their first columns."""
    text = (PROJECT / PAGE).read_text("utf-8")
    chapter = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    firsts = re.findall(r"^\| (`[^|]*)\|", chapter, re.MULTILINE)
    return {name for first in firsts for name in re.findall(r"`(\w+)`", first)}


def test_the_page_lists_every_decorator_and_attribute_of_events() -> None:
    decorators = {
        name for name, one in vars(BotUnderTest().bot).items() if isinstance(one, Decorator)
    }
    attributes = {one.name for one in fields(Event)} - {"payload"}
    assert rows("Handlers") == decorators | attributes


def test_the_page_lists_every_setting() -> None:
    given = {"self", "client", "app_id", "callback_uri"}
    assert rows("Settings") == inspect.signature(Bot).parameters.keys() - given


def test_type_checkers_accept_the_examples(tmp_path: Path) -> None:
    given = "from graph_comms.bot import Bot\nbot: Bot\nTENANT_ID: str\n\n"
    for number, (code, _) in enumerate(EXAMPLES):
        text = f"credential: str\nCLIENT_ID: str\n{code}" if number == 0 else given + code
        (tmp_path / f"example_{number}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *tmp_path.glob("*.py")],
        env=os.environ | {"MYPYPATH": str(PROJECT / "generated")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
