"""Private audio between some of the people in a call."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError, NotFoundError
from graph_comms.models import AudioRoutingGroup, RoutingMode
from graph_emulator import Emulator
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def group(mode: RoutingMode, *receivers: str, **members: Any) -> AudioRoutingGroup:
    return AudioRoutingGroup(
        routing_mode=mode, sources=["a"], receivers=[*receivers], id=mode.value, **members
    )


def changes(svc: Emulator) -> list[tuple[str, list[str] | None]]:
    """Return what was told of groups: the change, and who hears."""
    items = [logged.body["value"][0] for logged in svc.log.notifications]
    return [
        (item["changeType"], item.get("resourceData", {}).get("receivers"))
        for item in items
        if item["resourceUrl"].endswith("/audioRoutingGroups/multicast")
    ]


def in_group(svc: Emulator) -> str:
    people = [svc.user(name).answers(after=0) for name in ("Ann", "Ben")]
    call = svc.client().calls.create(call_to(*people))
    svc.run()
    return str(call.id)


def test_audio_is_routed(svc: Emulator) -> None:
    bot, heard = bot_of(svc), list[Any]()

    @bot.media_active
    async def route(call: Any) -> None:
        made = await call.audio_routing_groups.create(group(RoutingMode.MULTICAST, "b", "c"))
        heard.append(made.receivers)
        wanted = AudioRoutingGroup(receivers=["b", "d"])
        heard.append((await call.audio_routing_groups.update(made.id, wanted)).receivers)
        heard.append((await call.audio_routing_groups.get(made.id)).receivers)
        await call.audio_routing_groups.delete(made.id)

    svc.connect(bot)
    call_id = in_group(svc)
    assert heard == [["b", "c"], ["b", "d"], ["b", "d"]]
    statuses = [
        (one.method, one.status) for one in svc.log.requests if "audioRoutingGroups" in one.path
    ]
    assert statuses == [("POST", 200), ("PATCH", 200), ("GET", 200), ("DELETE", 204)]
    assert changes(svc) == [("created", ["b", "c"]), ("updated", ["b", "d"]), ("deleted", None)]
    assert list(svc.client().calls.audio_routing_groups.list(call_id)) == []
    with pytest.raises(NotFoundError, match="8522"):
        svc.client().calls.audio_routing_groups.get(call_id, "multicast")


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (group(RoutingMode.ONE_TO_ONE, "b", "c"), "receivers"),
        (group(RoutingMode.MULTICAST), "receivers"),
        (AudioRoutingGroup(routing_mode=RoutingMode.MULTICAST, receivers=["b"]), "sources"),
        (AudioRoutingGroup(sources=["a"], receivers=["b"]), "routingMode"),
    ],
    ids=["two receivers", "none", "no source", "no mode"],
)
def test_what_modes_allow(svc: Emulator, wrong: AudioRoutingGroup, what: str) -> None:
    call_id, groups = in_group(svc), svc.client().calls.audio_routing_groups
    with pytest.raises(GraphHTTPError, match=f"8523.*{what}"):
        groups.create(call_id, wrong)
    assert groups.create(call_id, group(RoutingMode.ONE_TO_ONE, "b")).id == "oneToOne"
    assert [one.id for one in groups.list(call_id)] == ["oneToOne"]


def test_where_no_audio_is_routed(svc: Emulator) -> None:
    groups, wanted = svc.client().calls.audio_routing_groups, group(RoutingMode.ONE_TO_ONE, "b")
    alone = svc.client().calls.create(call_to(svc.user("Cid").answers(after=0)))
    with pytest.raises(GraphHTTPError, match="8548"):
        groups.create(str(alone.id), wanted)
    early = svc.client().calls.create(call_to(svc.user("Ann"), svc.user("Ben")))
    with pytest.raises(GraphHTTPError, match="8501"):
        groups.create(str(early.id), wanted)
    call_id = in_group(svc)
    groups.create(call_id, wanted)
    with pytest.raises(GraphHTTPError, match="8519"):
        groups.create(call_id, wanted)
