"""The endpoint for change notifications: what Graph posts to it is stored, acknowledged and handled.

Source: https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Callable, Mapping
from urllib.parse import parse_qsl

from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync

from ..formats import NewerFormatError
from ..reply import LARGE, LengthError, Reply, TooLargeError, check_length, out_of_reach, read_body
from ..store import StoreError
from .delivery import Delivery, DeliveryError, DroppedError, Item, parse_delivery
from .inbox import Inbox
from .subscriptions import Kept, Subscriptions
from .tokens import MOST_TOKENS

_VALIDATION_TOKEN = "validationToken"  # noqa: S105 - the name of it
_LONGEST_TOKEN = 4096
_MOST_FIELDS = 100
_MOST_SUBSCRIPTIONS = 1000
"""The most subscriptions that one delivery is looked up for: others count as unknown."""


class ChangeEndpoint:
    """Answers what Graph posts to the notification URLs of the subscriptions in a store."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        inbox: Inbox,
        *,
        max_body: int,
        on_count: Callable[[str, int], object],
        on_dropped: Callable[[Exception], object],
        on_accepted: Callable[[], object],
    ) -> None:
        self._subscriptions = subscriptions
        self._inbox = inbox
        self._max_body = max_body
        self._count = on_count
        self._on_dropped = on_dropped
        self._on_accepted = on_accepted

    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Return the answer to a request; never raises for anything in it.

        Header names are in any case. Items that do not prove to be those of a subscription are dropped and
        counted, and nobody but the log learns of it.
        """
        if method.upper() != "POST":
            return Reply(405, {"Allow": "POST"})
        try:
            fields = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            return Reply(400)
        if _VALIDATION_TOKEN in fields:
            return _validated(fields[_VALIDATION_TOKEN])
        try:
            check_length({name.lower(): value for name, value in headers.items()}, self._max_body)
            content = await read_body(body, self._max_body)
            large = len(content) > LARGE
            delivery = await run_sync(parse_delivery, content) if large else parse_delivery(content)
            await self._accept(delivery)
        except TooLargeError:
            return Reply(413)
        except (LengthError, DeliveryError):
            return Reply(400)
        except (NewerFormatError, StoreError) as error:
            return out_of_reach(error)
        return Reply(202)

    async def _accept(self, delivery: Delivery) -> None:
        """Store the items of known subscriptions, and drop the others.

        Raises NewerFormatError and StoreError.
        """
        counts: Counter[str] = Counter()
        found: dict[tuple[str, str], Kept | None] = {}
        proof: str | None = None
        for _ in range(delivery.misfits):
            self._on_dropped(DroppedError("it is not a JSON object"))
        for item in delivery.items:
            kept = await self._find(item, found)
            if kept is None:
                self._on_dropped(DroppedError("it does not prove to be of a subscription of ours"))
                continue
            if item.encrypted is not None and not 0 < len(delivery.tokens) <= MOST_TOKENS:
                self._on_dropped(DroppedError("it is encrypted, without validation tokens"))
                continue
            if delivery.tokens and proof is None:
                proof = await self._inbox.keep_proof(delivery)
            new = await self._inbox.accept(item, kept.wanted.name, proof=proof)
            counts["received" if new else "duplicate"] += 1
            await checkpoint()  # a store in memory would keep everybody else waiting
        for counter, amount in counts.items():
            self._count(counter, amount)
        if counts["received"]:
            self._on_accepted()

    async def _find(self, item: Item, found: dict[tuple[str, str], Kept | None]) -> Kept | None:
        """Return the subscription of an item, which is looked up once for a delivery."""
        named = item.client_state, item.subscription_id
        if named not in found and len(found) < _MOST_SUBSCRIPTIONS:
            found[named] = await self._subscriptions.find(item)
        return found.get(named)


def _validated(token: str) -> Reply:
    """Return the answer that proves to Graph that the address is that of the application."""
    sent = token.encode(errors="replace")
    if len(sent) > _LONGEST_TOKEN:
        return Reply(400)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        # Whatever somebody wants to have said here, no browser runs it.
        "X-Content-Type-Options": "nosniff",
    }
    return Reply(200, headers, sent)
