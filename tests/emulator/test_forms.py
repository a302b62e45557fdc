"""The forms of bodies: those of the documentation, and those that captures have.

The ten documented ways to create a call are accepted as they stand, and answered and notified with the
properties that the page shows, and no others. What other pages show counts where they are at hand, in
the folder `shared` beside the checkout.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterable, Generator, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from graph_comms.bot import Bot, Reply
from graph_comms.models import MediaInfo, MediaPrompt
from graph_emulator import Emulator
from tests.emulator.bots import call_to, target
from tests.golden.documented import Example, load_examples

PROMPTS: list[Any] = [MediaPrompt(media_info=MediaInfo(uri="https://bot.contoso.com/hello.wav"))]
CALLBACK = "https://bot.contoso.com/callback"
SHARED = Path(__file__).parents[3] / "shared" / "examples"
EXAMPLES = {example.name: example for example in load_examples()}

Shape = dict[str, set[str]]
"""The types of the values at each path, such as `resourceData[].info.languageId`."""

MISSING = {
    ("created", "mediaConfig.preFetchMedia"): "the page's requests do not have what it answers",
    ("created", "mediaConfig.blob"): "the page's requests do not have what it answers",
}
"""What the page has and the emulator has not, with the reason; and what is below it."""

BEYOND = {
    ("call established", "resourceData.mediaState"): "no page shows it, and bots wait for it",
    (
        "call incoming",
        "resourceData.targets[].identity.application.@odata.type",
    ): "of every identity",
    ("call established", "resourceData.meetingInfo.organizer.user.tenantId"): "of the request",
    ("call establishing", "resourceData.meetingInfo.organizer.user.tenantId"): "of the request",
    (
        "call established",
        "resourceData.meetingInfo.joinMeetingId",
    ): "no page joins so and is notified",
    (
        "call establishing",
        "resourceData.meetingInfo.joinMeetingId",
    ): "no page joins so and is notified",
    ("call established", "resourceData.meetingInfo.passcode"): "no page joins so and is notified",
    ("call establishing", "resourceData.meetingInfo.passcode"): "no page joins so and is notified",
}
"""What the emulator has and no page has, with the reason; and what is below it."""


def shape_of(*values: object) -> Shape:
    """Return the paths in JSON values, and the types there."""
    found: Shape = defaultdict(set)
    for value in values:
        for path, kind in walk(value, ""):
            found[path.removeprefix(".")].add(kind)
    return found


def walk(value: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield f"{at}.{name}", type(item).__name__
            yield from walk(item, f"{at}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, f"{at}[]")


def kind_of(item: Mapping[str, Any]) -> str:
    """Return what a notification is about: "call established", "participant", …"""
    data = item.get("resourceData") or {}
    first = data[0] if isinstance(data, list) else data
    name = first.get("@odata.type", "nothing").rpartition(".")[2]
    return f"call {first.get('state')}" if name == "call" else name


def excepted(kind: str, path: str, listed: Iterable[tuple[str, str]]) -> bool:
    return any(covers(exception, kind, path) for exception in listed)


def covers(exception: tuple[str, str], kind: str, path: str) -> bool:
    of, at = exception
    return kind == of and f"{path}.".startswith((f"{at}.", f"{at}["))


def differing(shape: Shape, other: Shape) -> list[str]:
    """Return the paths of one shape that the other has not, or of another type."""
    return [path for path, types in shape.items() if not types <= other.get(path, set())]


def missing(kind: str, page: Shape, ours: Shape) -> list[str]:
    """Return what a page has that we have not, or of another type."""
    return [
        f"{path}: {page[path]} on the page, {ours.get(path)} here"
        for path in differing(page, ours)
        if not excepted(kind, path, MISSING)
    ]


def beyond(kind: str, pages: Shape, ours: Shape) -> list[str]:
    """Return what we have that no page has, or of another type."""
    return [
        f"{path}: {ours[path]} here, {pages.get(path)} on pages"
        for path in differing(ours, pages)
        if not excepted(kind, path, BEYOND)
    ]


@cache
def other_pages() -> list[dict[str, Any]]:
    """Return the notifications that other pages show."""
    found: list[dict[str, Any]] = []
    for path in sorted(SHARED.glob("*.json")):
        for example in json.loads(path.read_text(encoding="utf-8"))["examples"]:
            if example["kind"] == "notification":
                found += example["body"].get("value", ())
    return found


@cache
def pages() -> dict[str, Shape]:
    """Return the union of what pages show, by kind."""
    items: dict[str, list[object]] = defaultdict(list)
    for example in EXAMPLES.values():
        items["created"].append(example.response.body)
        for message in example.notifications:
            for item in message.body["value"]:
                items[kind_of(item)].append(item)
    for item in other_pages():
        items[kind_of(item)].append(item)
    return {kind: shape_of(*bodies) for kind, bodies in items.items()}


class Watched(Bot):
    """A bot that keeps what it is notified of."""

    notified: list[dict[str, Any]]

    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Keep what comes, and go on."""
        assert isinstance(body, bytes)
        self.notified += json.loads(body)["value"]
        return await super().handle(method, headers, query, body)

    def kinds(self) -> dict[str, Shape]:
        """Return the shapes of what came, by kind."""
        found: dict[str, list[object]] = defaultdict(list)
        for item in self.notified:
            found[kind_of(item)].append(item)
        return {kind: shape_of(*items) for kind, items in found.items()}


