"""What a response with a collection says, whichever client asked for it.

Source: Graph documentation, "Paging Microsoft Graph data"; OData JSON 4.01, section 4.6.5.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import RepeatedLinkError
from .hidden import shown
from .paths import Misfits

_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class PageData(Generic[_T_co]):
    """The content of one page.

    `value` holds the items of this page; `count` is the number of all items, where it was asked for;
    `next_link` leads to the next page and `delta_link` to later changes, both None where there is
    none; `annotations` holds everything else by wire name.

    An item that does not fit at all, such as a number among entities, is in `value` as received, and a
    null item is None. `misfits` lists such items, and the misfits of the other items.
    """

    value: list[_T_co]
    _: KW_ONLY
    next_link: str | None = None
    delta_link: str | None = None
    count: int | None = None
    annotations: dict[str, Any] = field(default_factory=dict[str, Any])
    misfits: Misfits = field(default_factory=Misfits)

    if not TYPE_CHECKING:  # a type checker should refuse both

        def __len__(self) -> int:
            raise TypeError(
                "a page has no length: len(page.value) counts its items, list(page) fetches those of"
                " all pages, and with count=True page.count is the number of all"
            )

        def __getitem__(self, index: object) -> Any:
            raise TypeError(
                "a page has no index: page.value[0] is an item of this page, iterating over the page"
                " (async for, in the asynchronous client) yields those of all pages"
            )

    def __bool__(self) -> bool:
        """True, be the page empty or not: `next_page` returns None after the last."""
        return True

    def __repr__(self) -> str:
        items = ", ".join(f"{name}={shown('', it)!r}" for name, it in self.fields().items())
        return f"{type(self).__name__}({items})"

    def fields(self) -> dict[str, Any]:
        """Return the fields by name, to build a page of another class from them."""
        return {item.name: getattr(self, item.name) for item in fields(PageData)}


_P = TypeVar("_P", bound=PageData[Any])


def unseen(page: _P | None, seen: set[str]) -> _P | None:
    """Return the page and remember its link; raises RepeatedLinkError for a link seen before."""
    if page is not None and page.next_link is not None:
        if page.next_link in seen:
            raise RepeatedLinkError(link=page.next_link)
        seen.add(page.next_link)
    return page
