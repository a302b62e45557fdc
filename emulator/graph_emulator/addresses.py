"""Addresses that clients send: where notifications are to go."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NO_HOST = re.compile(r"[\s\[\]\\^`{|}<>\"]")


def is_https(address: str) -> bool:
    """Whether something can be sent to an address over https."""
    parts = _parts(address)
    return parts is not None and parts.scheme == "https"


def is_local(address: str) -> bool:
    """Whether an address is an http one of this machine."""
    parts = _parts(address)
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def _parts(address: str) -> SplitResult | None:
    """Return the parts of an address; None if it is none, or names no host that there can be."""
    try:
        parts = urlsplit(address)
        reachable = parts.port != 0  # reading the port says whether it is a number that there is
    except ValueError:
        return None
    return parts if reachable and parts.hostname and not _NO_HOST.search(parts.hostname) else None
