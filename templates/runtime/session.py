"""Sending requests and waiting for answers: ``Exchange`` decides what they mean."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar, Unpack, overload

import httpx

from . import decode
from .body import Body, pieces
from .cloud import Cloud
from .credentials import Credential
from .endpoint import DEFAULT_TIMEOUT, LIMITS, Endpoint, no_cookies, page_fields
from .exchange import NO_ADDRESS, Answer, Exchange, Reply
from .model import GraphModel
from .operation import Operation
from .options import QueryOptions
from .page import Page, PageData

_T = TypeVar("_T")
_M = TypeVar("_M", bound=GraphModel)


class Session(Endpoint):
    """Sends operations to one cloud; may be used from many threads.

    All methods take the arguments of ``prepare`` and send again where that is safe. They raise a
    ``GraphError``, what ``prepare`` raises for bad arguments, and what the credential raises.
    Redirects are followed for streams only, and without the token: any other 3xx is an error.
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
        self._client = httpx.Client(
            transport=transport, timeout=timeout, limits=LIMITS, cookies=no_cookies()
        )
        self._sleep = time.sleep

    @overload
    def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[_M],
        **options: Unpack[QueryOptions],
    ) -> _M: ...
    @overload
    def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: None = None,
        **options: Unpack[QueryOptions],
    ) -> None: ...
    def send(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[_M] | None = None,
        **options: Unpack[QueryOptions],
    ) -> _M | None:
        """Return the model in the response; with ``returns=None`` its body is ignored."""
        decoder = None if returns is None else decode.model(returns)
        return self._run(self.begin(operation, decoder, *arguments, **options))

    def send_optional(
        self,
        operation: Operation,
        *arguments: object,
        returns: type[_M],
        **options: Unpack[QueryOptions],
    ) -> _M | None:
        """Return the model in the response, or None where it has no body."""
        return self._run(
            self.begin(operation, decode.optional_model(returns), *arguments, **options)
        )

    def send_value(
        self, operation: Operation, *arguments: object, form: Any, **options: Unpack[QueryOptions]
    ) -> Any:
        """Return the primitive value in the response, of a runtime Edm type."""
        return self._run(self.begin(operation, decode.value(form), *arguments, **options))

    def send_count(
        self, operation: Operation, *arguments: object, **options: Unpack[QueryOptions]
    ) -> int:
        """Return the number in the response."""
        return self._run(self.begin(operation, decode.count(), *arguments, **options)) or 0

    def send_content(
        self, operation: Operation, *arguments: object, **options: Unpack[QueryOptions]
    ) -> bytes:
        """Return the stream in the response."""
        return self._run(self.begin(operation, decode.content(), *arguments, **options)) or b""

    def send_page(
        self, operation: Operation, *arguments: object, item: Any, **options: Unpack[QueryOptions]
    ) -> Page[Any]:
        """Return the first page of the collection in the response."""
        decoder = decode.page(item)
        headers = options.get("headers")

        def fetch(link: str) -> Page[Any]:
            data = self._run(self.follow(link, operation, decoder, headers))
            return page(data)

        def page(data: PageData[Any] | None) -> Page[Any]:
            return Page(**page_fields(data or PageData([])), _fetch=fetch)

        first = self._run(self.begin(operation, decoder, *arguments, **options))
        return page(first)

    @contextmanager
    def stream(
        self, operation: Operation, *arguments: object, **options: Unpack[QueryOptions]
    ) -> Generator[Iterator[bytes]]:
        """Give the stream in the response piece by piece, for as long as the context lasts."""
        exchange = self.begin(operation, decode.content(), *arguments, **options)
        while True:
            opened = self._open(exchange)
            if isinstance(opened, httpx.Response) and opened.is_success:
                exchange.log(opened)
                with closing(opened):
                    yield self._chunks(opened, exchange)
                return
            answer = self._read(opened, exchange)
            delay = exchange.delay_after(answer)
            if delay is None:
                exchange.result(answer)
                return
            self._sleep(delay)

    def _chunks(self, response: httpx.Response, exchange: Exchange[Any]) -> Iterator[bytes]:
        try:
            yield from pieces(response)
        except httpx.RequestError as error:
            raise exchange.failure(error, ambiguous=True) from error

    def _run(self, exchange: Exchange[_T]) -> _T | None:
        while True:
            answer = self._read(self._open(exchange), exchange)
            delay = exchange.delay_after(answer)
            if delay is None:
                return exchange.result(answer)
            self._sleep(delay)

    def _open(self, exchange: Exchange[Any]) -> httpx.Response | httpx.RequestError:
        request = exchange.attempt(self._tokens.fetch())
        try:
            response = self._client.send(request, stream=True)
            while elsewhere := exchange.redirected(response):
                response.close()
                response = self._client.send(elsewhere, stream=True)
        except httpx.RequestError as error:
            return error
        except NO_ADDRESS:
            return exchange.misled()
        return response

    def _read(self, opened: httpx.Response | httpx.RequestError, exchange: Exchange[Any]) -> Answer:
        if isinstance(opened, httpx.RequestError):
            return opened
        body = Body(exchange.limit(opened))
        with closing(opened):
            try:
                for piece in pieces(opened):
                    body.add(piece)
            except httpx.RequestError as error:
                body.failed(error)
        return Reply(opened.status_code, opened.headers, body.content(), body.fault)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
