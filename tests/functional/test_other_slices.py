"""The generator is not bound to communications: other parts of Graph become packages as well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.emit.client import render_client
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.package import facts
from graph_codegen.facts import settings
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.csdl import graph_codegen
from tests.support.published import NEWEST, published

PROGRAM = """
import asyncio
import httpx
from my_graph import AsyncGraphClient, GraphClient, OPERATIONS
from my_graph.models import Call, CallState, Domain, DomainDnsRecord

domain = Domain.from_json('{"@odata.type": "#microsoft.graph.domain", "model": "x", "new": [1]}')
assert domain.model == "x" and domain.to_dict()["new"] == [1]
assert Domain(model="x").to_dict()["@odata.type"] == "#microsoft.graph.domain"

def reply(request):
    seen.append((request.method, request.url.raw_path.decode()))
    return httpx.Response(200, json={"value": [{"id": "1", "state": "established"}], "id": "2"})

seen = []
with GraphClient("token", transport=httpx.MockTransport(reply)) as client:
    [call] = client.communications.calls.list(top=5)
    assert isinstance(call, Call) and call.state == CallState.ESTABLISHED
    assert isinstance(client.domains.get("a b"), Domain)
    record = client.domains.verification_dns_records.get("d", "r")
    assert isinstance(record, DomainDnsRecord)

async def main():
    async with AsyncGraphClient("token", transport=httpx.MockTransport(reply)) as client:
        assert [call.id async for call in await client.communications.calls.list()] == ["1"]

asyncio.run(main())
assert seen == [
    ("GET", "/v1.0/communications/calls?$top=5"),
    ("GET", "/v1.0/domains/a%20b"),
    ("GET", "/v1.0/domains/d/verificationDnsRecords/r"),
    ("GET", "/v1.0/communications/calls"),
]
assert not any(operation.path.startswith("/communications/presences") for operation in OPERATIONS)
assert len({operation.python for operation in OPERATIONS}) == len(OPERATIONS)
"""


def test_domains_and_calls_become_a_package_of_their_own(tmp_path: Path) -> None:
    roots = ("--root", "domains", "--root", "communications/calls")
    more = ("--package", "my_graph", "--output", tmp_path)
    result = graph_codegen("generate", "--metadata", published(NEWEST), *roots, *more)
    assert result.returncode == 0, result.stderr
    subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], cwd=tmp_path, check=True)


DOCUMENTED = """
import inspect
from documented import CommunicationsClient, OPERATIONS, models

assert all(operation.documented for operation in OPERATIONS)
names = {operation.python for operation in OPERATIONS}
assert {"calls.create", "calls.participants.invite", "call_records.sessions.list"} <= names
assert {"get_presences_by_user_id", "users.presence.set_presence"} <= names
assert not names & {"calls.list", "calls.operations.get", "adhoc_calls.list", "users.presence.update"}
with CommunicationsClient("token") as client:
    assert not hasattr(client, "adhoc_calls") and not hasattr(client.calls, "operations")
    assert "Undocumented" not in inspect.getsource(inspect.getmodule(type(client)))
assert not hasattr(models, "OnlineMeetingEngagementConversation")
assert models.CommsNotifications and models.Presence and models.call_records.Segment
"""


def test_a_package_of_what_is_documented_alone(tmp_path: Path) -> None:
    roots = ("communications", "users/presence", "commsNotifications")
    options = [word for root in roots for word in ("--root", root)]
    given: list[str | Path] = [
        *options,
        "--documented-only",
        "--package",
        "documented",
        "--output",
        tmp_path,
    ]
    result = graph_codegen("generate", *given)
    assert result.returncode == 0, result.stderr
    subprocess.run([sys.executable, "-W", "error", "-c", DOCUMENTED], cwd=tmp_path, check=True)
    assert graph_codegen("check", *given).returncode == 0

    given.remove("--documented-only")
    assert graph_codegen("check", *given).returncode == 1


def test_documented_only_needs_facts_about_every_root(tmp_path: Path) -> None:
    given = ("--metadata", published(NEWEST), "--root", "domains", "--documented-only")
    result = graph_codegen("generate", *given, "--output", tmp_path / "generated")
    assert result.returncode == 2
    assert "no request below the root domains is documented" in result.stderr
    assert not (tmp_path / "generated").exists()


def test_of_a_service_that_the_facts_do_not_cover_nothing_is_said(tmp_path: Path) -> None:
    page = tmp_path / "api.md"
    given = ("--metadata", published(NEWEST), "--root", "domains", "--output", page)
    assert graph_codegen("api", *given).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "`GET /domains`" in text
    assert "documented" not in text.lower()
    model = take(resolve(reader.read_file(published(NEWEST))), ["domains"]).model
    writer = facts(folder("metadata")).writer(assign_names(model))
    client = render_client(model, writer, settings.load())["client.py"]
    assert "Undocumented" not in client
    assert "documented=" not in client


@pytest.mark.thorough
def test_the_client_of_all_of_graph_compiles() -> None:
    """Without the models and formatting, which take minutes: see `make bench-whole`."""
    model = take(resolve(reader.read_file(published(NEWEST))), [ALL]).model
    writer = facts(folder("metadata")).writer(assign_names(model))
    for path, source in render_client(model, writer, settings.load()).items():
        compile(source, path, "exec")
