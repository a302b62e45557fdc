"""The walk over a service: which requests each of its resources takes, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.model.subset import take
from graph_codegen.service.left_out import find_left_out
from graph_codegen.service.requests import Request, list_offers, list_requests
from graph_codegen.service.slices import take_slice
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
        "GET /apps/{app-id}/owner/$ref",
        "PUT /apps/{app-id}/owner/$ref",
        "DELETE /apps/{app-id}/owner/$ref",
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


GROUPS = """
<EntityType Name="user">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
</EntityType>
<EntityType Name="group">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
  <NavigationProperty Name="members" Type="Collection(graph.user)">{}</NavigationProperty>
  <NavigationProperty Name="manager" Type="graph.user" Nullable="{}"/>
</EntityType>
<EntityContainer Name="c">
  <EntitySet Name="groups" EntityType="graph.group"/>
  <EntitySet Name="users" EntityType="graph.user"/>
</EntityContainer>
"""

GROUP = "/groups/{group-id}"
REFERENCES = [
    f"GET {GROUP}/members/$ref",
    f"POST {GROUP}/members/$ref",
    f"DELETE {GROUP}/members/{{user-id}}/$ref",
    f"GET {GROUP}/manager/$ref",
    f"PUT {GROUP}/manager/$ref",
    f"DELETE {GROUP}/manager/$ref",
]


def referring(*roots: str, restriction: str = "", nullable: str = "true") -> list[str]:
    """Return the request lines below a group, which refers to users."""
    taken = take(model(GROUPS.format(restriction, nullable)), roots).model
    return [request.http for request in list_requests(taken) if f"{GROUP}/" in request.http]


def test_what_a_property_does_not_contain_is_read_counted_and_referred_to() -> None:
    """Source: OData Protocol 4.01, sections 11.2.8 and 11.4.6."""
    read = [f"GET {GROUP}/members", f"GET {GROUP}/members/$count", f"GET {GROUP}/manager"]
    assert sorted(referring("all")) == sorted([*read, *REFERENCES])


def test_what_is_outside_of_the_subset_is_counted_and_referred_to_alone() -> None:
    any_entity = [line.replace("{user-id}", "{entity-id}") for line in REFERENCES]
    assert sorted(referring("groups")) == sorted([f"GET {GROUP}/members/$count", *any_entity])


def test_a_reference_that_is_never_null_is_not_removed() -> None:
    lines = referring("all", nullable="false")
    assert f"DELETE {GROUP}/manager/$ref" not in lines
    assert f"PUT {GROUP}/manager/$ref" in lines


@pytest.mark.parametrize(
    ("term", "flag", "ruled_out"),
    [
        ("Read", "Readable", {"GET"}),
        ("Insert", "Insertable", {"POST"}),
        ("Delete", "Deletable", {"DELETE"}),
        ("Navigation", "Referenceable", {"GET", "POST", "DELETE"}),
    ],
)
def test_restrictions_rule_references_out(term: str, flag: str, ruled_out: set[str]) -> None:
    value = f'<Record><PropertyValue Property="{flag}" Bool="false"/></Record>'
    name = f"Org.OData.Capabilities.V1.{term}Restrictions"
    lines = referring("all", restriction=f'<Annotation Term="{name}">{value}</Annotation>')
    expected = [line for line in REFERENCES[:3] if line.split()[0] not in ruled_out]
    assert [line for line in lines if "members" in line and "$ref" in line] == expected


CASTS = """
<EntityType Name="app" Abstract="true">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
</EntityType>
<EntityType Name="lobApp" BaseType="graph.app">
  <Property Name="icon" Type="Edm.Stream"/>
  <NavigationProperty Name="versions" Type="Collection(graph.version)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="version">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
</EntityType>
<EntityType Name="winApp" BaseType="graph.lobApp"/>
<EntityType Name="webApp" BaseType="graph.app">
  <NavigationProperty Name="pages" Type="Collection(graph.version)" ContainsTarget="true"/>
