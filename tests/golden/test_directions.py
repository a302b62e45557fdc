"""Each kind of type change in each position, judged by programs for the old package: do they break?

mypy checks the programs with both packages, and they run with both. What is received is read by attribute and
used as what it was; what is sent is built as the old package allowed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, permutations, product
from pathlib import Path
from typing import Literal

import pytest

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Level
from graph_codegen.diff.verdict.rules import RULES
from graph_codegen.emit.package import build, facts
from graph_codegen.facts.settings import Settings
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.csdl import FILE, document

Position = Literal["read", "sent", "both", "parameter", "result", "resource", "root"]
SIDES = ("old", "new")


@dataclass(frozen=True)
class Kind:
    """A type: its annotation in a program, how a program builds a value and uses one, and a value as JSON."""

    name: str
    python: str
    built: str
    used: str
    json: str


KINDS = (
    Kind("Edm.Int32", "int", "3", "value.bit_length()", "3"),
    Kind("Edm.Double", "float", "0.5", "value / 2", "0.5"),
    Kind("Edm.String", "str", "'x'", "value.lower()", '"x"'),
    Kind("Edm.Guid", "UUID", "UUID(int=1)", "value.hex", '"00000000-0000-0000-0000-000000000001"'),
    Kind("Edm.Untyped", "Any", "{'a': 'x'}", "repr(value)", '{"a": "x"}'),
    Kind("graph.state", "m.State", "m.State.OPEN", "value.is_unknown", '"open"'),
    Kind("graph.Json", "m.Json", "m.Json()", "value.undeclared", "{}"),
    Kind("graph.base", "m.Base", "m.Base(a='x')", "value.a", '{"a": "x"}'),
    Kind("graph.derived", "m.Derived", "m.Derived(a='x', b='y')", "value.b", '{"b": "y"}'),
)

ENTITIES = (
    Kind("graph.call", "m.Call", "m.Call(a='x')", "value.a", '{"a": "x"}'),
    Kind("graph.video", "m.Video", "m.Video(a='x', b='y')", "value.b", '{"b": "y"}'),
    Kind("graph.group", "m.Group", "m.Group(c='z')", "value.c", '{"c": "z"}'),
)

DECLARED = """
<EnumType Name="state"><Member Name="open" Value="0"/></EnumType>
<ComplexType Name="Json" OpenType="true"/>
<ComplexType Name="base"><Property Name="a" Type="Edm.String"/></ComplexType>
<ComplexType Name="derived" BaseType="graph.base"><Property Name="b" Type="Edm.String"/></ComplexType>
<ComplexType Name="kept">{kept}</ComplexType>
<EntityType Name="thing"/>
<EntityType Name="other"/>
<EntityType Name="call">{key}<Property Name="a" Type="Edm.String"/></EntityType>
<EntityType Name="video" BaseType="graph.call"><Property Name="b" Type="Edm.String"/></EntityType>
<EntityType Name="group">{key}<Property Name="c" Type="Edm.String"/></EntityType>
{changed}
<EntityContainer Name="Service"><Singleton Name="thing" Type="graph.thing"/>
  <Singleton Name="other" Type="graph.other"/>{roots}</EntityContainer>
