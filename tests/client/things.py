"""Operations on things, a model of the tests' own, for the tests of the session alone."""

from __future__ import annotations

from typing import Any, Unpack

from graph_comms._runtime import decode
from graph_comms._runtime.async_session import AsyncSession
from graph_comms._runtime.cloud import Cloud
from graph_comms._runtime.model import GraphModel
from graph_comms._runtime.operation import Operation, Parameter
from graph_comms._runtime.options import QueryOptions
from graph_comms._runtime.permissions import PermissionRule, Permissions
from graph_comms._runtime.service_root import choose_root
from graph_comms._runtime.session import Session
from tests.client.faces import Face
from tests.support.server import GraphServer, Played, Reply, json_reply

TOKEN = "marker-token-5f1c"


class Thing(GraphModel, odata_type="#test.thing"):
    """A model of the tests' own."""

    id: str | None = None
    subject: str | None = None


def operation(method: str, path: str, python: str, **changes: Any) -> Operation:
    """An operation of all clouds but China."""
    facts: dict[str, Any] = {
        "kind": python.rpartition(".")[2],
        "parameters": (),
        "returns": None,
        "clouds": frozenset(Cloud) - {Cloud.CHINA},
    }
    return Operation(method=method, path=path, python=python, **(facts | changes))


_THING = Parameter("thing", "thing", "body", "Thing", required=True)
_SELECT = Parameter("$select", "select", "query", "Sequence[str]", required=False)
_FILTER = Parameter("$filter", "filter", "query", "str", required=False)
_ID = Parameter("thing-id", "thing_id", "path", "str", required=True)

CREATE = operation(
    "POST",
    "/things",
    "things.create",
    parameters=(_THING,),
    returns="Thing",
    permissions=Permissions(
        application=("D.All",),
        rules=(
            PermissionRule(
                shape="big",
                description="a big thing",
                source="the page",
                when="subject",
                any_of=("A.All", "B.All"),
            ),
            PermissionRule(
                shape="small", description="a small thing", source="the page", any_of=("C.All",)
            ),
        ),
    ),
)
GET = operation(
    "GET", "/things/{thing-id}", "things.get", parameters=(_ID, _SELECT, _FILTER), returns="Thing"
)
UPDATE = operation("PATCH", "/things/{thing-id}", "things.update", parameters=(_ID, _THING))
DELETE = operation("DELETE", "/things/{thing-id}", "things.delete", parameters=(_ID,))

KEY = "1"
CREATED = json_reply(201, {"@odata.type": "#test.thing", "id": "1"})
FOUND = json_reply(200, {"@odata.type": "#test.thing", "id": "1"})
DELETED = Reply(204)
EXPIRED = json_reply(401, {"error": {"code": "InvalidAuthenticationToken", "message": "expired"}})
GONE = json_reply(404, {"error": {"code": "8522", "message": "not found"}})


class Connection(Face):
    """A session of either flavour, with methods for the operations above."""

    def __init__(
        self,
        flavour: str,
        server: GraphServer,
        credential: Any,
        cloud: Cloud,
        timeout: float,
        refusals: int,
        **settings: Any,
    ) -> None:
        super().__init__(flavour, {cloud.host: server}, refusals=refusals)
        cls = Session if flavour == "sync" else AsyncSession
        self.session: Session | AsyncSession = cls(
            credential,
            version="1.2.3",
            root=choose_root(Cloud.GLOBAL.base_url, cloud=cloud),
            timeout=timeout,
            clock=self._clock,
            transport=self._transport,
            **settings,
        )

    def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[GraphModel] | None = None,
        **options: Unpack[QueryOptions],
    ) -> Any:
        """Send an operation with its arguments in order, and read a model from the response."""
        names = [p.name for p in operation.parameters if p.location != "query"]
        given = dict(zip(names, arguments, strict=True))
        decoder: Any = None if returns is None else decode.model(returns)
        return self.finish(self.session.send(operation, decoder, given, options)).value

    def create(self, **fields: Any) -> Any:
        return self.send(CREATE, Thing(**fields), returns=Thing)

    def get(self) -> Any:
        return self.send(GET, KEY, returns=Thing)

    def delete(self) -> Any:
        return self.send(DELETE, KEY)

    def close(self) -> None:
        session = self.session
        self.end(session.close if isinstance(session, Session) else session.aclose)


class Graph:
    """A scripted server and connections to it, all of one flavour."""

    def __init__(self, flavour: str, server: GraphServer) -> None:
        self.flavour = flavour
        self.server = server
        self._connections: list[Connection] = []

    def connect(
        self,
        credential: Any = TOKEN,
        *,
        cloud: Cloud = Cloud.GLOBAL,
        timeout: float = 5.0,
        refusals: int = 0,
        **settings: Any,
    ) -> Connection:
        connection = Connection(
            self.flavour, self.server, credential, cloud, timeout, refusals, **settings
        )
        self._connections.append(connection)
        return connection

    def play(self, *steps: Played, **settings: Any) -> Connection:
        """Script the server and connect to it."""
        self.server.play(*steps)
        return self.connect(**settings)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.server.requests]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
