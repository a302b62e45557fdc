"""What happens, as lines of text: what bots ask on the left, what they are told on the right."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

FAILED = 400
"""The first status that is not a success."""


@dataclass(frozen=True, slots=True)
class Colours:
    """What a terminal is sent to write in another way; empty where there is none."""

    bold: str = ""
    dim: str = ""
    red: str = ""
    plain: str = ""

    @classmethod
    def of(cls, stream: TextIO) -> Colours:
        """Return those of a stream: none unless it is a terminal, nor where NO_COLOR is set."""
        if not stream.isatty() or os.environ.get("NO_COLOR"):
            return cls()
        return cls("\033[1m", "\033[2m", "\033[31m", "\033[0m")


class Timeline:
    """Writes a line for each event to a stream, until nobody reads it any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self.colours = Colours.of(stream)

    def __call__(self, event: Mapping[str, Json]) -> None:
        """Write the line of an event, if it has one."""
        written = line(event, self.colours)
        if written is None or self._stream is None:
            return
        try:
            print(written, file=self._stream, flush=True)
        except OSError:
            self._stream = None


def line(event: Mapping[str, Json], colours: Colours) -> str | None:
    """Return the line of an event; None for one that follows from others."""
    told = described(event, colours)
    return told and f"{colours.dim}{event['time']:6.2f} s{colours.plain}  {told}"


def described(event: Mapping[str, Json], colours: Colours) -> str | None:
    """Return what an event says, without its time; None for one that follows from others."""
    match event["kind"]:
        case "request":
            asked = printable(f"{event['by']} → {event['name']}")
            return f"{asked} {_status(event['status'], colours)}"
        case "notification":
            return f"      ← {_notified(event, colours)}"
        case "act":
            return printable(_act(object_of(event["act"])))
        case "reset":
            return "everything is forgotten"
        case _:
            return None


def printable(text: str) -> str:
    """Return a text with escapes for what would change a terminal, command a CI, or cannot be written."""
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
    return re.sub(r"(?<=#)#(?=\w*\[)", r"\\x23", shown)  # as in `##[group]`


def _status(status: Json, colours: Colours) -> str:
    failed = status is None or status >= FAILED
    shown = "nobody takes it" if status is None else str(status)
    return f"{colours.red}{shown}{colours.plain}" if failed else shown


def _notified(event: Mapping[str, Json], colours: Colours) -> str:
    items = list_of(object_of(event["body"]).get("value"))
    item = object_of(items[0] if items else None)
    data = object_of(item.get("resourceData"))
    place = text_of(item.get("resourceUrl") or item.get("resource"))
    told = _summary(data) if data else place.rpartition("/")[2]
    change = text_of(item.get("changeType") or item.get("lifecycleEvent"))
    taken = event["status"] is not None and event["status"] < FAILED
    failure = "" if taken else f": {_status(event['status'], colours)}"
    return printable(f"{change} {told}".rstrip()) + failure


def _summary(data: Mapping[str, Json]) -> str:
    """Return what the data of a notification say, in a few words."""
    tone = object_of(data.get("toneInfo")).get("tone")
    kind = text_of(data.get("@odata.type")).rpartition(".")[2]
    if tone:
        return f"key {tone}"
    if kind != "call":
        return f"{kind} {text_of(data.get('status'))}".strip()
    audio = text_of(object_of(data.get("mediaState")).get("audio"))
    return f"call {text_of(data.get('state'))}{audio and f', audio {audio}'}".rstrip()


def _act(act: Mapping[str, Json]) -> str:
    """Return what somebody does by hand."""
    who, does = text_of(act.get("person")), text_of(act.get("act"))
    match does:
        case "rings":
            return f"{who} rings the bot"
        case "presses":
            return f"{who} presses {act['keys']}"
        case "admits":
            return "somebody admits the bot"
        case "redelivers":
            return f"notification {act['notification']} is posted again"
        case _:
            return f"{who} {does.replace('_', ' ')}"
