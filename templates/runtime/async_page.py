"""A page of a collection, and the way to the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .paging import PageData, unseen

_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class AsyncPage(PageData[_T_co]):
    """One page. Iterating goes over the items of this and all further pages, fetched as needed.

    When it has come to the end, `delta_link` is that of the last page: only that one has it.
    """

    _fetch: Callable[[str], Any] | None = field(default=None, compare=False)

    async def next_page(self) -> AsyncPage[_T_co] | None:
        """Return the next page, None after the last. Raises what the method that listed raises."""
        if self.next_link is None or self._fetch is None:
            return None
        page: AsyncPage[_T_co] = await self._fetch(self.next_link)
        return page

    async def __aiter__(self) -> AsyncIterator[_T_co]:
        seen: set[str] = set()
        last: AsyncPage[_T_co] = self
        page = unseen(self, seen)
        while page is not None:
            for item in page.value:
                yield item
            last = page
            page = unseen(await page.next_page(), seen)
        object.__setattr__(self, "delta_link", last.delta_link)
