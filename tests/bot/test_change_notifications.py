"""Change notifications: what is answered, what is believed, and what handlers get."""

from __future__ import annotations

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import NotFoundError
from graph_comms.bot.changes import (
    BlockingChange,
    Change,
    Changes,
    Failure,
    MeetingCallEvent,
)
from graph_comms.bot.changes.due import FORMAT
from graph_comms.bot.changes.inbox import Inbox
from graph_comms.bot.changes.resources import relative, type_of
from graph_comms.bot.keys import KeysUnavailableError
from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.store import Change as StoreChange
from graph_comms.bot.store import StoreError
from graph_comms.bot.testing import ChangeSigner
from graph_comms.models import CallRecording, Presence
from graph_comms.models.call_records import CallRecord
from tests.bot.graph_side import APP_ID, RECORDS, Setting, post
from tests.bot.manual_clock import settle

pytestmark = pytest.mark.anyio

PRESENCE = {
    "@odata.type": "#Microsoft.Graph.presence",
    "@odata.id": "communications/presences('u1')",
    "id": "u1",
}


@pytest.fixture
def setting() -> Setting:
    return Setting()


@pytest.fixture
async def changes(setting: Setting) -> AsyncIterator[Changes]:
    async with setting.changes() as changes:
        yield changes


def seen_by(changes: Changes) -> list[Any]:
    """Return the list of events that are handled from now on."""
    seen: list[Any] = []

    @changes.any
    async def keep(event: Any) -> None:
        seen.append(event)

    return seen


def presence(setting: Setting, **members: Any) -> dict[str, Any]:
    """Return a notification of a presence, which is encrypted."""
    content = setting.signer.encrypt({"id": "u1", "availability": "Busy", "activity": "InACall"})
    usual = {
        "changeType": "updated",
        "resource": "communications/presences('u1')",
        "resourceData": PRESENCE,
        "encryptedContent": content,
    }
    return setting.graph.item(**{**usual, **members})


async def subscribe_to_presence(changes: Changes) -> None:
    await changes.subscriptions.create(
        "communications/presences?$filter=id in ('u1')",
        change_types=["updated"],
        include_resource_data=True,
    )


# -- validation of the address


@pytest.mark.parametrize(
    "token",
    [
        "Validation: Testing client application reachability",
        "<script>a</script>",
        "",
        "ü+ %",
        "t" * 4096,
    ],
)
async def test_a_validation_token_is_returned_as_plain_text(changes: Changes, token: str) -> None:
    reply = await changes.handle("POST", {}, f"tenant=a&validationToken={quote(token)}", b"")
    assert (reply.status, reply.body.decode()) == (200, token)
    assert reply.headers == {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize(
    "query", [f"validationToken={'t' * 4097}", "a&" * 101 + "validationToken=t"]
)
async def test_a_query_that_is_too_long_is_refused(changes: Changes, query: str) -> None:
    reply = await changes.handle("POST", {}, query, b"")
    assert (reply.status, reply.body) == (400, b"")


# -- what is answered


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"value": {}}',
        b'{"value": null}',
        b"\xff",
        b"[" * 100_000,
        b"9" * 5000,
    ],
)
async def test_what_is_no_collection_is_400(changes: Changes, body: bytes) -> None:
    reply = await changes.handle("POST", {"CONTENT-LENGTH": str(len(body))}, "", body)
    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize("length", ["99999999", "x", "-1", "٣"])
async def test_a_length_is_refused_before_the_body_is_read(changes: Changes, length: str) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    reply = await changes.handle("POST", {"content-Length": length}, "", unread())
    assert reply.status == (413 if length == "99999999" else 400)


async def test_a_body_is_limited_while_it_is_read(setting: Setting) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 100

    async with setting.changes(max_body=1000) as changes:
        assert (await changes.handle("POST", {}, "", endless())).status == 413
    assert read == 11


async def test_other_methods_are_405(changes: Changes) -> None:
    reply = await changes.handle("GET", {}, "validationToken=t", b"")
    assert (reply.status, reply.headers, reply.body) == (405, {"Allow": "POST"}, b"")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = (
    "subscriptionId",
    "clientState",
    "resourceData",
    "encryptedContent",
    "tenantId",
    "resource",
)


