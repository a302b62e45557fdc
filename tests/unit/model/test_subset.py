"""Everything reachable from the roots is kept, nothing else, and navigation to the rest is reported."""

from __future__ import annotations

import pytest

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import ENTITY, StructuredType
from graph_codegen.errors import CodegenError
from graph_codegen.model.canonical import ordered
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import Subset, take
from tests.support.csdl import document, model, schema
from tests.support.respelling import shuffled

SERVICE = """
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
</EntityType>
<EntityType Name="hub" BaseType="graph.entity">
  <Property Name="status" Type="graph.status"/>
  <NavigationProperty Name="calls" Type="Collection(graph.call)" ContainsTarget="true"/>
  <NavigationProperty Name="rooms" Type="Collection(graph.room)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="specialHub" BaseType="graph.hub"/>
<EntityType Name="call" BaseType="graph.entity">
  <Property Name="source" Type="graph.identity"/>
  <NavigationProperty Name="owner" Type="graph.user"/>
  <NavigationProperty Name="twin" Type="graph.call"/>
</EntityType>
<EntityType Name="groupCall" BaseType="graph.call">
  <Property Name="mode" Type="graph.mode"/>
</EntityType>
<EntityType Name="room" BaseType="graph.entity"/>
<EntityType Name="user" BaseType="graph.entity">
  <Property Name="secret" Type="graph.secret"/>
  <NavigationProperty Name="manager" Type="graph.user"/>
  <NavigationProperty Name="meetings" Type="Collection(graph.meeting)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="meeting" BaseType="graph.entity"/>
<ComplexType Name="status"/>
<ComplexType Name="identity"/>
<ComplexType Name="phone" BaseType="graph.identity"/>
<ComplexType Name="secret"/>
<ComplexType Name="reason"/>
<ComplexType Name="outcome"/>
<ComplexType Name="unboundOnly"/>
<EnumType Name="mode"/>
<EnumType Name="lonely"/>
<Action Name="touch" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.entity"/>
</Action>
<Action Name="end" IsBound="true">
  <Parameter Name="bindingParameter" Type="Collection(graph.call)"/>
  <Parameter Name="reason" Type="graph.reason"/>
  <ReturnType Type="graph.outcome"/>
</Action>
<Action Name="promote" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.user"/>
</Action>
<Action Name="unbound"><Parameter Name="p" Type="graph.unboundOnly"/></Action>
<Term Name="term" Type="Edm.String"/>
<EntityContainer Name="Service">
  <EntitySet Name="users" EntityType="graph.user">
    <NavigationPropertyBinding Path="manager" Target="users"/>
  </EntitySet>
  <Singleton Name="hub" Type="graph.hub">
    <NavigationPropertyBinding Path="calls/twin" Target="hub/calls"/>
    <NavigationPropertyBinding Path="calls/owner" Target="users"/>
  </Singleton>
</EntityContainer>
"""

OTHER = schema(
    '<EnumType Name="call"/>',
    namespace="other",
    alias="",
)


def subset(*roots: str) -> Subset:
    return take(model(SERVICE, OTHER), roots)


def names(found: Subset) -> set[str]:
    return {name.removeprefix("microsoft.graph.") for name in found.model.types}


def operations(found: Model) -> list[str]:
    return [operation.name.removeprefix("microsoft.graph.") for operation in found.operations]


def members(found: Subset, name: str) -> list[str]:
    declared = found.model.types[f"microsoft.graph.{name}"]
    assert isinstance(declared, StructuredType)
    return [item.name for item in declared.members()]


def test_from_a_type() -> None:
    found = subset("call")
    assert names(found) == {
        "entity",  # a base type
        "call",
        "groupCall",  # a derived type, whose properties count
        "identity",
        "phone",  # derives from what a property holds
        "mode",
        "reason",  # of an operation that is bound to the collection
        "outcome",
    }
    assert operations(found.model) == ["end", "touch"]
    assert found.model.container
    assert found.model.container.sources == ()
    assert found.model.terms == ()


def test_an_own_name_or_a_full_one_makes_a_root() -> None:
    assert subset("call").model == subset("microsoft.graph.call").model
    assert set(subset("other.call").model.types) == {"other.call"}


def test_from_a_singleton_the_contained_is_held() -> None:
    found = subset("hub")
    assert names(found) == names(subset("call")) | {"hub", "specialHub", "status", "room"}
    assert found.model.container
    (source,) = found.model.container.sources
    assert [(b.path, b.target) for b in source.bindings] == [("calls/twin", "hub/calls")]


