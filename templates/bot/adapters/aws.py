"""An endpoint as the handler of an AWS Lambda function.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from ..reply import Endpoint, Reply, join_fields, out_of_reach
from ..store import StoreError
from .service import Service

T = TypeVar("T")

Event = Mapping[str, Any]


class LambdaFunction:
    """Answers the events of API Gateway (payload formats 1.0 and 2.0) and of function URLs.

    Its event loop stands still between invocations, and connections stay open.
    """

    def __init__(self, endpoint: Endpoint, service: Service, *, inline: bool) -> None:
        self._endpoint = endpoint
        self._service = service
        self._inline = inline
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the kit in another handler, such as `app.run(bot.run_due())`."""
        return self._runner.run(coroutine)

    def close(self) -> None:
        """End its event loop: for tests, since the platform ends the process."""
        self._runner.close()

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        """Answer an event. Raises ValueError for one that is no HTTP request."""
        reply = self._runner.run(self._answer(_request(event)))
        return {
            "statusCode": reply.status,
            "headers": reply.headers,
            "body": reply.body.decode(),
            "isBase64Encoded": False,
        }

    async def _answer(self, request: _Request) -> Reply:
        try:
            async with self._service.invocation():
                reply = await self._endpoint.handle(
                    request.method, request.headers, request.query, request.body
                )
                if self._inline and reply.status == HTTPStatus.ACCEPTED:  # a 200 is waited for
                    await self._service.run_due()
                return reply
        except StoreError as error:
            return out_of_reach(error)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    headers: dict[str, str] = field(repr=False)
    query: str = field(repr=False)
    body: bytes = field(repr=False)


def _request(event: Event) -> _Request:
    text = event.get("body") or ""
    body = (
        b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    )
    if "httpMethod" in event:  # payload format 1.0
        several = _members(event, "multiValueHeaders")
        fields = [(name, value) for name, values in several.items() for value in values]
        parameters = _members(event, "multiValueQueryStringParameters")
        return _Request(
            event["httpMethod"],
            join_fields(fields or list(_members(event, "headers").items())),
            urlencode(parameters or _members(event, "queryStringParameters"), doseq=True),
            body,
        )
    http = _members(_members(event, "requestContext"), "http")
    if not http:
        raise ValueError(
            "not an HTTP event: use API Gateway (payload format 1.0 or 2.0) or a function URL"
        )
    fields = list(_members(event, "headers").items())
    return _Request(http["method"], join_fields(fields), event.get("rawQueryString", ""), body)


def _members(event: Event, name: str) -> dict[str, Any]:
    """Return a member that is an object; it may be missing or null."""
    members: dict[str, Any] | None = event.get(name)
    return members or {}
