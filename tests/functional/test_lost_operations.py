"""Requests that need more than a path of contained navigation, as methods of a generated package."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from graph_codegen import api
from graph_codegen.facts import settings
from tests.support.csdl import document

PACKAGE = "lost_operations"
ROOT = settings.load().service_root

SERVICE = """
<TypeDefinition Name="url" UnderlyingType="Edm.String" MaxLength="99"/>
<EntityType Name="user">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="group">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
  <Property Name="photo" Type="Edm.Stream"/>
  <Property Name="site" Type="graph.url"/>
  <NavigationProperty Name="members" Type="Collection(graph.user)"/>
  <NavigationProperty Name="manager" Type="graph.user">
    <ReferentialConstraint Property="id" ReferencedProperty="id"/><OnDelete Action="Cascade"/>
  </NavigationProperty>
  <Annotation Term="Org.OData.Core.V1.ExplicitOperationBindings"><Collection>
    <String>microsoft.graph.restore</String><String>microsoft.graph.getByIds</String>
  </Collection></Annotation>
  <Annotation Term="a.b"><Null/><Annotation Term="a.c" Bool="true"/></Annotation>
</EntityType>
<Action Name="restore" IsBound="true">
  <Parameter Name="it" Type="graph.group"/>
  <Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>
</Action>
<Action Name="getByIds" IsBound="true">
  <Parameter Name="it" Type="Collection(graph.group)"/>
  <Parameter Name="ids" Type="Collection(Edm.String)"/>
  <ReturnType Type="Collection(graph.group)"/>
  <Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>
</Action>
<EntityType Name="team" BaseType="graph.group">
  <NavigationProperty Name="channels" Type="Collection(graph.channel)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="channel">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<Action Name="archive" IsBound="true"><Parameter Name="it" Type="graph.team"/></Action>
<EntityType Name="line">
  <Key><PropertyRef Name="order"/><PropertyRef Name="number"/></Key>
  <Property Name="order" Type="Edm.String" Nullable="false"/>
  <Property Name="number" Type="Edm.Int32" Nullable="false"/>
  <Annotation Term="Org.OData.Core.V1.AlternateKeys"><Collection>
    <Record><PropertyValue Property="Key"><Collection>
      <Record><PropertyValue Property="Name" PropertyPath="number"/></Record>
    </Collection></PropertyValue></Record>
  </Collection></Annotation>
</EntityType>
<EntityType Name="day">
  <Key><PropertyRef Name="date"/></Key><Property Name="date" Type="Edm.Date" Nullable="false"/>
  <NavigationProperty Name="hours" Type="Collection(graph.hour)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="hour">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid" Nullable="false"/>
  <NavigationProperty Name="minutes" Type="Collection(graph.minute)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="minute">
  <Key><PropertyRef Name="number"/></Key><Property Name="number" Type="Edm.Int16" Nullable="false"/>
  <NavigationProperty Name="hues" Type="Collection(graph.hue)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="hue">
  <Key><PropertyRef Name="colour"/></Key><Property Name="colour" Type="graph.colour" Nullable="false"/>
</EntityType>
<EntityType Name="report">
  <NavigationProperty Name="format" Type="graph.format" ContainsTarget="true"/>
</EntityType>
<EntityType Name="format">
  <Property Name="bold" Type="Edm.Boolean"/><Property Name="picture" Type="Edm.Stream"/>
  <NavigationProperty Name="borders" Type="Collection(graph.channel)" ContainsTarget="true"/>
</EntityType>
<Function Name="report" IsBound="true" IsComposable="true">
  <Parameter Name="it" Type="graph.group"/>
  <Parameter Name="size" Type="Edm.Int32" Nullable="false"/>
  <ReturnType Type="graph.report"/>
</Function>
<Action Name="fit" IsBound="true">
  <Parameter Name="it" Type="graph.format"/><Parameter Name="size" Type="Edm.Int32"/>