@given(
    st.dictionaries(st.sampled_from(NAMES), JSON),
    JSON,
    st.binary(max_size=30),
)
def test_nothing_that_is_posted_makes_it_raise(
    item: dict[str, Any], tokens: Any, raw: bytes
) -> None:
    async def run() -> None:
        setting = Setting()
        async with setting.changes() as changes:
            await changes.subscriptions.create(RECORDS)
            body = json.dumps({"value": [setting.graph.item(), item], "validationTokens": tokens})
            seen = seen_by(changes)
            assert (await changes.handle("POST", {}, "", body.encode())).status == 202
            assert (await changes.handle("POST", {}, "", raw)).status == 400
            assert (await changes.handle("POST", {}, raw.decode("latin-1"), b"{}")).status == 400
            await settle()
            assert len(seen) == (tokens in (None, []))

    anyio.run(run)


class FailingStore(MemoryStore):
    failing = False

    async def open(self) -> None:
        if self.failing:
            raise StoreError("the disk is full")

    async def swap(self, key: str, version: int, change: Any) -> Any:
        if self.failing:
            raise StoreError("the disk is full")
        return await super().swap(key, version, change)


async def test_503_while_the_store_fails_and_nothing_is_lost() -> None:
    setting = Setting()
    setting.store = store = FailingStore(clock=setting.clock)
    async with setting.changes() as changes:
        seen = seen_by(changes)
        await changes.subscriptions.create(RECORDS)
        store.failing = True
        reply = await post(changes, setting.graph.item())
        assert (reply.status, reply.headers) == (503, {"Retry-After": "5"})
        store.failing = False
        assert (await post(changes, setting.graph.item())).status == 202
        await settle()
        assert [event.id for event in seen] == ["r1"]
    store.failing = True
    assert (await post(setting.changes(), setting.graph.item())).status == 503


class CountingStore(MemoryStore):
    """Counts what reaches it."""

    calls = 0

    async def read(self, key: str, names: Any) -> Any:
        self.calls += 1
        return await super().read(key, names)

    async def swap(self, key: str, version: int, change: Any) -> Any:
        self.calls += 1
        return await super().swap(key, version, change)


async def test_what_proves_nothing_reaches_the_store_a_thousand_times_at_most() -> None:
    setting = Setting()
    setting.store = store = CountingStore(clock=setting.clock)
    async with setting.changes() as changes:
        items = [
            {"clientState": f"{number:032x}.x", "encryptedContent": {}} for number in range(5000)
        ]
        before = store.calls
        await post(changes, *items, tokens=[setting.signer.token()] * 50)
        assert store.calls - before == 1000
    assert setting.counts == {"dropped": 5000}


# -- what is believed


WRONG: dict[str, dict[str, Any]] = {
    "no clientState": {"clientState": None},
    "a clientState that is no text": {"clientState": 7},
    "another clientState": {"clientState": "0" * 32 + ".x"},
    "an unknown subscription": {"subscriptionId": "76619225-ff6b-4489-96ca-4ef547e78b22"},
    "no subscription": {"subscriptionId": None},
}


@pytest.mark.parametrize("members", WRONG.values(), ids=WRONG)
async def test_an_item_that_proves_nothing_is_dropped_and_the_others_go_on(
    setting: Setting, changes: Changes, members: dict[str, Any]
) -> None:
    seen = seen_by(changes)
    await changes.subscriptions.create(RECORDS)
    wrong, right = setting.graph.item(**members), setting.graph.item()
    assert await post(changes, wrong, right, "odd") == await post(changes)  # type: ignore[arg-type]
    await settle()
    assert len(seen) == 1
    assert setting.counts == {"received": 1, "dropped": 2}


async def test_a_client_state_is_not_believed_when_only_its_beginning_is_right(
    setting: Setting, changes: Changes
) -> None:
    seen = seen_by(changes)
    await changes.subscriptions.create(RECORDS)
    secret = setting.graph.item()["clientState"]
    for wrong in (secret[:-1], secret + "x", secret.partition(".")[0], secret.upper()):
        await post(changes, setting.graph.item(clientState=wrong))
    await settle()
    assert (seen, setting.counts) == ([], {"dropped": 4})


async def test_an_encrypted_resource_is_decrypted(setting: Setting, changes: Changes) -> None:
    seen: list[Change[Presence]] = []

    @changes.updated(Presence)
    async def keep(change: Change[Presence]) -> None:
        seen.append(change)

    await subscribe_to_presence(changes)
    await post(changes, presence(setting), tokens=[setting.signer.token()])
    await settle_threads(seen)
    [change] = seen
    assert change.resource is not None
    assert change.resource.availability == "Busy"
    assert (change.id, change.tenant_id) == ("u1", setting.signer.tenant_id)


