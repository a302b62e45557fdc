"""OpenAPI of a service is read into what CSDL of it declares, and no more than it says."""

from __future__ import annotations

import json
import re
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.csdl import reader as csdl
from graph_codegen.csdl.ast import EnumType, NavigationProperty, StructuredType
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.errors import CodegenError
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.limits import SEGMENTS
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.unsaid import count_unsaid
from graph_codegen.openapi import reader, schemas
from graph_codegen.openapi.content import recognise
from graph_codegen.service.requests import Request, list_requests
from graph_codegen.service.slices import normal_form, normal_form_of
from tests.support import openapi
from tests.support.csdl import document
from tests.support.openapi import JSON, LIBRARY, TEXT, library, ref

FROM_CSDL = resolve(csdl.read(document(LIBRARY), "library.csdl.xml"))


def unread(document: JSON) -> dict[str, str]:
    """Return the kinds of the requests of a document that are not read, by request."""
    return {one.request: one.kind for one in openapi.read(document).unread}


def untold(document: JSON) -> set[str]:
    """Return the requests of a document that are neither read nor said to be left out."""
    read = openapi.read(document)
    found = {normal_form_of(request) for request in list_requests(resolve(read))}
    told = {one.request for one in read.unread}
    methods = ("GET", "POST", "PATCH", "PUT", "DELETE")
    paths: Any = document["paths"]
    lines = {f"{m} {path}" for path, item in paths.items() for m in methods if m.lower() in item}
    return {line for line in lines - told if normal_form(_KEY.sub("/{}", line)) not in found}


_KEY = re.compile(r"\((?:id=)?'?\{[^{}]+\}'?\)")
"""A key in parentheses, of one part."""


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
    assert sorted(unread(changed)) == [
        "GET /a b/c",
        "GET /shelves/{shelf-id}/books/{book-id}/library.shelf",
        "GET /shelves/{shelf-id}/library.person",
    ]


def _options(found: Model) -> dict[str, set[str]]:
    return {request.http: {*request.options} for request in list_requests(found)}


@pytest.mark.parametrize("by_option", [True, False])
@pytest.mark.parametrize("by_path", [True, False])
def test_the_number_of_items_is_a_path_or_an_option_as_the_document_has_it(
    *, by_path: bool, by_option: bool
) -> None:
    changed = library()
    shelves = changed["paths"]["/shelves"]["get"]
    if not by_path:
        del changed["paths"]["/shelves/$count"]
    if not by_option:
        shelves["parameters"] = [p for p in shelves["parameters"] if p["name"] != "$count"]
    found = _options(openapi.model(changed))
    assert ("GET /shelves/$count" in found) is by_path
    assert ("count" in found["GET /shelves"]) is by_option
    rest = _options(openapi.model(library()))
    assert found.keys() | {"GET /shelves/$count"} == rest.keys()
    own = openapi.model(changed)
    written = build_openapi(own, assign_names(own), Descriptions({}, {}, own=True))
    assert _options(openapi.model(written)) == found


def test_what_cannot_be_counted_has_neither_path_nor_option_in_csdl() -> None:
    told = '<Annotation Term="Org.OData.Capabilities.V1.CountRestrictions"><Record>'
    told += '<PropertyValue Property="Countable" Bool="false"/></Record></Annotation>'
    source = '<EntitySet Name="shelves" EntityType="library.shelf"'
    assert f"{source}/>" in LIBRARY
    changed = document(LIBRARY.replace(f"{source}/>", f"{source}>{told}</EntitySet>"))
    found = _options(resolve(csdl.read(changed, "library.csdl.xml")))
    assert "GET /shelves/$count" not in found
    assert "count" not in found["GET /shelves"]


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


KEYED = [
    ("/{{{}}}", "/{{{}}}"),
    ("({{{}}})", "({{{}}})"),
    ("('{{{}}}')", "({{{}}})"),
    ("(id={{{}}})", "({{{}}})"),
    ("(id='{{{}}}')", "({{{}}})"),
]


