"""The annotations that are made of what a resource offers allow that, and as little more as they can say."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from graph_codegen.csdl.ast import Record
from graph_codegen.csdl.vocabulary import FALSE, READING_RESTRICTIONS, Kind, Option
from graph_codegen.openapi.restrictions import (
    COLLECTION,
    REFERENCED,
    SINGLE,
    SINGLETON,
    STREAM,
    Form,
    Offer,
    restrict,
)
from graph_codegen.service.capabilities import (
    allows_items,
    allows_option,
    allows_request,
    updates_by_put,
)

ITEMS: tuple[Kind, ...] = ("get", "update", "delete")


def allowed(form: Form, offer: Offer) -> tuple[set[Kind], set[Option]]:
    annotations = restrict(offer, form)
    kinds: set[Kind] = set()
    for kind in form.kinds:
        of_item = form.has_items and kind in ITEMS
        reachable = not of_item or allows_items(annotations)
        if reachable and allows_request(annotations, kind, by_key=of_item):
            kinds.add(kind)
    return kinds, {option for option in form.options if allows_option(annotations, option)}


@pytest.mark.parametrize("form", [COLLECTION, REFERENCED, SINGLE, SINGLETON, STREAM])
def test_exactly_the_offered_requests_are_allowed(form: Form) -> None:
    subsets = chain.from_iterable(
        combinations(form.kinds, size) for size in range(len(form.kinds) + 1)
    )
    for subset in subsets:
        by_key = form.has_items and bool(set(subset) & {*ITEMS})
        offer = Offer(set(subset), set(form.options), by_key=by_key)
        kinds, _ = allowed(form, offer)
        assert kinds == offer.kinds


@pytest.mark.parametrize("form", [COLLECTION, REFERENCED])
@pytest.mark.parametrize("counted", [True, False])
def test_exactly_the_offered_options_are_allowed(form: Form, *, counted: bool) -> None:
    """The number of items is a request, a query option, both or neither."""
    kinds = {*form.kinds} - (set() if counted else {"count"})
    for size in (0, 1, 2, len(form.options)):
        for options in combinations(form.options, size):
            found = allowed(form, Offer({*kinds}, {*options}, by_key=True))
            assert found == (kinds, {*options})


def test_a_term_of_odata_comes_before_our_own() -> None:
    offer = Offer({"list", "get"}, {"top"}, by_key=True)
    assert READING_RESTRICTIONS not in {one.term for one in restrict(offer, COLLECTION)}
    offer.options.add("count")
    (found,) = (one for one in restrict(offer, COLLECTION) if one.term == READING_RESTRICTIONS)
    assert found.value == Record((("Count", FALSE),))


def test_what_offers_everything_has_no_annotation() -> None:
    for form in (COLLECTION, REFERENCED, SINGLE, SINGLETON, STREAM):
        offer = Offer({*form.kinds}, {*form.options}, by_key=True)
        assert restrict(offer, form) == ()


def test_updates_that_replace_are_told() -> None:
    found = restrict(Offer({"get", "update", "delete"}, {"select", "expand"}, by_put=True), SINGLE)
    assert updates_by_put(found)
    assert allows_request(found, "update")
