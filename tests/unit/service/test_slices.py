"""Roots and excludes as people write them, and what is left of a service."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from graph_codegen import api
from graph_codegen.csdl.ast import Annotation
from graph_codegen.csdl.vocabulary import FALSE, KEY_AS_SEGMENT_SUPPORTED
from graph_codegen.errors import CodegenError
from graph_codegen.model.subset import take
from graph_codegen.service.available import list_roots
from graph_codegen.service.requests import list_requests
from graph_codegen.service.slices import existing, missing, take_slice
from tests.support.csdl import model, schema
from tests.support.published import NEWEST, published

SERVICE = """
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="user" BaseType="graph.entity">
  <Property Name="photo" Type="graph.picture"/>
  <NavigationProperty Name="onlineMeetings" Type="Collection(graph.onlineMeeting)" ContainsTarget="true"/>
  <NavigationProperty Name="messages" Type="Collection(graph.message)" ContainsTarget="true"/>
  <NavigationProperty Name="manager" Type="graph.user"/>
</EntityType>
<EntityType Name="onlineMeeting" BaseType="graph.entity">
  <NavigationProperty Name="recordings" Type="Collection(graph.recording)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="recording" BaseType="graph.entity"><Property Name="of" Type="graph.picture"/></EntityType>
<EntityType Name="message" BaseType="graph.entity">
  <Property Name="body" Type="graph.itemBody"/>
</EntityType>
<ComplexType Name="itemBody"/>
<ComplexType Name="picture"/>
<ComplexType Name="bigPicture" BaseType="graph.picture"/>
<ComplexType Name="ending"/>
<Action Name="assign" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.user"/><Parameter Name="to" Type="graph.user"/>
</Action>
<Action Name="end" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.onlineMeeting"/>
  <Parameter Name="how" Type="graph.ending"/>
</Action>
<Function Name="recent" IsBound="true">
  <Parameter Name="bindingParameter" Type="Collection(graph.onlineMeeting)"/>
  <Parameter Name="since" Type="Edm.String"/>
  <ReturnType Type="Collection(graph.onlineMeeting)"/>
</Function>
<EntityContainer Name="GraphService">
  <EntitySet Name="users" EntityType="graph.user"/>
  <Singleton Name="me" Type="graph.user"/>
