"""Content is sent as it is, and sent again only if it can be sent whole again."""

from __future__ import annotations

import asyncio
import codecs
import gzip
import io
import os
import tempfile
import threading
import time
import traceback
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import (
    AuthenticationError,
    GraphHTTPError,
    GraphTransportError,
    PermissionDeniedError,
    RetryPolicy,
    ServiceError,
    ThrottledError,
)
from graph_comms.models import Call
from tests.client.faces import FLAVOURS, TOKEN, Client, each_flavour
from tests.support.server import CLOSED, GraphServer, Played, Reply

PUT = "online_meetings.recordings.put_content"
SOUND = bytes(range(256)) * 800
"""More than one piece of a file."""

PIECES = (b"reco", b"", b"rding")
WHOLE = b"".join(PIECES)


@pytest.fixture(params=FLAVOURS)
def caller(request: pytest.FixtureRequest, server: GraphServer) -> Iterator[Client]:
    with Client(request.param, server) as caller:
        yield caller


def put(caller: Client, content: Any, **options: Any) -> None:
    caller.call(PUT, "m", "r", content, **options)


def bodies(server: GraphServer) -> list[bytes]:
    return [request.body for request in server.requests]


# -- what may be sent


class Reader:
    """A reader without a position, such as a member of an archive that is streamed."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self.most = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._data.read(size)
        self.most = max(self.most, len(piece))
        return piece

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(4), b"")


def opened(path: Path) -> io.BufferedReader:
    path.write_bytes(SOUND)
    return path.open("rb")


def unbuffered(path: Path) -> io.RawIOBase:
    path.write_bytes(SOUND)
    return path.open("rb", buffering=0)


def compressed(path: Path) -> Any:
    path.write_bytes(gzip.compress(SOUND))
    return gzip.open(path)


def member(path: Path) -> Any:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sound", SOUND)
    return zipfile.ZipFile(path).open("sound")


def temporary(path: Path) -> Any:
    return filled(tempfile.NamedTemporaryFile(dir=path.parent))


def spooled(path: Path) -> Any:
    return filled(tempfile.SpooledTemporaryFile())


def filled(file: Any) -> Any:
    file.write(SOUND)
    file.seek(0)
    return file


def read_from_pipe(path: Path) -> Any:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as end:
            end.write(SOUND)

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


WHOLES: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda path: SOUND,
    "BytesIO": lambda path: io.BytesIO(SOUND),
    "file": opened,
    "unbuffered file": unbuffered,
    "gzip": compressed,
    "member of a zip": member,
    "temporary file": temporary,
    "spooled file": spooled,
    "list": lambda path: [SOUND[:9], b"", SOUND[9:]],
    "tuple": lambda path: (SOUND[:9], SOUND[9:]),
}
"""What can be sent whole again."""

ONCE: dict[str, Callable[[Path], Any]] = {
    "iterator": lambda path: iter([SOUND[:9], SOUND[9:]]),
    "generator": lambda path: (SOUND[at : at + 9999] for at in range(0, len(SOUND), 9999)),
    "reader": lambda path: Reader(SOUND),
    "pipe": read_from_pipe,
    "set": lambda path: {SOUND},
}
"""What is gone once it was read, or may be."""

FAULTS: dict[str, tuple[Played, type[Exception]]] = {
    "503": (Reply(503), ServiceError),
    "401": (Reply(401), AuthenticationError),
    "429": (Reply(429, {"Retry-After": "1"}), ThrottledError),
    "closed": (CLOSED, GraphTransportError),
}
each_fault = pytest.mark.parametrize(("fault", "error"), FAULTS.values(), ids=FAULTS)


@contextmanager
def made(make: Callable[[Path], Any], folder: Path) -> Iterator[Any]:
    source = make(folder / "sound")
    yield source
    if hasattr(source, "close"):
        assert not getattr(source, "closed", False)
        source.close()


@each_fault
@pytest.mark.parametrize("make", WHOLES.values(), ids=WHOLES)
def test_what_can_be_sent_whole_is_sent_again(
    server: GraphServer,
    tmp_path: Path,
    make: Callable[[Path], Any],
    fault: Played,
    error: type[Exception],
) -> None:
    for flavour in FLAVOURS:
        server.play(fault, Reply(204))
        with (
            Client(flavour, server, credential=lambda: TOKEN) as caller,
            made(make, tmp_path) as source,
        ):
            put(caller, source)
    assert bodies(server) == [SOUND] * 4
    assert {one.headers["content-length"] for one in server.requests} == {str(len(SOUND))}


@each_fault
@pytest.mark.parametrize("make", ONCE.values(), ids=ONCE)
def test_what_can_be_read_once_is_sent_once(
    server: GraphServer,
    tmp_path: Path,
    make: Callable[[Path], Any],
    fault: Played,
    error: type[Exception],
) -> None:
    for flavour in FLAVOURS:
        server.play(fault, Reply(204))
        with (
            Client(flavour, server, credential=lambda: TOKEN) as caller,
            made(make, tmp_path) as source,
            pytest.raises(error) as caught,
        ):
            put(caller, source)
        assert getattr(caught.value, "ambiguous", True)
        with Client(flavour, server) as caller, made(make, tmp_path) as source:
            put(caller, source)
    assert bodies(server) == [SOUND] * 4
    assert {one.headers["transfer-encoding"] for one in server.requests} == {"chunked"}


@each_flavour
def test_asynchronous_iterables(server: GraphServer, flavour: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in PIECES:
            await asyncio.sleep(0)
            yield piece

    with Client(flavour, server, credential=lambda: TOKEN) as caller:
        if flavour == "sync":
            with pytest.raises(TypeError, match=f"{PUT}: .* is for the asynchronous client"):
                put(caller, pieces())
            assert server.requests == []
            return
        server.play(Reply(204), Reply(401))
        put(caller, pieces())
        with pytest.raises(AuthenticationError):
            put(caller, pieces())
    assert bodies(server) == [WHOLE] * 2


@each_flavour
@given(pieces=st.lists(st.binary(max_size=40), max_size=9))
def test_any_pieces_arrive_in_their_order(flavour: str, pieces: list[bytes]) -> None:
    with GraphServer() as server, Client(flavour, server) as caller:
        server.play(Reply(204), Reply(204))
        put(caller, iter(pieces))
        put(caller, pieces)
        assert bodies(server) == [b"".join(pieces)] * 2


def test_a_file_is_sent_from_where_it_stands(server: GraphServer, caller: Client) -> None:
    file = io.BytesIO(b"xxsound")
    file.seek(2)
    server.play(Reply(503), CLOSED, Reply(204))
    put(caller, file)
    assert bodies(server) == [b"sound"] * 3
    assert file.tell() == 7


def test_a_file_at_its_end_is_empty(server: GraphServer, caller: Client) -> None:
    file = io.BytesIO(b"sound")
    file.seek(9)
    server.play(Reply(204))
    put(caller, file)
    assert bodies(server) == [b""]
    assert server.requests[0].headers["content-length"] == "0"


class Growing(io.BytesIO):
    """A file that something else appends to while it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        place = self.tell()
        self.seek(0, io.SEEK_END)
        self.write(b"more")
        self.seek(place)
        return found


