"""The OpenAPI document: what tools that know nothing of OData can do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from openapi_spec_validator import validate

from graph_codegen.api import read_subset
from graph_codegen.assets import folder
from graph_codegen.csdl import ast
from graph_codegen.csdl.ast import Annotation, Constant, Dynamic, Record, TypeRef
from graph_codegen.csdl.vocabulary import FALSE, KEY_AS_SEGMENT_SUPPORTED
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.emit.openapi_3_0 import as_openapi_3_0
from graph_codegen.emit.x_graph import Extensions
from graph_codegen.facts import documented, media_types, statuses
from graph_codegen.facts.clouds import LOGIN_HOSTS
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.settings import GRAPH
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.openapi import reader as openapi
from graph_codegen.service.requests import list_requests
from graph_comms import Cloud
from tests.support.csdl import ITEM, model

FACTS = folder("metadata")


def build(model: Model, endpoint: str = GRAPH) -> dict[str, Any]:
    """Return the document of a model."""
    return build_openapi(
        model,
        assign_names(model),
        Descriptions({}, {}),
        endpoint,
        statuses=statuses.load(FACTS),
        documented=documented.load(FACTS),
        media_types=media_types.load(FACTS),
    )


def built(model: Model) -> dict[str, Any]:
    """Return the document of a model, which a validator has accepted."""
    document = build(model)
    validate(document)
    return document


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    """The document of the committed subset."""
    return build(read_subset().model)


def with_function(*parameters: str, more: str = "") -> Model:
    """Return a model whose items have functions `f` with given parameters."""
    return model(f"""
        {ITEM}
        <EnumType Name="colour"><Member Name="red" Value="0"/></EnumType>
        <ComplexType Name="place"><Property Name="x" Type="Edm.Int32"/></ComplexType>
        <Function Name="f" IsBound="true">
          <Parameter Name="on" Type="graph.item"/>{"".join(parameters)}
          <ReturnType Type="Edm.String"/>
        </Function>
        {more}
        <EntityContainer Name="c"><EntitySet Name="items" EntityType="graph.item"/></EntityContainer>
        """)


def parameter(name: str, type_name: str, *, optional: bool = False) -> str:
    term = '<Annotation Term="Org.OData.Core.V1.OptionalParameter"/>' if optional else ""
    return f'<Parameter Name="{name}" Type="{type_name}">{term}</Parameter>'


def test_keys_in_parentheses_are_literals() -> None:
    found = with_function()
    assert found.container
    said = Annotation(KEY_AS_SEGMENT_SUPPORTED, FALSE)
    found = replace(found, container=replace(found.container, annotations=(said,)))
    paths = built(found)["paths"]
    assert [*paths] == ["/items", "/items('{item-id}')", "/items('{item-id}')/f()", "/items/$count"]
    again = openapi.read(json.dumps(built(found)).encode(), "own.json")
    assert list_requests(resolve(again)) == list_requests(found)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


# -- functions


@pytest.mark.parametrize(
    ("type_name", "spelled", "schema"),
    [
        ("Edm.String", "'{a}'", {"type": "string"}),
        ("graph.colour", "'{a}'", {"$ref": "#/components/schemas/Colour"}),
        ("Edm.Duration", "duration'{a}'", {"type": "string", "format": "duration"}),
        ("Edm.Binary", "binary'{a}'", {"type": "string", "format": "base64url"}),
        ("Edm.Guid", "{a}", {"type": "string", "format": "uuid"}),
        ("Edm.Date", "{a}", {"type": "string", "format": "date"}),
        ("Edm.Int32", "{a}", {"type": "integer", "format": "int32"}),
        ("Edm.Int64", "{a}", {"type": "integer", "format": "int64"}),
        ("Edm.Boolean", "{a}", {"type": "string", "enum": ["true", "false"]}),
    ],
)
def test_an_argument_stands_in_the_path_as_a_literal(
    type_name: str, spelled: str, schema: object
) -> None:
    document = built(with_function(parameter("a", type_name)))
    operation = document["paths"][f"/items/{{item-id}}/f(a={spelled})"]["get"]
    assert operation["parameters"][1] == {
        "name": "a",
        "in": "path",
        "required": True,
        "schema": schema,
    }


@pytest.mark.parametrize("type_name", ["Collection(Edm.String)", "graph.place", "graph.item"])
def test_an_argument_that_is_no_literal_is_json_in_the_query(type_name: str) -> None:
    document = built(with_function(parameter("a", type_name)))
    operation = document["paths"]["/items/{item-id}/f(a=@a)"]["get"]
    sent = operation["parameters"][1]
    assert (sent["name"], sent["in"], sent["required"]) == ("@a", "query", True)
    assert sent["schema"]["contentMediaType"] == "application/json"


def test_times_in_paths_are_text_that_only_odata_allows() -> None:
    document = built(with_function(parameter("a", "Edm.DateTimeOffset")))
    schema = document["paths"]["/items/{item-id}/f(a={a})"]["get"]["parameters"][1]["schema"]
    for text in ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00.1234567+01:00"):
        assert re.search(schema["pattern"], text)
    for text in ("2026-01-31 09:00:00Z", "2026-01-31T09:00:00", "now"):
        assert not re.search(schema["pattern"], text)


def test_a_function_has_a_path_with_all_arguments_and_one_with_the_required_ones() -> None:
    optional = parameter("b", "Edm.Int32", optional=True), parameter(
        "c", "Edm.String", optional=True
    )
    document = built(with_function(parameter("a", "Edm.String"), *optional))
    found = {path: item["get"] for path, item in document["paths"].items() if "/f(" in path}
    assert {path: [p["name"] for p in o["parameters"]] for path, o in found.items()} == {
        "/items/{item-id}/f(a='{a}')": ["item-id", "a"],
        "/items/{item-id}/f(a='{a}',b={b},c='{c}')": ["item-id", "a", "b", "c"],
    }
    marks = {operation["x-graph"]["request"] for operation in found.values()}
    assert marks == {"GET /items/{item-id}/f(a={a},b={b},c={c})"}


def test_the_path_of_an_overload_is_its_own() -> None:
    overload = f"""<Function Name="f" IsBound="true"><Parameter Name="on" Type="graph.item"/>
      {parameter("a", "Edm.String")}<ReturnType Type="Edm.String"/></Function>"""
    optional = parameter("b", "Edm.Int32", optional=True)
    document = built(with_function(parameter("a", "Edm.String"), optional, more=overload))
    request = document["paths"]["/items/{item-id}/f(a='{a}')"]["get"]["x-graph"]["request"]
    assert request == "GET /items/{item-id}/f(a={a})"


def test_what_is_bound_to_a_result_has_both_paths_too() -> None:
    more = """<Function Name="all" IsBound="true" IsComposable="true"><Parameter Name="on" Type="graph.item"/>
      {}<ReturnType Type="Collection(graph.item)"/></Function>
      <Action Name="end" IsBound="true"><Parameter Name="on" Type="Collection(graph.item)"/></Action>"""
    optional = parameter("a", "Edm.String", optional=True)
    paths = built(with_function(more=more.format(optional)))["paths"]
    for path in ("/items/{item-id}/all()/end", "/items/{item-id}/all(a='{a}')/end"):
        assert paths[path]["post"]["x-graph"]["request"] == "POST /items/{item-id}/all(a={a})/end"


def test_a_stream_may_be_the_result_of_a_function() -> None:
    more = """<Function Name="file" IsBound="true"><Parameter Name="on" Type="Collection(graph.item)"/>
      <ReturnType Type="Edm.Stream"/></Function>"""
    responses = built(with_function(more=more))["paths"]["/items/file()"]["get"]["responses"]
    assert [*responses["200"]["content"]] == ["application/octet-stream"]


def test_recordings_of_all_meetings_are_asked_for_as_graph_wants_it(ours: dict[str, Any]) -> None:
    start = "/communications/onlineMeetings/getAllRecordings("
    optional = (
        "meetingOrganizerUserId='{meetingOrganizerUserId}',"
        "startDateTime={startDateTime},endDateTime={endDateTime}"
    )
    found = [p for p in ours["paths"] if p.startswith(start) and not p.endswith("/delta()")]
    assert found == [f"{start})", f"{start}{optional})"]


# -- requests


def test_every_operation_has_a_name_of_its_own() -> None:
    document = built(model(f"""
            {ITEM}
            <Action Name="create" IsBound="true"><Parameter Name="on" Type="Collection(graph.item)"/></Action>
            <Action Name="update" IsBound="true"><Parameter Name="on" Type="graph.item"/></Action>
            <EntityContainer Name="c"><EntitySet Name="items" EntityType="graph.item"/></EntityContainer>
            """))
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_query_options_are_those_that_the_request_allows() -> None:
    document = built(model(f"""
            {ITEM}
            <EntityContainer Name="c">
              <EntitySet Name="items" EntityType="graph.item">
                <Annotation Term="Org.OData.Capabilities.V1.TopSupported" Bool="false"/>
              </EntitySet>
            </EntityContainer>
            """))
    offered = {
        line: [p["$ref"].rpartition("/")[2] for p in o.get("parameters", ()) if "$ref" in p]
        for line, o in operations(document)
    }
    assert offered["GET /items"] == [
        "select",
        "expand",
        "filter",
        "orderby",
        "skip",
        "search",
        "count",
    ]
    assert offered["GET /items/{item-id}"] == ["select", "expand"]
    assert offered["GET /items/$count"] == ["filter", "search"]
    assert offered["DELETE /items/{item-id}"] == []


def test_statuses_are_those_of_odata_or_of_the_documentation(ours: dict[str, Any]) -> None:
    found = {
        line: {status for status in operation["responses"] if status.startswith("2")}
        for line, operation in operations(ours)
    }
    call = "/communications/calls/{call-id}"
    assert found["POST /communications/calls"] == {"201"}
    assert found[f"POST {call}/answer"] == {"202"}
    assert found[f"POST {call}/playPrompt"] == {"200"}
    assert found[f"GET {call}"] == {"200"}
    assert found[f"DELETE {call}"] == {"204"}
    assert found["POST /communications/getPresencesByUserId"] == {"2XX"}


def test_what_an_action_needs_is_required(ours: dict[str, Any]) -> None:
    play = ours["paths"]["/communications/calls/{call-id}/playPrompt"]["post"]
    body = play["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["prompts"]


def test_a_key_says_what_it_is_the_key_of(ours: dict[str, Any]) -> None:
    (key,) = (
        p
        for p in ours["paths"]["/communications/calls/{call-id}"]["get"]["parameters"]
        if "name" in p
    )
    assert key["description"] == "key: id of call"
    assert key["x-ms-docs-key-type"] == "call"


def test_a_result_that_is_no_object_stands_in_one() -> None:
    document = built(with_function())
    responses = document["paths"]["/items/{item-id}/f()"]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    assert schema["properties"]["value"] == {"type": "string"}


# -- types


def test_abstract_types_that_are_referenced_have_discriminators() -> None:
    document = built(model("""
            <ComplexType Name="abstract" Abstract="true"/>
            <ComplexType Name="one" BaseType="graph.abstract"/>
            <ComplexType Name="two" BaseType="graph.one"/>
            <ComplexType Name="unused" Abstract="true"/>
            <ComplexType Name="three" BaseType="graph.unused"/>
            <ComplexType Name="holder">
              <Property Name="abstract" Type="graph.abstract"/>
              <Property Name="one" Type="Collection(graph.one)"/>
            </ComplexType>
            """))
    schemas = document["components"]["schemas"]
    assert {name: s["discriminator"] for name, s in schemas.items() if "discriminator" in s} == {
        "Abstract": {
            "propertyName": "@odata.type",
            "mapping": {
                "#microsoft.graph.one": "#/components/schemas/One",
                "#microsoft.graph.two": "#/components/schemas/Two",
            },
        }
    }


# -- x-graph


def variants(item: Any) -> Iterator[tuple[str, Any]]:
    """Yield a declaration with a change in each of its fields, one after the other."""
    for field in fields(item):
        value = getattr(item, field.name)
        if field.compare:
            yield field.name, replace(item, **{field.name: changed(value)})


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case None | int():
            return 7
        case str():
            return f"{value}x"
        case TypeRef():
            return TypeRef("Edm.Other", not value.collection)
        case tuple():
            return value[1:] if value else (Annotation("other"),)
        case _:
            return None


COLLECTION = ast.Collection((Constant("String", ""), Dynamic("Null")))
APPLY = Dynamic("Apply", (("Function", "f"),), (Constant("Path", "p"),), "text")
EXPRESSION = Record((("a", COLLECTION), ("b", APPLY)), "some.type")

ANNOTATION = Annotation("term", EXPRESSION, "qualifier")

PROPERTY = ast.Property(
    name="p", type=TypeRef("Edm.String"), facets=(("MaxLength", "5"),), annotations=(ANNOTATION,)
)

OPERATION = ast.Operation(
    kind="Action",
    name="o",
    parameters=(ast.Parameter(name="a", type=TypeRef("Edm.String")),),
    returns=ast.ReturnType(TypeRef("Edm.String")),
)

CONTAINER = ast.EntityContainer(
    "c",
    (
        ast.EntitySource(
            kind="EntitySet", name="s", type="t", bindings=(ast.Binding("path", "target"),)
        ),
    ),
)


@pytest.mark.parametrize(
    "declared",
    [
        PROPERTY,
        ast.NavigationProperty(name="n", type=TypeRef("t")),
        ast.EnumType(name="e", members=(ast.Member("m", 0),)),
        ast.StructuredType(kind="EntityType", name="s", key=("id",)),
        OPERATION,
        OPERATION.parameters[0],
        OPERATION.returns,
        ast.Term(name="t", type=TypeRef("Edm.String")),
        CONTAINER,
        CONTAINER.sources[0],
        CONTAINER.sources[0].bindings[0],
        ast.Member("m", 0),
        ANNOTATION,
    ],
    ids=lambda declared: type(declared).__name__,
)
def test_the_extension_says_everything_that_a_declaration_does(declared: Any) -> None:
    """What a reader does not find there would be missing from the package that it makes."""
    describe = Extensions().of_declaration
    texts = [str(describe(other)) for _, other in variants(declared)]
    assert len({str(describe(declared)), *texts}) == len(texts) + 1


@pytest.mark.parametrize(
    "value",
    [EXPRESSION, COLLECTION, *COLLECTION.items, APPLY],
    ids=lambda value: type(value).__name__,
)
def test_the_extension_says_everything_that_an_expression_does(value: Any) -> None:
    describe = Extensions().of_declaration
    texts = [str(describe(Annotation("t", other))) for _, other in variants(value)]
    assert len({str(describe(Annotation("t", value))), *texts}) == len(texts) + 1


@pytest.mark.parametrize("described", [True, False])
def test_the_extension_has_descriptions_only_on_request(described: bool) -> None:
    text = Annotation("Org.OData.Core.V1.Description", Constant("String", "theirs"))
    more = Record((("LongDescription", Constant("String", "theirs")),))
    annotations = text, Annotation("other", more)
    said = Extensions(described).of_declaration(replace(PROPERTY, annotations=annotations))
    assert str(said).count("theirs") == (2 if described else 0)


# -- security


def test_the_hosts_of_clouds_are_those_that_the_client_has() -> None:
    hosts = {cloud.host: cloud.authority.removeprefix("https://") for cloud in Cloud}
    assert hosts == LOGIN_HOSTS


@pytest.mark.parametrize("cloud", Cloud)
def test_tokens_come_from_the_cloud(cloud: Cloud) -> None:
    document = build(read_subset().model, cloud.base_url)
    assert document["info"]["title"] == "Microsoft Graph"
    assert document["servers"] == [{"url": cloud.base_url}]
    assert document["security"] == [{"oauth2": [cloud.scope]}]
    flows = document["components"]["securitySchemes"]["oauth2"]["flows"]
    assert [*flows["clientCredentials"]["scopes"]] == [cloud.scope]
    for flow in flows.values():
        assert flow["tokenUrl"] == f"{cloud.authority}/organizations/oauth2/v2.0/token"
    presence = document["paths"]["/me/presence"]["get"]
    assert {"oauth2": ["Presence.Read"]} in presence["security"]
    assert "Presence.Read" in flows["authorizationCode"]["scopes"]


def test_permissions_of_applications_stand_at_their_operations(ours: dict[str, Any]) -> None:
    create = ours["paths"]["/communications/calls"]["post"]
    assert "Calls.Initiate.All" in create["x-ms-permissions"]["application"]
    assert "security" not in create  # any application's token, as everywhere


def test_another_service_has_the_name_of_its_namespace_and_takes_any_token() -> None:
    document = build(with_function(), "http://localhost:7071/v1.0")
    assert document["info"] == {"title": "microsoft.graph", "version": "v1.0"}
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer"}
    }


# -- OpenAPI 3.0


def test_openapi_3_0_says_the_same_in_its_own_words() -> None:
    document = built(model("""
            <ComplexType Name="one"/>
            <ComplexType Name="two">
              <Property Name="type" Type="graph.one"/>
              <Property Name="always" Type="graph.one" Nullable="false"/>
              <Property Name="number" Type="Edm.Double"/>
              <Property Name="items" Type="Collection(Edm.Int32)"/>
            </ComplexType>
            """))
    older = as_openapi_3_0(document)
    validate(older)
    assert older["openapi"].startswith("3.0.")
    properties = older["components"]["schemas"]["Two"]["properties"]
    one = [{"$ref": "#/components/schemas/One"}]
    assert properties == {
        "@odata.type": {"type": "string"},
        "type": {"allOf": one, "nullable": True, "x-graph": {"type": "microsoft.graph.one"}},
        "always": {"allOf": one, "x-graph": {"type": "microsoft.graph.one", "nullable": False}},
        "number": {
            "anyOf": [
                {"type": "number", "format": "double", "nullable": True},
                {"type": "string", "nullable": True},
            ],
            "nullable": True,
            "x-graph": {"type": "Edm.Double"},
        },
        "items": {
            "type": "array",
            "items": {"type": "integer", "format": "int32"},
            "nullable": True,
            "x-graph": {"type": "Collection(Edm.Int32)"},
        },
    }


def test_the_document_of_openapi_3_0_is_valid_and_has_all_extensions(ours: dict[str, Any]) -> None:
    older = as_openapi_3_0(ours)
    validate(older)
    assert list(extensions(older)) == list(extensions(ours))


def extensions(value: Any) -> Iterator[Any]:
    """Yield the extensions in a document, in a fixed order."""
    for item in value.items() if isinstance(value, dict) else enumerate(value):
        name, inside = item
        if name == "x-graph":
            yield inside
        elif isinstance(inside, dict | list):
            yield from extensions(inside)
