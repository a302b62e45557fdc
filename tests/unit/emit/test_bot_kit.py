"""Which packages have the bot kit: those with all that it imports, whatever their names."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from graph_codegen.api import Package, generate
from graph_codegen.assets import folder
from graph_codegen.emit import bot_kit
from graph_codegen.emit.templates import tree
from graph_codegen.facts import notifications

CALLS = ("communications", "subscriptions")
"""What brings all that the kit needs, with the types of notifications."""

NOTIFIED = tuple(notifications.load(folder("metadata")))


def has_kit(package: Package) -> bool:
    return any(path.startswith(f"{package.name}/bot/") for path in package.files)


def extras(package: Package) -> set[str]:
    project = tomllib.loads(package.files["pyproject.toml"])["project"]
    return {*project.get("optional-dependencies", {})}


@pytest.fixture(scope="module")
def other() -> Package:
    """A package of another name, of the part of Graph that the kit needs."""
    return generate(roots=CALLS, package="my_calls")


def test_a_package_of_another_name_has_a_kit_that_can_be_imported(
    other: Package, tmp_path: Path
) -> None:
    assert extras(other) == {"bot", "redis"}
    other.write(tmp_path)
    program = (
        "import sys, my_calls.bot, my_calls.bot.testing, my_calls.bot.adapters.azure\n"
        "from my_calls import AsyncCommunicationsClient\n"
        "my_calls.bot.RedisStore, my_calls.bot.SQLiteStore\n"
        "bot = my_calls.bot.Bot(AsyncCommunicationsClient('t'), app_id='a', callback_uri='https://b')\n"
        "bot.asgi(), bot.wsgi(), bot.changes.asgi()\n"
        "print([name for name in sys.modules if name.startswith('graph_comms')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, "[]\n"), ended.stderr


def test_the_kit_of_a_package_for_beta_goes_to_beta(tmp_path: Path) -> None:
    generate(roots=CALLS, package="my_beta", service_root="https://graph.microsoft.com/beta").write(
        tmp_path
    )
    program = """
import asyncio, httpx
from my_beta import AsyncCommunicationsClient, Cloud, CommunicationsClient
from my_beta.bot import Bot
from my_beta.models import Call, Subscription

def answer(request):
    print(request.method, request.url)
    return httpx.Response(201, json={"id": "1", "expirationDateTime": "2099-01-01T00:00:00Z"})

async def main():
    transport = httpx.MockTransport(answer)
    for cloud in (None, Cloud.US_GOV_L4):
        client = AsyncCommunicationsClient("t", cloud=cloud, transport=transport)
        async with Bot(client, app_id="a", callback_uri="https://b") as bot:
            await bot.create(Call())
            await bot.changes.subscriptions.create(
                "communications/callRecords", notification_url="https://b/changes"
            )

asyncio.run(main())
CommunicationsClient("t", transport=httpx.MockTransport(answer)).calls.get("1")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    beta, gov = "https://graph.microsoft.com/beta", "https://graph.microsoft.us/beta"
    assert ended.stdout.splitlines() == [
        f"POST {beta}/communications/calls",
        f"POST {beta}/subscriptions",
        f"POST {gov}/communications/calls",
        f"POST {gov}/subscriptions",
        f"GET {beta}/communications/calls/1",
    ], ended.stderr


def test_the_kit_of_another_package_names_its_extra(other: Package, tmp_path: Path) -> None:
    other.write(tmp_path)
    program = "import sys; sys.modules['jwt'] = None; import my_calls.bot"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    said = "ImportError: the bot kit needs jwt: pip install 'my-calls[bot]', or "
    assert ended.stderr.splitlines()[-1].startswith(said)


def test_a_vendored_copy_has_the_kit(other: Package) -> None:
    vendored = {path for path in other.vendored if path.startswith("bot/")}
    assert {"bot/__init__.py", "bot/adapters/asgi.py", "bot/changes/__init__.py"} <= vendored


@pytest.mark.parametrize(
    ("roots", "exclude"),
    [
        (["commsNotifications"], []),
        (CALLS, ["participantJoiningResponse"]),
        ([*NOTIFIED, "subscriptions"], []),
    ],
    ids=["a type alone", "no answer to joining", "no client for calls"],
)
def test_a_package_without_what_the_kit_needs_has_none(
    roots: Sequence[str], exclude: Sequence[str]
) -> None:
    package = generate(roots=roots, exclude=exclude, package="my_graph")
    assert not has_kit(package)
    assert extras(package) == set()


def test_the_imports_of_the_kit_are_found_in_its_text() -> None:
    kit = tuple((path, file) for path, file in tree("bot").items() if path.endswith(".py"))
    parsed: dict[str, set[str]] = {module: set() for module in bot_kit.GENERATED}
    for path, file in kit:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == path.count("/") + 1:
                parsed.get(node.module or "", set()).update(alias.name for alias in node.names)
    assert all(parsed.values())
    assert bot_kit._imported(kit) == parsed