@pytest.mark.parametrize(("written", "sent"), KEYED)
def test_keys_are_read_in_each_form_and_sent_in_the_same(written: str, sent: str) -> None:
    """Source: OData URL conventions 4.01, sections 4.3.1 and 4.3.6."""
    changed = library()
    for kind in ("shelf", "book"):
        old, new = f"/{{{kind}-id}}", written.format(f"{kind}-id")
        changed["paths"] = {p.replace(old, new): item for p, item in changed["paths"].items()}
    expected = [
        re.sub(r"/\{([^{}]+)\}", lambda key: sent.format(key[1]), r.http)
        for r in list_requests(FROM_CSDL)
    ]
    found = openapi.model(changed)
    assert [r.http for r in list_requests(found)] == expected
    assert found.types == openapi.model(library()).types
    assert [*unread(changed).values()] == [*unread(library()).values()]


def test_keys_are_segments_where_any_is() -> None:
    changed = library()
    item = changed["paths"].pop("/shelves/{shelf-id}")
    changed["paths"]["/shelves({shelf-id})"] = item
    assert list_requests(openapi.model(changed)) == list_requests(openapi.model(library()))


@pytest.mark.parametrize("key", ["(no={{no{0}}},of='{{of{0}}}')", "/no={{no{0}}},of={{of{0}}}"])
def test_keys_of_several_parts_are_read(key: str) -> None:
    changed = library()
    number = {"type": "integer", "format": "int32"}
    lines = openapi.many(ref("line"), **openapi.NAVIGATION)
    changed["components"]["schemas"]["library.line"] = {
        "type": "object",
        "properties": {"no": number, "of": TEXT, "lines": lines},
    }
    outer, inner = f"/lines{key.format('')}", f"/lines{key.format('1')}"
    changed["paths"] |= {
        "/lines": {"post": openapi.sends(ref("line"), ref("line"))},
        outer: {"delete": openapi.sends(None)},
        outer + inner: {"patch": openapi.sends(ref("line"))},
    }
    found = openapi.model(changed)
    requests = [r for r in list_requests(found) if r.path.startswith("/lines")]
    assert [r.http for r in requests] == [
        "POST /lines",
        "DELETE /lines(no={no},of={of})",
        "PATCH /lines(no={no},of={of})/lines(no={lines-no},of={lines-of})",
    ]
    assert [str(key.value) for key in requests[1].keys] == ["Edm.Int32", "Edm.String"]
    assert "GET /shelves/{shelf-id}" in {r.http for r in list_requests(found)}
    assert unread(changed) == unread(library())


def test_keys_that_are_not_the_usual_one_are_left_out() -> None:
    changed, paths = library(), {}
    for path, item in changed["paths"].items():
        if path.startswith("/shelves/{shelf-id}"):
            # They come first in the document, as they are sorted.
            paths[path.replace("/{shelf-id}", "(books='{books}')", 1)] = deepcopy(item)
    changed["paths"] = paths | changed["paths"]
    left_out = unread(changed)
    assert Counter(left_out.values())["by keys that are not the usual one"] == len(
        [method for item in paths.values() for method in item if method != "parameters"]
    )
    assert openapi.model(changed).types == openapi.model(library()).types
    assert untold(changed) == set()


@pytest.mark.parametrize(
    ("other", "description", "key"),
    [("title", "", ()), ("title", "Alternate key of book", ("id",)), ("nothing", "", ("id",))],
)
def test_the_usual_key_of_several_is_never_guessed(
    other: str, description: str, key: tuple[str, ...]
) -> None:
    changed = library()
    path = "/shelves/{shelf-id}/books/{book-id}"
    parameter = {"name": other, "in": "path", "description": description, "schema": TEXT}
    for old, item in [*changed["paths"].items()]:
        if old.startswith(path):
            del changed["paths"][old]
            changed["paths"][old.replace("/{book-id}", "(id={id})")] = item
    changed["paths"]["/shelves/{shelf-id}/books(" + f"{other}={{{other}}})"] = {
        "get": openapi.reads(ref("book"), *openapi.ONE),
        "parameters": [parameter],
    }
    book = openapi.model(changed).structure("library.book")
    thing = openapi.model(changed).structure("library.thing")
    assert book
    assert thing
    # Shelves have the key of their base type, which books share.
    assert (thing.key, book.key) == (("id",), ())
    assert key in ((), thing.key)
    left_out = unread(changed)
    assert left_out["GET /shelves/{shelf-id}/books(" + f"{other}={{{other}}})"].startswith(
        "by keys"
    )
    assert untold(changed) == set()


