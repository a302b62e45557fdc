"""Subscriptions to changes of what the store has, and the notifications of those changes.

Sources: https://learn.microsoft.com/graph/api/subscription-post-subscriptions,
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks,
https://learn.microsoft.com/graph/change-notifications-with-resource-data,
https://learn.microsoft.com/graph/change-notifications-lifecycle-events.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from urllib.parse import quote, unquote

from graph_comms._runtime.edm_values import read_date_time_offset
from graph_comms.bot.changes.resources import longest_life, relative
from graph_comms.bot.json_values import Json, object_of, text_of
from graph_comms.models import Subscription

from .addresses import is_https, is_local
from .behaviours import Behaviour
from .delivery import Delivery
from .encryption import encrypted, public_key_of
from .faults import Fault
from .ids import Seeded, same_id
from .meetings import Meetings
from .messages import Answer, Request
from .odata.entities import Entities
from .odata.filters import Predicate, parse_filter
from .odata.places import context_of, location_of
from .odata.serving import Serving
from .odata.store import Change, Path, Record, Store
from .receivers import Reply
from .schedule import Act, Schedule
from .tokens import Authority

PUBLISHER = "0bf30f3b-4a52-48df-9a82-234910c4a086"
"""The application that Graph's validation tokens are from."""

LifecycleEvent = Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]

OK = 200

_MEETING = "#Microsoft.Graph.onlineMeeting"

_COLLECTION = ("subscriptions",)
_REQUIRED = ("changeType", "notificationUrl", "resource", "expirationDateTime")
_CHANGEABLE = {"expirationDateTime", "notificationUrl", "@odata.type"}
_CHANGES = frozenset({"created", "updated", "deleted"})
_IN_PARENTHESES = {("recordings",), ("transcripts",)}
_TYPES = {
    "callRecords": "#microsoft.graph.callrecord",
    "presences": "#microsoft.graph.presence",
    "onlineMeetings": "#microsoft.graph.onlineMeeting",
    "recordings": "#Microsoft.Graph.callRecording",
    "transcripts": "#Microsoft.Graph.callTranscript",
}


@dataclass(frozen=True, slots=True)
class _Watched:
    """Which paths a resource means: an entity, those in a collection, or those below a user's."""

    path: Path
    below: str
    owner: str | None
    condition: Predicate | None
    resource: str
    """The address of the resource, as it was given."""
    join_url: str | None
    """The link of the meeting whose events are watched; None if it is something else."""

    @property
    def is_artifact(self) -> bool:
        """Whether it is about what is recorded of meetings."""
        return bool(self.below) or (self.path[-1],) in _IN_PARENTHESES

    def has(self, record: Record, store: Store) -> bool:
        """Whether a record is meant."""
        if self.join_url is not None:
            return False
        path = record.path
        shared = store.get(path[:3])
        if self.owner and (shared is None or not shared.belongs_to(self.owner)):
            return False
        if self.below:
            meant = path[: len(self.path)] == self.path and path[-2:-1] == (self.below,)
        else:
            meant = self.path in (path, path[:-1])
        return meant and (self.condition is None or self.condition(record.value))