def test_what_is_appended_meanwhile_is_not_sent(server: GraphServer, caller: Client) -> None:
    server.play(Reply(204))
    put(caller, Growing(SOUND))
    assert bodies(server) == [SOUND]


def test_a_file_that_is_cut_meanwhile_is_not_stored(server: GraphServer, caller: Client) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            self.truncate(len(SOUND) - 9)
            return super().read(size)

    with pytest.raises(EOFError, match="became shorter by 9 bytes while it was sent"):
        put(caller, Shrinking(SOUND))
    assert server.requests == []


def test_a_file_is_read_in_pieces(server: GraphServer, caller: Client) -> None:
    reader = Reader(SOUND)
    server.play(Reply(204))
    put(caller, reader)
    assert reader.most == 65_536 < len(SOUND)


def test_a_redirect_of_an_upload_is_an_error(server: GraphServer, caller: Client) -> None:
    for content in (SOUND, io.BytesIO(SOUND), iter(PIECES)):
        server.play(Reply(307, {"Location": "https://graph.microsoft.com/elsewhere"}))
        with pytest.raises(GraphHTTPError, match="307"):
            put(caller, content)
    assert len(server.requests) == 3


def test_a_refused_upload_that_is_said_to_be_json(server: GraphServer, caller: Client) -> None:
    own = {"Content-Type": "application/json"}
    for content in (b"\xff", b"[" * 10_000, b"[]", iter(PIECES)):
        server.play(Reply(403))
        with pytest.raises(PermissionDeniedError):
            put(caller, content, headers=own)