</Action>
<ComplexType Name="box"><Property Name="width" Type="Edm.Int32"/></ComplexType>
<ComplexType Name="crate" BaseType="graph.box"/>
<EnumType Name="colour"><Member Name="red" Value="0"/></EnumType>
<Function Name="sorted" IsBound="true" IsComposable="true">
  <Parameter Name="it" Type="Collection(graph.group)"/>
  <Parameter Name="ids" Type="Collection(Edm.String)" Nullable="false"/>
  <Parameter Name="colour" Type="graph.colour"/>
  <Parameter Name="box" Type="graph.box">
    <Annotation Term="Org.OData.Core.V1.OptionalParameter"/>
  </Parameter>
  <ReturnType Type="Collection(graph.group)"/>
</Function>
<Function Name="again" IsBound="true">
  <Parameter Name="it" Type="Collection(graph.group)"/>
  <Parameter Name="ids" Type="Edm.String" Nullable="false"/>
  <ReturnType Type="Collection(graph.group)"/>
</Function>
<Action Name="reset"><Parameter Name="count" Type="Edm.Int32"/></Action>
<Function Name="nearest" IsComposable="true">
  <Parameter Name="lat" Type="Edm.Double" Nullable="false"/>
  <Parameter Name="near" Type="graph.url" Nullable="false"/>
  <ReturnType Type="graph.team"/>
</Function>
<EntityContainer Name="c">
  <ActionImport Name="Reset" Action="graph.reset"/>
  <FunctionImport Name="FindNearest" Function="graph.nearest" EntitySet="groups"/>
  <EntitySet Name="groups" EntityType="graph.group"/>
  <EntitySet Name="lines" EntityType="graph.line"/>
  <EntitySet Name="days" EntityType="graph.day"/>
</EntityContainer>
"""
"""Groups refer to users, who are outside of the roots. All of it is legal, so that nothing is told of it."""


@dataclass
class Sent:
    """Calls methods of the package, and shows what they sent."""

    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    answer: Any = None
    package: str = PACKAGE

    def __call__(self, call: Callable[[Any], Any], answer: Any = None) -> Any:
        """Return what a call returns that is answered with JSON, or with nothing."""
        self.answer = answer
        transport = httpx.MockTransport(self._reply)
        with import_module(self.package).GraphClient("token", transport=transport) as client:
            return call(client)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204) if self.answer is None else httpx.Response(200, json=self.answer)

    @property
    def line(self) -> str:
        """The request line of the last request, below the service root."""
        last = self.requests[-1]
        return f"{last.method} {last.url.raw_path.decode().removeprefix('/v1.0')}"

    @property
    def body(self) -> Any:
        """The body of the last request."""
        content = self.requests[-1].content
        return json.loads(content) if content else None


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    target = tmp_path_factory.mktemp("package")
    metadata = target / "metadata.xml"
    metadata.write_bytes(document(SERVICE))
    roots = ["groups", "lines", "days", "Reset", "FindNearest"]
    api.generate(metadata, roots=roots, package=PACKAGE, strict=True).write(target / "written")
    sys.path.insert(0, str(target / "written"))
    yield target / "written"
    sys.path.remove(str(target / "written"))


@pytest.fixture
def sent(package: Path) -> Sent:
    assert package.is_dir()
    return Sent()


# -- references


ADDRESS = f"{ROOT}/users/u"


def _add_member(address: str, client: Any) -> None:
    client.groups.members.add_ref("g", address)


def test_references_are_addresses(sent: Sent) -> None:
    """Source: https://learn.microsoft.com/graph/api/group-post-members"""
    sent(lambda client: client.groups.members.add_ref("g", "/users/u"))
    assert (sent.line, sent.body) == ("POST /groups/g/members/$ref", {"@odata.id": ADDRESS})

    sent(lambda client: client.groups.members.remove_ref("g", "u"))
    assert (sent.line, sent.body) == ("DELETE /groups/g/members/u/$ref", None)

    for wrong in ("", "u", "users/u", "javascript:u"):
        with pytest.raises(ValueError, match="entity must be a path"):
            sent(partial(_add_member, wrong))

    page = {"value": [{"@odata.id": ADDRESS}]}
    assert sent(lambda client: [*client.groups.members.list_refs("g")], page) == [ADDRESS]
    assert sent.line == "GET /groups/g/members/$ref"

    sent(
        lambda client: client.groups.manager.set_ref("g", "https://graph.microsoft.us/v1.0/users/u")
    )
    foreign = {"@odata.id": "https://graph.microsoft.us/v1.0/users/u"}
    assert (sent.line, sent.body) == ("PUT /groups/g/manager/$ref", foreign)

    assert (
        sent(lambda client: client.groups.manager.get_ref("g"), {"@odata.id": ADDRESS}) == ADDRESS
    )
    sent(lambda client: client.groups.manager.remove_ref("g"))
    assert sent.line == "DELETE /groups/g/manager/$ref"


