"""The same as ``session``, for asyncio: only the sending and the waiting differ."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar, Unpack, overload

import httpx

from . import decode
from .cloud import Cloud
from .credentials import AsyncCredential
from .endpoint import DEFAULT_TIMEOUT, Endpoint, page_fields
from .exchange import Answer, Exchange, Reply
from .model import GraphModel
from .operation import Operation
from .options import QueryOptions
from .page import AsyncPage, PageData

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
        self._client = httpx.AsyncClient(transport=transport, timeout=timeout)
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
            answer = await self._read(opened)
            delay = exchange.delay_after(answer)
            if delay is None:
                exchange.result(answer)
                return
            await self._sleep(delay)

    async def _chunks(
        self, response: httpx.Response, exchange: Exchange[Any]
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except httpx.RequestError as error:
            raise exchange.failure(error, ambiguous=True) from error

    async def _run(self, exchange: Exchange[_T]) -> _T | None:
        while True:
            answer = await self._read(await self._open(exchange))
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
        return response

    async def _read(self, opened: httpx.Response | httpx.RequestError) -> Answer:
        if isinstance(opened, httpx.RequestError):
            return opened
        body, complete = bytearray(), True
        async with aclosing(opened):
            try:
                async for chunk in opened.aiter_bytes():
                    body += chunk
            except httpx.RequestError:
                complete = False
        return Reply(opened.status_code, opened.headers, bytes(body), complete)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