def test_the_response_of_an_upload(server: GraphServer, caller: Client) -> None:
    server.play(Reply(204))
    assert caller.call(f"{PUT}.with_response", "m", "r", iter(PIECES)).status == 204


# -- what may not


def closed(path: Path) -> Any:
    file = opened(path)
    file.close()
    return file


def decoded(path: Path) -> Any:
    utf_8 = codecs.lookup("utf-8")
    return codecs.StreamReaderWriter(opened(path), utf_8.streamreader, utf_8.streamwriter)


def named_text(path: Path) -> Any:
    return tempfile.NamedTemporaryFile("w", dir=path.parent)


WRONG: dict[str, tuple[Callable[[Path], Any], type[Exception], str]] = {
    "str": (lambda path: "sound", TypeError, r"open\('…', 'rb'\), not str"),
    "path": (lambda path: path, TypeError, r"open\('…', 'rb'\), not PosixPath"),
    "null": (lambda path: None, TypeError, "not None"),
    "bytearray": (lambda path: bytearray(SOUND), TypeError, "not bytearray"),
    "memoryview": (lambda path: memoryview(SOUND), TypeError, "not memoryview"),
    "mapping": (lambda path: {b"a": b"b"}, TypeError, "not dict"),
    "model": (lambda path: Call(), TypeError, "not Call"),
    "list of str": (
        lambda path: [b"a", "b"],
        TypeError,
        r"\[1\] must be a bytes object, .* not str",
    ),
    "list of int": (lambda path: [1], TypeError, r"\[0\] must be a bytes object, .* not int"),
    "StringIO": (lambda path: io.StringIO("sound"), TypeError, "open as text"),
    "text file": (lambda path: path.open("w"), TypeError, "open as text"),
    "codec": (decoded, TypeError, "open as text"),
    "temporary text file": (named_text, TypeError, "open as text"),
    "closed file": (closed, ValueError, "is closed"),
    "file for writing": (lambda path: path.open("wb"), ValueError, "not open for reading"),
}


