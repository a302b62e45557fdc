"""What is left of a meeting that a bot was in: who attended it, and what was recorded.

Sources: https://learn.microsoft.com/graph/api/meetingattendancereport-get,
https://learn.microsoft.com/graph/api/callrecording-get,
https://learn.microsoft.com/graph/api/calltranscript-get.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from graph_comms.bot.json_values import Json, object_of, text_of
from graph_comms.models import CallRecording, CallTranscript, MeetingAttendanceReport

from .behaviours import Behaviour
from .call import Call, Participant
from .call_records import moment_of, single_of
from .calls import Calls
from .ids import Seeded, same_id
from .meetings import Meeting
from .odata.entities import Entities
from .odata.places import address_of
from .odata.store import Path, Record
from .schedule import Schedule

READY = 60.0
"""How long after the end of a meeting they are there, in seconds."""

_ROOT = "https://graph.microsoft.com/v1.0"


class MeetingReports:
    """Writes them into the store below the online meeting, if the meeting has one; nobody waits for it."""

    def __init__(
        self, schedule: Schedule, seeded: Seeded, entities: Entities, calls: Calls
    ) -> None:
        self._schedule = schedule
        self._seeded = seeded
        self._entities = entities
        calls.on_end.append(self._ended)

    def _ended(self, call: Call) -> None:
        meeting = call.meeting
        if meeting is not None and meeting.online is not None and call.attended:
            write = partial(self._write, call, meeting, meeting.online, self._schedule.time)
            self._schedule.after(READY, write, pending=False)

    def _write(self, call: Call, meeting: Meeting, path: Path, end: float) -> None:
        online = self._entities.store.get(path)
        if online is None:
            return
        report = _report(call.attended, online, end)
        self._entities.add((*path, "attendanceReports"), report, MeetingAttendanceReport)
        correlation = self._seeded.guid("correlation")
        common: dict[str, Json] = {
            "meetingId": online.value["id"],
            "callId": call.chain_id,
            "contentCorrelationId": correlation,
            "createdDateTime": moment_of(min(one.joined for one in call.attended)),
            "endDateTime": moment_of(end),
            "meetingOrganizer": {"application": None, "device": None, "user": _organizer(online)},
        }
        if meeting.video is not None or online.value.get("recordAutomatically") is True:
            recording = self._entities.add((*path, "recordings"), common, CallRecording)
            self._fill(recording, "recordingContentUrl", "video/mp4", meeting.video or b"")
        if meeting.transcript is not None:
            transcript = self._entities.add((*path, "transcripts"), common, CallTranscript)
            self._fill(transcript, "transcriptContentUrl", "text/vtt", meeting.transcript.encode())

    def _fill(self, path: Path, name: str, kind: str, content: bytes) -> None:
        record = self._entities.store.get(path)
        assert record is not None
        record.value[name] = f"{_ROOT}/{address_of(path)}/content"
        record.streams["content"] = kind, content


def _report(attended: list[Participant], online: Record, end: float) -> dict[str, Json]:
    people = {same_id(text_of(single_of(one.identity).get("id"))): one for one in attended}
    records = [
        _attendance(
            key,
            single_of(one.identity),
            _role(key, online),
            [(it.joined, end if it.left is None else it.left) for it in attended if _is(it, key)],
        )
        for key, one in people.items()
    ]
    return {
        "totalParticipantCount": len(records),
        "meetingStartDateTime": moment_of(min(one.joined for one in attended)),
        "meetingEndDateTime": moment_of(end),
        "attendanceRecords": records,
    }


def _is(participant: Participant, key: str) -> bool:
    return same_id(text_of(single_of(participant.identity).get("id"))) == key


def _attendance(
    key: str, identity: Json, role: str, times: Iterable[tuple[float, float]]
) -> dict[str, Json]:
    intervals: list[dict[str, Json]] = [
        {
            "joinDateTime": moment_of(joined),
            "leaveDateTime": moment_of(left),
            "durationInSeconds": round(left - joined),
        }
        for joined, left in times
    ]
    return {
        "id": key,
        "emailAddress": None,
        "totalAttendanceInSeconds": sum(one["durationInSeconds"] for one in intervals),
        "role": role,
        "identity": {name: identity.get(name) for name in ("id", "displayName", "tenantId")},
        "attendanceIntervals": intervals,
    }


def _role(key: str, online: Record) -> str:
    if key == same_id(text_of(_organizer(online).get("id"))):
        return "Organizer"
    return "Presenter" if online.value.get("allowedPresenters") == "everyone" else "Attendee"


def _organizer(online: Record) -> dict[str, Json]:
    organizer = object_of(object_of(online.value.get("participants")).get("organizer"))
    return single_of(organizer.get("identity"))


_PAGE = "https://learn.microsoft.com/graph/api/"
_TEST = "tests/emulator/test_meeting_reports.py::"

BEHAVIOURS = (
    Behaviour(
        "meetings.attendance", "D", f"{_PAGE}meetingattendancereport-get",
        f"{_TEST}test_who_attended_is_reported",
    ),
    Behaviour(
        "meetings.recordings", "D", f"{_PAGE}callrecording-get", f"{_TEST}test_a_meeting_is_recorded"
    ),
    Behaviour(
        "meetings.transcripts", "D", f"{_PAGE}calltranscript-get", f"{_TEST}test_a_meeting_is_recorded"
    ),
    Behaviour(
        "meetings.reports.when", "?", "a minute after the end of each call of a bot",
        f"{_TEST}test_who_attended_is_reported",
    ),
)  # fmt: skip
