"""The names that users import."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

PUBLIC = {
    "graph_comms": [
        "AsyncCommunicationsClient",
        "Cloud",
        "CommunicationsClient",
        "GraphError",
    ],
    "graph_comms.models": [
        "AppHostedMediaConfig",
        "Call",
        "CallState",
        "ChatInfo",
        "CommsNotification",
        "CommsNotifications",
        "DeltaParticipants",
        "GraphModel",
        "Identity",
        "IdentitySet",
        "InvitationParticipantInfo",
        "JoinMeetingIdMeetingInfo",
        "MediaInfo",
        "Modality",
        "OrganizerMeetingInfo",
        "Participant",
        "ParticipantInfo",
        "ServiceHostedMediaConfig",
        "TokenMeetingInfo",
        "call_records",
    ],
    "graph_comms.models.call_records": ["CallRecord", "PstnCallLogRow"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_offers_its_names(module: str) -> None:
    found = import_module(module)
    assert set(PUBLIC[module]) <= set(found.__all__)
    for name in found.__all__:
        assert getattr(found, name) is not None


def test_a_model_offers_its_ways_in_and_out() -> None:
    model = import_module("graph_comms.models").GraphModel
    for name in ("from_json", "from_dict", "to_json", "to_dict", "undeclared", "with_undeclared"):
        assert hasattr(model, name)


def test_what_the_changelog_calls_public_is_there() -> None:
    pytest.importorskip("jwt", reason="what the bot kit needs is not installed")
    changelog = (Path(__file__).parents[3] / "CHANGELOG.md").read_text(encoding="utf-8")
    statement = changelog.partition("\nNot public")[0]
    named = re.findall(r"`(graph_co[a-z_.]+(?:OPERATIONS)?)`", statement)
    assert {"graph_codegen", "graph_comms", "graph_comms.client", "graph_comms.models"} < set(named)
    for name in named:
        assert pkgutil.resolve_name(name) is not None
