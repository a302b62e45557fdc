"""The walk over a service: which requests each of its resources takes, and in which order."""

from __future__ import annotations

from graph_codegen.model.subset import take
from graph_codegen.service.requests import Request, list_offers, list_requests
from tests.support.csdl import model

BASE = """
<EntityType Name="base">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
</EntityType>
<EntityType Name="app" BaseType="graph.base">
  <NavigationProperty Name="logs" Type="Collection(graph.base)" ContainsTarget="true"/>
  <NavigationProperty Name="owner" Type="graph.base"/>
</EntityType>
<EntityContainer Name="c"><EntitySet Name="apps" EntityType="graph.app"/></EntityContainer>
"""


def action(owner: str, *parameters: str) -> str:
    own = "".join(f'<Parameter Name="{name}" Type="Edm.String"/>' for name in parameters)
    binding = f'<Parameter Name="it" Type="graph.{owner}"/>'
    return f'<Action Name="assign" IsBound="true">{binding}{own}</Action>'


def requests(*declarations: str) -> list[Request]:
    return list(list_requests(model(BASE + "".join(declarations))))


def calls(found: list[Request]) -> list[tuple[str, list[str]]]:
    """Return the binding type and the own parameters of each call of an operation."""
    return [
        (str(r.operation.parameters[0].type), [p.name for p in r.parameters])
        for r in found
        if r.operation
    ]


def test_each_resource_comes_before_what_it_contains() -> None:
    assert [request.http for request in requests()] == [
        "GET /apps",
        "POST /apps",
        "GET /apps/$count",
        "GET /apps/{app-id}",
        "PATCH /apps/{app-id}",
        "DELETE /apps/{app-id}",
        "GET /apps/{app-id}/logs",
        "POST /apps/{app-id}/logs",
        "GET /apps/{app-id}/logs/$count",
        "GET /apps/{app-id}/logs/{base-id}",
        "PATCH /apps/{app-id}/logs/{base-id}",
        "DELETE /apps/{app-id}/logs/{base-id}",
        "GET /apps/{app-id}/owner",
    ]


def test_an_operation_that_a_derived_type_declares_again_is_called_once() -> None:
    found = requests(action("base", "role"), action("app", "role"))
    at_app = [request for request in found if request.segments == ("apps",)]

    assert calls(at_app) == [("microsoft.graph.app", ["role"])]
    assert ("microsoft.graph.base", ["role"]) in calls(found)  # where only the base type is


def test_an_overload_of_a_base_type_with_other_parameters_is_called_as_well() -> None:
    found = requests(action("base", "role"), action("app", "role", "scope"))
    at_app = [request for request in found if request.segments == ("apps",)]

    assert calls(at_app) == [
        ("microsoft.graph.app", ["role", "scope"]),
        ("microsoft.graph.base", ["role"]),
    ]


WAYS = BASE.partition("<EntityContainer")[0] + """
<EntityType Name="hub">
  <NavigationProperty Name="apps" Type="Collection(graph.app)" ContainsTarget="true"/>
  <NavigationProperty Name="me" Type="graph.app" ContainsTarget="true"/>
</EntityType>
<EntityContainer Name="d">
  <Singleton Name="hub" Type="graph.hub"/><Singleton Name="second" Type="graph.hub"/>
</EntityContainer>
"""


def below(*roots: str) -> list[str]:
    """Return the request lines of the subset below roots."""
    subset = take(model(WAYS), roots).model
    return [request.http for request in list_requests(subset)]


def test_a_root_that_is_a_path_brings_no_requests_on_the_way() -> None:
    assert [line for line in below("hub/apps/logs") if "{base-id}" not in line] == [
        "GET /hub/apps/{app-id}/logs",
        "POST /hub/apps/{app-id}/logs",
        "GET /hub/apps/{app-id}/logs/$count",
    ]


def test_nothing_beside_a_path_takes_requests_even_where_its_type_is_held() -> None:
    assert not [line for line in below("hub/me", "app") if "/apps" in line or line == "GET /hub"]
    assert "GET /hub/me" in below("hub/me", "app")


def test_a_shorter_path_includes_a_longer_one() -> None:
    assert below("hub", "hub/apps") == below("hub")


def test_what_one_path_passes_another_offers() -> None:
    subset = take(model(WAYS), ["hub/apps/logs", "second/apps"]).model
    offered = [request.http for request in list_offers(subset)]
    assert "GET /second/apps" in offered
    assert "GET /hub/apps" not in offered


def test_each_resource_is_offered_once_however_many_paths_lead_to_it() -> None:
    second = '<EntityContainer Name="c"><EntitySet Name="a" EntityType="graph.app"/>'
    second += '<EntitySet Name="b" EntityType="graph.app"/></EntityContainer>'
    declared = model(BASE.partition("<EntityContainer")[0] + second)

    logs = [request.http for request in list_offers(declared) if "logs" in request.path]
    assert logs.count("GET /a/{app-id}/logs") == 1
    assert not [line for line in logs if "/b/" in line]
