"""Addresses: where notifications are to go."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NO_HOST = re.compile(r"[\s\[\]\\^`{|}<>\"*]")
_PORTS = {"http": 80, "https": 443}


def is_https(address: str) -> bool:
    """Whether something can be sent to an address over https."""
    parts = _parts(address)
    return parts is not None and parts.scheme == "https"


def is_local(address: str) -> bool:
    """Whether an address is an http one of this machine."""
    parts = _parts(address)
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def origin_of(address: str) -> str | None:
    """Return the origin of an http address, such as http://127.0.0.1:8000; None for anything else."""
    parts = _parts(address)
    if parts is None or parts.scheme not in _PORTS:
        return None
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}:{parts.port or _PORTS[parts.scheme]}"


def is_origin(address: str) -> bool:
    """Whether an address is an origin and nothing more."""
    return origin_of(address) is not None and not set("/?#@") & set(
        address.removesuffix("/").partition("//")[2]
    )


def is_callback(address: str) -> bool:
    """Whether notifications can be posted to an address: one with a user has another Authorization."""
    return origin_of(address) is not None and "@" not in urlsplit(address).netloc


def _parts(address: str) -> SplitResult | None:
    """Return the parts of an address; None if it is none, or names no host that there can be."""
    try:
        parts = urlsplit(address)
        reachable = parts.port != 0  # reading the port says whether it is a number that there is
    except ValueError:
        return None
    return parts if reachable and parts.hostname and not _NO_HOST.search(parts.hostname) else None
