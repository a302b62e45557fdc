"""Which packages have the bot kit: those with all that it imports, whatever their names."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from graph_codegen.api import Package, generate

CALLS = (
    "communications",
    "commsNotifications",
    "deltaParticipants",
    "participantJoiningNotification",
    "participantJoiningResponse",
    "participantLeftNotification",
    "changeNotificationCollection",
    "subscriptions",
)


def made(roots: Sequence[str], package: str) -> Package:
    return generate(roots=roots, package=package)


def has_kit(package: Package) -> bool:
    return any(path.startswith(f"{package.name}/bot/") for path in package.files)


def extras(package: Package) -> set[str]:
    project = tomllib.loads(package.files["pyproject.toml"])["project"]
    return {*project.get("optional-dependencies", {})}


@pytest.fixture(scope="module")
def other() -> Package:
    """A package of another name, of the part of Graph that the kit needs."""
    return made(CALLS, "my_calls")


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
    "roots",
    [
        ("commsNotifications",),
        [root for root in CALLS if root != "participantJoiningResponse"],
        [root for root in CALLS if root != "communications"],
    ],
    ids=["a type alone", "no answer to joining", "no client for calls"],
)
def test_a_package_without_what_the_kit_needs_has_none(roots: Sequence[str]) -> None:
    package = made(roots, "my_graph")
    assert not has_kit(package)
    assert extras(package) == set()
