"""How deliveries go wrong: doubled, lost, late, or in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .behaviours import Behaviour
from .ids import Seeded

Disorder = Literal[False, True, "all"]

SWAPPED = 0.3
"""By how many seconds the first of two that change places is delayed."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is done to the notifications that are sent from now on.

    Each is posted `duplicate` times, with the same message id and with new ones by turns, is lost with
    a probability of `lose`, and delayed by up to `late` seconds. `disorder` swaps those that are documented
    to change places, and ends of operations with the answers that have begun them; "all" lets full
    rosters, too, come in any order.
    """

    duplicate: int = 1
    disorder: Disorder = False
    lose: float = 0.0
    late: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be done."""
        if self.duplicate < 1:
            raise ValueError("duplicate is how often each notification is posted: 1 or more")
        if not 0 <= self.lose <= 1:
            raise ValueError("lose is a probability: from 0 to 1")
        if self.late < 0:
            raise ValueError("late is a number of seconds: 0 or more")

    def loses(self, seeded: Seeded) -> bool:
        """Decide whether a notification is lost."""
        return self.lose > 0 and seeded.random.random() < self.lose

    def overtakes(self, seeded: Seeded) -> bool:
        """Decide whether the end of an operation comes before the answer that has begun it."""
        return bool(self.disorder) and seeded.random.random() < 0.5

    def delay(self, item: Json, seeded: Seeded) -> float:
        """Return by how many seconds a notification is delayed."""
        late = seeded.random.uniform(0.0, self.late) if self.late else 0.0
        if self.disorder and _may_be_late(item) and seeded.random.random() < 0.5:
            late += SWAPPED
        return late

    def keeps_order(self, item: Json) -> bool:
        """Whether a notification must not overtake those of its kind: a roster without a number."""
        roster = list_of(object_of(item).get("resourceData"))
        if not roster or self.disorder == "all":
            return False
        return not text_of(object_of(roster[0]).get("@odata.type")).endswith("deltaParticipants")


NONE = Disturbance()


def _may_be_late(item: Json) -> bool:
    """Whether the documentation says that a notification may come after the next one."""
    data = object_of(object_of(item).get("resourceData"))
    ends_media = object_of(data.get("mediaState")).get("audio") == "inactive"
    return data.get("state") == "establishing" or ends_media


BEHAVIOURS = (
    Behaviour(
        "delivery.disorder.states",
        "D",
        "microsoft-graph-docs pull request 20006: establishing and established come in any order",
        "tests/emulator/test_disturbances.py::test_notifications_change_places_as_documented",
    ),
    Behaviour(
        "delivery.disorder.transfers",
        "D",
        "https://learn.microsoft.com/graph/api/call-transfer: transferAccepted and the end of the audio",
        "tests/emulator/test_transfers.py::test_the_audio_ends_before_or_after_a_transfer_is_accepted",
    ),
    Behaviour(
        "delivery.disorder.completions",
        "?",
        "",
        "tests/emulator/test_overtaken.py::test_the_end_of_a_prompt_overtakes_its_answer",
    ),
)
