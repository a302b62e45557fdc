"""No line that a command writes is a command for the CI that logs it, whatever documents and names hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.csdl import SERVICE, document, graph_codegen

TEXT = "##[group]x ##vso[task.setvariable variable=PATH]x&#10;::error::x&#10;  ::add-mask::x"

ANNOTATED = f"""
<Property Name="subject" Type="Edm.String" DefaultValue="{TEXT}">
  <Annotation Term="Org.OData.Core.V1.Description" String="{TEXT}"/>
  <Annotation Term="custom.note" String="{TEXT}"/>
  <Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
    <PropertyValue Property="Date" Date="2026-01-01"/>
    <PropertyValue Property="Version" String="2026-01/{TEXT}"/>
    <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated"/>
    <PropertyValue Property="Description" String="{TEXT}"/>
    <PropertyValue Property="RemovalDate" Date="2027-01-01"/>
  </Record></Collection></Annotation>
</Property>
"""
NEW = SERVICE.replace('<Property Name="state"', f'{ANNOTATED}<Property Name="state"')
OTHER = NEW.replace("##[group]x", "##[endgroup]y")
ODD = SERVICE.replace('Name="mute"', f'Name="{TEXT}"')
UNKNOWN = SERVICE.replace('Type="graph.callState"', f'Type="{TEXT}"')
TERM = NEW.replace("custom.note", TEXT)

COMMANDS = (
    *(("diff", "old.xml", "new.xml", "--format", form) for form in ("terminal", "markdown")),
    *(("diff", "new.xml", "other.xml", "--format", form) for form in ("terminal", "html", "json")),
    ("diff", "new.xml", "other.xml", "--code"),
    ("diff", "old.xml", "odd.xml"),
    ("diff", "old.xml", "term.xml"),
    ("diff", "##[group].xml", "new.xml"),
    ("diff", "old.xml", "new.xml", "--root", "##[group]"),
    ("diff", "old.xml", "new.xml", "--format", "##[group]"),
    ("diff", "old.xml", "new.xml", "--##[group]"),
    ("deprecations", "new.xml"),
    ("deprecations", "new.xml", "--format", "json"),
    ("inspect", "call", "--metadata", "new.xml"),
    ("inspect", "##[group]", "--metadata", "new.xml"),
    ("roots", "new.xml", "subject"),
    ("roots", "unknown.xml"),
    ("slice", "new.xml", "--output", "sliced"),
    ("slice", "odd.xml", "--output", "sliced"),
    ("openapi", "--metadata", "new.xml"),
    ("openapi", "--metadata", "new.xml", "--descriptions"),
    ("generate", "--metadata", "odd.xml", "--output", "##[group]"),
    ("##[group]",),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("##[group]")
    bodies = {"old": SERVICE, "new": NEW, "other": OTHER, "odd": ODD, "unknown": UNKNOWN}
    for name, body in {**bodies, "term": TERM, "##[group]": SERVICE}.items():
        (folder / f"{name}.xml").write_bytes(document(body))
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_line_is_a_command_for_a_ci(folder: Path, words: tuple[str, ...]) -> None:
    roots = ("--root", "communications") if words[0] == "diff" else ()
    done = graph_codegen(*words, *roots, cwd=folder)
    for line in re.split("[\r\n]", done.stdout + done.stderr):
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##\w*\[", line), line
    assert done.stdout or done.stderr
    if "json" in words:
        assert "##[group]" in json.dumps(json.loads(done.stdout))
