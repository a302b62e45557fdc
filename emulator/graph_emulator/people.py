"""The people at the other end: what they do when they are called, by a script."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, Self

from graph_comms.bot.json_values import Json

from .audio import Speech
from .call import ending
from .telling import Teller, told

if TYPE_CHECKING:
    from .call import Call, Participant
    from .calls import Calls
    from .schedule import Act

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
    ringing: Act | None = None
    """What ends the ringing, while it rings at the person's: by the script, or by the service."""

    @property
    def doing(self) -> Literal["calls", "rings", "joins", "talks"]:
        """What the person does: calls the bot, is rung by it, joins after one has answered, or talks."""
        if self.ringing is not None:
            return "rings"
        if self.participant is not None:
            return "talks"
        return "calls" if self.call.state == "incoming" else "joins"


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
    refusal: dict[str, Json] = field(default_factory=lambda: ending(603, 0), repr=False)
    """The resultInfo of a call that is declined."""
    patience: float | None = None
    """For how long the person calls a bot, in seconds; None for as long as the service does."""
    steps: list[Step] = field(default_factory=list[Step], repr=False)
    legs: list[Leg] = field(default_factory=list[Leg], repr=False)
    teller: Teller = field(default_factory=Teller, repr=False)
    label: str = ""
    """The name, or for who has a telephone "phone 1" and so on: numbers are shown nowhere."""

    @property
    def named(self) -> dict[str, str]:
        """What the person is called in a journal."""
        return {self.kind: self.label}

    def identity(self, tenant: str) -> dict[str, object]:
        """Return the identity set of the person, as Graph writes it."""
        kind = "#microsoft.graph.identity"
        own: dict[str, object] = {"@odata.type": kind, "id": self.id, "displayName": self.name}
        if self.kind == "user":
            own["tenantId"] = tenant
        return {"@odata.type": "#microsoft.graph.identitySet", self.kind: own}

    def hidden(self) -> dict[str, object]:
        """Return the identity set that an application sees which may not know the person."""
        text = base64.b64encode(sha256(self.id.encode()).digest()).decode()
        own = {"@odata.type": "#microsoft.graph.identity", "id": text}
        return {"@odata.type": "#microsoft.graph.identitySet", "encrypted": own}

    @told
    def answers(self, after: float = 2.0) -> Self:
        """Take each call."""
        return self._respond("answers", after)

    @told
    def declines(self, after: float = 2.0, *, code: int = 603, subcode: int = 0) -> Self:
        """Refuse each call; another code and sub-code say why else it is not taken.

        Such as 480 and 10037: nothing is there that rings; 480 and 10076: offline; 487 and 10003: taken
        elsewhere. Raises ValueError for what can be no code.
        """
        self.refusal = ending(code, subcode)
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
    def gives_up(self, after: float = 5.0) -> Self:
        """Call the bot for no longer than so many seconds, unless it answers before."""
        self.patience = after
        return self

    @told
    def ends_call(self, after: float = 0.0, *, code: int = 200, subcode: int = 4097) -> Self:
        """End the call for everybody, the bot included: as the organizer of a meeting (4097).

        Other sub-codes say why else it ends for the bot: 5000 when it is removed by the person, 4521 when
        that is the one with whom it talks, and vanishes. Raises ValueError for what can be no code.
        """
        result = ending(code, subcode)
        return self._does(after, lambda leg: leg.calls.end(leg.call, "user", result))

    @told
    def transfers(self, to: Person, after: float = 0.0) -> Self:
        """Transfer the call to another person, who takes this one's place after answering."""
        return self._does(after, lambda leg: leg.calls.hand_over(leg, to))

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
