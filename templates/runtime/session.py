"""Sending requests: ``_Exchange`` decides what answers mean, the two sessions only do the I/O."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeAlias, TypeVar, Unpack, overload

import httpx
from pydantic import ValidationError

from .cloud import Cloud
from .credentials import AsyncCredential, Credential, TokenSource
from .errors import GraphTransportError, decode_error, http_error, misfit
from .model import GraphModel
from .operation import Operation
from .permissions import required_permissions
from .request import Arguments, PreparedRequest, prepare
from .retry import after_failure, after_response, delay_before, parse_retry_after

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds, for each attempt: to connect, and for any silence while writing or reading."""

_T = TypeVar("_T", bound=GraphModel)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_logger = logging.getLogger("graph_comms")


@dataclass(frozen=True, slots=True)
class _Reply:
    """The response to one attempt, as far as it came."""

    status: int
    headers: httpx.Headers
    body: bytes
    complete: bool

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        return parse_retry_after(self.headers.get("retry-after"), datetime.now(UTC))


_Answer: TypeAlias = _Reply | httpx.RequestError


@dataclass(slots=True)
class _Exchange(Generic[_T]):
    """One logical request, from its first attempt to its result; does no I/O."""

    operation: Operation
    prepared: PreparedRequest
    returns: type[_T] | None
    may_renew: bool
    repetitions: int = 0
    ambiguous: bool = False
    request: httpx.Request = field(init=False)
    started: float = field(init=False)

    def attempt(self, token: str) -> httpx.Request:
        """The request for the next attempt."""
        self.started = time.perf_counter()
        self.request = self.prepared.authorized(token)
        return self.request

    def delay_after(self, answer: _Answer) -> float | None:
        """Seconds to wait before the next attempt, or None: this answer is the last.

        A 401 is repeated once if the credential may give another token by then. The service
        refused to act on that request (RFC 9110, 15.5.2), so this is safe for a create too.
        """
        self._log(answer)
        if isinstance(answer, httpx.RequestError):
            outcome = after_failure(ambiguous=not isinstance(answer, _NOT_SENT))
        elif answer.status == 401 and self.may_renew:
            self.may_renew = False
            return 0.0
        else:
            enough = answer.complete or not answer.is_success or self.returns is None
            outcome = after_response(answer.status, answer.retry_after, complete=enough)
        self.ambiguous |= outcome.ambiguous
        self.repetitions += 1
        return delay_before(self.repetitions, self.operation, outcome, random.random())

    def result(self, answer: _Answer) -> _T | None:
        """What the last answer means for the caller: a model, None, or one of our exceptions.

        Where an earlier attempt to delete may have succeeded unseen, finding nothing left to
        delete is success.
        """
        if isinstance(answer, httpx.RequestError):
            # httpx errors carry their request, and logging tools show what exceptions carry.
            self.request.headers.pop("Authorization")
            raise GraphTransportError(
                reason=f"{type(answer).__name__}: {answer}",
                ambiguous=self.ambiguous,
                client_request_id=self.prepared.client_request_id,
            ) from answer
        if answer.status == 404 and self.operation.method == "DELETE" and self.ambiguous:
            return None
        if not answer.is_success:
            raise http_error(
                answer.status,
                answer.headers,
                answer.body,
                client_request_id=self.prepared.client_request_id,
                retry_after=answer.retry_after,
                need=required_permissions(self.operation.permissions, self.prepared.wire_body),
            )
        return None if self.returns is None else self._decode(answer, self.returns)

    def _decode(self, reply: _Reply, returns: type[_T]) -> _T:
        problem = "is empty" if reply.complete else "broke off"
        if reply.complete and reply.body:
            try:
                return returns.from_json(reply.body)
            except ValidationError as error:
                problem = misfit(error)
        raise decode_error(
            reply.status,
            reply.headers,
            reply.body,
            client_request_id=self.prepared.client_request_id,
            expected=returns.__name__,
            problem=problem,
        )

    def _log(self, answer: _Answer) -> None:
        reply = answer if isinstance(answer, _Reply) else None
        _logger.debug(
            "%s %s: %s, request-id %s, client-request-id %s, %.0f ms",
            self.operation.method,
            self.operation.path,
            reply.status if reply else type(answer).__name__,
            reply.headers.get("request-id") if reply else None,
            self.prepared.client_request_id,
            (time.perf_counter() - self.started) * 1000,
        )


