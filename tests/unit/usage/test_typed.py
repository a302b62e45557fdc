"""The types that mypy tells of an application, which make of a perhaps what is used, or not."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.diff.usage import Usage, find_concerns
from graph_codegen.errors import CodegenError
from graph_codegen.usage import typed
from graph_codegen.usage.files import File, read_application
from graph_codegen.usage.resolve import find_uses
from graph_codegen.usage.typed import Answers, ask_mypy, class_names, find_mypy, position, reveal
from tests.unit.usage.test_uses import ENDED, MUTE, STATE, SUBJECT, URI, offered, written

# -- what is asked


def parsed(text: str) -> File:
    return File("m.py", ("m",), text, ast.parse(text))


def asked_of(file: File) -> Sequence[ast.expr]:
    """Whatever an attribute is read of."""
    assert file.tree
    return [node.value for node in ast.walk(file.tree) if isinstance(node, ast.Attribute)]


class Unrevealed(ast.NodeTransformer):
    """Takes what reveals away again."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        match node.value:
            case ast.Call(func=ast.Name(id="reveal_type"), args=[ast.Tuple(elts=[inside, _])]):
                return inside
            case _:
                return node


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        ("a.b.c", "{{a 1}.b 0}.c"),
        ("a.b(c.d)", "{a 0}.b({c 1}.d)"),
        ("f'{a.b}'", None),  # as far as the syntax tree says where it is
        ("def f(x: a.b) -> c.d: ...", "def f(x: a.b) -> c.d: ..."),
        ("class A(b.c): ...", "class A(b.c): ..."),
        ("T = a.b | None", "T = a.b | None"),
        ("x: a.b = c.d", "x: a.b = {c 0}.d"),
        ("x = cast(a.b, c)", "x = cast(a.b, c)"),
        ("match x:\n    case a.b(): pass", "match x:\n    case a.b(): pass"),
        ("@x.setter\ndef f(): ...", "@x.setter\ndef f(): ..."),
        ("super().a", "super().a"),
        ("if a: self.b = 1", "if a: self.b = 1;reveal_type(((self), 0))"),
        ("(a\n .b)", "({a 0}\n .b)"),
        ("'é', a.b", "'é', {a 0}.b"),
        ("(a\n .b).c", "({a 0}\n .b).c"),
        ("(yield a).b", "({yield a 0}).b"),
        ("a.b\r\n'x'\r\n", "{a 0}.b\r\n'x'\r\n"),
        ("del a.b", "del {a 0}.b"),
    ],
)
def test_expressions_are_revealed_where_they_may_be(text: str, copy: str | None) -> None:
    file = parsed(text)
    found, _ = reveal(file, asked_of(file), 0)
    assert ast.dump(Unrevealed().visit(ast.parse(found))) == ast.dump(
        file.tree or ast.parse("")
    ) or ("self" in text)
    if copy is not None:
        copy = re.sub(r" (\d)\}", r"), \1))[0]", copy.replace("{", "reveal_type((("))
        assert found.decode() == copy


NAMES = st.sampled_from(["a", "b", "self", "c.d", "f(x.y)", "(a)", "[a.b][0]", "{'é': a.b}['k'].c"])


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_a_copy_is_the_same_program(pairs: Sequence[tuple[str, str]]) -> None:
    text = "\n".join(f"{one}.x + {other}.y.z" for one, other in pairs)
    file = parsed(text)
    copy, found = reveal(file, asked_of(file), 7)
    assert {*map(id, found)} == {*map(id, asked_of(file))}
    assert ast.dump(Unrevealed().visit(ast.parse(copy))) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("app.m.Foo", {"app.m.Foo"}),
        ("app.m.Foo | None", {"app.m.Foo"}),
        (
            "Union[app.m.Foo, builtins.dict[builtins.str, Any], None]",
            {"app.m.Foo", "builtins.dict"},
        ),
        ("dict[str, app.m.Foo | Any]", {"dict"}),
        ("type[app.m.Foo]", {"app.m.Foo"}),
        ("builtins.str?", {"builtins.str"}),
        # Nobody knows.
        ("Any", {"Any"}),
        ("lib.Proxy[app.m.Foo]", {"Any"}),
        ("def (x: app.m.Foo) -> str", {"Any"}),
        ("Literal['a | b'] | str", {"Any", "str"}),
        ("tuple[int, fallback=app.m.T]", {"tuple"}),
        ("TypedDict('app.m.D', {'x': str})", {"Any"}),
        ("app.m.Foo@12", {"Any"}),
        ("", {"Any"}),
        ("[[[", {"Any"}),
    ],
)
def test_types_are_read_as_mypy_spells_them(told: str, names: set[str]) -> None:
    assert class_names(told) == names


