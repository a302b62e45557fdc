"""What both sessions share: where the service is, and how an exchange with it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

import httpx

from .arguments import HEADERS, Checks
from .attempt import Attempt, AttemptHook
from .clock import Clock
from .cloud import Cloud
from .decode import Decoder
from .exchange import Exchange
from .forms import check, instance, positive_count, refused, seconds
from .lazy import any_request
from .operation import Operation
from .options import LinkOptions, QueryOptions
from .recording import Recorded
from .request import (
    PreparedRequest,
    common_headers,
    prepare,
    prepare_link,
    prepare_recording,
    prepare_request,
)
from .retry import RetryPolicy
from .service_root import ServiceRoot
from .tracing import Tracing

if TYPE_CHECKING:
    from .any_request import AnyRequest

LINK = Operation(
    method="GET",
    path="{link}",
    python="follow",
    kind="list",
    parameters=(),
    returns=None,
    clouds=frozenset(Cloud),
)
"""What follows a link that an application has kept."""

_T = TypeVar("_T")


class Endpoint:
    """One service, and how requests to it begin."""

    def __init__(
        self,
        root: ServiceRoot,
        version: str,
        retry: RetryPolicy,
        clock: Clock,
        *,
        timeout: httpx.Timeout | float,
        headers: Mapping[str, str] | None,
        traced: bool,
        max_body: int,
        on_attempt: Callable[[Attempt], object] | None,
        can_refresh: bool,
    ) -> None:
        """`can_refresh`: the credential may return a different token after a 401.

        `traced`: the transport is one of httpx, which reports its steps. Raises TypeError or ValueError
        for options that no client can have.
        """
        self.root = root
        self._common = common_headers(
            version, check("headers", {} if headers is None else headers, HEADERS)
        )
        self._elsewhere = common_headers(version, {})
        self.retry: RetryPolicy = check("retry", retry, _POLICY)
        self._clock = clock
        self._timeout = (
            timeout
            if isinstance(timeout, httpx.Timeout)
            else httpx.Timeout(check("timeout", timeout, seconds("30.0")))
        )
        self._max_body: int = check("max_body", max_body, positive_count("33554432"))
        self._observers = [] if on_attempt is None else [AttemptHook(on_attempt)]
        self._tracing = Tracing(version)
        self._traced = traced
        self._can_refresh = can_refresh

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.root}>"

    def begin(
        self,
        operation: Operation,
        decoder: Decoder[_T] | None,
        arguments: Mapping[str, object],
        options: QueryOptions,
    ) -> Exchange[_T]:
        """Return the exchange for an operation; raises what ``prepare`` raises."""
        if operation.kind == "recording":
            prepared = prepare_recording(
                cast("Recorded", arguments["operation"]),
                self.root,
                options.get("headers"),
                method=operation.python,
                common=self._elsewhere,
            )
        else:
            prepared = prepare(operation, self.root, arguments, options, common=self._common)
        return self._exchange(operation, prepared, decoder, options)

    def begin_any(self, asked: AnyRequest, decoder: Decoder[_T]) -> Exchange[_T]:
        """Return the exchange for a request of the application's own."""
        prepared = prepare_request(
            asked.operation,
            self.root,
            asked.path,
            asked.content,
            asked.options,
            content_type=asked.content_type,
            common=self._common,
        )
        exchange = self._exchange(asked.operation, prepared, decoder, asked.options)
        exchange.documented = partial(
            any_request.permissions_of, asked.operation.method, asked.path
        )
        return exchange

    def follow(
        self,
        link: str,
        operation: Operation,
        decoder: Decoder[_T],
        options: LinkOptions,
    ) -> Exchange[_T]:
        """Return the exchange for the next page: always a GET, even if the first request was a POST."""
        prepared = prepare_link(link, self.root, options.get("headers"), common=self._common)
        reading = replace(operation, method="GET")
        exchange = self._exchange(reading, prepared, decoder, options)
        if operation is LINK:
            exchange.documented = partial(
                any_request.permissions_of, "GET", self.root.path_below(link)
            )
        return exchange

    def _exchange(
        self,
        operation: Operation,
        prepared: PreparedRequest,
        decoder: Decoder[_T] | None,
        options: LinkOptions,
    ) -> Exchange[_T]:
        once = not prepared.repeatable
        retry, timeout = options.get("retry", self.retry), options.get("timeout")
        return Exchange(
            operation=operation,
            prepared=prepared,
            decoder=decoder,
            may_renew=self._can_refresh and prepared.token is None and not once,
            policy=replace(retry, max_retries=0) if once else retry,
            clock=self._clock,
            timeout=self._timeout if timeout is None else httpx.Timeout(timeout),
            traced=self._traced,
            max_body=self._max_body,
            observers=[*self._observers],
        )


_POLICY = instance("RetryPolicy", "RetryPolicy(max_retries=1)", RetryPolicy)

_LINK_CHECKS = Checks(
    "follow", {"link": str}, {}, {name: name for name in LinkOptions.__annotations__}
)


def check_link(link: object, item: object, options: Mapping[str, object]) -> LinkOptions:
    """Return the options for following a link.

    Raises TypeError or ValueError for what is no link, for items whose class is no model, and for options
    that a link does not take.
    """
    _LINK_CHECKS.refuse_unknown(options)
    _LINK_CHECKS.take("link", link)
    if not any_request.is_model(item):
        raise refused("class of models", "Participant", item).located("follow: item")
    return cast(
        "LinkOptions", {name: _LINK_CHECKS.take(name, one) for name, one in options.items()}
    )
