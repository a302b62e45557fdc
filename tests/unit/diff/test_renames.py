"""Renames are found as if every name had been compared with every other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.diff.change import renames

NAMES = st.one_of(
    st.text("abAB_-.1é", min_size=1, max_size=8),
    st.sampled_from(["startTime", "start_time", "startTmie", "starTime", "startTimes", "endTime"]),
)
ITEMS = st.lists(st.tuples(NAMES, st.sampled_from([None, "x", "x", "y"])), max_size=8, unique=True)


Item = tuple[str, str | None]
Matched = tuple[list[tuple[Item, Item]], list[Item], list[Item]]


def matched(before: list[Item], after: list[Item]) -> Matched:
    return renames.match_renamed(
        before,
        after,
        old_shape=lambda item: item[1],
        new_shape=lambda item: item[1],
        name=lambda item: item[0],
    )


@given(ITEMS, ITEMS)
def test_renames_are_those_that_comparing_each_with_each_would_find(
    before: list[Item], after: list[Item]
) -> None:
    candidates = [pair for old in before for new in after for pair in matched([old], [new])[0]]
    expected = [
        pair
        for pair in candidates
        if sum(old == pair[0] for old, _ in candidates) == 1
        and sum(new == pair[1] for _, new in candidates) == 1
    ]
    found, removed, added = matched(before, after)
    assert found == expected
    assert removed == [old for old in before if old not in {old for old, _ in found}]
    assert added == [new for new in after if new not in {new for _, new in found}]
