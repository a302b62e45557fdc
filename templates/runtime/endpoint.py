"""What the two sessions have in common: a cloud, a credential for it, and how requests begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar

import httpx

from .clock import Clock
from .cloud import Cloud
from .decode import Decoder
from .exchange import Exchange
from .operation import Operation
from .options import QueryOptions
from .request import PreparedRequest, prepare, prepare_link

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds, for each attempt: to connect, and for any silence while writing or reading."""

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""All connections are kept open between requests: httpx's own limits would close most of them."""

_T = TypeVar("_T")


class Endpoint:
    """One cloud, and how requests to it begin."""

    def __init__(self, cloud: Cloud, version: str, clock: Clock, *, can_refresh: bool) -> None:
        """`can_refresh` says that the credential may give another token after a 401."""
        self.cloud = cloud
        self._version = version
        self._clock = clock
        self._can_refresh = can_refresh

    def __repr__(self) -> str:
        return f"<{type(self).__name__} cloud={self.cloud.name}>"

    def begin(
        self,
        operation: Operation,
        decoder: Decoder[_T] | None,
        arguments: Mapping[str, object],
        options: QueryOptions,
    ) -> Exchange[_T]:
        """Begin the request of an operation, as ``prepare`` builds it."""
        prepared = prepare(operation, self.cloud, arguments, options, version=self._version)
        return self._exchange(operation, prepared, decoder)

    def follow(
        self,
        link: str,
        operation: Operation,
        decoder: Decoder[_T],
        headers: Mapping[str, str] | None,
    ) -> Exchange[_T]:
        """Begin the request for the next page; it reads, whatever the first one did."""
        prepared = prepare_link(link, self.cloud, version=self._version, headers=headers)
        reading = replace(operation, method="GET")
        return self._exchange(reading, prepared, decoder)

    def _exchange(
        self, operation: Operation, prepared: PreparedRequest, decoder: Decoder[_T] | None
    ) -> Exchange[_T]:
        return Exchange(
            operation=operation,
            prepared=prepared,
            decoder=decoder,
            may_renew=self._can_refresh,
            clock=self._clock,
        )


def no_cookies() -> CookieJar:
    """Return a jar that stays empty: the service keeps no state there, and a jar only grows."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))
