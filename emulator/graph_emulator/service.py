"""The service: takes a request as HTTP has it, and answers as Graph would."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from graph_comms._runtime.model import GraphModel, is_open
from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .access_policies import AccessPolicies
from .behaviours import Behaviour
from .bodies import check_body, wrong_body
from .call_records import CallRecords
from .calling import Calling
from .calls import Calls
from .delivery import Delivery
from .directory import Directory
from .faults import Fault
from .groups import Groups
from .ids import Seeded, same_id
from .json_text import parsed_json
from .log import By, Log, Logged, Undeclared, hidden
from .media import Media
from .meeting_events import MeetingEvents
from .meeting_reports import MeetingReports
from .meetings import Meetings
from .messages import Answer, Request
from .metadata import entity_type, type_name_of
from .odata.entities import Entities
from .odata.references import References
from .odata.serving import Serving
from .online_meetings import OnlineMeetings
from .permissions import check_permissions
from .presence import Presences
from .quotas import Quotas
from .receivers import Receivers
from .recording_policies import RecordingPolicies
from .routing import Route, Router
from .routing_groups import RoutingGroups
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

NO_CONTENT = 204

_DIAGNOSTIC = json.dumps(
    {"ServerInfo": {"DataCenter": "Emulator", "Slice": "E", "Ring": "1", "ScaleUnit": "000"}},
    separators=(",", ":"),
)
"""Where Graph says which of its machines has answered."""

_QUALIFIED = re.compile(r"\w{1,60}(\.\w{1,60}){1,4}")
_ROUTER = Router()


class Service:
    """Graph's cloud communications, without the network that leads there."""

    def __init__(
        self,
        *,
        seed: int,
        forms: Forms,
        receivers: Receivers,
        schedule: Schedule | None = None,
    ) -> None:
        self.schedule = schedule or Schedule()
        self.seeded = Seeded(seed)
        self.teller = Teller()
        self.authority = Authority(self.teller)
        self.log = Log()
        self.directory = Directory(self.seeded, self.teller)
        self.delivery = Delivery(self.schedule, self.authority, self.log, receivers)
        self.calls = Calls(self.schedule, self.seeded, self.directory, self.delivery, forms)
        self.meetings = Meetings(self.teller)
        self.media = Media(self.calls)
        self.recording_policies = RecordingPolicies(self.calls, self.delivery)
        self._routing_groups = RoutingGroups(self.calls)
        self.entities = Entities(self.seeded)
        self._serving = Serving(self.entities, self.calls)
        self._references = References(self.entities, _ROUTER)
        CallRecords(self.schedule, self.entities, self.calls)
        MeetingReports(self.schedule, self.seeded, self.entities, self.calls)
        self.subscriptions = Subscriptions(
            self.schedule,
            self.seeded,
            self.authority,
            self.delivery,
            self.entities,
            self._serving,
            self.meetings,
        )
        self._meeting_events = MeetingEvents(self.schedule, self.calls, self.subscriptions)
        self._presences = Presences(self.schedule, self.entities, self._serving)
        self._routes: dict[str, Callable[[Request], Answer | Awaitable[Answer]]] = {
            **Calling(self.calls, self.meetings).routes(),
            **self.media.routes(),
            **Groups(self.calls).routes(),
            **Transfers(self.calls).routes(),
            **self._presences.routes(),
            **self.subscriptions.routes(),
            **OnlineMeetings(self.schedule, self.seeded, self.entities, self.meetings).routes(),
            **Sharing(self.calls).routes(),
            **self.recording_policies.routes(),
            **self._routing_groups.routes(),
        }
        self.policies = AccessPolicies(forms)
        self.quotas: Quotas | None = None
        self.platform_codes = True
        """Whether refusals have the codes that only the platform's list documents."""
        self.on_reset: Callable[[], object] = _nothing
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
        self.recording_policies.clear()
        self._routing_groups.clear()
        self.failing.clear()
        self.throttles.clear()
        self.policies.clear()
        self.quotas = None
        self.entities.store.clear()
        self._presences.clear()
        self.subscriptions.clear()
        self._meeting_events.clear()
        self.on_reset()

    async def handle(
        self,
        method: str,
        scheme: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        by: By = "bot",
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer; header names are in lower case."""
        with self.schedule.busy(), self.log.begun() as number:
            return await self._handle(number, method, scheme, path, query, headers, body, by)

    async def _handle(
        self,
        number: int,
        method: str,
        scheme: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        by: By,
    ) -> tuple[int, dict[str, str], bytes]:
        request_id = self.seeded.guid("request")
        client_request_id = headers.get("client-request-id", request_id)
        name, call_id, sent = method.lower(), None, None
        undeclared: list[Undeclared] = []
        try:
            recording = self.media.recordings.read(path, headers) if method == "GET" else None
            if recording is not None:
                answer = Answer(200, recording)
            else:
                route = self._route(method, path)
                request = self._request(route, scheme, query, headers, body)
                name, call_id, sent = request.name, request.keys.get("call-id"), request.body
                answer = await self._answer(request, undeclared)
                call_id = call_id or _created(answer)
        except Fault as fault:
            answer = self._refusal(fault, client_request_id, request_id)
        self.log.request(
            Logged(
                number=number,
                time=self.schedule.time,
                name=name,
                method=method,
                path=hidden(path),
                call_id=call_id and same_id(call_id),
                status=answer.status,
                body=hidden(sent),
                answer=None if isinstance(answer.body, bytes) else hidden(answer.body),
                query=query,
                by=by,
                caller=self.authority.sender(headers) if by == "client" else None,
                undeclared=tuple(undeclared),
            )
        )
        kind, written = _written(answer.status, answer.body)
        usual = {
            "request-id": request_id,
            "client-request-id": client_request_id,
            "x-ms-ags-diagnostic": _DIAGNOSTIC,
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
        raise _not_found(path)

    def _request(
        self, route: Route, scheme: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Request:
        try:
            caller = self.authority.caller(headers.get("authorization"))
        except InvalidTokenError as error:
            raise Fault(401, "InvalidAuthenticationToken", str(error)) from None
        caller = self.directory.admitted(caller)
        if len(body) > MOST:
            raise Fault(413, "RequestEntityTooLarge", "The body is too large.")
        host = headers.get("host", "graph.microsoft.com")
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

    def _refusal(self, fault: Fault, client_request_id: str, request_id: str) -> Answer:
        date = self.schedule.now().strftime("%Y-%m-%dT%H:%M:%S")
        inner = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
        code, message = fault.code, fault.message
        if fault.platform and not self.platform_codes:
            code, message = "BadRequest", ""
        error = {"code": code, "message": message, "innerError": inner}
        headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
        if fault.allow:
            headers["allow"] = fault.allow
        return Answer(fault.status, {"error": error}, headers)

    async def _answer(self, request: Request, undeclared: list[Undeclared]) -> Answer:
        """Answer a request, after adding what no type declares of its body."""
        if failing := self.failing.get(request.name):
            raise failing.pop(0)
        if throttle := self.throttles.get(request.name):
            throttle.take(self.schedule.time)
        if self.quotas is not None:
            self.quotas.take(request)
        check_permissions(request)
        self.policies.check(request)
        operation = request.operation
        if request.reference:
            return self._references.answer(request)
        undeclared += check_body(operation, request.body)
        act = self._routes.get(f"{operation.method} {operation.path}", self._serving.answer)
        answering = act(request)
        answer = answering if isinstance(answering, Answer) else await answering
        if "call-id" in request.keys and object_of(answer.body).get("status") == "running":
            call = self.calls[request.keys["call-id"]]
            await self.delivery.overtake(call, text_of(object_of(answer.body).get("id")))
        return answer


def _not_found(path: str) -> Fault:
    """Return the answer about a path that is none; OData has words of its own for qualified names."""
    above, _, last = path.rstrip("/").rpartition("/")
    if _QUALIFIED.fullmatch(last):
        if owner := _type_at(above):
            return wrong_body(
                f"The type '{last}' specified in the URI is neither a base type nor a sub-type of the"
                f" previously-specified type '{type_name_of(owner)}'."
            )
        holder = _type_at(above.rpartition("/")[0])
        if holder and is_open(holder):
            return wrong_body(
                f"Found a function '{last}' on an open property. Functions on open properties are not"
                " supported."
            )
    return Fault(404, "BadRequest", "Resource not found for the segment.")


def _type_at(path: str) -> type[GraphModel] | None:
    found = _ROUTER.find("GET", path)
    return entity_type(found.operation) if isinstance(found, Route) else None


def _nothing() -> None:
    """Nobody wants to know of a reset."""


def _parsed(body: bytes) -> Json:
    if not body:
        return None
    try:
        parsed = parsed_json(body, _object)
    except ValueError:
        raise Fault(400, "BadRequest", "Unable to read JSON request payload.") from None
    level: list[Json] = [parsed]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in (*object_of(one).values(), *list_of(one))]
        if not level:
            return parsed
    raise Fault(400, "BadRequest", "The JSON request payload is nested too deeply.")


def _object(members: list[tuple[str, Json]]) -> dict[str, Json]:
    """Return a JSON object; raises Fault for a name that comes twice, in the words of OData's own library."""
    parsed = dict(members)
    if len(parsed) < len(members):
        [(name, _), *_] = Counter(name for name, _ in members).most_common(1)
        raise wrong_body(
            f"Multiple properties with the name '{name[:200]}' were detected in a resource or a complex"
            " value. In OData, duplicate property names are not allowed."
        )
    return parsed


def _written(status: int, body: Json) -> tuple[dict[str, str], bytes]:
    """Return the header that says what a body is, and its bytes."""
    if body is None:
        return {"content-length": "0"} if status != NO_CONTENT else {}, b""
    if isinstance(body, bytes):
        return {"content-type": "application/octet-stream"}, body
    return {"content-type": "application/json"}, json.dumps(body).encode()


def _created(answer: Answer) -> str | None:
    return answer.body.get("id") if answer.status == 201 else None


_ISSUES = "https://github.com/microsoftgraph/"
_REFUSED = "tests/emulator/test_refused.py::"
_HTTP = "tests/emulator/test_over_http.py::"

BEHAVIOURS = (
    Behaviour("http.headers", "W", "captured answers", f"{_HTTP}test_every_answer_has_the_headers_of_graph"),
    Behaviour(
        "http.location", "D", "https://learn.microsoft.com/graph/api/call-playprompt",
        f"{_HTTP}test_what_was_made_is_where_location_says",
    ),
    Behaviour(
        "http.spellings", "D", "https://learn.microsoft.com/graph/api/call-answer",
        f"{_HTTP}test_calls_and_actions_are_spelled_in_several_ways",
    ),
    Behaviour(
        "http.contexts", "D", "https://learn.microsoft.com/graph/api/participant-get",
        f"{_HTTP}test_contexts_of_calls",
    ),
    Behaviour(
        "refused.qualified", "W",
        f"{_ISSUES}msgraph-sdk-dotnet/issues/625, {_ISSUES}microsoft-graph-comms-samples/issues/320",
        f"{_REFUSED}test_a_qualified_name_in_the_wrong_place",
    ),
    Behaviour(
        "refused.names", "S", "Microsoft.OData.Core: DuplicatePropertyNamesNotAllowed",
        f"{_REFUSED}test_a_name_that_comes_twice_is_refused",
    ),
    Behaviour(
        "refused.platform", "D-ACS", "can be left out: platform_codes=False",
        f"{_REFUSED}test_codes_of_the_platform_can_be_left_out",
    ),
)  # fmt: skip
