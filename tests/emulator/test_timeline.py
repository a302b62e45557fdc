"""The lines that are printed of what happens."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from graph_emulator.timeline import Timeline

CALL = "#microsoft.graph.call"


def shown(event: dict[str, Any], stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    Timeline(stream)({"number": 1, "time": 1.25, "call": None, **event})
    return stream.getvalue()


def told(data: Any, status: int | None = 202, **item: Any) -> dict[str, Any]:
    value = {"changeType": "updated", "resourceUrl": "/communications/calls/x/participants", **item}
    body = {"value": [{**value, "resourceData": data}]}
    return {"kind": "notification", "status": status, "body": body}


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"kind": "request", "by": "bot", "name": "answer", "status": 202}, "bot → answer 202"),
        (told({"@odata.type": CALL, "state": "established"}), "      ← updated call established"),
        (
            told({"@odata.type": CALL, "state": "established", "mediaState": {"audio": "active"}}),
            "      ← updated call established, audio active",
        ),
        (
            told(
                {"@odata.type": CALL, "state": "transferring", "mediaState": {"audio": "inactive"}}
            ),
            "      ← updated call transferring, audio inactive",
        ),
        (told({"@odata.type": CALL, "toneInfo": {"tone": "tone1"}}), "      ← updated key tone1"),
        (
            told({"@odata.type": "#microsoft.graph.playPromptOperation", "status": "completed"}),
            "      ← updated playPromptOperation completed",
        ),
        (told([]), "      ← updated participants"),
        (told([], None), "      ← updated participants: nobody takes it"),
        (told([], 401), "      ← updated participants: 401"),
        (
            told(None, changeType=None, lifecycleEvent="missed", resourceUrl=None),
            "      ← missed",
        ),
        ({"kind": "act", "act": {"act": "rings", "person": "Ann"}}, "Ann rings the bot"),
        (
            {"kind": "act", "act": {"act": "presses", "person": "Ann", "keys": "1#"}},
            "Ann presses 1#",
        ),
        ({"kind": "act", "act": {"act": "hangs_up", "person": "phone 1"}}, "phone 1 hangs up"),
        (
            {"kind": "act", "act": {"act": "rings", "person": "\x1b[2J\u202e\ud800é"}},
            "\\x1b[2J\\u202e\\ud800é rings the bot",
        ),
        (
            {"kind": "request", "by": "bot ##[group]", "name": "\x1b[2J", "status": 404},
            "bot #\\x23[group] → \\x1b[2J 404",
        ),
        (told({"@odata.type": CALL, "state": "\x07"}), "      ← updated call \\x07"),
        ({"kind": "act", "act": {"act": "admits"}}, "somebody admits the bot"),
        (
            {"kind": "act", "act": {"act": "redelivers", "notification": 3}},
            "notification 3 is posted again",
        ),
        ({"kind": "reset"}, "everything is forgotten"),
    ],
)
def test_a_line_says_what_happened(event: dict[str, Any], line: str) -> None:
    assert shown(event) == f"  1.25 s  {line}\n"


def test_what_follows_from_others_has_no_line() -> None:
    assert shown({"kind": "call", "state": "established"}) == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


REFUSED = {"kind": "request", "by": "bot", "name": "answer", "status": 404}


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    line = "\033[2m  1.25 s\033[0m  bot → answer \033[31m404\033[0m\n"
    assert shown(REFUSED, Terminal()) == line
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(REFUSED, Terminal()) == "  1.25 s  bot → answer 404\n"


def test_a_reader_that_goes_away_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    timeline = Timeline(stream)
    for _ in range(2):
        timeline({"time": 1.25, **REFUSED})
    with pytest.raises(BrokenPipeError):
        stream.close()
