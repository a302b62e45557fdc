"""Each script of examples/ sends the documented request, as a program of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.golden.documented import Example, load_examples
from tests.support.server import GraphServer, json_reply

FOLDER = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
DOCUMENTED = load_examples()

COMMON = {"CALLBACK_URI": "https://bot.contoso.com/callback"}
TENANT = {"TENANT_ID": "aa67bd4c-8475-432d-bd41-39f255720e0a"}
OTHER_TENANT = {"TENANT_ID": "86dc81db-c112-4228-9222-63f3esaa1edb"}
JOHN = {"USER_ID": "112f7296-5fa4-42ca-bae8-6a692b15d4b8"}
GROUP = {
    "CLIENT_ID": "dd3885da-f9ab-486b-bfae-85de3d445555",
    "USER_ID": "98da8a1a-1b87-452c-a713-65d3f10b5555",
    "SECOND_USER_ID": "bf5aae9a-d11d-47a8-93b1-782504c95555",
}
MEETING = {
    "THREAD_ID": "19:meeting_Win6Ydo4wsMijFjZS00ZGVjLTk5MGUtOTRjNWY2NmNkYTFm@thread.v2",
    "ORGANIZER_ID": "5810cede-f3cc-42eb-b2c1-e9bd5d53ec96",
}
JOIN = {"JOIN_MEETING_ID": "1234567", **OTHER_TENANT}
PHONE = {
    "BOT_INSTANCE_ID": "3d913abb-aec0-4964-8fa6-3c6850c4f278",
    "PHONE_NUMBER": "+12345678901",
    **TENANT,
}
BLOB = {"MEDIA_BLOB": "<Media Session Configuration>"}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "01_peer_to_peer_service_hosted": JOHN,
    "02_peer_to_peer_app_hosted": {
        "CLIENT_ID": "2891555a-92ff-42e6-80fa-6e1300c6b5c6",
        **JOHN,
        **BLOB,
    },
    "03_group_service_hosted": GROUP,
    "04_group_app_hosted": GROUP,
    "05_meeting_service_hosted": MEETING | OTHER_TENANT,
    "06_meeting_app_hosted": MEETING | TENANT,
    "07_meeting_id_with_passcode": JOIN | {"PASSCODE": "psw123"},
    "08_meeting_id_without_passcode": JOIN,
    "09_pstn_service_hosted": PHONE,
    "10_pstn_app_hosted": PHONE | BLOB,
}
"""The settings of each script besides the callback's address, with the documented values."""


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


def run(script: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a script with these settings and no others."""
    own = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-B", "-W", "error", script],
        env=own | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_there_is_a_script_for_each_documented_request() -> None:
    assert [path.stem for path in SCRIPTS] == [one.name.replace("-", "_") for one in DOCUMENTED]
    assert list(SETTINGS) == [path.stem for path in SCRIPTS]


@pytest.mark.parametrize(
    ("script", "example"),
    list(zip(SCRIPTS, DOCUMENTED, strict=True)),
    ids=[path.stem for path in SCRIPTS],
)
def test_a_script_sends_what_is_documented(
    server: GraphServer, script: Path, example: Example
) -> None:
    server.play(json_reply(201, example.response.body))
    done = run(
        script,
        GRAPH_STAND_IN=f"http://127.0.0.1:{server.port}",
        GRAPH_TOKEN="marker-token",
        **COMMON,
        **SETTINGS[script.stem],
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"call {example.response.body['id']} is establishing\n"
    [request] = server.requests
    assert f"https://{request.headers['host']}{request.target}" == example.request.url
    assert request.method == example.request.method
    assert request.headers["content-type"] == "application/json"
    sent, documented = (
        json.dumps(body, sort_keys=True)
        for body in (json.loads(request.body), example.request.body)
    )
    assert sent == documented
    assert request.headers["authorization"] == "Bearer no-secret"


def test_a_script_names_the_setting_that_it_lacks(server: GraphServer) -> None:
    script = SCRIPTS[0]
    needed = {*COMMON, *SETTINGS[script.stem]}
    done = run(script, GRAPH_STAND_IN=f"http://127.0.0.1:{server.port}")

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert re.fullmatch(r"set (\w+); examples/README\.md says to what", line)
    assert line.split(";")[0].removeprefix("set ") in needed
    assert server.requests == []


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_the_readme_says_what_a_script_needs(script: Path) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    [row] = [line for line in readme.splitlines() if f"`{script.name}`" in line]
    everywhere = {"CALLBACK_URI", "TENANT_ID", "CLIENT_ID"}
    used = set(re.findall(r'setting\("(\w+)"\)', script.read_text(encoding="utf-8")))

    assert used == {*COMMON, *SETTINGS[script.stem]}
    assert set(re.findall(r"`([A-Z_]+)`", row)) == used - everywhere
    assert all(f"`{name}`" in readme for name in used)


def test_a_token_or_a_secret_makes_a_client(tmp_path: Path) -> None:
    azure = tmp_path / "azure"
    azure.mkdir()
    (azure / "identity.py").write_text(
        "class ClientSecretCredential:\n"
        "    def __init__(self, *arguments): print(*arguments)\n"
        "    def get_token(self, *scopes): ...\n"
    )
    script = tmp_path / "script.py"
    script.write_text("from _setup import connect\nprint(connect())\n")
    path = os.pathsep.join([str(FOLDER), str(tmp_path)])

    token = run(script, PYTHONPATH=path, GRAPH_TOKEN="marker-token")
    assert token.stdout == "<CommunicationsClient cloud=GLOBAL>\n", token.stderr
    application = {"TENANT_ID": "t", "CLIENT_ID": "c", "CLIENT_SECRET": "s"}
    secret = run(script, PYTHONPATH=path, **application)
    assert secret.stdout == "t c s\n<CommunicationsClient cloud=GLOBAL>\n", secret.stderr
