"""The people at the other end: what they do when they are called, by a script."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from .audio import Speech
from .telling import Teller, told

if TYPE_CHECKING:
    from .call import Call, Participant
    from .calls import Calls

KEYS = dict(zip("0123456789*#", (*(f"tone{n}" for n in range(10)), "star", "pound"), strict=True))
"""The keys of a telephone, and how Graph names them."""

Response = Literal["answers", "declines", "is busy", "does not answer"]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a person does, so many seconds after the audio of a call is active."""

    after: float
    do: Callable[[Leg], None]


@dataclass(eq=False, slots=True)
class Leg:
    """A person in a call, or rung by it."""

    person: Person
    call: Call
    calls: Calls
    participant: Participant | None = None
    """None until the person has joined."""
    active_since: float | None = None
    on_outcome: Callable[[dict[str, object] | None], None] | None = None
    """Called with the result of a refusal, or None once the person has answered."""


@dataclass(eq=False)
class Person:
    """Somebody who can be called; one who was told nothing rings and does not answer.

    Each method says what the person does from now on in every call, and returns the person. `after`
    is in seconds: from the beginning of the ringing for answers and declines, from when the audio is
    active for everything else.
    """

    kind: Literal["user", "phone"]
    id: str
    name: str
    response: Response = "does not answer"
    responds_after: float = 0.0
    steps: list[Step] = field(default_factory=list[Step], repr=False)
    legs: list[Leg] = field(default_factory=list[Leg], repr=False)
    teller: Teller = field(default_factory=Teller, repr=False)

    @property
    def named(self) -> dict[str, str]:
        """What the person is called in a journal."""
        return {self.kind: self.name}

    def identity(self, tenant: str) -> dict[str, object]:
        """Return the identity set of the person, as Graph writes it."""
        kind = "#microsoft.graph.identity"
        own: dict[str, object] = {"@odata.type": kind, "id": self.id, "displayName": self.name}
        if self.kind == "user":
            own["tenantId"] = tenant
        return {"@odata.type": "#microsoft.graph.identitySet", self.kind: own}

    @told
    def answers(self, after: float = 2.0) -> Self:
        """Take each call."""
        return self._respond("answers", after)

    @told
    def declines(self, after: float = 2.0) -> Self:
        """Refuse each call."""
        return self._respond("declines", after)

    @told
    def is_busy(self) -> Self:
        """Be in another call."""
        return self._respond("is busy", 0.0)

    @told
    def does_not_answer(self) -> Self:
        """Let it ring."""
        return self._respond("does not answer", 0.0)

    @told
    def hangs_up(self, after: float = 0.0) -> Self:
        """Leave the call."""
        return self._does(after, lambda leg: leg.calls.leave(leg))

    @told
    def presses(self, keys: str, after: float = 0.0, *, every: float = 0.5) -> Self:
        """Press keys, `every` so many seconds one."""
        if unknown := set(keys) - KEYS.keys():
            raise ValueError(f"{min(unknown)!r} is not one of the keys {' '.join(KEYS)}")
        for number, key in enumerate(keys):
            self._does(after + number * every, _press(key))
        return self

    def speaks(
        self,
        wav: str | os.PathLike[str] | bytes | None = None,
        after: float = 0.0,
        *,
        seconds: float = 2.0,
    ) -> Self:
        """Say a wave file, given as a path or as its bytes; without one, nothing for so many seconds.

        Raises ValueError unless it has one channel of 16 bits at 16 kHz.
        """
        return self.says(Speech.silence(seconds) if wav is None else Speech.of(wav), after)

    @told
    def shares(self, after: float = 0.0, *, seconds: float = 10.0) -> Self:
        """Share content for so many seconds."""
        return self._does(after, lambda leg: leg.calls.share(leg, seconds))

    @told
    def holds(self, after: float = 0.0, *, seconds: float = 10.0) -> Self:
        """Put the call on hold for so many seconds."""
        self._does(after, lambda leg: leg.calls.hold(leg, held=True))
        return self._does(after + seconds, lambda leg: leg.calls.hold(leg, held=False))

    @told
    def says(self, speech: Speech, after: float) -> Self:
        """Say something: what `speaks` does once it has read the wave file."""
        return self._does(after, lambda leg: leg.calls.speak(leg, speech))

    def _respond(self, response: Response, after: float) -> Self:
        self.response, self.responds_after = response, after
        return self

    def _does(self, after: float, do: Callable[[Leg], None]) -> Self:
        step = Step(after, do)
        self.steps.append(step)
        for leg in self.legs:
            leg.calls.plan(leg, step)
        return self


def _press(key: str) -> Callable[[Leg], None]:
    return lambda leg: leg.calls.press(leg, key)
