"""`make audit` fails for a licence that is not allowed and for a known vulnerability, with the real tools.

The advisories come from a local server that answers as OSV does.
Source: https://google.github.io/osv.dev/post-v1-query/.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2]

CLIENTS = "tests/other_clients"

FILES = [
    "requirements.txt",
    "requirements-audit.txt",
    "tests/bench/sdk.txt",
    *(f"{CLIENTS}/{file.name}" for file in sorted((PROJECT / CLIENTS).glob("*.txt"))),
]

ENVIRONMENTS = [".venv/.ready", ".venv-audit/.ready"]

pytestmark = pytest.mark.skipif(
    not all((PROJECT / ready).exists() for ready in ENVIRONMENTS),
    reason="there is no .venv-audit: make licences sets it up",
)


class Advisories(ThreadingHTTPServer):
    """Answers what is known about a version, and records which versions were asked for."""

    def __init__(self, vulnerable: str | None) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.vulnerable = vulnerable
        self.asked: set[str] = set()

    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/query"


class Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        package = query["package"]
        self.server.asked.add(f"{package['name']}=={query['version']}")
        found = {
            "vulns": [
                {
                    "id": "GHSA-0000-0000-0000",
                    "summary": "made up",
                    "affected": [{"package": package, "versions": [query["version"]]}],
                }
            ]
        }
        body = json.dumps(found if package["name"] == self.server.vulnerable else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def advisories(request: pytest.FixtureRequest) -> Iterator[Advisories]:
    with Advisories(getattr(request, "param", None)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make without setting up the environments again: one of them runs this test."""
    ready = [f"--old-file={file}" for file in ENVIRONMENTS]
    return subprocess.run(
        ["make", *ready, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def pins() -> set[str]:
    """Return all pinned versions that are for this platform; each environment may have another one."""
    lines = [
        line.removesuffix("\\")
        for file in FILES
        for line in (PROJECT / file).read_text(encoding="utf-8").splitlines()
        if "==" in line
    ]
    requirements = map(Requirement, lines)
    return {f"{r.name}{r.specifier}" for r in requirements if not r.marker or r.marker.evaluate()}


def test_every_pin_is_asked_for_and_none_is_vulnerable(advisories: Advisories) -> None:
    result = make("audit", f"ARGS=--osv-url={advisories.url()}")
    assert result.returncode == 0, result.stderr
    assert "No known vulnerabilities found" in result.stderr
    assert advisories.asked == pins()


@pytest.mark.parametrize("advisories", ["lxml"], indirect=True)
def test_a_known_vulnerability_fails(advisories: Advisories) -> None:
    result = make("audit", f"ARGS=--osv-url={advisories.url()}")
    assert result.returncode != 0
    assert "Found 1 known vulnerability in 1 package" in result.stderr
    assert f"{advisories.vulnerable} " in result.stdout
    assert "Something is vulnerable: see above." in result.stderr


def test_advisories_that_cannot_be_read_fail(advisories: Advisories) -> None:
    advisories.server_close()
    result = make("audit", f"ARGS=--osv-url={advisories.url()}")
    assert result.returncode != 0
    assert "the advisories were not read" in result.stderr
    assert "Something is vulnerable" not in result.stderr
    # What needs no network was checked.
    assert "graph-codegen" in result.stdout
    assert re.search(r"\d+ passed", result.stdout)


def test_a_licence_that_is_not_allowed_fails() -> None:
    result = make("licences", "LICENCES=BSD License")
    assert result.returncode != 0
    assert "not in allow-only licenses was found for package" in result.stderr


def test_what_users_get_is_listed() -> None:
    result = make("licences")
    assert result.returncode == 0, result.stderr
    _, users = result.stdout.rsplit("\n Name ", 1)
    names = {line.split()[0] for line in users.splitlines()[1:] if line.strip()}
    assert {"graph-codegen", "graph-comms", "lxml", "pydantic_core"} < names
    assert names.isdisjoint({"pytest", "mypy", "pip-audit"})
