"""What Graph posts to the endpoint for change notifications, as far as it can be read.

Source: https://learn.microsoft.com/graph/api/resources/changenotificationcollection
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

from ..json_values import object_of, text_of

CLIENT_STATE = "clientState"
ENCRYPTED = "encryptedContent"

CHANGE_TYPES = frozenset({"created", "updated", "deleted"})

_UNIQUE_CHANGES = CHANGE_TYPES - {"updated"}


class DeliveryError(Exception):
    """A body is not a JSON object with a list `value`."""


class DroppedError(Exception):
    """An item does not prove that Graph sent it, or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One change notification, or one notification about the subscription itself.

    `raw` is the item as received, without its clientState, which is a secret. `change_type` and
    `lifecycle_event` are in lower case, and empty where there is none. `digest` is that of `raw`.
    """

    raw: Mapping[str, Any] = field(repr=False)
    client_state: str = field(repr=False)
    subscription_id: str
    tenant_id: str | None
    change_type: str
    lifecycle_event: str
    path: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    encrypted: Mapping[str, Any] | None = field(repr=False)
    digest: str

    @classmethod
    def of(cls, received: Mapping[str, Any]) -> Item:
        """Read an item; what does not have the declared type counts as absent."""
        # One page of Graph's documentation spells it with a capital.
        names = {
            ENCRYPTED if name.casefold() == ENCRYPTED.casefold() else name: name
            for name in received
        }
        raw = {name: received[names[name]] for name in names if name != CLIENT_STATE}
        data = object_of(raw.get("resourceData"))
        tenant_id = text_of(raw.get("tenantId")).casefold()
        return cls(
            raw=raw,
            client_state=text_of(received.get(CLIENT_STATE)),
            subscription_id=text_of(raw.get("subscriptionId")).casefold(),
            tenant_id=tenant_id or None,
            change_type=text_of(raw.get("changeType")).casefold(),
            lifecycle_event=text_of(raw.get("lifecycleEvent")).casefold(),
            path=text_of(raw.get("resource")) or text_of(data.get("@odata.id")),
            data=data,
            encrypted=_object(raw.get(ENCRYPTED)),
            digest=sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest(),
        )

    @property
    def is_unmistakable(self) -> bool:
        """Whether no other change can look the same, so that an equal item is a repetition of it.

        Two updates of one resource look the same where nothing but its address is sent.
        """
        return (
            self.change_type in _UNIQUE_CHANGES
            or self.encrypted is not None
            or bool(text_of(self.raw.get("id")))
            or bool(text_of(self.data.get("@odata.etag")))
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """The items of a body, its validation tokens, and how many items could not be read."""

    items: tuple[Item, ...]
    tokens: tuple[str, ...] = field(repr=False)
    misfits: int


def parse_delivery(body: bytes) -> Delivery:
    """Read a body item by item: one that is odd loses no other.

    Raises DeliveryError for what is not a JSON object with a list `value`.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    received = object_of(document)
    value = received.get("value")
    if not isinstance(value, list):
        raise DeliveryError("the body is not a collection of change notifications")
    listed = cast("list[object]", value)
    items = tuple(item for item in map(_item, listed) if item is not None)
    return Delivery(
        items=items,
        tokens=_tokens(received.get("validationTokens")),
        misfits=len(listed) - len(items),
    )


def _item(value: object) -> Item | None:
    received = _object(value)
    try:
        return None if received is None else Item.of(received)
    except RecursionError:  # writing JSON may take a deeper stack than reading it did
        return None


def _tokens(value: object) -> tuple[str, ...]:
    """Return the validation tokens; what is not text is an empty one, which is not valid."""
    if value is None:
        return ()
    tokens = cast("list[object]", value) if isinstance(value, list) else [None]
    return tuple(token if isinstance(token, str) else "" for token in tokens)


def _object(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