def watched(svc: Emulator) -> Watched:
    bot = Watched(svc.async_client(), app_id=svc.app_id, callback_uri=CALLBACK, trust=svc.trust)
    bot.notified = []
    svc.connect(bot)
    return bot


@pytest.fixture
def docs() -> Generator[Emulator]:
    with Emulator(forms="docs") as svc:
        yield svc


def created(svc: Emulator, example: Example) -> dict[str, Any]:
    """Return the answer to a documented request, sent as it stands; whom it calls will answer."""
    body = dict(example.request.body)
    with svc.client(tenant=body.get("tenantId")) as client:
        answer: dict[str, Any] = client.request("POST", "/communications/calls", body=body)
    for one in body.get("targets", ()):
        identity = one["identity"]
        phone = identity.get("phone")
        person = svc.phone(phone["id"]) if phone else svc.user(identity["user"]["displayName"])
        person.answers(after=1).shares(after=1, seconds=2).hangs_up(after=5)
    return answer


MEETINGS = (
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting_Win6Ydo4wsMijFjZS00ZGVjLTk5MGUtOTRjNWY2NmNkYTFm"
    "%40thread.v2/0?context=%7b%22Tid%22%3a%2286dc81db-c112-4228-9222-63f3e5aa1edb%22%2c%22Oid%22%3a"
    "%225810cede-f3cc-42eb-b2c1-e9bd5d53ec96%22%7d",
    "https://teams.microsoft.com/meet/1234567",
)


def test_the_page_has_ten_requests() -> None:
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_a_documented_request_is_answered_as_the_page_shows(
    docs: Emulator, example: Example
) -> None:
    bot = watched(docs)
    for link in MEETINGS:
        docs.meeting(join_url=link).joins(docs.user("Joan").hangs_up(after=9), after=1)
    answer = created(docs, example)
    docs.run()

    assert docs.log.requests[0].status == example.response.status
    ours = shape_of(answer)
    assert missing("created", shape_of(example.response.body), ours) == []
    assert beyond("created", pages()["created"], ours) == []

    sent = bot.kinds()
    for message in example.notifications:
        for item in message.body["value"]:
            kind = kind_of(item)
            if kind != "deltaParticipants" or example.request.body.get("callOptions"):
                assert missing(kind, shape_of(item), sent.get(kind, {})) == []
    assert {"call establishing", "call established"} <= sent.keys()
    for kind in sent.keys() & {"call establishing", "call established", "participant"}:
        if SHARED.exists() or kind == "call establishing":
            assert beyond(kind, pages()[kind], sent[kind]) == []


@pytest.mark.skipif(not SHARED.exists(), reason="shared/examples is not beside this checkout")
def test_every_exception_is_needed() -> None:
    lacking: set[tuple[str, str]] = set()
    sent: list[tuple[str, Shape]] = []
    for example in EXAMPLES.values():
        with Emulator(forms="docs") as svc:
            bot = watched(svc)
            lacking |= {
                ("created", path)
                for path in differing(
                    shape_of(example.response.body), shape_of(created(svc, example))
                )
            }
            svc.run()
            sent += bot.kinds().items()
    with Emulator(forms="docs") as svc:
        sent += play_everything(svc).kinds().items()
    more = {(kind, path) for kind, ours in sent for path in differing(ours, pages()[kind])}
    assert [one for one in MISSING if not any(covers(one, *found) for found in lacking)] == []
    assert [one for one in BEYOND if not any(covers(one, *found) for found in more)] == []


def test_a_delta_of_the_roster_is_as_the_page_shows(docs: Emulator) -> None:
    bot = watched(docs)
    call = call_to(
        docs.user("Ann").answers().hangs_up(after=5), docs.user("Ben").answers(), deltas=True
    )
    call.callback_uri = CALLBACK
    docs.client().calls.create(call)
    docs.run()
    ours = bot.kinds()["deltaParticipants"]
    [page] = [
        item
        for message in EXAMPLES["05-meeting-service-hosted"].notifications
        for item in message.body["value"]
        if kind_of(item) == "deltaParticipants"
    ]
    assert missing("deltaParticipants", shape_of(page), ours) == []
    assert beyond("deltaParticipants", shape_of(page), ours) == []


