"""The annotations that are made of what a resource offers allow that, and as little more as they can say."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from graph_codegen.csdl.vocabulary import Kind, Option
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
        more = kinds - offer.kinds
        assert offer.kinds <= kinds
        # To read has one flag, be it a collection, its number, its items or references to them.
        reading: set[Kind] = {"list", "count", "get", "list_refs", "get_ref"}
        assert more <= reading
        if reading & {*form.kinds} <= offer.kinds or not offer.kinds & reading:
            assert not more


def test_exactly_the_offered_options_are_allowed() -> None:
    for option in COLLECTION.options:
        if option == "count":
            continue  # has one flag with the request for the number
        offer = Offer({*COLLECTION.kinds}, {option, "count"}, by_key=True)
        assert allowed(COLLECTION, offer) == ({*COLLECTION.kinds}, {option, "count"})


def test_without_a_number_there_is_no_option_for_it() -> None:
    offer = Offer({"list", "get"}, {"top"}, by_key=True)
    assert allowed(COLLECTION, offer) == ({"list", "get"}, {"top"})


def test_what_offers_everything_has_no_annotation() -> None:
    for form in (COLLECTION, REFERENCED, SINGLE, SINGLETON, STREAM):
        offer = Offer({*form.kinds}, {*form.options}, by_key=True)
        assert restrict(offer, form) == ()


def test_updates_that_replace_are_told() -> None:
    found = restrict(Offer({"get", "update", "delete"}, {"select", "expand"}, by_put=True), SINGLE)
    assert updates_by_put(found)
    assert allows_request(found, "update")
