"""What happens, as the lines of a journal: without secrets, and the same in every run of one script."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .log import Logged, hidden
from .telling import Telling
from .tokens import Caller

if TYPE_CHECKING:
    from .service import Service

Line = dict[str, Json]

_UNREPEATABLE = frozenset(
    ("request-id", "client-request-id", "encryptedContent", "encryptionCertificate", "x-ms-date")
)
"""What differs between two runs: ids of requests, which reads shift, and what chance encrypts."""

_PORT = re.compile(r"(?<=//)([\w.-]+|\[[0-9a-f:]+\]):\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Lines:
    """Passes on what happens as lines, in the order in which it began.

    `timed` is whether the time is the same in every run, and so belongs into the lines.
    """

    def __init__(self, service: Service, on_line: Callable[[Line], object], *, timed: bool) -> None:
        self._log = service.log
        self._schedule = service.schedule
        self._directory = service.directory
        self._on_line = on_line
        self._timed = timed
        self._waiting: list[tuple[int, Line]] = []
        self._contexts: dict[Json, dict[str, str]] = {}
        self._aliases: dict[str, str] = {}
        service.teller.listeners.append(self._told)
        service.log.listeners.append(self._logged)

    def finish(self) -> None:
        """Pass on what waits for something that will not end any more."""
        while self._waiting:
            self._on_line(self._settled(heapq.heappop(self._waiting)[1]))

    def _told(self, telling: Telling) -> None:
        told: Line = {"kind": "told", "of": telling.of, "method": telling.method}
        arguments = dict(telling.arguments)
        if telling.method == "phone":
            arguments["number"] = self._directory.phone(text_of(arguments["number"])).label
        self._happened(told | {"arguments": hidden(arguments)})

    def acted(self, event: Mapping[str, Json]) -> None:
        """Take in an event, if it is what somebody has done by hand."""
        if event["kind"] == "act":
            self._happened({"kind": "act", "act": event["act"]})

    def _happened(self, line: Line) -> None:
        self._put(self._log.number(), self._schedule.time, line)

    def _logged(self, logged: Logged) -> None:
        line: Line
        if logged.kind == "notification":
            line = {"kind": "notification", "call": logged.call_id, "path": logged.path}
            line |= {"status": logged.status, "body": logged.body}
        else:
            line = {"kind": "request", "by": logged.by, "call": logged.call_id, "name": logged.name}
            if logged.by == "client":
                line["caller"] = _caller(logged.caller)
            line |= {"method": logged.method, "path": logged.path, "query": hidden(logged.query)}
            line |= {"body": logged.body, "status": logged.status, "answer": logged.answer}
            chain = text_of(object_of(logged.body).get("callChainId"))
            if logged.name == "create" and chain:
                self._aliases.setdefault(chain.lower(), f"chain {len(self._aliases) + 1}")
        self._put(logged.number, logged.time, line)

    def _put(self, number: int, time: float, line: Line) -> None:
        if self._timed:
            line["time"] = round(time, 6)
        heapq.heappush(self._waiting, (number, line))
        while self._waiting and self._log.is_whole(self._waiting[0][0]):
            self._on_line(self._settled(heapq.heappop(self._waiting)[1]))

    # -- what differs between runs

    def _settled(self, line: Line) -> Line:
        if line.get("method") == "reset":
            self._contexts.clear()
        contexts = self._contexts.setdefault(line.get("call"), {})
        return {name: self._repeatable(value, contexts) for name, value in line.items()}

    def _repeatable(self, value: Json, contexts: dict[str, str]) -> Json:
        """Return JSON without what differs between two runs; ids that a bot makes get numbers."""
        if isinstance(value, str):
            return self._text(value)
        if items := list_of(value):
            return [self._repeatable(item, contexts) for item in items]
        kept: Line = {}
        for name, member in object_of(value).items():
            if name in _UNREPEATABLE and member is not None:
                kept[name] = "…"
            elif name == "clientContext" and isinstance(member, str):
                kept[name] = contexts.setdefault(member, f"context {len(contexts) + 1}")
            else:
                kept[name] = self._repeatable(member, contexts)
        return kept or value

    def _text(self, text: str) -> str:
        text = _PORT.sub(r"\1:…", text)
        if not self._timed:
            text = _DATE.sub("…", text)
        if self._aliases:
            text = _GUID.sub(lambda found: self._aliases.get(found[0].lower(), found[0]), text)
        return text


def without_dates(line: Line) -> Line:
    """Return a line without dates, as if it had not been `timed`."""
    dated: Line = json.loads(_DATE.sub("…", json.dumps(line, ensure_ascii=False)))
    return dated


def _caller(caller: Caller | None) -> Json:
    if caller is None:
        return None
    roles = None if caller.roles is None else sorted(caller.roles)
    return {
        "app_id": caller.app_id,
        "tenant": caller.tenant,
        "roles": roles,
        "user": caller.user,
    }