</EntityType>
<Action Name="commit" IsBound="true"><Parameter Name="it" Type="graph.lobApp"/></Action>
<Action Name="purge" IsBound="true"><Parameter Name="it" Type="Collection(graph.winApp)"/></Action>
<EntityContainer Name="c">
  <EntitySet Name="apps" EntityType="graph.app"/>{}
</EntityContainer>
"""


def casts(roots: tuple[str, ...] = ("all",), sets: str = "") -> list[str]:
    """Return the request lines after a cast, without those below the first collection there."""
    taken = take(model(CASTS.format(sets)), roots).model
    lines = (request.http for request in list_requests(taken))
    return [line for line in lines if "microsoft.graph." in line and "{version-id}" not in line]


LOB, WEB = "/apps/{app-id}/microsoft.graph.lobApp", "/apps/{app-id}/microsoft.graph.webApp"
OF_LOB = [
    f"GET {LOB}/icon",
    f"PUT {LOB}/icon",
    f"DELETE {LOB}/icon",
    f"POST {LOB}/commit",
    f"GET {LOB}/versions",
    f"POST {LOB}/versions",
    f"GET {LOB}/versions/$count",
]
OF_WEB = [f"GET {WEB}/pages", f"POST {WEB}/pages", f"GET {WEB}/pages/$count"]


def test_what_only_a_derived_type_has_is_behind_a_cast_to_it() -> None:
    """Source: OData URL conventions 4.01, section 4.11."""
    purge = "POST /apps/microsoft.graph.winApp/purge"
    assert casts() == [purge, *OF_LOB, *OF_WEB]
    assert casts(("apps",)) == casts()


def test_what_has_a_path_of_its_own_needs_no_cast() -> None:
    assert "POST /apps/microsoft.graph.winApp/purge" in casts()
    found = casts(sets='<EntitySet Name="wins" EntityType="graph.winApp"/>')
    assert found == OF_WEB  # a winApp is a lobApp


BOUND = "".join(
    f'<Action Name="{name}_{owner}" IsBound="true"><Parameter Name="it" Type="{ref}"/></Action>'
    for owner in ("lobApp", "winApp")
    for name, ref in (("one", f"graph.{owner}"), ("all", f"Collection(graph.{owner})"))
)
OTHERS = (
    "",
    '<Singleton Name="own" Type="graph.winApp"/>',
    '<EntitySet Name="own" EntityType="graph.winApp"/>',
    """<EntitySet Name="own" EntityType="graph.winApp">
    <Annotation Term="Org.OData.Capabilities.V1.IndexableByKey" Bool="false"/></EntitySet>""",
    """<Singleton Name="own" Type="graph.winApp">
    <Annotation Term="Org.OData.Core.V1.ExplicitOperationBindings"><Collection/></Annotation></Singleton>""",
)
ORPHAN = """<EntityType Name="orphan">
  <NavigationProperty Name="one" Type="graph.winApp" ContainsTarget="true"/>
  <NavigationProperty Name="many" Type="Collection(graph.winApp)" ContainsTarget="true"/>
