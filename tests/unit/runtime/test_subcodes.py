"""The table of sub-codes, and what a code and a sub-code mean together."""

from __future__ import annotations

import copy
import pickle
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_comms import SUBCODES, Subcode
from graph_comms._runtime.subcodes import explained

FACTS = Path(__file__).parents[4] / "shared" / "facts-service.md"


def recounted(section: str) -> Iterator[int]:
    """Yield the sub-codes to which a section of facts gives a meaning.

    Its entries look like `8522 not found`, `8549–8551, 8555 retarget failures`, `487/10003 accepted
    elsewhere` (a code first), and `5012–5014, 5020` or `540000 (PSTN)`, which say nothing.
    """
    lines = [
        re.sub(r"^\*\*.*?\](\.\*\*|:)( with code.*?:)? ", "", line).strip(" ·")
        for line in section.splitlines()
        if line.startswith(("**", *string.digits))
    ]
    lists = " · ".join(lines)
    for entry in re.split(" [·;] ", lists.partition("; in the wild")[0]):
        found = re.match(r"[\d/–, ]*\d", entry)
        assert found is not None, entry
        if not re.match(r" [^(]", entry[found.end() :]):
            continue
        for part in re.split(r"[/,] ?", re.sub(r"^\d{3}/", "", found[0])):
            first, _, last = part.partition("–")
            yield from range(int(first), int(last or first) + 1)


@pytest.mark.skipif(not FACTS.exists(), reason="the facts are not beside this checkout")
def test_the_table_has_every_number_with_a_meaning() -> None:
    section = FACTS.read_text(encoding="utf-8").partition("\n## 5.")[2].partition("\n## ")[0]
    assert set(SUBCODES) == set(recounted(section))


def test_the_table_is_whole_and_cannot_be_changed() -> None:
    assert len(SUBCODES) == 104
    assert len({one.name for one in SUBCODES.values()}) == 104
    for one in SUBCODES.values():
        assert re.fullmatch("[a-z]+(?:[A-Z][a-z]+)*", one.name)
        assert re.fullmatch(r"[a-z].*[^.]", one.meaning)
        assert one.source.startswith("https://learn.microsoft.com/")
        assert pickle.loads(pickle.dumps(one)) == copy.copy(one) == one
    with pytest.raises(TypeError):
        SUBCODES[1] = SUBCODES[0]  # type: ignore[index]
    with pytest.raises(AttributeError):
        SUBCODES[0].name = "x"  # type: ignore[misc]


@pytest.mark.parametrize("number", SUBCODES)
def test_a_sub_code_alone_is_explained_by_the_table(number: int) -> None:
    assert isinstance(SUBCODES[number], Subcode)
    assert explained(None, number) == SUBCODES[number].meaning


@pytest.mark.parametrize(
    ("code", "subcode", "words"),
    [
        (0, 0, "success"),
        (200, 0, "success"),
        (603, 0, "declined"),
        (487, 0, "cancelled"),
        (0, 7000, "ended the call"),
        (200, 7000, "ended the call"),
        (500, 7000, "transfer failed"),
        (500, 7700, "transfer to another call failed"),
        (0, 7015, "was transferred"),
        (404, 8522, "no such call"),
        (405, 8522, "a setting is missing"),
        (200, 5002, "hung up"),
        (403, 7504, "lacks a permission"),
    ],
)
def test_a_code_and_a_sub_code_are_explained_together(code: int, subcode: int, words: str) -> None:
    assert words in (explained(code, subcode) or "")


@pytest.mark.parametrize(
    ("code", "subcode"),
    [
        (400, 0),
        (500, 0),
        (480, 7000),
        (500, 7106),
        (200, 5012),
        (500, None),
        (None, None),
        (-1, -1),
    ],
)
def test_what_nobody_explains_has_no_meaning(code: int | None, subcode: int | None) -> None:
    assert explained(code, subcode) is None
