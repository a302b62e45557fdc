"""Requests as HTTP has them, where a test needs more than the client can send."""

from __future__ import annotations

import httpx

from graph_emulator import Emulator, Person


def plain(svc: Emulator, user: Person | None = None) -> httpx.Client:
    """Return an HTTP client whose requests come to the emulator, below /v1.0, with a token."""
    token = svc._token(None, svc.tenant_id, user)()
    return httpx.Client(
        transport=svc.transport(),
        base_url="https://graph.microsoft.com/v1.0",
        headers={"Authorization": f"Bearer {token}"},
    )
