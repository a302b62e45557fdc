"""What was asked and what was notified, in order, without secrets."""

from __future__ import annotations

from dataclasses import dataclass

from graph_comms.bot.json_values import Json, list_of, object_of

_HIDDEN = frozenset(
    name.lower()
    for name in (
        "token", "recordingAccessToken", "replacesContext", "replacementLink", "incomingContext", "blob",
        "clientState", "validationToken", "validationTokens", "passcode", "authorization", "cookie",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A request and its answer, or a notification and the status that it was answered with.

    `time` is in seconds since the emulator began; `status` is None for what was not delivered.
    """

    time: float
    name: str
    method: str
    path: str
    call_id: str | None
    status: int | None
    body: Json
    answer: Json = None


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
    """Return JSON with "…" in the place of each secret, and of phone numbers."""
    if items := list_of(value):
        return [hidden(item) for item in items]
    if members := object_of(value):
        return {name: _hidden(name, item) for name, item in members.items()}
    return value


def _hidden(name: str, value: Json) -> Json:
    if name.lower() in _HIDDEN and value is not None:
        return "…"
    if name == "phone" and "id" in (phone := object_of(value)):
        return hidden({**phone, "id": "…"})
    return hidden(value)