def test_an_answer_without_an_address_is_no_reference(sent: Sent) -> None:
    errors = import_module(f"{PACKAGE}")
    with pytest.raises(errors.GraphError):
        sent(lambda client: client.groups.manager.get_ref("g"), {"id": "u"})


def test_what_is_outside_is_referred_to_and_no_attribute(sent: Sent) -> None:
    models = import_module(f"{PACKAGE}.models")
    assert not hasattr(models, "User")
    assert "manager" not in models.Group.model_fields
    group = models.Group.from_dict({"id": "g", "manager": {"id": "u"}})
    assert group.undeclared["manager"] == {"id": "u"}
    assert sent(lambda client: [*client.groups.members.list_refs("g")], {"value": []}) == []


# -- operations that a type lists


def test_what_a_type_lists_is_offered_wherever_there_is_one(sent: Sent) -> None:
    """Source: OData vocabularies, Org.OData.Core.V1.ExplicitOperationBindings."""
    models = import_module(f"{PACKAGE}.models")
    found = sent(lambda client: [*client.groups.get_by_ids(ids=["a"])], {"value": [{"id": "a"}]})
    assert (sent.line, sent.body) == ("POST /groups/getByIds", {"ids": ["a"]})
    assert [type(one) for one in found] == [models.Group]
    sent(lambda client: client.groups.restore("g"))
    assert sent.line == "POST /groups/g/restore"
    sent(lambda client: client.find_nearest.restore(lat=1.5, near=""))
    assert sent.line == "POST /FindNearest(lat=1.5,near='')/restore"


# -- type definitions


def test_a_type_definition_is_its_underlying_type(sent: Sent) -> None:
    models = import_module(f"{PACKAGE}.models")
    assert models.Group(site="https://contoso.com").site == "https://contoso.com"
    assert models.Group.model_fields["site"].annotation == str | None
    rows = {one.python: one for one in import_module(PACKAGE).OPERATIONS}
    assert [p.type for p in rows["find_nearest"].parameters if p.name == "near"] == ["str"]
    assert sent.requests == []


# -- streams


def test_a_stream_is_deleted(sent: Sent) -> None:
    assert sent(lambda client: client.groups.delete_photo("g")) is None
    assert sent.line == "DELETE /groups/g/photo"


# -- derived types


def test_members_of_a_derived_type_are_behind_a_cast(sent: Sent) -> None:
    sent(lambda client: client.groups.as_team.archive("g"))
    assert sent.line == "POST /groups/g/microsoft.graph.team/archive"
    found = sent(lambda client: client.groups.as_team.channels.get("g", "c"), {"id": "c"})
    assert (type(found).__name__, found.id) == ("Channel", "c")
    assert sent.line == "GET /groups/g/microsoft.graph.team/channels/c"


# -- imports


def test_what_is_not_bound_is_a_method_of_the_client(sent: Sent) -> None:
    sent(lambda client: client.reset(count=1))
    assert (sent.line, sent.body) == ("POST /Reset", {"count": 1})
    found = sent(lambda client: client.find_nearest(lat=1.5, near="O'Neil"), {"id": "t"})
    assert (type(found).__name__, sent.line) == ("Team", "GET /FindNearest(lat=1.5,near='O''Neil')")
    sent(lambda client: client.find_nearest.archive(lat=1.5, near=""))
    assert sent.line == "POST /FindNearest(lat=1.5,near='')/archive"


# -- behind the result of a function


