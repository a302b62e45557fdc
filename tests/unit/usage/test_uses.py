"""What an application uses of a package: found whatever way it takes to it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.diff.change.changes import End
from graph_codegen.diff.usage import Concern, Usage, find_concerns
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges
from graph_codegen.errors import CodegenError, Place
from graph_codegen.facts.settings import load, with_package
from graph_codegen.usage import files
from graph_codegen.usage.files import File, read_application
from graph_codegen.usage.offered import Offered, offered_by
from graph_codegen.usage.resolve import find_uses
from tests.support.csdl import model

SERVICE = """
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="cloudCommunications">
  <NavigationProperty Name="calls" Type="Collection(graph.call)" ContainsTarget="true"/>
  <NavigationProperty Name="meetings" Type="Collection(graph.meeting)" ContainsTarget="true"/>
</EntityType>
<ComplexType Name="info"><Property Name="region" Type="Edm.String"/></ComplexType>
<ComplexType Name="groupInfo" BaseType="graph.info"><Property Name="size" Type="Edm.Int32"/></ComplexType>
<EntityType Name="call" BaseType="graph.entity">
  <Property Name="state" Type="graph.callState"/>
  <Property Name="callbackUri" Type="Edm.String"/>
  <Property Name="info" Type="graph.info"/>
</EntityType>
<EntityType Name="meeting" BaseType="graph.entity">
  <Property Name="subject" Type="Edm.String"/>
  <Property Name="state" Type="Edm.String"/>
</EntityType>
<EnumType Name="callState"><Member Name="established"/><Member Name="ended"/></EnumType>
<Action Name="mute" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.call"/>
  <Parameter Name="clientContext" Type="Edm.String"/>
</Action>
<EntityContainer Name="GraphService">
  <Singleton Name="communications" Type="graph.cloudCommunications"/>
