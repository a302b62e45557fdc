"""What of the kit's behaviour an application can choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..models import AcceptJoinResponse, ParticipantJoiningResponse, RejectReason


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


def count_nothing(counter: str, amount: int) -> None:
    """The counters of an application that watches none."""
