"""`docs/rules.md` as data: its sections, and from their examples documents, packages and programs.

An example is a diff of CSDL. On its own it makes two small documents, which are compared. All together
make one old and one new document, each example in a namespace of its own and with entity sets and
singletons of its own: so two packages are enough for all programs.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from lxml import etree

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Comparison
from graph_codegen.diff.verdict.rules import RULES, Effect, Policy
from graph_codegen.emit.client import render_client
from graph_codegen.emit.names import assign_names, attribute_name, module_name
from graph_codegen.emit.package import build, facts
from graph_codegen.facts.settings import Settings
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.csdl import FILE, document, schema

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"

SideName = Literal["old", "new"]
SIDES: tuple[SideName, SideName] = ("old", "new")

IN_CONTAINER = frozenset({"EntitySet", "Singleton", "ActionImport", "FunctionImport"})
"""Declarations that the entity container holds."""

VERDICTS: Mapping[Effect | None, str] = {
    Effect.BOTH: "breaks at type-check and at run time",
    Effect.TYPE_CHECK: "breaks at type-check",
    Effect.RUN_TIME: "breaks at run time",
    Effect.DEPRECATED: "deprecated",
    Effect.ADDITIVE: "additive",
    Effect.INVISIBLE: "invisible",
    None: "depends on the client's methods",
}
"""How the page spells the effect of a change on Python code."""

_PHRASES = {text: effect for effect, text in VERDICTS.items() if effect}
_PHRASE = "|".join(_PHRASES)  # the longer phrases come first

_VERDICT = re.compile(r"Graph: (?P<policy>\w+)\. Python: (?P<python>[^.]+)\.")
_HERE = re.compile(rf"Here: ({_PHRASE})\.")
_YET = re.compile(rf"Yet this (?:is )?({_PHRASE})\b[^:]*:")
_ROOTS = re.compile(r"Roots: (`.+`)\.")
_ALSO = re.compile(r"Also reported: (`.+`)\.")
_OTHER_CODE = re.compile(r"The generated code differs")
_ANSWER = re.compile(r"Graph answers `(.+?)`")

_NAMESPACE = "microsoft.graph"
_CONTAINER = "GraphService"
_ANSWER_BY_DEFAULT = '{"id": "1", "value": []}'
"""What an entity, a complex value and a collection can be read from."""


# -- the page


@dataclass(frozen=True)
class Program:
    """A user program. `effect` is its own effect by the page, None if it has that of the example."""

    code: str
    effect: Effect | None


@dataclass(kw_only=True)
class Example:
    """A change as the page shows it; `element` is the element of the finding.

    `effect` is its own effect by the page, None if it has that of the rule. `other_code`
    says that the generated code of both sides differs, though programs cannot tell.
    """

    rule: str
    number: int
    element: str
    lines: Sequence[str]
    effect: Effect | None
    roots: tuple[str, ...]
    also: tuple[str, ...] = ()
    answer: str = _ANSWER_BY_DEFAULT
    other_code: bool = False
    programs: list[Program] = field(default_factory=list[Program])

    @property
    def id(self) -> str:
        """The rule, with a number from the second example on."""
        return self.rule if self.number == 1 else f"{self.rule}-{self.number}"

    @property
    def module(self) -> str:
        """The module that its types get in the packages."""
        return module_name(self.namespace)

    @property
    def namespace(self) -> str:
        """Its namespace in the document of all examples."""
        return f"{_NAMESPACE}.{self.suffix[0].lower()}{self.suffix[1:]}"

    @property
    def suffix(self) -> str:
        """A suffix that makes its names in the entity container unique."""
        return "".join(map(str.capitalize, self.id.split("-")))

    @property
    def expected(self) -> Effect | None:
        """The effect by the page."""
        return self.effect or RULES[self.rule].effect

    def body(self, side: SideName, namespace: str) -> str:
        """Return the CSDL of one side."""
        unwanted = "-" if side == "new" else "+"
        text = "\n".join(line[1:] for line in self.lines if not line.startswith(unwanted))
        return text.replace("self.", f"{namespace}.")

    def elements(self, side: SideName, namespace: str) -> tuple[list[str], list[str], bool]:
        """Return the declarations of one side, its entity sources, and whether a container is there."""
        root = etree.fromstring(f"<x>{self.body(side, namespace)}</x>")
        found = [(str(child.tag), etree.tostring(child, encoding="unicode")) for child in root]
        sources = [text for tag, text in found if tag in IN_CONTAINER]
        declared = [text for tag, text in found if tag not in IN_CONTAINER]
        return declared, sources, any(tag == "EntityContainer" for tag, _ in found)

    @property
    def has_container(self) -> bool:
        """Whether it declares the entity container itself, of which a document has only one."""
        return any(self.elements(side, _NAMESPACE)[2] for side in SIDES)

    @property
    def sources(self) -> frozenset[str]:
        """The names of its entity sets, singletons and imports, of both sides."""
        texts = [text for side in SIDES for text in self.elements(side, _NAMESPACE)[1]]
        return frozenset(str(etree.fromstring(text).get("Name")) for text in texts)


@dataclass(frozen=True)
class Section:
    """The section of a rule on the page."""

    rule: str
    policy: str
    python: str
    examples: tuple[Example, ...]


_SECTION = re.compile(r"^### `(?P<rule>[\w-]+)`\n(?P<body>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^```(?P<fence>[^\n]*)\n(?P<code>.*?)^```$|(?P<text>[^\n].*?)(?=\n\n|\n```|\Z)",
                   re.MULTILINE | re.DOTALL)  # fmt: skip


def sections(page: str) -> Iterator[Section]:
    """Yield the sections of a page that is written like `docs/rules.md`."""
    for match in _SECTION.finditer(page):
        yield _section(match["rule"], match["body"])


def _section(rule: str, body: str) -> Section:
    verdict = _VERDICT.search(body)
    assert verdict, f"{rule}: the page gives no verdict"
    examples: list[Example] = []
    here: Effect | None = None
    yet: Effect | None = None
    roots: tuple[str, ...] = (ALL,)
    other_code = False
    for part in _PART.finditer(body):
        if part["text"]:
            text = " ".join(part["text"].split())
            here = _effect(_HERE, text) or here
            other_code = bool(_OTHER_CODE.search(text)) or other_code
            yet = _effect(_YET, text)
            roots = _names(_ROOTS, text) or roots
            if examples:
                _remarks(examples[-1], text)
            continue
        kind, _, element = part["fence"].partition(" ")
        if kind == "diff":
            lines = part["code"].splitlines()
            examples.append(
                Example(
                    rule=rule,
                    number=len(examples) + 1,
                    element=element,
                    lines=lines,
                    effect=here,
                    roots=roots,
                    other_code=other_code,
                )
            )
            here, roots, other_code = None, (ALL,), False
        elif kind == "python":
            examples[-1].programs.append(Program(part["code"], yet))
            yet = None
    return Section(rule, verdict["policy"], verdict["python"], tuple(examples))


def _remarks(example: Example, text: str) -> None:
    example.also = _names(_ALSO, text) or example.also
    answer = _ANSWER.search(text)
    if answer:
        example.answer = answer[1]


def _effect(pattern: re.Pattern[str], text: str) -> Effect | None:
    match = pattern.search(text)
    return _PHRASES[match[1]] if match else None


def _names(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.search(text)
    return tuple(re.findall("`(.+?)`", match[1])) if match else ()


def verdict(policy: Policy, effect: Effect | None) -> tuple[str, str]:
    """Return both verdicts of a rule as the page spells them."""
    return policy.value, VERDICTS[effect]


# -- an example on its own


def side(example: Example, which: SideName) -> Side:
    """Return one side of an example as a small document."""
    declared, sources, _ = example.elements(which, _NAMESPACE)
    if sources:
        declared.append(_container(sources))
    read = reader.read(document("\n".join(declared)), FILE)
    whole = resolve(read)
    assert not whole.diagnostics, whole.diagnostics
    return Side(read, whole, take(whole, example.roots))


def comparison(example: Example) -> Comparison:
    """Return what comparing the sides of an example yields."""
    return compare(side(example, "old"), side(example, "new"))


def client_code(example: Example, which: SideName) -> Mapping[str, str]:
    """Return the modules of one side's client, as trees without docstrings."""
    model = side(example, which).model
    writer = facts(folder("metadata")).writer(assign_names(model))
    sources = render_client(model, writer, _settings(which))
    return {path: tree(text) for path, text in sources.items()}


