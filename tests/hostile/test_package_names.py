"""Package names that would hide another package, and documents with nothing in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.facts import settings
from tests.hostile.generated import generate, imported
from tests.support.csdl import ROOT, SERVICE, document, graph_codegen, schema

FILE = "input.csdl.xml"
SETTINGS = settings.load()


def refusal(name: str) -> str:
    with pytest.raises(CodegenError) as caught:
        settings.with_package(SETTINGS, name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(sys.stdlib_module_names))
def test_a_module_of_python_is_refused(name: str) -> None:
    assert "standard library" in refusal(name) or "is not a name" in refusal(name)


def test_what_the_package_imports_is_refused() -> None:
    code = (
        "import sys, asyncio, graph_comms.client, graph_comms.models as m\n"
        "import graph_comms.bot.redis, graph_comms.bot.testing, graph_comms.bot.adapters.azure\n"
        "m.Call.from_json('{}'); graph_comms.client.CommunicationsClient('x')\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    met = set(done.stdout.split()) - set(sys.stdlib_module_names)
    own = {name for name in met if name.startswith(("_", "graph_comms"))}
    assert {"pydantic", "httpx", "jwt", "redis", "azure"} < met
    assert met - own <= settings.IMPORTED
    for name in settings.IMPORTED:
        assert (
            refusal(name) == f"{name}: is what the generated package imports: choose another name"
        )


@pytest.mark.parametrize(
    "name",
    ["", " ", "a.b", "../a", "a/b", "a-b", "a b", "a\n", "1a", "_a", "a_", "class", "None", "ﬁle",
     "é", "a\0", "a\x1b[31m", "{{a}}", "x" * 101, "x" * 100_000, "__init__", "a\u202e"],
)  # fmt: skip
def test_what_is_no_name_is_refused(name: str) -> None:
    assert "is not a name for a Python package" in refusal(name)


@pytest.mark.parametrize("name", ["graph_comms", "my_graph", "graph2", "x" * 100, "X"])
def test_other_names_are_taken(name: str) -> None:
    assert settings.with_package(SETTINGS, name).package == name


def test_the_command_refuses_too_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(document(SERVICE))
    options = ("generate", "--metadata", FILE, *ROOT, "--output", "out", "--package", "json")
    done = graph_codegen(*options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: json: is a module of Python's standard library" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "body", ["", '<EntityContainer Name="c"/>', '<Term Name="t" Type="Edm.String"/>']
)
def test_where_no_type_and_no_request_is_there_is_nothing_to_generate(body: str) -> None:
    with pytest.raises(CodegenError, match="there is nothing to generate"):
        generate(document(schema(body)))


@pytest.mark.parametrize("root", ["reset", "Now", "all"])
def test_what_needs_no_type_has_methods_and_no_models(root: str) -> None:
    made = generate(
        document(
            """<Action Name="reset"/><Function Name="now"><ReturnType Type="Edm.Date"/></Function>
        <EntityContainer Name="c"><ActionImport Name="reset" Action="graph.reset"/>
        <FunctionImport Name="Now" Function="graph.now"/></EntityContainer>"""
        ),
        root,
    )
    with imported(made) as module:
        names = {one.python for one in module("operations").OPERATIONS}
        assert names == ({"reset", "now"} if root == "all" else {root.lower()})
        assert module("models").__all__ == ["GraphModel"]
        with module("client").GraphClient("token") as client:
            assert all(callable(getattr(client, name)) for name in names)


def test_a_document_without_container_has_models_and_no_methods() -> None:
    made = generate(
        document('<ComplexType Name="a"><Property Name="b" Type="Edm.String"/></ComplexType>')
    )
    with imported(made) as module:
        assert module("models").A.from_json('{"b": "c"}').b == "c"
        assert module("operations").OPERATIONS == ()
        module("client").GraphClient("token").close()