</EntityType>"""


@pytest.mark.parametrize("orphan", ["", ORPHAN])
@pytest.mark.parametrize("own", OTHERS)
@pytest.mark.parametrize("roots", [["all"], ["apps"], ["apps", "own/versions"]])
def test_what_is_bound_to_a_derived_type_has_a_path_whatever_else_has(
    roots: list[str], own: str, orphan: str
) -> None:
    """A path to an entity is none to a collection, and none begins at an orphan or before a root."""
    if not own:
        roots = [root for root in roots if "own" not in root]
    taken = take(model(CASTS.format(own) + BOUND + orphan), roots).model
    assert not [one for one in find_left_out(taken) if one.kind == "actions"]


def test_what_is_bound_by_a_resource_of_the_base_type_alone_is_behind_a_cast() -> None:
    """Source: Core.V1 ExplicitOperationBindings."""
    own = '<Singleton Name="own" Type="graph.winApp"/><EntitySet Name="wins" EntityType="graph.winApp"/>'
    declared = CASTS.format(own) + BOUND
    for name in ("one_lobApp", "all_winApp"):
        start = f'<Action Name="{name}" IsBound="true">'
        requires = '<Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>'
        declared = declared.replace(start, start + requires)
    apps = '<EntitySet Name="apps" EntityType="graph.app"'
    listed = "<String>graph.one_lobApp</String><String>graph.all_winApp</String>"
    term = "Org.OData.Core.V1.ExplicitOperationBindings"
    annotated = (
        f'><Annotation Term="{term}"><Collection>{listed}</Collection></Annotation></EntitySet>'
    )
    declared = declared.replace(f"{apps}/>", apps + annotated)
    calls = [
        r.http for r in list_requests(model(declared)) if "one_l" in r.path or "all_w" in r.path
    ]
    assert calls == ["POST /apps/microsoft.graph.winApp/all_winApp", f"POST {LOB}/one_lobApp"]


def test_a_root_leads_through_a_cast() -> None:
    root = ("apps/microsoft.graph.lobApp/versions",)
    assert casts(root) == [line for line in OF_LOB if "versions" in line]


def test_a_root_leads_through_a_cast_that_nothing_else_needs() -> None:
    wins = '<EntitySet Name="wins" EntityType="graph.winApp"/>'
    lines = [line for line in OF_LOB if "versions" in line]
    assert casts(("apps/microsoft.graph.lobApp/versions", "wins"), wins) == lines
    assert casts(("apps/microsoft.graph.winApp", "wins"), wins) == [
        "POST /apps/microsoft.graph.winApp/purge"
    ]


@pytest.mark.parametrize("end", ["winApp/versions", "lobApp/microsoft.graph.winApp", "webApp/logs"])
def test_a_root_has_what_its_cast_adds_and_no_more(end: str) -> None:
    with pytest.raises(CodegenError, match="contains no"):
        casts((f"apps/microsoft.graph.{end}",))


def test_a_request_behind_a_cast_is_a_root() -> None:
    declared = model(CASTS.format('<EntitySet Name="wins" EntityType="graph.winApp"/>'))
    for root in ("POST /apps/microsoft.graph.winApp/purge", f"POST {LOB}/commit"):
        for others in ([], ["wins"]):
            taken = take_slice(declared, [root, *others]).model
            assert root in {request.http for request in list_requests(taken)}


KEYS = """
<EntityType Name="{owner}">
  <Key>{names}</Key>
  <Property Name="a" Type="{of_a}" Nullable="false"/><Property Name="b" Type="Edm.String" Nullable="false"/>
  <NavigationProperty Name="parts" Type="Collection(graph.{owner})" ContainsTarget="true"/>
