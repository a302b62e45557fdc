"""Subscriptions that last: created, renewed, and created again when Graph has removed them.

Sources: https://learn.microsoft.com/graph/api/resources/subscription (lifetimes) and
https://learn.microsoft.com/graph/change-notifications-lifecycle-events.
"""

from __future__ import annotations

import hmac
import random
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Self, TypeVar
from uuid import uuid4

from ..._runtime.async_client import AsyncClientBase
from ..._runtime.errors import GraphHTTPError, NotFoundError
from .. import formats
from ..clock import Clock, SystemClock
from ..formats import NewerFormatError
from ..store import Change, Outcome, Store, StoreError
from ..telemetry import get_logger
from .delivery import CHANGE_TYPES, Item
from .due import FORMAT, Due
from .encryption import EncryptionCertificate
from .events import Failure
from .inbox import Inbox
from .resources import longest_life, shown

T = TypeVar("T")

KIND = "subscription"

_logger = get_logger(__name__)

_RENEWED_AT = 0.75
"""The part of its life after which a subscription is renewed."""
_JITTER = 0.05
"""How far the renewal may be from there, as a part of the life, so that not all come at once."""
_MARGIN = 60.0
"""How much less than the longest life is asked for: the clocks of two machines differ."""
_CLAIM = 60.0
"""How long a process has for a request about a subscription before another one tries."""
_LOOK = 0.5
"""How often a process looks whether another one has created a subscription, in seconds."""
_FIRST_RETRY, _LAST_RETRY = 15.0, 600.0
_KEPT = 366 * 24 * 3600.0
"""How long a store keeps a subscription that nobody looks after any more."""
_LATE = 24 * 3600.0
"""How long notifications of a subscription that was replaced are still accepted."""
_NAME = re.compile(r"[0-9a-f]{32}")
_STATE = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an application asks for: a subscription to one resource at one address.

    `lifetime` is in seconds.
    """

    # The address of a meeting may have its passcode in it, and ours what only Graph is to know.
    resource: str = field(repr=False)
    notification_url: str = field(repr=False)
    lifecycle_notification_url: str = field(repr=False)
    change_types: tuple[str, ...]
    include_resource_data: bool
    lifetime: float

    @property
    def name(self) -> str:
        """The name of the subscription in the store, which is in its clientState."""
        return sha256(f"{self.notification_url}\n{self.resource}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A subscription as the store has it. Times are seconds since 1970.

    `id` is Graph's; None while there is none. `confirmed` is when Graph last created or renewed it.
    `due` is when it has to be looked at next, which is left to the process whose `claim` it has until then.
    `earlier` are the ids that it had, with the times until which their notifications are accepted.
    """

    wanted: Wanted
    client_state: str = field(repr=False)
    id: str | None = None
    expires: float = 0.0
    confirmed: float | None = None
    earlier: tuple[tuple[str, float], ...] = ()
    failures: int = 0
    claim: str | None = None
    due: float = 0.0

    @property
    def key(self) -> str:
        """The key of its record."""
        return f"{KIND}/{self.wanted.name}"

    @property
    def expires_at(self) -> datetime:
        """When it ends unless it is renewed."""
        return datetime.fromtimestamp(self.expires, UTC)

    def dump(self) -> str:
        """Return the text of the record."""
        return formats.dump(asdict(self), FORMAT)

    @classmethod
    def load(cls, text: str) -> Self:
        """Read the text of a record. Raises NewerFormatError."""
        members = formats.load(text, FORMAT)
        wanted = members.pop("wanted")
        wanted["change_types"] = tuple(wanted["change_types"])
        earlier = tuple((former, until) for former, until in members.pop("earlier"))
        return cls(wanted=Wanted(**wanted), earlier=earlier, **members)

    def without_id(self, now: float) -> Self:
        """Return what is left when Graph has removed it."""
        earlier = tuple(one for one in self.earlier if one[1] > now)
        if self.id is not None:
            earlier += ((self.id, now + _LATE),)
        return replace(self, id=None, earlier=earlier)

    def has_id(self, id: str, now: float) -> bool:
        """Whether an id is that of the subscription, or may be: its id is unknown while it is created."""
        if id == self.id or self.id is None:
            return True
        return any(id == one and now < until for one, until in self.earlier)