@given(st.text(alphabet="ab.[]|, ()'\"Union?None"))
def test_whatever_is_said_is_read(told: str) -> None:
    assert all(name.isascii() for name in class_names(told))


# -- what an answer decides

TOLD = """from __future__ import annotations
import lib
from typing import Protocol
class Own: ...
class Proxy:
    def __getattr__(self, name): ...
class Like(Protocol): ...
class Sub(lib.Base): ...
class Below(Own): ...
def f(x):
    x.callback_uri
"""


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ("app._vendor.pkg.models.graph.Call", Usage.USED),
        ("pkg.models.Call | None", Usage.USED),
        ("pkg.models.graph.Meeting", Usage.PERHAPS),  # which has none: so it is no more than said
        ("m0.Own", Usage.UNUSED),
        ("app.m0.Own | None", Usage.UNUSED),
        ("m0.Below", Usage.UNUSED),
        ("re.Match[str]", Usage.UNUSED),
        ("httpx._models.Response", Usage.UNUSED),
        ("Any", Usage.PERHAPS),
        ("m0.Own | Any", Usage.PERHAPS),
        ("object", Usage.PERHAPS),
        ("None", Usage.PERHAPS),
        ("T", Usage.PERHAPS),
        ("m0.Proxy", Usage.PERHAPS),
        ("m0.Like", Usage.PERHAPS),
        ("m0.Sub", Usage.PERHAPS),
        ("m0.Elsewhere", Usage.PERHAPS),
        ("types.SimpleNamespace", Usage.PERHAPS),
        ("unittest.mock.Mock", Usage.PERHAPS),
        ("lib.Proxy[pkg.models.Call]", Usage.PERHAPS),
        ("pkg._runtime.model.GraphModel", Usage.PERHAPS),
        ("generator.unnamed.Model", Usage.PERHAPS),  # of a folder beside those that were named
    ],
)
def test_only_what_is_known_decides(
    told: str, usage: Usage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "generator").mkdir()
    monkeypatch.chdir(tmp_path)

    def ask(files: Sequence[File], asked: Mapping[str, Sequence[ast.expr]]) -> Answers:
        return {
            position(file, node): frozenset({told})
            for file, nodes in asked.items()
            for node in nodes
        }

    uses = find_uses(written(TOLD), offered(), ask)
    assert find_concerns([URI], offered(), uses)[URI].usage is usage


# -- mypy itself