async def settle_threads(seen: list[Any], number: int = 1) -> None:
    """Wait for events that threads take part in."""
    with anyio.fail_after(10):
        while len(seen) < number:
            await anyio.sleep(0.005)


OTHER = "e1a9d2b0-0000-4000-8000-000000000002"
TOKENS: dict[str, list[dict[str, Any]] | None] = {
    "no tokens": None,
    "an empty list": [],
    "another audience": [{"aud": "someone"}],
    "another tenant": [{"iss": f"https://sts.windows.net/{OTHER}/", "tid": OTHER}],
    "another issuer": [{"iss": "https://api.botframework.com"}],
    "another publisher": [{"appid": APP_ID}],
    "no publisher": [{"appid": None}],
    "two publishers": [{"azp": APP_ID}],
    "expired": [{"exp": 1_700_000_000}],
    "no expiry": [{"exp": None}],
    "one of two is wrong": [{}, {"appid": APP_ID}],
    "too many": [{}] * 101,
}


@pytest.mark.parametrize("claims", TOKENS.values(), ids=TOKENS)
async def test_an_encrypted_resource_without_valid_tokens_is_dropped(
    setting: Setting, changes: Changes, claims: list[dict[str, Any]] | None
) -> None:
    seen = seen_by(changes)
    await subscribe_to_presence(changes)
    tokens = None if claims is None else [setting.signer.token(**one) for one in claims]
    assert (await post(changes, presence(setting), tokens=tokens)).status == 202
    while setting.counts.get("dropped") != 1:
        await settle()
    assert seen == []


async def test_a_token_that_somebody_else_signed_is_not_valid(
    setting: Setting, changes: Changes
) -> None:
    seen = seen_by(changes)
    await subscribe_to_presence(changes)
    forged = ChangeSigner(APP_ID).token()
    for token in (forged, "x", "", f"{setting.signer.token().rpartition('.')[0]}.AAAA"):
        await post(changes, presence(setting), tokens=[token])
    while setting.counts.get("dropped") != 4:
        await settle()
    assert seen == []


async def test_tokens_of_version_2_are_valid(setting: Setting, changes: Changes) -> None:
    seen = seen_by(changes)
    await subscribe_to_presence(changes)
    publisher = setting.signer.publisher.app_id
    issuer = f"https://login.microsoftonline.com/{setting.signer.tenant_id}/v2.0"
    token = setting.signer.token(iss=issuer, appid=None, azp=publisher)
    await post(changes, presence(setting), tokens=[token])
    await settle_threads(seen)


class SlowKeys:
    """Keys that cannot be fetched at first."""

    def __init__(self, keys: Any) -> None:
        self.away = True
        self._keys = keys

    async def get(self, kid: str | None) -> Any:
        if self.away:
            raise KeysUnavailableError("the server is away")
        return await self._keys.get(kid)


async def test_an_item_waits_until_its_tokens_can_be_verified() -> None:
    setting = Setting()
    keys = SlowKeys(setting.signer.publisher.keys)
    publisher = replace(setting.signer.publisher, keys=keys)
    async with setting.changes(publisher=publisher) as changes:
        seen = seen_by(changes)
        await subscribe_to_presence(changes)
        await post(changes, presence(setting), tokens=[setting.signer.token()])
        await settle()
        keys.away = False
        assert seen == []
        await setting.clock.advance(61)
        await settle_threads(seen)
        assert setting.counts == {"received": 1}


def flipped(encoded: str) -> str:
    data = bytearray(b64decode(encoded))
    data[-1] ^= 1
    return b64encode(bytes(data)).decode()


SPOILERS = [flipped, lambda _: "", lambda _: "!", lambda _: None, lambda _: "A" * 4096]


@pytest.mark.parametrize("part", ["data", "dataKey", "dataSignature"])
@pytest.mark.parametrize("spoil", SPOILERS)
async def test_a_resource_that_was_changed_is_dropped(
    setting: Setting, changes: Changes, part: str, spoil: Any
) -> None:
    seen = seen_by(changes)
    await subscribe_to_presence(changes)
    item = presence(setting)
    item["encryptedContent"][part] = spoil(item["encryptedContent"][part])
    await post(changes, item, tokens=[setting.signer.token()])
    await settle_threads([*setting.counts])
    with anyio.fail_after(10):
        while "dropped" not in setting.counts:
            await anyio.sleep(0.005)
    assert seen == []


