"""What a method returns, together with the response that held it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from .headers import Headers
from .hidden import shown

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class Response(Generic[T_co]):
    """A successful response.

    `value` is what the method returns when it is called directly, `status` the HTTP status, such as
    201. `headers` ignore the case of names; repr does not show them.
    """

    value: T_co
    status: int
    headers: Headers

    def __repr__(self) -> str:
        return f"Response(value={shown('', self.value)!r}, status={self.status})"

    @property
    def request_id(self) -> str | None:
        """The id by which Microsoft finds the request; None if the response has none."""
        return self.headers.get("request-id")

    @property
    def location(self) -> str | None:
        """The address of what was created, or of the operation that goes on; None if there is none."""
        return self.headers.get("location")