</EntityType>
<EnumType Name="colour"><Member Name="red" Value="0"/></EnumType>
<EntityContainer Name="c"><EntitySet Name="things" EntityType="graph.{owner}"/></EntityContainer>
"""


def keyed(*names: str, of_a: str = "Edm.String") -> list[Request]:
    references = "".join(f'<PropertyRef Name="{name}"/>' for name in names)
    declared = KEYS.format(owner="thing", names=references, of_a=of_a)
    return [r for r in list_requests(model(declared)) if r.kind == "get"]


def test_a_key_of_several_properties_is_in_parentheses() -> None:
    """Source: OData URL conventions 4.01, sections 4.3.1 and 4.3.6."""
    of_things = "/things(a={a},b={b})"
    found = keyed("a", "b")
    assert [r.path for r in found] == [of_things, f"{of_things}/parts(a={{parts-a}},b={{parts-b}})"]
    assert [(key.name, key.property) for key in found[1].keys] == [
        ("a", "a"),
        ("b", "b"),
        ("parts-a", "a"),
        ("parts-b", "b"),
    ]
    assert keyed("b")[0].path == "/things/{thing-id}"
    assert keyed() == []


@pytest.mark.parametrize(
    ("supported", "in_parentheses"), [("", False), ("true", False), ("false", True)]
)
def test_keys_are_in_parentheses_where_the_service_takes_no_segments(
    supported: str, in_parentheses: bool
) -> None:
    """Source: Capabilities.V1 KeyAsSegmentSupported; OData URL conventions 4.01, section 4.3.1."""
    value = f' Bool="{supported}"' if supported else ""
    said = f'<Annotation Term="Org.OData.Capabilities.V1.KeyAsSegmentSupported"{value}/>'
    declared = KEYS.format(owner="thing", names='<PropertyRef Name="a"/>', of_a="Edm.Int32")
    found = list_requests(model(declared.replace('Name="c">', f'Name="c">{said}')))
    paths = [request.path for request in found if request.kind == "get"]
    if in_parentheses:
        assert paths == ["/things({thing-id})", "/things({thing-id})/parts({parts-thing-id})"]
    else:
        assert paths == [request.path for request in keyed("a")]


@pytest.mark.parametrize("of_a", ["Edm.Int32", "Edm.Guid", "Edm.Date", "microsoft.graph.colour"])
def test_keys_have_the_types_of_their_properties(of_a: str) -> None:
    assert [str(key.value) for key in keyed("a", of_a=of_a)[1].keys] == [of_a, of_a]


ALTERNATE = """
<EntityType Name="app">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
  <Property Name="appId" Type="Edm.Guid"/><Property Name="info" Type="graph.info"/>
  <NavigationProperty Name="owned" Type="Collection(graph.app)" ContainsTarget="true"/>
  <NavigationProperty Name="other" Type="Collection(graph.app)"/>
  <Annotation Term="Org.OData.Core.V1.AlternateKeys"><Collection>
    <Record><PropertyValue Property="Key"><Collection><Record>
      <PropertyValue Property="Alias" String="appId"/>
      <PropertyValue Property="Name" PropertyPath="appId"/>
    </Record></Collection></PropertyValue></Record>
    <Record><PropertyValue Property="Key"><Collection>
      <Record><PropertyValue Property="Alias" String="country"/>
        <PropertyValue Property="Name" PropertyPath="info/country"/></Record>
      <Record><PropertyValue Property="Name" PropertyPath="appId"/></Record>
    </Collection></PropertyValue></Record>
    <Record><PropertyValue Property="Key"><Collection/></PropertyValue></Record>
  </Collection></Annotation>
</EntityType>
<EntityType Name="special" BaseType="graph.app"/>
<ComplexType Name="info"><Property Name="country" Type="Edm.String"/></ComplexType>
<EntityContainer Name="c"><EntitySet Name="apps" EntityType="graph.special"/></EntityContainer>
"""


def test_alternate_keys_address_the_entity_itself() -> None:
    """Source: Core.V1 AlternateKeys; OData URL conventions 4.01, section 4.3.4."""
    found = [r for r in list_requests(model(ALTERNATE)) if r.alternate]
    one, two = "(appId={appId})", "(country={country},appId={appId})"
    places = [f"/apps{one}", f"/apps{two}"]
    places += [f"/apps/{{special-id}}/owned{key}" for key in (one, two)]
    assert [r.http for r in found] == [
        f"{verb} {place}" for place in places for verb in ("GET", "PATCH", "DELETE")
    ]
    assert [(key.property, str(key.value)) for key in found[3].keys] == [
        ("country", "Edm.String"),
        ("appId", "Edm.Guid"),
    ]


IMPORTS = """
<EntityType Name="thing">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<Action Name="reset"><Parameter Name="n" Type="Edm.Int32"/></Action>
<Action Name="reset" IsBound="true"><Parameter Name="it" Type="graph.thing"/></Action>
<Function Name="nearest" IsComposable="true">
  <Parameter Name="lat" Type="Edm.Double" Nullable="false"/><ReturnType Type="graph.thing"/>