def test_what_only_a_result_leads_to_is_behind_the_function(sent: Sent) -> None:
    """Source: OData URL conventions 4.01, section 4.5."""
    models = import_module(f"{PACKAGE}.models")
    found = sent(lambda client: client.groups.report.format.get("g", size=1), {"bold": True})
    assert (type(found), sent.line) == (models.Format, "GET /groups/g/report(size=1)/format")
    bold = models.Format(bold=True)
    sent(lambda client: client.groups.report.format.update("g", bold, size=1))
    assert (sent.line, sent.body["bold"]) == ("PATCH /groups/g/report(size=1)/format", True)
    sent(lambda client: client.groups.report.format.fit("g", report_size=1, size=2))
    assert (sent.line, sent.body) == ("POST /groups/g/report(size=1)/format/fit", {"size": 2})
    sent(lambda client: client.groups.report.format.borders.delete("g", "b", size=1))
    assert sent.line == "DELETE /groups/g/report(size=1)/format/borders/b"
    sent(lambda client: client.groups.report.format.delete_picture("g", size=1))
    assert sent.line == "DELETE /groups/g/report(size=1)/format/picture"
    assert type(sent(lambda client: client.groups.report("g", size=1), {})) is models.Report


# -- keys


def test_each_part_of_a_key_is_an_argument(sent: Sent) -> None:
    """Source: OData URL conventions 4.01, sections 4.3.1 and 4.3.6."""
    sent(lambda client: client.lines.delete("O'Neil/1", 2))
    assert sent.line == "DELETE /lines(order='O''Neil%2F1',number=2)"
    kinds = {one.python: one for one in import_module(PACKAGE).OPERATIONS}
    assert kinds["lines.get"].kind == "get"
    types = [(p.wire_name, p.type) for p in kinds["lines.delete"].parameters]
    assert types == [("order", "str"), ("number", "edm.Int32")]


def test_an_alternate_key_is_part_of_the_name(sent: Sent) -> None:
    found = sent(lambda client: client.lines.get_by_number(2), {"order": "1", "number": 2})
    assert (type(found).__name__, sent.line) == ("Line", "GET /lines(number=2)")
    line = import_module(f"{PACKAGE}.models").Line(order="3")
    sent(lambda client: client.lines.update_by_number(2, line))
    assert sent.line == "PATCH /lines(number=2)"
    sent(lambda client: client.lines.delete_by_number(2))
    kinds = {one.python: one.kind for one in import_module(PACKAGE).OPERATIONS}
    of_line = {kind: kinds[f"lines.{kind}_by_number"] for kind in ("get", "update", "delete")}
    assert of_line == {kind: kind for kind in of_line}


def test_keys_are_in_parentheses_where_the_service_takes_no_segments(tmp_path: Path) -> None:
    """Source: Capabilities.V1 KeyAsSegmentSupported; OData URL conventions 4.01, section 4.3.1."""
    said = '<Annotation Term="Org.OData.Capabilities.V1.KeyAsSegmentSupported" Bool="false"/>'
    metadata = tmp_path / "metadata.xml"
    metadata.write_bytes(document(SERVICE.replace('Name="c">', f'Name="c">{said}')))
    package = "in_parentheses"
    api.generate(metadata, roots=["groups", "days"], package=package).write(tmp_path / "written")
    sys.path.insert(0, str(tmp_path / "written"))
    try:
        sent = Sent(package=package)
        sent(lambda client: client.groups.delete("O'Neil/1"))
        assert sent.line == "DELETE /groups('O''Neil%2F1')"
        guid = UUID("5e9db1de-1df3-4d33-a8a1-8c9b1af1f5f0")
        sent(lambda client: client.days.hours.minutes.delete(date(2026, 1, 31), guid, 5))
        assert sent.line == f"DELETE /days(2026-01-31)/hours({guid})/minutes(5)"
        sent(lambda client: client.groups.members.remove_ref("g", "u"))
        assert sent.line == "DELETE /groups('g')/members('u')/$ref"
        models = import_module(f"{package}.models")
        sent(lambda client: client.groups.report.format.fit("g", report_size=1, size=2))
        assert sent.line == "POST /groups('g')/report(size=1)/format/fit"
        found = sent(lambda client: client.groups.get("g"), {"id": "g"})
        kinds = {one.python: one.kind for one in import_module(package).OPERATIONS}
        assert (type(found), kinds["groups.get"]) == (models.Group, "get")
    finally:
        sys.path.remove(str(tmp_path / "written"))


