"""Bodies of requests, read as far as they may be."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request

from .service import MOST


class BodyError(Exception):
    """A body that is not read to its end; `status` is what to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def read_body(request: Request, most: int = MOST) -> bytes:
    """Return the body of a request.

    Raises BodyError with 413 for more than `most` bytes, and with 400 if the client goes before its end.
    """
    read = bytearray()
    try:
        async for piece in request.stream():
            read += piece
            if len(read) > most:
                raise BodyError(413)
    except ClientDisconnect:
        raise BodyError(400) from None
    return bytes(read)