async def test_a_resource_that_should_be_encrypted_is_not_believed_where_it_is_not(
    setting: Setting, changes: Changes
) -> None:
    seen = seen_by(changes)
    await subscribe_to_presence(changes)
    forged = {**PRESENCE, "availability": "Available"}
    await post(changes, presence(setting, encryptedContent=None, resourceData=forged))
    await settle()
    assert [(event.id, event.resource) for event in seen] == [("u1", None)]


# -- what handlers get


async def test_a_handler_gets_the_changes_of_its_type_and_can_fetch_the_resource(
    setting: Setting, changes: Changes
) -> None:
    got: list[tuple[Change[CallRecord], CallRecord]] = []

    @changes.created(CallRecord)
    async def keep(change: Change[CallRecord]) -> None:
        got.append((change, await change.fetch(query={"$expand": "sessions"})))

    @changes.created(CallRecording)
    @changes.updated(CallRecord)
    @changes.deleted
    async def other(change: Any) -> None:
        raise AssertionError

    setting.graph.resources[f"{RECORDS}/r1"] = {"id": "r1", "version": 2}
    await changes.subscriptions.create(RECORDS)
    await post(changes, setting.graph.item())
    await settle()
    [(change, record)] = got
    assert (change.change_type, change.id, change.resource, change.redelivered) == (
        "created",
        "r1",
        None,
        False,
    )
    assert change.resource_type is CallRecord
    assert (type(record), record.version) == (CallRecord, 2)
    assert setting.graph.requests[-1].url.query == b"$expand=sessions"
    assert change.received_at == setting.clock.now()


async def test_a_def_handler_runs_in_a_thread_and_fetches_there(
    setting: Setting, changes: Changes
) -> None:
    got: list[Any] = []

    @changes.created(CallRecord)
    def keep(change: BlockingChange[CallRecord]) -> None:
        got.append(change.fetch().version)

    setting.graph.resources[f"{RECORDS}/r1"] = {"id": "r1", "version": 3}
    await changes.subscriptions.create(RECORDS)
    await post(changes, setting.graph.item())
    await settle_threads(got)
    assert got == [3]


PATHS = {
    f"https://graph.microsoft.com/v1.0/{RECORDS}/r1": f"/{RECORDS}/r1",
    f"/{RECORDS}/r1": f"/{RECORDS}/r1",
    "communications/onlineMeetings('MSo=')/recordings('Vj=')": (
        "/communications/onlineMeetings('MSo=')/recordings('Vj=')"
    ),
    "https://evil.example/v1.0/me": "/me",
    "https://evil.example": None,
    f"{RECORDS}/../../subscriptions": None,
    f"{RECORDS}/%2e%2e/%2e%2e/subscriptions": None,
    f"{RECORDS}?$filter=id": None,
    "": None,
}


@pytest.mark.parametrize(("address", "path"), PATHS.items())
async def test_a_fetch_stays_below_the_service_root(
    setting: Setting, changes: Changes, address: str, path: str | None
) -> None:
    outcomes: list[str | None] = []

    @changes.created
    async def fetch(change: Change[Any]) -> None:
        try:
            await change.fetch()
        except NotFoundError:
            outcomes.append(setting.graph.requests[-1].url.path.removeprefix("/v1.0"))
        except ValueError:
            outcomes.append(None)

    await changes.subscriptions.create(RECORDS)
    await post(changes, setting.graph.item(resource=address, resourceData={"id": "r1"}))
    await settle()
    assert outcomes == [path]
    assert {one.url.host for one in setting.graph.requests} == {"graph.microsoft.com"}


TYPES = [
    ("#microsoft.graph.callrecord", "x", CallRecord),
    ("#Microsoft.Graph.CallRecords.CallRecord", "x", CallRecord),
    ("#Microsoft.Graph.callRecording", "x", CallRecording),
    (None, "communications/onlineMeetings('a')/recordings('b')", CallRecording),
    (None, f"{RECORDS}/r1", CallRecord),
    ("#microsoft.graph.chatMessage", f"{RECORDS}/r1", CallRecord),
    ("#microsoft.graph.chatMessage", "chats/1", None),
    (None, "chats/1", None),
    (7, "chats/1", None),
]


