"""The commands of `docs/openapi.md` print what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from graph_codegen.cli.console import DIFFERENT
from tests.support.csdl import graph_codegen
from tests.support.openapi import library, write_both

PAGE = (Path(__file__).parents[2] / "docs" / "openapi.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^```sh\n(graph-codegen[^`]*library[^`]*)^```\n(?:\n```text\n(.*?)^```)?",
    PAGE,
    re.MULTILINE | re.DOTALL,
)
"""The commands about a small document; tests/other_clients runs those of other tools."""


@pytest.mark.parametrize(("commands", "printed"), EXAMPLES)
def test_commands_print_what_the_page_says(commands: str, printed: str, tmp_path: Path) -> None:
    write_both(tmp_path)
    written = yaml.safe_dump(library(), sort_keys=False)
    (tmp_path / "library.yaml").write_text(written, encoding="utf-8")
    told: list[str] = []
    for command in commands.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "graph-codegen"
        done = graph_codegen(*arguments, cwd=tmp_path)
        assert done.returncode in (0, DIFFERENT), done.stderr
        told += [*done.stdout.splitlines(), *done.stderr.splitlines()]
    assert [line for line in told if line in printed.splitlines()] == printed.splitlines()


def test_the_page_has_examples() -> None:
    assert EXAMPLES
