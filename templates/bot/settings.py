"""What of the kit's behaviour an application can choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..models import AcceptJoinResponse, ParticipantJoiningResponse, RejectReason
from .telemetry import get_logger

_logger = get_logger(__name__)


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
