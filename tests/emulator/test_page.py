"""The page of the emulator's server, in a real browser: a call is played by clicks, and by keys alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from selenium.webdriver.common.keys import Keys
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

import graph_emulator
from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot
from graph_comms.models import Call as CallModel
from graph_emulator import Call, Server
from tests.emulator.bots import CALLBACK, call_to, joining
from tests.emulator.test_meetings import LINK
from tests.support.browser import Browser, Scheme

PROJECT = Path(__file__).parents[2]
HOSTILE = '</script><img src=x onerror="alert(1)">\u202e<b>Eve</b>' + "e" * 300


CUTTABLE = """
const real = fetch;
var down = false, open = [];
fetch = (path, options = {}) => {
  if (down) return Promise.reject(new TypeError("down"));
  const cut = new AbortController();
  open.push(cut);
  return real(path, { ...options, signal: AbortSignal.any([cut.signal, options.signal ?? cut.signal]) });
};
"""
"""Lets a test cut the connections of a page."""


@dataclass(kw_only=True)
class World:
    """An emulator, and a bot that answers and plays a prompt, each with a server, in a loop of their own."""

    server: Server
    client: AsyncCommunicationsClient
    portal: BlockingPortal
    refusals: list[int]
    """What the bot answers to the next notifications instead of taking them."""

    def create(self, call: CallModel) -> Call:
        """Let the bot create a call."""
        created = self.portal.call(self.client.calls.create, call)
        return self.server.calls[str(created.id)]

    def last(self) -> Call:
        """Return the call that began last."""
        return list(self.server.calls)[-1]


@asynccontextmanager
async def playing() -> AsyncGenerator[tuple[Server, AsyncCommunicationsClient, list[int]]]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = Server(port=0, callback=f"http://127.0.0.1:{listening.getsockname()[1]}/api/calls")
    refusals: list[int] = []
    async with (
        server.running(),
        graph_emulator.Credential(server.url, server.app_id) as credential,
        AsyncCommunicationsClient(credential, endpoint=f"{server.url}/v1.0") as client,
    ):
        trust = graph_emulator.trust(server.url)
        bot = Bot(client, app_id=server.app_id, callback_uri=CALLBACK, trust=trust)

        @bot.incoming
        async def ring(call: Any) -> None:
            await call.answer()

        @bot.media_active
        async def menu(call: Any) -> None:
            await call.play_prompt("https://bot.contoso.com/menu.wav")

        async def take(request: Request) -> Response:
            if refusals:
                return Response(status_code=refusals.pop(0))
            query, headers = request.url.query, dict(request.headers)
            reply = await bot.handle("POST", headers, query, await request.body())
            return Response(reply.body, reply.status)

        app = Starlette(lifespan=bot.lifespan)
        app.router.add_route("/api/calls", take, methods=["POST"])
        serving = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        try:
            while not serving.started:
                await asyncio.sleep(0.01)
            yield server, client, refusals
        finally:
            serving.should_exit = True
            await task


@pytest.fixture(scope="module")
def world() -> Generator[World]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(playing()) as (server, client, refusals),
    ):
        yield World(server=server, client=client, portal=portal, refusals=refusals)


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Browser, world: World) -> Generator[Browser]:
    """The page in a wide window of light colours; nothing may go wrong in it, nor be asked of others."""
    world.server.reset()
    world.server.run()  # until nothing is being delivered any more
    chromium.complaints(), chromium.asked()
    chromium.show()
    chromium.open(world.server.page)
    chromium.find("#connection", "live")
    yield chromium
    assert chromium.complaints() == []
    assert chromium.asked() == {world.server.url}


# -- a call


def rung(page: Browser, name: str = "Ann") -> None:
    """Let a person ring the bot, until they talk."""
    page.find("#ring-who").send_keys(name)
    page.find("#ring button").click()
    page.find(f"[aria-label='{name} presses 1']")


def test_a_whole_call_is_played_by_clicks(page: Browser, world: World) -> None:
    rung(page)
    page.find("#timeline", "playPrompt")
    assert page.texts("#call-list [aria-current=true]") == ["Ann established incoming"]
    page.find("[aria-label='Ann presses 1']").click()
    page.find("[aria-label='Ann presses hash']").click()
    page.find("#timeline", "Ann presses #")
    page.find("[aria-label='Hang up: Ann']").click()
    page.find("#call-facts", "terminated by the user")
    assert page.texts(".person") == []
    call = world.last()
    assert (call.ended_by, call.tones) == ("user", ["1", "#"])
    assert page.texts("#call-list .row")[1] == "Ann terminated incoming"


def test_the_body_of_an_entry_is_shown_as_json(page: Browser) -> None:
    rung(page)
    page.find("#timeline .row", "playPrompt").click()
    assert page.texts("#entry-title") == ["playPrompt"]
    sent, answer = map(json.loads, page.texts("#bodies pre"))
    assert sent["prompts"][0]["mediaInfo"]["uri"] == "https://bot.contoso.com/menu.wav"
    assert answer["@odata.type"] == "#microsoft.graph.playPromptOperation"


def test_a_whole_call_is_played_by_tab_and_enter_alone(page: Browser, world: World) -> None:
    page.show(scheme="dark")
    page.tab_to("#ring-who")
    page.press("Ann", Keys.ENTER)
    page.find("[aria-label='Ann presses 1']")
    page.tab_to("[aria-label='Ann presses 1']")
    page.press(Keys.ENTER)
    page.find("#timeline", "Ann presses 1")
    assert page.focused("[aria-label='Ann presses 1']")
    page.tab_to("#timeline .asked .row")
    page.press(Keys.ENTER)
    page.find("#entry-title", "answer")
    assert page.focused("#timeline .asked .row")
    page.tab_to("#call-list .row")
    page.press(Keys.ENTER)
    page.find("#call-title", "Everything")
    page.press(Keys.TAB, Keys.ENTER)
    page.find("#call-title", "Ann")
    page.tab_to("[aria-label='Hang up: Ann']")
    page.press(Keys.ENTER)
    page.find("#call-facts", "terminated by the user")
    assert page.focused("#call-title")  # the button is gone: Tab goes on from here
    assert world.last().tones == ["1"]


def test_who_is_called_answers_or_declines(page: Browser, world: World) -> None:
    taken = world.create(call_to(world.server.user("Ben")))
    page.find("[aria-label='Answer: Ben']").click()
    page.find("[aria-label='Hang up: Ben']")
    refused = world.create(call_to(world.server.user("Cleo")))
    page.find("#call-list .row", "Cleo").click()
    page.find("[aria-label='Decline: Cleo']").click()
    page.find("#call-facts", "terminated by the user")
    assert (taken.state, refused.result and refused.result["code"]) == ("established", 603)


def test_a_meeting_is_joined_and_left_and_the_bot_admitted(page: Browser, world: World) -> None:
    world.server.meeting(LINK, lobby=True)
    call = world.create(joining(LINK, world.server.tenant_id))
    page.find("[aria-label='Admit: the bot']").click()
    page.find("#timeline", "audio active")
    for name in ("Ann", "Ben"):
        page.find("#join-who").send_keys(name, Keys.ENTER)
        page.find(f"[aria-label='Leave: {name}']")
    page.find("[aria-label='Leave: Ann']").click()
    page.find("#timeline", "Ann is gone")
    assert page.texts(".person .name") == ["Ben"]
    assert not call.ended


def test_what_the_bot_refused_is_delivered_again(page: Browser, world: World) -> None:
    world.refusals.append(503)
    page.find("#ring-who").send_keys("Ann", Keys.ENTER)
    page.find("#timeline .status", "503")
    page.find(".again").click()
    page.find("#call-list [aria-current=true]", "established")
    assert page.texts(".again") == []


def test_an_act_that_is_refused_says_why(page: Browser, world: World) -> None:
    rung(page)
    page.run("window.gone = document.querySelector('.ends')")
    world.portal.call(world.server.calls.end, world.last(), "service", None)
    page.find("#call-facts", "terminated")
    page.run("gone.click()")
    page.find("#message", "the call has ended")
    assert any("400" in one for one in page.complaints())


# -- the connection


def test_the_token_leaves_the_address_and_outlasts_a_reload(page: Browser, world: World) -> None:
    assert page.driver.current_url == f"{world.server.url}/"
    page.driver.refresh()
    page.find("#connection", "live")


@pytest.mark.parametrize("fragment", ["", "#token=wrong"])
def test_without_the_token_the_page_says_what_to_do(
    chromium: Browser, world: World, fragment: str
) -> None:
    chromium.open(f"{world.server.url}/")
    chromium.run("sessionStorage.clear()")
    chromium.open("about:blank")
    chromium.open(f"{world.server.url}/{fragment}")
    chromium.find("#no-token", "#token=")
    assert chromium.texts("main") == []


def test_a_page_connects_again_and_misses_nothing(chromium: Browser, world: World) -> None:
    chromium.before_pages(CUTTABLE)
    chromium.open("about:blank")
    chromium.open(world.server.page)
    chromium.find("#connection", "live")
    chromium.run("down = true; for (const one of open) one.abort();")
    chromium.find("#connection", "lost")
    world.create(call_to(world.server.user("Dora")))
    chromium.run("down = false")
    chromium.find("#connection", "live")
    chromium.find("#call-list .row", "Dora")
    numbers = chromium.run(
        "return [...document.querySelectorAll('#timeline li')].map((one) => one.dataset.key)"
    )
    assert len(numbers) == len(set(numbers))


def test_old_entries_go(page: Browser, world: World) -> None:
    events, act = world.server.events, {"act": "presses", "person": "Ann", "keys": "1"}

    def press(times: int) -> int:
        return [events.add("act", call=None, act=act) for _ in range(times)][-1]

    last = world.portal.call(press, 2100)
    page.find(f"#timeline li[data-key='{last}']")
    assert page.run("return document.querySelectorAll('#timeline li').length") == 2000


# -- hostile text


def test_hostile_names_become_no_markup(page: Browser, world: World) -> None:
    world.create(call_to(world.server.user(HOSTILE)))
    page.find("[aria-label^='Answer: </script><img']").click()
    page.find("#timeline .row", "<img").click()
    page.find("#bodies pre")
    markup = "return document.querySelectorAll('main img, main b, main script, main iframe').length"
    assert page.run(markup) == 0
    assert page.run("return document.documentElement.scrollWidth") <= 1360


# -- how it looks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(page: Browser, world: World, scheme: Scheme) -> None:
    page.show(scheme=scheme)
    world.refusals.append(503)
    world.create(call_to(world.server.user("Ben")))
    page.until(lambda: not world.refusals, "the refusal of what is told of Ben's call")
    rung(page)
    page.find("#call-list .row", "Ann").click()
    page.find("#timeline .row", "playPrompt").click()
    assert page.pale() == []
    for place in (
        "#reset",
        "#ring-who",
        "#ring button",
        "#call-list .row",
        ".key",
        "#timeline .row",
    ):
        page.tab_to(place)
        assert page.focus_contrast() >= 3, place
    page.find("[aria-label='Hang up: Ann']").click()
    page.find("#call-facts", "terminated")
    page.find("#call-list .row", "Everything").click()
    assert page.pale() == []


def test_the_page_fits_a_telephone(page: Browser, world: World) -> None:
    page.show(width=360, height=740)
    world.server.meeting(LINK, lobby=True)
    world.create(joining(LINK, world.server.tenant_id))
    page.find("[aria-label='Admit: the bot']")
    assert page.width() <= 360
    rung(page)
    page.find("#call-list .row", "Ann").click()
    page.find("#timeline .row", "playPrompt").click()
    assert page.width() <= 360
    page.show(width=680, height=400)  # a window of 1360 pixels, zoomed to 200 %
    assert page.width() <= 680


# -- the demo


def test_the_demo_leaves_the_page_open_until_it_is_interrupted() -> None:
    command: list[str | Path] = [
        sys.executable,
        "-u",
        PROJECT / "examples/ivr-bot/demo.py",
        "--stay",
    ]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen(command, start_new_session=True, **pipes) as demo,
        ExitStack() as ending,
    ):
        ending.callback(demo.kill)
        assert demo.stdout is not None
        assert demo.stderr is not None
        address, token = demo.stdout.readline().removeprefix("open ").split("#token=")
        while "Ctrl+C" not in (line := demo.stdout.readline()):
            assert line
        headers = {"authorization": f"Bearer {token.strip()}"}
        info = httpx.get(f"{address}_emulator/info", headers=headers, trust_env=False).json()
        open_page = httpx.stream(
            "GET", f"{address}_emulator/events", headers=headers, trust_env=False
        )
        with open_page:
            os.killpg(demo.pid, signal.SIGINT)
            assert (demo.wait(timeout=20), demo.stderr.read()) == (0, "")
    assert info["people"] == ["Ann", "Ben"]


# -- the files


def test_the_page_is_the_same_for_everybody(world: World) -> None:
    with httpx.Client(base_url=world.server.url, trust_env=False) as http:
        plain = http.get("/")
        asked = http.get("/?a=1", headers={"authorization": "Bearer x", "cookie": "y=z"})
        assert plain.content == asked.content
        assert not any(text in plain.text for text in (world.server.url, "127.0.0.1", "Bearer"))
        for path in ("/", "/_emulator/page.js", "/_emulator/page.css", "/favicon.ico"):
            answer = http.get(path)
            policy = dict(
                one.split(" ", 1) for one in answer.headers["content-security-policy"].split("; ")
            )
            assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
            assert policy["frame-ancestors"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_wheel_has_the_page(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=PROJECT / "emulator", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = {Path(name).name for name in packed.namelist() if "/page/" in name}
    assert names == {"index.html", "page.css", "page.js", "icon.svg"}
