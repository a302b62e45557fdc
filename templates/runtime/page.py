"""A page of a collection, and the way to the next one.

Source: Graph documentation, "Paging Microsoft Graph data"; OData JSON 4.01, section 4.6.5.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .errors import RepeatedLinkError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PageData(Generic[_T]):
    """What a response with a collection says.

    `value` are the items of this page; `count` is the number of all items, where it was asked for;
    `next_link` leads to the next page and `delta_link` to what changes from now on, both None where
    there is none; `annotations` holds everything else by wire name.
    """

    value: list[_T]
    next_link: str | None = None
    delta_link: str | None = None
    count: int | None = None
    annotations: dict[str, Any] = field(default_factory=dict[str, Any])


_P = TypeVar("_P", bound=PageData[Any])


def _another(page: _P | None, seen: set[str]) -> _P | None:
    """Return the page, and note its link; raises RepeatedLinkError for a link seen before."""
    if page is not None and page.next_link is not None:
        if page.next_link in seen:
            raise RepeatedLinkError(link=page.next_link)
        seen.add(page.next_link)
    return page


@dataclass(frozen=True, slots=True)
class Page(PageData[_T]):
    """One page. Iterating goes over the items of this and all further pages, fetched as needed."""

    _fetch: Callable[[str], Page[_T]] | None = field(default=None, repr=False, compare=False)

    def next_page(self) -> Page[_T] | None:
        """Return the next page, None after the last. Raises what `list` raises."""
        if self.next_link is None or self._fetch is None:
            return None
        return self._fetch(self.next_link)

    def __iter__(self) -> Iterator[_T]:
        seen: set[str] = set()
        page = _another(self, seen)
        while page is not None:
            yield from page.value
            page = _another(page.next_page(), seen)


@dataclass(frozen=True, slots=True)
class AsyncPage(PageData[_T]):
    """`Page` for asyncio."""

    _fetch: Callable[[str], Awaitable[AsyncPage[_T]]] | None = field(
        default=None, repr=False, compare=False
    )

    async def next_page(self) -> AsyncPage[_T] | None:
        """Return the next page, None after the last. Raises what `list` raises."""
        if self.next_link is None or self._fetch is None:
            return None
        return await self._fetch(self.next_link)

    async def __aiter__(self) -> AsyncIterator[_T]:
        seen: set[str] = set()
        page = _another(self, seen)
        while page is not None:
            for item in page.value:
                yield item
            page = _another(await page.next_page(), seen)
