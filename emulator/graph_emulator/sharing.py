"""What is shared in a call: its sessions, by their ids."""

from __future__ import annotations

from collections.abc import Callable

from graph_comms.bot.json_values import Json

from .behaviours import Behaviour
from .calls import Calls
from .faults import Fault
from .ids import same_id
from .messages import Answer, Request


class Sharing:
    """Answers what is being shared in a call."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        sessions = "/communications/calls/{call-id}/contentSharingSessions"
        return {
            f"GET {sessions}": self.list,
            f"GET {sessions}/{{contentSharingSession-id}}": self.get,
        }

    def list(self, request: Request) -> Answer:
        """Return what is being shared (call-list-contentsharingsessions)."""
        return Answer(200, {"value": [_session(one) for one in self._calls.of(request).sharing]})

    def get(self, request: Request) -> Answer:
        """Return one thing that is being shared (contentsharingsession-get)."""
        wanted = same_id(request.keys["contentSharingSession-id"])
        for session in self._calls.of(request).sharing:
            if same_id(session) == wanted:
                return Answer(200, _session(session))
        raise Fault(404, "8522", "Content sharing session not found.")


def _session(session: str) -> Json:
    return {"@odata.type": "#microsoft.graph.contentSharingSession", "id": session}


_PAGE = "https://learn.microsoft.com/graph/api/"
_TEST = "tests/emulator/test_sharing.py::test_a_bot_is_told_of_what_is_shared"

BEHAVIOURS = (
    Behaviour("sharing.notified", "D", f"{_PAGE}call-answer", _TEST),
    Behaviour("sharing.list", "D", f"{_PAGE}call-list-contentsharingsessions", _TEST),
)