def tree(source: str) -> str:
    """Return the tree of a module without its docstrings."""
    return ast.dump(_Bare().visit(ast.parse(source)))


class _Bare(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else node


def _container(sources: Iterable[str]) -> str:
    return f'<EntityContainer Name="{_CONTAINER}">\n{"".join(sources)}\n</EntityContainer>'


# -- all examples together


def _settings(which: SideName) -> Settings:
    return Settings(roots=(ALL,), document=Path(FILE), package=f"{which}_package", version="1.0")


def generate(examples: Sequence[Example], target: Path) -> None:
    """Write the packages `old_package` and `new_package`, which hold all examples."""
    known = facts(folder("metadata"))
    for which in SIDES:
        files = build(_model(examples, which), _settings(which), known).files
        for path, text in files.items():
            if path.endswith((".py", "py.typed")):
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                (target / path).write_text(text, encoding="utf-8")


def _model(examples: Sequence[Example], which: SideName) -> Model:
    schemas: list[str] = []
    sources: list[str] = []
    for example in examples:
        declared, own, _ = example.elements(which, example.namespace)
        declared.append('<ComplexType Name="filler"/>')  # so that there always is a module
        schemas.append(schema("\n".join(declared), example.namespace, ""))
        sources += [_own_source(example, text) for text in own]
    schemas.append(schema(_container(sources), alias=""))
    whole = resolve(reader.read(document(*schemas), FILE))
    return take(whole, [root for example in examples for root in _roots(example, whole)]).model


def _own_source(example: Example, text: str) -> str:
    """Return an entity source with names of the container that no other example has."""
    names = "|".join(example.sources)
    found = rf'\b(Name|Target)="({names})(?=["/])'
    return re.sub(found, rf'\1="\2{example.suffix}', text)


def _roots(example: Example, whole: Model) -> Iterator[str]:
    """Yield the roots of an example: all that is its own where it has no others."""
    filler = f"{example.namespace}.filler"
    if example.roots != (ALL,):
        yield from (root + example.suffix for root in example.roots)
        yield filler
        return
    yield from (t for t in whole.types if t.rpartition(".")[0] == example.namespace)
    own = {source + example.suffix for source in example.sources}
    children = [*(s.name for s in whole.sources), *(i.name for i in whole.imports)]
    yield from (name for name in children if name in own)


# -- the programs

_CLIENT = '''
import httpx
from {which}_package import GraphClient


def answering(body: str) -> GraphClient:
    """Return a client for which Graph answers everything with a body."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=body))
    return GraphClient("token", transport=transport)
'''

_RUN = """
import json, runpy, sys, contextlib, io
found = {}
for path in sys.argv[1:]:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(path)
    except Exception as error:
        found[path] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Outcome:
    """The errors of a program on one side, by type checker and at run time; empty for none."""

    mypy: str
    pyright: str
    run: str


class Programs:
    """The programs of all examples, in a folder that has the packages of both sides."""

    def __init__(self, examples: Sequence[Example], target: Path) -> None:
        self._target = target
        self._paths: list[Path] = []
        for which in SIDES:
            helper = target / f"{which}_client.py"
            helper.write_text(_CLIENT.format(which=which), encoding="utf-8")
            for example in examples:
                for number, program in enumerate(example.programs):
                    path = self.path(which, example, number)
                    path.write_text(_written(which, example, program), encoding="utf-8")
                    self._paths.append(path)

    def path(self, which: SideName, example: Example, number: int) -> Path:
        """Return the path of a program of an example."""
        return self._target / f"{which}_{example.module}_program{number}.py"

    def outcome(self, which: SideName, example: Example, number: int) -> Outcome:
        """Return the outcome of a program."""
        path = str(self.path(which, example, number))
        checked = self._checked
        return Outcome(checked[0].get(path, ""), checked[1].get(path, ""), self._ran.get(path, ""))

    @cached_property
    def _ran(self) -> Mapping[str, str]:
        command = [sys.executable, "-W", "error", "-c", _RUN, *map(str, self._paths)]
        done = subprocess.run(command, cwd=self._target, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    @cached_property
    def _checked(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The errors of mypy and pyright by program; both run at the same time."""
        config = self._target / "mypy.ini"
        config.write_text(f"[mypy]\nstrict = true\nmypy_path = {self._target}\n")
        settings = {
            "typeCheckingMode": "strict",
            "pythonVersion": "3.11",
            "include": ["old_*program*.py", "new_*program*.py"],
        }
        (self._target / "pyrightconfig.json").write_text(json.dumps(settings))
        mypy: list[str | Path] = [
            "--config-file",
            config,
            "--no-error-summary",
            "--no-pretty",
            "--cache-dir=/dev/null",
            *self._paths,
        ]
        pyright: list[str | Path] = [
            "--outputjson",
            "--project",
            self._target,
            "--pythonpath",
            sys.executable,
        ]
        running = [self._start("mypy", mypy), self._start("pyright", pyright)]
        by_mypy, by_pyright = (process.communicate(timeout=300)[0] for process in running)
        return self._mypy(by_mypy), self._pyright(by_pyright)

    def _start(self, module: str, arguments: Iterable[str | Path]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.Popen(command, cwd=self._target, stdout=subprocess.PIPE, text=True)

    def _mypy(self, output: str) -> Mapping[str, str]:
        found = re.findall(r"^(.+?):\d+: error: (.+)$", output, re.MULTILINE)
        return self._by_program((self._target / file, text) for file, text in found)

    def _pyright(self, output: str) -> Mapping[str, str]:
        report = json.loads(output)
        assert report["summary"]["filesAnalyzed"] >= len(self._paths), report["summary"]
        problems = report["generalDiagnostics"]
        errors = [p for p in problems if p["severity"] == "error"]
        return self._by_program((Path(p["file"]), p["message"]) for p in errors)

    def _by_program(self, found: Iterable[tuple[Path, str]]) -> Mapping[str, str]:
        said: dict[str, str] = {}
        for path, text in found:
            assert path in self._paths, f"{path}: {text}"
            said[str(path)] = f"{said[str(path)]}\n{text}" if str(path) in said else text
        return said


def _written(which: SideName, example: Example, program: Program) -> str:
    """Return a program as it runs: with the package of a side, and a client if it uses one."""
    code = program.code.replace(
        "from graph_comms.models import", f"from {which}_package.models.{example.module} import"
    )
    for source in example.sources:
        own = attribute_name(source + example.suffix)
        code = re.sub(rf"\bclient\.{attribute_name(source)}\b", f"client.{own}", code)
    if not re.search(r"\bclient\.", code):
        return code
    head = f"from {which}_client import answering\n\nclient = answering({example.answer!r})\n"
    return f"{head}\n{code}"
