"""The page of the emulator's server, in a real browser."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from graph_emulator import Server
from tests.emulator.browser import Browser

PROJECT = Path(__file__).parents[2]


@dataclass(kw_only=True)
class World:
    """An emulator with a server, in an event loop of its own."""

    server: Server


@asynccontextmanager
async def playing() -> AsyncGenerator[World]:
    server = Server(port=0)
    async with server.running():
        yield World(server=server)


@pytest.fixture(scope="module")
def world() -> Generator[World]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(playing()) as world,
    ):
        yield world


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.mark.parametrize("fragment", [""])
def test_without_the_token_the_page_says_what_to_do(
    chromium: Browser, world: World, fragment: str
) -> None:
    chromium.open("about:blank")
    chromium.open(f"{world.server.url}/")
    chromium.run("sessionStorage.clear()")
    chromium.open(f"{world.server.url}/{fragment}")
    chromium.find("#no-token", "#token=")
    assert chromium.texts("main") == []


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
