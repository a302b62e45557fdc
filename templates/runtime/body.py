"""The body of a response as it arrives: its coding undone in small steps, its size counted.

Some kilobytes of gzip can stand for gigabytes, so no step gives more than `PIECE` bytes. A stream
that ends before its coding does is broken, however well the connection ended.
Source: RFC 9110, 8.4 (content codings); RFC 1950 and 1952.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import Protocol

import httpx

MAX_BODY = 100 * 2**20
"""Bytes, after decompression, of a body that is to be parsed; streams have no limit."""
KEPT = 2**16
"""Bytes that are kept of a body which is longer than it may be."""
PIECE = 2**20
"""Bytes that a step of decompression gives at most."""

BROKE_OFF = "broke off"
"""What is wrong with a body that another attempt may bring whole."""


class UnwantedBodyError(httpx.DecodingError):
    """A body that would be the same another time: too long, or in a coding nobody asked for."""


class Body:
    """The bytes of a body that is read to its end; never shows them."""

    __slots__ = ("_bytes", "_limit", "fault")

    fault: str | None
    """What is wrong with it, None where it is whole."""

    def __init__(self, limit: float = math.inf) -> None:
        self._bytes = bytearray()
        self._limit = limit
        self.fault = None

    def add(self, piece: bytes) -> None:
        """Add a piece; raises UnwantedBodyError, and drops most, beyond the limit."""
        self._bytes += piece
        if len(self._bytes) > self._limit:
            del self._bytes[KEPT:]
            raise UnwantedBodyError(f"is longer than {self._limit / 2**20:g} MiB")

    def failed(self, error: httpx.RequestError) -> None:
        """Note what ended the reading."""
        self.fault = str(error) if isinstance(error, UnwantedBodyError) else BROKE_OFF

    def content(self) -> bytes:
        """Return what came."""
        return bytes(self._bytes)


class Coding(Protocol):
    """Decodes a body piece by piece; raises an httpx.DecodingError for one that is not in its coding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Give what the next bytes stand for."""
        ...

    def end(self) -> None:
        """Say that no more bytes come."""
        ...


def coding_of(response: httpx.Response) -> Coding:
    """Return what decodes the body of a response, by its headers."""
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
    """A coding that was not asked for, or several: those can hide a bomb in a bomb."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        raise UnwantedBodyError("is in a content coding that was not asked for")

    def end(self) -> None:
        pass


class _Compressed:
    """`forms` are the window sizes, as zlib numbers them, to try at the beginning."""

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
            full = len(piece) == PIECE  # then there may be more, though all bytes are taken
            if piece:
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