def test_navigation_that_leads_outside_is_cut_and_reported() -> None:
    found = subset("hub")
    assert members(found, "call") == ["source", "owner", "twin"]
    call = found.model.structure("microsoft.graph.call")
    assert call
    assert {str(item.type) for item in call.navigation if item.name == "owner"} == {ENTITY}
    assert [str(cut) for cut in found.cut] == ["microsoft.graph.call/owner → microsoft.graph.user"]
    assert take(found.model, ["hub"]).cut == ()


def test_navigation_that_stays_inside_is_kept() -> None:
    found = subset("hub", "users")
    assert members(found, "call") == ["source", "owner", "twin"]
    assert found.cut == ()
    assert found.model.container
    assert {s.name: len(s.bindings) for s in found.model.container.sources} == {
        "users": 1,
        "hub": 2,
    }


def test_a_path_takes_of_the_types_on_its_way_the_key_and_the_next_step() -> None:
    found = subset("users/meetings")
    assert names(found) == {"entity", "user", "meeting"}
    assert members(found, "user") == ["meetings"]
    assert members(found, "entity") == ["id"]
    assert found.cut == ()  # not asked for, so nothing to report
    assert operations(found.model) == ["touch"]
    assert found.model.container
    assert [source.name for source in found.model.container.sources] == ["users"]


def test_a_path_finds_contained_navigation_of_a_base_type() -> None:
    service = SERVICE.replace('Name="hub" Type="graph.hub"', 'Name="hub" Type="graph.specialHub"')
    found = take(model(service), ["hub/rooms"])
    assert names(found) == {"entity", "hub", "specialHub", "room"}
    assert members(found, "hub") == ["rooms"]


def test_a_type_that_is_on_a_path_and_held_is_whole() -> None:
    found = subset("users/meetings", "user")
    assert members(found, "user") == ["secret", "manager", "meetings"]


def test_two_paths_through_one_type_keep_both_steps() -> None:
    assert members(subset("hub/rooms", "hub/calls"), "hub") == ["calls", "rooms"]


def test_all_keeps_everything() -> None:
    whole = model(SERVICE, OTHER)
    found = take(whole, ["all"])
    assert found.model == ordered(whole)
    assert found.cut == ()


def test_the_order_of_roots_and_of_the_document_does_not_matter() -> None:
    assert subset("hub", "user").model == subset("user", "hub").model
    data = document(SERVICE, OTHER)
    for seed in range(5):
        found = take(resolve(reader.read(shuffled(data, seed), "shuffled")), ["hub", "user"])
        assert found.model == subset("hub", "user").model
        assert list(found.model.types) == list(subset("hub", "user").model.types)


def test_the_subset_of_the_subset_is_the_subset() -> None:
    found = subset("hub")
    again = take(found.model, ["hub"])
    assert (again.model, again.cut) == (found.model, ())


@pytest.mark.parametrize(
    ("root", "why"),
    [
        ("nowhere", "it is not an entity set, singleton, path, type or import"),
        ("call/source", "it is not an entity set, singleton, path, type or import"),
        ("hub/nothing", "microsoft.graph.hub contains no nothing"),
        ("hub/calls/twin", "microsoft.graph.call contains no twin"),
        ("hub/", "microsoft.graph.hub contains no "),
        ("", "it is not an entity set, singleton, path, type or import"),
        ("HUB", "it is not an entity set, singleton, path, type or import; near are hub"),
    ],
)
def test_a_root_that_does_not_exist_is_refused(root: str, why: str) -> None:
    with pytest.raises(CodegenError) as caught:
        subset(root)
    assert str(caught.value) == f"test.csdl.xml: the root {root} does not exist: {why}"


def test_a_kept_reference_to_nothing_is_refused_one_outside_is_not() -> None:
    broken = SERVICE.replace('Type="graph.secret"', 'Type="graph.nothing"')
    with pytest.raises(
        CodegenError, match=r"user/secret: the type microsoft\.graph\.nothing is not declared"
    ):
        take(model(broken), ["users"])
    assert take(model(broken), ["hub"]).model.types


def test_types_that_refer_to_each_other_have_an_end() -> None:
    found = take(
        model(
            '<ComplexType Name="a"><Property Name="b" Type="graph.b"/></ComplexType>'
            '<ComplexType Name="b"><Property Name="a" Type="Collection(graph.a)"/></ComplexType>'
        ),
        ["a"],
    )
    assert names(found) == {"a", "b"}