@each_flavour
@pytest.mark.parametrize(("make", "error", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_sent_is_refused_before_there_is_a_token(
    server: GraphServer,
    tmp_path: Path,
    flavour: str,
    make: Callable[[Path], Any],
    error: type[Exception],
    words: str,
) -> None:
    def give() -> str:
        raise AssertionError("a token was asked for")

    source = make(tmp_path / "sound")
    with (
        Client(flavour, server, credential=give) as caller,
        pytest.raises(error, match=f"^{PUT}: content.*{words}"),
    ):
        put(caller, source)
    if hasattr(source, "close"):
        source.close()
    assert server.requests == []


@each_flavour
@pytest.mark.parametrize(
    "source",
    [
        lambda: iter([b"a", "b"]),
        lambda: iter([bytearray(b"a")]),
        lambda: {"a": 1}.keys(),
    ],
)
def test_pieces_that_are_no_bytes(
    server: GraphServer, flavour: str, source: Callable[[], Any]
) -> None:
    """What an iterator has shows only while it is sent: the request is broken off."""
    with Client(flavour, server) as caller:
        with pytest.raises(TypeError, match=f"^{PUT}: content must yield bytes, not "):
            put(caller, source())
        assert server.requests == []
        assert caller.content() == b"content"


# -- own errors


def own_errors() -> list[Exception]:
    request = httpx.Request("GET", "https://source.example/")
    return [
        LookupError("the source"),
        OSError("the disk"),
        TimeoutError("the source"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        httpx.ReadError("the source", request=request),
        httpx.InvalidURL("the source"),
        GraphTransportError(reason="another client", ambiguous=True, client_request_id="1"),
    ]


def failing(error: Exception) -> Iterator[bytes]:
    yield SOUND
    raise error


async def failing_async(error: Exception) -> AsyncIterator[bytes]:
    yield SOUND
    raise error


class FailingFile(io.BytesIO):
    """A file on a disk that breaks."""

    def __init__(self, error: Exception) -> None:
        super().__init__(SOUND)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise self._error
        return super().read(size)


@pytest.mark.parametrize("deadline", [None, 30.0])
@pytest.mark.parametrize(
    ("flavour", "fail"),
    [
        *((flavour, fail) for flavour in FLAVOURS for fail in (failing, FailingFile)),
        ("async", failing_async),
    ],
)
def test_what_the_source_raises_is_raised_as_it_is(
    server: GraphServer, flavour: str, fail: Callable[[Exception], Any], deadline: float | None
) -> None:
    policy = RetryPolicy(deadline=deadline)
    with Client(flavour, server, credential=lambda: TOKEN, retry=policy) as caller:
        for error in own_errors():
            with pytest.raises(type(error)) as caught:
                put(caller, fail(error))
            assert caught.value is error
            assert error.__cause__ is None
            assert error.__context__ is None
            text = traceback.TracebackException.from_exception(error, capture_locals=True)
            assert TOKEN not in "".join(text.format())
        # The requests were broken off, and their connections with them.
        assert server.requests == []
        assert caller.content() == b"content"


# -- time


@each_flavour
def test_a_source_that_blocks_holds_up_no_call_with_a_deadline(
    server: GraphServer, flavour: str
) -> None:
    """Neither the call nor the end of the event loop waits for the source, nor is more of it sent."""
    release = threading.Event()
    taken: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            taken.append(number)
            yield SOUND
            release.wait(20)

    begun = time.monotonic()
    with (
        Client(flavour, server, retry=RetryPolicy(deadline=0.5)) as caller,
        pytest.raises(GraphTransportError, match=r"the deadline of 0\.5 s is over") as caught,
    ):
        put(caller, pieces())
    assert time.monotonic() - begun < 1.5
    assert caught.value.ambiguous
    release.set()
    time.sleep(0.2)
    assert taken in ([0], [0, 1])
    assert server.requests == []


async def longest_pause(work: Any) -> float:
    """Return the seconds for which the event loop stood still while it did some work."""
    pauses = [0.0]
    task = asyncio.ensure_future(work)
    while not task.done():
        before = time.monotonic()
        await asyncio.sleep(0.001)
        pauses.append(time.monotonic() - before)
    await task
    return max(pauses)


def test_a_file_that_blocks_does_not_hold_up_the_event_loop(server: GraphServer) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            time.sleep(0.5)
            return super().read(size)

    def pieces() -> Iterator[bytes]:
        time.sleep(0.5)
        yield b"x"

    with Client("async", server) as caller:
        for source in (Slow(b"x"), pieces()):
            server.play(Reply(204))
            sent = caller.client.online_meetings.recordings.put_content("m", "r", source)
            assert caller.finish(longest_pause(sent)) < 0.4