def play_everything(svc: Emulator) -> Watched:
    """Let a bot be notified of whatever the pages have."""
    bot = watched(svc)
    client = svc.client()
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers(after=1)

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    svc.rings(bot, from_=svc.user("Eve").hangs_up(after=3))
    svc.run()
    for consultative in (False, True):
        for taken in (True, False):
            call = call_to(ann)
            call.callback_uri = CALLBACK
            made = client.calls.create(call)
            svc.run()
            to = target(ben if taken else svc.user("Dan").declines())
            to.replaces_call_id = str(made.id) if consultative else None
            client.calls.transfer(str(made.id), transfer_target=to)
            svc.run()
    group = call_to(ann, ben)
    group.callback_uri = CALLBACK
    made = client.calls.create(group)
    svc.run()
    invited = [target(svc.user("Cat").answers())]
    client.calls.participants.invite(str(made.id), participants=invited, client_context="c")
    svc.run()
    client.calls.play_prompt(str(made.id), prompts=PROMPTS, client_context="c")
    client.calls.record_response(
        str(made.id), prompts=[], max_record_duration_in_seconds=2, client_context="c"
    )
    svc.run()
    client.calls.delete(str(made.id))
    svc.run()
    return bot


@pytest.mark.skipif(not SHARED.exists(), reason="shared/examples is not beside this checkout")
def test_notifications_have_what_the_pages_of_their_kinds_show(docs: Emulator) -> None:
    sent = play_everything(docs).kinds()
    documented: dict[str, list[Shape]] = defaultdict(list)
    items = [
        item
        for example in EXAMPLES.values()
        for one in example.notifications
        for item in one.body["value"]
    ]
    for item in (*items, *other_pages()):
        documented[kind_of(item)].append(shape_of(item))
    assert documented.keys() - sent.keys() == {
        "nothing", "contentSharingSession", "deltaParticipants"
    }  # fmt: skip
    for kind, ours in sent.items():
        assert beyond(kind, pages()[kind], ours) == [], kind
        shown = [missing(kind, page, ours) for page in documented.get(kind, ())]
        assert not shown or min(shown, key=len) == [], kind


ACTIVE = {"state", "mediaState", "meetingCapability", "coOrganizers", "callChainId"}
CHAT = ACTIVE | {"chatInfo", "meetingProperties", "replacesContext"}

NINE: list[tuple[str, set[str]]] = [
    ("updated", {"state", "callChainId"}),
    ("updated", {"state", "direction", "callChainId"}),
    ("updated", ACTIVE),
    ("updated", CHAT),
    ("updated", CHAT | {"meetingInfo"}),
    ("updated", {"everybody in the roster"}),
    ("updated", {"state", "toneInfo"}),
    ("deleted", {"id", "status", "completionReason", "clientContext", "prompts", "resultInfo"}),
    ("deleted", {"state", "resultInfo", "callChainId"}),
]
"""The properties of the captured notifications of a call between two, beside @odata.type."""


def test_a_call_is_notified_as_captures_show() -> None:
    with Emulator() as svc:
        bot = watched(svc)

        @bot.media_active
        async def greet(call: Any) -> None:
            await call.subscribe_to_tone()
            await call.play_prompt("https://bot.contoso.com/hello.wav")

        ann = svc.user("Ann").answers().presses("1", after=2).hangs_up(after=6)
        call = call_to(ann)
        call.callback_uri = CALLBACK
        made = svc.client().calls.create(call)
        assert made.my_participant_id is None
        svc.run()

    found: list[tuple[str, set[str]]] = []
    for item in bot.notified:
        data = item["resourceData"]
        names = (
            data.keys() - {"@odata.type"} if isinstance(data, dict) else {"everybody in the roster"}
        )
        found.append((item["changeType"], names))
    assert found == NINE
    for item in bot.notified:
        assert item["resource"].removeprefix("/app") == item["resourceUrl"].removeprefix(
            "/communications"
        )
    assert bot.notified[3]["resourceData"]["chatInfo"].keys() == {
        "@odata.type",
        "threadId",
        "messageId",
    }
    participant = bot.notified[5]["resourceData"][0]
    assert {"info", "mediaStreams", "isMuted", "isInLobby", "id"} <= participant.keys()
    assert participant["info"]["participantId"] == participant["id"]
