"""The commands of `docs/generator.md` work, and the names of its configuration are given."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from graph_codegen.cli import main
from tests.support.csdl import SERVICE, document, graph_codegen, schema

PAGE = (Path(__file__).parents[2] / "docs" / "generator.md").read_text(encoding="utf-8")

SMALL = SERVICE.replace(
    '<Property Name="state" Type="graph.callState"/>',
    '<Property Name="abc" Type="Edm.String"/><Property Name="ABC" Type="Edm.String"/>'
    '<Property Name="who" Type="graph.participant"/>'
    '<Property Name="record" Type="microsoft.graph.callRecords.meetingRecord"/>',
).replace(
    '<Singleton Name="communications"',
    '<EntitySet Name="users" EntityType="graph.user"/><Singleton Name="communications"',
)
ANSWER = """
<ComplexType Name="participant"/>
<Action Name="answer" IsBound="true">
  <Parameter Name="it" Type="graph.call"/><Parameter Name="callbackUri" Type="Edm.String"/>
</Action>
"""
GRAPH = document(
    SMALL + ANSWER, schema('<ComplexType Name="meetingRecord"/>', "microsoft.graph.callRecords", "")
)
"""A document that has what the page names."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[list[str]]:
    lines = block.replace("\\\n", "").splitlines()
    return [
        shlex.split(line, comments=True)[1:] for line in lines if line.startswith("graph-codegen ")
    ]


def write_configuration(folder: Path, more: str = "") -> None:
    (folder / "graph.xml").write_bytes(GRAPH)
    said = 'document = "graph.xml"\nroots = ["users", "communications"]\npackage = "mine"\n'
    (folder / "graph-codegen.toml").write_text(said + more, encoding="utf-8")


BLOCKS = [found for block in blocks("sh") if (found := commands(block))]


@pytest.mark.parametrize("found", BLOCKS, ids=lambda found: " ".join(found[0]))
def test_the_commands_of_the_page_work(found: list[list[str]], tmp_path: Path) -> None:
    for name in {word.partition("=")[2] or word for words in found for word in words}:
        if name.endswith(".xml"):
            newer = GRAPH.replace(b'"mute"', b'"silence"')
            (tmp_path / name).write_bytes(newer if name == "new.xml" else GRAPH)
    if found[0][0] != "init":
        write_configuration(tmp_path)
    for words in found:
        done = graph_codegen(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_page_has_every_command() -> None:
    shown = {words[0] for found in BLOCKS for words in found}
    assert shown == {*main.commands}


def test_names_are_those_of_the_configuration(tmp_path: Path) -> None:
    (table,) = blocks("toml")
    write_configuration(tmp_path, 'home = "users"\n' + table)
    done = graph_codegen("generate", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    package = tmp_path / "generated" / "mine"
    client = (package / "client.py").read_text(encoding="utf-8")
    models = (package / "models" / "graph.py").read_text(encoding="utf-8")
    for text, source in (
        ("    upper_abc: ", models), ("class PhoneCall(", models), ("records.MeetingRecord", models),
        ("    def pick_up(", client), ("callback:", client), ("    comms = ", client),
    ):  # fmt: skip
        assert text in source, text
