"""XML that attacks its reader is refused with one line or read correctly, in bounded time and memory.

Each document goes through the command in a process of its own, whose memory has a limit.
"""

from __future__ import annotations

import codecs
import encodings.aliases
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from graph_codegen.csdl import xml
from graph_codegen.errors import CodegenError
from graph_codegen.update.fetch import fetch_document
from tests.support.csdl import ROOT, SERVICE, document

FILE = "input.csdl.xml"
MEMORY = 1536 * 2**20
SECONDS = 20
COMMITTED = Path(__file__).parents[2] / "metadata" / "communications.csdl.xml"

GOOD = document(SERVICE).decode()
TOO_MUCH = "more than 10,000 things are not understood"
DOCTYPE = "a document type declaration is refused"


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that writes to `out`, with bounds."""
    return subprocess.run(
        [sys.executable, "-m", "graph_codegen", *arguments, *ROOT, "--output", "out"],
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def slice_(data: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `slice` on a document, with bounds."""
    (folder / FILE).write_bytes(data)
    return command(folder, "slice", FILE)


def refusal(data: bytes, folder: Path) -> str:
    """Return the one line with which a document is refused."""
    result = slice_(data, folder)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    assert not (folder / "out").exists()
    reading, *lines = result.stderr.splitlines()
    assert reading.startswith("reading ")
    (line,) = lines
    assert line.startswith(f"error: {FILE}")
    assert line.isprintable()
    assert len(line) < 1000
    return line.removeprefix("error: ")


def before_root(text: str) -> bytes:
    return (text + GOOD).encode()


def within(text: str) -> bytes:
    """Return the document with something at the start of its schema."""
    return GOOD.replace('Alias="graph">', f'Alias="graph">{text}', 1).encode()


def entities(count: int, times: int) -> str:
    """Return entities, each of which repeats the previous one many times."""
    lines = ['<!ENTITY e0 "ha">']
    lines += [f'<!ENTITY e{n} "{f"&e{n - 1};" * times}">' for n in range(1, count)]
    return "".join(lines)


def attributes(count: int, prefix: str = "") -> str:
    return " ".join(f"{prefix}a{n}='{n}'" for n in range(count))


def chain(length: int, step: int = 1) -> str:
    """Return types of which each is the base of the next."""
    bases = ["", *(f' BaseType="graph.t{n}"' for n in range(length - 1))]
    types = [f'<ComplexType Name="t{n}"{base}/>' for n, base in enumerate(bases)]
    return "".join(types[::step])


def properties(count: int) -> str:
    return "".join(f'<Property Name="p{n}" Type="Edm.String"/>' for n in range(count))


def keys(count: int) -> str:
    """Return a type whose key has many parts."""
    parts = "".join(f'<PropertyRef Name="p{n}"/>' for n in range(count))
    return f'<EntityType Name="big"><Key>{parts}</Key>{properties(count)}</EntityType>'


