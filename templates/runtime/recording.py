"""Recordings of what a caller said: they are not Graph's, and have an address and a token of their own.

Source: Graph documentation, "call: recordResponse",
https://learn.microsoft.com/graph/api/call-recordresponse
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .service_root import ServiceRoot, parse_address

RECORDING = "{recordingLocation}"
"""What a declaration has instead of a path below the service root."""


_NEEDED = ("recording_location", "recording_access_token")


@runtime_checkable
class Recorded(Protocol):
    """A `RecordOperation`, of whichever generated package."""

    @property
    def recording_location(self) -> str | None:
        """The address of the recording."""
        ...

    @property
    def recording_access_token(self) -> str | None:
        """The token for that address alone."""
        ...


def check_recorded(operation: Recorded, root: ServiceRoot, *, method: str) -> tuple[str, str]:
    """Return the address of a recording and the token for it.

    Raises ValueError, which quotes neither, if one is missing or not fit to be used.
    """
    found = operation.recording_location, operation.recording_access_token
    absent = [name for name, value in zip(_NEEDED, found, strict=True) if not value]
    if absent:
        problem: str | None = (
            f"the operation has no {' and no '.join(absent)}; Graph sends both in the notification that "
            "a recordResponse is completed, not in the response to it"
        )
    else:
        problem = _problem_of_location(found[0] or "", root)
    if problem is None and not _is_visible_ascii(found[1] or ""):
        problem = (
            "recording_access_token holds spaces, line breaks, control or non-ASCII characters"
        )
    if problem:
        del found  # tools that show local variables must not find the token
        raise ValueError(f"{method}: {problem}")
    return found[0] or "", found[1] or ""


def _problem_of_location(location: str, root: ServiceRoot) -> str | None:
    url = parse_address(location)
    if url is None:
        return "recording_location is not a valid address"
    if url.scheme not in ("https", "http") or not url.host:
        return "recording_location must begin with https:// and a host"
    if url.userinfo:
        return "recording_location must not hold a user name or a password"
    if url.scheme == "http" and url.host not in root.direct_hosts:
        return (
            "recording_location must begin with https://, so that its token is not sent in clear; "
            "http:// is for localhost, 127.0.0.1 and ::1"
        )
    return None


def _is_visible_ascii(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
