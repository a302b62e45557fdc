"""Ways of using something that the syntax of a file hardly shows, each of which is found.

`ways.txt` has them: after `==` what a program uses, after `--` its next module; `$CLIENT` makes a client.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from graph_codegen.diff.change.changes import End
from graph_codegen.diff.usage import Usage, find_concerns
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.errors import Place
from graph_codegen.usage.resolve import find_uses
from tests.unit.usage import test_uses as uses
from tests.unit.usage.test_uses import HEAD, concerns, offered, written

FOUND = {
    "mute": uses.MUTE,
    "uri": uses.URI,
    "region": uses.REGION,
    "size": uses.SIZE,
    "ended": uses.ENDED,
    "call": uses.CALL,
}


def ways() -> Sequence[tuple[str, str]]:
    text = (Path(__file__).parent / "ways.txt").read_text(encoding="utf-8")
    _, *blocks = re.split(r"^== ", text, flags=re.MULTILINE)
    found: list[tuple[str, str]] = []
    for block in blocks:
        name, _, code = block.partition("\n")
        found.append((name, code.replace("$CLIENT\n", HEAD)))
    return found


WAYS = ways()


def test_there_are_many_ways() -> None:
    assert len(WAYS) > 250
    assert {name for name, _ in WAYS} == FOUND.keys()


@pytest.mark.parametrize(("name", "code"), WAYS)
def test_a_use_is_found_whatever_way_it_is_written(name: str, code: str) -> None:
    assert concerns(*code.split("\n--\n"))[FOUND[name]].usage is not Usage.UNUSED


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.subject\n''.title()\n[].append(1)",
        "getattr(x, 'other')",
        "for n in ('one', 'two'): getattr(x, n)",
        "NAMES = {'one': 1}\nclass A:\n    all = NAMES\n    def f(s, x): [getattr(x, n) for n in s.all]",
        "from lib import *\nprint(1)",
        "class A:\n    callback_uri = 1",
        HEAD + "client.meetings.mute('1')",  # which there is not
    ],
)
def test_what_uses_nothing_of_the_package_is_unused(code: str) -> None:
    found = concerns(code)
    assert [f.element for f in uses.ALL if found[f].usage is not Usage.UNUSED] == []


# -- parameters


def parameter(rule: str, *, name: str = "clientContext", is_new: bool = False) -> Finding:
    """The finding on a parameter of the action `mute`."""
    end = End(
        f"microsoft.graph.mute(microsoft.graph.call)/{name}",
        Place("x.xml", 1),
        "microsoft.graph.mute(microsoft.graph.call)",
    )
    old, new = (None, end) if is_new else (end, None)
    return Finding(rule=RULES[rule], kind="Parameter", old=old, new=new, effect=Effect.BOTH)


GOES = parameter("parameter-removed")
REQUIRED = parameter("parameter-made-required")
COMES = parameter("required-parameter-added", name="other", is_new=True)

CALLS = "from pkg import CommunicationsClient\ncalls = CommunicationsClient('t').calls\n"


@pytest.mark.parametrize(
    ("code", "goes"),
    [
        ("calls.mute('1', client_context='x')", Usage.USED),
        ("m = calls.mute\nm('1', client_context='x')", Usage.USED),
        ("calls.mute.with_response('1', client_context='x')", Usage.USED),
        ("calls.mute('1', **options)", Usage.PERHAPS),
        ("calls.mute('1', **{'client_context': 'x'})", Usage.PERHAPS),
        ("run(calls.mute, '1', client_context='x')", Usage.PERHAPS),
        ("import functools\nfunctools.partial(calls.mute, client_context='x')", Usage.PERHAPS),
        ("m = calls.mute", Usage.PERHAPS),
        ("calls.mute('1')", Usage.UNUSED),
        ("calls.mute('1', timeout=3)", Usage.UNUSED),
        ("calls.mute.with_response('1')", Usage.UNUSED),
    ],
)
def test_an_optional_parameter_concerns_who_gives_it(code: str, goes: Usage) -> None:
    found = find_concerns(
        [GOES, REQUIRED, COMES], offered(), find_uses(written(CALLS + code), offered())
    )
    assert found[GOES].usage is goes
    assert found[REQUIRED].usage is Usage.USED
    assert found[COMES].usage is Usage.USED