REFUSED: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "billion laughs": (
        lambda: before_root(f"<!DOCTYPE a [{entities(10, 10)}]>").replace(b"Version", b"&e9; Version"),
        DOCTYPE,
    ),
    "quadratic blowup": (
        lambda: before_root(f'<!DOCTYPE a [<!ENTITY a "{"x" * 100_000}">]>'), DOCTYPE,
    ),
    "external entity": (
        lambda: before_root('<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), DOCTYPE,
    ),
    "parameter entity": (
        lambda: before_root('<!DOCTYPE a [<!ENTITY % a SYSTEM "http://localhost:9/"> %a;]>'), DOCTYPE,
    ),
    "external subset": (
        lambda: before_root('<!DOCTYPE a PUBLIC "-//a//b" "http://localhost:9/a.dtd">'), DOCTYPE,
    ),
    "undeclared entity": (lambda: within("&nothing;"), "not well-formed XML"),
    "deep": (lambda: within("<a>" * 10_000 + "</a>" * 10_000), "more than 256 levels"),
    "deeper": (lambda: within("<a>" * 400_000), "more than 256 levels"),
    "a million lines": (lambda: within("\n" * 1_000_001), "more than 1,000,000 lines"),
    "an attribute of 11 MB": (lambda: within(f'<a b="{"x" * 11_000_000}"/>'), "not well-formed XML"),
    "a text of 11 MB": (lambda: within("x" * 11_000_000), "not well-formed XML"),
    "a name of 1 MB": (lambda: within(f"<{'x' * 1_000_000}/>"), "not well-formed XML"),
    "a million attributes": (
        lambda: within(f"<a {attributes(1_000_001)}/>"), "more than 1,000,000 attributes",
    ),
    "many attributes": (
        lambda: within(f"<EnumType Name='a' {attributes(200_000)}/>"), "EnumType has 200001 attributes",
    ),
    "many namespaces": (
        lambda: within(f"<a {attributes(200_000, 'xmlns:')}/>" + "<c/>" * 10_001), TOO_MUCH,
    ),
    "a million elements": (lambda: within("<a/>" * 1_000_001), "more than 1,000,000 elements"),
    "half a million elements": (
        lambda: within("<a/>" * 500_000), TOO_MUCH,
    ),
    "findings after reading": (
        lambda: within(
            '<ComplexType Name="big">'
            + "".join(f'<Property Name="p{n}" Type="graph.nothing"/>' for n in range(20_000))
            + "</ComplexType>"
        ),
        TOO_MUCH,
    ),
    "a name a hundred thousand times": (
        lambda: within(
            '<ComplexType Name="big">'
            + '<Property Name="p" Type="Edm.String"/>' * 100_000
            + "</ComplexType>"
        ),
        TOO_MUCH,
    ),
    "a hundred thousand base types": (
        lambda: within(chain(100_000)), "microsoft.graph.t50: more than 50 levels of base types",
    ),
    "a hundred thousand base types, the last first": (
        lambda: within(chain(100_000, -1)), "more than 50 levels of base types",
    ),
    "a circle of a hundred thousand base types": (
        lambda: within(
            chain(100_000).replace('"t0"', '"t0" BaseType="graph.t99999"')
        ),
        "more than 50 levels of base types",
    ),
    "many types that inherit much": (
        lambda: within(
            f'<ComplexType Name="big">{properties(10_000)}</ComplexType>'
            + "".join(f'<ComplexType Name="t{n}" BaseType="graph.big"/>' for n in range(10_000))
        ),
        "more than 200,000 properties, counted for each type that inherits them",
    ),
    "sixty thousand annotations of one type": (
        lambda: within(
            '<Annotations Target="graph.call"><Annotation Term="a.b"/></Annotations>' * 60_000
        ),
        "microsoft.graph.call: more than 1,000 annotations",
    ),
    "65 MB": (lambda: before_root(" " * 65 * 2**20), "larger than 64 MB"),
    "unclosed comment": (lambda: before_root("<!--" + "x" * 1_000_000), "not well-formed XML"),
    "unclosed section": (lambda: within("<![CDATA[" + "x" * 1_000_000), "not well-formed XML"),
    "NUL": (lambda: within("\0"), "not well-formed XML"),
    "NUL by reference": (lambda: within("&#0;"), "not well-formed XML"),
    "escape by reference": (lambda: within('<a b="&#27;[31m"/>'), "not well-formed XML"),
    "surrogate by reference": (lambda: within("&#xD800;"), "not well-formed XML"),
    "invalid UTF-8": (lambda: within("é").replace("é".encode(), b"\xc3("), "not well-formed XML"),
    "overlong UTF-8": (lambda: within("é").replace("é".encode(), b"\xc0\xbc"), "not well-formed XML"),
    "UTF-8 that says UTF-16": (
        lambda: before_root('<?xml version="1.0" encoding="utf-16"?>'), "not well-formed XML",
    ),
    "UTF-7": (lambda: before_root('<?xml version="1.0" encoding="utf-7"?>'), ""),
    "an unknown encoding": (
        lambda: before_root('<?xml version="1.0" encoding="nonsense"?>'), "the encoding is not",
    ),
    "EBCDIC": (
        lambda: ('<?xml version="1.0" encoding="cp037"?>' + GOOD).encode("cp037"), "neither XML nor text",
    ),
    "ASCII that says EBCDIC": (
        lambda: before_root('<?xml version="1.0" encoding="cp037"?>'), "",
    ),
    "UTF-32": (lambda: codecs.BOM_UTF32_LE + GOOD.encode("utf-32-le"), "neither XML nor text"),
    "UTF-16 with the mark of UTF-8": (
        lambda: codecs.BOM_UTF8 + GOOD.encode("utf-16-le"), "not well-formed XML",
    ),
    "two documents": (lambda: (GOOD + GOOD).encode(), "not well-formed XML"),
    "a value beyond all integers": (
        lambda: within(f'<EnumType Name="a"><Member Name="b" Value="{"9" * 10_000}"/></EnumType>'),
        "is not an integer",
    ),
    "a value beyond 64 bits": (
        lambda: within(f'<EnumType Name="a"><Member Name="b" Value="{2**63}"/></EnumType>'),
        "does not fit 64 bits",
    ),
    "a successor beyond 64 bits": (
        lambda: within(
            f'<EnumType Name="a"><Member Name="b" Value="{2**63 - 1}"/><Member Name="c"/></EnumType>'
        ),
        "does not fit 64 bits",
    ),
    "a root element that is a terminal's": (
        lambda: b'<a xmlns="x&#x9b;31m&#10;error: all is well"/>',
        "is {x\\u009b31m\\u000aerror: all is well}a",
    ),
    "a root element in the dark": (
        lambda: b'<a xmlns="urn:&#x202e;&#x200b;"/>', "is {urn:\\u202e\\u200b}a",
    ),
    "a reserved namespace": (
        lambda: GOOD.replace("microsoft.graph", "Edm").encode(), "a schema cannot call itself Edm",
    ),
    "a reserved alias": (
        lambda: GOOD.replace('Alias="graph"', 'Alias="Edm"').replace('"graph.', '"Edm.').encode(),
        "a schema cannot call itself Edm",
    ),
}  # fmt: skip
"""Documents that are refused, with a part of the message."""