</Function>
<Function Name="nearest"><ReturnType Type="graph.thing"/></Function>
<Action Name="unreachable"/>
<EntityContainer Name="c">
  <EntitySet Name="things" EntityType="graph.thing"/>
  <ActionImport Name="Reset" Action="graph.reset"/>
  <FunctionImport Name="FindNearest" Function="graph.nearest" EntitySet="things"/>
</EntityContainer>
"""


def imported(*roots: str) -> list[str]:
    declared = model(IMPORTS)
    assert declared.diagnostics == ()
    taken = take(declared, roots).model
    assert {r.http for r in list_offers(taken)} == {r.http for r in list_requests(taken)}
    return [r.http for r in list_requests(taken) if "/things" not in r.path]


def test_what_is_not_bound_is_called_by_the_name_of_its_import() -> None:
    """Source: CSDL 4.01, 13.5 and 13.6; overloads share an import."""
    nearest = ["GET /FindNearest()", "GET /FindNearest(lat={lat})"]
    nearest.append("POST /FindNearest(lat={lat})/reset")
    assert sorted(imported("all")) == sorted([*nearest, "POST /Reset"])
    assert imported("Reset") == ["POST /Reset"]
    assert sorted(imported("FindNearest", "things")) == sorted(nearest)
    assert imported("things") == []


def test_an_import_of_nothing_is_a_mistake() -> None:
    declared = IMPORTS.replace('Action="graph.reset"', 'Action="graph.nearest"')
    (found,) = model(declared).diagnostics
    assert str(found).endswith(
        "c/Reset: microsoft.graph.nearest is not declared as an unbound action"
    )
    with pytest.raises(CodegenError, match="c/Reset: declared twice"):
        model(IMPORTS.replace('EntitySet Name="things"', 'EntitySet Name="Reset"'))


STREAMS = """
<EntityType Name="meeting">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
  <Property Name="report" Type="Edm.Stream"/>
  <Property Name="logo" Type="Edm.Stream" Nullable="false"/>
  <Property Name="summary" Type="Edm.Stream">
    <Annotation Term="Org.OData.Core.V1.Computed"/>
  </Property>
</EntityType>
<EntityType Name="talk">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
  <NavigationProperty Name="meeting" Type="graph.meeting"/>
  <NavigationProperty Name="meetings" Type="Collection(graph.meeting)"/>
</EntityType>
<EntityContainer Name="c">
  <EntitySet Name="meetings" EntityType="graph.meeting"/><EntitySet Name="talks" EntityType="graph.talk"/>
</EntityContainer>
"""


def test_streams_are_read_written_and_deleted_where_their_entity_has_an_address() -> None:
    lines = [r.http for r in list_requests(model(STREAMS)) if r.kind.endswith("content")]
    verbs = [("GET", "report"), ("PUT", "report"), ("DELETE", "report")]
    verbs += [("GET", "logo"), ("PUT", "logo"), ("GET", "summary")]
    places = ("/meetings/{meeting-id}", "/talks/{talk-id}/meeting")
    assert lines == [f"{verb} {place}/{name}" for place in places for verb, name in verbs]


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


HUB = """
<EntityType Name="hub">
  <NavigationProperty Name="items" Type="Collection(graph.base)" ContainsTarget="true"/>
