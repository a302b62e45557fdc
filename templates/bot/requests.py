"""Requests to Graph about one call, as the methods of a LiveCall send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from .. import models
from .errors import CallEnded
from .keeper import Keeper
from .operations import CallOperation, OpT
from .state import CallState

if TYPE_CHECKING:
    from ..client import AsyncCalls

T = TypeVar("T")


class CallRequests:
    """What one call is asked through, as long as it has not ended; `state` is the latest known."""

    def __init__(self, keeper: Keeper, state: CallState) -> None:
        self.keeper = keeper
        self.state = state

    @property
    def id(self) -> str:
        """The id of the call."""
        return self.state.id

    @property
    def calls(self) -> AsyncCalls:
        """The methods of the client. Raises CallEnded, as Graph knows no call that has ended."""
        if self.state.ended:
            raise CallEnded(self.id, self.state)
        return self.keeper.client.calls

    def operation(self, started: OpT, client_context: str) -> CallOperation[OpT]:
        """Return what waits for the end of an operation that Graph has answered."""
        return CallOperation(self.keeper, self.id, client_context, started)


PromptOrAddress = str | models.Prompt
"""Something to play: a prompt, or the address of a WAV file (mono, 16-bit, 16 kHz)."""


def prompts_of(given: PromptOrAddress | Sequence[PromptOrAddress]) -> list[models.Prompt]:
    """Return prompts, each of which may be given by its address alone."""
    several = [given] if isinstance(given, str | models.Prompt) else given
    return [_prompt(one) for one in several]


def _prompt(given: PromptOrAddress) -> models.Prompt:
    if isinstance(given, str):
        return models.MediaPrompt(media_info=models.MediaInfo(uri=given))
    return given
