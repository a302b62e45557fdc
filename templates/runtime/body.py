"""Reads the body of a response as it arrives: decodes it in small steps and counts its size.

A few kilobytes of gzip can expand to gigabytes, so no step yields more than `PIECE` bytes. A stream
that ends before its coding does is broken, however cleanly the connection was closed.
Source: RFC 9110, 8.4 (content codings); RFC 1950 and 1952.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import httpx

MAX_BODY = 32 * 2**20
"""Largest body that is parsed unless a client is given another limit, in bytes after decompression."""
KEPT = 2**16
"""Bytes kept of the body of an error, and of one that exceeds its limit."""
PIECE = 2**20
"""Most bytes that one step of decompression yields."""

BROKE_OFF = "broke off"
"""The fault of a body that another attempt may deliver complete."""


class UnwantedBodyError(httpx.DecodingError):
    """A body that is not read on: too long, or in a coding that was not requested."""


class Body:
    """Collects the bytes of a body; its repr never shows them."""

    __slots__ = ("_bytes", "_limit", "fault")

    fault: str | None
    """What is wrong with the body; None if it is complete."""

    def __init__(self, limit: float = math.inf) -> None:
        self._bytes = bytearray()
        self._limit = limit
        self.fault = None

    def add(self, piece: bytes) -> None:
        """Add a piece; beyond the limit, keeps only the beginning and raises UnwantedBodyError."""
        self._bytes += piece
        if len(self._bytes) > self._limit:
            del self._bytes[KEPT:]
            raise UnwantedBodyError(f"is longer than {self._limit / 2**20:g} MiB")

    def failed(self, error: httpx.RequestError) -> None:
        """Record what ended the reading early."""
        self.fault = str(error) if isinstance(error, UnwantedBodyError) else BROKE_OFF

    def content(self) -> bytes:
        """Return the bytes received."""
        return bytes(self._bytes)


class Excerpt(Body):
    """Collects the beginning of a body: `KEPT` bytes at most, and what arrives within some seconds.

    That is enough of an error, whose status says already that the request failed.
    """

    __slots__ = ("_timer", "_until")

    def __init__(self, seconds: float, timer: Callable[[], float]) -> None:
        super().__init__(KEPT)
        self._timer = timer
        self._until = timer() + seconds

    def add(self, piece: bytes) -> None:
        """Add a piece; raises UnwantedBodyError as soon as nothing more is wanted."""
        self._bytes += piece[: KEPT - len(self._bytes)]
        if len(self._bytes) == KEPT or self._timer() >= self._until:
            raise UnwantedBodyError("is not read on")


class Coding(Protocol):
    """Decodes a body piece by piece; raises httpx.DecodingError if the body is malformed."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded form of the next bytes, in pieces of which some may be empty."""
        ...

    def end(self) -> None:
        """Finish; raises httpx.DecodingError if the body is incomplete."""
        ...


def coding_of(response: httpx.Response) -> Coding:
    """Return the decoder that the headers of a response call for."""
    name = response.headers.get("content-encoding", "").strip().lower()
    if name in ("", "identity"):
        return _Identity()
    if name in ("gzip", "x-gzip"):
        return _Compressed(zlib.MAX_WBITS | 16)
    if name == "deflate":
        # Some servers leave out the wrapper that RFC 9110, 8.4.1.2 asks for.
        return _Compressed(zlib.MAX_WBITS, -zlib.MAX_WBITS)
    return _Unknown()


class _Identity:
    def decode(self, data: bytes) -> Iterator[bytes]:
        yield data

    def end(self) -> None:
        pass


class _Unknown:
    """A coding that was not requested, or several: nested codings can hide a bomb in a bomb."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        raise UnwantedBodyError("is in a content coding that was not requested")

    def end(self) -> None:
        pass


class _Compressed:
    """zlib or gzip; `forms` are the `wbits` values of zlib to try in turn."""

    def __init__(self, *forms: int) -> None:
        self._forms = forms
        self._engine = zlib.decompressobj(forms[0])
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        full = False
        while data or full:
            if data and self._engine.eof:  # one member may follow another (RFC 1952, 2.2)
                self._engine = zlib.decompressobj(self._forms[0])
            piece = self._step(data)
            data = self._engine.unconsumed_tail or self._engine.unused_data
            full = len(piece) == PIECE  # there may be more output although all input is consumed
            yield piece

    def _step(self, data: bytes) -> bytes:
        beginning, self._begun = not self._begun, True
        try:
            return self._engine.decompress(data, PIECE)
        except zlib.error as error:
            if not beginning or len(self._forms) == 1:
                raise httpx.DecodingError(str(error)) from error
            self._forms = self._forms[1:]
            self._engine = zlib.decompressobj(self._forms[0])
            return self._step(data)

    def end(self) -> None:
        if self._begun and not self._engine.eof:
            raise httpx.DecodingError("the compressed body is incomplete")
