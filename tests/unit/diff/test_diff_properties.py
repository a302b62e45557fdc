"""What holds for any two documents: one is equal to itself however spelled, and a diff has two ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Document
from graph_codegen.diff.change.changes import End
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Comparison, Step
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.emit.method_names import attributes, name_methods
from graph_codegen.facts.settings import load as settings_of
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, existing, take
from graph_codegen.model.writer import write
from graph_codegen.service.requests import list_offers
from tests.support.csdl import document
from tests.support.models import MODELS, SERVICES
from tests.support.published import CHINA, GOVERNMENT, NEWEST, OLDER, OLDEST, published
from tests.support.respelling import respelled


def side(model: Model, file: str = "a.xml") -> Side:
    return Side(Document(file, "0" * 64, ()), model, take(model, (ALL,)))


def read(data: bytes, file: str, roots: Sequence[str] = (ALL,)) -> Side:
    read = reader.read(data, file)
    model = resolve(read)
    held = roots if ALL in roots else existing(model, roots)
    return Side(read, model, take(model, held))


# -- a document is equal to itself, however it is spelled


@given(MODELS | SERVICES, st.integers(0, 1000))
@settings(deadline=None)
def test_a_document_is_equal_to_itself_however_spelled(model: Model, seed: int) -> None:
    data = write(model)
    found = compare(read(data, "a.xml"), read(respelled(data, seed), "b.xml"))

    assert [(f.rule.id, f.element, f.summary) for f in found.findings] == []
    assert found.step is Step.NONE


@given(MODELS | SERVICES)
@settings(deadline=None)
def test_a_model_is_equal_to_itself(model: Model) -> None:
    assert compare(side(model), side(model)).findings == ()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", [NEWEST, CHINA])
def test_all_of_graph_is_equal_to_itself_however_spelled(name: str, seed: int) -> None:
    data = published(name).read_bytes()
    found = compare(read(data, "a.xml"), read(respelled(data, seed), "b.xml"))

    assert [(f.rule.id, f.element, f.summary) for f in found.findings] == []


# -- a comparison and its mirror image

Seen = tuple[str, str | None, str | None]


@cache
def canonical(rule: str) -> str:
    """One name for all rules that say the same in one direction or the other."""
    same = {rule}
    while (
        more := {
            name
            for other in RULES.values()
            for name in (other.id, other.opposite)
            if name and same & {other.id, other.opposite}
        }
        - same
    ):
        same |= more
    return min(same)


def test_the_opposites_are_rules() -> None:
    assert {rule.opposite for rule in RULES.values()} <= {"", *RULES}


def seen(found: Comparison, *, mirrored: bool = False) -> Counter[Seen]:
    def name(end: End | None) -> str | None:
        return None if end is None else f"{end.element} at {end.place}: {end.value}"

    return Counter(
        (
            canonical(finding.rule.id),
            name(finding.new if mirrored else finding.old),
            name(finding.old if mirrored else finding.new),
        )
        for finding in found.findings
    )


@given(SERVICES, SERVICES)
@settings(deadline=None)
def test_a_comparison_mirrors_its_opposite(one: Model, other: Model) -> None:
    a, b = read(write(one), "a.xml"), read(write(other), "b.xml")

    assert seen(compare(a, b)) == seen(compare(b, a), mirrored=True)


@pytest.mark.parametrize("other", [OLDER, GOVERNMENT, CHINA])
def test_comparisons_of_all_of_graph_mirror_each_other(other: str) -> None:
    paths = published(NEWEST), published(other)
    a, b = (read(path.read_bytes(), path.name) for path in paths)

    assert seen(compare(a, b)) == seen(compare(b, a), mirrored=True)


# -- nothing that happens to the client is left untold


def methods(model: Model) -> set[str]:
    """The methods of a client, each by the shortest way to it."""
    return {
        ".".join((*attributes(path), name))
        for path, named in name_methods(model, list_offers(model)).items()
        for name, _ in named
    }


def untold(a: Side, b: Side) -> set[str]:
    """The methods that only one side has, and that no finding names."""
    found = compare(a, b).findings
    told = {name for f in found for name in (*f.methods.removed, *f.methods.added)}
    whole = {f.rule.id for f in found if f.rule.id.startswith("entity-source-")}
    return set() if whole else (methods(a.model) ^ methods(b.model)) - told


@pytest.mark.parametrize("other", [OLDEST, OLDER, GOVERNMENT])
def test_every_method_that_comes_or_goes_is_named(other: str) -> None:
    paths = published(NEWEST), published(other)
    roots = settings_of(folder("metadata")).roots
    a, b = (read(path.read_bytes(), path.name, roots) for path in paths)

    assert methods(a.model) != methods(b.model)
    assert untold(a, b) == set()


OVERLOADED = """
<EntityType Name="base"><Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.String"/></EntityType>
<EntityType Name="call" BaseType="graph.base"/>
<Action Name="mute" IsBound="true"><Parameter Name="it" Type="graph.call"/>
  <Parameter Name="y" Type="Edm.String"/></Action>
{}
<EntityContainer Name="x"><EntitySet Name="calls" EntityType="graph.call"/></EntityContainer>
"""


def test_an_overload_on_a_base_type_renames_a_method() -> None:
    overload = """<Action Name="mute" IsBound="true"><Parameter Name="it" Type="graph.base"/>
      <Parameter Name="x" Type="Edm.String"/></Action>"""
    old, new = (
        read(document(OVERLOADED.format(more)), f"{file}.xml")
        for more, file in (("", "old"), (overload, "new"))
    )
    (found,) = compare(old, new).findings

    assert (found.rule.id, found.effect) == ("operation-added", Effect.BOTH)
    assert found.methods.removed == ("calls.mute",)
    assert found.methods.added == ("calls.mute_with_x", "calls.mute_with_y")
