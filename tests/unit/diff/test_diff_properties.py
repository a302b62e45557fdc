"""Properties of any two documents and their comparison.

A document equals itself however it is spelled, a comparison mirrors the one in the other direction, and
whatever takes something from the client is breaking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from operator import is_
from typing import Any, get_args

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Annotation, Document, StructuredType
from graph_codegen.csdl.vocabulary import value_of
from graph_codegen.diff.change.changes import End
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Comparison, Step
from graph_codegen.diff.verdict.parts import Parts
from graph_codegen.diff.verdict.rules import RULES, Effect, Part
from graph_codegen.emit.method_names import client_methods
from graph_codegen.errors import CodegenError
from graph_codegen.model.canonical import ordered
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from graph_codegen.model.writer import write
from graph_codegen.service.requests import list_offers, list_requests
from graph_codegen.service.slices import existing
from tests.support.csdl import ITEM, document
from tests.support.examples import examples
from tests.support.models import MODELS, NEIGHBOURS, SERVICES
from tests.support.published import CHINA, GOVERNMENT, NEWEST, OLDER, OLDEST, published
from tests.support.respelling import respelled
from tests.support.shipped import ROOTS as SHIPPED


def side(model: Model, file: str = "a.xml") -> Side:
    return Side(Document(file, "0" * 64, ()), model, take(model, (ALL,)))


def read(data: bytes, file: str, roots: Sequence[str] = (ALL,)) -> Side:
    read = reader.read(data, file)
    model = resolve(read)
    held = roots if ALL in roots else existing(model, roots)
    return Side(read, model, take(model, held))


def sound(pair: tuple[Model, Model]) -> tuple[Side, Side]:
    """Both models as sides; a mixture of two services that is not valid is no example."""
    try:
        old, new = (read(write(m), f) for m, f in zip(pair, ("a.xml", "b.xml"), strict=True))
    except CodegenError:
        reject()
    return old, new


# -- a document is equal to itself, however it is spelled


@given(MODELS | SERVICES, st.integers(0, 1000))
def test_a_document_is_equal_to_itself_however_it_is_spelled(model: Model, seed: int) -> None:
    data = write(model)
    found = compare(read(data, "a.xml"), read(respelled(data, seed), "b.xml"))

    assert [(f.rule.id, f.element, f.summary) for f in found.findings] == []
    assert found.step is Step.NONE


@given(MODELS | SERVICES)
def test_a_model_is_equal_to_itself(model: Model) -> None:
    assert compare(side(model), side(model)).findings == ()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", [NEWEST, CHINA])
def test_all_of_graph_is_equal_to_itself_however_it_is_spelled(name: str, seed: int) -> None:
    data = published(name).read_bytes()
    found = compare(read(data, "a.xml"), read(respelled(data, seed), "b.xml"))

    assert [(f.rule.id, f.element, f.summary) for f in found.findings] == []


# -- a document that says something else is different


def essence(model: Model) -> Model:
    """A model with all defaults spelled out, and with what a type inherits as if it said so itself."""

    def explicit(element: Any) -> Any:
        if isinstance(element, tuple):
            return tuple(map(explicit, element))
        if isinstance(element, Annotation):
            return replace(element, value=value_of(element))
        if not is_dataclass(element) or isinstance(element, type):
            return element
        values = {f.name: explicit(getattr(element, f.name)) for f in fields(element)}
        if "nullable" in values:
            values["nullable"] = values["nullable"] is not False
        if isinstance(element, StructuredType):
            values["open"] = model.is_open(element.name)
            values["key"] = model.key(element.name)
            values["has_stream"] = any(t.has_stream for t in model.lineage(element.name))
        return replace(element, **values)

    return replace(
        model,
        types={name: explicit(declared) for name, declared in model.types.items()},
        operations=explicit(model.operations),
        container=explicit(model.container),
        diagnostics=(),
    )


@examples(25, 2_000)
@given(NEIGHBOURS)
def test_documents_without_findings_say_the_same(pair: tuple[Model, Model]) -> None:
    old, new = sound(pair)
    one, other = (ordered(essence(side.model)) for side in (old, new))

    assert (compare(old, new).findings == ()) is (one == other)


# -- a comparison and its mirror image

Seen = tuple[str, str | None, str | None]


@cache
def canonical(rule: str) -> str:
    """One name for all rules that report the same change in either direction."""
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
def test_a_comparison_mirrors_its_opposite(one: Model, other: Model) -> None:
    a, b = read(write(one), "a.xml"), read(write(other), "b.xml")

    assert seen(compare(a, b)) == seen(compare(b, a), mirrored=True)


@pytest.mark.parametrize("other", [OLDER, GOVERNMENT, CHINA])
def test_comparisons_of_all_of_graph_mirror_each_other(other: str) -> None:
    paths = published(NEWEST), published(other)
    a, b = (read(path.read_bytes(), path.name) for path in paths)

    assert seen(compare(a, b)) == seen(compare(b, a), mirrored=True)


# -- whatever a client loses, the comparison says so


@dataclass(frozen=True)
class Keywords:
    """The keywords that a method accepts, and those that it requires."""

    accepted: frozenset[str]
    required: frozenset[str]


def methods(model: Model) -> Mapping[str, Keywords]:
    """The methods of a client by each of their attribute paths."""
    return {
        method.python: Keywords(
            frozenset(argument.name for argument in method.arguments),
            frozenset(argument.name for argument in method.arguments if argument.required),
        )
        for offer in client_methods(model, list_requests(model)).values()
        for method in offer.methods
    }


def losses(old: Model, new: Model) -> Iterator[str]:
    """What programs for the old client miss in the new one."""
    after = methods(new)
    for name, keywords in methods(old).items():
        if name not in after:
            yield f"{name} is gone"
        else:
            for lost in keywords.accepted - after[name].accepted:
                yield f"{name} no longer accepts {lost}"
            for required in after[name].required - keywords.required:
                yield f"{name} requires {required}"


@given(NEIGHBOURS)
@examples(50, 2_000)
def test_what_takes_something_from_the_client_breaks(pair: tuple[Model, Model]) -> None:
    old, new = sound(pair)
    findings = compare(old, new).findings
    lost = list(losses(old.model, new.model))

    assert not lost or any(finding.effect.breaks for finding in findings), lost
    silent = [f for f in findings if f.methods.removed and not f.effect.breaks]
    assert silent == []


@given(NEIGHBOURS)
@examples(50, 2_000)
def test_a_client_is_the_same_whatever_of_another_is_known(pair: tuple[Model, Model]) -> None:
    old, new = (side.model for side in sound(pair))
    known = client_methods(old, list_offers(old))
    again = client_methods(old, list_offers(old), known=known)

    assert all(again[path] is offer for path, offer in known.items())
    assert client_methods(new, list_offers(new), known=known) == client_methods(
        new, list_offers(new)
    )


@given(NEIGHBOURS)
@examples(50, 2_000)
def test_a_walk_finds_the_same_whatever_of_another_is_known(pair: tuple[Model, Model]) -> None:
    old, new = (side.model for side in sound(pair))
    assert_walks_agree(old, new)


def test_a_walk_through_graph_finds_the_same_whatever_of_another_is_known() -> None:
    old, new = (read(published(name).read_bytes(), name).model for name in (OLDEST, OLDER))
    assert_walks_agree(old, new)


def assert_walks_agree(old: Model, new: Model) -> None:
    """With each part of the changes a walk finds the same requests, whether it knows the old model or not."""
    parts, known = Parts(old, new), list_offers(old)
    assert all(map(is_, list_offers(old, known), known))
    for part in get_args(Part):
        model = parts.model(part)
        found, expected = [*list_offers(model, known)], [*list_offers(model)]
        assert found == expected
        assert all(a.operation is b.operation for a, b in zip(found, expected, strict=True))


def unnamed(a: Side, b: Side) -> set[str]:
    """The methods that only one side has, and that no finding names."""
    found = compare(a, b).findings
    named = {name for f in found for name in (*f.methods.removed, *f.methods.added)}
    clients = (
        {
            method.python
            for offer in client_methods(side.model, list_offers(side.model)).values()
            for method in offer.methods
        }
        for side in (a, b)
    )
    return set.symmetric_difference(*clients) - named


@pytest.mark.parametrize("other", [OLDEST, OLDER, GOVERNMENT])
def test_every_added_or_removed_method_is_named(other: str) -> None:
    paths = published(NEWEST), published(other)
    roots = SHIPPED
    a, b = (read(path.read_bytes(), path.name, roots) for path in paths)

    assert methods(a.model) != methods(b.model)
    assert unnamed(a, b) == set()


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


def test_a_way_without_a_cast_removes_the_methods_after_it() -> None:
    declared = """
    <EntityType Name="app"/>
    <EntityType Name="lobApp" BaseType="graph.app"/>
    <Action Name="commit" IsBound="true"><Parameter Name="it" Type="graph.lobApp"/></Action>
    <EntityContainer Name="x"><Singleton Name="app" Type="graph.app"/>
      <Singleton Name="other" Type="graph.app"/>{}</EntityContainer>
    """
    old, new = (
        read(document(declared.format(more)), f"{file}.xml")
        for more, file in (("", "old"), ('<Singleton Name="lob" Type="graph.lobApp"/>', "new"))
    )
    assert unnamed(old, new) == set()
    assert unnamed(new, old) == set()
    (found,) = compare(old, new).findings
    assert (found.rule.id, found.effect) == ("entity-source-added", Effect.BOTH)
    assert found.methods.removed == ("app.as_lob_app.commit",)
    assert found.methods.added == ("lob.commit", "lob.get", "lob.update")


def test_a_way_without_a_function_removes_the_methods_behind_it() -> None:
    declared = """
    <EntityType Name="app"/>
    <EntityType Name="look"><NavigationProperty Name="format" Type="graph.format" ContainsTarget="true"/>
      {}</EntityType>
    <EntityType Name="format"/>
    <Action Name="fit" IsBound="true"><Parameter Name="it" Type="graph.format"/></Action>
    <Function Name="range" IsBound="true" IsComposable="true">
      <Parameter Name="it" Type="graph.app"/><ReturnType Type="graph.look"/></Function>
    <EntityContainer Name="x"><Singleton Name="app" Type="graph.app"/>
      <Singleton Name="other" Type="graph.app"/>{}</EntityContainer>
    """
    deeper = '<NavigationProperty Name="app" Type="graph.app"/>'
    plain, way, more = (
        read(document(declared.format(*parts)), f"{number}.xml")
        for number, parts in enumerate(
            [("", ""), ("", '<Singleton Name="look" Type="graph.look"/>'), (deeper, "")]
        )
    )
    for old, new in ((plain, way), (way, plain), (plain, more), (more, plain)):
        assert methods(old.model) != methods(new.model)
        assert unnamed(old, new) == set()


def test_a_method_that_calls_another_overload_is_lost() -> None:
    """A base type whose overload has no parameters takes the name of the method."""
    declared = """
    <EntityType Name="call"{}/>
    <EntityType Name="base"/>
    <Action Name="mute" IsBound="true"><Parameter Name="it" Type="graph.base"/></Action>
    <Action Name="mute" IsBound="true"><Parameter Name="it" Type="graph.call"/>
      <Parameter Name="y" Type="Edm.String"/></Action>
    <EntityContainer Name="x"><Singleton Name="call" Type="graph.call"/>
      <Singleton Name="other" Type="graph.base"/></EntityContainer>
    """
    old, new = (
        read(document(declared.format(base)), f"{file}.xml")
        for base, file in (("", "old"), (' BaseType="graph.base"', "new"))
    )
    (found,) = compare(old, new).findings

    assert [*losses(old.model, new.model)] == ["call.mute no longer accepts y"]
    assert (found.rule.id, found.effect) == ("base-type-extended", Effect.BOTH)
    assert (found.methods.altered, found.methods.added) == (("call.mute",), ("call.mute_with_y",))


def test_an_operation_on_items_renames_that_on_their_collection() -> None:
    declared = f"""{ITEM.format("")}
    <Action Name="mute" IsBound="true"><Parameter Name="it" Type="Collection(graph.item)"/></Action>
    {{}}
    <EntityContainer Name="x"><EntitySet Name="items" EntityType="graph.item"/></EntityContainer>
    """
    more = '<Action Name="mute" IsBound="true"><Parameter Name="it" Type="graph.item"/></Action>'
    old, new = (
        read(document(declared.format(operation)), f"{file}.xml")
        for operation, file in (("", "old"), (more, "new"))
    )
    (found,) = compare(old, new).findings

    assert (found.rule.id, found.effect) == ("operation-added", Effect.BOTH)
    assert found.methods.altered == ("items.mute",)
    assert found.methods.added == ("items.mute_collection",)
