"""What both sessions share: where the service is, and how an exchange with it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar, cast

import httpx

from .attempt import Attempt, AttemptHook
from .clock import Clock
from .cloud import Cloud
from .decode import Decoder
from .exchange import Exchange
from .model import GraphModel
from .operation import Operation
from .options import QueryOptions
from .recording import Recorded
from .request import PreparedRequest, prepare, prepare_link, prepare_recording
from .retry import RetryPolicy
from .service_root import ServiceRoot
from .tracing import Tracing

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds per attempt: to connect, and for any pause while writing or reading."""

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
        traced: bool,
        max_body: int,
        on_attempt: Callable[[Attempt], object] | None,
        can_refresh: bool,
    ) -> None:
        """`can_refresh`: the credential may return a different token after a 401.

        `traced`: the transport is one of httpx, which reports its steps.
        """
        self.root = root
        self._version = version
        self._retry = retry
        self._clock = clock
        self._timeout = httpx.Timeout(timeout)
        if type(max_body) is not int or max_body <= 0:
            raise ValueError(f"max_body must be a number of bytes above 0, not {max_body!r}")
        self._max_body = max_body
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
                method=operation.python,
                version=self._version,
                headers=options.get("headers"),
            )
        else:
            prepared = prepare(operation, self.root, arguments, options, version=self._version)
        return self._exchange(operation, prepared, decoder)

    def follow(
        self,
        link: str,
        operation: Operation,
        decoder: Decoder[_T],
        headers: Mapping[str, str] | None,
    ) -> Exchange[_T]:
        """Return the exchange for the next page: always a GET, even if the first request was a POST."""
        prepared = prepare_link(link, self.root, version=self._version, headers=headers)
        reading = replace(operation, method="GET")
        return self._exchange(reading, prepared, decoder)

    def _exchange(
        self, operation: Operation, prepared: PreparedRequest, decoder: Decoder[_T] | None
    ) -> Exchange[_T]:
        once = not prepared.repeatable
        return Exchange(
            operation=operation,
            prepared=prepared,
            decoder=decoder,
            may_renew=self._can_refresh and prepared.token is None and not once,
            policy=replace(self._retry, max_retries=0) if once else self._retry,
            clock=self._clock,
            timeout=self._timeout,
            traced=self._traced,
            max_body=self._max_body,
            observers=[*self._observers],
        )


def check_link(link: object, item: object) -> None:
    """Raise TypeError for what is no link, and for items whose class is no model."""
    if not isinstance(link, str):
        raise TypeError(f"follow takes a link as text, not {type(link).__name__}")
    if not (isinstance(item, type) and issubclass(item, GraphModel)):
        raise TypeError("follow takes the class of the items, such as Participant")
