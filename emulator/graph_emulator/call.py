"""One call, as the emulated service has it and as a test looks at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from graph_comms._runtime.subcodes import explained
from graph_comms.bot.json_values import Json, object_of, text_of

from .ids import Seeded
from .schedule import Act

if TYPE_CHECKING:
    from .meetings import Meeting
    from .recording_policies import Recording

Shape = Literal["peer-to-peer", "group", "meeting"]
EndedBy = Literal["bot", "user", "service"]

NUMBERED = "#microsoft.graph.resultInfo"


@dataclass(eq=False, kw_only=True)
class Participant:
    """Somebody in the roster of a call."""

    id: str
    identity: Json
    muted: bool = False
    held: bool = False
    in_lobby: bool = False
    shares_screen: bool = False
    joined: float = 0.0
    """When, in seconds since the emulator began."""
    left: float | None = None
    """None while the participant is there, and if that was to the end."""
    recording: Json = None
    """What the roster says of a recording that the participant makes."""

    def to_json(self) -> dict[str, Json]:
        """Return the participant as notifications and answers have it."""
        stream = {"@odata.type": "#microsoft.graph.mediaStream", "serverMuted": False}
        screen = {"mediaType": "videoBasedScreenSharing", "sourceId": "2", "direction": "sendOnly"}
        return {
            "@odata.type": "#microsoft.graph.participant",
            "info": {
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": self.identity,
                "participantId": self.id,
                "endpointType": "default",
                "languageId": None,
            },
            "mediaStreams": [
                {
                    **stream,
                    "mediaType": "audio",
                    "sourceId": "1",
                    "direction": "inactive" if self.held else "sendReceive",
                },
                *([stream | screen] if self.shares_screen else []),
            ],
            "isMuted": self.muted,
            "isInLobby": self.in_lobby,
            "id": self.id,
            **({} if self.recording is None else {"recordingInfo": self.recording}),
        }


@dataclass(eq=False, kw_only=True)
class Operation:
    """Something that the bot has the service do in a call."""

    id: str
    kind: str
    status: str
    client_context: str | None
    details: dict[str, Json] = field(default_factory=dict[str, Json])
    result: dict[str, Json] | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the operation as notifications and answers have it."""
        written: dict[str, Json] = {
            "@odata.type": f"#microsoft.graph.{self.kind}",
            "id": self.id,
            "status": self.status,
            "clientContext": self.client_context,
            **self.details,
        }
        return written if self.result is None else {**written, "resultInfo": self.result}


@dataclass(eq=False, kw_only=True)
class Call:
    """A call: `state` and the rest as the service has them, also after its end.

    `ended_by` is who ended it, None while it lives. `result` is its resultInfo then. `tones` are the keys
    that were pressed, `operations` what the bot started, by id, in order.
    """

    id: str
    seeded: Seeded = field(repr=False)
    """Makes the ids of what belongs to the call, and decides what happens to its notifications."""
    chain_id: str
    tenant: str
    app_id: str
    shape: Shape
    direction: Literal["outgoing", "incoming"]
    callback_uri: str
    entity: dict[str, Json]
    """The members of the entity that do not change."""
    state: str = "establishing"
    audio: bool = False
    result: dict[str, Json] | None = None
    ended_by: EndedBy | None = None
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    tones: list[str] = field(default_factory=list[str])
    sharing: list[str] = field(default_factory=list[str], repr=False)
    """The ids of what is being shared."""
    participants: dict[str, Participant] = field(default_factory=dict[str, Participant])
    meeting: Meeting | None = field(default=None, repr=False)
    """The meeting that the bot has joined."""
    recording: Recording | None = field(default=None, repr=False)
    """What a policy has the bot record."""
    attended: list[Participant] = field(default_factory=list[Participant])
    """The people who are in the call, or were."""
    began: float = 0.0
    """When, in seconds since the emulator began."""
    bot_id: str = ""
    """The id of the bot's own participant."""
    delta_roster: bool = False
    subscribed: bool = False
    """Whether the bot is told which keys are pressed."""
    tone_number: int = 0
    roster_number: int = 0
    expiry: Act | None = None
    ringing: Act | None = None

    def __repr__(self) -> str:
        ended = f", ended by the {self.ended_by}" if self.ended_by else ""
        return f"<{type(self).__name__} {self.id} {self.state}{ended}>"

    @property
    def roster(self) -> list[Participant]:
        """Who is in the call, the bot included."""
        return list(self.participants.values())

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self.state == "terminated"

    @property
    def app_hosted(self) -> bool:
        """Whether the bot handles the media itself."""
        kind = text_of(object_of(self.entity.get("mediaConfig")).get("@odata.type"))
        return kind.lower().endswith("apphostedmediaconfig")

    @property
    def path(self) -> str:
        """The path of the call below the service root."""
        return f"/communications/calls/{self.id}"

    def to_json(self) -> dict[str, Json]:
        """Return the entity as an answer has it."""
        media = {"audio": "active"} if self.audio else None
        changing = {
            "state": self.state,
            "direction": self.direction,
            "callbackUri": self.callback_uri,
            "callChainId": self.chain_id,
            "myParticipantId": self.bot_id or None,
            "mediaState": media,
            "resultInfo": self.result,
            "id": self.id,
        }
        return {"@odata.type": "#microsoft.graph.call", **self.entity, **changing}


def result_info(code: int, subcode: int, message: str) -> dict[str, Json]:
    """Return a resultInfo, whose message ends as the platform's do."""
    diagnosed = f"{message} DiagCode: 0#{subcode}.@"
    return {"@odata.type": NUMBERED, "code": code, "subcode": subcode, "message": diagnosed}


def ending(code: int, subcode: int) -> dict[str, Json]:
    """Return the resultInfo of the end of a call, with what is known of its numbers as the message.

    Raises ValueError for what no code and no sub-code can be.
    """
    if not (code == 0 or 200 <= code <= 699) or subcode < 0:
        raise ValueError("a code is 0 or between 200 and 699, and a sub-code is not below 0")
    meaning = explained(code, subcode) or "the call has ended"
    return result_info(code, subcode, f"{meaning[0].upper()}{meaning[1:]}.")


def application(app_id: str) -> dict[str, Json]:
    """Return the identity set of an application."""
    named = {"@odata.type": "#microsoft.graph.identity", "id": app_id}
    named["displayName"] = f"28:{app_id}"  # as captured rosters have it
    return {"@odata.type": "#microsoft.graph.identitySet", "application": named}