@pytest.mark.parametrize(("name", "path", "cls"), TYPES)
def test_the_type_of_a_resource_is_found(name: Any, path: str, cls: Any) -> None:
    assert type_of(path, {} if name is None else {"@odata.type": name}) is cls


def test_only_the_root_in_front_of_an_address_is_left_out() -> None:
    link = (
        "communications/onlineMeetings?$filter=joinWebUrl eq 'https://teams.microsoft.com/meet/1'"
    )
    assert relative(link) == f"/{link}"
    assert relative(f"https://graph.microsoft.com/v1.0/{link}") == f"/{link}"


MEETING = "communications/onlineMeetings(joinWebUrl='https%3A%2F%2Fteams.microsoft.com%2Fl')"
ROSTER = {
    "@odata.type": "#Microsoft.Graph.onlineMeeting",
    "@odata.id": f"{MEETING}/meetingCallEvents",
    "id": "m1",
    "eventType": "Microsoft.Communication.CallRosterUpdate",
    "eventDateTime": "2026-02-28T00:00:00.0000000Z",
    "state": "active",
    "activeParticipants@joined": [
        {"Id": "p1", "Identity": {"User": {"Id": "u1", "DisplayName": "Adele", "TenantId": "t"}}}
    ],
    "activeParticipants@exited": [
        {"id": "p2", "identity": {"AzureCommunicationServicesUser": {"Id": "8:acs:x"}}}
    ],
}


async def test_an_event_of_a_meeting_has_its_participants(
    setting: Setting, changes: Changes
) -> None:
    got: list[MeetingCallEvent] = []
    errors: list[Exception] = []

    @changes.updated(MeetingCallEvent)
    async def keep(change: Change[MeetingCallEvent]) -> None:
        assert change.resource is not None
        got.append(change.resource)
        try:
            await change.fetch()
        except ValueError as error:
            errors.append(error)

    await changes.subscriptions.create(f"{MEETING}/meetingCallEvents", change_types=["updated"])
    older = "communications/onlineMeetings?$filter=joinWebUrl+eq+'x'"
    for path in (f"{MEETING}/meetingCallEvents", older):
        await post(
            changes, setting.graph.item(resource=path, resourceData=ROSTER, changeType="Updated")
        )
    await settle()
    assert len(got) == 2
    event = got[0]
    assert event.event_type == "callRosterUpdate"
    assert event.event_date_time == datetime(2026, 2, 28, tzinfo=UTC)
    [joined], [exited] = event.joined, event.exited
    assert joined.identity.user is not None
    assert (joined.id, joined.identity.user.display_name) == ("p1", "Adele")
    assert exited.id == "p2"
    assert len(errors) == 2


async def test_a_type_that_the_package_has_not_is_json(setting: Setting, changes: Changes) -> None:
    seen = seen_by(changes)
    await changes.subscriptions.create("teams/getAllMessages")
    data = {"@odata.type": "#Microsoft.Graph.chatMessage", "id": "c1", "subject": "x"}
    await post(changes, setting.graph.item(resource="chats/1/messages/2", resourceData=data))
    await settle()
    [change] = seen
    assert (change.resource, change.resource_type) == (data, None)


async def test_a_handler_that_raises_or_is_cancelled_stops_nothing(
    setting: Setting, changes: Changes
) -> None:
    failures: list[Failure] = []
    seen: list[Any] = []

    @changes.created
    async def raises(change: Change[Any]) -> None:
        raise LookupError("no such thing")

    @changes.created
    async def cancelled(change: Change[Any]) -> None:
        raise anyio.get_cancelled_exc_class()

    @changes.error
    async def tell(failure: Failure) -> None:
        failures.append(failure)
        raise ValueError("even here")

    @changes.created
    async def keep(change: Change[Any]) -> None:
        seen.append(change)

    await changes.subscriptions.create(RECORDS)
    await post(changes, setting.graph.item())
    await settle()
    assert [type(one.exception).__name__ for one in failures] == [
        "LookupError",
        "HandlerCancelledError",
    ]
    assert [one.event for one in failures] == seen * 2
    assert setting.counts == {"received": 1, "failed": 2}
    assert await pending(setting) == 0


async def pending(setting: Setting) -> int:
    assert setting.store is not None
    return await setting.store.pending("change")