class Subscriptions:
    """Validates addresses, keeps subscriptions for as long as they live, and posts what has changed."""

    def __init__(
        self,
        schedule: Schedule,
        seeded: Seeded,
        authority: Authority,
        delivery: Delivery,
        entities: Entities,
        serving: Serving,
        meetings: Meetings,
    ) -> None:
        self._meetings = meetings
        self._schedule = schedule
        self._seeded = seeded
        self._authority = authority
        self._delivery = delivery
        self._entities = entities
        self._serving = serving
        self._expiries: dict[str, Act] = {}
        self._watched: dict[str, _Watched] = {}
        self._tenants: dict[str, str] = {}
        entities.store.on_change.append(self._changed)

    def routes(self) -> dict[str, Callable[[Request], Answer | Awaitable[Answer]]]:
        """Return what answers which operation, by method and path."""
        one = "/subscriptions/{subscription-id}"
        return {
            "POST /subscriptions": self.create,
            f"PATCH {one}": self.update,
            f"POST {one}/reauthorize": self.reauthorize,
        }

    def clear(self) -> None:
        """Forget all subscriptions."""
        self._expiries.clear()
        self._watched.clear()
        self._tenants.clear()

    async def create(self, request: Request) -> Answer:
        """Subscribe, once the addresses have proved that they want that."""
        body = object_of(request.body)
        for name in _REQUIRED:
            if not body.get(name):
                raise _wrong(f"{name} is required.")
        changes = {one.strip() for one in text_of(body["changeType"]).split(",")}
        if not changes <= _CHANGES:
            raise _wrong("changeType must be created, updated or deleted, or some of them.")
        if len(text_of(body.get("clientState"))) > 128:
            raise _wrong("clientState must not be longer than 128 characters.")
        if body.get("includeResourceData") is True:
            public_key_of(body.get("encryptionCertificate"))
            if not body.get("encryptionCertificateId"):
                raise _wrong("encryptionCertificateId is required with resource data.")
        resource = text_of(body["resource"])
        watched = _watched(resource)
        expires = self._expiry(resource, text_of(body["expirationDateTime"]))
        late = expires - self._schedule.now() > timedelta(hours=1)
        if late and watched.is_artifact and not body.get("lifecycleNotificationUrl"):
            raise _wrong(
                "lifecycleNotificationUrl is required for subscription creation on this resource when the"
                " expirationDateTime value exceeds 1 hour"
            )
        for name in ("notificationUrl", "lifecycleNotificationUrl"):
            if body.get(name):
                await self._validate(text_of(body[name]))
        entity = {
            **body,
            "id": self._seeded.guid("subscription"),
            "applicationId": request.caller.app_id,
            "creatorId": request.caller.app_id,
        }
        path = self._entities.add(_COLLECTION, entity, Subscription, request.caller.app_id)
        key = path[-1]
        self._watched[key] = watched
        self._tenants[key] = request.caller.home
        self._live(key, expires)
        record = self._entities.store.get(path)
        assert record is not None
        context = context_of(request, "/$entity")
        return Answer(201, {**context, **record.value}, {"location": location_of(request, key)})

    async def update(self, request: Request) -> Answer:
        """Let a subscription live on (subscription-update)."""
        record = self._found(request)
        body = object_of(request.body)
        if other := body.keys() - _CHANGEABLE:
            raise _wrong(f"{min(other)} of a subscription cannot be changed.")
        if address := text_of(body.get("notificationUrl")):
            await self._validate(address)
        if until := text_of(body.get("expirationDateTime")):
            expires = self._expiry(text_of(record.value["resource"]), until)
            self._live(same_id(request.keys["subscription-id"]), expires)
        return self._serving.answer(request)

    def reauthorize(self, request: Request) -> Answer:
        """Prove that the application may still have what it has subscribed to."""
        self._found(request)
        return Answer(204)

    def tell_lifecycle(self, event: LifecycleEvent) -> None:
        """Tell every subscription that has an address for it what has happened to it."""
        for key, record in list(self._entities.store.below(_COLLECTION)):
            address = text_of(record.value.get("lifecycleNotificationUrl"))
            if event == "subscriptionRemoved":
                self._end(key)
            if address:
                item = {**self._item(key, record), "lifecycleEvent": event}
                self._post(key, address, {"value": [item]})

    def tell_meeting_event(self, key: str, event: dict[str, Json]) -> None:
        """Tell who watches the meeting of a key what has happened in its call."""
        for subscription_key, watched in list(self._watched.items()):
            if watched.join_url is None or self._meetings.key_of(watched.join_url) != key:
                continue
            subscription = self._entities.store.get((*_COLLECTION, subscription_key))
            if subscription is None or "updated" not in text_of(subscription.value["changeType"]):
                continue
            address = watched.resource
            data = {"@odata.type": _MEETING, "@odata.id": address, "id": address}
            whole = data | event
            encrypts = subscription.value.get("includeResourceData") is True
            self._notify(
                subscription_key,
                subscription,
                "updated",
                address,
                data if encrypts else whole,
                whole,
            )

    # -- what is watched

    def _changed(self, change: Change, record: Record) -> None:
        for key, watched in list(self._watched.items()):
            subscription = self._entities.store.get((*_COLLECTION, key))
            if subscription is None or not watched.has(record, self._entities.store):
                continue
            if change in text_of(subscription.value["changeType"]):
                self._tell(key, subscription, change, record)

    def _tell(self, key: str, subscription: Record, change: Change, record: Record) -> None:
        path = record.path
        resource = _address_of(path)
        kind = next((_TYPES[one] for one in reversed(path) if one in _TYPES), None)
        data = {"@odata.id": resource, "@odata.etag": record.etag, "id": path[-1]}
        if kind is not None:
            data = {"@odata.type": kind, **data}
        whole = {**({"@odata.type": kind} if kind else {}), **record.value}
        self._notify(
            key, subscription, change, resource, data, None if change == "deleted" else whole
        )

    def _notify(
        self,
        key: str,
        subscription: Record,
        change: Change,
        resource: str,
        data: dict[str, Json],
        whole: dict[str, Json] | None,
    ) -> None:
        """Post a change; `whole` is what a notification with resource data has encrypted, if anything."""
        item = {
            **self._item(key, subscription),
            "changeType": change,
            "resource": resource,
            "resourceData": data,
        }
        body: dict[str, Json] = {"value": [item]}
        value = subscription.value
        if value.get("includeResourceData") is True and whole is not None:
            item["encryptedContent"] = encrypted(
                whole,
                text_of(value["encryptionCertificate"]),
                text_of(value["encryptionCertificateId"]),
                self._seeded.random.randbytes(32),
            )
            tenant = self._tenants[key]
            issuer = f"https://sts.windows.net/{tenant}/"
            claims = {"iss": issuer, "appid": PUBLISHER}
            app_id = text_of(value["applicationId"])
            body["validationTokens"] = [self._authority.notification_token(app_id, tenant, claims)]
        self._post(key, text_of(value["notificationUrl"]), body)

    def _item(self, key: str, subscription: Record) -> dict[str, Json]:
        return {
            "subscriptionId": subscription.value["id"],
            "subscriptionExpirationDateTime": subscription.value["expirationDateTime"],
            "tenantId": self._tenants[key],
            "clientState": subscription.value.get("clientState"),
        }

    def _post(self, key: str, address: str, body: Json) -> None:
        headers = {
            "content-type": "application/json",
            "client-request-id": self._seeded.guid("post"),
        }
        lane = f"subscriptions/{key}"
        self._delivery.put(lane, partial(self._delivery.post, address, headers, body))

    # -- how long

    def _expiry(self, resource: str, until: str) -> datetime:
        now, expires = self._schedule.now(), read_date_time_offset(until)
        longest = longest_life(resource)
        if expires <= now:
            raise _wrong("expirationDateTime must be in the future.")
        if expires - now > longest:
            minutes = int(longest.total_seconds() // 60)
            raise _wrong(f"Subscription expiration can only be {minutes} minutes in the future.")
        return expires

    def _live(self, key: str, expires: datetime) -> None:
        self._schedule.cancel(self._expiries.get(key))
        left = (expires - self._schedule.now()).total_seconds()
        self._expiries[key] = self._schedule.after(left, lambda: self._end(key), pending=False)

    def _end(self, key: str) -> None:
        self._schedule.cancel(self._expiries.pop(key, None))
        self._watched.pop(key, None)
        if self._entities.store.get((*_COLLECTION, key)) is not None:
            self._entities.store.remove((*_COLLECTION, key))

    def _found(self, request: Request) -> Record:
        key = same_id(request.keys["subscription-id"])
        record = self._entities.store.get((*_COLLECTION, key))
        if record is None or not record.belongs_to(request.caller.app_id):
            raise Fault(404, "ResourceNotFound", "The object was not found.")
        return record

    async def _validate(self, address: str) -> None:
        """Ask an address whether it wants notifications; raises Fault unless it echoes the token."""
        if not (is_https(address) or (is_local(address) and self._delivery.reaches(address))):
            raise _wrong("The notification URL must be an https address.")
        guid = self._seeded.guid("validation")
        token = f"Validation: Testing client application reachability. Request-Id: {guid}"
        separator = "&" if "?" in address else "?"
        asked = f"{address}{separator}validationToken={quote(token, safe='')}"
        answered: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()

        async def ask() -> None:
            try:
                answered.set_result(
                    await self._delivery.ask(asked, {"content-type": "text/plain"}, b"")
                )
            except Exception as error:
                answered.set_exception(error)

        self._delivery.put(f"validation/{guid}", ask)
        answer = await answered
        if answer is None:
            raise _wrong("Subscription validation request timed out.")
        if (answer.status, answer.body) != (OK, token.encode()):
            raise _wrong(
                "Subscription validation request failed. Must respond with 200 OK to this request."
            )


_BY_LINK = re.compile(
    r"/?communications/onlineMeetings(?:\(joinWebUrl='([^']*)'\)/meetingCallEvents"
    r"|/?\?\$filter=joinWebUrl(?:\s|\+|%20)+eq(?:\s|\+|%20)+'([^']*)')",
    re.IGNORECASE,
)
"""The resource of what happens in a meeting's call, in its newer and its older form."""

_KEYED = re.compile(r"\('([^']*)'\)")


def _address_of(path: Path) -> str:
    """Return the address of a resource as notifications of it have it."""
    if path[-2:-1] not in _IN_PARENTHESES:
        return "/".join(path)
    root, *parts = path
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return "/".join([root, *(f"{name}('{key}')" for name, key in pairs)])


def _watched(resource: str) -> _Watched:
    """Return what a resource means, such as `communications/callRecords` or `users/x/presence`."""
    plain, _, query = relative(resource).partition("?")
    plain = _KEYED.sub(r"/\1", plain)
    segments = [same_id(unquote(one)) for one in plain.strip("/").split("/")]
    owner = None
    match segments:
        case ["users", user, "presence"]:
            segments = ["communications", "presences", user]
        case ["users", user, name, *rest]:
            owner, segments = user, ["communications", name, *rest]
        case _:
            pass
    below = ""
    for kind in ("Recordings", "Transcripts"):
        if segments[-1].partition("(")[0] == f"getAll{kind}":
            segments, below = segments[:-1], kind.lower()
    found = re.search(r"\$filter=([^&]*)", query)
    condition = parse_filter(unquote(found[1]), None) if found else None
    address = relative(resource)
    by_link = _BY_LINK.fullmatch(address)
    join_url = unquote(by_link[1] or by_link[2]) if by_link else None
    return _Watched(tuple(segments), below, owner, condition, address[1:], join_url)


def _wrong(message: str) -> Fault:
    return Fault(400, "InvalidRequest", message)


_PAGE = "https://learn.microsoft.com/graph/"
_TEST = "tests/emulator/test_subscriptions.py::"

BEHAVIOURS = (
    Behaviour(
        "subscriptions.validation", "D", f"{_PAGE}change-notifications-delivery-webhooks",
        f"{_TEST}test_an_address_must_prove_itself",
    ),
    Behaviour(
        "subscriptions.required", "D", f"{_PAGE}api/subscription-post-subscriptions",
        f"{_TEST}test_what_cannot_be_subscribed_to_is_refused",
    ),
    Behaviour(
        "subscriptions.expiry", "D", f"{_PAGE}api/resources/subscription", f"{_TEST}test_a_subscription_ends"
    ),
    Behaviour(
        "subscriptions.changes", "D", f"{_PAGE}change-notifications-delivery-webhooks",
        f"{_TEST}test_call_records_are_notified",
    ),
    Behaviour(
        "subscriptions.recordings", "D",
        f"{_PAGE}teams-changenotifications-callrecording-and-calltranscript",
        f"{_TEST}test_recordings_are_notified",
    ),
    Behaviour(
        "subscriptions.mine", "D", f"{_PAGE}api/subscription-list",
        f"{_TEST}test_subscriptions_are_those_of_an_application",
    ),
    Behaviour(
        "subscriptions.update", "D", f"{_PAGE}api/subscription-update",
        f"{_TEST}test_subscriptions_are_those_of_an_application",
    ),
    Behaviour(
        "subscriptions.encrypted", "D", f"{_PAGE}change-notifications-with-resource-data",
        f"{_TEST}test_resources_are_encrypted",
    ),
    Behaviour(
        "subscriptions.lifecycle", "D", f"{_PAGE}change-notifications-lifecycle-events",
        f"{_TEST}test_lifecycle_events",
    ),
)  # fmt: skip
