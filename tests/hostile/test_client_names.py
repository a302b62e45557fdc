"""Names of resources, methods and keys that collide with each other, or that the client uses itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen import api
from graph_codegen.csdl import reader
from graph_codegen.emit.method_names import client_methods
from graph_codegen.errors import CodegenError
from graph_codegen.model.resolver import resolve
from graph_codegen.service.requests import list_requests
from tests.hostile import values
from tests.hostile.allowed import findings
from tests.hostile.generated import FILE, generate, imported
from tests.support.csdl import document, schema

KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'
ACTION = '<Action Name="{}" IsBound="true"><Parameter Name="b" Type="graph.t"/></Action>'


def service(singletons: tuple[str, ...], action: str = "act") -> bytes:
    sources = "".join(f'<Singleton Name="{name}" Type="graph.t"/>' for name in singletons)
    return document(
        f'<EntityType Name="t">{KEY}<Property Name="s" Type="Edm.Stream"/>'
        '<NavigationProperty Name="many" Type="Collection(graph.u)" ContainsTarget="true"/>'
        f'</EntityType><EntityType Name="u">{KEY}</EntityType>{ACTION.format(action)}'
        f'<EntityContainer Name="c">{sources}</EntityContainer>'
    )


def check(data: bytes) -> None:
    """Assert that the package of a document works."""
    made = generate(data)
    assert findings(made.files, made.package) == []
    with imported(made) as module:
        values.check(made, module)


@pytest.mark.parametrize(
    "name",
    ["UNSET", "unset", "cachedProperty", "models", "operations", "untyped", "close", "edm", "str"],
)
def test_a_resource_may_be_called(name: str) -> None:
    check(service((name, "other")))
    check(service((name,)))


HIDING = ["page", "sequence", "iterator", "unpack", "graphClient", "asyncGraphClient", "clientBase",
          "asyncClientBase", "options", "collectionOptions", "child", "GET", "sync", "async", "f",
          "lazyModule", "resource", "cloud", "permissionRule", "permissions"]  # fmt: skip


@pytest.mark.parametrize("name", HIDING)
def test_a_resource_hides_nothing_that_the_client_imports(name: str) -> None:
    check(service((name, "other")))


@pytest.mark.parametrize("action", ["streamS", "Many", "put_s", "listRefs", "getS"])
def test_a_method_and_a_resource_may_be_called_alike(action: str) -> None:
    check(service(("x",), action))


def test_the_resources_below_one_keep_their_names_before_operations() -> None:
    made = generate(service(("x",), "many"))
    client = made.files[f"{made.package}/client.py"]
    assert "    many = Child(" in client
    assert "    def many_d94f(" in client


def test_a_root_that_is_called_like_a_resource_of_the_client_gives_way(tmp_path: Path) -> None:
    config = tmp_path / "graph-codegen.toml"
    config.write_text("""
