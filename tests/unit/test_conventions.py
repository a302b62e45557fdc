"""The conventions of CONTRIBUTING.md that a reader would otherwise have to look for: words and names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("examples/**/*.md")]
CODE = [
    path
    for folder in ("generator", "templates", "examples")
    for path in (PROJECT / folder).rglob("*.py")
]


def ruled_out() -> list[str]:
    """Return the wordings in the last column of the table."""
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## Words")[2].partition("\n## ")[0]
    rows = [line.split("|")[3] for line in table.splitlines() if line.count("|") == 4]
    return [phrase for row in rows for phrase in re.findall(r"`([^`]+)`", row)]


def prose(path: Path) -> Iterator[str]:
    """Yield the text of a page, or the docstrings and comments of a module."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        before, _, after = source.partition("## Words")
        yield before + after.partition("\n## ")[2]  # the table itself may name what it rules out
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
    yield " ".join(line.partition("#")[2] for line in source.splitlines())


def test_no_text_uses_a_wording_that_is_ruled_out() -> None:
    wordings = "|".join(re.escape(wording).replace(r"\ ", r"\s+") for wording in ruled_out())
    pattern = re.compile(rf"\b(?:{wordings})\b")
    found = [
        f"{path.relative_to(PROJECT)}: {match[0]}"
        for path in (*PAGES, *CODE)
        for text in prose(path)
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_the_table_rules_wordings_out() -> None:
    assert len(ruled_out()) > 15


MODULES = [
    path
    for folder in ("generator/graph_codegen", "templates/runtime")
    for path in (PROJECT / folder).rglob("*.py")
]


def test_no_function_is_named_as_its_module() -> None:
    named = {
        path.relative_to(PROJECT).as_posix()
        for path in MODULES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == path.stem
    }
    assert named == set()


def test_classes_of_more_than_five_fields_are_keyword_only() -> None:
    positional = {
        f"{path.relative_to(PROJECT).as_posix()}: {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and len(list(positional_fields(node))) > 5
    }
    assert positional == set()


def positional_fields(node: ast.ClassDef) -> Iterator[str]:
    """Yield the fields of a dataclass that its constructor takes by position."""
    decorators = " ".join(map(ast.unparse, node.decorator_list))
    if "dataclass" not in decorators or "kw_only=True" in decorators:
        return
    for item in node.body:
        if isinstance(item, ast.AnnAssign):
            annotation = ast.unparse(item.annotation)
            if annotation == "KW_ONLY":
                return
            if not annotation.startswith("ClassVar"):
                yield ast.unparse(item.target)
