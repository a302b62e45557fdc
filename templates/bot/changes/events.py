"""What the handlers of change notifications get."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from anyio import from_thread

from .resources import ResourceType

T = TypeVar("T")

Fetch = Callable[[Mapping[str, str] | None], Coroutine[Any, Any, Any]]
"""Gets a resource from Graph, with query options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change(Generic[T]):
    """A resource was created, updated or deleted.

    `change_type` is `"created"`, `"updated"` or `"deleted"`. `id` is that of the resource. `resource` is
    the resource itself where the notification has it, encrypted or not; otherwise it is None, and `fetch`
    gets it. It is a model if the package has one of its type, else decoded JSON; `resource_type` is the class
    of the model, or None. `path` is its address
    below the service root. `raw` is the notification as received, without its clientState.

    `redelivered` says that a handler was already given this event and did not come to its end, since its
    process ended: what it did may have to be done again, or not.
    """

    change_type: str
    resource_type: ResourceType | None
    subscription_id: str
    tenant_id: str | None
    received_at: datetime
    redelivered: bool
    # The id of a meeting may be its address, with the passcode in it.
    id: str | None = field(repr=False)
    resource: T | None = field(repr=False)
    path: str = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)
    _fetch: Fetch = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(_Change[T]):
    """A change, for a handler that is `async def`."""

    __doc__ = _Change.__doc__

    async def fetch(self, *, query: Mapping[str, str] | None = None) -> T:
        """Get the resource from Graph as it is now.

        `query` holds query options by name, such as `{"$expand": "sessions"}`. Raises what any method of the
        client raises (NotFoundError for a resource that is gone), and ValueError for a resource that has
        no address of its own, such as an event of a meeting.
        """
        found: T = await self._fetch(query)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingChange(_Change[T]):
    """A change, for a handler that is an ordinary `def`: it runs in a thread, and `fetch` blocks it."""

    def fetch(self, *, query: Mapping[str, str] | None = None) -> T:
        """Get the resource from Graph as it is now; raises as `Change.fetch` does."""
        found: T = from_thread.run(self._fetch, query)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Notifications of a subscription may be missing: read the resource again.

    `path` is what the subscription watches, such as `communications/callRecords`. `since` is when Graph last
    confirmed the subscription: what changed before was notified. `reason` is `"missed"` where Graph says
    so itself: then `since` is at least four hours ago, for which Graph tries to deliver. It is `"removed"`
    where Graph ended the subscription, which has been created again, and `"expired"` where the
    subscription was not renewed in time. `raw` is the notification; empty for both of these.
    """

    path: str = field(repr=False)
    resource_type: ResourceType | None
    since: datetime
    reason: str
    subscription_id: str
    tenant_id: str | None
    received_at: datetime
    redelivered: bool
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A handler raised, or a subscription could not be created or renewed.

    `exception` is what was raised. `event` is what the handler had been given; None where the failure is
    that of a subscription, whose resource is `path`.
    """

    exception: Exception
    event: object | None
    path: str | None = field(repr=False)
