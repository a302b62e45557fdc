"""The same as ``session``, for asyncio: only the sending and the waiting differ."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar, Unpack, overload

import httpx

from . import decode
from .body import Body, async_pieces
from .cloud import Cloud
from .credentials import AsyncCredential
from .endpoint import DEFAULT_TIMEOUT, LIMITS, Endpoint, no_cookies, page_fields
from .exchange import NO_ADDRESS, Answer, Exchange, Reply
from .model import GraphModel
from .operation import Operation
from .options import QueryOptions
from .page import AsyncPage, PageData

MAX_AT_ONCE = 50
"""Attempts under way at the same time; more wait for their turn, for as long as it takes.

The pool of httpx would make them wait too, but with a time-out, and with work that grows with the
square of their number. Streams are not counted: who holds many open must not stop all else.
"""

_T = TypeVar("_T")
_M = TypeVar("_M", bound=GraphModel)


class AsyncSession(Endpoint):
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
        self._client = httpx.AsyncClient(
            transport=transport, timeout=timeout, limits=LIMITS, cookies=no_cookies()
        )
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._sleep = asyncio.sleep

    @overload
    async def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[_M],
        **options: Unpack[QueryOptions],
    ) -> _M: ...
    @overload
    async def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: None = None,
        **options: Unpack[QueryOptions],
    ) -> None: ...
    async def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[_M] | None = None,
        **options: Unpack[QueryOptions],
    ) -> _M | None:
        """As ``Session.send``."""
        decoder = None if returns is None else decode.model(returns)
        return await self._run(self.begin(operation, decoder, *arguments, **options))

    async def send_optional(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[_M],
        **options: Unpack[QueryOptions],
    ) -> _M | None:
        """As ``Session.send_optional``."""
        return await self._run(
            self.begin(operation, decode.optional_model(returns), *arguments, **options)
        )

    async def send_value(
        self, operation: Operation, *arguments: object, form: Any, **options: Unpack[QueryOptions]
    ) -> Any:
        """As ``Session.send_value``."""
        return await self._run(self.begin(operation, decode.value(form), *arguments, **options))

    async def send_count(
        self, operation: Operation, *arguments: object, **options: Unpack[QueryOptions]
    ) -> int:
        """As ``Session.send_count``."""
        return await self._run(self.begin(operation, decode.count(), *arguments, **options)) or 0

    async def send_content(
        self, operation: Operation, *arguments: object, **options: Unpack[QueryOptions]
    ) -> bytes:
        """As ``Session.send_content``."""
        return (
            await self._run(self.begin(operation, decode.content(), *arguments, **options)) or b""
        )

    async def send_page(
        self, operation: Operation, *arguments: object, item: Any, **options: Unpack[QueryOptions]
    ) -> AsyncPage[Any]:
        """As ``Session.send_page``."""
        decoder = decode.page(item)
        headers = options.get("headers")

        async def fetch(link: str) -> AsyncPage[Any]:
            data = await self._run(self.follow(link, operation, decoder, headers))
            return page(data)

        def page(data: PageData[Any] | None) -> AsyncPage[Any]:
            return AsyncPage(**page_fields(data or PageData([])), _fetch=fetch)

        first = await self._run(self.begin(operation, decoder, *arguments, **options))
        return page(first)

    @asynccontextmanager
    async def stream(
        self, operation: Operation, *arguments: object, **options: Unpack[QueryOptions]
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """As ``Session.stream``."""
        exchange = self.begin(operation, decode.content(), *arguments, **options)
        while True:
            opened = await self._open(exchange)
            if isinstance(opened, httpx.Response) and opened.is_success:
                exchange.log(opened)
                async with aclosing(opened):
                    yield self._chunks(opened, exchange)
                return
            answer = await self._read(opened, exchange)
            delay = exchange.delay_after(answer)
            if delay is None:
                exchange.result(answer)
                return
            await self._sleep(delay)

    async def _chunks(
        self, response: httpx.Response, exchange: Exchange[Any]
    ) -> AsyncIterator[bytes]:
        try:
            async for piece in async_pieces(response):
                yield piece
        except httpx.RequestError as error:
            raise exchange.failure(error, ambiguous=True) from error

    async def _run(self, exchange: Exchange[_T]) -> _T | None:
        while True:
            async with self._turns:
                answer = await self._read(await self._open(exchange), exchange)
            delay = exchange.delay_after(answer)
            if delay is None:
                return exchange.result(answer)
            await self._sleep(delay)

    async def _open(self, exchange: Exchange[Any]) -> httpx.Response | httpx.RequestError:
        request = exchange.attempt(await self._tokens.fetch_async())
        try:
            response = await self._client.send(request, stream=True)
            while elsewhere := exchange.redirected(response):
                await response.aclose()
                response = await self._client.send(elsewhere, stream=True)
        except httpx.RequestError as error:
            return error
        except NO_ADDRESS:
            return exchange.misled()
        return response

    async def _read(
        self, opened: httpx.Response | httpx.RequestError, exchange: Exchange[Any]
    ) -> Answer:
        if isinstance(opened, httpx.RequestError):
            return opened
        body = Body(exchange.limit(opened))
        async with aclosing(opened):
            try:
                async for piece in async_pieces(opened):
                    body.add(piece)
            except httpx.RequestError as error:
                body.failed(error)
        return Reply(opened.status_code, opened.headers, body.content(), body.fault)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
