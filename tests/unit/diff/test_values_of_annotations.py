"""The values of annotations, as reports show them."""

from __future__ import annotations

import pytest

from graph_codegen.csdl.ast import Constant, Dynamic, Expression
from graph_codegen.diff.change.annotations import text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Dynamic("Null"), "Null()"),
        (
            Dynamic(
                "If", items=(Dynamic("Not", items=(Constant("Path", "a"),)), Constant("Int", "1"))
            ),
            "If(Not(a), 1)",
        ),
        (Dynamic("IsOf", (("Type", "a.b"),), (Constant("Path", "c"),)), "IsOf(Type=a.b, c)"),
        (Dynamic("LabeledElementReference", text="a.l"), "LabeledElementReference(a.l)"),
    ],
)
def test_what_the_service_evaluates_is_shown_with_what_it_is_made_of(
    value: Expression, expected: str
) -> None:
    assert text(value) == expected