</EntityType>
"""

NO_SEGMENTS = '<Annotation Term="Org.OData.Capabilities.V1.KeyAsSegmentSupported" Bool="false"/>'


@pytest.mark.parametrize(
    "more", ['<EntitySet Name="apps" EntityType="graph.app"/>', NO_SEGMENTS], ids=["way", "keys"]
)
def test_what_is_known_of_a_resource_does_not_hide_what_the_container_changes(more: str) -> None:
    """A path to derived types makes casts to them superfluous; keys may be segments or in parentheses."""
    types = BASE.partition("<EntityContainer")[0] + HUB + action("app")
    old, other = (
        model(
            f'{types}<EntityContainer Name="c"><Singleton Name="hub" Type="graph.hub"/>{own}'
            "</EntityContainer>"
        )
        for own in ("", more)
    )
    new = replace(old, container=other.container)
    known = list_offers(old)

    below = {r.path for r in list_offers(new, known) if r.path.startswith("/hub")}
    assert below == {r.path for r in list_offers(new) if r.path.startswith("/hub")}
    assert below != {r.path for r in known}


def test_what_is_known_of_a_resource_does_not_hide_that_its_operations_are_listed_elsewhere() -> (
    None
):
    """An operation that an element lists is called nowhere else; one that none lists is called anywhere."""
    needs = '<Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>'
    lists = (
        '<Annotation Term="Org.OData.Core.V1.ExplicitOperationBindings"><Collection>'
        "<String>graph.assign</String></Collection></Annotation>"
    )
    own = action("app").replace("</Action>", f"{needs}</Action>")
    old, other = (
        model(f'{BASE}{own}<EntityType Name="hub" BaseType="graph.base">{more}</EntityType>')
        for more in ("", lists)
    )
    hub = "microsoft.graph.hub"
    known = list_offers(old)
    new = list_offers(replace(old, types={**old.types, hub: other.types[hub]}), known)

    assert "POST /apps/{app-id}/assign" in [request.http for request in known]
    assert "POST /apps/{app-id}/assign" not in [request.http for request in new]


def function(name: str, owner: str, returns: str, *parameters: str, composable: bool = True) -> str:
    own = "".join(f'<Parameter Name="{name}" Type="Edm.String"/>' for name in parameters)
    return (
        f'<Function Name="{name}" IsBound="true" IsComposable="{str(composable).lower()}">'
        f'<Parameter Name="it" Type="{owner}"/>{own}<ReturnType Type="{returns}"/></Function>'
    )


APPS = "Collection(graph.app)"


def behind(*declarations: str) -> list[str]:
    """Return the calls of operations below the entity set, without its path."""
    found = [r for r in requests(*declarations) if r.operation and r.segments == ("apps",)]
    return [f"{r.method} {r.path.removeprefix('/apps/')}" for r in found]


def test_what_is_bound_to_the_result_of_a_composable_function_is_called_behind_it() -> None:
    delta = function("delta", "Collection(graph.base)", "Edm.String", composable=False)
    find = function("find", APPS, "Collection(graph.base)", "name")
    assert [line for line in behind(find, delta) if "find" in line] == [
        "GET find(name={name})",
        "GET find(name={name})/delta()",
    ]
    plain = find.replace('IsComposable="true"', "")
    assert [line for line in behind(plain, delta) if "find" in line] == ["GET find(name={name})"]


def test_the_result_takes_what_is_bound_to_its_base_types_and_to_nothing_else() -> None:
    found = behind(
        function("first", APPS, "graph.app"),
        action("base", "role"),
        function("of_all", "Collection(graph.base)", "Edm.String"),
    )
    assert [line for line in found if line.startswith(("GET first", "POST first"))] == [
        "GET first()",
        "POST first()/assign",
    ]


def test_functions_behind_a_composable_function_are_composed_no_further() -> None:
    found = behind(function("next", "graph.app", "graph.app"), action("app"))
    assert [line for line in found if "next" in line] == [
        "GET {app-id}/next()",
        "GET {app-id}/next()/next()",
        "POST {app-id}/next()/assign",
    ]


def test_each_overload_of_a_composable_function_leads_on() -> None:
    overloads = function("find", APPS, "graph.app"), function("find", APPS, "graph.app", "name")
    assert behind(*overloads, action("app")) == [
        "GET find()",
        "POST find()/assign",
        "GET find(name={name})",
        "POST find(name={name})/assign",
        "POST {app-id}/assign",
    ]


def test_parameters_of_one_name_have_different_places_in_a_path() -> None:
    find, pick = function("find", APPS, APPS, "n", "m"), function("pick", APPS, "graph.app", "n")
    found = [r for r in requests(find, pick, action("app", "n")) if r.through]
    assert [(r.path.removeprefix("/apps/"), [*r.through_parameters]) for r in found] == [
        ("find(n={find_n},m={find_m})/find(n={n},m={m})", ["find_n", "find_m"]),
        ("find(n={find_n},m={m})/pick(n={n})", ["find_n", "m"]),
        ("pick(n={pick_n})/assign", ["pick_n"]),
    ]


def test_nothing_is_called_behind_a_function_where_an_annotation_says_so() -> None:
    bound = "Org.OData.Core.V1.RequiresExplicitBinding"
    listed = "Org.OData.Core.V1.ExplicitOperationBindings"
    delta = function("delta", APPS, APPS).replace("<Param", f'<Annotation Term="{bound}"/><Param')
    there = f"""<Annotations Target="graph.app/logs"><Annotation Term="{listed}"><Collection>
        <String>microsoft.graph.delta</String></Collection></Annotation></Annotations>"""
    find = function("find", APPS, APPS)
    assert "GET find()/delta()" in behind(find, delta)  # listed nowhere, so the type alone decides
    assert "GET find()/delta()" not in behind(find, delta, there)


def test_what_a_type_lists_is_called_wherever_there_is_one_of_it_or_of_a_derived_type() -> None:
    bound = "Org.OData.Core.V1.RequiresExplicitBinding"
    listed = "Org.OData.Core.V1.ExplicitOperationBindings"
    assign = action("base").replace("<Param", f'<Annotation Term="{bound}"/><Param', 1)
    there = f"""<Annotations Target="graph.{{}}"><Annotation Term="{listed}"><Collection>
        <String>microsoft.graph.assign</String></Collection></Annotation></Annotations>"""

    def called(*declarations: str) -> list[str]:
        return [r.path for r in requests(assign, *declarations) if r.operation]

    everywhere = ["/apps/{app-id}/assign", "/apps/{app-id}/logs/{base-id}/assign"]
    assert called(there.format("base")) == everywhere
    assert called(there.format("app")) == everywhere[:1]


BEHIND = """
<EntityType Name="look">
  <NavigationProperty Name="format" Type="graph.format" ContainsTarget="true"/>
  <NavigationProperty Name="app" Type="graph.app"/>