</EntityContainer>
"""

MODEL = model(SERVICE)

END = "POST /users/{user-id}/onlineMeetings/{onlineMeeting-id}/end"
RECENT = "GET /users/{user-id}/onlineMeetings/recent(since={since})"


def lines(roots: list[str], exclude: tuple[str, ...] = ()) -> set[str]:
    return {request.http for request in list_requests(take_slice(MODEL, roots, exclude).model)}


def types(roots: list[str], exclude: tuple[str, ...] = ()) -> set[str]:
    found = take_slice(MODEL, roots, exclude).model.types
    return {name.removeprefix("microsoft.graph.") for name in found}


@pytest.mark.parametrize(
    "spelled",
    [
        "users/onlineMeetings", "users/{id}/onlineMeetings", "/users/{user-id}/onlineMeetings",
        "users/*/onlineMeetings", "users/*/onlineMeetings/", "users('{id}')/onlineMeetings",
        "users/{id}/onlineMeetings/{id}",
    ],
)  # fmt: skip
def test_a_path_is_spelled_as_people_do(spelled: str) -> None:
    taken = take_slice(MODEL, [spelled])
    assert taken == take(MODEL, ["users/onlineMeetings"])
    assert taken.roots == ("users/onlineMeetings",)


@pytest.mark.parametrize(
    ("spelled", "line"),
    [
        ("POST /users/*/onlineMeetings/*/end", END),
        ("POST users/{id}/onlineMeetings/{id}/microsoft.graph.end", END),
        ("POST  /users/{user-id}/onlinemeetings/{onlineMeeting-id}/END", END),
        ("GET /users/{id}/onlineMeetings/recent", RECENT),
        ("GET /users/{id}/onlineMeetings/recent(since='{since}')", RECENT),
        ("PATCH /users/*/", "PATCH /users/{user-id}"),
    ],
)
def test_a_request_is_a_root(spelled: str, line: str) -> None:
    assert lines([spelled]) == {line}
    assert take_slice(MODEL, [spelled]).roots == (line,)
    assert existing(MODEL, [spelled, "GET /nobody"]) == (spelled,)


OVERLOADED = model("""
    <EntityType Name="pair"><Key><PropertyRef Name="a"/><PropertyRef Name="b"/></Key>
      <Property Name="a" Type="Edm.String" Nullable="false"/>
      <Property Name="b" Type="Edm.String" Nullable="false"/>
    </EntityType>
    <Function Name="near"><ReturnType Type="graph.pair"/></Function>
    <Function Name="near"><Parameter Name="id" Type="Edm.String" Nullable="false"/>
      <Parameter Name="far" Type="Edm.Boolean">
        <Annotation Term="Org.OData.Core.V1.OptionalParameter"/></Parameter>
      <ReturnType Type="graph.pair"/></Function>
    <EntityContainer Name="c"><EntitySet Name="pairs" EntityType="graph.pair"/>
      <FunctionImport Name="near" Function="graph.near"/></EntityContainer>
    """)
NEAR, NEAR_ID = "GET /near()", "GET /near(id={id},far={far})"
PAIR = "GET /pairs(a={a},b={b})"


@pytest.mark.parametrize(
    ("spelled", "found"),
    [
        ("GET /near()", {NEAR}),
        ("GET /near(id='x')", {NEAR_ID}),
        ("GET /near(ID={id},far=true)", {NEAR_ID}),
        ("GET /near", {NEAR, NEAR_ID}),
        ("GET /near(*)", {NEAR, NEAR_ID}),
        ("near", {NEAR, NEAR_ID}),
        ("GET /pairs(a='1',b='2')", {PAIR}),
        ("GET /pairs", {"GET /pairs"}),
    ],
)  # fmt: skip
def test_arguments_tell_overloads_and_keys_apart(spelled: str, found: set[str]) -> None:
    def requests(roots: list[str], exclude: tuple[str, ...] = ()) -> set[str]:
        return {r.http for r in list_requests(take_slice(OVERLOADED, roots, exclude).model)}

    assert requests([spelled]) == found
    assert requests([*take_slice(OVERLOADED, [spelled]).roots]) == found
    assert requests(["all"], (spelled,)) == requests(["all"]) - found


@pytest.mark.parametrize(
    "spelled", ["PATCH /users/*", "PATCH users('1')", "PATCH /users({user-id})"]
)
def test_a_request_is_a_root_whatever_the_form_of_its_keys(spelled: str) -> None:
    assert MODEL.container
    said = Annotation(KEY_AS_SEGMENT_SUPPORTED, FALSE)
    container = replace(MODEL.container, annotations=(said,))
    for found in (MODEL, replace(MODEL, container=container)):
        (request,) = list_requests(take_slice(found, [spelled]).model)
        assert (request.method, request.target.name) == ("PATCH", "microsoft.graph.user")
        assert existing(found, [spelled, "GET /users/{id}/nothing"]) == (spelled,)


def test_an_import_is_listed_by_its_name() -> None:
    assert [(o.root, o.methods) for o in list_roots(OVERLOADED)] == [
        ("near", 2), ("pairs", 6), ("all", 8),
    ]  # fmt: skip
    assert existing(OVERLOADED, ["near", "GET /near(x={x})", "GET /pairs(a={a})"]) == ("near",)


LINES = model("""
    <EntityType Name="order">
      <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
      <NavigationProperty Name="lines" Type="Collection(graph.line)" ContainsTarget="true"/>
    </EntityType>
    <EntityType Name="line"><Key><PropertyRef Name="a"/><PropertyRef Name="b"/></Key>
      <Property Name="a" Type="Edm.String" Nullable="false"/>
      <Property Name="b" Type="Edm.String" Nullable="false"/>
      <Property Name="photo" Type="Edm.Stream"/>
      <NavigationProperty Name="order" Type="graph.order"/>
      <NavigationProperty Name="others" Type="Collection(graph.line)"/>
      <Annotation Term="Org.OData.Core.V1.AlternateKeys"><Collection>
        <Record><PropertyValue Property="Key"><Collection>
          <Record><PropertyValue Property="Name" PropertyPath="b"/></Record>
        </Collection></PropertyValue></Record>
      </Collection></Annotation>
    </EntityType>
    <Function Name="near" IsBound="true"><Parameter Name="it" Type="graph.line"/>
      <Parameter Name="far" Type="Edm.String"/><ReturnType Type="Edm.String"/></Function>
    <Action Name="send" IsBound="true"><Parameter Name="it" Type="graph.line"/></Action>
    <EntityContainer Name="c"><EntitySet Name="lines" EntityType="graph.line"/>
      <Singleton Name="first" Type="graph.order"/></EntityContainer>
    """)
LINE = "/lines(a={a},b={b})"


@pytest.mark.parametrize(
    ("spelled", "found"),
    [
        ("GET /lines/{id}/order/$ref", [f"GET {LINE}/order/$ref"]),
        ("GET /lines(b='2',a='1')/order", [f"GET {LINE}/order"]),
        ("DELETE /lines(*)/others/*/$ref", [f"DELETE {LINE}/others(a={{others-a}},b={{others-b}})/$ref"]),
        ("POST /first/lines/*/send", ["POST /first/lines(a={a},b={b})/send"]),
        ("GET /first/lines/*/near", ["GET /first/lines(a={a},b={b})/near(far={far})"]),
        ("GET /first/lines(*)/near(far='x')", ["GET /first/lines(a={a},b={b})/near(far={far})"]),
        ("GET /lines/*", ["GET /lines(b={b})", f"GET {LINE}"]),
        ("GET /lines(*)", ["GET /lines(b={b})", f"GET {LINE}"]),
        ("GET /lines('1')", ["GET /lines(b={b})", f"GET {LINE}"]),
        ("GET /lines(b={b})", ["GET /lines(b={b})"]),
        ("GET /lines", ["GET /lines"]),
    ],
)  # fmt: skip
def test_a_key_in_parentheses_is_a_key_like_any_other(spelled: str, found: list[str]) -> None:
    def requests(roots: list[str], exclude: tuple[str, ...] = ()) -> list[str]:
        return [r.http for r in list_requests(take_slice(LINES, roots, exclude).model)]

    assert requests([spelled]) == found
    assert requests([*take_slice(LINES, [spelled]).roots]) == found
    every = requests(["all"])
    assert requests(["all"], (spelled,)) == [line for line in every if line not in found]
    assert missing(LINES, spelled) is None


@pytest.mark.parametrize(
    ("root", "near"),
    [
        (
            "PUT /first/lines/*/",
            "GET /first/lines(b={b}), PATCH /first/lines(b={b}), DELETE /first/lines(b={b})",
        ),
        ("PUT /lines(*)/order", f"GET {LINE}/order"),
        ("GET /lines(a={a})", "GET /lines(b={b}), PATCH /lines(b={b}), DELETE /lines(b={b})"),
        ("GET /lines/*/sent", f"POST {LINE}/send"),
        ("GET /line/*", "lines"),
        ("first/lines/*/order", "GET /first/lines(a={a},b={b})/order"),
        ("first/lines/*/graph.send", "POST /first/lines(a={a},b={b})/send"),
        ("lines/photo", f"GET {LINE}/photo, PUT {LINE}/photo, DELETE {LINE}/photo"),
    ],
)
def test_requests_are_near_a_root_that_has_their_path(root: str, near: str) -> None:
    with pytest.raises(CodegenError, match=re.escape(f"; near are {near}") + "$"):
        take_slice(LINES, [root])


def test_a_request_that_other_roots_make_needless_is_refused() -> None:
    """What has a path of its own is not offered behind a function as well."""
    declared = model("""
        <EntityType Name="book"><Key><PropertyRef Name="id"/></Key>
          <Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
        <EntityType Name="range">
          <NavigationProperty Name="format" Type="graph.format" ContainsTarget="true"/></EntityType>
        <EntityType Name="format"/>
        <Function Name="used" IsBound="true" IsComposable="true">
          <Parameter Name="it" Type="graph.book"/><ReturnType Type="graph.range"/></Function>
        <EntityContainer Name="c"><EntitySet Name="books" EntityType="graph.book"/>
          <Singleton Name="range" Type="graph.range"/></EntityContainer>
        """)
    root = "GET /books/{book-id}/used()/format"
    assert root in {r.http for r in list_requests(take_slice(declared, [root]).model)}
    with pytest.raises(CodegenError, match="leads to nothing beside the others"):
        take_slice(declared, [root, "range"])


def test_a_request_brings_the_types_that_no_path_contains() -> None:
    """What a root that is a path cuts off, a request may return."""
    taken = take_slice(LINES, ["GET /lines/*/order"])
    assert {*taken.model.types} == {"microsoft.graph.line", "microsoft.graph.order"}
    assert taken.cut == ()


def test_a_type_of_any_namespace_is_near_its_simple_name() -> None:
    other = model(schema(SERVICE, "my.service"))
    with pytest.raises(CodegenError, match=r"near are my\.service\.picture"):
        take(other, ["Picture"])


def test_a_request_brings_what_it_needs_and_the_way_to_it() -> None:
    assert types(["POST /users/*/onlineMeetings/*/end"]) == {
        "ending",
        "entity",
        "onlineMeeting",
        "user",
    }
    taken = take_slice(MODEL, ["POST /users/*/onlineMeetings/*/end"]).model
    assert [operation.name for operation in taken.operations] == ["microsoft.graph.end"]
    user, meeting = (taken.structure(f"microsoft.graph.{n}") for n in ("user", "onlineMeeting"))
    assert user
    assert meeting
    assert [item.name for item in user.members()] == ["onlineMeetings"]
    assert not [*meeting.members()]


def test_a_path_leaves_no_methods_to_the_resources_on_its_way() -> None:
    found = take_slice(MODEL, ["users/{id}/onlineMeetings"])
    assert all(
        line.split(" ")[1].startswith("/users/{user-id}/onlineMeetings")
        for line in lines(["users/{id}/onlineMeetings"])
    )
    user = found.model.structure("microsoft.graph.user")
    assert user
    assert [item.name for item in user.members()] == ["onlineMeetings"]
    assert "microsoft.graph.assign" not in {operation.name for operation in found.model.operations}


@pytest.mark.parametrize("exclude", ["users/{id}/messages", "/users/*/messages", "users/messages"])
def test_a_path_is_excluded_with_all_below(exclude: str) -> None:
    assert lines(["users"], (exclude,)) == {
        line for line in lines(["users"]) if "/messages" not in line
    }
    assert types(["users"]) - types(["users"], (exclude,)) == {"message", "itemBody"}
    cut = {str(one) for one in take_slice(MODEL, ["users"], (exclude,)).cut}
    assert "microsoft.graph.user/messages → microsoft.graph.message" in cut


def test_what_another_path_leads_to_stays() -> None:
    roots = ["users", "me"]
    assert types(roots, ("users/{id}/messages",)) == types(roots)
    gone = lines(roots) - lines(roots, ("users/{id}/messages",))
    assert gone == {
        line for line in lines(roots) if line.split(" ")[1].startswith("/users/{user-id}/messages")
    }


def test_a_request_is_excluded() -> None:
    assert lines(["users"]) - lines(["users"], ("POST /users/*/assign", RECENT)) == {
        "POST /users/{user-id}/assign",
        RECENT,
    }
    assert "ending" not in types(["users"], (END,))


def test_a_type_is_excluded_with_all_that_is_of_it() -> None:
    assert types(["users"]) - types(["users"], ("picture",)) == {"picture", "bigPicture"}
    assert lines(["users"], ("picture",)) == lines(["users"])
    assert types(["users"]) - types(["users"], ("microsoft.graph.message",)) == {
        "message",
        "itemBody",
    }
    assert lines(["users"], ("ending",)) == lines(["users"]) - {END}
    assert types(["all"]) - types(["all"], ("user",)) == {"user"}
    assert not list_requests(take_slice(MODEL, ["all"], ("user",)).model)


def test_an_exclude_need_not_be_there_but_something_must_be_left() -> None:
    for exclude in ("groups", "GET /groups", "users/{id}/calls", "call", "me"):
        assert lines(["users"], (exclude,)) == lines(["users"])
    assert lines(["all"], ("me",)) == lines(["users"])
    with pytest.raises(CodegenError, match="what is excluded leaves no request"):
        take_slice(MODEL, ["users"], ("users",))
    with pytest.raises(CodegenError, match="the root users is of a type that is excluded"):
        take_slice(MODEL, ["users"], ("user",))


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("usrs", "it is not an entity set, singleton, path, type or import; near are users, user"),
        ("onlinemeeting", "near are onlineMeeting"),
        ("users/{id}/onlineMeeting", "user contains no onlineMeeting; near are onlineMeetings"),
        ("users/{id}/manager", "user contains no manager; near are GET /users/{user-id}/manager"),
        ("users/zzz", "microsoft.graph.user contains no zzz"),
        ("POST /users/*/onlineMeetings/*/ends", f"there is no such request; near are {END}"),
        ("GET /zzz", "there is no such request"),
        ("GET /", "there is no such request"),
        ("", "the root  does not exist"),
        ("/", "the root / does not exist"),
        ("{id}", "the root {id} does not exist"),
        ("\x1b[31m", "the root \\u001b[31m does not exist"),
        ("x" * 9999, "the root xxx"),
    ],
)  # fmt: skip
def test_a_root_that_is_not_there_names_the_nearest(root: str, message: str) -> None:
    with pytest.raises(CodegenError) as caught:
        take_slice(MODEL, [root])
    (found,) = caught.value.diagnostics
    assert message in found.message
    assert found.message.isprintable()
    assert len(found.message) < 500
    if "near" not in message:
        assert "near" not in found.message


def test_what_there_is_can_be_listed() -> None:
    assert [(o.root, o.kind) for o in list_roots(MODEL)] == [
        ("me", "path"), ("users", "path"), ("all", "all"),
    ]  # fmt: skip
    assert {o.root: o.methods for o in list_roots(MODEL)} == {
        root: len(lines([root])) for root in ("me", "users", "all")
    }
    offers = list_roots(MODEL, "recent") + list_roots(MODEL, "RECORDING") + list_roots(MODEL, "end")
    assert [o.root for o in offers if "users" in o.root or o.kind == "type"] == [
        RECENT, "users/{id}/onlineMeetings/{id}/recordings", "recording", END, "ending",
    ]  # fmt: skip
    for offer in offers:
        assert len(lines([offer.root])) == offer.methods


def test_what_is_bound_to_a_result_is_listed_with_its_function() -> None:
    composable = SERVICE.replace('Name="recent"', 'Name="recent" IsComposable="true"')
    latest = """<Function Name="latest" IsBound="true">
      <Parameter Name="bindingParameter" Type="Collection(graph.onlineMeeting)"/>
      <ReturnType Type="graph.onlineMeeting"/></Function>"""
    found = model(composable + latest)
    offers = {offer.root: offer.methods for offer in list_roots(found, "latest")}
    assert {*offers.values()} == {1, 2}
    for root, methods in offers.items():
        assert len(list_requests(take_slice(found, [root]).model)) == methods


def test_the_rest_of_graph_stays_as_it_is() -> None:
    """Both ways to a slice agree: by its roots, and by its requests."""
    whole = api.read(published(NEWEST)).model
    plain = take(whole, ["communications"])
    other = take_slice(whole, ["communications"], ("communications/callRecords",))
    gone = "/communications/callRecords"
    expected = [r.http for r in list_requests(plain.model) if gone not in r.http]
    assert [r.http for r in list_requests(other.model)] == expected
    for name, declared in other.model.types.items():
        if name != "microsoft.graph.cloudCommunications":
            assert declared == plain.model.types[name]
