"""What an action on a call has started, and how to wait for its end."""

from __future__ import annotations

from typing import Generic, TypeVar
from uuid import uuid4

from ..models import CommsOperation, OperationStatus
from .errors import OperationFailed
from .keeper import Keeper
from .state import CallState

OpT = TypeVar("OpT", bound=CommsOperation)


class CallOperation(Generic[OpT]):
    """An operation on a call, such as a prompt that plays.

    `started` is what Graph answered to the action.
    """

    def __init__(self, keeper: Keeper, call_id: str, client_context: str, started: OpT) -> None:
        self.started = started
        self.client_context = client_context
        self._keeper = keeper
        self._call_id = call_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {type(self.started).__name__} {self.id}>"

    @property
    def id(self) -> str | None:
        """The id of the operation, as Graph answered it."""
        return self.started.id

    async def completed(self, timeout: float | None = None) -> OpT:
        """Wait until the operation has ended, and return it as Graph notified it.

        What Graph answered as completed, such as a mute, is returned at once. The notification may
        have come before the answer, and in another process. `timeout` is in seconds; None waits for as
        long as the call lasts.

        Raises OperationFailed, CallEnded if the call ends before, and TimeoutError.
        Source: https://learn.microsoft.com/graph/api/resources/commsoperation.
        """
        ended = self.started
        if not _has_ended(ended):
            ended = await self._keeper.wait(
                self._call_id, f"the end of operation {self.id}", self._found, timeout
            )
        if ended.status is OperationStatus.FAILED:
            raise OperationFailed(self._call_id, ended)
        return ended

    def _found(self, state: CallState) -> OpT | None:
        """Return the operation as a call has it, if it has ended."""
        received = state.ended_operation(self.id, self.client_context)
        return None if received is None else type(self.started).from_dict(received)


def new_client_context() -> str:
    """Return a text by which an operation is found that Graph notifies before its id is known."""
    return str(uuid4())


def _has_ended(operation: CommsOperation) -> bool:
    """Whether Graph answered an operation as one that goes no further."""
    return operation.status in (OperationStatus.COMPLETED, OperationStatus.FAILED)
