"""Bad input causes one clear message on standard error and exit code 2, and leaves the output alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.csdl import ROOT, SERVICE, content, document, graph_codegen, line_of

FILE = "input.csdl.xml"


def service(old: str = "", new: str = "") -> bytes:
    """Return the service with one thing changed."""
    assert old in SERVICE
    return document(SERVICE.replace(old, new, 1) if old else SERVICE)


def at(data: bytes, marker: str) -> str:
    return f"{FILE}:{line_of(data, marker)}: "


def put(data: bytes, where: str, what: str) -> bytes:
    return data.replace(where.encode(), (what + where).encode(), 1)


DTD = "a document type declaration is refused (entities and external references)"

NOT_DECLARED = service("graph.callState", "graph.nothing")
CYCLE = service('Name="entity"', 'Name="entity" BaseType="graph.groupCall"')
NO_BASE = service('BaseType="graph.entity"', 'BaseType="graph.nothing"')
TWICE = service('<EnumType Name="callState">', '<EnumType Name="call">')
BAD_NAME = service('Name="callState"', 'Name="callState(GraphEnum): import os #"')
BAD_TYPE = service("graph.callState", "graph.call State")

INPUTS: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", f"{FILE}: the document is empty"),
    "zip": (b"PK\x03\x04", f"{FILE}: this is compressed (zip)"),
    "JSON": (b'{"a": 1}', f"{FILE}: this is an object in JSON "),
    "YAML": (b"a: 1", f"{FILE}: this is an object in YAML "),
    "text": (b"# Title", f"{FILE}: this is text that begins with '# Title'"),
    "truncated": (service()[:400], f"{FILE}:"),
    "another encoding": (b"<a>\n\xff</a>", f"{FILE}:2: not well-formed XML: "),
    "XML that is not CSDL": (
        b"<htm/>",
        f"{FILE}:1: not a CSDL document: the root element is htm",
    ),
    "no schema": (document().replace(b"Schema", b"Schemas"), f"{FILE}:1: not a CSDL document"),
    "document type": (put(service(), "<edmx:Edmx", "<!DOCTYPE a>"), f"{FILE}:1: {DTD}"),
    "entities": (
        put(service(), "<edmx:Edmx", '<!DOCTYPE a [<!ENTITY b "c">]>'),
        f"{FILE}:1: {DTD}",
    ),
    "external reference": (
        put(service(), "<edmx:Edmx", '\n<!DOCTYPE a SYSTEM "http://localhost:9/a.dtd">'),
        f"{FILE}:2: {DTD}",
    ),
    "reference to nothing": (
        NOT_DECLARED,
        at(NOT_DECLARED, '<Property Name="state"')
        + "microsoft.graph.call/state: the type microsoft.graph.nothing is not declared",
    ),
    "cycle of base types": (
        CYCLE,
        at(CYCLE, '<EntityType Name="entity"')
        + "microsoft.graph.entity: cycle of base types: microsoft.graph.entity → "
        "microsoft.graph.groupCall → microsoft.graph.call → microsoft.graph.entity",
    ),
    "base type of nothing": (
        NO_BASE,
        at(NO_BASE, '<EntityType Name="call"')
        + "microsoft.graph.call: the base type microsoft.graph.nothing is not declared",
    ),
    "declared twice": (
        TWICE,
        at(TWICE, '<EnumType Name="call"') + "microsoft.graph.call: declared twice, first at ",
    ),
    "name that is code": (
        BAD_NAME,
        at(BAD_NAME, "<EnumType")
        + "microsoft.graph.callState(GraphEnum): import os #: Name of EnumType is not a name: ",
    ),
    "type that is none": (
        BAD_TYPE,
        at(BAD_TYPE, '<Property Name="state"')
        + "microsoft.graph.call/state: Type of Property is not a name: 'graph.call State'",
    ),
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    (folder / "good.csdl.xml").write_bytes(service())
    done = graph_codegen(
        "generate", "--metadata", folder / "good.csdl.xml", *ROOT, "--output", folder / "out"
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def sliced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sliced")
    (folder / "good.csdl.xml").write_bytes(service())
    done = graph_codegen("slice", folder / "good.csdl.xml", *ROOT, "--output", folder / "out")
    assert done.returncode == 0, done.stderr
    return folder / "out"


def refusal(*arguments: str | Path, output: Path, cwd: Path) -> list[str]:
    """Return the errors of a run, which must be refused and change nothing."""
    before = content(output)
    folders = {path for path in output.rglob("*") if path.is_dir()}
    result = graph_codegen(*arguments, cwd=cwd)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert content(output) == before
    assert {path for path in output.rglob("*") if path.is_dir()} == folders
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    return [line.removeprefix("error: ") for line in errors]


@pytest.mark.parametrize("name", INPUTS)
def test_bad_metadata_is_refused(name: str, sliced: Path, tmp_path: Path) -> None:
    data, message = INPUTS[name]
    (tmp_path / FILE).write_bytes(data)
    (error,) = refusal("slice", FILE, *ROOT, "--output", sliced, output=sliced, cwd=tmp_path)
    assert error.startswith(message)


each_command = pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "--metadata", FILE, *ROOT),
        ("check", "--metadata", FILE, *ROOT),
        ("vendor", "app", "--metadata", FILE, *ROOT),
        ("diff", FILE, FILE, *ROOT),
        ("slice", FILE, *ROOT),
        ("clouds", f"GLOBAL={FILE}", *ROOT),
        ("openapi", "--metadata", FILE, *ROOT),
        ("api", "--metadata", FILE, *ROOT, "--output", "api.md"),
        ("inspect", "call", "--metadata", FILE),
    ],
    ids=lambda arguments: arguments[0],
)
"""Every command that reads metadata, except `update`, which works in a checkout."""


@each_command
def test_every_command_refuses_bad_metadata(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(NO_BASE)
    (error,) = refusal(*arguments, output=tmp_path, cwd=tmp_path)
    assert error.startswith(at(NO_BASE, '<EntityType Name="call"'))


def test_a_missing_file_is_refused(generated: Path, tmp_path: Path) -> None:
    arguments = ("generate", "--metadata", "none.xml", *ROOT, "--output", generated)
    assert refusal(*arguments, output=generated, cwd=tmp_path) == [
        "none.xml: cannot read the metadata: No such file or directory"
    ]
    assert refusal("slice", "none.xml", output=tmp_path, cwd=tmp_path) == [
        "none.xml: cannot read the metadata: No such file or directory"
    ]


def test_a_folder_as_metadata_is_refused(tmp_path: Path) -> None:
    assert refusal("slice", ".", output=tmp_path, cwd=tmp_path) == [
        ".: cannot read the metadata: Is a directory"
    ]


@pytest.mark.parametrize("root", ["nowhere", "communications/nothing", "call/state"])
def test_a_root_that_does_not_exist_is_refused(root: str, sliced: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(service())
    arguments = ("slice", FILE, *ROOT, "--root", root, "--output", sliced)
    (error,) = refusal(*arguments, output=sliced, cwd=tmp_path)
    assert error.startswith(f"{FILE}: the root {root} does not exist: ")


def test_two_problems_are_two_messages(generated: Path, tmp_path: Path) -> None:
    data = document(SERVICE.replace("graph.callState", "graph.a").replace("Edm.Boolean", "graph.b"))
    (tmp_path / FILE).write_bytes(data)
    arguments = ("generate", "--metadata", FILE, *ROOT, "--output", generated)
    errors = refusal(*arguments, output=generated, cwd=tmp_path)
    assert [error.rpartition(": ")[2] for error in errors] == [
        "the type microsoft.graph.a is not declared",
        "the type microsoft.graph.b is not declared",
    ]


ODD = service('<Property Name="state"', '<Property Odd="1" Name="state"')
ODD_MESSAGE = (
    at(ODD, "<Property Odd")
    + "microsoft.graph.call/state: attribute Odd of Property is not understood"
)


def test_what_is_not_understood_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(ODD)
    result = graph_codegen("slice", FILE, *ROOT, cwd=tmp_path)
    assert result.returncode == 0
    assert f"warning: {ODD_MESSAGE}" in result.stderr.splitlines()
    assert "kept 1 of 1 Action" in result.stdout


@each_command
def test_strict_makes_it_an_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(ODD)
    errors = refusal(*arguments, "--strict", output=tmp_path, cwd=tmp_path)
    assert errors == [ODD_MESSAGE]


def test_strict_does_not_pass_over_what_is_outside_the_subset(tmp_path: Path) -> None:
    data = service(
        '<EntityType Name="user"', '<EntityType Name="odd" BaseType="graph.entity">\n'
        '<Property Name="x" Type="graph.nothing"/></EntityType>\n<EntityType Name="user"',
    )  # fmt: skip
    (tmp_path / FILE).write_bytes(data)
    message = "microsoft.graph.odd/x: the type microsoft.graph.nothing is not declared"
    lenient = graph_codegen("slice", FILE, *ROOT, "--output", "a", cwd=tmp_path)
    assert lenient.returncode == 0
    place = at(data, '<Property Name="x"')
    assert f"warning: {place}{message}" in lenient.stderr
    (error,) = refusal("slice", FILE, *ROOT, "--strict", output=tmp_path, cwd=tmp_path)
    assert error == place + message


@pytest.mark.parametrize("package", ["a.b", "../x"])
def test_a_package_name_that_is_none_is_refused(package: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(service())
    arguments = ("generate", "--metadata", FILE, *ROOT, "--package", package)
    assert refusal(*arguments, output=tmp_path, cwd=tmp_path) == [
        f"{package}: is not a name for a Python package"
    ]


def test_an_unknown_type_is_refused_and_a_doubtful_one_too(tmp_path: Path) -> None:
    data = document(SERVICE, '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" '
                    'Namespace="other"><ComplexType Name="Thing"/></Schema>',
                    '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" '
                    'Namespace="another"><ComplexType Name="thing"/></Schema>')  # fmt: skip
    (tmp_path / FILE).write_bytes(data)
    arguments = ("--metadata", FILE)
    assert refusal("inspect", "nothing", *arguments, output=tmp_path, cwd=tmp_path) == [
        f"{FILE}: there is no type nothing"
    ]
    assert refusal("inspect", "THING", *arguments, output=tmp_path, cwd=tmp_path) == [
        f"{FILE}: THING may be another.thing or other.Thing"
    ]


def test_a_line_number_is_not_taken_for_a_picture(tmp_path: Path) -> None:
    (tmp_path / "odd.xml").write_text("\n" * 99 + "<odd/>", encoding="utf-8")
    result = graph_codegen("inspect", "call", "--metadata", "odd.xml", cwd=tmp_path)
    assert "odd.xml:100: not a CSDL document" in result.stderr