def test_functions_outside_of_entity_sets_are_not_taken_for_keys() -> None:
    changed = library()
    place = {"name": "name", "in": "path", "required": True, "schema": TEXT}
    answer = {**openapi.reads(ref("person")), "parameters": [place]}
    import_of = {"x-ms-docs-operation-type": "functionImport"}
    changed["paths"] |= {
        "/findPerson(name='{name}')": {"get": answer},
        "/firstPerson()": {"get": openapi.reads(ref("person")) | import_of},
        "/lastPerson": {"get": openapi.reads(ref("person")) | import_of},
        "/reset": {"post": openapi.sends(None)},
        "/": {"get": openapi.reads(TEXT)},
    }
    assert openapi.model(changed) == openapi.model(library())
    left_out = unread(changed)
    outside = [line for line, kind in left_out.items() if kind.startswith("outside of entity sets")]
    assert sorted(outside) == [
        "GET /",
        "GET /findPerson(name='{name}')",
        "GET /firstPerson()",
        "GET /lastPerson",
        "POST /reset",
    ]


ADDRESS = "/desk/address"


def with_complex_properties() -> JSON:
    """Return the library with paths of complex properties, as newer OpenAPI.NET.OData writes them."""
    changed = library()
    types, paths = changed["components"]["schemas"], changed["paths"]
    types["library.person"]["allOf"][1]["properties"] |= {
        "address": {"anyOf": [ref("address"), {"enum": [None]}]},
        "addresses": openapi.many(ref("address")),
    }
    types["library.address"] = {
        "type": "object",
        "properties": {"city": TEXT, "mayor": {**ref("person"), **openapi.NAVIGATION}},
    }
    types["library.office"] = {
        "allOf": [ref("address"), {"type": "object", "properties": {"floor": TEXT}}]
    }
    one = {
        "get": openapi.reads(ref("address"), *openapi.ONE),
        "patch": openapi.sends(ref("address")),
    }
    paths |= {
        ADDRESS: one,
        f"{ADDRESS}/library.office": {"get": openapi.reads(ref("office"))},
        f"{ADDRESS}/mayor": {"get": openapi.reads(ref("person"), *openapi.ONE)},
        "/desk/addresses": {
            "get": openapi.reads(openapi.many(ref("address")), *openapi.MANY),
            "patch": openapi.sends(openapi.many(ref("address"))),
            "post": openapi.sends(openapi.many(ref("address"))),
        },
        "/desk/addresses/$count": {"get": openapi.reads({"type": "integer"})},
        f"{AUTHOR}/address": deepcopy(one),
        "/desk/name": {"get": openapi.reads(TEXT), "put": openapi.sends(TEXT)},
    }
    return changed


def test_complex_properties_are_no_navigation_and_their_requests_are_told() -> None:
    changed = with_complex_properties()
    found = openapi.model(changed)
    person, address = found.structure("library.person"), found.structure("library.address")
    assert person
    assert address
    assert [(p.name, str(p.type)) for p in person.properties] == [
        ("name", "Edm.String"),
        ("address", "library.address"),
        ("addresses", "Collection(library.address)"),
    ]
    assert person.properties[1].nullable
    assert (person.navigation, address.kind) == ((), "ComplexType")
    # The paths of the author say no more than before: a complex property is no reason to contain it.
    assert list_requests(found) == list_requests(openapi.model(library()))
    counts = Counter(unread(changed).values())
    assert (counts["of complex properties"], counts["of primitive properties"]) == (10, 2)
    assert untold(changed) == set()


def test_what_has_a_key_or_a_reference_anywhere_is_no_complex_property() -> None:
    changed = with_complex_properties()
    item = {"get": openapi.reads(ref("address"), *openapi.ONE)}
    changed["paths"]["/desk/addresses/{city}"] = item
    changed["components"]["schemas"]["library.person"]["allOf"][1]["properties"]["other"] = ref(
        "address"
    )
    changed["paths"] = {"/desk": changed["paths"]["/desk"], "/desk/other": item} | changed["paths"]
    found = {r.http for r in list_requests(openapi.model(changed))}
    assert {"GET /desk/other", "GET /desk/addresses/{address-id}", f"PATCH {ADDRESS}"} <= found
    assert "of complex properties" not in unread(changed).values()