HEADER = "# Generated by graph-codegen; do not edit.\n"
PACKAGE = {
    "app/__init__.py": "",
    "app/_vendor/__init__.py": "",
    "app/_vendor/pkg/__init__.py": "from .client import CommunicationsClient as CommunicationsClient\n",
    "app/_vendor/pkg/client.py": """
class Calls:
    def mute(self, call_id: str) -> None: ...
class CommunicationsClient:
    calls: Calls
""",
    "app/_vendor/pkg/models/__init__.py": "from .graph import *\n",
    "app/_vendor/pkg/models/graph.py": """
from enum import Enum
class CallState(Enum):
    ENDED = "ended"
class Call:
    state: CallState
    callback_uri: str
class Meeting:
    subject: str
""",
}
APPLICATION = """from __future__ import annotations
from collections import defaultdict
from typing import Any
from ._vendor.pkg import CommunicationsClient
from ._vendor.pkg.models import Call, Meeting
class Config:
    def __init__(self) -> None:
        self.callback_uri = "x"
made = lambda: CommunicationsClient()
def run(held: defaultdict[str, tuple[Call, int]], config: Config, unknown: Any) -> None:
    first, _ = held["x"]
    print(f"{config.callback_uri}", config.callback_uri)
    made().calls.mute("1")
    for one, _ in held.values():
        one.state.ENDED
    unknown.subject
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (PACKAGE | {"app/main.py": APPLICATION}).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + text if "/pkg/" in name else text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def usages(using: bool) -> Mapping[str, Usage]:
    files, _ = read_application([Path("app")])
    uses = find_uses(files, offered(), ask_mypy if using else None)
    findings = (MUTE, STATE, URI, SUBJECT, ENDED)
    found = find_concerns(findings, offered(), uses)
    names = ("mute", "state", "uri", "subject", "ended")
    return {name: found[one].usage for name, one in zip(names, findings, strict=True)}


@pytest.mark.usefixtures("folder")
def test_mypy_decides_what_the_syntax_leaves_open() -> None:
    before = usages(using=False)
    assert {before[name] for name in ("mute", "uri", "subject")} == {Usage.PERHAPS}
    assert usages(using=True) == {
        "mute": Usage.USED,
        "state": Usage.USED,
        "ended": Usage.USED,
        "uri": Usage.UNUSED,
        "subject": Usage.PERHAPS,
    }


def test_nothing_of_the_application_is_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = folder / "ran"
    code = f"open({str(ran)!r}, 'w').close()\n"
    for name in ("plugin", "sitecustomize", "usercustomize", "mypy", "librt"):
        (folder / f"{name}.py").write_text(code)
        (folder / "app" / f"{name}.py").write_text(code)
    settings = "plugins = plugin.py, plugin\npython_executable = ./python\n"
    for name in ("mypy.ini", ".mypy.ini", "app/mypy.ini"):
        (folder / name).write_text(f"[mypy]\n{settings}")
    (folder / "setup.cfg").write_text(f"[mypy]\n{settings}")
    (folder / "pyproject.toml").write_text('[tool.mypy]\nplugins = ["plugin"]\n')
    for name in ("python", "bin/mypy", "mypy"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("MYPY_CONFIG_FILE_DIR", str(folder))
    monkeypatch.setenv("PATH", f".:bin::{Path(sys.executable).parent}")
    (folder / "app" / "x\n--python-executable=python\n.py").write_text(APPLICATION)
    (folder / "app" / "main.py").write_text("# mypy: plugins=plugin.py\n" + APPLICATION)
    files, _ = read_application([Path("app/main.py"), *Path("app").glob("x*")])
    assert len(files) == 2
    find_uses(files, offered(), ask_mypy)
    assert not ran.exists()


def test_without_mypy_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CodegenError, match=r"mypy: is not installed"):
        find_mypy()


def test_an_application_of_which_no_file_is_python_has_no_types(folder: Path) -> None:
    (folder / "app" / "main.py").write_text("print 'old'\n")
    files, _ = read_application([Path("app/main.py")])
    assert [file.tree for file in files] == [None]
    assert ask_mypy(files, {}) == {}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'usage: mypy' >&2; exit 2", "refuses the application: usage: mypy"),
        ("exit 3", "exit code 3"),
        ("sleep 30", "takes more than"),
        ("head -c 100000 /dev/zero", "says more than"),
        ("echo '{\"message\": 1}'; echo []; echo x; exit 0", ""),
    ],
)
def test_whatever_mypy_does_is_bounded(
    script: str, message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("sh") is None:
        pytest.skip("needs a shell")
    program = folder / "fake" / "mypy"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(typed, "SECONDS", 1)
    monkeypatch.setattr(typed, "BYTES", 50_000)
    files, _ = read_application([Path("app")])
    if not message:
        assert ask_mypy(files, {}) == {}
        return
    with pytest.raises(CodegenError, match=message):
        ask_mypy(files, {})
