"""What was asked and what was notified, in order, without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from graph_comms.bot.json_values import Json, list_of, object_of

from .tokens import Caller

By = Literal["bot", "client"]
"""Whose a request is: a bot's, or that of a client that a script has made by `svc.client`."""

_HIDDEN = frozenset(
    name.lower()
    for name in (
        "token", "recordingAccessToken", "replacesContext", "replacementLink", "incomingContext", "blob",
        "clientState", "validationToken", "validationTokens", "passcode", "authorization", "cookie",
    )
)  # fmt: skip


_PASSCODE = re.compile(
    r"((?:/|%2F)meet(?:/|%2F)[^?&#%/\s]{1,64}(?:\?|%3F)(?:[^#\s]{0,50}?(?:&|%26))?p(?:=|%3D))[^&#%'\s]+",
    re.IGNORECASE,
)
"""The passcode in the link of a meeting, which may be encoded as part of a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A request and its answer, or a notification and the status that it was answered with.

    `time` is in seconds since the emulator began; `status` is None for what was not delivered. `number`
    counts in the order in which they began, which is not that in which they were answered.
    """

    number: int
    time: float
    name: str
    method: str
    path: str
    call_id: str | None
    status: int | None
    body: Json
    answer: Json = None
    query: str = ""
    by: By = "bot"
    caller: Caller | None = None
    kind: Literal["request", "notification"] = "request"
    undeclared: tuple[Undeclared, ...] = ()
    again: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    """Posts a notification again that was not taken; None for everything else."""


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A property that was sent though its type, an open one, does not declare it.

    `operation` is the method that sends it, such as "calls.create"; `nearest` the declared name that is
    spelled most like it, if one is.
    """

    operation: str
    place: str
    type: str
    nearest: str | None


class Log:
    """Everything that came and went: `requests` of clients, `notifications` to bots."""

    def __init__(self) -> None:
        self.undeclared: list[Undeclared] = []
        """The properties that were kept though no type declares them: each may be a misspelt one."""
        self.requests: list[Logged] = []
        self.notifications: list[Logged] = []
        self.listeners: list[Callable[[Logged], object]] = []
        """Called with everything that is logged."""
        self._numbers = count(1)
        self._open: set[int] = set()

    def number(self) -> int:
        """Return the number of something that happens at once."""
        return next(self._numbers)

    @contextmanager
    def begun(self) -> Generator[int]:
        """Give a number to something that begins now, and ends with the context."""
        number = next(self._numbers)
        self._open.add(number)
        try:
            yield number
        finally:
            self._open.discard(number)

    def is_whole(self, number: int) -> bool:
        """Whether everything has ended that began before something."""
        return not self._open or number < min(self._open)

    def request(self, logged: Logged) -> None:
        """Take in a request that was answered."""
        self._take(self.requests, logged)

    def notification(self, logged: Logged) -> None:
        """Take in a notification that was answered, or was not."""
        self._take(self.notifications, logged)

    def _take(self, kept: list[Logged], logged: Logged) -> None:
        self._open.discard(logged.number)
        kept.append(logged)
        self.undeclared += logged.undeclared
        for listener in self.listeners:
            listener(logged)

    def clear(self) -> None:
        """Forget everything."""
        self.requests.clear()
        self.notifications.clear()

    @property
    def operations(self) -> list[str]:
        """What bots asked for, accepted and refused alike, without reads and keepAlive."""
        return [
            logged.name
            for logged in self.requests
            if logged.method != "GET" and logged.name != "keepAlive"
        ]

    @property
    def undelivered(self) -> list[Logged]:
        """The notifications that nobody was there to take."""
        return [logged for logged in self.notifications if logged.status is None]


def hidden(value: Json) -> Json:
    """Return JSON with "…" in the place of each secret, of phone numbers, and of passcodes in links."""
    if isinstance(value, str):
        return _PASSCODE.sub(r"\1…", value) if "meet" in value.lower() else value
    if items := list_of(value):
        return [hidden(item) for item in items]
    if members := object_of(value):
        return {name: _hidden(name, item) for name, item in members.items()}
    return value


def _hidden(name: str, value: Json) -> Json:
    if name.lower() in _HIDDEN and value is not None:
        return "…"
    if name == "phone" and "id" in (phone := object_of(value)):
        shown = {**phone, "id": "…"}
        if phone.get("displayName") == phone["id"]:
            shown["displayName"] = "…"
        return hidden(shown)
    return hidden(value)
