"""OpenAPI of a service is read into what CSDL of it declares, and no more than it says."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.csdl import reader as csdl
from graph_codegen.csdl.ast import EnumType, NavigationProperty, StructuredType
from graph_codegen.errors import CodegenError
from graph_codegen.limits import SEGMENTS
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.unsaid import count_unsaid
from graph_codegen.openapi import reader, schemas
from graph_codegen.openapi.content import recognise
from graph_codegen.service.requests import Request, list_requests
from tests.support import openapi
from tests.support.csdl import document
from tests.support.openapi import JSON, LIBRARY, TEXT, library, ref

FROM_CSDL = resolve(csdl.read(document(LIBRARY), "library.csdl.xml"))


def described(request: Request) -> tuple[object, ...]:
    """Return what a request is to a client."""
    parameters = {(p.name, str(p.type), p.nullable is not False) for p in request.parameters}
    return request.http, request.options, request.body, request.returns, parameters


def test_openapi_declares_the_requests_that_csdl_does() -> None:
    found, expected = openapi.model(library()), FROM_CSDL
    assert [described(r) for r in list_requests(found)] == [
        described(r) for r in list_requests(expected)
    ]
    assert {s.name: (s.kind, s.type) for s in found.sources} == {
        s.name: (s.kind, s.type) for s in expected.sources
    }


def shape(declared: StructuredType) -> tuple[object, ...]:
    members = {
        (type(m).__name__, m.name, str(m.type), m.nullable is not False) for m in declared.members()
    }
    contained = {
        m.name
        for m in declared.members()
        if isinstance(m, NavigationProperty) and m.contains_target
    }
    return declared.kind, declared.base, declared.key, members, contained


def test_openapi_declares_the_types_that_csdl_does() -> None:
    found = openapi.model(library())
    assert found.types.keys() == FROM_CSDL.types.keys()
    for declared in FROM_CSDL.structured():
        other = found.structure(declared.name)
        assert other is not None
        assert shape(other) == shape(declared)


def test_what_openapi_does_not_say_is_unknown() -> None:
    found = openapi.model(library())
    assert {(t.abstract, t.open) for t in found.structured()} == {(None, None)}
    kind = found.types["library.kind"]
    assert isinstance(kind, EnumType)
    assert kind.is_flags is None
    assert [(m.name, m.value) for m in kind.members] == [
        ("novel", None),
        ("atlas", None),
        ("unknownFutureValue", None),
    ]
    assert count_unsaid(found) == {
        "whether a type is abstract": 5,
        "whether a type is open": 5,
        "whether an enumeration has flags": 1,
        "the value of a member": 3,
        "facets of a property": 13,
        "the partner of a navigation property": 2,
        "where a navigation property leads to": 1,
        "whether a parameter that is not null may be left out": 2,
        "the order of parameters": 1,
    }
    assert count_unsaid(FROM_CSDL) == {}


def test_flags_are_known_where_the_tool_says_so() -> None:
    changed = library()
    changed["components"]["schemas"]["library.kind"]["x-ms-enum-flags"] = {"isFlags": True}
    found = openapi.model(changed).types["library.kind"]
    assert isinstance(found, EnumType)
    assert found.is_flags is True


def converted(value: Any) -> Any:
    """Spell null as OpenAPI 3.1 does."""
    if isinstance(value, list):
        return [converted(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value == openapi.NULL:
        return {"type": "null"}
    found = {name: converted(item) for name, item in value.items() if name != "nullable"}
    if value.get("nullable") and isinstance(value.get("type"), str):
        return found | {"type": [value["type"], "null"]}
    if value.get("nullable") and "oneOf" in value:
        return found | {"oneOf": [*found["oneOf"], {"type": "null"}]}
    return found


def test_31_says_the_same_as_30() -> None:
    newer = converted(library()) | {"openapi": "3.1.0"}
    assert "nullable" not in json.dumps(newer)
    assert openapi.read(newer).schemas == openapi.read(library()).schemas


def test_names_without_a_namespace_are_operations_where_the_tool_says_so() -> None:
    changed = library()
    path = "/shelves/{shelf-id}/books/{book-id}/library.lend"
    item = changed["paths"].pop(path)
    item["post"]["x-ms-docs-operation-type"] = "action"
    changed["paths"][path.replace("library.lend", "lend")] = item
    assert openapi.model(changed).operations == openapi.model(library()).operations


@pytest.mark.parametrize(("alias", "spelled"), [("@since", "@since"), ("since", "'@since'")])
def test_parameters_can_be_aliases(alias: str, spelled: str) -> None:
    changed = library()
    paths = changed["paths"]
    [path] = [path for path in paths if "find(" in path]
    item = paths.pop(path)
    item["get"]["parameters"][1] |= {"name": alias, "in": "query"}
    function = f"library.find(title='{{title}}',since={spelled})"
    paths[f"/shelves/{{shelf-id}}/books/{function}"] = item
    assert openapi.model(changed).operations == openapi.model(library()).operations


def test_an_operation_of_a_base_type_is_declared_once() -> None:
    changed = library()
    types, paths = changed["components"]["schemas"], changed["paths"]
    types["library.rareBook"] = openapi.entity("book")
    types["library.shelf"]["allOf"][1]["properties"]["rare"] = openapi.many(
        ref("rareBook"), **openapi.NAVIGATION
    )
    for path, item in list(paths.items()):
        paths[path.replace("/books", "/rare").replace("book-id", "rareBook-id")] = deepcopy(item)
    found = openapi.model(changed)
    assert found.operations == openapi.model(library()).operations
    lines = {r.http for r in list_requests(found)}
    assert "POST /shelves/{shelf-id}/rare/{rareBook-id}/library.lend" in lines


def test_functions_with_paths_below_are_composable() -> None:
    changed = library()
    paths = changed["paths"]
    [path] = [path for path in paths if "find(" in path]
    paths[f"{path}/library.burn"] = {"post": openapi.sends(None)}
    found = {o.name: o for o in openapi.model(changed).operations}
    assert found["library.find"].is_composable
    assert str(found["library.burn"].parameters[0].type) == "Collection(library.book)"


def test_requests_that_nothing_declares_are_listed() -> None:
    changed = library()
    changed["paths"]["/shelves/{shelf-id}/library.person"] = {"get": openapi.reads(ref("person"))}
    changed["paths"]["/a b/c"] = {"get": openapi.reads(TEXT), "summary": "nothing"}
    assert sorted(openapi.read(changed).unread) == [
        "GET /a b/c",
        "GET /shelves/{shelf-id}/books/{book-id}/library.shelf",
        "GET /shelves/{shelf-id}/library.person",
    ]


@pytest.mark.parametrize("name", ["{}-id", "id", "{}-id1", "id2"])
def test_the_name_of_a_path_parameter_is_that_of_the_key(name: str) -> None:
    text = json.dumps(library())
    for kind in ("shelf", "book"):
        text = text.replace(f"{{{kind}-id}}", f"{{{name.format(kind)}}}")
        text = text.replace(f'"{kind}-id"', f'"{name.format(kind)}"')
    text = text.replace("key: id of ", "The unique identifier of ")
    assert "key: " not in text
    found = openapi.model(json.loads(text))
    assert {r.http for r in list_requests(found)} == {r.http for r in list_requests(FROM_CSDL)}


def test_the_schemas_of_places_are_primitive_types() -> None:
    changed = library()
    types = changed["components"]["schemas"]
    types["Edm.GeographyPoint"] = {"$ref": "#/components/schemas/Edm.GeometryPoint"}
    types["Edm.GeometryPoint"] = {
        "type": "object",
        "properties": {"coordinates": {"type": "array"}},
    }
    types["library.site"] = {"type": "object", "properties": {"place": ref("x")}}
    place = types["library.site"]["properties"]["place"]
    place["$ref"] = "#/components/schemas/Edm.GeographyPoint"
    site = openapi.model(changed).structure("library.site")
    assert site
    assert [str(item.type) for item in site.properties] == ["Edm.GeographyPoint"]


AUTHOR = "/shelves/{shelf-id}/books/{book-id}/author"


def test_what_derived_types_add_is_read_after_a_cast() -> None:
    changed = library()
    types, paths = changed["components"]["schemas"], changed["paths"]
    types["library.rareBook"] = openapi.entity(
        "book", owner={**openapi.nullable("person"), **openapi.NAVIGATION}
    )
    cast = "/shelves/{shelf-id}/books/{book-id}/library.rareBook"
    paths[cast] = {"get": openapi.reads(ref("rareBook"))}
    paths[f"{cast}/owner"] = {"get": openapi.reads(ref("person"), *openapi.ONE)}
    paths[f"{cast}/library.auction"] = {"post": openapi.sends(None)}
    document = openapi.read(changed)
    lines = {r.http for r in list_requests(resolve(document))}
    assert {f"GET {cast}/owner", f"POST {cast}/library.auction"} <= lines
    assert f"GET {cast}" in document.unread


@pytest.mark.parametrize("busy", [True, False])
def test_what_can_only_be_read_is_contained_where_nothing_follows_from_it(busy: bool) -> None:
    changed = library()
    types, paths = changed["components"]["schemas"], changed["paths"]
    types["library.person"]["allOf"][1]["properties"]["owns"] = openapi.many(
        ref("book" if busy else "shelf"), **openapi.NAVIGATION
    )
    if not busy:  # then shelves have nothing of their own
        for path in [path for path in paths if path.startswith("/shelves/{shelf-id}/")]:
            del paths[path]
    kind = "book" if busy else "shelf"
    paths["/desk/owns"] = {"get": openapi.reads(openapi.many(ref(kind)), *openapi.MANY)}
    paths["/desk/owns/$count"] = {"get": openapi.reads({"type": "integer"})}
    paths["/desk/owns/{x}"] = {
        "parameters": [openapi.key("id", kind)],
        "get": openapi.reads(ref(kind), *openapi.ONE),
    }
    document = openapi.read(changed)
    lines = {r.http for r in list_requests(resolve(document)) if r.path.startswith("/desk/owns")}
    several = "GET /desk/owns", "GET /desk/owns/$count"
    if busy:
        assert lines == {*several}
        assert "GET /desk/owns/{x}" in document.unread
    else:
        assert lines == {*several, "GET /desk/owns/{shelf-id}"}


def test_references_are_read_where_entities_are_contained_elsewhere() -> None:
    changed = library()
    changed["paths"][f"{AUTHOR}/$ref"] |= {
        "put": openapi.sends(TEXT),
        "delete": openapi.sends(None),
    }
    model = openapi.model(changed)
    lines = {r.http for r in list_requests(model)}
    assert {f"{method} {AUTHOR}/$ref" for method in ("GET", "PUT", "DELETE")} <= lines
    changed["paths"][AUTHOR]["patch"] = openapi.sends(ref("person"))
    document = openapi.read(changed)
    lines = {r.http for r in list_requests(resolve(document))}
    assert f"PATCH {AUTHOR}" in lines
    assert f"PUT {AUTHOR}/$ref" not in lines
    assert f"PUT {AUTHOR}/$ref" in document.unread


def test_a_property_offers_what_any_path_to_it_does() -> None:
    changed = library()
    changed["paths"]["/archive"] = {"get": openapi.reads(ref("shelf"), *openapi.ONE)}
    changed["paths"]["/archive/books"] = {
        "get": openapi.reads(openapi.BOOKS, *openapi.MANY),
        "post": openapi.sends(ref("book"), ref("book")),
    }
    lines = {r.http: r for r in list_requests(openapi.model(changed))}
    assert "POST /shelves/{shelf-id}/books" in lines
    assert "PATCH /shelves/{shelf-id}/books/{book-id}" not in lines
    assert set(lines["GET /archive/books"].options) == set(openapi.MANY)


def without(document: JSON, *path: str) -> JSON:
    found = document
    for name in path[:-1]:
        found = found[name]
    del found[path[-1]]
    return document


def test_updates_by_put_are_read_as_such() -> None:
    changed = library()
    item = changed["paths"]["/shelves/{shelf-id}"]
    item["put"] = item.pop("patch")
    assert "PUT /shelves/{shelf-id}" in {r.http for r in list_requests(openapi.model(changed))}


def test_a_schema_of_a_primitive_type_is_another_name_of_it() -> None:
    changed = library()
    changed["components"]["schemas"]["library.isbn"] = {"type": "string", "format": "uuid"}
    changed["components"]["schemas"]["library.loan"]["properties"]["of"] = ref("isbn")
    loan = openapi.model(changed).structure("library.loan")
    assert loan is not None
    assert {p.name: str(p.type) for p in loan.properties}["of"] == "Edm.Guid"


def refusal(data: bytes | JSON) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(CodegenError) as refused:
        resolve(reader.read(raw, "some.json"))
    return str(refused.value)


PETS: JSON = {
    "openapi": "3.0.3",
    "info": {"title": "pets", "version": "1"},
    "paths": {"/pets/{id}": {"get": {"responses": {"200": {"description": ""}}}}},
    "components": {"schemas": {"pets.Pet": {"type": "object", "properties": {"name": TEXT}}}},
}


def test_other_services_are_refused_with_the_generators_made_for_them() -> None:
    told = refusal(PETS)
    assert told.startswith("some.json: this is OpenAPI of a service that is not OData")
    assert "openapi-python-client" in told
    assert "\n" not in told


def test_odata_is_known_by_its_names_too() -> None:
    changed = deepcopy(PETS)
    changed["components"]["schemas"]["pets.Pet"]["properties"]["@odata.type"] = TEXT
    assert [*openapi.model(changed).types] == ["pets.Pet"]
    assert "not OData" in refusal(without(changed, "paths", "/pets/{id}"))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"swagger": "2.0"}, "this is OpenAPI 2.0 (Swagger), and 3.0 and 3.1 are read"),
        (b"swagger: 2.0", "this is OpenAPI 2.0 (Swagger), and 3.0 and 3.1 are read"),
        ({"openapi": "3.2.0"}, "this is OpenAPI 3.2.0, and 3.0 and 3.1 are read"),
        ({"openapi": 3}, "this is OpenAPI 3, and 3.0 and 3.1 are read"),
        (b"openapi: 3.1", "this is OpenAPI of a service that is not OData"),
        (
            {"info": {"openapi": "3.0.1"}},
            "this is an object in JSON or YAML whose first member is 'info'",
        ),
        (
            {"error": {"code": "x", "openapi": "3.0.1"}},
            "what a service answers in case of an error",
        ),
        (b"openapi: 3.0.1\npaths: [", "not valid YAML"),
        (b'{"openapi": "3.0.1", ', "not valid JSON"),
    ],
)
def test_other_documents_are_refused_in_one_sentence(data: bytes | JSON, told: str) -> None:
    found = refusal(data)
    assert told in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("components", "schemas", "library.a b"), {"type": "object"}, "is not a name"),
        (
            ("components", "schemas", "library.loan", "properties", "1; import os"),
            TEXT,
            "library.loan: '1; import os' is not a name",
        ),
        (("components", "schemas", "library.kind", "enum"), ["a", "b c"], "'b c' is not a name"),
        (
            ("components", "schemas", "Edm.call"),
            {"type": "object"},
            "a schema cannot call itself Edm",
        ),
        (("paths", "/a" * (SEGMENTS + 1)), {}, "a path of more than 100 segments"),
        (
            ("components", "schemas", "library.thing", "allOf"),
            [ref("book")],
            "cycle of base types",
        ),
    ],
)
def test_names_and_limits_are_those_of_csdl(
    path: tuple[str, ...], value: object, told: str
) -> None:
    changed = library()
    found = changed
    for name in path[:-1]:
        found = found[name]
    found[path[-1]] = value
    assert told in refusal(changed)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"openapi": "3.0.1"}', True),
        (b'\xef\xbb\xbf\n{"info": {}, "openapi" : "3.1.0"}', True),
        (b"info: {}\nopenapi: 3.0.1\n", True),
        (b"---\n'openapi': '3.0.1'\n", True),
        (b'swagger: "2.0"', True),
        (b"<a>\nopenapi: 3\n</a>", False),
        (b'{"openapi": 3.1}', True),
        (b'{"$Version": "4.0"}', False),
        (b"text: openapi", False),
        (b"", False),
    ],
)
def test_openapi_is_known_by_its_content(data: bytes, expected: bool) -> None:
    assert recognise(data) is expected


ODD: list[object] = [
    None,
    True,
    1,
    "x",
    [],
    {},
    [[]],
    [{}],
    {"": None},
    {"$ref": "#/"},
    {"$ref": "#/paths"},
]


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner: list[tuple[object, object]] = []
    if isinstance(value, dict):
        inner = [*value.items()]
    elif isinstance(value, list):
        inner = [*enumerate(value)]
    return [path, *(place for name, item in inner for place in places(item, (*path, name)))]


PLACES = places(library())[1:]


@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_any_value_in_any_place_is_read_or_refused(place: tuple[Any, ...], odd: object) -> None:
    changed = library()
    found = changed
    for name in place[:-1]:
        found = found[name]
    found[place[-1]] = odd
    try:
        model = openapi.model(changed)
    except CodegenError as refused:
        assert "\n" not in str(refused)  # noqa: PT017 - refused or read: both are right
    else:
        assert isinstance(model, Model)


@pytest.mark.parametrize("more", ["types", "properties", "members"])
def test_what_a_document_declares_is_bounded(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "DECLARED", 100)
    changed = library()
    found = changed["components"]["schemas"]
    assert openapi.read(changed)
    many = [f"x{number}" for number in range(100)]
    match more:
        case "types":
            found |= {f"library.{name}": {} for name in many}
        case "properties":
            found["library.loan"]["properties"] = dict.fromkeys(many, TEXT)
        case _:
            found["library.kind"]["enum"] = many
    with pytest.raises(CodegenError, match="more than 100 types, properties and members"):
        openapi.read(changed)
