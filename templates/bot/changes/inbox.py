"""The notifications that were acknowledged and not handled yet, in the store.

A record is an item. Whoever handles it claims it by compare-and-swap; the claim ends by itself unless
it is renewed, and then another process takes the item over. Whatever is written about an item later is
written under the claim's token, so that nobody who lost the claim can acknowledge it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from .. import formats
from ..clock import Clock
from ..store import Change, Mark, Outcome, Store
from .delivery import Delivery, Item
from .due import FORMAT, Due

KIND = "change"

_KEPT = 24 * 3600.0
"""How long an item is kept that nobody handles, and how long it is recognised when it is repeated."""

_ITEM = "item"
_CLAIM = "claim"
_UNTIL = "until"
_BEGUN = "begun"
_PROOF = "proof"
_PROOF_KIND = "change-proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An item that was accepted: for which subscription, and when.

    `proof` names the validation tokens that came with it. `gap` is the reason and the beginning of a gap
    in what was notified, which the kit noticed by itself. `begun` says that handlers were given it
    before, and did not come to their end.
    """

    key: str
    raw: Mapping[str, Any] = field(repr=False)
    subscription: str
    received: float
    proof: str | None
    gap: tuple[str, float] | None
    begun: bool

    @property
    def received_at(self) -> datetime:
        """When it was received."""
        return datetime.fromtimestamp(self.received, UTC)

    @property
    def expires(self) -> float:
        """When the store may forget it."""
        return self.received + _KEPT


@dataclass(frozen=True, slots=True)
class Proof:
    """The validation tokens of a delivery, and the tenants of the items that came with them.

    `at` is when they came by this machine's time, as the times in tokens are those of machines.
    """

    tokens: Sequence[str] = field(repr=False)
    tenants: Sequence[str]
    at: float

    @property
    def received_at(self) -> datetime:
        """When they came."""
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to handle an item, under a token of its own."""

    accepted: Accepted
    token: str


class Inbox:
    """Accepts items and hands each to one process at a time.

    A claim lasts `lease` seconds, and again from each renewal. An item that looks like an earlier one is
    a repetition of it: for a day if no other change can look the same, otherwise until handlers are
    given the earlier one, since what these read of the resource may be older than the next change.
    """

    def __init__(self, store: Store, clock: Clock, *, lease: float = 30.0) -> None:
        self._store = store
        self._due = Due(store, KIND)
        self._clock = clock
        self._lease = lease

    async def accept(
        self,
        item: Item,
        subscription: str,
        *,
        proof: str | None = None,
        gap: tuple[str, float] | None = None,
    ) -> bool:
        """Store an item; return whether it is new. Raises StoreError."""
        now = self._now()
        key = f"{KIND}/{item.digest}"
        content = {
            "raw": item.raw,
            "subscription": subscription,
            "received": now,
            "proof": proof,
            "gap": gap,
        }
        change = Change(
            parts={_ITEM: formats.dump(content, FORMAT)},
            expires=now + _KEPT,
            due=now,
            pending=1,
            live=False,
            # An item comes once more where the answer to it was lost.
            mark=Mark(key, now + _KEPT) if item.is_unmistakable else None,
        )
        outcome = await self._store.swap(key, 0, change)
        if outcome is Outcome.CONFLICT and not await self._waits(key):
            outcome = await self._store.swap(f"{key}-{uuid4().hex}", 0, change)
        return outcome is Outcome.WRITTEN

    async def keep_proof(self, delivery: Delivery) -> str:
        """Store the validation tokens of a delivery and return the name of them. Raises StoreError."""
        name = uuid4().hex
        tenants = sorted({item.tenant_id for item in delivery.items if item.tenant_id})
        proof = Proof(tokens=delivery.tokens, tenants=tuple(tenants), at=time.time())
        change = Change(
            parts={_PROOF: formats.dump(asdict(proof), FORMAT)},
            expires=self._now() + _KEPT,
            live=False,
        )
        await self._store.swap(f"{_PROOF_KIND}/{name}", 0, change)
        return name

    async def proof(self, name: str) -> Proof | None:
        """Return validation tokens that were stored; None if they were forgotten.

        Raises NewerFormatError and StoreError.
        """
        record = await self._store.read(f"{_PROOF_KIND}/{name}", [_PROOF])
        return Proof(**formats.load(record.parts[_PROOF], FORMAT)) if record else None

    async def claim(self, limit: int) -> list[Claim]:
        """Claim items that wait, the oldest first, `limit` at most. Raises StoreError."""
        return await self._due.attend(self._now(), limit, self._take)

    async def next_due(self) -> float | None:
        """Return when an item has to be looked at next. Raises StoreError."""
        return await self._store.next_due(KIND)

    async def renew(self, claim: Claim) -> bool:
        """Let a claim last longer; False if it has passed on. Raises StoreError."""
        return await self._write(claim, {}, self._lease)

    async def begin(self, claim: Claim) -> bool:
        """Note that handlers are given the item; False if the claim has passed on. Raises StoreError."""
        return await self._write(claim, {_BEGUN: "true"}, self._lease)

    async def put_back(self, claim: Claim, seconds: float) -> bool:
        """Give up a claim, to be claimed again after a while. Raises StoreError."""
        return await self._write(claim, {_CLAIM: None, _UNTIL: None}, seconds)

    async def finish(self, claim: Claim) -> bool:
        """Remove an item that was handled; False if the claim has passed on. Raises StoreError."""
        version = await self._version(claim)
        return version is not None and await self._store.remove(claim.accepted.key, version)

    # -- the record of an item

    async def _waits(self, key: str) -> bool:
        record = await self._store.read(key, [_BEGUN])
        return record is not None and _BEGUN not in record.parts

    async def _take(self, key: str) -> Claim | None:
        record = await self._store.read(key, [_ITEM, _BEGUN, _UNTIL])
        # It may have been claimed since it was found to be due.
        if record is None or self._now() < float(record.parts.get(_UNTIL, 0)):
            return None
        content = formats.load(record.parts[_ITEM], FORMAT)
        accepted = Accepted(key=key, begun=_BEGUN in record.parts, **content)
        claim = Claim(accepted, uuid4().hex)
        change = self._change(accepted, {_CLAIM: claim.token}, self._lease)
        taken = await self._store.swap(key, record.version, change)
        return claim if taken is Outcome.WRITTEN else None

    async def _write(self, claim: Claim, parts: Mapping[str, str | None], seconds: float) -> bool:
        """Change the record while it is under the claim, to be looked at again after some seconds."""
        version = await self._version(claim)
        if version is None:
            return False
        change = self._change(claim.accepted, parts, seconds)
        return await self._store.swap(claim.accepted.key, version, change) is Outcome.WRITTEN

    async def _version(self, claim: Claim) -> int | None:
        """Return the version of the record if it is under the claim."""
        record = await self._store.read(claim.accepted.key, [_CLAIM])
        held = record is not None and record.parts.get(_CLAIM) == claim.token
        return record.version if record is not None and held else None

    def _change(
        self, accepted: Accepted, parts: Mapping[str, str | None], seconds: float
    ) -> Change:
        due = self._now() + seconds
        return Change(
            parts={_UNTIL: str(due), **parts},
            expires=accepted.expires,
            due=due,
            pending=1,
            live=False,
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()
