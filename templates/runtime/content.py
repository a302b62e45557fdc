"""Content that is read while it is sent: from a file, or from an iterable of pieces.

It is sent again only if it can be sent whole. An iterator has nothing left after the first attempt, and
another would replace what is stored with nothing.
"""

from __future__ import annotations

import os
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Generic, TypeAlias, TypeVar, cast

from .deadline import Departure, in_daemon_thread

Sync: TypeAlias = Iterable[bytes]
Async: TypeAlias = AsyncIterable[bytes]
F = TypeVar("F", bound=Iterable[bytes] | AsyncIterable[bytes])
"""The flavour of a client, as what it sends piece by piece besides files and iterables."""

CONTENT: Any = bytes | BinaryIO | Iterable[bytes] | F
"""The annotation of content, and how the client writes it."""
CONTENT_WRITTEN = "bytes | BinaryIO | Iterable[bytes] | F"

PIECE = 2**16
"""Most bytes that are read from a file at a time."""

_T = TypeVar("_T")


class ContentError(Exception):
    """Carries what a file or an iterable raised past the transport; the caller gets `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__("content could not be read")
        self.error = error


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Opened(Generic[_T]):
    """Content at its beginning: the pieces for one attempt, and their size where that is known."""

    pieces: _T
    size: int | None


class Upload:
    """Content that is read while it is sent, by default that of an iterable.

    `repeatable`: it can be sent whole again.
    """

    def __init__(self, source: Any, *, repeatable: bool = False) -> None:
        self.source = source
        self.repeatable = repeatable

    @property
    def is_async(self) -> bool:
        """Whether only an asynchronous client can read it."""
        return isinstance(self.source, AsyncIterable)

    @property
    def may_block(self) -> bool:
        """Whether reading it may take long, as everything may that is not in memory."""
        return not isinstance(self.source, Sequence)

    def begin(self) -> Opened[Iterable[bytes]]:
        """Go to the beginning; raises what the source raises."""
        sized = isinstance(self.source, Sequence)
        return Opened(self.source, sum(map(len, self.source)) if sized else None)


class FileUpload(Upload):
    """The rest of a binary file, from where it stands now. It is left open, at the end of what was read."""

    def __init__(self, file: Any) -> None:
        self._start = _position(file)
        super().__init__(file, repeatable=self._start is not None)

    @property
    def is_async(self) -> bool:
        """False: the methods of a file are ordinary functions."""
        return False

    def begin(self) -> Opened[Iterable[bytes]]:
        """Seek back to where the file stood, if it can; raises what the file raises."""
        if self._start is None:
            return Opened(self._pieces(None), None)
        # Neither `fstat` nor the descriptor: those of a gzip.GzipFile are of the compressed file.
        self.source.seek(0, os.SEEK_END)
        size = max(0, self.source.tell() - self._start)
        self.source.seek(self._start)
        return Opened(self._pieces(size), size)

    def _pieces(self, size: int | None) -> Iterator[bytes]:
        """Yield the pieces; what was appended since the beginning is not sent."""
        while size != 0:
            piece = self.source.read(PIECE if size is None else min(PIECE, size))
            if piece == b"":
                break
            yield piece if size is None else piece[:size]
            size = None if size is None else size - len(piece)
        if size:
            raise EOFError(f"the file became shorter by {size} bytes while it was sent")


def _position(file: Any) -> int | None:
    """Return where a file stands; None if it cannot return there, such as a pipe."""
    try:
        position: int | None = file.tell() if file.seekable() else None
    except (AttributeError, OSError):
        return None
    return position


def opened(
    upload: Upload, departure: Departure, *, method: str, limited: bool = False
) -> Opened[Iterator[bytes]]:
    """Return content at its beginning for an attempt of a synchronous client.

    `method` names the method in errors. Raises TypeError for an asynchronous iterable, and what the
    file raises; reading raises `ContentError`. `limited` makes no difference here, where the whole
    attempt is in a thread.
    """
    if upload.is_async:
        raise TypeError(
            f"{method}: content must be bytes, a binary file or an iterable of bytes; an asynchronous "
            "iterable is for the asynchronous client"
        )
    begun = upload.begin()
    return Opened(_sent(begun.pieces, departure, method), begun.size)


async def async_opened(
    upload: Upload, departure: Departure, *, method: str, limited: bool = False
) -> Opened[AsyncIterator[bytes]]:
    """Return content at its beginning for an attempt of an asynchronous client.

    What may block is read in threads: in ones that nobody waits for if the time of the call is
    `limited`. Raises what the file raises; reading raises `ContentError`.
    """
    if upload.is_async:
        return Opened(_async_sent(upload.source, departure, method), None)
    run = _run_here
    if upload.may_block:
        run = _run_in_daemon_thread if limited else _run_in_thread
    begun = await run(upload.begin)
    pieces = _sent(begun.pieces, departure, method)
    return Opened(_read(partial(next, pieces, None), run), begun.size)


async def _read(
    step: Callable[[], bytes | None],
    run: Callable[[Callable[[], bytes | None]], Awaitable[bytes | None]],
) -> AsyncIterator[bytes]:
    while (piece := await run(step)) is not None:
        yield piece


async def _run_here(work: Callable[[], _T]) -> _T:
    return work()


async def _run_in_thread(work: Callable[[], _T]) -> _T:
    import asyncio  # see Clock

    return await asyncio.to_thread(work)


async def _run_in_daemon_thread(work: Callable[[], _T]) -> _T:
    return cast("_T", await in_daemon_thread(work))


def _sent(pieces: Iterable[bytes], departure: Departure, method: str) -> Iterator[bytes]:
    """Yield the pieces for as long as somebody waits for the attempt."""
    iterator: Iterator[bytes] | None = None
    while True:
        departure.go_on()
        try:
            iterator = iter(pieces) if iterator is None else iterator
            piece = next(iterator)
            _check(piece, method)
        except StopIteration:
            return
        except Exception as error:
            raise ContentError(error) from None
        yield piece


async def _async_sent(
    pieces: AsyncIterable[bytes], departure: Departure, method: str
) -> AsyncIterator[bytes]:
    iterator: AsyncIterator[bytes] | None = None
    while True:
        departure.go_on()
        try:
            iterator = aiter(pieces) if iterator is None else iterator
            piece = await anext(iterator)
            _check(piece, method)
        except StopAsyncIteration:
            return
        except Exception as error:
            raise ContentError(error) from None
        yield piece


def _check(piece: object, method: str) -> None:
    if not isinstance(piece, bytes):
        raise TypeError(f"{method}: content must yield bytes, not {type(piece).__name__}")
