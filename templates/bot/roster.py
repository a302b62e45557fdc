"""Who takes part in a call: a whole roster with each change, or only what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from .._runtime.behaviours import normal_id
from ..models import Participant
from .json_values import Json, list_of, object_of, text_of


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

    @property
    def participant(self) -> Json:
        """The participant as last known."""
        return self.before if self.after is None else self.after


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
        if key not in before or (before[key] != one and _said(before[key]) != _said(one))
    ]
    return left + now


def key_of(participant: Mapping[str, Json]) -> str | None:
    """Return what a participant is known by: its id, that of its info, or that of its identity."""
    info = object_of(participant.get("info"))
    for text in (participant.get("id"), info.get("participantId")):
        if isinstance(text, str) and text:
            return normal_id(text)
    for kind, identity in object_of(info.get("identity")).items():
        own = object_of(identity).get("id")
        if isinstance(own, str) and own:
            return f"{kind} {own}"
    return None


def is_bot(participant: Mapping[str, Json], app_id: str, own_id: Json) -> bool:
    """Whether a participant is the application itself."""
    if isinstance(own_id, str) and key_of(participant) == normal_id(own_id):
        return True
    identities = object_of(object_of(participant.get("info")).get("identity"))
    app_id = app_id.casefold()
    if text_of(object_of(identities.get("application")).get("id")).casefold() == app_id:
        return True
    names = (text_of(object_of(one).get("displayName")) for one in identities.values())
    return any(name.casefold() == f"28:{app_id}" for name in names)


def _said(value: Json) -> Json:
    """Return what is said of a participant, without what differs by how it was asked for.

    Notifications name types that answers to requests leave out, and number the changes.
    """
    if isinstance(value, list):
        return [_said(one) for one in list_of(cast("object", value))]
    if not isinstance(value, dict):
        return value
    return {
        name: _said(one)
        for name, one in cast("dict[str, Json]", value).items()
        if one is not None and name != "rosterSequenceNumber" and not name.startswith("@odata.")
    }
