"""What the examples share: settings from the environment, and a client."""

from __future__ import annotations

import os
import sys

import httpx

from graph_comms import CommunicationsClient


def setting(name: str) -> str:
    """Return an environment variable; end the program if it is not set."""
    value = os.environ.get(name)
    return value or sys.exit(f"set {name}; examples/README.md says to what")


def connect() -> CommunicationsClient:
    """Return a client: by a token, or as an application with a secret."""
    stand_in = os.environ.get("GRAPH_STAND_IN")
    if stand_in:
        return CommunicationsClient("no-secret", transport=StandIn(stand_in))
    token = os.environ.get("GRAPH_TOKEN")
    if token:
        return CommunicationsClient(token)
    from azure.identity import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        ClientSecretCredential,
    )

    return CommunicationsClient(
        ClientSecretCredential(setting("TENANT_ID"), setting("CLIENT_ID"), setting("CLIENT_SECRET"))
    )


class StandIn(httpx.BaseTransport):
    """Leads all requests to a server that plays Graph: nobody's phone rings."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the server instead."""
        request.url = request.url.copy_with(
            scheme=self._url.scheme, host=self._url.host, port=self._url.port
        )
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
