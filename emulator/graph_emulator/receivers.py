"""Who takes what is posted to a bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

TIMEOUT = 10.0
"""How long who listens at an address may take to answer, in seconds of the machine."""

MOST = 1024 * 1024
"""How many bytes an answer may have; what is longer is none."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a notification was answered with; `location` is where it should be posted instead."""

    status: int
    body: bytes = b""
    location: str = ""


class Receiver(Protocol):
    """Takes what is posted to an address."""

    async def __call__(self, uri: str, headers: Mapping[str, str], body: bytes, /) -> Reply | None:
        """Return the answer; None if there was none."""
        ...


class Receivers(Protocol):
    """Says who takes what; None if nobody does."""

    def of_call(self, uri: str, /) -> Receiver | None:
        """Return who takes the notifications of a call with a callbackUri."""
        ...

    def at(self, address: str, /) -> Receiver | None:
        """Return who takes what is posted to an address, and to no other: change notifications, redirects."""
        ...
