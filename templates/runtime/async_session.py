"""Sending requests and waiting for answers: ``Exchange`` decides what they mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from .async_page import AsyncPage
from .attempt import Attempt
from .body import MAX_BODY, coding_of
from .clock import SYSTEM_CLOCK, Clock
from .connections import (
    DEFAULT_OPTIONS,
    DEFAULT_TIMEOUT,
    AsyncConnections,
    AsyncPool,
    ConnectionOptions,
)
from .content import ContentError, Opened, Upload, async_opened
from .credentials import AsyncCredential, AsyncTokens
from .deadline import AsyncWork, async_within
from .decode import Decoder, optional
from .endpoint import LINK, Endpoint
from .exchange import INVALID_ADDRESS, Answer, Exchange, Reply, socks_errors
from .headers import Headers
from .operation import Operation
from .options import LinkOptions, QueryOptions
from .paging import PageData
from .response import Response
from .retry import DEFAULT_RETRY, RetryPolicy
from .service_root import GRAPH, ServiceRoot

if TYPE_CHECKING:
    from .any_request import AnyRequest

_T = TypeVar("_T")
_A = TypeVar("_A", bound=Answer | httpx.Response)

Arguments = Mapping[str, object]
"""The arguments of an operation by their names in Python."""


class AsyncSession(Endpoint):
    """Sends operations to one service.

    All methods take an operation with its arguments and query options, as ``prepare`` does, and send
    again where that is safe. They raise a ``GraphError``, what ``prepare`` raises for bad arguments,
    and what the credential raises. Redirects are followed for streams only, and without the token:
    any other 3xx is an error.
    """

    def __init__(
        self,
        credential: AsyncCredential,
        *,
        version: str,
        root: ServiceRoot = GRAPH,
        transport: httpx.AsyncBaseTransport | None = None,
        options: ConnectionOptions = DEFAULT_OPTIONS,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        retry: RetryPolicy = DEFAULT_RETRY,
        headers: Mapping[str, str] | None = None,
        max_body: int = MAX_BODY,
        on_attempt: Callable[[Attempt], object] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``version`` is that of the package, for the User-Agent.

        Raises TypeError for a credential that this flavour of client cannot use, and ValueError for a
        malformed token.
        """
        self._tokens = AsyncTokens(credential, root.scope)
        super().__init__(
            root,
            version,
            retry,
            clock,
            timeout=timeout,
            headers=headers,
            traced=transport is None,
            max_body=max_body,
            on_attempt=on_attempt,
            can_refresh=self._tokens.can_refresh,
        )
        self._connections = AsyncConnections(options, root.mounts, transport, timeout)

    async def send(
        self,
        operation: Operation,
        decoder: Decoder[_T] | None,
        arguments: Arguments,
        options: QueryOptions,
    ) -> Response[_T | None]:
        """Return the response with what the decoder reads from it; without one the body is ignored."""
        return await self._run(self.begin(operation, decoder, arguments, options))

    async def send_page(
        self,
        operation: Operation,
        decoder: Decoder[PageData[Any]],
        arguments: Arguments,
        options: QueryOptions,
    ) -> Response[AsyncPage[Any] | None]:
        """Return the response with the first page of a collection."""
        pages = self._pages(operation, decoder, options)
        return await self._run(self.begin(operation, pages, arguments, options))

    async def send_link(
        self, link: str, decoder: Decoder[PageData[Any]], options: LinkOptions
    ) -> Any:
        """Return the `AsyncPage` that a link leads to; raises ForeignLinkError for another host."""
        pages = self._pages(LINK, decoder, options)
        response = await self._run(self.follow(link, LINK, pages, options))
        return response.value

    async def send_any(self, asked: AnyRequest) -> Any:
        """Return what a request of the application's own is answered with; None for an empty answer."""
        decoder: Decoder[Any] = asked.decoder
        if asked.is_page:
            decoder = optional(self._pages(asked.operation, decoder, asked.options))
        response = await self._run(self.begin_any(asked, decoder))
        return response.value

    def _pages(
        self,
        operation: Operation,
        decoder: Decoder[PageData[Any]],
        options: LinkOptions,
    ) -> Decoder[AsyncPage[Any]]:
        """Return the decoder of pages that lead to the next one."""

        def read(body: bytes) -> AsyncPage[Any]:
            return AsyncPage(**decoder.read(body).fields(), _fetch=fetch)

        async def fetch(link: str) -> AsyncPage[Any] | None:
            response = await self._run(self.follow(link, operation, pages, options))
            return response.value

        pages = Decoder(decoder.name, read)
        return pages

    @asynccontextmanager
    async def stream(
        self,
        operation: Operation,
        decoder: Decoder[bytes],
        arguments: Arguments,
        options: QueryOptions,
    ) -> AsyncGenerator[Response[AsyncIterator[bytes]]]:
        """Give the response with its stream, piece by piece, for as long as the context lasts."""
        exchange = self.begin(operation, decoder, arguments, options)
        with self._tracing.span(exchange):
            opened = await self._answer(exchange, lambda: self._open_stream(exchange))
            if not isinstance(opened, httpx.Response):
                exchange.result(opened)
                return
            exchange.opened(opened)
        async with aclosing(opened):
            headers = Headers.later(opened.headers.multi_items)
            yield Response(self._chunks(opened, exchange), opened.status_code, headers)

    async def _chunks(
        self, response: httpx.Response, exchange: Exchange[Any]
    ) -> AsyncIterator[bytes]:
        try:
            async for piece in _pieces(response):
                if piece:
                    yield piece
        except httpx.RequestError as error:
            raise exchange.failure(error, ambiguous=True) from error
        except httpx.StreamClosed:
            words = "the stream is closed: read it inside the with statement that opened it"
            raise RuntimeError(words) from None

    async def _run(self, exchange: Exchange[_T]) -> Response[_T | None]:
        with self._tracing.span(exchange):
            return exchange.result(await self._answer(exchange, lambda: self._attempt(exchange)))

    async def _answer(self, exchange: Exchange[Any], attempt: AsyncWork[_A]) -> _A | Answer:
        """Return the answer to the last attempt."""
        while True:
            departure = exchange.start()
            try:
                in_time = await async_within(exchange.remaining(), departure, attempt)
            except BaseException as error:
                exchange.interrupted(error)
                raise
            answer = exchange.cut_short() if in_time is None else in_time
            delay = exchange.delay_after(answer)
            if delay is None:
                return answer
            await self._clock.async_sleep(delay)

    async def _attempt(self, exchange: Exchange[Any]) -> Answer:
        pool = await self._connections.open()
        request = await self._authorized(exchange)
        async with pool.slots:
            return await self._read(await self._open(pool, request, exchange), exchange)

    async def _open_stream(self, exchange: Exchange[Any]) -> httpx.Response | Answer:
        pool = await self._connections.open()
        opened = await self._open(pool, await self._authorized(exchange), exchange)
        if isinstance(opened, httpx.Response) and opened.is_success:
            return opened
        return await self._read(opened, exchange)

    async def _authorized(self, exchange: Exchange[Any]) -> httpx.Request:
        upload = exchange.prepared.upload
        content = None if upload is None else await self._opened(upload, exchange)
        # No variable here holds the token: tools that show those of a traceback would find it.
        return exchange.attempt(
            exchange.prepared.token
            or await self._tokens.fetch(exchange.claims, limited=exchange.limited),
            content,
        )

    async def _opened(
        self, upload: Upload, exchange: Exchange[Any]
    ) -> Opened[AsyncIterator[bytes]]:
        method, limited = exchange.operation.python, exchange.limited
        return await async_opened(upload, exchange.departure, method=method, limited=limited)

    async def _open(
        self, pool: AsyncPool, request: httpx.Request, exchange: Exchange[Any]
    ) -> httpx.Response | httpx.RequestError:
        exchange.started = self._clock.timer()
        try:
            response = await self._send(pool, request, exchange)
            while elsewhere := exchange.redirected(response):
                await response.aclose()
                response = await self._send(pool, elsewhere, exchange)
        except httpx.RequestError as error:
            return error
        except INVALID_ADDRESS:
            return exchange.invalid_redirect()
        except socks_errors():
            return exchange.malformed_by_proxy()
        except ContentError as error:
            unread = exchange.unread(error)
        else:
            return response
        raise unread

    async def _send(
        self, pool: AsyncPool, request: httpx.Request, exchange: Exchange[Any]
    ) -> httpx.Response:
        self._connections.check()
        departure = exchange.departure
        departure.hand_over()
        request.extensions = exchange.extensions()
        if exchange.limited:

            async def trace(name: str, info: dict[str, Any]) -> None:
                departure.step(name, info)

            request.extensions["trace"] = trace
        return await pool.client.send(request, stream=True)

    async def _read(
        self, opened: httpx.Response | httpx.RequestError, exchange: Exchange[Any]
    ) -> Answer:
        if isinstance(opened, httpx.RequestError):
            return opened
        body = exchange.body_of(opened)
        async with aclosing(opened):
            try:
                async for piece in _pieces(opened):
                    exchange.departure.go_on()
                    body.add(piece)
            except httpx.RequestError as error:
                body.failed(error)
        return Reply(opened.status_code, opened.headers, body.content(), body.fault)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Give the decoded body as it arrives; raises an httpx.RequestError where it breaks off."""
    if response.is_stream_consumed:  # by a transport that makes up whole responses
        async for piece in response.aiter_bytes():
            yield piece
        return
    coding = coding_of(response)
    async for data in response.aiter_raw():
        for piece in coding.decode(data):
            yield piece
    coding.end()