class Subscriptions:
    """The subscriptions of an application, kept alive from its store.

    Of several processes with one store, one creates or renews each subscription. `create` creates one
    now; `keep` notes one that is created as soon as the application has started, since Graph asks
    the notification URL before it answers. Whoever runs this calls `run_due`, which `Changes` does.

    `certificates` are those that resources are encrypted for: the first is used for new
    subscriptions and at each renewal. `chance` returns a number from 0 up to 1, which spreads renewals.
    `on_failure` is called with what could not be created or renewed.
    """

    def __init__(
        self,
        client: AsyncClientBase,
        store: Store,
        *,
        notification_url: str | None = None,
        lifecycle_notification_url: str | None = None,
        certificates: Sequence[EncryptionCertificate] = (),
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        on_failure: Callable[[Failure], Awaitable[object]] | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._due = Due(store, KIND)
        self._notification_url = notification_url
        self._lifecycle_notification_url = lifecycle_notification_url
        self._certificate = next(iter(certificates), None)
        self._clock = clock or SystemClock()
        self._chance = chance
        self._on_failure = on_failure
        self._inbox = Inbox(store, self._clock)
        self._noted: list[Wanted] = []

    # -- for the application

    def keep(
        self,
        resource: str,
        *,
        change_types: Sequence[str] = ("created", "updated"),
        include_resource_data: bool = False,
        lifetime: timedelta | None = None,
        notification_url: str | None = None,
    ) -> None:
        """Note a subscription that is to be there from the start on; the arguments are those of `create`.

        Where it cannot be created, that is tried again, and `error` handlers are called.
        """
        self._noted.append(
            self._wanted(resource, change_types, include_resource_data, lifetime, notification_url)
        )

    async def create(
        self,
        resource: str,
        *,
        change_types: Sequence[str] = ("created", "updated"),
        include_resource_data: bool = False,
        lifetime: timedelta | None = None,
        notification_url: str | None = None,
    ) -> Kept:
        """Create a subscription, and keep it alive; return it, or the one that is there already.

        `resource` is a path below the service root, such as `"communications/callRecords"`. One that
        was created with other arguments is replaced. `lifetime` is how long Graph is asked to let it
        live each time; by default the longest that the resource allows, an hour where that is unknown.
        `include_resource_data` needs a certificate. The clientState is generated.

        Raises ValueError for arguments that do not go together, GraphError where Graph refuses,
        NewerFormatError where a newer version of the kit keeps it, and StoreError. Nothing is kept then.
        """
        wanted = self._wanted(
            resource, change_types, include_resource_data, lifetime, notification_url
        )
        while (kept := await self._noted_in_store(wanted)).id is None:
            try:
                attended = await self._attend(kept.key, early=True)
            except NewerFormatError:
                raise
            except Exception:
                if kept.confirmed is None:
                    await self._forget(kept.key)
                raise
            if not attended:  # another process is creating it
                await self._clock.sleep(_LOOK)
        return kept

    async def delete(self, resource: str, *, notification_url: str | None = None) -> None:
        """End a subscription and forget it; without effect where there is none.

        Raises GraphError where Graph refuses for another reason than that it is gone, NewerFormatError
        where a newer version of the kit keeps it, and StoreError.
        """
        name = self._wanted(resource, ("created",), False, None, notification_url).name
        kept = await self._read(f"{KIND}/{name}")
        if kept is not None:
            await self._end(kept)
            await self._forget(kept.key)

    # -- for whoever runs it

    async def run_due(self, limit: int) -> int:
        """Create and renew what is due, so many at most, and return how many that were.

        What fails goes to the log and to `on_failure`, and is tried again later. Raises StoreError.
        """
        for wanted in tuple(self._noted):
            with suppress(NewerFormatError):  # then it is there, too
                if await self._tried(wanted, self._noted_in_store(wanted)) is None:
                    continue
            self._noted.remove(wanted)

        async def attend(key: str) -> bool | None:
            kept = await self._read(key)
            tried = kept is not None and await self._tried(kept.wanted, self._attend(key))
            return None if tried is False else True

        return len(await self._due.attend(self._now(), limit, attend))

    async def _tried(self, wanted: Wanted, attempt: Awaitable[T]) -> T | None:
        """Return what an attempt returns; None after reporting what it raises.

        Raises NewerFormatError and StoreError.
        """
        try:
            return await attempt
        except (NewerFormatError, StoreError):
            raise
        except Exception as error:  # a GraphError, or what the credential raises
            await self._failed(wanted, error)
            return None

    async def _failed(self, wanted: Wanted, error: Exception) -> None:
        # What Graph says in words may repeat the resource.
        if isinstance(error, GraphHTTPError):
            reason = f"HTTP {error.status} {error.code}"
        else:
            reason = type(error).__name__
        _logger.warning("the subscription to %s failed: %s", shown(wanted.resource), reason)
        if self._on_failure is not None:
            await self._on_failure(Failure(exception=error, event=None, path=wanted.resource))

    async def next_due(self) -> float | None:
        """Return when `run_due` has something to do next. Raises StoreError."""
        return await self._store.next_due(KIND)

    async def find(self, item: Item) -> Kept | None:
        """Return the subscription that a notification belongs to; None unless it proves that it does.

        The proof is the clientState, which is compared in constant time. Raises NewerFormatError and
        StoreError.
        """
        name = item.client_state.partition(".")[0]
        kept = await self._read(f"{KIND}/{name}") if _NAME.fullmatch(name) else None
        if kept is None:
            return None
        sent = item.client_state.encode(errors="surrogatepass")
        proven = hmac.compare_digest(sent, kept.client_state.encode())
        return kept if proven and kept.has_id(item.subscription_id, self._now()) else None

    async def get(self, name: str) -> Kept | None:
        """Return a subscription by its name in the store. Raises NewerFormatError and StoreError."""
        return await self._read(f"{KIND}/{name}")

    async def renew_soon(self, name: str) -> None:
        """Let the next `run_due` renew a subscription, which also reauthorizes it.

        Raises NewerFormatError and StoreError.
        """
        await self._mark(name, lambda kept: kept)

    async def removed(self, name: str, id: str) -> None:
        """Let the next `run_due` create a subscription again that Graph has removed.

        Raises NewerFormatError and StoreError.
        """
        now = self._now()
        await self._mark(name, lambda kept: kept.without_id(now) if kept.id == id else None)

    # -- one subscription

    async def _attend(self, key: str, *, early: bool = False) -> bool:
        """Create or renew a subscription that is due; False if another process does, or it was deleted.

        If ``early``, one that waits to be tried again is not waited for.
        Raises GraphError, NewerFormatError and StoreError.
        """
        record = await self._store.read(key, [_STATE])
        if record is None:
            return False
        now, found = self._now(), Kept.load(record.parts[_STATE])
        if now < found.due and (found.claim is not None or not early):
            return False
        kept = replace(found, claim=uuid4().hex)
        if not await self._write(kept, record.version, now + _CLAIM):
            return False
        try:
            renewed = await self._renewed(kept)
        except Exception:
            pause = min(_FIRST_RETRY * 2**kept.failures, _LAST_RETRY)
            failed = replace(kept, failures=kept.failures + 1)
            await self._write_claimed(failed, self._now() + pause)
            raise
        if not await self._write_claimed(renewed, self._renewal(renewed)):
            # Somebody else took over meanwhile, or it was deleted: this one would be nobody's.
            if renewed.id != kept.id:
                await self._end(renewed)
            return False
        return True

    async def _renewed(self, kept: Kept) -> Kept:
        """Return the subscription with a new life; raises GraphError."""
        if kept.id is not None and self._now() < kept.expires:
            try:
                return await self._extended(kept)
            except NotFoundError:
                reason = "removed"
        else:
            reason = "removed" if kept.id is None else "expired"
        created = await self._created(kept.without_id(self._now()))
        if kept.confirmed is not None:
            await self._report_gap(created, reason, kept.confirmed)
        return created

    async def _extended(self, kept: Kept) -> Kept:
        body = {"expirationDateTime": self._expiry(kept.wanted), **self._encryption(kept.wanted)}
        answer = await self._client.request("PATCH", f"/subscriptions/{kept.id}", body=body)
        return self._confirmed(kept, body, answer)

    async def _created(self, kept: Kept) -> Kept:
        wanted = kept.wanted
        body = {
            "changeType": ",".join(wanted.change_types),
            "notificationUrl": wanted.notification_url,
            "lifecycleNotificationUrl": wanted.lifecycle_notification_url,
            "resource": wanted.resource,
            "clientState": kept.client_state,
            "expirationDateTime": self._expiry(wanted),
            **({"includeResourceData": True} if wanted.include_resource_data else {}),
            **self._encryption(wanted),
        }
        answer = await self._client.request("POST", "/subscriptions", body=body)
        return self._confirmed(replace(kept, id=str(answer["id"]).casefold()), body, answer)

    def _confirmed(self, kept: Kept, sent: Mapping[str, Any], answer: Any) -> Kept:
        """Return the subscription as Graph has confirmed it."""
        expires = (answer or sent)["expirationDateTime"]
        return replace(
            kept,
            expires=datetime.fromisoformat(expires).timestamp(),
            confirmed=self._now(),
            failures=0,
        )

    async def _report_gap(self, kept: Kept, reason: str, since: float) -> None:
        """Have `missed` handlers called for a gap that Graph does not report."""
        raw = {
            "subscriptionId": kept.id,
            "lifecycleEvent": "missed",
            "resource": kept.wanted.resource,
        }
        await self._inbox.accept(Item.of(raw), kept.wanted.name, gap=(reason, since))

    async def _end(self, kept: Kept) -> None:
        """Delete a subscription at Graph, if it is still there. Raises GraphError."""
        if kept.id is not None:
            with suppress(NotFoundError):
                await self._client.request("DELETE", f"/subscriptions/{kept.id}")

    # -- what is asked for

    def _wanted(
        self,
        resource: str,
        change_types: Sequence[str],
        include_resource_data: bool,
        lifetime: timedelta | None,
        notification_url: str | None,
    ) -> Wanted:
        url = notification_url or self._notification_url
        if url is None:
            raise ValueError("say where Graph is to send notifications: notification_url=…")
        if include_resource_data and self._certificate is None:
            raise ValueError("include_resource_data needs a certificate: certificates=[…]")
        lifecycle_url = self._lifecycle_notification_url or url
        if not (url.startswith("https://") and lifecycle_url.startswith("https://")):
            raise ValueError("Graph posts to https addresses only: notification_url='https://…'")
        if not change_types or {*change_types} - CHANGE_TYPES:
            allowed = ", ".join(sorted(CHANGE_TYPES))
            raise ValueError(f"change_types are some of {allowed}, not {change_types!r}")
        path = resource.lstrip("/")
        return Wanted(
            resource=path,
            notification_url=url,
            lifecycle_notification_url=lifecycle_url,
            change_types=tuple(change_types),
            include_resource_data=include_resource_data,
            lifetime=(lifetime or longest_life(path)).total_seconds(),
        )

    def _expiry(self, wanted: Wanted) -> str:
        ends = self._clock.now() + timedelta(seconds=wanted.lifetime - _MARGIN)
        return ends.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _encryption(self, wanted: Wanted) -> dict[str, str]:
        """Return the certificate as Graph takes it: the newest, so that keys rotate with renewals."""
        if not wanted.include_resource_data or self._certificate is None:
            return {}
        return {
            "encryptionCertificate": self._certificate.encoded,
            "encryptionCertificateId": self._certificate.id,
        }

    def _renewal(self, kept: Kept) -> float:
        """Return when a subscription is to be renewed that was confirmed just now."""
        now = self._now()
        part = _RENEWED_AT + _JITTER * (2 * self._chance() - 1)
        # Where the clocks of two machines differ, it may seem to be over by now.
        return now + max((kept.expires - now) * part, _FIRST_RETRY)

    # -- its record

    async def _noted_in_store(self, wanted: Wanted) -> Kept:
        """Return the subscription as the store has it, after noting there what is wanted."""
        while True:
            record = await self._store.read(f"{KIND}/{wanted.name}", [_STATE])
            if record is None:
                secret = f"{wanted.name}.{secrets.token_urlsafe(32)}"
                kept, version = Kept(wanted=wanted, client_state=secret), 0
            else:
                kept, version = Kept.load(record.parts[_STATE]), record.version
                if kept.wanted == wanted:
                    return kept
                await self._end(kept)
                kept = replace(kept.without_id(self._now()), wanted=wanted, confirmed=None)
            if await self._write(kept, version, self._now()):
                return kept

    async def _mark(self, name: str, change: Callable[[Kept], Kept | None]) -> None:
        """Change a subscription and make it due, unless `change` returns None."""
        while (record := await self._store.read(f"{KIND}/{name}", [_STATE])) is not None:
            kept = change(Kept.load(record.parts[_STATE]))
            if kept is None or await self._write(kept, record.version, self._now()):
                return

    async def _read(self, key: str) -> Kept | None:
        record = await self._store.read(key, [_STATE])
        return Kept.load(record.parts[_STATE]) if record else None

    async def _write(self, kept: Kept, version: int, due: float) -> bool:
        text = replace(kept, due=due).dump()
        change = Change(parts={_STATE: text}, expires=self._now() + _KEPT, due=due)
        return await self._store.swap(kept.key, version, change) is Outcome.WRITTEN

    async def _write_claimed(self, kept: Kept, due: float) -> bool:
        """Write a subscription if it is still under the claim that it has; the claim ends."""
        record = await self._store.read(kept.key, [_STATE])
        if record is None or Kept.load(record.parts[_STATE]).claim != kept.claim:
            return False
        return await self._write(replace(kept, claim=None), record.version, due)

    async def _forget(self, key: str) -> None:
        while (record := await self._store.read(key, [])) is not None:
            if await self._store.remove(key, record.version):
                return

    def _now(self) -> float:
        return self._clock.now().timestamp()