async def test_handlers_that_hang_leave_their_places_to_others(
    setting: Setting, changes: Changes
) -> None:
    begun: list[str | None] = []
    failures: list[Failure] = []
    release = anyio.Event()

    @changes.created
    async def hang(change: Change[Any]) -> None:
        begun.append(change.id)
        await release.wait()

    @changes.error
    async def tell(failure: Failure) -> None:
        failures.append(failure)

    await changes.subscriptions.create(RECORDS)
    items = [
        setting.graph.item(resourceData={"id": str(number)}, resource=f"{RECORDS}/{number}")
        for number in range(30)
    ]
    await post(changes, *items)
    await settle()
    assert len(begun) == 20
    await setting.clock.advance(61)
    assert len(begun) == 30
    assert len(failures) == 20
    assert await pending(setting) == 30
    release.set()
    await settle()
    assert await pending(setting) == 0
    assert len(begun) == 30


@pytest.mark.parametrize("cls", [int, Failure])
def test_a_class_that_is_no_resource_is_refused(setting: Setting, cls: Any) -> None:
    with pytest.raises(TypeError, match=f"{cls.__name__} is no type of resource"):
        setting.changes().created(cls)


# -- each once, and at least once


async def test_a_repetition_is_handled_once(setting: Setting, changes: Changes) -> None:
    seen = seen_by(changes)
    await changes.subscriptions.create(RECORDS)
    item = setting.graph.item()
    await post(changes, item, item)
    await settle()
    await setting.clock.advance(3600)
    await post(changes, item)
    await settle()
    assert (len(seen), setting.counts) == (1, {"received": 1, "duplicate": 2})


async def test_an_update_that_looks_the_same_is_another_one_once_handlers_have_begun(
    setting: Setting, changes: Changes
) -> None:
    begun: list[Any] = []
    release = anyio.Event()

    @changes.updated
    async def fetch(change: Any) -> None:
        begun.append(change)
        if len(begun) == 1:
            await release.wait()  # with what it has fetched before

    await changes.subscriptions.create(RECORDS)
    item = setting.graph.item(changeType="updated")
    await post(changes, item, item)
    await settle()
    assert (len(begun), setting.counts) == (1, {"received": 1, "duplicate": 1})
    await post(changes, item)
    await settle()
    assert len(begun) == 2
    release.set()
    await settle()
    await post(changes, item)
    await settle()
    assert [change.redelivered for change in begun] == [False] * 3
    assert await pending(setting) == 0


async def test_what_a_process_leaves_is_handled_by_another_and_marked() -> None:
    setting = Setting()
    first, second = setting.changes(), setting.changes()
    seen = seen_by(second)
    await first.subscriptions.create(RECORDS)
    inbox = Inbox(setting.store, setting.clock)  # type: ignore[arg-type]
    for number in (1, 2):
        await first._endpoint.handle("POST", {}, "", body_of(setting, number))
    begun, claimed = await inbox.claim(2)
    assert await inbox.begin(begun)
    # Neither shows a sign of life any more.
    assert await second.run_due() == 0
    await setting.clock.advance(31)
    assert await second.run_due() == 2
    ids = {begun.accepted.raw["resourceData"]["id"]: True}
    assert {event.id: event.redelivered for event in seen} == {"1": False, "2": False, **ids}
    assert not await inbox.finish(begun)
    assert not await inbox.renew(claimed)


async def test_what_a_newer_version_has_stored_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    setting = Setting()
    changes = setting.changes()
    seen, store = seen_by(changes), changes.store
    await changes.subscriptions.create(RECORDS)
    newer, now = json.dumps({"format": FORMAT + 1}), setting.clock.now().timestamp()
    for number in range(30):  # more than are handled at a time
        change = StoreChange(parts={"item": newer}, expires=now + 900, due=now - 9, pending=1)
        await store.swap(f"change/{number}", 0, change)
    await changes._endpoint.handle("POST", {}, "", body_of(setting, 1))
    assert [await changes.run_due(), await changes.run_due()] == [1, 0]
    assert [event.id for event in seen] == ["1"]
    assert caplog.text.count("a change that a newer version has stored is left alone") == 30
    for number in range(30):
        record = await store.read(f"change/{number}", ["item"])
        assert record is not None
        assert (record.version, record.parts) == (1, {"item": newer})


