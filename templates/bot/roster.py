"""Who takes part in a call: a whole roster with each change, or only what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from ..models import Participant
from .json_values import Json, object_of


class Roster(Mapping[str, Participant]):
    """The participants by their ids, in the order in which Graph has them.

    Each is made into a model when it is asked for. `raw` has them as received.
    """

    def __init__(self, raw: Mapping[str, Json] | None = None) -> None:
        self.raw: Mapping[str, Json] = {} if raw is None else raw

    def __getitem__(self, key: str) -> Participant:
        return Participant.from_dict(self.raw[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roster) and self.raw == other.raw

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one participant: as it was before and is now, None for not taking part."""

    before: Json = field(repr=False)
    after: Json = field(repr=False)


def whole(participants: Iterable[Json]) -> dict[str, Json]:
    """Return the participants of a whole roster by key; what is not a participant is left out."""
    found: dict[str, Json] = {}
    for participant in participants:
        if isinstance(participant, dict):
            one = cast("dict[str, Json]", participant)
            found[key_of(one) or f"#{len(found)}"] = one
    return found


def differences(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[Difference]:
    """Return who left, and then who joined or changed, each in the order of its roster."""
    left = [Difference(was, None) for key, was in before.items() if key not in after]
    now = [
        Difference(before.get(key), one)
        for key, one in after.items()
        if key not in before or before[key] != one
    ]
    return left + now


def key_of(participant: Mapping[str, Json]) -> str | None:
    """Return what a participant is known by: its id, that of its info, or that of its identity."""
    info = object_of(participant.get("info"))
    for text in (participant.get("id"), info.get("participantId")):
        if isinstance(text, str) and text:
            return text
    for kind, identity in object_of(info.get("identity")).items():
        own = object_of(identity).get("id")
        if isinstance(own, str) and own:
            return f"{kind} {own}"
    return None


def is_bot(participant: Mapping[str, Json], app_id: str, own_id: Json) -> bool:
    """Whether a participant is the application itself."""
    if own_id is not None and key_of(participant) == own_id:
        return True
    identities = object_of(object_of(participant.get("info")).get("identity"))
    if object_of(identities.get("application")).get("id") == app_id:
        return True
    name = f"28:{app_id}"
    return any(object_of(identity).get("displayName") == name for identity in identities.values())