</EntityContainer>
"""


@cache
def offered() -> Offered:
    return offered_by(model(SERVICE), with_package(load(), "pkg"))


def written(*texts: str) -> tuple[File, ...]:
    return tuple(
        File(f"m{number}.py", (f"m{number}",), text, ast.parse(text))
        for number, text in enumerate(texts)
    )


def removed(kind: str, element: str, *methods: str) -> Finding:
    """The finding that an element is gone."""
    rule = {"Property": "property-removed", "Member": "member-removed"}.get(kind, "type-removed")
    changes = MethodChanges(removed=methods, effect=Effect.BOTH) if methods else UNCHANGED
    element = f"microsoft.graph.{element}"
    end = End(element, Place("old.xml", 1), element)
    return Finding(
        rule=RULES[rule], kind=kind, old=end, new=None, effect=Effect.BOTH, methods=changes
    )


MUTE = removed("Action", "mute(graph.call)", "calls.mute")
CREATE = removed("Other", "other", "meetings.create")
STATE = removed("Property", "call/state")
URI = removed("Property", "call/callbackUri")
SUBJECT = removed("Property", "meeting/subject")
REGION = removed("Property", "info/region")
SIZE = removed("Property", "groupInfo/size")
ENDED = removed("Member", "callState/ended")
CALL = removed("EntityType", "call")
MEETING = removed("EntityType", "meeting")
ALL = (MUTE, CREATE, STATE, URI, SUBJECT, REGION, SIZE, ENDED, CALL, MEETING)


def concerns(*texts: str) -> Mapping[Finding, Concern]:
    return find_concerns(ALL, offered(), find_uses(written(*texts), offered()))


def lines(usage: Usage, *texts: str) -> Mapping[str, Sequence[int]]:
    """The lines of all findings with a usage, by their elements or methods."""
    return {
        f.element.rpartition(".")[2] if not f.methods.removed else f.methods.removed[0]: [
            place.line for place in concern.uses
        ]
        for f, concern in concerns(*texts).items()
        if concern.usage is usage
    }


HEAD = "from pkg import CommunicationsClient\nclient = CommunicationsClient('t')\n"


@pytest.mark.parametrize(
    ("text", "used"),
    [
        (HEAD + "client.calls.mute('1')", {"calls.mute": [3], "call": [3]}),
        (HEAD + "calls = client.calls\ncalls.mute('1')", {"calls.mute": [4], "call": [4]}),
        (HEAD + "client.calls.mute.with_response('1')", {"calls.mute": [3], "call": [3]}),
        (HEAD + "for call in client.calls.list():\n    call.state", {"call/state": [4], "call": [3, 4]}),
        (HEAD + "one = client.calls.get('1')\none.info.region", {"call": [3, 4], "info/region": [4]}),
        (HEAD + "with client as c:\n    c.meetings.create(x)", {"meetings.create": [4], "meeting": [4]}),
        ("import pkg\npkg.CommunicationsClient('t').calls.mute('1')", {"calls.mute": [2], "call": [2]}),
        ("import pkg.models as m\nm.Call(callback_uri='')", {"call": [2], "call/callbackUri": [2]}),
        ("import app._vendor.pkg.models\napp._vendor.pkg.models.Call", {"call": [2]}),
        ("from ._vendor.pkg.models import Call", {"call": [1]}),
        ("from app._vendor import pkg\npkg.models.Call", {"call": [2]}),
        ("from pkg.models import *\nMeeting(subject='')", {"meeting": [2], "meeting/subject": [2]}),
        ("from pkg.models import CallState as S\nS.ENDED", {"callState/ended": [2]}),
        ("from pkg.models.graph import Info\nInfo(region='')", {"info/region": [2]}),
        (
            "from pkg.models import Call\ndef f(call: 'Call | None') -> None:\n    call.state",
            {"call": [1, 3], "call/state": [3]},
        ),
        (
            "from pkg import models\nasync def f(all: list[models.Call]):\n    return [c.state for c in all]",
            {"call": [2, 3], "call/state": [3]},
        ),
        (
            "from pkg.models import Call\nmatch x:\n    case Call(state=s):\n        s",
            {"call": [1, 3], "call/state": [3]},
        ),
        # What only a derived type has is read after its type was looked at.
        (HEAD + "client.calls.get('1').info.size", {"call": [3], "groupInfo/size": [3]}),
        (
            "from pkg.client import AsyncCalls\nasync def f(c: AsyncCalls) -> None:\n    await c.mute('1')",
            {"calls.mute": [3], "call": [3]},
        ),
        (
            HEAD + "class A:\n    def __init__(self):\n        self.c = client\n"
            "    def f(self):\n        self.c.calls.mute('1')",
            {"calls.mute": [7], "call": [7]},
        ),
    ],
)  # fmt: skip
def test_uses_are_found_with_their_lines(text: str, used: Mapping[str, Sequence[int]]) -> None:
    assert lines(Usage.USED, text) == used


def test_uses_are_found_from_one_module_to_the_other() -> None:
    first = "from pkg import CommunicationsClient\ndef connect():\n    return CommunicationsClient('t')\n"
    second = "from .m0 import connect\nconnect().calls.mute('1')"
    assert "calls.mute" in lines(Usage.USED, first, second)
    assert "calls.mute" in lines(
        Usage.USED, first, "import app.m0\napp.m0.connect().calls.mute('1')"
    )


@pytest.mark.parametrize(
    ("text", "perhaps"),
    [
        ("def f(call):\n    call.callback_uri", {"call/callbackUri": [2], "call": [2]}),
        ("def f(calls):\n    calls.mute('1')", {"calls.mute": [2]}),
        ("getattr(x, 'mute')", {"calls.mute": [1]}),
        ("x.list(filter=\"callbackUri eq ''\")", {"call/callbackUri": [1]}),
        ("from lib import Call", {"call": [1]}),
        ("f('/communications/calls/1/mute')", {"calls.mute": [1]}),
        (
            "import lib\nfrom pkg.models import Call\nT = Call if lib else lib.T\n"
            "def f(x: T):\n    x.subject",
            {"meeting/subject": [5], "meeting": [5]},
        ),
        # By another resource it cannot be, and by something else it can.
        ("def f(x):\n    x.meetings.mute()", {}),
        ("def f(x):\n    x.things.mute()", {"calls.mute": [2]}),
        # Nothing of the package: a docstring, a text, the standard library.
        ('"""A subject."""\nimport os\nos.subject\n" ".title', {}),
        (HEAD + "client.meetings.get('1').state", {}),
    ],
)
def test_what_is_not_resolved_is_perhaps(text: str, perhaps: Mapping[str, Sequence[int]]) -> None:
    assert lines(Usage.PERHAPS, text) == perhaps


def test_what_is_only_new_is_never_perhaps_used() -> None:
    end = End("microsoft.graph.call/title", Place("new.xml", 1), "microsoft.graph.call/title")
    new = Finding(
        rule=RULES["property-added"], kind="Property", old=None, new=end, effect=Effect.ADDITIVE,
        python="Call.title",
    )  # fmt: skip
    uses = find_uses(written("def f(x):\n    x.title"), offered())
    assert find_concerns([new], offered(), uses)[new].usage is Usage.UNUSED


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("def f(client):\n    client.calls.get('1').state", Usage.PERHAPS),
        ("def f(client):\n    client.calls.get('1').info", Usage.UNUSED),
        (HEAD + "client.calls.get('1').state", Usage.USED),
    ],
)
def test_a_new_member_concerns_who_reads_values_of_its_type(text: str, usage: Usage) -> None:
    end = End(
        "microsoft.graph.callState/held", Place("new.xml", 1), "microsoft.graph.callState/held"
    )
    new = Finding(
        rule=RULES["member-added"], kind="Member", old=None, new=end, effect=Effect.ADDITIVE,
        python="CallState.HELD",
    )  # fmt: skip
    uses = find_uses(written(text), offered())
    assert find_concerns([new], offered(), uses)[new].usage is usage


@pytest.mark.parametrize(
    ("text", "renames", "usage"),
    [
        ("post('/subscriptions', {'resource': 'communications'})", False, Usage.PERHAPS),
        ("post('/communications/calls')", False, Usage.PERHAPS),
        (HEAD + "post('/subscriptions')", False, Usage.UNUSED),
        (HEAD + "post('/subscriptions')", True, Usage.USED),
    ],
)
def test_an_entry_point_that_goes_concerns_paths_and_who_names_a_renamed_client(
    text: str, renames: bool, usage: Usage
) -> None:
    name = "microsoft.graph.GraphService/communications"
    gone = Finding(
        rule=RULES["entity-source-removed"], kind="Singleton", old=End(name, Place("old.xml", 1), name),
        new=None, effect=Effect.BOTH, renames_client=renames,
    )  # fmt: skip
    uses = find_uses(written(text), offered())
    assert find_concerns([gone], offered(), uses)[gone].usage is usage


def test_a_parameter_that_is_new_concerns_who_perhaps_calls_the_method() -> None:
    end = End(
        "microsoft.graph.mute(graph.call)/x",
        Place("new.xml", 1),
        "microsoft.graph.mute(microsoft.graph.call)",
    )
    new = Finding(
        rule=RULES["required-parameter-added"], kind="Parameter", old=None, new=end, effect=Effect.BOTH
    )  # fmt: skip
    uses = find_uses(written("def f(x):\n    x.calls.mute('1')"), offered())
    assert find_concerns([new], offered(), uses)[new].usage is Usage.PERHAPS


def kit_user(text: str) -> Usage:
    """Whether a program uses an action that the bot kit calls, and nothing that it names itself."""
    answer = SERVICE.replace('"mute"', '"answer"')
    offers = offered_by(model(answer), load())
    gone = removed("Action", "answer(graph.call)", "calls.answer")
    return find_concerns([gone], offers, find_uses(written(text), offers))[gone].usage


@pytest.mark.parametrize(
    "text",
    [
        "from app._vendor.graph_comms import bot",
        "import importlib\nimportlib.import_module('graph_comms.bot')",
    ],
)
def test_who_imports_the_bot_kit_uses_what_it_uses(text: str) -> None:
    assert kit_user(text) is Usage.USED
    assert kit_user(text.replace("bot", "client")) is Usage.UNUSED


# -- whatever way the code takes


class Recorder:
    """Stands for a client: it notes which attributes are read one after the other."""

    def __init__(self, log: list[str], path: tuple[str, ...] = ()) -> None:
        self._log = log
        self._path = path

    def __getattr__(self, name: str) -> Recorder:
        self._log.append(".".join((*self._path, name)))
        return Recorder(self._log, (*self._path, name))

    def __call__(self, *arguments: object, **named: object) -> Recorder:
        return Recorder(self._log, RESULTS.get(self._path, self._path))

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *details: object) -> None:
        pass


RESULTS: dict[tuple[str, ...], tuple[str, ...]] = {("calls", "get"): ("call",)}
"""What methods return."""

STEPS = (
    "calls.mute",
    "meetings.create",
    "calls.get.().state",
    "calls.get.().info.region",
    "calls.get.().callback_uri",
)
"""What programs read one after the other, `()` for a call."""

READ = {
    "calls.mute": MUTE,
    "meetings.create": CREATE,
    "call.state": STATE,
    "call.callback_uri": URI,
    "call.info.region": REGION,
}
"""The findings on what a program has read."""


WAYS: Sequence[str] = (
    "v# = $ -> v#",
    "v#: object = $ -> v#",
    "v#, w# = $, 1 -> v#",
    "[v#, *w#] = [$] -> v#",
    "for v# in [$]: pass -> v#",
    "v# = [x for x in [$]][0] -> v#",
    "v# = {'k': $} -> v#['k']",
    "v# = {}; v#['k'] = $ -> v#['k']",
    "v# = [1]; v#.append($) -> v#[1]",
    "v# = (w# := $) -> w#",
    "v# = $ if v else None -> v#",
    "v# = $ or None -> v#",
    "v# = (lambda x: x)($) -> v#",
    "v# = (lambda x=$: x)() -> v#",
    "v# = next(iter([$])) -> v#",
    "with $ as v#: pass -> v#",
    "def f#(x): return x\nv# = f#($) -> v#",
    "def f#(x): return lambda: x\nv# = f#($) -> v#()",
    "def f#(): yield $\nv# = next(f#()) -> v#",
    "v# = None\ndef f#():\n    global v#\n    v# = $\nf#() -> v#",
    "def f#():\n    v = 0\n    def g():\n        nonlocal v; v = $\n    g(); return v\nv# = f#() -> v#",
    "class A#: c = $ -> A#.c",
    "class A#:\n    def __init__(self, c): self.c# = c\nv# = A#($) -> v#.c#",
    "class A#:\n    def __init__(self, c): self.meetings = c\nv# = A#($) -> v#.meetings",
    "class A#:\n    @property\n    def meetings(self): return $\nv# = A#() -> v#.meetings",
    "class A#: pass\nv# = A#(); v#.meetings = $ -> v#.meetings",
    "class A#: pass\nv# = A#(); setattr(v#, 'meetings', $) -> v#.meetings",
    "class A#: pass\nv# = A#(); v#.__dict__['meetings'] = $ -> v#.meetings",
    "v# = types.SimpleNamespace(meetings=$) -> v#.meetings",
    "v# = types.SimpleNamespace(**{'meetings': $}) -> v#.meetings",
    "match $:\n    case v#: pass -> v#",
    "try: raise KeyError($)\nexcept KeyError as e: v# = e.args[0] -> v#",
    "v# = functools.partial(lambda x: x, $)() -> v#",
)
"""Statements that lead a value `$` on, and the expression for what comes out; `#` is a number."""


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program that leads the client on, from attribute to attribute."""
    statements: list[str] = ["import functools, types", "v = True"]
    expression = "client"
    number = 0
    for name in ("", *draw(st.sampled_from(STEPS)).split(".")):
        if name == "()":
            expression = f"{expression}('1')"
        elif name:
            by_text = draw(st.booleans())
            expression = f"getattr({expression}, '{name}')" if by_text else f"{expression}.{name}"
        for way in draw(st.lists(st.sampled_from(WAYS), max_size=2)):
            number += 1
            before, _, after = (
                way.replace("#", str(number)).replace("$", expression).partition(" -> ")
            )
            statements.append(before)
            expression = after
    return "\n".join([*statements, expression])


