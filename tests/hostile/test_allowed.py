"""The committed package holds only what the templates write, and anything else would be found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile.allowed import findings, module_findings

GENERATED = Path(__file__).parents[2] / "generated"
PACKAGE = "graph_comms"


@pytest.fixture(scope="module")
def files() -> Mapping[str, str]:
    return {
        path.relative_to(GENERATED).as_posix(): path.read_text("utf-8")
        for path in (GENERATED / PACKAGE).rglob("*")
        if path.is_file() and path.suffix in (".py", ".typed")
    }


def test_the_committed_package_holds_nothing_else(files: Mapping[str, str]) -> None:
    assert len(files) > 25
    assert findings(files, PACKAGE) == []


INTRUDERS = [
    ("models/graph.py", '"""The types', 'exec("x")\n"""The types'),
    ("models/graph.py", "__all__ = [", "import os\n__all__ = ["),
    ("models/graph.py", "__all__ = [", "from os import system\n__all__ = ["),
    ("models/graph.py", "__all__ = [", '__all__ = [\n    "os",'),
    ("models/graph.py", "__all__ = [", "# a comment\n__all__ = ["),
    ("models/graph.py", "__all__ = [", 'print("x")\n__all__ = ['),
    ("models/graph.py", "class AdhocCall(Entity", "class AdhocCall(__import__('os').x"),
    ("models/graph.py", "class AdhocCall(Entity", "@x\nclass AdhocCall(Entity"),
    ("models/graph.py", "class AdhocCall(Entity", "class AdhocCall(Entity, metaclass=x"),
    ("models/graph.py", "class AdhocCall(Entity", "class AdhocCall: pass\nclass AdhocCall(Entity"),
    ("models/graph.py", "str | None = None", "str | None = open('x')"),
    ("models/graph.py", "str | None = None", "str | None = f'{x}'"),
    ("models/graph.py", "str | None = None", "str | None = lambda: None"),
    ("models/graph.py", "str | None = None", "x(str) | None = None"),
    ("models/graph.py", "str | None = None", "str | eval = None"),
    ("models/graph.py", "str | None = None", "str | None = None\n    exec('x')"),
    ("models/graph.py", "str | None = None", "str | None = None\n    def f(self): ..."),
    ("models/graph.py", "str | None = None", "str | None = Field(default=x())"),
    ("models/graph.py", "str | None = None", "str | None = None  # type: ignore"),
    ("models/graph.py", "str | None = None", 'str | None = None\n    """\u202e"""'),
    ("models/graph.py", "str | None = None", 'str | None = None\n    """\x0c"""'),
    ("models/__init__.py", "register_namespaces(", "print(1)\nregister_namespaces("),
    ("models/__init__.py", "_graph=graph", "_graph=exec"),
    ("client.py", "Child(lambda: (AdhocCallsRecordings", "Child(lambda: (exec"),
    ("client.py", "Child(lambda: (", "exec(lambda: ("),
    ("client.py", "Child(lambda: (", "Child(lambda x=exec('x'): ("),
    ("client.py", "with_response = response_of(__call__)", "with_response = exec(__call__)"),
    (
        "client.py",
        "with_response = response_of(__call__)",
        "with_response = response_of(exec('x'))",
    ),
    ("client.py", 'Literal["text/vtt", "app', 'Literal[exec("x"), "app'),
    ("client.py", 'media_types=("text/vtt",', 'media_types=(exec("x"),'),
    ("client.py", "    @GET.page", "    @exec\n    @GET.page"),
    ("client.py", "    @GET.page(", "    @GET.x("),
    ("client.py", '"/communications/adhocCalls"', "exec('x')"),
    ("client.py", "clouds=_GLOBAL", "clouds=exec"),
    ("client.py", "permissions=Permissions(", "permissions=exec("),
    ("client.py", "rules=(", "rules=exec("),
    ("client.py", "application=(", "application=exec("),
    ("client.py", "documented=True", "documented=exec('x')"),
    ("client.py", "of_stream=True", "of_stream=print"),
    ("client.py", "PermissionRule(\n", "exec(\n"),
    ("client.py", "-> Page[models.AdhocCall]:", "-> Page[models.AdhocCall]:\n        import os"),
    ("client.py", "adhoc_call: models.AdhocCall,", "adhoc_call: models.AdhocCall = x(),"),
    ("client.py", "_GLOBAL = frozenset", "_GLOBAL = print"),
    ("client.py", "[Cloud.GLOBAL]", "[Cloud.MOON]"),
    ("client.py", "(_AdhocCalls[Sync])", "(_AdhocCalls[exec('x')])"),
    ("client.py", "(_AdhocCalls[Sync])", "(_AdhocCalls[Async])"),
    ("client.py", 'at="adhoc_calls"', "at=exec('x')"),
    ("client.py", "models = LazyModule(", "models = exec("),
    ("client.py", '"_runtime.edm")', '"_runtime.other")'),
    ("client.py", "# pyright: reportReturnType=false", "# pyright: basic"),
    ("operations.py", "operations_of(", "exec("),
    ("operations.py", "OPERATIONS: tuple", "import os\nOPERATIONS: tuple"),
    ("options.py", "class EntityOptions(Options, total=False)", "class EntityOptions(exec('x'))"),
    ("__init__.py", "raise AttributeError(", "raise exec("),
    ("__init__.py", "__version__ = ", "x = "),
]


@pytest.mark.parametrize(("path", "old", "new"), INTRUDERS)
def test_an_intruder_is_found(path: str, old: str, new: str, files: Mapping[str, str]) -> None:
    text = files[f"{PACKAGE}/{path}"]
    assert old in text
    assert module_findings(path, text) == []
    assert module_findings(path, text.replace(old, new, 1)) != []


@pytest.mark.parametrize(
    "path", ["graph_comms/models/../x.py", "graph_comms/x.py", "../x.py", "graph_comms/models/É.py"]
)
def test_a_file_that_is_none_of_the_package_is_found(path: str) -> None:
    assert findings({path: ""}, PACKAGE) != []


def test_a_runtime_that_was_changed_is_found(files: Mapping[str, str]) -> None:
    path = f"{PACKAGE}/_runtime/session.py"
    assert findings({path: files[path] + "x = 1\n"}, PACKAGE) != []
