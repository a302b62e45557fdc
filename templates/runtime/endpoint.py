"""What the two sessions have in common: a cloud, a credential for it, and how requests begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar, Unpack

import httpx

from .cloud import Cloud
from .credentials import AsyncCredential, TokenSource
from .decode import Decoder
from .exchange import Exchange
from .operation import Operation
from .options import QueryOptions
from .page import PageData
from .request import prepare, prepare_link

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds, for each attempt: to connect, and for any silence while writing or reading."""

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""All connections are kept open between requests: httpx's own limits would close most of them."""

_T = TypeVar("_T")


class Endpoint:
    """One cloud, and a credential for it."""

    def __init__(self, credential: AsyncCredential, cloud: Cloud, version: str) -> None:
        self.cloud = cloud
        self._tokens = TokenSource(credential, cloud.scope)
        self._version = version

    def __repr__(self) -> str:
        return f"<{type(self).__name__} cloud={self.cloud.name}>"

    def begin(
        self,
        operation: Operation,
        decoder: Decoder[_T] | None,
        *arguments: object,
        **options: Unpack[QueryOptions],
    ) -> Exchange[_T]:
        """Begin the request of an operation, as ``prepare`` builds it."""
        prepared = prepare(operation, self.cloud, *arguments, version=self._version, **options)
        return Exchange(operation, prepared, decoder, may_renew=self._tokens.renewable)

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
        return Exchange(reading, prepared, decoder, may_renew=self._tokens.renewable)


def no_cookies() -> CookieJar:
    """Return a jar that stays empty: the service keeps no state there, and a jar only grows."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def page_fields(page: PageData[_T]) -> dict[str, Any]:
    """Return the fields of a page by name, to make a page of another class of them."""
    return {item.name: getattr(page, item.name) for item in fields(page)}