@pytest.mark.parametrize("name", REFUSED)
def test_an_attack_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, message = REFUSED[name]
    assert message in refusal(make(), tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.xml").open("wb") as file:
        file.truncate(20 * 2**30)
    result = command(tmp_path, "slice", "sparse.xml")
    assert result.returncode == 2
    assert result.stderr.splitlines()[1:] == ["error: sparse.xml: larger than 64 MB"]
    with pytest.raises(CodegenError, match="larger than 64 MB"):
        fetch_document(str(tmp_path / "sparse.xml"), date(2026, 8, 4))
    with pytest.raises(CodegenError, match="it is not a regular file"):
        fetch_document("/dev/zero", date(2026, 8, 4))


DEEP_RECORD = (
    '<Annotations Target="graph.call"><Annotation Term="a.b">'
    + '<Record><PropertyValue Property="p">' * 110
    + "</PropertyValue></Record>" * 110
    + "</Annotation></Annotations>"
)

READ: Mapping[str, Callable[[], bytes]] = {
    "a mark of UTF-8": lambda: codecs.BOM_UTF8 + GOOD.encode(),
    "UTF-16": lambda: GOOD.encode("utf-16"),
    "UTF-16, the other way": lambda: codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be"),
    "Latin": lambda: before_root('<?xml version="1.0" encoding="iso-8859-1"?>'),
    "instructions": lambda: before_root('<?xml-stylesheet href="file:///etc/passwd"?><?php x ?>'),
    "a long comment": lambda: before_root(f"<!--{'x' * 9_000_000}-->"),
    "an inclusion": lambda: within(
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    ),
    "a description of 9 MB": lambda: within(
        '<Annotations Target="graph.call"><Annotation Term="Org.OData.Core.V1.Description"'
        f' String="{"word " * 1_800_000}"/></Annotations>'
    ),
    "a schema location": lambda: GOOD.replace(
        "<Schema ", '<Schema xml:base="http://localhost:9/" ', 1
    ).encode(),
    "deep records": lambda: within(DEEP_RECORD),
    "a hundred thousand properties": lambda: within(
        f'<ComplexType Name="big">{properties(100_000)}</ComplexType>'
    ),
    "a key of thirty thousand parts": lambda: within(keys(30_000)),
    "thirty thousand partners": lambda: within(
        '<EntityType Name="big">'
        + "".join(
            f'<NavigationProperty Name="p{n}" Type="graph.big" Partner="p{n}"/>'
            for n in range(30_000)
        )
        + "</EntityType>"
    ),
    "thirty thousand bindings": lambda: GOOD.replace(
        "</EntityContainer>",
        "".join(
            f'<Singleton Name="s{n}" Type="graph.user">'
            '<NavigationPropertyBinding Path="x" Target="s29999"/></Singleton>'
            for n in range(30_000)
        )
        + "</EntityContainer>",
    ).encode(),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_odd_but_right_is_read(name: str, tmp_path: Path) -> None:
    result = slice_(READ[name](), tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    written = (tmp_path / "out" / "communications.csdl.xml").read_text("utf-8")
    assert '<EntityType Name="call"' in written
    assert "root:" not in written


GENERATED: Mapping[str, Callable[[], str]] = {
    "a key of three thousand parts": lambda: keys(3_000),
    "fifty levels of base types": lambda: chain(50),
}


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_odd_but_right_is_generated(name: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(within(GENERATED[name]()))
    result = command(tmp_path, "generate", "--metadata", FILE, "--root", "all")
    assert result.returncode == 0, result.stderr[-2000:]


def test_too_many_levels_are_refused_before_anything_is_generated(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(within(chain(51)))
    result = command(tmp_path, "generate", "--metadata", FILE)
    assert result.returncode == 2
    error = result.stderr.splitlines()[-1]
    assert error.endswith("microsoft.graph.t50: more than 50 levels of base types")
    assert not (tmp_path / "out").exists()


def test_a_truncated_document_is_refused_wherever_it_ends() -> None:
    data = COMMITTED.read_bytes()
    for part in range(50):
        with pytest.raises(CodegenError) as caught:
            xml.parse(data[: len(data) * part // 50], FILE)
        (diagnostic,) = caught.value.diagnostics
        assert diagnostic.message.startswith("not well-formed XML"), part
        assert diagnostic.place.line > 0


ENCODINGS = sorted({*encodings.aliases.aliases, *encodings.aliases.aliases.values()})


@pytest.mark.parametrize("start", ["<a", "<!DOCTYPE a [<!ENTITY b 'c'>]><a"])
def test_no_encoding_hides_a_document_type(start: str) -> None:
    """Under any encoding that Python or libxml2 knows, a document type is refused or not there."""
    refused: list[str] = []
    for encoding in ENCODINGS:
        for written in ("ascii", encoding):
            text = f'<?xml version="1.0" encoding="{encoding}"?>{start} b="x">&amp;</a>'
            try:
                data = text.encode(written)
            except (LookupError, ValueError, TypeError, UnicodeError, AssertionError):
                continue
            try:
                xml.parse(data, FILE)
            except CodegenError as problem:
                refused.append(str(problem))
            else:
                assert "DOCTYPE" not in start, encoding
    assert len(refused) > 50
    assert all(map(str.isprintable, refused))
