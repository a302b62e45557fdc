"""Who and what is declared, and what is checked from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_comms import GraphHTTPError, NotFoundError, PermissionDeniedError
from graph_comms.models import Identity, IdentitySet, ParticipantInfo
from graph_emulator import Emulator, SeedFileError
from graph_emulator.__main__ import main
from tests.emulator.bots import call_to, joining

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    """Return the file that the guide shows."""
    page = (PROJECT / "docs/emulator.md").read_text("utf-8")
    path = tmp_path / "seed.toml"
    path.write_text(page.partition("```toml\n")[2].partition("```")[0], "utf-8")
    return path


def test_what_a_file_declares_is_there(seed_file: Path) -> None:
    with Emulator(seed_file=seed_file, strict_directory=True) as svc:
        assert svc.user("Ann").id == "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
        svc.client().calls.create(call_to(svc.user("Ann")))
        meeting = joining("1234567", svc.tenant_id, "psw123")
        call = svc.client().calls.create(meeting)
        svc.run()
        assert svc.calls[str(call.id)].roster[0].in_lobby
        with pytest.raises(GraphHTTPError, match="8561"):
            svc.client().calls.create(joining("1234567", svc.tenant_id, "wrong"))
        phoned = call_to(svc.phone("+12065550100"))
        phoned.source = ParticipantInfo(
            identity=IdentitySet(
                application_instance=Identity(id="f1b0d33b-6ac4-4b8a-8e16-1f6ddd7a4b22")
            )
        )
        with pytest.raises(GraphHTTPError, match="with a number"):
            svc.client().calls.create(phoned)


def test_only_declared_applications_are_bots(seed_file: Path) -> None:
    with Emulator(seed_file=seed_file) as svc:
        other = svc.credential("another app")
        client = svc.client()
        with pytest.raises(PermissionDeniedError, match="7503"):
            type(client)(other, transport=svc.transport()).calls.create(call_to(svc.user("Ann")))
        group = call_to(svc.user("Ann"), svc.user("Ben"))
        with pytest.raises(PermissionDeniedError, match="7504"):
            client.calls.create(group)
        svc.app(svc.app_id, roles=["Calls.InitiateGroupCall.All"])
        assert client.calls.create(group).id


def test_only_declared_people_can_be_called() -> None:
    with Emulator() as elsewhere:
        stranger = elsewhere.user("Stranger")
    with Emulator(strict_directory=True, seed=1) as svc:
        with pytest.raises(NotFoundError):
            svc.client().calls.create(call_to(stranger))
        assert svc.client().calls.create(call_to(svc.user("Ann"))).id


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("users = 1", "users: Input should be a valid list"),
        ("[[users]]\nnam = 'Ann'", "users.0.name: Field required"),
        ("[[user]]\nname = 'Ann'", "user: Extra inputs are not permitted"),
        ("[[meetings]]\njoin_url = 'x'", "meetings: this is not a link to a Teams meeting"),
        ("[", "is not TOML"),
        ("\udcff", "is not TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, problem: str
) -> None:
    path = tmp_path / "seed.toml"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SeedFileError) as raised:
        Emulator(seed_file=path)
    assert problem in str(raised.value)
    assert main(["--port", "0", "--seed-file", str(path)]) == 1
    assert problem in capsys.readouterr().err