</EntityType>
<EntityType Name="format">
  <NavigationProperty Name="look" Type="graph.look" ContainsTarget="true"/>
</EntityType>
<Action Name="fit" IsBound="true">
  <Parameter Name="it" Type="graph.format"/><Parameter Name="name" Type="Edm.String"/>
</Action>
"""


def led_to(*more: str) -> list[str]:
    """Return the requests behind a function of apps, without what is bound to its result."""
    range_ = function("range", "graph.app", "graph.look", "name")
    found = requests(BEHIND, range_, function("again", "graph.format", "graph.look"), *more)
    return [r.http for r in found if r.through and r.segments != r.owner_segments]


def test_resources_that_only_a_result_leads_to_are_behind_the_function() -> None:
    path = "/apps/{app-id}/range(name={name})"
    assert led_to() == [
        f"GET {path}/format",
        f"PATCH {path}/format",
        f"DELETE {path}/format",
        "POST /apps/{app-id}/range(name={range_name})/format/fit",
        f"GET {path}/format/again()",
        f"GET {path}/app",
        f"GET {path}/app/$ref",
        f"PUT {path}/app/$ref",
        f"DELETE {path}/app/$ref",
        f"GET {path}/format/look",
        f"PATCH {path}/format/look",
        f"DELETE {path}/format/look",
    ]


def test_resources_with_a_path_of_their_own_are_not_repeated_behind_functions() -> None:
    hub = '<EntityType Name="hub"><NavigationProperty Name="looks" Type="Collection(graph.look)"'
    assert led_to(f'{hub} ContainsTarget="true"/></EntityType>') == led_to()
    looks = BASE.replace(
        "</EntityContainer>", '<Singleton Name="l" Type="graph.look"/></EntityContainer>'
    )
    range_ = function("range", "graph.app", "graph.look", "name")
    found = list_requests(model(looks + BEHIND + range_))
    assert not [r for r in found if r.through]