@given(programs())
def test_no_use_is_lost_whatever_way_the_code_takes(program: str) -> None:
    log: list[str] = []
    space: dict[str, Any] = {"client": Recorder(log)}
    exec(compile(program, "program", "exec"), space)
    head = "from pkg import CommunicationsClient\nclient = CommunicationsClient('t')\n"

    found = concerns(head + program)

    used = [finding for path, finding in READ.items() if path in log]
    assert used
    lost = [finding.element for finding in used if found[finding].usage is Usage.UNUSED]
    assert lost == []


# -- files


def test_files_that_are_not_python_are_perhaps_users(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'x'\nclient.calls.mute(callback_uri)\n")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\ncall.region\n")
    (tmp_path / "null.py").write_bytes(b"x = 1\0\n")
    (tmp_path / "deep.py").write_text("(" * 5_000)

    found, told = read_application([tmp_path])

    uses = find_uses(found, offered())
    result = find_concerns(ALL, offered(), uses)
    assert {f for f, c in result.items() if c.usage is Usage.PERHAPS} >= {MUTE, URI, REGION}
    assert len(told) == 4
    assert all(str(each).count("\n") == 0 and "perhaps used" in str(each) for each in told)


def test_how_an_application_is_written_is_no_warning(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('x = "\\d"\nx is 1\n')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, told = read_application([tmp_path])
    assert found[0].tree is not None
    assert told == ()


def test_a_large_file_is_read_as_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PARSED", 10)
    (tmp_path / "large.py").write_text("x = 1  # y\ncall.region\n")
    found, (told,) = read_application([tmp_path])
    assert found[0].tree is None
    assert "more than" in str(told)


def test_what_is_deep_is_read_without_recursion() -> None:
    chain = "x" + "".join(".a" for _ in range(150)) + ".region"
    many = "\n".join(f"x{n} = x{n - 1}" for n in range(5_000, 0, -1))
    assert "info/region" in lines(Usage.PERHAPS, f"{chain}\n{many}\nx5000.region")
    nested = "f(" * 90 + "x" + ").g" * 90 + ".region"
    assert "info/region" in lines(Usage.PERHAPS, nested)
    annotated = f"x: {' | '.join(['int'] * 2_000)}\nx.region"
    assert "info/region" in lines(Usage.PERHAPS, annotated)
    passed = "\n".join(f"def f{n}(x): return f{n + 1}(x)" for n in range(500))
    assert "info/region" in lines(Usage.PERHAPS, f"{passed}\nf0(1).region")


def test_what_leads_to_itself_ends() -> None:
    circles = (
        "from .m1 import *\nfrom .m1 import x\nx.region\ny.region\nself.a = self.a.a",
        "from .m0 import *\nfrom .m0 import x\nx = x",
    )
    assert lines(Usage.PERHAPS, *circles)["info/region"] == [3, 4]


def test_many_of_one_name_take_no_time_each() -> None:
    many = "\n".join(f"self.x = self.x or g{n}\nx = x.x\nself.x.region" for n in range(1_000))
    began = process_time()
    assert "info/region" in lines(Usage.PERHAPS, many)
    assert process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"x = x.a{n}" for n in range(15_000)),
        f"x = '{'.a' * 150_000}'",
        "\n".join("N = (N, N, 'a')\nself.N = (N, self.N)\ngetattr(z, self.N)" for _ in range(400)),
    ],
    ids=["assignments", "text", "names"],
)
def test_what_is_long_takes_no_time_for_each_other_part(text: str) -> None:
    began = process_time()
    assert "info/region" in lines(Usage.PERHAPS, f"{text}\nx.region")
    assert process_time() - began < 5


def test_the_package_itself_and_what_is_installed_are_no_use(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    for name, text in (
        ("_vendor/pkg/client.py", "# Generated by graph-codegen; do not edit.\nx.region\n"),
        (".venv/pyvenv.cfg", ""),
        (".venv/lib/thing.py", "x.region\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found, told = read_application([tmp_path])
    assert [Path(each.file).name for each in found] == ["app.py"]
    assert told == ()


def test_links_to_folders_are_told_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text("x = 1\n")
    (tmp_path / "app" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "app" / "gone.py").symlink_to(tmp_path / "nowhere")
    found, (told,) = read_application([tmp_path / "app", tmp_path / "app" / "a.py"])
    assert len(found) == 1
    assert "is a link to a folder" in str(told)


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_an_application_that_cannot_be_read_is_one_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    with pytest.raises(CodegenError, match=r"no such file|no Python file") as refused:
        read_application([path])
    assert len(refused.value.diagnostics) == 1


def test_an_application_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(files, "BYTES", 3)
    with pytest.raises(CodegenError, match="more than"):
        read_application([tmp_path])