document = "graph.xml"
roots = ["hub", "many"]
package = "two_roots"
home = "hub"
""")
    (tmp_path / "graph.xml").write_bytes(service(("hub", "many", "other")))
    client = api.generate(config=config).files["two_roots/client.py"]
    assert "    many = Child(lambda: (Many, AsyncMany))" in client
    assert "    many_5816 = Child(lambda: (Many5816, AsyncMany5816))" in client
    found = api.generate(config=config, roots=["hub", "other"]).files
    assert "many = Child" in found["two_roots/client.py"]


def test_two_classes_may_be_called_alike() -> None:
    check(service(("x", "asyncX")))


def contained(*names: str) -> str:
    return "".join(
        f'<NavigationProperty Name="{name}" Type="Collection(graph.u)" ContainsTarget="true"/>'
        for name in names
    )


def test_whatever_the_names_in_a_service_are_it_is_generated() -> None:
    """All that issue trackers of generators have: each of these ended one once."""
    sets = ("A_b", "A", "größe", "grüße", "get", "list", "日本", "日本語")
    sources = "".join(f'<EntitySet Name="{name}" EntityType="graph.t"/>' for name in sets)
    acts = '<Action Name="mute" IsBound="true"><Parameter Name="b" Type="graph.t"/>{}</Action>'
    parameters = "".join(f'<Parameter Name="{n}" Type="Edm.Int32"/>' for n in ("aB", "a_b", "t-id"))
    function = (
        '<Function Name="find" IsBound="true"><Parameter Name="b" Type="graph.t"/>{}{}</Function>'
    )
    check(
        document(
            schema(
                f'<EntityType Name="t">{KEY}'
                '<Property Name="abc" Type="Edm.String"/><Property Name="ABC" Type="Edm.String"/>'
                '<Property Name="s" Type="Edm.Stream"/><Property Name="S" Type="Edm.Stream"/>'
                f'{contained("b", "get", "list", "create", "getGet", "größe", "grüße")}</EntityType>'
                f'<EntityType Name="T">{KEY}</EntityType><EntityType Name="u">{KEY}'
                f'{contained("deep")}</EntityType>'
                f"{acts.format(parameters)}{acts.format('')}"
                f'{function.format(parameters, """<ReturnType Type="graph.T"/>""")}'
                '<EnumType Name="e"><Member Name="abc"/><Member Name="ABC"/></EnumType>'
                f'<EntityContainer Name="c">{sources}</EntityContainer>'
            ),
            schema(acts.format(parameters), "microsoft.graph.other", ""),
            schema(acts.format(""), "microsoft.graph.Other", ""),
        )
    )


def test_given_names_of_resources_methods_and_parameters() -> None:
    one = resolve(reader.read(service(("x",), "many"), FILE))
    found = client_methods(
        one,
        list_requests(one),
        given={
            "microsoft.graph.t/many": "lots",
            "microsoft.graph.many": "act",
            "microsoft.graph.t/s": "sound",
        },
    )
    assert {offer.attributes for offer in found.values()} == {(), ("lots",)}
    assert {"act", "get_sound", "put_sound"} <= {method.name for method in found[()].methods}


def test_two_given_names_that_are_one_in_a_resource_are_refused() -> None:
    one = resolve(reader.read(service(("x",), "many"), FILE))
    given = {"microsoft.graph.t/many": "lots", "microsoft.graph.many": "lots"}
    with pytest.raises(CodegenError, match=r'"microsoft\.graph\.t/many" = "lots" and'):
        client_methods(one, list_requests(one), given=given)


def composed(function: str, parameter: str, behind: str, *behind_parameters: str) -> bytes:
    """A function of the type `u` that returns it, in two overloads, and an action bound to the type."""
    own = f'<Parameter Name="b" Type="graph.u"/><Parameter Name="{parameter}" Type="Edm.Int32"/>'
    more = "".join(f'<Parameter Name="{name}" Type="Edm.String"/>' for name in behind_parameters)
    head = f'<Function Name="{function}" IsBound="true" IsComposable="true">'
    bind, end = '<Parameter Name="b" Type="graph.u"/>', '<ReturnType Type="graph.u"/></Function>'
    return document(
        f'<EntityType Name="u">{KEY}</EntityType>{head}{own}{end}{head}{bind}{end}'
        f'<Action Name="{behind}" IsBound="true">{bind}{more}</Action>'
        '<EntityContainer Name="c"><EntitySet Name="us" EntityType="graph.u"/></EntityContainer>'
    )


@pytest.mark.parametrize(
    "names",
    [
        ("withResponse", "n", "withResponse", "n"),
        ("call", "self", "call", "self", "options"),
        ("responseOf", "uId", "responseOf", "uId", "responseOfUId"),
        ("get", "get", "get", "get", "getGet", "getParameter"),
        ("import", "n", "class", "import-n".replace("-", "N")),
        ("child", "n", "GET", "n_parameter"),
    ],
)
def test_a_composable_function_and_what_is_behind_it_may_be_called(names: tuple[str, ...]) -> None:
    check(composed(*names))
