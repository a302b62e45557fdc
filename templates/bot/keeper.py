"""What a LiveCall needs of whatever keeps the state of calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .clock import Clock
from .state import CallState

if TYPE_CHECKING:
    from ..client import AsyncCommunicationsClient
    from .live import LiveCall

T = TypeVar("T")


class Keeper(Protocol):
    """Keeps the state of calls, which several processes may share."""

    @property
    def client(self) -> AsyncCommunicationsClient:
        """What sends the requests about calls."""
        ...

    @property
    def callback_uri(self) -> str:
        """Where Graph posts the notifications about calls."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    def live(self, state: CallState, /) -> LiveCall:
        """Return the one LiveCall of a call in this process."""
        ...

    async def change(self, call_id: str, make: Callable[[CallState], CallState], /) -> CallState:
        """Replace the state by what a pure function makes of it, and return that.

        The function may be called several times. What it raises is raised, and nothing changed. Raises
        UnknownCallError.
        """
        ...

    async def begin(self, call_id: str, call: Any, /) -> CallState:
        """Take in a call of a response, merged with what notifications have told of it."""
        ...

    async def wait(
        self,
        call_id: str,
        reason: str,
        found: Callable[[CallState], T | None],
        timeout: float | None,
        /,
    ) -> T:
        """Return what `found` finds in the state, as soon as that is not None.

        `reason` says what is waited for: "the end of operation …".
        Raises CallEnded when the call has ended without it, and TimeoutError.
        """
        ...

    async def read_data(self, call_id: str, /) -> tuple[int, Any]:
        """Return the version of a call's data, and the data."""
        ...

    async def write_data(self, call_id: str, version: int, data: Any, /) -> int:
        """Replace the data if it still has that version, and return the next one.

        Raises DataConflict and UnknownCallError.
        """
        ...
