"""A wrong word is answered with what to write instead."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, cast

import pytest

from graph_comms import AsyncCommunicationsClient, AsyncPage, CommunicationsClient, Page
from graph_comms.models import Call

CLIENTS = [CommunicationsClient, AsyncCommunicationsClient]


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("callz", "CommunicationsClient has no attribute callz; did you mean calls?"),
        (
            "callRecords",
            "CommunicationsClient has no attribute callRecords; did you mean call_records?",
        ),
        ("calls.creat", "Calls has no attribute creat; did you mean create?"),
        ("calls.zzzzzz", "Calls has no attribute zzzzzz; it has "),
    ],
)
def test_a_misspelt_attribute(cls: Any, path: str, message: str) -> None:
    *before, last = path.split(".")
    owner = cls("token")
    for name in before:
        owner = getattr(owner, name)
    with pytest.raises(AttributeError, match=re.escape(message)):
        getattr(owner, last)
    assert not hasattr(owner, "_repr_html_")


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("cloud", "meant"),
    [
        ("china", "Cloud.CHINA"),
        ("China", "Cloud.CHINA"),
        ("global", "Cloud.GLOBAL"),
        ("us gov l4", "Cloud.US_GOV_L4"),
        ("US_GOV_L5", "Cloud.US_GOV_L5"),
    ],
)
def test_a_cloud_by_name(cls: Any, cloud: str, meant: str) -> None:
    with pytest.raises(TypeError, match=rf"not str; did you mean {meant}\?$"):
        cls("token", cloud=cloud)


@pytest.mark.parametrize("page", [Page([1, 2]), AsyncPage([1, 2])], ids=["sync", "async"])
def test_a_page_is_no_list(page: Any) -> None:
    with pytest.raises(TypeError, match=r"len\(page\.value\).*list\(page\).*count=True"):
        len(page)
    with pytest.raises(TypeError, match=r"page\.value\[0\]"):
        page[0]
    assert page
    assert bool(type(page)([]))


def test_an_asynchronous_page_says_how_to_iterate() -> None:
    page: Any = AsyncPage([1])
    with pytest.raises(TypeError, match="async for"):
        list(page)
    assert list(Page([1, 2])) == [1, 2]


@pytest.mark.parametrize("wrong", [{}, [], None, 5, Call()])
def test_what_is_no_text_is_not_read_as_json(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"Call\.from_json takes JSON text or bytes.*from_dict"):
        Call.from_json(wrong)


@pytest.mark.parametrize("wrong", ["{}", b"{}", [], None, 5, Call()])
def test_what_is_no_object_is_not_read_as_one(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"Call\.from_dict takes a decoded JSON object.*from_json"):
        Call.from_dict(wrong)


@pytest.mark.parametrize("given", [({},), ("{}",), (Call(),), ({"id": "1"}, {"id": "2"})])
def test_what_is_decoded_or_text_is_read_not_built(given: Any) -> None:
    with pytest.raises(TypeError, match=r"Call takes keywords.*Call\.from_dict.*Call\.from_json"):
        Call(*given)


def test_with_in_the_wrong_flavour() -> None:
    async def wrong() -> None:
        async with cast("Any", CommunicationsClient("token")):
            pass

    with (
        pytest.raises(TypeError, match="AsyncCommunicationsClient needs `async with`, not `with`"),
        cast("Any", AsyncCommunicationsClient("token")),
    ):
        pass
    with pytest.raises(TypeError, match="CommunicationsClient needs `with`, not `async with`"):
        asyncio.run(wrong())


@pytest.mark.parametrize("cls", CLIENTS)
def test_a_client_is_a_context_of_its_own_flavour_alone(cls: Any) -> None:
    client = cls("token")
    is_sync = cls is CommunicationsClient
    assert isinstance(client, AbstractContextManager) == hasattr(client, "__enter__") == is_sync
    assert isinstance(client, AbstractAsyncContextManager) != is_sync
    assert hasattr(client, "__aenter__") != is_sync
