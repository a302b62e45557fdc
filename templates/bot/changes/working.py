"""Handles one notification that was accepted: proves it, reads it, and calls the handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn, cast

import anyio
from anyio.to_thread import run_sync

from ..._runtime.async_client import AsyncClientBase
from ..._runtime.model import GraphModel
from ..claims import TokenError
from ..clock import Clock
from ..formats import NewerFormatError
from ..handlers import Handlers, Registration
from ..invoking import run
from ..keys import KeysUnavailableError
from ..store import StoreError
from ..telemetry import get_logger
from ..waiting import watched
from .delivery import CHANGE_TYPES, DroppedError, Item
from .encryption import (
    DecryptionError,
    EncryptionCertificate,
    UnknownCertificateError,
    decrypt,
)
from .events import BlockingChange, Change, Failure, Missed
from .inbox import Accepted, Claim, Inbox
from .meeting_events import MeetingCallEvent
from .resources import relative, type_of
from .subscriptions import Kept, Subscriptions
from .tokens import Publisher, proven_tenants

_logger = get_logger(__name__)

_AGAIN = 60.0
"""When an item is looked at again for which a key is missing."""
_PATIENCE = 4 * 3600.0
"""For how long: as long as Graph itself would repeat a notification."""
_MOST_PROOFS = 256

_BESIDE = frozenset({"id", "resourceId"})
"""What resourceData has besides annotations where it only names the resource."""


class NotYetError(Exception):
    """What an item needs is not here now: it is put back."""


class Worker:
    """Turns accepted items into events for handlers."""

    def __init__(
        self,
        client: AsyncClientBase,
        inbox: Inbox,
        subscriptions: Subscriptions,
        handlers: Handlers,
        *,
        app_id: str,
        publisher: Publisher,
        certificates: Mapping[str, EncryptionCertificate],
        clock: Clock,
        lease: float,
        handler_timeout: float,
        threads: int,
        on_count: Callable[[str, int], object],
        on_dropped: Callable[[Exception], object],
    ) -> None:
        self._client = client
        self._inbox = inbox
        self._subscriptions = subscriptions
        self._handlers = handlers
        self._app_id = app_id
        self._publisher = publisher
        self._certificates = certificates
        self._clock = clock
        self._renewed_every = lease / 3
        self._handler_timeout = handler_timeout
        self._threads = anyio.CapacityLimiter(threads)
        self._count = on_count
        self._on_dropped = on_dropped
        self._proven: dict[str, frozenset[str]] = {}

    async def work(self, claim: Claim, on_slow: Callable[[], object]) -> None:
        """Handle an item under its claim; where this is cancelled, somebody else may claim it at once.

        `on_slow` is called if handlers take longer than their time. Raises StoreError.
        """
        try:
            event = await self._event(claim.accepted)
            if event is not None and await self._inbox.begin(claim):
                async with self._watched(claim, event, on_slow):
                    await self._dispatch(event)
            await self._inbox.finish(claim)
        except (NewerFormatError, NotYetError) as reason:
            _logger.warning("a change notification waits: %s", reason)
            await self._inbox.put_back(claim, _AGAIN)
        except DroppedError as reason:
            self._on_dropped(reason)
            await self._inbox.finish(claim)
        except StoreError:
            raise
        except Exception:
            _logger.exception("a change notification could not be handled")
            await self._inbox.put_back(claim, _AGAIN)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await self._inbox.put_back(claim, 0)
            raise

    async def report(self, failure: Failure) -> None:
        """Count something that failed, and tell the handlers of errors."""
        self._count("failed", 1)
        for registration in self._handlers.of("error"):
            await self._call(registration, failure, report=False)

    # -- from the item to the event

    async def _event(self, accepted: Accepted) -> Change[Any] | Missed | None:
        """Return what handlers get; None for what concerns the subscription alone.

        Raises NotYetError, NewerFormatError, DroppedError and StoreError.
        """
        kept = await self._subscriptions.get(accepted.subscription)
        if kept is None:
            raise DroppedError("its subscription was deleted meanwhile")
        item = Item.of(accepted.raw)
        await self._prove(item, accepted)
        if item.lifecycle_event:
            return await self._lifecycle(item, accepted, kept)
        data, included = await self._data(item, accepted, kept)
        cls = type_of(item.path, {**data, **item.data})
        path = relative(item.path)

        async def fetch(query: Mapping[str, str] | None) -> Any:
            if cls is MeetingCallEvent or path == "/":
                raise ValueError("the resource has no address: what there is of it was notified")
            model = cls if cls and issubclass(cls, GraphModel) else None
            options: dict[str, Any] = {} if query is None else {"query": query}
            return await self._client.request("GET", path, returns=model, **options)

        key = item.data.get("id")
        return Change(
            change_type=item.change_type,
            resource_type=cls,
            id=key if isinstance(key, str) else None,
            subscription_id=item.subscription_id,
            tenant_id=item.tenant_id,
            received_at=accepted.received_at,
            redelivered=accepted.begun,
            resource=(cls.from_dict(data) if cls else data) if included else None,
            path=path,
            raw=accepted.raw,
            _fetch=fetch,
        )

    async def _prove(self, item: Item, accepted: Accepted) -> None:
        """Raise unless the tokens that came with an item are valid, and prove it where it needs that."""
        if accepted.proof is None:
            return
        try:
            proven = await self._proven_tenants(accepted.proof)
        except KeysUnavailableError:
            _not_yet(
                accepted, self._clock, "there are no keys to verify its validation tokens with"
            )
        except TokenError as error:
            raise DroppedError(f"a validation token is not valid: {error}") from None
        if item.encrypted is not None and item.tenant_id not in proven:
            raise DroppedError("no validation token is for its tenant")

    async def _proven_tenants(self, name: str) -> frozenset[str]:
        """Return the tenants that the tokens of a delivery prove, which are verified once."""
        if name not in self._proven:
            proof = await self._inbox.proof(name)
            if proof is None:
                raise DroppedError("its validation tokens were forgotten")
            proven = await proven_tenants(
                proof.tokens, proof.tenants, self._app_id, self._publisher, proof.received_at
            )
            while len(self._proven) >= _MOST_PROOFS:
                self._proven.pop(next(iter(self._proven)))
            self._proven[name] = proven
        return self._proven[name]

    async def _data(
        self, item: Item, accepted: Accepted, kept: Kept
    ) -> tuple[Mapping[str, Any], bool]:
        """Return what an item has of its resource, and whether that is more than its name."""
        if item.encrypted is not None:
            try:
                data = await run_sync(decrypt, item.encrypted, self._certificates)
            except UnknownCertificateError as error:
                _not_yet(accepted, self._clock, str(error))
            except DecryptionError as error:
                raise DroppedError(str(error)) from None
            return data, True
        # Where the subscription asked for encrypted resources, one that is not is believed to name the
        # resource and no more: anybody who knows the clientState could have written it.
        named_only = all(name in _BESIDE or "@odata." in name for name in item.data)
        return item.data, not named_only and not kept.wanted.include_resource_data

    async def _lifecycle(self, item: Item, accepted: Accepted, kept: Kept) -> Missed | None:
        """Do what a lifecycle notification asks for; return the event if it is that something is missing."""
        if item.lifecycle_event == "reauthorizationrequired":
            await self._subscriptions.renew_soon(accepted.subscription)
        elif item.lifecycle_event == "subscriptionremoved":
            await self._subscriptions.removed(accepted.subscription, item.subscription_id)
        elif item.lifecycle_event == "missed":
            # What Graph gave up to deliver may have changed before the subscription was renewed.
            given_up = min(kept.confirmed or accepted.received, accepted.received - _PATIENCE)
            reason, since = accepted.gap or ("missed", given_up)
            return Missed(
                path=kept.wanted.resource,
                resource_type=type_of(kept.wanted.resource, {}),
                since=datetime.fromtimestamp(since, UTC),
                reason=reason,
                subscription_id=item.subscription_id,
                tenant_id=item.tenant_id,
                received_at=accepted.received_at,
                redelivered=accepted.begun,
                raw={} if accepted.gap else accepted.raw,
            )
        return None

    # -- handlers

    async def _dispatch(self, event: Change[Any] | Missed) -> None:
        """Call all handlers of an event, one after another."""
        if isinstance(event, Missed):
            kind = "missed"
        else:
            kind = event.change_type if event.change_type in CHANGE_TYPES else "other"
        for registration in self._handlers.of(kind):
            if registration.accepts(event):
                await self._call(registration, event, report=True)

    async def _call(self, registration: Registration, event: Any, *, report: bool) -> None:
        """Call a handler; whatever it does is reported and goes no further."""
        try:
            argument = event if registration.awaited else _for_thread(event)
            await run(registration, argument, self._threads)
        except Exception as error:
            _logger.exception("a handler of change notifications failed")
            if report:
                await self.report(Failure(exception=error, event=event, path=None))

    @asynccontextmanager
    async def _watched(
        self, claim: Claim, event: object, on_slow: Callable[[], object]
    ) -> AsyncGenerator[None]:
        """Renew a claim until it has passed on, and report handlers that take long, while this lasts."""

        async def renew() -> None:
            held = True
            while held:
                await self._clock.sleep(self._renewed_every)
                try:
                    held = await self._inbox.renew(claim)
                except StoreError as error:
                    _logger.warning("the claim of a change notification was not renewed: %s", error)
            _logger.warning("a change notification was handed to another process")

        async def tell() -> None:
            on_slow()
            error = TimeoutError(f"handlers have run for {self._handler_timeout:g} seconds")
            _logger.warning("%s", error)
            await self.report(Failure(exception=error, event=event, path=None))

        async with anyio.create_task_group() as group:
            group.start_soon(renew)
            async with watched(partial(self._clock.sleep, self._handler_timeout), tell):
                yield
            group.cancel_scope.cancel()


def _not_yet(accepted: Accepted, clock: Clock, reason: str) -> NoReturn:
    """Raise what puts an item back, or drops it once it has waited long."""
    if clock.now().timestamp() < accepted.received + _PATIENCE:
        raise NotYetError(reason)
    raise DroppedError(reason)


def _for_thread(event: Any) -> Any:
    """Return an event as a `def` handler gets it."""
    if isinstance(event, Failure):
        return replace(event, event=_for_thread(event.event))
    if not isinstance(event, Change):
        return event
    change = cast("Change[object]", event)
    return BlockingChange(**{one.name: getattr(change, one.name) for one in fields(change)})
