"""Keys that are pressed in a call: collected into what somebody has dialled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..models import Tone
from .keeper import Keeper
from .state import CallState

KEYS: Mapping[str, Tone] = {
    **{str(digit): Tone(f"tone{digit}") for digit in range(10)},
    "*": Tone.STAR,
    "#": Tone.POUND,
    **{letter: Tone(letter.lower()) for letter in "ABCD"},
}
"""The keys of a telephone, as text and as Graph names them. The hook flash is not one of them."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """What was pressed and not read: the keys, and the number of the last one.

    `complete` says that a stop tone came, which is not among the keys, or as many as were asked for.
    """

    keys: str = field(repr=False)
    last: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Dialling:
    """What ends a series of keys: so many of them, one of `stop`, or a pause of so many seconds.

    Raises ValueError for keys that there are not, and if nothing would end it.
    """

    max_digits: int | None
    stop: str
    timeout: float | None

    def __post_init__(self) -> None:
        if self.max_digits is not None and self.max_digits < 1:
            raise ValueError("max_digits is how many keys to wait for: 1 or more")
        tones_of(self.stop)
        if self.max_digits is None and not self.stop and self.timeout is None:
            raise ValueError("nothing would end the tones: give max_digits, stop or timeout")

    def dialled(self, state: CallState) -> Dialled:
        """Return what was pressed, up to the end if that has come; anything but keys is left out."""
        keys, last = "", 0
        for last, key in state.unread_tones:
            if key not in KEYS:
                continue
            if key in self.stop:
                return Dialled(keys, last, complete=True)
            keys += key
            if len(keys) == self.max_digits:
                return Dialled(keys, last, complete=True)
        return Dialled(keys, last, complete=False)

    async def collect(self, keeper: Keeper, call_id: str) -> str:
        """Return the keys that are pressed in a call; what there is of them after a pause.

        Each key is read once, whichever process reads it. Raises CallEnded.
        """
        seen: frozenset[int] = frozenset()

        def more(state: CallState) -> tuple[bool, frozenset[int]] | None:
            """Return whether the end has come, with the numbers of the keys; None if nothing is new."""
            numbers = frozenset(number for number, _ in state.unread_tones)
            complete = self.dialled(state).complete
            return (complete, numbers) if complete or numbers - seen else None

        while True:
            try:
                complete, numbers = await keeper.wait(call_id, "keys", more, self.timeout)
            except TimeoutError:
                return (await self._read(keeper, call_id)).keys
            seen |= numbers
            # Somebody else may have read them in the meantime.
            if complete and (read := await self._read(keeper, call_id, end=True)).complete:
                return read.keys

    async def _read(self, keeper: Keeper, call_id: str, *, end: bool = False) -> Dialled:
        """Read what was pressed, so that nobody else reads it; with `end` only if that has come."""
        dialled = Dialled("", 0, complete=False)

        def read(state: CallState) -> CallState:
            nonlocal dialled
            dialled = self.dialled(state)
            return state.with_tones_read(dialled.last) if dialled.complete or not end else state

        await keeper.change(call_id, read)
        return dialled


def tones_of(keys: str) -> list[Tone]:
    """Return keys as Graph names them; raises ValueError for anything else."""
    if unknown := set(keys) - KEYS.keys():
        raise ValueError(f"{min(unknown)!r} is not one of the keys {' '.join(KEYS)}")
    return [KEYS[key] for key in keys]
