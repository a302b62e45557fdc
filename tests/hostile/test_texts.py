"""A document's texts where people read them: docstrings, OpenAPI, Markdown, a terminal, messages."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from graph_codegen.text import is_printable
from tests.hostile.allowed import findings
from tests.hostile.generated import Generated, generate, imported
from tests.hostile.names import TAKEN, TEXTS, UNICODE
from tests.support.csdl import document, graph_codegen

FILE = "input.csdl.xml"

HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Characters that control a terminal or the reading direction, or are invisible."""


def described(text: str, name: str = "thing", member: str = "part") -> bytes:
    """Return a service that has a text wherever CSDL allows one."""
    quoted = quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    told = f'<Annotation Term="Org.OData.Core.V1.Description" String={quoted}/>'
    element = (
        '<Annotation Term="Org.OData.Core.V1.LongDescription"><String>'
        + text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;")
        + "</String></Annotation>"
    )
    return document(
        f'<EntityType Name="{name}"><Key><PropertyRef Name="id"/></Key>{told}{element}'
        f'<Property Name="id" Type="Edm.String"/>'
        f'<Property Name="{member}" Type="Edm.String" DefaultValue={quoted}>{told}</Property>'
        f"</EntityType>"
        f'<EnumType Name="choice"><Member Name="one">{told}</Member>{told}</EnumType>'
        f'<EnumType Name="choices" IsFlags="true"><Member Name="one">{told}</Member>{told}</EnumType>'
        f'<Action Name="act" IsBound="true"><Parameter Name="b" Type="graph.{name}"/>'
        f'<Parameter Name="p" Type="Edm.String">{told}</Parameter>{told}</Action>'
        f'<EntityContainer Name="c"><EntitySet Name="{name}Set" EntityType="graph.{name}">{told}'
        "</EntitySet></EntityContainer>"
    )


def run(data: bytes, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    (folder / FILE).write_bytes(data)
    return graph_codegen(*command, "--metadata", folder / FILE)


@pytest.mark.parametrize("text", TEXTS)
def test_a_description_is_only_data(text: str, tmp_path: Path) -> None:
    made = generate(described(text))
    assert findings(made.files, made.package) == []
    assert "register_namespaces(_graph=graph)" in made.files[f"{made.package}/models/__init__.py"]
    plain = generated_plainly()
    for path, source in made.files.items():
        if path.endswith(".py"):
            other = plain.files[path.replace(made.package, plain.package, 1)]
            assert shape(source) == shape(other), path
    with imported(made) as module:
        documented = module("models").Thing.__doc__
        assert without_escapes(documented).startswith(
            without_escapes("".join(c for c in text if is_printable(c) or c == "\n"))
        )
    result = run(described(text), tmp_path, "openapi", "--root", "all", "--descriptions")
    assert result.returncode == 0
    assert not HIDDEN.search(result.stdout)
    written: dict[str, Any] = json.loads(result.stdout)
    shown = written["components"]["schemas"]["Thing"].get("description", "")
    assert not HIDDEN.search(shown)
    page = tmp_path / "api.md"
    assert (
        run(
            *(described(text), tmp_path, "api", "--root", "all"),
            *("--descriptions", "--output", str(page)),
        ).returncode
        == 0
    )
    lines = page.read_text("utf-8").split("\n")
    assert all(line.isprintable() for line in lines)
    at = lines.index("### `Thing`")
    about, head, row = lines[at + 2], lines[at + 4], lines[at + 7]
    assert (head, len(re.findall(r"(?<!\\)(?:\\\\)*\|", row))) == (
        "| attribute | type | what it is |",
        4,
    )
    for written_text in (about.partition("[Reference](https://")[0], row.split("`")[-1][3:-2]):
        assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]*`#]", written_text)


@cache
def generated_plainly() -> Generated:
    return generate(described("plain"))


def without_escapes(text: str) -> str:
    return re.sub(r"\s|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}", "", text)


def shape(source: str) -> str:
    """Return the structure of a module, without its texts."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            node.body = [n for n in node.body if not isinstance(n, ast.Expr) or _is_call(n)]
    return ast.dump(tree)


def _is_call(node: ast.Expr) -> bool:
    return not isinstance(node.value, ast.Constant)


NAMES = [*TAKEN, *UNICODE, "x" * 128]


@pytest.mark.parametrize("name", NAMES)
def test_names_make_a_sound_page_and_a_quiet_terminal(name: str, tmp_path: Path) -> None:
    data = described("\x9b31m|`\u202e\n| a | b |", name[:100], f"{name[:100]}2")
    page = tmp_path / "api.md"
    result = run(data, tmp_path, "api", "--output", str(page), "--root", "all", "--descriptions")
    assert result.returncode == 0, result.stderr
    for line in page.read_text("utf-8").split("\n"):
        assert line.isprintable()
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 4, line
            assert len(re.findall(r"(?<!\\)`", line)) % 2 == 0
        else:
            assert "31m|`" not in line
    shown = run(data, tmp_path, "inspect", f"microsoft.graph.{name[:100]}")
    assert shown.returncode == 0, shown.stderr
    assert all(line.isprintable() for line in shown.stdout.split("\n"))


