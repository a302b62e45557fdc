# mypy: disable-error-code="empty-body"
# pyright: reportReturnType=false
"""The methods that fetch recordings, which a client of the calling API has besides its operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from .cloud import Cloud
from .content import F
from .declaration import Resource
from .methods import GET
from .options import LinkOptions
from .recording import RECORDING, Recorded


class RecordingMethods(Resource[F]):
    """Fetches recordings of recordResponse, never with the client's own token."""

    @GET(RECORDING, clouds=frozenset(Cloud))
    def get_recording(self, operation: Recorded, **options: Unpack[LinkOptions]) -> bytes:
        """Return the bytes of the recording of a recordResponse.

        `operation` is the `RecordOperation` in the notification that it is completed: it has the address
        of the recording, and the token for it, which is sent to that address alone. The client's own
        token is not sent, and none is requested, not even after a 401.

        Raises TypeError for anything else; ValueError if the operation has no address or token, and for
        an address that does not begin with https:// (http:// is for this machine alone); and what any
        method raises. Graph deletes recordings soon after the call has ended.
        Source: https://learn.microsoft.com/graph/api/call-recordresponse
        """

    @GET.stream(RECORDING, clouds=frozenset(Cloud))
    def stream_recording(
        self, operation: Recorded, **options: Unpack[LinkOptions]
    ) -> Iterator[bytes]:
        """As `get_recording`, piece by piece: use it in a `with` statement."""
