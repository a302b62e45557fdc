"""Which requests are documented, whatever the spelling, and what a package of those alone needs."""

from __future__ import annotations

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.facts.documented import (
    NOTHING,
    Documentation,
    Documented,
    take_documented,
)
from graph_codegen.model.model import Model
from graph_codegen.model.subset import Subset, take
from graph_codegen.service.requests import Request, list_requests
from graph_codegen.service.slices import normal_form
from tests.support.csdl import model

ID = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'
MODEL = model(f"""
<EntityType Name="item">{ID}
  <Property Name="kind" Type="graph.kind"/><Property Name="content" Type="Edm.Stream"/>
  <NavigationProperty Name="parts" Type="Collection(graph.part)" ContainsTarget="true"/>
  <NavigationProperty Name="other" Type="graph.other"/>
</EntityType>
<EntityType Name="part">{ID}</EntityType><EntityType Name="other">{ID}</EntityType>
<EntityType Name="hub">
  <NavigationProperty Name="items" Type="Collection(graph.item)" ContainsTarget="true"/>
  <NavigationProperty Name="others" Type="Collection(graph.other)" ContainsTarget="true"/>
</EntityType>
<EnumType Name="kind"><Member Name="a" Value="0"/></EnumType>
<ComplexType Name="note"/><ComplexType Name="argument"/><ComplexType Name="notification"/>
<Action Name="tell" IsBound="true">
  <Parameter Name="it" Type="graph.hub"/><Parameter Name="note" Type="graph.note"/>
</Action>
<Action Name="reset" IsBound="true">
  <Parameter Name="it" Type="graph.item"/><Parameter Name="argument" Type="graph.argument"/>
</Action>
<Function Name="newest" IsBound="true">
  <Parameter Name="it" Type="Collection(graph.item)"/>
  <Parameter Name="since" Type="Edm.Date" Nullable="false"/>
  <ReturnType Type="Collection(graph.item)"/>
</Function>
<Function Name="all" IsBound="true" IsComposable="true">
  <Parameter Name="it" Type="Collection(graph.item)"/><ReturnType Type="Collection(graph.item)"/>
</Function>
<EntityContainer Name="c"><Singleton Name="hub" Type="graph.hub"/></EntityContainer>
""")


def documented(*lines: str) -> Documented:
    return Documented(("/hub",), dict.fromkeys(lines, Documentation(application=("A.All",))))


def kept(roots: tuple[str, ...], *lines: str) -> Subset:
    return take_documented(take(MODEL, roots), documented(*lines))


def lines(of: Model) -> list[str]:
    return [request.http for request in list_requests(of)]


def types(of: Model) -> set[str]:
    return {name.removeprefix("microsoft.graph.") for name in of.types}


# -- spelling


@pytest.mark.parametrize(
    ("spelled", "same"),
    [
        ("GET /hub/items/{item-id}", "GET /Hub/ITEMS/{id}"),
        ("GET /users/{user-id}/x", "GET /users/{}/x"),
        (
            "GET /a/microsoft.graph.callRecords.getPstnCalls(from={from},to={to})",
            "GET /a/getpstncalls",
        ),
        ("GET /a/all(meetingOrganizerUserId='{id}')/delta()", "GET /a/all/delta"),
        ("GET /a/microsoft.graph.b/c", "GET /a/b/c"),
    ],
)
def test_spelling_makes_no_difference(spelled: str, same: str) -> None:
    assert normal_form(spelled) == normal_form(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /a", "POST /a"), ("GET /a", "GET /a/{id}"), ("GET /a/b", "GET /a/{b}"),
        ("GET /a/f(x=1)", "GET /a/g(x=1)"), ("GET /a", "GET /a/$count"),
    ],
)  # fmt: skip
def test_other_requests_are_others(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_of_what_the_file_does_not_cover_nothing_is_known() -> None:
    table = Documented(("/hub/items",), {"GET /hub/items/{}": Documentation()})
    found: dict[str, Request] = {request.http: request for request in list_requests(MODEL)}
    get, others = found["GET /hub/items/{item-id}"], found["GET /hub/others"]

    assert table.of(get) == Documentation()
    assert [table.lacks(r) for r in (get, found["GET /hub/items"], others)] == [False, True, False]
    assert table.of(others) is None
    assert not any(map(NOTHING.lacks, found.values()))


# -- a package of those alone


def test_only_what_documented_requests_need_is_kept() -> None:
    found = kept(("hub",), "POST /HUB/microsoft.graph.tell", "GET /hub/items/newest")

    assert lines(found.model) == ["POST /hub/tell", "GET /hub/items/newest(since={since})"]
    assert types(found.model) == {"hub", "note", "item", "kind", "part"}
    assert [operation.name for operation in found.model.operations] == [
        "microsoft.graph.newest",
        "microsoft.graph.tell",
    ]
    assert found.roots == ("hub",)


def test_a_function_stays_with_what_is_bound_to_its_result() -> None:
    found = kept(("hub",), "GET /hub/items/all/newest")

    assert lines(found.model) == [
        "GET /hub/items/all()",
        "GET /hub/items/all()/newest(since={since})",
    ]


def test_what_lies_on_the_way_keeps_what_leads_on() -> None:
    found = kept(("hub",), "GET /hub/items/{}/content", "GET /hub/items/{}/other")

    assert lines(found.model) == [
        "GET /hub/items/{item-id}/content",
        "GET /hub/items/{item-id}/other",
    ]
    item = found.model.structure("microsoft.graph.item")
    assert item
    assert [member.name for member in item.members()] == ["content", "id", "other"]
    assert types(found.model) == {"hub", "item", "other"}


def test_a_root_that_is_a_type_stays() -> None:
    found = kept(("hub/items", "notification"), "GET /hub/items")

    assert "notification" in types(found.model)
    assert lines(found.model) == ["GET /hub/items"]
    assert found.roots == ("hub/items", "notification")


def test_everything_can_be_narrowed_down() -> None:
    assert types(kept(("all",), "GET /hub/others").model) == {"hub", "other"}


@pytest.mark.parametrize("root", ["hub/others", "all", "hub"])
def test_a_root_below_which_nothing_is_documented_is_refused(root: str) -> None:
    with pytest.raises(CodegenError, match=f"no request below the root {root} is documented"):
        take_documented(take(MODEL, (root,)), NOTHING)
    with pytest.raises(CodegenError, match="no request below the root hub/others is documented"):
        kept(("hub/items", "hub/others"), "GET /hub/items")