def test_odata_is_known_by_what_the_tool_says_of_references() -> None:
    changed = library()
    text = json.dumps(changed["components"]["schemas"])
    changed["components"]["schemas"] = json.loads(re.sub(r'"@odata.type": {[^}]+},', "", text))
    for name in ("thing", "loan"):
        changed["components"]["schemas"][f"library.{name}"]["properties"].pop("@odata.type", None)
    del changed["info"]["x-ms-generated-by"]
    assert "not OData" in refusal(changed)
    reference = {"type": "object", "properties": {"@odata.id": TEXT}}
    changed["components"]["schemas"]["ReferenceCreate"] = reference
    assert openapi.model(changed).types


def test_what_only_base_types_have_is_left_out_after_a_cast() -> None:
    changed = library()
    types, paths = changed["components"]["schemas"], changed["paths"]
    types["library.rareBook"] = openapi.entity(
        "book", owner={**openapi.nullable("person"), **openapi.NAVIGATION}
    )
    cast = "/shelves/{shelf-id}/books/{book-id}/library.rareBook"
    lend = "/shelves/{shelf-id}/books/{book-id}/library.lend"
    paths[f"{cast}/author"] = paths[AUTHOR]
    paths[f"{cast}/library.lend"] = paths[lend]
    paths[f"{cast}/owner"] = {"get": openapi.reads(ref("person"), *openapi.ONE)}
    derived = {line for line, kind in unread(changed).items() if kind == "of derived types"}
    assert derived == {f"GET {cast}/author", f"POST {cast}/library.lend"}
    paths["/rareBooks"] = {"get": openapi.reads(openapi.many(ref("rareBook")), *openapi.MANY)}
    paths["/rareBooks/{rareBook-id}"] = {"get": openapi.reads(ref("rareBook"), *openapi.ONE)}
    assert unread(changed)[f"GET {cast}/owner"] == "of derived types"
    assert untold(changed) == set()


def test_streams_of_entities_that_are_contained_elsewhere_are_left_out() -> None:
    changed = library()
    types, paths = changed["components"]["schemas"], changed["paths"]
    types["library.person"]["allOf"][1]["properties"]["owns"] = openapi.many(
        ref("book"), **openapi.NAVIGATION
    )
    paths["/desk/owns"] = {"get": openapi.reads(openapi.many(ref("book")), *openapi.MANY)}
    item = {"parameters": [openapi.key("id", "book")], "get": openapi.reads(ref("book"))}
    paths["/desk/owns/{book-id}"] = item
    paths["/desk/owns/{book-id}/scan"] = {"get": {"responses": {"2XX": openapi.OCTETS}}}
    left_out = unread(changed)
    for path in ("/desk/owns/{book-id}", "/desk/owns/{book-id}/scan"):
        assert left_out[f"GET {path}"] == "of entities contained elsewhere"


def test_methods_that_a_resource_cannot_have_are_left_out() -> None:
    changed = library()
    for item in changed["paths"].values():
        item |= {
            m: openapi.sends(None) for m in ("post", "put", "patch", "delete") if m not in item
        }
    assert set(unread(changed).values()) >= {"others"}
    assert untold(changed) == set()


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
    assert unread(changed)[f"GET {cast}"] == "of derived types"


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
        assert unread(changed)["GET /desk/owns/{x}"] == "of entities contained elsewhere"
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
    assert unread(changed)[f"PUT {AUTHOR}/$ref"] == "of references to contained entities"


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
            ("paths", "/desk/library.act"),
            {
                "post": openapi.sends(
                    {"allOf": [{"properties": {f"p{n}": TEXT}} for n in range(101)]}
                )
            },
            "an action has more than 100 parameters",
        ),
        (
            ("paths", "/desk/library.act()"),
            {"parameters": [{"name": "p"}] * 101, "get": openapi.reads(TEXT)},
            "a request has more than 100 parameters",
        ),
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
        if place[0] == "paths" and len(place) > 2:
            assert untold(changed) == set()


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
