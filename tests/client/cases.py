"""Every fault of a server in one table: what the server does, and how a create and a get end.

A create must not be repeated where the first may have arrived; a get may. After the fault the
server answers well, so a repeated request succeeds, and the number of requests shows that it was repeated.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass

from tests.support.server import End, Step, Until, answer, response

AMBIGUOUS = "transport error, ambiguous"
BROKE_OFF = "decode error: broke off"
EMPTY = "decode error: is empty"
NOT_JSON = "decode error: does not fit: Invalid JSON"
NO_FIT = "decode error: does not fit"
TOO_LONG = "decode error: is longer than 32 MiB"
CODING = "decode error: is in a content coding that was not requested"


@dataclass(frozen=True)
class Case:
    """One fault; an outcome need only begin as the table says."""

    name: str
    step: Step
    create: str
    get: str
    timeout: float = 10.0
    reusable: bool = True
    """Whether the fault leaves nothing on the connection that the next request would read."""

    @property
    def repeated(self) -> bool:
        """Whether a get recovers by being sent again; a create never does here."""
        return self.get == "found"

    @property
    def read(self) -> bool:
        """Whether the server reads the request before the fault."""
        return self.step.read is not Until.NOTHING


def both(name: str, step: Step, outcome: str, timeout: float = 10.0) -> Case:
    """A fault with the same outcome for both."""
    return Case(name, step, outcome, outcome, timeout)


def lost(name: str, step: Step, *, silence: bool = False) -> Case:
    """A fault that leaves it open whether the request was processed."""
    return Case(name, step, AMBIGUOUS, "found", 0.4 if silence else 10.0)


def cut(name: str, step: Step, *, silence: bool = False) -> Case:
    """A fault after the status said that the request succeeded."""
    return Case(name, step, BROKE_OFF, "found", 0.4 if silence else 10.0)


BODY = b'{"id": "1", "subject": "words"}'
WHOLE = response(200, BODY)
HEAD = WHOLE.partition(b"\r\n\r\n")[0]


def body(name: str, content: bytes, outcome: str, *lines: str) -> Case:
    """A body that arrives as it was sent."""
    return both(name, answer(200, content, *lines), outcome)


def head(name: str, *lines: str, content: bytes = BODY) -> Case:
    """A response whose head is not valid HTTP."""
    return lost(name, Step((response(200, content, *lines, length=False),), End.CLOSE))


def chunked(*parts: bytes) -> bytes:
    """A response in chunks, as they are given."""
    return response(200, b"".join(parts), "Transfer-Encoding: chunked", length=False)


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content)


def deflated(content: bytes, bits: int) -> bytes:
    engine = zlib.compressobj(wbits=bits)
    return engine.compress(content) + engine.flush()


def bomb(megabytes: int) -> bytes:
    """A gzip file of zeros: about 1 kB for each MB, and never the whole in memory."""
    engine = zlib.compressobj(9, wbits=31)
    zeros = bytes(2**20)
    start = engine.compress(zeros) + engine.flush(zlib.Z_FULL_FLUSH)
    block = engine.compress(zeros) + engine.flush(zlib.Z_FULL_FLUSH)
    return start + block * (megabytes - 1)


RESETS = [
    lost("reset before the request is read", Step(end=End.RESET, read=Until.NOTHING)),
    lost("closed before the request is read", Step(end=End.CLOSE, read=Until.NOTHING)),
    lost("reset after the request's headers", Step(end=End.RESET, read=Until.HEADERS)),
    lost("closed after the request's headers", Step(end=End.CLOSE, read=Until.HEADERS)),
    lost("reset after the request", Step(end=End.RESET)),
    lost("closed after the request", Step(end=End.CLOSE)),
    lost("silence after the request", Step(end=End.SILENCE), silence=True),
    lost("reset within the status line", Step((b"HTTP/1.1 2",), End.RESET)),
    lost("closed within the status line", Step((b"HTTP/1.1 2",), End.CLOSE)),
    lost("silence within the status line", Step((b"HTTP/1.1 2",), End.SILENCE), silence=True),
    lost("reset within the headers", Step((HEAD,), End.RESET)),
    lost("closed within the headers", Step((HEAD,), End.CLOSE)),
    lost("silence within the headers", Step((HEAD,), End.SILENCE), silence=True),
    cut("reset within the body", Step((WHOLE[:-9], 0.05), End.RESET)),
    cut("closed within the body", Step((WHOLE[:-9],), End.CLOSE)),
    cut("silence within the body", Step((WHOLE[:-9],), End.SILENCE), silence=True),
    cut("closed before the body", Step((WHOLE[: -len(BODY)],), End.CLOSE)),
]


def dripped(content: bytes, pause: float) -> list[bytes | float]:
    """Return the bytes one by one, with pauses."""
    return [part for byte in content for part in (bytes([byte]), pause)]


SLOW = [
    both("slow headers", Step((*dripped(WHOLE[:60], 0.005), WHOLE[60:])), "1", 1.0),
    both("slow body", Step((WHOLE[:-20], *dripped(WHOLE[-20:], 0.02))), "1", 1.0),
]  # fmt: skip

HEADS = [
    lost("garbage for a status line", Step((b"garbage\r\n\r\n",), End.CLOSE)),
    lost("binary garbage", Step((bytes(range(256)) * 8,), End.CLOSE)),
    lost("HTTP/0.9", Step((BODY,), End.CLOSE)),
    lost("TLS on a plain port", Step((b"\x15\x03\x01\x00\x02\x02\x46",), End.CLOSE)),
    lost("status 000", Step((response("000", BODY),), End.CLOSE)),
    lost("status of four digits", Step((response("1000", BODY),), End.CLOSE)),
    lost("status 99", Step((response("99", BODY),), End.CLOSE)),
    lost("negative status", Step((response("-200", BODY),), End.CLOSE)),
    lost("101 that nobody asked for", Step((b"HTTP/1.1 101 Words\r\n\r\n",), End.CLOSE)),
    head("a header of 200 kB", "X-Long: " + "x" * 200_000),
    head("20,000 headers", *(f"X-{n}: {n}" for n in range(20_000))),
    head("a header without a colon", "no colon"),
    head("a header without a name", ": value"),
    head("a NUL in a header", "X-Nul: a\0b"),
    body("headers beyond ASCII", BODY, "1", "X: \xff\xfe", "request-id: \xe9", "Retry-After: \xb2"),
    both("no reason", Step((WHOLE.replace(b" Words", b""),)), "1"),
    both("an empty reason", Step((WHOLE.replace(b"Words", b""),)), "1"),
    head("two lengths", "Content-Length: 31", "Content-Length: 30"),
    head("a negative length", "Content-Length: -1"),
    head("a length in words", "Content-Length: many"),
    head("a length of 5,000 digits", "Content-Length: " + "9" * 5_000),
    head("another transfer coding", "Transfer-Encoding: gzip, chunked"),
    both("100 first", Step((b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE)), "1"),
    both("103 three times", Step((b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" * 3, WHOLE)), "1"),
    both(
        "103 a thousand times",
        Step((b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" * 1_000, WHOLE)),
        "1",
    ),
    both("no length, closed", Step((response(200, BODY, length=False),), End.CLOSE), "1"),
]

TRAILER = b"\r\n0\r\nX: y\r\n\r\n"
FRAMES = [
    cut("a length too long", Step((response(200, BODY, "Content-Length: 99", length=False),), End.CLOSE)),
    cut("a length of a petabyte",
        Step((response(200, BODY, f"Content-Length: {10**15}", length=False),), End.CLOSE)),
    Case("a length too short", Step((response(200, BODY, "Content-Length: 9", length=False),)),
         NOT_JSON, NOT_JSON, reusable=False),
    both("chunks", Step((chunked(b"5\r\n", BODY[:5], b"\r\n1A;x=y\r\n", BODY[5:], TRAILER),)), "1"),
    cut("a chunk's size in words", Step((chunked(b"five\r\n", BODY),), End.CLOSE)),
    cut("a chunk's size without end", Step((chunked(b"F" * 100_000),), End.CLOSE)),
    cut("a chunk too short", Step((chunked(b"FF\r\n", BODY),), End.CLOSE)),
    cut("a chunk too long", Step((chunked(b"5\r\n", BODY, b"\r\n0\r\n\r\n"),), End.CLOSE)),
    cut("no last chunk", Step((chunked(b"1F\r\n", BODY, b"\r\n"),), End.CLOSE)),
    cut("silence instead of the last chunk",
        Step((chunked(b"1F\r\n", BODY, b"\r\n"),), End.SILENCE), silence=True),
    both("chunks without end", Step((chunked(),), again=b"100000\r\n" + b" " * 2**20 + b"\r\n"), TOO_LONG),
]  # fmt: skip

CODINGS = [
    body("gzip", gzipped(BODY), "1", "Content-Encoding: gzip"),
    body("gzip in two members", gzipped(BODY[:9]) + gzipped(BODY[9:]), "1", "Content-Encoding: X-GZip"),
    body("deflate", deflated(BODY, 15), "1", "Content-Encoding: deflate"),
    body("deflate without a wrapper", deflated(BODY, -15), "1", "Content-Encoding: deflate"),
    body("identity", BODY, "1", "Content-Encoding: identity"),
    cut("gzip that is none", answer(200, BODY, "Content-Encoding: gzip")),
    cut("deflate that is none", answer(200, b"\xff" * 99, "Content-Encoding: deflate")),
    cut("gzip cut short", answer(200, gzipped(BODY)[:-1], "Content-Encoding: gzip")),
    cut("gzip with a wrong checksum", answer(200, gzipped(BODY)[:-8] + bytes(8), "Content-Encoding: gzip")),
    cut("gzip and garbage", answer(200, gzipped(BODY) + b"garbage", "Content-Encoding: gzip")),
    body("gzip of nothing", b"", EMPTY, "Content-Encoding: gzip"),
    body("another coding", BODY, CODING, "Content-Encoding: br"),
    body("zstd", BODY, CODING, "Content-Encoding: zstd"),
    body("a coding beyond ASCII", BODY, CODING, "Content-Encoding: gz\xefp"),
    body("gzip of 8 MB", gzipped(b" " * 2**23 + BODY), "1", "Content-Encoding: gzip"),
    body("gzip in gzip", gzipped(gzipped(BODY)), CODING, "Content-Encoding: gzip, gzip"),
    body("a bomb of 10 GB", bomb(10_240), TOO_LONG, "Content-Encoding: gzip"),
]  # fmt: skip

BODIES = [
    body("an unexpected Content-Type", BODY, "1", "Content-Type: text/plain; charset=utf-16"),
    body("nothing", b"", EMPTY),
    both("204", Step((b"HTTP/1.1 204 Words\r\n\r\n",)), EMPTY),
    Case("204 with a body", Step((response("204", BODY, length=False),), End.CLOSE),
         EMPTY, EMPTY, reusable=False),
    body("HTML under the type of JSON", b"<html>maintenance</html>", NOT_JSON,
         "Content-Type: application/json"),
    body("HTML", b"<html>maintenance</html>", NOT_JSON, "Content-Type: text/html"),
    body("truncated JSON", BODY[:-1], NOT_JSON),
    body("JSON and more", BODY + b"{}", NOT_JSON),
    body("a list", b"[]", NO_FIT),
    body("null", b"null", NO_FIT),
    body("a number", b"5", NO_FIT),
    body("text", b'"text"', NO_FIT),
    body("a wrong type", b'{"id": "1", "source": {"identity": {"user": {"id": 5}}}}', "1"),
    body("a wrong type where none is declared",
         b'{"id": "1", "x": [{"y": {"@odata.type": "#microsoft.graph.call", "id": 5}}]}', "1"),
    body("100,000 lists", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", NOT_JSON),
    body("100,000 objects", b'{"x":' * 100_000 + b"1" + b"}" * 100_000, NOT_JSON),
    body("100,000 lists, unclosed", b"[" * 100_000, NOT_JSON),
    body("a key twice: the last counts", b'{"id": "0", "id": "1"}', "1"),
    body("NaN", b'{"x": NaN}', NOT_JSON),
    body("Infinity", b'{"x": -Infinity}', NOT_JSON),
    body("a number beyond any double", b'{"x": [1e999]}', NO_FIT + " at x"),
    body("a number of 5,000 digits", b'{"x": ' + b"9" * 5_000 + b"}", NOT_JSON),
    body("invalid UTF-8", b'{"id": "\xff\xfe"}', NOT_JSON),
    body("overlong UTF-8", b'{"id": "\xc0\xaf"}', NOT_JSON),
    body("half a surrogate pair", b'{"id": "\\ud800"}', NOT_JSON),
    body("UTF-16", BODY.decode().encode("utf-16"), NOT_JSON),
    body("a byte order mark", b"\xef\xbb\xbf" + BODY, NOT_JSON),
    body("UTF-32", BODY.decode().encode("utf-32"), NOT_JSON),
    body("a NUL", b'{"id": "a\x00b"}', NOT_JSON),
]  # fmt: skip


def moved(name: str, status: int, to: str, outcome: str) -> Case:
    return both(name, answer(status, b"", f"Location: {to}"), outcome)


ELSEWHERE = [
    *(moved(f"{status} to another host", status, "https://evil.example/v1.0/x", f"GraphHTTPError {status}")
      for status in (301, 302, 303, 307, 308)),
    moved("to another port", 307, "https://graph.microsoft.com:8443/v1.0/x", "GraphHTTPError 307"),
    moved("to http", 307, "http://graph.microsoft.com/v1.0/x", "GraphHTTPError 307"),
    moved("to a file", 307, "file:///etc/passwd", "GraphHTTPError 307"),
    moved("to itself", 307, "/v1.0/communications/calls", "GraphHTTPError 307"),
    *(both(f"{status} to nowhere", answer(status), f"GraphHTTPError {status}")
      for status in (300, 301, 302, 303, 308)),
    moved("to a port beyond all", 308, "https://evil.example:99999/", "GraphHTTPError 308"),
    lost("to no IPv6 address", answer(302, b"", "Location: https://[::1/")),
    moved("beyond ASCII", 301, "\xe9\xff", "GraphHTTPError 301"),
    lost("to a mailbox", answer(307, b"", "Location: mailto:evil@evil.example")),
    lost("to data", answer(307, b"", "Location: data:text/html,evil")),
    lost("to no port", answer(307, b"", "Location: https://evil.example:x/")),
    lost("to no name", answer(307, b"", "Location: https://xn--a.example/")),
    lost("to an address of 70,000 characters",
         answer(307, b"", "Location: https://evil.example/" + "x" * 70_000)),
    both("to nowhere", answer(307), "GraphHTTPError 307"),
]  # fmt: skip

HTML = b"<html>Bad gateway</html>"
FAILURES = [
    *(both(str(status), answer(status), f"ServiceError {status}") for status in (500, 501, 505, 599, 999)),
    *(Case(f"{status} in HTML", answer(status, HTML), f"ServiceError {status}", "found")
      for status in (502, 503, 504)),
]  # fmt: skip
STATUSES = [
    *FAILURES,
    *(both(str(status), answer(status), f"{kind} {status}") for status, kind in {
        300: "GraphHTTPError", 304: "GraphHTTPError", 400: "BadRequestError", 401: "AuthenticationError",
        403: "PermissionDeniedError", 404: "NotFoundError", 407: "GraphHTTPError", 408: "GraphHTTPError",
        409: "ConflictError",
    }.items()),
    both("500 that is 10 GB",
         Step((response(500, HTML, f"Content-Length: {10**10}", length=False),), again=HTML * 2**15),
         "ServiceError 500"),
    both("500 without end", Step((response(500, HTML, length=False),), again=HTML * 2**15),
         "ServiceError 500"),
    both("500 with nothing in UTF-16", answer(500, '{"error": {}}'.encode("utf-16")), "ServiceError 500"),
    both("500 cut short", Step((response(500, HTML)[:-5],), End.CLOSE), "ServiceError 500"),
    both("500 with a bomb", answer(500, bomb(200), "Content-Encoding: gzip"), "ServiceError 500"),
    both("500 in br", answer(500, HTML, "Content-Encoding: br"), "ServiceError 500"),
    both("500 with 100,000 lists", answer(500, b'{"error":' + b"[" * 100_000), "ServiceError 500"),
]  # fmt: skip

CASES = [
    *(RESETS + SLOW + HEADS + FRAMES),
    *(CODINGS + BODIES + ELSEWHERE + STATUSES),
]