ODD = "x\x9b31mred\u202e\u200b\x85\u2028end"

WARNED = {
    "an attribute": ('<ComplexType Name="a" b:c="d" xmlns:b="urn:x"/>', "is not understood"),
    "an element": ('<b:a xmlns:b="urn:x"/>', "is not understood"),
    "a target": ('<Annotations Target="graph.none/x"/>', "on something that is not declared"),
    "a key": (
        '<EntityType Name="a"><Key><PropertyRef Name="b"/></Key></EntityType>',
        "not a property",
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_a_warning_is_one_line(case: str, tmp_path: Path) -> None:
    body, message = WARNED[case]
    data = document(body + '<ComplexType Name="real"/>')
    result = run(data, tmp_path, "inspect", "real")
    assert result.returncode == 0
    (warning,) = [line for line in result.stderr.split("\n") if line.startswith("warning: ")]
    assert message in warning


PLACES = [
    '<ComplexType Name="a{}"/>',
    '<ComplexType Name="a" BaseType="{}"/>',
    '<EntityType Name="a"><Key><PropertyRef Name="{}"/></Key></EntityType>',
    '<EntityType Name="a"><NavigationProperty Name="b" Type="graph.a" Partner="{}"/></EntityType>',
    '<ComplexType Name="a"><Property Name="b" Type="{}"/></ComplexType>',
    '<ComplexType Name="a" Abstract="{}"/>',
    '<EnumType Name="a" UnderlyingType="{}"/>',
    '<EnumType Name="a"><Member Name="b" Value="{}"/></EnumType>',
    '<Annotations Target="{}"/>',
    '<Annotations Target="graph.a" Qualifier="{}"/>',
    '<ComplexType Name="a"><Annotation Term="{}"/></ComplexType>',
    '<ComplexType Name="a"><Annotation Term="b.c" Qualifier="{}"/></ComplexType>',
    '<ComplexType Name="a"><Annotation Term="b.c"><Record Type="{}"/></Annotation></ComplexType>',
    '<ComplexType Name="a"><Annotation Term="b.c"><Record><PropertyValue Property="{}" Int="1"/>'
    "</Record></Annotation></ComplexType>",
    '<Term Name="t" Type="Edm.String" AppliesTo="{}"/>',
    '<Function Name="f" EntitySetPath="{}"/>',
    '<EntityContainer Name="c"><Singleton Name="s" Type="graph.a"><NavigationPropertyBinding'
    ' Path="{}" Target="b"/></Singleton></EntityContainer>',
    '<EntityContainer Name="c"><Singleton Name="s" Type="graph.a"><NavigationPropertyBinding'
    ' Path="b" Target="{}"/></Singleton></EntityContainer>',
    '</Schema><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{}">',
    '</Schema><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="b" Alias="{}">',
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", [ODD, ODD * 2_000, "a\nerror: b"])
def test_a_message_repeats_no_control_characters(place: str, text: str, tmp_path: Path) -> None:
    quoted = quoteattr(text, {"\n": "&#10;"})[1:-1]
    result = run(document(place.replace("{}", quoted)), tmp_path, "openapi", "--root", "all")
    assert (result.returncode, result.stdout) == (2, "")
    reading, *errors = result.stderr.split("\n")[:-1]
    assert reading.startswith("reading ")
    (message,) = errors
    assert message.startswith("error: ")
    assert message.isprintable()
    assert len(message) < 1_500
