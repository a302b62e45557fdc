"""The programs of `docs/rules.md`, each of which uses what its example is about."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pytest

from graph_codegen.diff.usage import Usage, find_concerns
from graph_codegen.diff.verdict.rules import Effect
from graph_codegen.facts.settings import load
from graph_codegen.usage.files import File
from graph_codegen.usage.offered import offered_by
from graph_codegen.usage.resolve import find_uses
from tests.golden import rules
from tests.golden.rules import Example
from tests.golden.test_rules import EXAMPLES, each_example, finding

CONCERNED = frozenset(effect for effect in Effect if effect.breaks) | {Effect.DEPRECATED}

PROGRAMS = tuple(
    pytest.param(example, number, id=f"{example.id}/{number}")
    for example in EXAMPLES
    for number, program in enumerate(example.programs)
    if CONCERNED.issuperset([finding(example).effect, program.effect or finding(example).effect])
)


def usage(example: Example, code: str) -> Usage:
    """Whether a program uses what an example is about; `client` in it is the client."""
    settings = replace(load(), home="", class_name="")
    offered = offered_by(rules.side(example, "old").model, settings)
    (name,) = (name for name in offered.clients if not name.startswith("Async"))
    if (
        name != "GraphClient"
    ):  # the only root is the client: in the package of all examples it is none
        code = re.sub(r"\bclient\.\w+", "client", code)
    if "client" in code:
        code = f"from graph_comms import {name}\nclient = {name}('token')\n{code}"
    found = finding(example)
    program = File("program.py", ("program",), code, ast.parse(code))
    return find_concerns([found], offered, find_uses([program], offered))[found].usage


@pytest.mark.parametrize(("example", "number"), PROGRAMS)
def test_a_program_that_is_concerned_uses_what_changed(example: Example, number: int) -> None:
    code = example.programs[number].code
    by_text = example.rule == "member-respelled"
    assert usage(example, code) is (Usage.PERHAPS if by_text else Usage.USED)


@each_example
def test_a_program_without_the_package_uses_nothing(example: Example) -> None:
    assert usage(example, "import os\nprint(os.getcwd())\n") is Usage.UNUSED
