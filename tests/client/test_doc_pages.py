"""The examples of README and of the pages of docs/ about the client print what the pages say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import certifi
import pytest

import graph_comms
from graph_comms import CommunicationsClient
from graph_comms.models import MediaInfo, MediaPrompt
from tests.client.faces import TOKEN, Client
from tests.support.server import CLOSED, SILENT, GraphServer, Played, json_reply, leading

PROJECT = Path(__file__).parents[2]
EXAMPLE = re.compile(
    r"^```python\n(.*?)^```$(?:(?:(?!^```).)*?^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
"""An example, and what it prints unless another example comes first."""


def examples_of(page: str) -> list[tuple[str, str]]:
    text = (PROJECT / page).read_text(encoding="utf-8")
    return [(code, printed) for code, printed in EXAMPLE.findall(text)]


@dataclass(frozen=True)
class Given:
    """What an example is run with: what the server does, and names besides `client` and `endpoint`."""

    steps: tuple[Played, ...] = ()
    names: Mapping[str, Any] = field(default_factory=dict[str, Any])


GONE = json_reply(
    404,
    {
        "error": {
            "code": "8522",
            "message": "Call not found.",
            "innerError": {"request-id": "0fa1", "client-request-id": "77c2"},
        }
    },
)
DENIED = json_reply(
    403, {"error": {"code": "Forbidden", "innerError": {"code": "SpeakerAttributionNotAllowed"}}}
)
PROMPT = MediaPrompt(media_info=MediaInfo(uri="https://bot.contoso.com/hello.wav"))

PAGES: Mapping[str, list[Given]] = {
    "docs/errors.md": [
        Given((GONE,), {"call_id": "2e1a0b00", "prompts": [PROMPT]}),
        Given((DENIED,), {"meeting_id": "m", "transcript_id": "t"}),
        Given(),
    ],
    "docs/retries.md": [Given(names={"credential": TOKEN}), Given((SILENT,))],
    "docs/testing.md": [Given()] * 6,
    "docs/proxies.md": [Given(names={"credential": TOKEN})],
    "docs/concurrency.md": [Given()],
}
EXAMPLES = [
    pytest.param(page, number, given, id=f"{page} {number}")
    for page, examples in PAGES.items()
    for number, given in enumerate(examples)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with the certificate that an example names."""
    shutil.copy(certifi.where(), tmp_path / "contoso-root.pem")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("page", "number", "given"), EXAMPLES)
def test_an_example_prints_what_the_page_says(
    server: GraphServer, page: str, number: int, given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = examples_of(page)[number]
    server.play(*given.steps)
    with Client("sync", server) as face:
        endpoint = f"http://127.0.0.1:{server.port}"
        names = {"__name__": "example", "client": face.client, "endpoint": endpoint, **given.names}
        exec(compile(code, f"{page} {number}", "exec"), names)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_page_is_run(page: str) -> None:
    assert len(examples_of(page)) == len(PAGES[page])


def test_the_hook_in_the_page_about_the_client_prints_a_line_for_each_attempt(
    server: GraphServer, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = [code for code, _ in examples_of("docs/client.md") if "on_attempt=" in code]
    transport = leading("sync", {"graph.microsoft.com": server})
    names: dict[str, Any] = {
        "__name__": "example",
        "Attempt": graph_comms.Attempt,
        "CommunicationsClient": partial(CommunicationsClient, transport=transport),
        "credential": TOKEN,
    }
    exec(compile(code, "docs/client.md", "exec"), names)
    server.play(CLOSED)
    with names["client"] as client:
        client.calls.get("found")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("GET /communications/calls/{call-id} 1 GraphTransportError 0.")
    assert second.startswith("GET /communications/calls/{call-id} 2 200 0.")


def test_the_readme_links_every_page() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in (PROJECT / "docs").glob("*.md")]
    assert [name for name in pages if f"(docs/{name})" not in readme] == []


def test_the_example_of_the_readme_prints_what_it_says(tmp_path: Path) -> None:
    code, printed = examples_of("README.md")[0]
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"], cwd=tmp_path, capture_output=True, text=True
    )
    lines = printed.splitlines()
    assert done.stdout.splitlines() == lines[:-3]
    assert done.stderr.splitlines()[-3:] == lines[-3:]
