"""Names of resources, methods and keys that the client's modules use themselves."""

from __future__ import annotations

import pytest

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
          "lazyModule", "resource", "cloud", "permissionRule"]  # fmt: skip


@pytest.mark.parametrize("name", HIDING)
def test_a_resource_hides_nothing_that_the_client_imports(name: str) -> None:
    check(service((name, "other")))


@pytest.mark.parametrize("action", ["many", "streamS"])
def test_a_method_hides_no_other(action: str) -> None:
    with pytest.raises(CodegenError, match="both become"):
        generate(service(("x",), action))


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(CodegenError, match="both become AsyncX in Python"):
        generate(service(("x", "asyncX")))
