"""The service: takes a request as HTTP has it, and answers as Graph would."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from graph_comms.bot.json_values import Json, list_of, object_of

from .bodies import check_body
from .call_records import CallRecords
from .calling import Calling
from .calls import Calls
from .delivery import Delivery, Receiver
from .directory import Directory
from .faults import Fault
from .groups import Groups
from .ids import Seeded, same_id
from .log import Log, Logged, hidden
from .media import Media
from .meetings import Meetings
from .messages import Answer, Request
from .odata.entities import Entities
from .odata.references import References
from .odata.serving import Serving
from .online_meetings import OnlineMeetings
from .presence import Presences
from .routing import Route, Router
from .schedule import Schedule
from .sharing import Sharing
from .subscriptions import Subscriptions
from .telling import Teller
from .throttling import Throttle
from .tokens import Authority, InvalidTokenError
from .transfers import Transfers
from .wire import Forms

MOST = 4 * 1024 * 1024
"""How many bytes a body may have."""

DEEPEST = 100
"""How deeply the JSON of a body may be nested."""

_ROUTER = Router()


class Service:
    """Graph's cloud communications, without the network that leads there."""

    def __init__(
        self,
        *,
        seed: int,
        forms: Forms,
        receiver_of: Callable[[str], Receiver | None],
        schedule: Schedule | None = None,
    ) -> None:
        self.schedule = schedule or Schedule()
        self.seeded = Seeded(seed)
        self.authority = Authority()
        self.log = Log()
        self.teller = Teller()
        self.directory = Directory(self.seeded, self.teller)
        self.delivery = Delivery(self.schedule, self.authority, self.log, receiver_of)
        self.calls = Calls(self.schedule, self.seeded, self.directory, self.delivery, forms)
        self.meetings = Meetings(self.teller)
        self.media = Media(self.calls)
        self.entities = Entities(self.seeded)
        self._serving = Serving(self.entities, self.calls)
        self._references = References(self.entities, _ROUTER)
        CallRecords(self.schedule, self.entities, self.calls)
        self.subscriptions = Subscriptions(
            self.schedule,
            self.seeded,
            self.authority,
            self.delivery,
            self.entities,
            self._serving,
        )
        self._presences = Presences(self.schedule, self.entities, self._serving)
        self._routes: dict[str, Callable[[Request], Answer | Awaitable[Answer]]] = {
            **Calling(self.calls, self.meetings).routes(),
            **self.media.routes(),
            **Groups(self.calls).routes(),
            **Transfers(self.calls).routes(),
            **self._presences.routes(),
            **self.subscriptions.routes(),
            **OnlineMeetings(
                self.schedule, self.seeded, self.entities, self._serving, self.meetings
            ).routes(),
            **Sharing(self.calls).routes(),
        }
        self.throttles: dict[str, Throttle] = {}
        """How often what may be asked for, by the name of the operation."""
        self.failing: dict[str, list[Fault]] = {}
        """What is answered next instead, by the name of the operation."""

    def reset(self) -> None:
        """Begin anew, as after a start, at the present time and with the same keys."""
        self.schedule.reset()
        self.log.clear()
        self.delivery.reset()
        self.directory.clear()
        self.meetings.clear()
        self.calls.clear()
        self.media.clear()
        self.failing.clear()
        self.throttles.clear()
        self.entities.store.clear()
        self._presences.clear()
        self.subscriptions.clear()

    async def handle(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer; header names are in lower case."""
        request_id = self.seeded.guid("request")
        name, call_id, sent = method.lower(), None, None
        try:
            recording = self.media.recordings.read(path, headers) if method == "GET" else None
            if recording is not None:
                answer = Answer(200, recording)
            else:
                request = self._request(self._route(method, path), query, headers, body)
                name, call_id, sent = request.name, request.keys.get("call-id"), request.body
                answer = await self._answer(request)
                call_id = call_id or _created(answer)
        except Fault as fault:
            answer = _refusal(fault, self.schedule.now().isoformat(), request_id)
        self.log.requests.append(
            Logged(
                time=self.schedule.time,
                name=name,
                method=method,
                path=path,
                call_id=call_id and same_id(call_id),
                status=answer.status,
                body=hidden(sent),
                answer=None if isinstance(answer.body, bytes) else hidden(answer.body),
            )
        )
        kind, written = _written(answer.body)
        usual = {
            "request-id": request_id,
            "client-request-id": headers.get("client-request-id", request_id),
            "strict-transport-security": "max-age=31536000",
            "cache-control": "private",
        }
        return answer.status, {**usual, **kind, **answer.headers}, written

    def _route(self, method: str, path: str) -> Route:
        found = _ROUTER.find(method, path)
        if isinstance(found, Route):
            return found
        if found:
            allow = ", ".join(sorted(found))
            message = "Specified HTTP method is not allowed."
            raise Fault(405, "Request_BadRequest", message, allow=allow)
        raise Fault(404, "BadRequest", "Resource not found for the segment.")

    def _request(
        self, route: Route, query: str, headers: Mapping[str, str], body: bytes
    ) -> Request:
        try:
            caller = self.authority.caller(headers.get("authorization"))
        except InvalidTokenError as error:
            raise Fault(401, "InvalidAuthenticationToken", str(error)) from None
        caller = self.directory.admitted(caller)
        if len(body) > MOST:
            raise Fault(413, "RequestEntityTooLarge", "The body is too large.")
        host = headers.get("host", "graph.microsoft.com")
        scheme = "http" if host.partition(":")[0] in ("127.0.0.1", "localhost") else "https"
        return Request(
            operation=route.operation,
            keys=route.keys,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=None if route.operation.kind == "put_content" else _parsed(body),
            content=body,
            caller=caller,
            root=f"{scheme}://{host}/{route.version}",
            reference=route.reference,
        )

    async def _answer(self, request: Request) -> Answer:
        if failing := self.failing.get(request.name):
            raise failing.pop(0)
        if throttle := self.throttles.get(request.name):
            throttle.take(self.schedule.time)
        operation = request.operation
        if request.reference:
            return self._references.answer(request)
        self.log.undeclared += check_body(operation, request.body)
        act = self._routes.get(f"{operation.method} {operation.path}", self._serving.answer)
        answer = act(request)
        return answer if isinstance(answer, Answer) else await answer


def _parsed(body: bytes) -> Json:
    if not body:
        return None
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise Fault(400, "BadRequest", "Unable to read JSON request payload.") from None
    level: list[Json] = [parsed]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in (*object_of(one).values(), *list_of(one))]
        if not level:
            return parsed
    raise Fault(400, "BadRequest", "The JSON request payload is nested too deeply.")


def _written(body: Json) -> tuple[dict[str, str], bytes]:
    """Return the header that says what a body is, and its bytes."""
    if body is None:
        return {}, b""
    if isinstance(body, bytes):
        return {"content-type": "application/octet-stream"}, body
    return {"content-type": "application/json"}, json.dumps(body).encode()


def _created(answer: Answer) -> str | None:
    return answer.body.get("id") if answer.status == 201 else None


def _refusal(fault: Fault, date: str, request_id: str) -> Answer:
    inner = {"date": date, "request-id": request_id, "client-request-id": request_id}
    error = {"code": fault.code, "message": fault.message, "innerError": inner}
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.allow:
        headers["allow"] = fault.allow
    return Answer(fault.status, {"error": error}, headers)
