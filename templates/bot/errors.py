"""What the kit raises about calls. No text has a secret of a call in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..models import CommsOperation, ResultInfo

if TYPE_CHECKING:
    from .state import CallState


class BotError(Exception):
    """Base class of what the kit raises about a call."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is rebuilt from its positional arguments, which is its text here.
        return _blank, (type(self),), vars(self)


def _blank(cls: type[BotError]) -> BotError:
    return cls.__new__(cls)


class UnknownCallError(BotError, LookupError):
    """The store has no such call: it never had, or the call ended more than a day ago."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id

    def __str__(self) -> str:
        return f"call {self.call_id} is not known: it was never notified, or ended long ago"


class CallEnded(BotError):  # noqa: N818 - an event, as much as an error
    """The call has ended, so that what was waited for will not come, and nothing was sent.

    `result` says why it ended, as far as Graph did.
    """

    def __init__(self, call_id: str, state: CallState | None = None) -> None:
        self.call_id = call_id
        self.result = state.result_info if state else None

    def __str__(self) -> str:
        return f"call {self.call_id} has ended{_because(self.result)}"


class AlreadyDecided(BotError):  # noqa: N818 - as CallEnded
    """An incoming call was answered, rejected or redirected before; nothing was sent.

    `decided` is what came first: "answer", "reject" or "redirect", perhaps of another process; None if
    it was too late for any.
    """

    def __init__(self, call_id: str, decided: str | None) -> None:
        self.call_id = call_id
        self.decided = decided

    def __str__(self) -> str:
        if self.decided is None:
            return f"call {self.call_id} can no longer be decided: its deadline is over"
        return f"call {self.call_id} is decided already, by {self.decided}"


class OperationFailed(BotError):  # noqa: N818 - as CallEnded
    """An operation ended without success; `operation` is what Graph says about it."""

    def __init__(self, call_id: str, operation: CommsOperation) -> None:
        self.call_id = call_id
        self.operation = operation

    @property
    def result(self) -> ResultInfo | None:
        """The code and the sub-code of the failure, and Graph's own text."""
        return self.operation.result_info

    def __str__(self) -> str:
        name = type(self.operation).__name__
        return f"{name} of call {self.call_id} failed{_because(self.result)}"


class DataConflict(BotError):  # noqa: N818 - as CallEnded
    """Another process has written `call.data` since it was read; nothing was written."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id

    def __str__(self) -> str:
        return (
            f"the data of call {self.call_id} was changed by another process: call.data is now what"
            " that wrote; make the change again and save it"
        )


def _because(result: ResultInfo | None) -> str:
    """Return the numbers of a result and what they mean. Graph's text may name people: not here."""
    if result is None or result.code is None:
        return ""
    numbers = f"{result.code}/{result.subcode}" if result.subcode is not None else str(result.code)
    meaning = result.explain()
    return f": {meaning} ({numbers})" if meaning else f" ({numbers})"
