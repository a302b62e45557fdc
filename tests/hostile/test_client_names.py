"""Names of resources, methods and keys that the client's modules use themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen import api
from graph_codegen.errors import CodegenError
from tests.hostile import values
from tests.hostile.allowed import findings
from tests.hostile.generated import generate, imported
from tests.support.csdl import document

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


@pytest.mark.parametrize("action", ["many", "streamS"])
def test_a_method_hides_no_other(action: str) -> None:
    with pytest.raises(CodegenError, match="both become"):
        generate(service(("x",), action))


def test_a_root_that_is_called_like_a_resource_of_the_client_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "graph-codegen.toml"
    config.write_text("""
document = "graph.xml"
roots = ["hub", "many"]
package = "two_roots"
home = "hub"
""")
    (tmp_path / "graph.xml").write_bytes(service(("hub", "many", "other")))
    with pytest.raises(CodegenError, match="/hub/many and /many both become many in Python"):
        api.generate(config=config)
    found = api.generate(config=config, roots=["hub", "other"]).files
    assert "many = Child" in found["two_roots/client.py"]


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(CodegenError, match="both become AsyncX in Python"):
        generate(service(("x", "asyncX")))


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
