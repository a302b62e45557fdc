"""Recordings of what a caller says: when one begins and ends, and where it can be read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graph_comms.bot.json_values import Json, list_of, number_of, object_of, text_of

from .audio import Speech, wave_file
from .behaviours import Behaviour
from .call import Call, Operation
from .calls import Calls
from .faults import Fault, invalid
from .messages import Request
from .operations import finish
from .schedule import Act

LONGEST = 120
"""The longest that each of the three times may be, in seconds."""

USUAL = 5
"""Each of them where the request has none, in seconds."""

BEEP = 0.5
"""How long the beep lasts, in seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a recording ends: after so much silence at its beginning, later, so long, or by which keys."""

    initial_silence: float
    silence: float
    longest: float
    stop_tones: frozenset[str]

    @classmethod
    def of(cls, body: Json) -> Limits:
        """Return those of a request; raises Fault for a time that is out of range."""
        given = object_of(body)

        def seconds(name: str) -> float:
            value = given.get(name)
            number = USUAL if value is None else number_of(value) or 0
            if not 1 <= number <= LONGEST:
                raise invalid(f"{name} must be between 1 and {LONGEST}.")
            return number

        return cls(
            initial_silence=seconds("initialSilenceTimeoutInSeconds"),
            silence=seconds("maxSilenceTimeoutInSeconds"),
            longest=seconds("maxRecordDurationInSeconds"),
            stop_tones=frozenset(map(text_of, list_of(given.get("stopTones")))),
        )


class Recordings:
    """What was recorded, by its address, each with a token of its own."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, bytes]] = {}

    def clear(self) -> None:
        """Forget all recordings."""
        self._files.clear()

    def keep(self, name: str, content: bytes) -> str:
        """Keep a recording, and return the token for it."""
        token = secrets.token_urlsafe(32)
        self._files[name] = token, content
        return token

    def forget(self, name: str) -> None:
        """Forget a recording."""
        self._files.pop(name, None)

    def read(self, path: str, headers: Mapping[str, str]) -> bytes | None:
        """Return what is at a path, None if that is none of ours; raises Fault without the token."""
        name = path.removeprefix("/recordings/")
        if name == path:
            return None
        token, content = self._files.get(name, ("", b""))
        if not token:
            raise Fault(404, "NotFound", "The recording is gone.")
        given = headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise Fault(401, "Unauthorized", "The token is not that of the recording.")
        return content


@dataclass(eq=False)
class Recording:
    """A recording that is being made in a call, from `begin` until it `finish`es."""

    calls: Calls
    call: Call
    operation: Operation
    limits: Limits
    recordings: Recordings
    origin: str
    """The address that its own is below."""
    over: Callable[[], None]
    said: list[Speech] = field(default_factory=list[Speech])
    _silence: Act | None = None
    _end: Act | None = None

    def begin(self) -> None:
        """Listen."""
        later = self.calls.later
        self._silence = later(
            self.limits.initial_silence,
            lambda: self.finish("failed", (400, 8510, "Action failed, initial silence timeout.")),
        )
        self._end = later(
            self.limits.longest,
            lambda: self.finish(
                "completed", (200, 8515, "Action completed, max record duration reached.")
            ),
        )

    def hear(self, speech: Speech) -> None:
        """Take in what somebody begins to say, which ends the recording some time after its end."""
        self.said.append(speech)
        self.calls.schedule.cancel(self._silence)
        self._silence = self.calls.later(
            speech.seconds + self.limits.silence,
            lambda: self.finish("completed", (200, 8509, "Action completed, max silence timeout.")),
        )

    def press(self, key: str) -> None:
        """Take in a key, which may be one that ends the recording."""
        if key in self.limits.stop_tones:
            self.finish("completed", (200, 8514, "Action completed, stop tone detected."))

    def stop(self) -> None:
        """Listen no more."""
        self.calls.schedule.cancel(self._silence)
        self.calls.schedule.cancel(self._end)

    def finish(self, status: str, result: tuple[int, int, str]) -> None:
        """End the recording, and say where it is if there is one."""
        self.stop()
        if status == "completed":
            token = self.recordings.keep(self.operation.id, wave_file(self.said))
            self.operation.details |= {
                "recordingLocation": f"{self.origin}/recordings/{self.operation.id}",
                "recordingAccessToken": token,
            }
        finish(self.calls, self.call, self.operation, status, result)
        self.over()


def origin_of(request: Request) -> str:
    """Return the scheme and the host that a request came to."""
    return request.root.rpartition("/")[0]


_PAGE = "https://learn.microsoft.com/graph/api/call-record"
_TESTS = "tests/emulator/test_recording.py::"

BEHAVIOURS = (
    Behaviour("recording.duration", "D", _PAGE, f"{_TESTS}test_a_recording_ends[duration]"),
    Behaviour("recording.stop_tone", "D", _PAGE, f"{_TESTS}test_a_recording_ends[key]"),
    Behaviour(
        "recording.silence", "D-ACS", "8509: max silence", f"{_TESTS}test_a_recording_ends[silence]"
    ),
    Behaviour("recording.initial_silence", "D", _PAGE, f"{_TESTS}test_a_recording_ends[nothing]"),
    Behaviour("recording.times", "D", _PAGE, f"{_TESTS}test_recordings_have_limits"),
    Behaviour("recording.read", "D", _PAGE, f"{_TESTS}test_a_recording_is_read_with_its_token"),
)
