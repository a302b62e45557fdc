"""Requests and answers as the emulated service sees them, whatever carried them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graph_comms import Operation
from graph_comms.bot.json_values import Json

from .tokens import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request whose operation is known; `keys` are the ids in its path, by their names there."""

    operation: Operation
    keys: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Json
    """None for what is no JSON: it is in `content`."""
    content: bytes
    caller: Caller
    root: str
    """The address that the path is below: "https://graph.microsoft.com/v1.0"."""
    reference: bool = False
    """Whether it is about the reference to the entity that the operation returns (`/$ref`)."""

    @property
    def name(self) -> str:
        """The name under which the log has it: `create`, `delete`, or that of the action in Graph."""
        if self.operation.kind == "action":
            return self.operation.path.rpartition("/")[2].rpartition(".")[2]
        return self.operation.kind


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body (None: none; bytes: no JSON), and headers beside those that every answer has."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
