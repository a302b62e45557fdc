"""`docs/history.md` names only what there is, and shows what the command says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from graph_codegen.history.series import VERSIONS
from tests.support.csdl import ROOT, SERVICE, document, graph_codegen
from tests.support.published import NEWEST, published
from tests.support.repositories import commit, git, repository

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "history.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CALLS = [
    shlex.split(line, comments=True)[1:]
    for language, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
]


def test_the_report_of_the_page_is_what_the_command_says() -> None:
    names = [word for word in CALLS[0] if word.endswith(".xml")]
    folder = published(NEWEST).parent
    for name in names:
        published(name.removeprefix("graph-v1.0-").removesuffix(".csdl.xml"))
    (shown,) = (text for language, text in BLOCKS if language == "text")
    result = graph_codegen(*CALLS[0], cwd=folder)
    assert result.returncode == 0, result.stderr
    assert shown.endswith("\n…\n")
    assert result.stdout.startswith(shown.removesuffix("…\n"))


def test_the_calls_of_the_page_are_ones(tmp_path: Path) -> None:
    """In a repository that has what they name."""
    folder = repository(tmp_path / "project")
    newer = document(SERVICE.replace("mute", "silence"))
    config = b'document = "graph.csdl.xml"\n'
    commit(folder, {"graph.csdl.xml": document(SERVICE), "graph-codegen.toml": config})
    git(folder, "tag", "v1.0")
    commit(folder, {"graph.csdl.xml": newer})
    for day, data in (("2025-01-01", document(SERVICE)), ("2026-01-01", newer)):
        path = folder / "documents" / f"graph-v1.0-{day}.csdl.xml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    for call in CALLS[1:]:
        words = [
            found
            for word in call
            for found in (sorted(map(str, folder.glob(word))) if "*" in word else [word])
        ]
        result = graph_codegen(*words, *ROOT, cwd=folder)
        assert result.returncode == 0, result.stderr
        assert "2 versions; elements: 1 came, 0 changed, 1 went" in result.stdout
    assert len(CALLS) == 5


def test_the_page_has_the_formats_and_the_schema() -> None:
    table = re.findall(r"^\| `(\w+)` \| .+ \|$", PAGE, re.MULTILINE)
    (choices,) = re.findall(r"--format \[([^\]]+)\]", graph_codegen("history", "--help").stdout)
    assert table == re.split(r"\s*\|\s*", choices)
    (link,) = re.findall(r"\]\(([^)]+\.json)\)", PAGE)
    schema = json.loads((PROJECT / "docs" / link).read_text(encoding="utf-8"))
    assert schema["title"] == "What graph-codegen history --format json writes"


@pytest.mark.parametrize("link", sorted({*re.findall(r"\]\(([^)#]+)", PAGE)}))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (PROJECT / "docs" / link).resolve().is_file()


def test_the_page_has_the_limit() -> None:
    assert f"There can be {VERSIONS:,} versions" in PAGE