async def test_an_item_waits_for_a_newer_version_that_has_its_tokens() -> None:
    setting = Setting()
    changes = setting.changes()
    seen, store = seen_by(changes), changes.store
    await subscribe_to_presence(changes)
    body = {"value": [presence(setting)], "validationTokens": [setting.signer.token()]}
    await changes._endpoint.handle("POST", {}, "", json.dumps(body).encode())
    [key] = [key for key in store._rows if key.startswith("change-proof/")]  # type: ignore[attr-defined]
    record = await store.read(key, ["proof"])
    assert record is not None
    newer = json.dumps({**json.loads(record.parts["proof"]), "format": FORMAT + 1})
    for version, text in ((1, newer), (2, record.parts["proof"])):
        assert seen == []
        await store.swap(key, version, StoreChange(parts={"proof": text}, expires=4e9))
        assert await changes.run_due(1) == 1
        await setting.clock.advance(61)
    assert len(seen) == 1


class StaleStore(MemoryStore):
    """Finds due what has been claimed meanwhile, as two processes do that look at the same time."""

    async def due(self, kind: str, now: float, limit: int) -> list[str]:
        return [*await super().due(kind, float("inf"), limit)]


async def test_what_has_been_claimed_meanwhile_is_left_to_the_other() -> None:
    setting = Setting()
    setting.store = store = StaleStore(clock=setting.clock)
    changes = setting.changes()
    await changes.subscriptions.create(RECORDS)
    await changes._endpoint.handle("POST", {}, "", body_of(setting, 1))
    first, second = Inbox(store, setting.clock), Inbox(store, setting.clock)
    [claim] = await first.claim(1)
    assert await second.claim(1) == []
    await setting.clock.advance(29)
    assert await first.renew(claim)
    await setting.clock.advance(29)
    assert await second.claim(1) == []
    await first.put_back(claim, 0)
    assert len(await second.claim(1)) == 1


async def test_no_handler_gets_what_another_process_has_claimed_since() -> None:
    setting = Setting()
    stopped, other = setting.changes(), setting.changes()
    seen, handled = seen_by(stopped), seen_by(other)
    await stopped.subscriptions.create(RECORDS)
    await stopped._endpoint.handle("POST", {}, "", body_of(setting, 1))
    [claim] = await stopped._inbox.claim(1)
    await setting.clock.advance(31)
    [later] = await other._inbox.claim(1)
    await stopped._worker.work(claim, lambda: None)
    assert seen == []
    await other._worker.work(later, lambda: None)
    assert [change.redelivered for change in handled] == [False]
    assert await pending(setting) == 0


def body_of(setting: Setting, number: int) -> bytes:
    data = {"id": str(number)}
    item = setting.graph.item(resource=f"{RECORDS}/{number}", resourceData=data)
    return json.dumps({"value": [item]}).encode()


async def test_a_claim_lasts_while_a_handler_runs(setting: Setting, changes: Changes) -> None:
    release = anyio.Event()
    begun: list[Any] = []

    @changes.created
    async def wait(change: Change[Any]) -> None:
        begun.append(change)
        await release.wait()

    await changes.subscriptions.create(RECORDS)
    await post(changes, setting.graph.item())
    await settle()
    other = setting.changes()
    for _ in range(5):
        await setting.clock.advance(29)
        assert await other.run_due() == 0
    release.set()
    await settle()
    assert (len(begun), await pending(setting)) == (1, 0)


async def test_a_handler_that_does_not_end_in_time_is_cancelled_and_its_item_kept() -> None:
    setting = Setting()
    changes = setting.changes()
    ended: list[str] = []

    @changes.created
    async def hang(change: Change[Any]) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    await changes.start()
    await changes.subscriptions.create(RECORDS)
    await post(changes, setting.graph.item())
    await settle()
    async with anyio.create_task_group() as group:
        group.start_soon(changes.stop)
        await settle()
        assert (await post(changes, setting.graph.item())).status == 503
        await setting.clock.advance(19)
        assert ended == []
        await setting.clock.advance(2)
    assert ended == ["cancelled"]
    seen = seen_by(other := setting.changes())
    await other.run_due()
    assert [event.redelivered for event in seen] == [True]


async def test_what_was_stopped_takes_nothing_until_it_is_started_again(setting: Setting) -> None:
    changes = setting.changes()
    seen = seen_by(changes)
    async with changes:
        await changes.subscriptions.create(RECORDS)
    assert (await post(changes, setting.graph.item())).status == 503
    async with changes:
        assert (await post(changes, setting.graph.item())).status == 202
        await settle()
    assert len(seen) == 1