def _delete_minute(number: object, client: Any) -> None:
    client.days.hours.minutes.delete(date(2026, 1, 31), str(UUID(int=0)), number)


def test_keys_have_the_types_of_their_properties(sent: Sent) -> None:
    guid = UUID("5e9db1de-1df3-4d33-a8a1-8c9b1af1f5f0")
    colour = import_module(f"{PACKAGE}.models").Colour.RED
    sent(lambda client: client.days.hours.minutes.hues.delete(date(2026, 1, 31), guid, 5, colour))
    assert sent.line == f"DELETE /days/2026-01-31/hours/{guid}/minutes/5/hues/red"
    sent(lambda client: client.days.hours.delete(date(2026, 1, 31), str(guid)))
    assert sent.line == f"DELETE /days/2026-01-31/hours/{guid}"
    for wrong in ("5", 40_000, True):
        with pytest.raises((TypeError, ValueError), match="minute_id must be an int"):
            sent(partial(_delete_minute, wrong))


# -- arguments


def test_arguments_without_a_literal_are_in_the_query(sent: Sent) -> None:
    """Source: OData URL conventions 4.01, section 5.1.1.14.7."""
    models = import_module(f"{PACKAGE}.models")
    ids, colour = ["a b", "c'd", "e/f", "ü&"], models.Colour.RED
    sent(
        lambda client: client.groups.sorted(ids=ids, colour=colour, box=models.Box(width=1), top=5),
        {"value": []},
    )
    last = sent.requests[-1].url
    assert last.path == "/v1.0/groups/sorted(ids=@ids,colour='red',box=@box)"
    assert b"&@box=" in last.query
    assert b"/" not in last.query
    assert {**last.params} == {
        "@ids": '["a b","c\'d","e/f","ü&"]',
        "@box": '{"width":1}',
        "$top": "5",
    }


def test_an_optional_argument_is_left_out(sent: Sent) -> None:
    sent(lambda client: client.groups.sorted(ids=[], colour=None), {"value": []})
    assert sent.line == "GET /groups/sorted(ids=@ids,colour=null)?@ids=%5B%5D"


def test_an_argument_of_a_derived_type_names_it(sent: Sent) -> None:
    crate = import_module(f"{PACKAGE}.models").Crate(width=1)
    sent(lambda client: client.groups.sorted(ids=[], colour=None, box=crate), {"value": []})
    box = json.loads(sent.requests[-1].url.params["@box"])
    assert box == {"@odata.type": "#microsoft.graph.crate", "width": 1}


def test_arguments_of_both_functions_of_a_path_are_told_apart(sent: Sent) -> None:
    sent(
        lambda client: client.groups.sorted.again(sorted_ids=["1"], colour=None, ids="2"),
        {"value": []},
    )
    called = "sorted(ids=@sorted_ids,colour=null)/again(ids='2')"
    assert sent.line == f"GET /groups/{called}?@sorted_ids=%5B%221%22%5D"


def test_wrong_items_of_an_argument_are_refused(sent: Sent) -> None:
    with pytest.raises(TypeError, match=r"groups\.sorted: ids"):
        sent(lambda client: client.groups.sorted(ids="a", colour=None))
    assert sent.requests == []


# -- operations as data


def test_each_operation_says_what_it_does(package: Path) -> None:
    assert package.is_dir()
    kinds = {one.python: one.kind for one in import_module(PACKAGE).OPERATIONS}
    assert kinds["groups.delete"] == "delete"
    assert kinds["groups.delete_photo"] == "delete_content"
    assert kinds["groups.members.count"] == "count"
    references = {name: kind for name, kind in kinds.items() if name.endswith(("_ref", "_refs"))}
    assert references == {name: name.rpartition(".")[2] for name in references}
    assert len(references) == 6


def test_a_function_says_where_its_arguments_travel(package: Path) -> None:
    assert package.is_dir()
    rows = {one.python: one for one in import_module(PACKAGE).OPERATIONS}
    own = [p for p in rows["groups.sorted"].parameters if not p.wire_name.startswith("$")]
    assert [(p.wire_name, p.name, p.location, p.required) for p in own] == [
        ("@ids", "ids", "query", True),
        ("colour", "colour", "path", True),
        ("@box", "box", "query", False),
    ]
