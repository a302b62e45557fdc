"""What of the kit's behaviour an application can choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from http import HTTPStatus

from .._runtime.forms import Form, check, either, instance, invalid, pause, positive_count, seconds
from ..models import AcceptJoinResponse, ParticipantJoiningResponse, RejectReason
from .telemetry import get_logger
from .trust import Trust

_logger = get_logger(__name__)

_FINAL = [status for status in HTTPStatus if status >= HTTPStatus.OK]


def _status() -> Form:
    """Return the form of what a request can be answered with."""
    noun, example = "final HTTP status", "204"

    def take(value: object) -> object:
        if value not in _FINAL:
            raise invalid(noun, example, "this one is not")
        return value

    return Form(noun, example, take)


_FORMS: dict[str, Form] = {
    "trust": instance("Trust", "Trust.GLOBAL", Trust),
    "store": either(instance("Store", "RedisStore('redis://…')", object, but=(str,)), None),
    "legacy_status": _status(),
    "answer_within": seconds("15.0"),
    "answer_recording_within": seconds("5.0"),
    "undecided": either(instance("RejectReason", "RejectReason.BUSY", RejectReason), None),
    "join_response": either(
        instance("ParticipantJoiningResponse", "AcceptJoinResponse()", ParticipantJoiningResponse),
        None,
    ),
    "join_within": seconds("3.0"),
    "keep_alive": seconds("900.0"),
    "handler_timeout": seconds("60.0"),
    "threads": positive_count("200"),
    "queue": positive_count("10_000"),
    "max_body": positive_count("16 * 1024 * 1024"),
    "grace": pause("20.0"),
    "lease": seconds("30.0"),
    "tombstone": seconds("86_400.0"),
}
"""What the options of the kit take, by name."""


def check_options(**options: object) -> None:
    """Raise TypeError or ValueError for the first option that cannot be right; it is named."""
    for name, value in options.items():
        check(name, value, _FORMS[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of a bot; `Bot` says what each is for. Times are in seconds, sizes in bytes."""

    answer_within: float
    answer_recording_within: float
    undecided: RejectReason | None
    legacy_status: int
    join_response: ParticipantJoiningResponse | None
    join_within: float
    keep_alive: float
    handler_timeout: float
    threads: int
    queue: int
    max_body: int
    grace: float
    lease: float
    tombstone: float
    on_count: Callable[[str, int], None]

    def __post_init__(self) -> None:
        names = {field.name for field in fields(self)} & _FORMS.keys()
        check_options(**{name: getattr(self, name) for name in sorted(names)})

    @property
    def default_join_response(self) -> ParticipantJoiningResponse:
        """What a participant who joins is answered with when no handler does."""
        return self.join_response or AcceptJoinResponse()


def counting(on_count: Callable[[str, int], object] | None) -> Callable[[str, int], None]:
    """Return what adds to the counters of an application, if it watches any.

    What they raise is logged: a notification that was stored is acknowledged, whoever counts it.
    """

    def count(counter: str, amount: int) -> None:
        if on_count is None:
            return
        try:
            on_count(counter, amount)
        except Exception:
            _logger.exception("on_count failed for %s", counter)

    return count