async def test_of_several_invocations_the_last_one_ends_it(setting: Setting) -> None:
    changes = setting.changes()
    async with changes.invocation():
        await changes.subscriptions.create(RECORDS)
        async with changes.invocation():
            pass
        assert (await post(changes, setting.graph.item())).status == 202
    assert (await post(changes, setting.graph.item())).status == 503


async def test_run_due_handles_what_was_stored_where_nothing_else_runs() -> None:
    setting = Setting()
    changes = setting.changes()
    seen = seen_by(changes)
    await changes.subscriptions.create(RECORDS)
    for number in range(3):
        await changes._endpoint.handle("POST", {}, "", body_of(setting, number))
    assert await changes.run_due(2) == 2
    assert await changes.run_due() == 1
    assert len(seen) == 3


async def test_one_that_was_not_started_starts_itself_and_warns(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    changes = setting.changes()
    seen = seen_by(changes)
    await changes.subscriptions.create(RECORDS)
    for changed in ("created", "deleted"):
        await post(changes, setting.graph.item(changeType=changed))
    await settle()
    await changes.stop()
    assert len(seen) == 2
    assert [one.message for one in caplog.records] == [
        "change notifications were not started: use `async with`, or start()"
    ]


# -- certificates


async def test_items_for_an_older_certificate_are_decrypted_and_renewals_bring_the_new_one() -> (
    None
):
    setting = Setting()
    old, new = setting.signer.certificate, ChangeSigner(APP_ID).certificate
    async with setting.changes() as changes:
        await subscribe_to_presence(changes)
    async with setting.changes(certificates=[new, old]) as changes:
        seen = seen_by(changes)
        await post(changes, presence(setting), tokens=[setting.signer.token()])
        await settle_threads(seen)
        await setting.clock.advance(3600)
    [body] = setting.graph.asked("PATCH")
    assert body["encryptionCertificateId"] == new.id
    assert b64decode(body["encryptionCertificate"]) == new.certificate


async def test_an_item_waits_for_a_process_that_has_its_key() -> None:
    setting = Setting()
    without = setting.changes(certificates=[ChangeSigner(APP_ID).certificate])
    with_key = setting.changes()
    seen = seen_by(with_key)
    await subscribe_to_presence(with_key)
    body = {"value": [presence(setting)], "validationTokens": [setting.signer.token()]}
    await without._endpoint.handle("POST", {}, "", json.dumps(body).encode())
    assert await without.run_due(1) == 1
    await setting.clock.advance(61)
    assert await with_key.run_due(1) == 1
    assert (len(seen), "dropped" in setting.counts) == (1, False)


async def test_an_item_whose_key_nobody_has_is_dropped_in_the_end() -> None:
    setting = Setting()
    without = setting.changes(certificates=[ChangeSigner(APP_ID).certificate])
    await subscribe_to_presence(without)
    body = {"value": [presence(setting)], "validationTokens": [setting.signer.token()]}
    await without._endpoint.handle("POST", {}, "", json.dumps(body).encode())
    await setting.clock.advance(4 * 3600)
    await without.run_due()
    assert (setting.counts["dropped"], await pending(setting)) == (1, 0)


# -- secrets


async def test_nothing_shows_a_secret(
    setting: Setting, changes: Changes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    @changes.any
    async def show(event: Any) -> None:
        shown.append(repr(event))
        raise LookupError

    @changes.error
    async def fail(failure: Failure) -> None:
        shown.append(repr(failure))

    kept = await changes.subscriptions.create(
        "communications/presences", include_resource_data=True
    )
    item, bad = presence(setting), presence(setting)
    bad["encryptedContent"]["data"] = flipped(bad["encryptedContent"]["data"])
    token, wrong = setting.signer.token(), setting.signer.token(aud="x")
    await post(changes, item, bad, tokens=[token])
    await post(changes, presence(setting), tokens=[token, wrong])
    await post(changes, presence(setting, clientState=kept.client_state[:-1]), tokens=[token])
    await settle_threads(shown, 2)
    with anyio.fail_after(10):
        while setting.counts.get("dropped") != 3:
            await anyio.sleep(0.005)
    text = "\n".join(
        [*shown, caplog.text, repr(kept), repr(changes), repr(setting.signer.certificate)]
    )
    secrets = [kept.client_state[-40:], token[-40:], wrong[-40:], "InACall", "Busy"]
    assert len(shown) == 2
    assert [one for one in secrets if one in text] == []
    assert [one for one in secrets[:1] if one in json.dumps(dict(item), default=str)] == secrets[:1]
