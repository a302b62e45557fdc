"""The examples of this repository, and an invented removal of each thing that they use."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import EnumType
from graph_codegen.diff.usage import Usage, find_concerns
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.facts.settings import load
from graph_codegen.model.resolver import resolve
from graph_codegen.usage.files import read_application
from graph_codegen.usage.offered import Offered, offered_by
from graph_codegen.usage.resolve import find_uses
from tests.support.csdl import EDM, graph_codegen
from tests.unit.usage.test_uses import removed

EXAMPLES = Path(__file__).parents[3] / "examples"
METADATA = folder("metadata") / "communications.csdl.xml"

MODELS = re.compile(r"graph_comms\.models(\.\w+)?")

READ = {
    "call/state": "01_peer",
    "participant/info": "meeting_bot",
    "participantInfo/identity": "meeting_bot",
    "identitySet/user": "meeting_bot",
    "identitySet/application": "meeting_bot",
    "identity/displayName": "meeting_bot",
    "commsOperation/status": "ivr_bot",
    "callRecords.callRecord/version": "call_records",
    "callRecords.callRecord/type": "call_records",
    "callRecords.callRecord/startDateTime": "call_records",
}
"""The properties that the examples read, each with an example that does."""

CALLED = {
    "answer": "ivr_bot",
    "playPrompt": "ivr_bot",
    "subscribeToTone": "ivr_bot",
    "cancelMediaProcessing": "ivr_bot",
    "transfer": "ivr_bot",
    "recordResponse": "ivr_bot",
    "keepAlive": "meeting_bot",
}
"""The actions that the examples have the bot kit call, each with an example that does."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in EXAMPLES.rglob("*.py"):
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))


def imported() -> Iterator[tuple[str, str]]:
    """The models that the examples import: file and class."""
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and MODELS.fullmatch(node.module or ""):
                yield from ((file, alias.name) for alias in node.names)


def written() -> Iterator[tuple[str, str, str]]:
    """What the examples build of models: file, class and keyword or member."""
    models = {*imported()}
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if (file, node.func.id) in models:
                    yield from ((file, node.func.id, str(word.arg)) for word in node.keywords)
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (file, node.value.id) in models
            ):
                yield file, node.value.id, node.attr


def spelled(name: str) -> str:
    """A name in Python as metadata spells it."""
    first, *words = name.lower().split("_")
    return first + "".join(map(str.capitalize, words))


@cache
def offered() -> Offered:
    return offered_by(resolve(reader.read_file(METADATA)), load())


def declared(root: Any) -> Mapping[str, Any]:
    """The elements of a document by type and name, those of operations by their name."""
    found: dict[str, Any] = {}
    for schema in root.iter(f"{{{EDM}}}Schema"):
        prefix = schema.get("Namespace").removeprefix("microsoft.graph").removeprefix(".")
        for outer in schema:
            name = f"{prefix}.{outer.get('Name')}".lstrip(".")
            found.setdefault(name, outer)
            for inner in outer:
                found.setdefault(f"{name}/{inner.get('Name')}", inner)
    return found


def owner(elements: Mapping[str, Any], type_name: str, member: str) -> str:
    """The element of a member, which a base type may declare; empty for one of the supplement."""
    while type_name and f"{type_name}/{member}" not in elements:
        type_name = elements[type_name].get("BaseType", "").rpartition(".")[2]
    return type_name and f"{type_name}/{member}"


def members(elements: Mapping[str, Any]) -> dict[str, str]:
    """What the examples build of models, as a document declares it, each with an example that does."""
    found: dict[str, str] = {}
    for file, class_, name in written():
        if element := owner(elements, class_[0].lower() + class_[1:], spelled(name)):
            found.setdefault(element, file)
    assert len(found) > 30
    return found


def gone(element: str) -> Finding:
    """The finding that a property or member is removed."""
    owner = offered().model.types[f"microsoft.graph.{element}".partition("/")[0]]
    return removed("Member" if isinstance(owner, EnumType) else "Property", element)


class Untyped(ast.NodeTransformer):
    """Takes the annotations of functions away."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg, lineno=node.lineno, col_offset=node.col_offset)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node


class Renamed(ast.NodeTransformer):
    """Imports everything by another name, and through a function."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        if not (node.module or "").startswith("graph_comms"):
            return [node]
        found: list[ast.stmt] = [
            ast.ImportFrom(node.module, [ast.alias(a.name, f"_{a.name}") for a in node.names], 0)
        ]
        for each in node.names:
            found += ast.parse(f"def _f_{each.name}(): return _{each.name}").body
            found += ast.parse(f"{each.name} = _f_{each.name}()").body
        return [ast.fix_missing_locations(ast.copy_location(one, node)) for one in found]


@pytest.mark.parametrize("change", [Untyped, Renamed])
def test_nothing_is_lost_when_the_examples_are_written_otherwise(
    change: Callable[[], ast.NodeTransformer],
) -> None:
    files, _ = read_application([EXAMPLES])
    changed = [
        replace(one, tree=change().visit(copy.deepcopy(one.tree))) for one in files if one.tree
    ]
    uses = find_uses(changed, offered())
    for element, file in (READ | members(declared(etree.parse(METADATA).getroot()))).items():
        finding = gone(element)
        concern = find_concerns([finding], offered(), uses)[finding]
        assert concern.usage is not Usage.UNUSED, element
        # What is found for certain in one example hides what is perhaps used in another.
        where = [place.file for place in concern.uses]
        assert concern.usage is Usage.USED or any(file in one for one in where), element