"""

KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>'


def forbid(term: str, flag: str) -> str:
    record = f'<Record><PropertyValue Property="{flag}" Bool="false"/></Record>'
    return f'<Annotation Term="Org.OData.Capabilities.V1.{term}">{record}</Annotation>'


UNSENT = forbid("InsertRestrictions", "Insertable") + forbid("UpdateRestrictions", "Updatable")
UNREAD = forbid("ReadRestrictions", "Readable")


@dataclass(frozen=True)
class Case:
    """A change of a type in a position; `number` makes its names unique.

    A resource is what a navigation property leads to, a root an entity set or a singleton; what is
    `sent` to them is received, too.
    """

    number: int
    position: Position
    old: Kind
    new: Kind
    collection: bool
    sent: bool = True

    def type(self, kind: Kind) -> str:
        return f"Collection({kind.name})" if self.collection else kind.name

    def csdl(self, kind: Kind) -> str:
        held, own = f"held{self.number}", self.type(kind)
        parameter = result = own
        declared = ""
        if self.position in ("resource", "root"):
            return self.navigation(own) if self.position == "resource" else ""
        if self.position not in ("parameter", "result"):
            word = "NavigationProperty" if kind in ENTITIES else "Property"
            declared = f'<EntityType Name="{held}"><{word} Name="p" Type="{own}"/></EntityType>'
            parameter = result = f"graph.{held}"
        if self.position in ("sent", "both", "parameter"):
            declared += f"""<Action Name="send{self.number}" IsBound="true">
              <Parameter Name="it" Type="graph.thing"/><Parameter Name="v" Type="{parameter}"/></Action>"""
        if self.position in ("read", "both", "result"):
            declared += f"""<Function Name="give{self.number}" IsBound="true">
              <Parameter Name="it" Type="graph.thing"/><ReturnType Type="{result}"/></Function>"""
        return declared

    def navigation(self, own: str) -> str:
        notes = "" if self.sent else UNSENT
        return f"""<EntityType Name="held{self.number}"><NavigationProperty Name="p" Type="{own}"
          ContainsTarget="true">{notes}</NavigationProperty></EntityType>"""

    def root(self, kind: Kind) -> str:
        """Return the entity set or singleton that the case needs."""
        name, notes = f"root{self.number}", "" if self.sent else UNSENT
        if self.position == "resource":  # of which only what is below is read and sent
            own = f'Type="graph.held{self.number}"'
            return f'<Singleton Name="{name}" {own}>{UNREAD}{UNSENT}</Singleton>'
        if self.position != "root":
            return ""
        if self.collection:
            return f'<EntitySet Name="{name}" EntityType="{kind.name}">{notes}</EntitySet>'
        return f'<Singleton Name="{name}" Type="{kind.name}">{notes}</Singleton>'

    def requests(self) -> Iterator[str]:
        """Yield the lines of a program that reads, and sends to, a resource."""
        at = f"answering({self.number}).root{self.number}{'.p' * (self.position == 'resource')}"
        yield f"    take{self.number}({at}.{'list' if self.collection else 'get'}())"
        if self.sent and self.collection:
            yield f"    {at}.create({self.old.built})"
            yield f"    {at}.update('1', {self.old.built})"
        elif self.sent:
            yield f"    {at}.update({self.old.built})"

    def program(self) -> Iterator[str]:
        """Yield the lines of a program for the old package."""
        built = f"[{self.old.built}]" if self.collection else self.old.built
        python = f"Iterable[{self.old.python}]" if self.collection else self.old.python
        use = f"[{self.old.used} for value in values]" if self.collection else self.old.used
        name = "values" if self.collection else "value"
        yield f"def take{self.number}({name}: {python} | None) -> None:"
        yield f"    assert {name} is not None; {use}"
        yield f"def case{self.number}() -> None:"
        if self.position in ("resource", "root"):
            yield from self.requests()
        if self.position in ("read", "both", "result"):
            end = "" if self.position == "result" else ".p"
            yield f"    take{self.number}(answering({self.number}).thing.give{self.number}(){end})"
        if self.position in ("sent", "both", "parameter"):
            sent = built if self.position == "parameter" else f"m.Held{self.number}(p={built})"
            yield f"    answering({self.number}).thing.send{self.number}(v={sent})"

    def answer(self, kind: Kind) -> str:
        held = f"[{kind.json}]" if self.collection else kind.json
        if self.position in ("resource", "root"):
            return f'{{"value": {held}}}' if self.collection else kind.json
        if self.position != "result":
            return f'{{"p": {held}}}'
        whole = not self.collection and kind.json.startswith("{") and kind.name != "Edm.Untyped"
        return held if whole else f'{{"value": {held}}}'


POSITIONS: tuple[Position, ...] = ("read", "sent", "both", "parameter", "result")
VALUES = product(POSITIONS, permutations(KINDS, 2), (False, True), (True,))
PLACES: tuple[Position, ...] = ("resource", "root")
NAVIGATION = product(POSITIONS[:3], permutations(ENTITIES, 2), (False, True), (True,))
RESOURCES = product(PLACES, permutations(ENTITIES, 2), (False, True), (False, True))
CASES = tuple(
    Case(number, position, old, new, collection, sent)
    for number, (position, (old, new), collection, sent) in enumerate(
        chain(VALUES, NAVIGATION, RESOURCES)
    )
)


def csdl(which: str) -> bytes:
    kept = "".join(f'<Property Name="k{n}" Type="{kind.name}"/>' for n, kind in enumerate(KINDS))
    sides = [(c, c.old if which == "old" else c.new) for c in CASES]
    changed, roots = ("".join(way(c, kind) for c, kind in sides) for way in (Case.csdl, Case.root))
    return document(DECLARED.format(kept=kept, changed=changed, roots=roots, key=KEY))


HEAD = """
from collections.abc import Iterable
from typing import Any
from uuid import UUID
import httpx
import answers
from pk import GraphClient
from pk import models as m