class _Endpoint:
    """What the two sessions have in common: a cloud, and a credential for it."""

    def __init__(self, credential: AsyncCredential, cloud: Cloud, version: str) -> None:
        self.cloud = cloud
        self._tokens = TokenSource(credential, cloud.scope)
        self._version = version

    def __repr__(self) -> str:
        return f"<{type(self).__name__} cloud={self.cloud.name}>"

    def _begin(
        self, operation: Operation, returns: type[_T] | None, **arguments: Unpack[Arguments]
    ) -> _Exchange[_T]:
        prepared = prepare(operation, self.cloud, version=self._version, **arguments)
        return _Exchange(operation, prepared, returns, may_renew=self._tokens.renewable)


class Session(_Endpoint):
    """Sends operations to one cloud; may be used from many threads.

    Redirects are not followed, so the token never goes to another host: a 3xx is an error.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        version: str,
        cloud: Cloud = Cloud.GLOBAL,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        """``version`` is that of the package, for the User-Agent.

        Raises TypeError for what is no credential or a credential which is known to be async, and
        ValueError for a malformed token.
        """
        super().__init__(credential, cloud, version)
        if self._tokens.is_async:
            raise TypeError("this credential is async: use it with the async client")
        self._client = httpx.Client(transport=transport, timeout=timeout)
        self._sleep = time.sleep

    @overload
    def send(
        self, operation: Operation, *, returns: type[_T], **arguments: Unpack[Arguments]
    ) -> _T: ...
    @overload
    def send(
        self, operation: Operation, *, returns: None = None, **arguments: Unpack[Arguments]
    ) -> None: ...
    def send(
        self,
        operation: Operation,
        *,
        returns: type[_T] | None = None,
        **arguments: Unpack[Arguments],
    ) -> _T | None:
        """Send an operation, again where that is safe, and return the model in the response.

        Takes the arguments of ``prepare``. With ``returns=None`` the response's body is ignored.
        Raises a ``GraphError``, what ``prepare`` raises for bad arguments, and what the credential
        raises.
        """
        exchange = self._begin(operation, returns, **arguments)
        while True:
            answer = self._answer(exchange.attempt(self._tokens.fetch()))
            delay = exchange.delay_after(answer)
            if delay is None:
                return exchange.result(answer)
            self._sleep(delay)

    def _answer(self, request: httpx.Request) -> _Answer:
        try:
            response = self._client.send(request, stream=True)
        except httpx.RequestError as error:
            return error
        body, complete = bytearray(), True
        with closing(response):
            try:
                for chunk in response.iter_bytes():
                    body += chunk
            except httpx.RequestError:
                complete = False
        return _Reply(response.status_code, response.headers, bytes(body), complete)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncSession(_Endpoint):
    """``Session`` for asyncio."""

    def __init__(
        self,
        credential: AsyncCredential,
        *,
        version: str,
        cloud: Cloud = Cloud.GLOBAL,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        """As ``Session``; the credential may be async too."""
        super().__init__(credential, cloud, version)
        self._client = httpx.AsyncClient(transport=transport, timeout=timeout)
        self._sleep = asyncio.sleep

    @overload
    async def send(
        self, operation: Operation, *, returns: type[_T], **arguments: Unpack[Arguments]
    ) -> _T: ...
    @overload
    async def send(
        self, operation: Operation, *, returns: None = None, **arguments: Unpack[Arguments]
    ) -> None: ...
    async def send(
        self,
        operation: Operation,
        *,
        returns: type[_T] | None = None,
        **arguments: Unpack[Arguments],
    ) -> _T | None:
        """As ``Session.send``."""
        exchange = self._begin(operation, returns, **arguments)
        while True:
            answer = await self._answer(exchange.attempt(await self._tokens.fetch_async()))
            delay = exchange.delay_after(answer)
            if delay is None:
                return exchange.result(answer)
            await self._sleep(delay)

    async def _answer(self, request: httpx.Request) -> _Answer:
        try:
            response = await self._client.send(request, stream=True)
        except httpx.RequestError as error:
            return error
        body, complete = bytearray(), True
        async with aclosing(response):
            try:
                async for chunk in response.aiter_bytes():
                    body += chunk
            except httpx.RequestError:
                complete = False
        return _Reply(response.status_code, response.headers, bytes(body), complete)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