def test_each_member_alone_that_the_examples_use_is_found_there() -> None:
    files, _ = read_application([EXAMPLES])
    uses = find_uses(files, offered())
    for element, file in (READ | members(declared(etree.parse(METADATA).getroot()))).items():
        finding = gone(element)
        concern = find_concerns([finding], offered(), uses)[finding]
        assert concern.usage is Usage.USED, element
        assert any(file in place.file for place in concern.uses), element


def test_an_invented_removal_of_each_thing_that_the_examples_use_is_found(tmp_path: Path) -> None:
    tree = etree.parse(METADATA)
    elements = declared(tree.getroot())
    used = READ | CALLED | members(elements)
    keys = {element for element in used if element.endswith("/id")} - {"identity/id"}
    for element in used.keys() - keys:
        elements[element].getparent().remove(elements[element])
    new = tmp_path / "new.csdl.xml"
    tree.write(new)

    done = graph_codegen(
        "diff", METADATA, new, "--used-by", EXAMPLES, "--format", "json", "--fail-on", "breaking"
    )

    assert done.returncode == 1, done.stderr
    found: dict[str, Any] = {}
    for finding in json.loads(done.stdout)["findings"]:
        name = finding["element"].removeprefix("microsoft.graph.").partition("(")[0]
        found.setdefault(name, finding)
    lost: dict[str, str] = {}
    for name, file in used.items():
        # With what leads to it, the whole type has left.
        finding = found.get(name) or found.get(name.partition("/")[0])
        if name not in keys and not (finding and any(file in at["file"] for at in finding["uses"])):
            lost[name] = finding["usage"] if finding else "no finding"
    assert lost == {}


def test_an_invented_removal_of_each_type_that_the_examples_import_is_found() -> None:
    types = {offered().classes["", name] for _, name in imported()}
    findings = [
        removed("EntityType", name.removeprefix("microsoft.graph.")) for name in sorted(types)
    ]
    files, _ = read_application([EXAMPLES])

    found = find_concerns(findings, offered(), find_uses(files, offered()))

    assert {concern.usage for concern in found.values()} == {Usage.USED}
    others = offered().model.types.keys() - types
    rest = [removed("EntityType", name.removeprefix("microsoft.graph.")) for name in sorted(others)]
    concerns = find_concerns(rest, offered(), find_uses(files, offered()))
    assert sum(c.usage is Usage.UNUSED for c in concerns.values()) > len(rest) / 4


# -- the pages

ROOT = EXAMPLES.parent

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def programs() -> Mapping[str, str]:
    """The examples by file, and the code of each page."""
    found = {str(path): path.read_text(encoding="utf-8") for path in EXAMPLES.rglob("*.py")}
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *EXAMPLES.rglob("*.md")):
        code = BLOCK.findall(page.read_text(encoding="utf-8"))
        found |= {f"{page}-{number}.py": block for number, block in enumerate(code)}
    return found


def used_words() -> Iterator[tuple[Finding, str]]:
    """Findings on what programs name, found by their texts alone, with a program each.

    Methods are named by the whole way to them; members by class and member; classes by their imports.
    """
    package = offered()
    for file, text in programs().items():
        for path in package.methods:
            if re.search(rf"\b(client|graph)\.{re.escape('.'.join(path))}\(", text):
                yield removed("Other", "other", ".".join(path)), file
        for (module, class_), name in package.classes.items():
            short = name.removeprefix("microsoft.graph.")
            if module or "." in short:  # of which another namespace may have one of the name
                continue
            if re.search(rf"\bgraph_comms\.models[\w.]* import [^\n]*\b{class_}\b", text):
                kind = "EnumType" if name in package.names.members else "EntityType"
                yield removed(kind, short), file
            for member, attribute in package.names.members.get(name, {}).items():
                if re.search(rf"\b{class_}\.{attribute}\b", text):
                    yield removed("Member", f"{short}/{member}"), file


def test_whatever_the_examples_and_pages_name_is_found_there(tmp_path: Path) -> None:
    wanted: dict[str, set[Finding]] = {}
    for finding, file in used_words():
        wanted.setdefault(file, set()).add(finding)
    kinds = {finding.kind for each in wanted.values() for finding in each}
    assert kinds == {"Other", "EnumType", "EntityType", "Member"}
    assert sum(map(len, wanted.values())) > 100
    lost: list[tuple[str, str]] = []
    for number, (file, findings) in enumerate(wanted.items()):
        program = tmp_path / f"p{number}.py"
        program.write_text(programs()[file], encoding="utf-8")
        found, _ = read_application([program])
        concerns = find_concerns(findings, offered(), find_uses(found, offered()))
        lost += [(f.element, file) for f in findings if concerns[f].usage is Usage.UNUSED]
    assert lost == []