def answering(number: int) -> GraphClient:
    body = answers.ALL[number]
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=body))
    return GraphClient("token", transport=transport)
"""

RUN = f"""
import use
for number in range({len(CASES)}):
    try:
        getattr(use, f"case{{number}}")()
    except Exception as error:
        print(number, type(error).__name__, str(error)[:200].replace(chr(10), " "))
"""


def broken(target: Path, which: str) -> Mapping[int, str]:
    """Return what is wrong with the programs, with the package of one side."""
    root = target / which
    known = facts(folder("metadata"))
    settings = Settings(roots=(ALL,), document=Path(FILE), package="pk", version="1.0")
    model = take(resolve(reader.read(csdl(which), FILE)), (ALL,)).model
    for path, text in build(model, settings, known).files.items():
        if path.endswith((".py", "py.typed")):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    bodies = {c.number: c.answer(c.old if which == "old" else c.new) for c in CASES}
    (root / "answers.py").write_text(f"ALL: dict[int, str] = {bodies!r}\n")
    lines: list[str] = [*HEAD.splitlines()]
    owners: dict[int, int] = {}
    for case in CASES:
        for line in case.program():
            lines.append(line)
            owners[len(lines)] = case.number
    (root / "use.py").write_text("\n".join(lines) + "\n")
    mypy = ["mypy", "--strict", "--no-error-summary", "--cache-dir=/dev/null", "use.py"]
    checked, ran = (
        subprocess.run(
            [sys.executable, *command], cwd=root, capture_output=True, text=True, timeout=300
        )
        for command in (["-m", *mypy], ["-c", RUN])
    )
    assert not ran.returncode, ran.stderr
    found: dict[int, str] = {}
    for line, text in re.findall(r"^use\.py:(\d+): error: (.*)$", checked.stdout, re.MULTILINE):
        found[owners[int(line)]] = text
    for number, text in re.findall(r"^(\d+) (.*)$", ran.stdout, re.MULTILINE):
        found.setdefault(int(number), text)
    assert "pk/" not in checked.stdout, checked.stdout
    return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[int, str]]:
    target = tmp_path_factory.mktemp("directions")
    return {which: broken(target, which) for which in SIDES}


def side(which: str) -> Side:
    read = reader.read(csdl(which), FILE)
    model = resolve(read)
    return Side(read, model, take(model, (ALL,)))


@pytest.fixture(scope="module")
def levels() -> Mapping[int, Level]:
    """The levels of the findings by the number in their element."""
    findings = compare(side("old"), side("new")).findings
    assert {RULES[f.rule.id].directed for f in findings} == {True}
    return {int(found[0]): f.level for f in findings if (found := re.findall(r"\d+", f.element))}


def test_all_programs_are_right_with_the_old_package(
    judged: Mapping[str, Mapping[int, str]],
) -> None:
    assert judged["old"] == {}


def test_a_change_of_a_type_breaks_where_a_program_does(
    judged: Mapping[str, Mapping[int, str]], levels: Mapping[int, Level]
) -> None:
    wrong = [
        f"{case.position} {case.sent} {case.type(case.old)} → {case.type(case.new)}: {levels[case.number]},"
        f" {judged['new'].get(case.number, 'works')}"
        for case in CASES
        if (levels[case.number] is Level.BREAKING) != (case.number in judged["new"])
    ]
    assert not wrong, "\n".join(wrong)
