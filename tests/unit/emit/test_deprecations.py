"""What is deprecated: told by type checkers and in every text, and never when a program runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from graph_codegen.csdl import reader
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.model.deprecations import Deprecation, find_deprecation, list_deprecated
from graph_codegen.model.resolver import resolve
from graph_codegen.openapi.reader import read as read_openapi
from tests.hostile import values
from tests.hostile.allowed import findings
from tests.hostile.generated import Generated, generate, imported
from tests.support.csdl import FILE, document, graph_codegen, model

KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'


def revision(date: str = "2024-01-02", kind: str = "Deprecated", **told: str) -> str:
    more = "".join(f'<PropertyValue Property="{n}" String="{text}"/>' for n, text in told.items())
    return (
        f'<Record><PropertyValue Property="Date" Date="{date}"/><PropertyValue Property="Kind">'
        f"<EnumMember>Org.OData.Core.V1.RevisionKind/{kind}</EnumMember></PropertyValue>"
        f'<PropertyValue Property="RemovalDate" Date="2026-01-02"/>{more}</Record>'
    )


def revisions(*records: str) -> str:
    told = "".join(records)
    return (
        '<Annotation Term="Org.OData.Core.V1.Revisions"><Collection>'
        f"{told}</Collection></Annotation>"
    )


OLD = revisions(
    revision(Version="2024-01/X", Description="Use &quot;it&quot; \\ edm Field _graph. instead.")
)
WHEN = "Deprecated since 2024-01-02 (2024-01/X); removal date 2026-01-02."

SERVICE = f"""
<EntityType Name="root">{KEY}
  <Property Name="old" Type="Edm.String">{OLD}</Property>
  <Property Name="OLD" Type="graph.kind">{OLD}</Property>
  <NavigationProperty Name="kids" Type="Collection(graph.kid)" ContainsTarget="true">
    {OLD}</NavigationProperty>
</EntityType>
<EntityType Name="kid">{KEY}
  <NavigationProperty Name="toy" Type="graph.toy" ContainsTarget="true"/></EntityType>
<EntityType Name="toy">{KEY}</EntityType>
<EntityType Name="alert" BaseType="graph.root">{OLD}</EntityType>
<EntityType Name="siren" BaseType="graph.alert"/>
<EnumType Name="kind"><Member Name="a">{OLD}</Member><Member Name="b"/>{OLD}</EnumType>
<EnumType Name="flags" IsFlags="true"><Member Name="a" Value="1"/>{OLD}</EnumType>
<Action Name="deprecated" IsBound="true"><Parameter Name="on" Type="graph.root"/>
  <Parameter Name="p" Type="Edm.String">{OLD}</Parameter></Action>
<Action Name="stop" IsBound="true"><Parameter Name="on" Type="graph.root"/>{OLD}</Action>
<EntityContainer Name="c"><EntitySet Name="roots" EntityType="graph.root"/>
  <EntitySet Name="alerts" EntityType="graph.alert"/></EntityContainer>
"""


@pytest.fixture(scope="module")
def made() -> Generated:
    return generate(document(SERVICE))


def test_of_several_revisions_the_latest_deprecation_counts() -> None:
    text = revisions(
        revision("2020-01-01"), revision("2024-05-06"), revision("2025-01-01", "Added")
    )
    found = model(f'<ComplexType Name="t">{text}</ComplexType><ComplexType Name="u"/>')
    deprecations = [find_deprecation(declared.annotations) for declared in found.types.values()]
    assert deprecations == [Deprecation("2024-05-06", "2026-01-02"), None]
    assert Deprecation().text == "Deprecated."


def test_code_marks_it_and_the_text_is_only_data(made: Generated) -> None:
    assert findings(made.files, made.package) == []
    models = made.files[f"{made.package}/models/graph.py"]
    marked = {
        line.partition("(")[0].removeprefix("class ")
        for before, line in zip(models.split("\n"), models.split("\n")[1:], strict=False)
        if before == ")" and line.startswith("class ")
    }
    assert marked == {"Kind", "Flags", "Alert"}
    assert models.count('json_schema_extra={"deprecated": True}') == 3
    assert "reportDeprecated=false" in models
    client = made.files[f"{made.package}/client.py"]
    assert f"p: `p` of the action. {WHEN}" in " ".join(client.split())


def test_nothing_warns_when_a_program_runs(made: Generated) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with imported(made) as module:
            values.check(made, module)
            models: Any = module("models")
            assert models.Root(old="x").old == "x"
            assert models.Alert.__deprecated__.startswith(WHEN)


def schema_of(cls: Any) -> Any:
    whole = cls.model_json_schema()
    return whole.get("$defs", {}).get(cls.__name__, whole)


def test_json_schemas_say_it_of_what_it_is_about(made: Generated) -> None:
    with imported(made) as module:
        models: Any = module("models")
        told = {name: schema_of(getattr(models, name)) for name in ("Root", "Alert", "Siren")}
    assert told["Alert"]["deprecated"] is True
    assert "deprecated" not in told["Siren"]  # which derives from it
    assert "deprecated" not in told["Root"]
    properties = told["Root"]["properties"]
    assert {n for n, schema in properties.items() if schema.get("deprecated")} == {
        "old",
        "OLD",
        "kids",
    }


def test_type_checkers_show_it(made: Generated, tmp_path: Path) -> None:
    for path, text in made.files.items():
        if path.endswith((".py", ".typed")):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
    (tmp_path / "program.py").write_text(
        f"from {made.package} import GraphClient, models\n\nclient = GraphClient('x')\n"
        "client.roots.stop('1')\nclient.alerts.get('1')\nclient.roots.kids.toy.get('1', '2')\n"
        "client.roots.get('1')\nmodels.Alert()\nmodels.Root()\nmodels.Flags('a')\n",
        encoding="utf-8",
    )
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--enable-error-code=deprecated", "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    lines = [
        int(n)
        for n in re.findall(r"^program\.py:(\d+): .*\[deprecated\]$", mypy.stdout, re.MULTILINE)
    ]
    assert sorted({*lines}) == [4, 5, 6, 8, 10], mypy.stdout
    assert all(line.startswith("program.py") for line in mypy.stdout.splitlines()[:-1])


def test_openapi_says_it_as_microsoft_does() -> None:
    found = resolve(reader.read(document(SERVICE), FILE))
    written = build_openapi(found, assign_names(found), Descriptions({}, {}))
    schemas = written["components"]["schemas"]
    told = {
        "date": "2024-01-02",
        "removalDate": "2026-01-02",
        "version": "2024-01/X",
        "description": 'Use "it" \\ edm Field _graph. instead.',
    }
    assert schemas["Alert"]["deprecated"] is True
    assert schemas["Alert"]["x-ms-deprecation"] == told
    assert schemas["Root"]["properties"]["old"]["x-ms-deprecation"] == told
    assert "deprecated" not in schemas["Root"]
    deprecated = {
        f"{method} {path}"
        for path, item in written["paths"].items()
        for method, operation in item.items()
        if operation.get("deprecated")
    }
    assert "post /roots/{root-id}/stop" in deprecated
    assert "get /roots/{root-id}/kids/{kid-id}/toy" in deprecated
    assert "get /alerts/{alert-id}" in deprecated
    assert "get /roots/{root-id}" not in deprecated


def test_what_openapi_says_of_it_is_read_back() -> None:
    found = resolve(reader.read(document(SERVICE), FILE))
    written = build_openapi(found, assign_names(found), Descriptions({}, {}))
    again = resolve(read_openapi(json.dumps(written).encode(), "openapi.json"))
    assert list_deprecated(again) == list_deprecated(found)


def test_commands_list_it(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(document(SERVICE))
    given = ("--metadata", tmp_path / FILE)
    done = graph_codegen("deprecations", tmp_path / FILE, "--root", "all")
    elements = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert elements == [one.element for one in list_deprecated(model(SERVICE))]
    assert "microsoft.graph.deprecated(microsoft.graph.root, Edm.String)/p" in elements
    assert WHEN in done.stdout
    shown = graph_codegen("inspect", "root", *given).stdout
    assert f"old: {WHEN}" in shown
    assert f"microsoft.graph.stop: {WHEN}" in shown or f"stop: {WHEN}" in shown
    data = json.loads(graph_codegen("inspect", "alert", *given, "--format", "json").stdout)
    assert data["deprecated"]["removal_date"] == "2026-01-02"


@pytest.mark.parametrize(
    ("given", "left", "code"),
    [
        (("--on", "2025-10-04"), 90, 0),
        (("--on", "2025-10-04", "--within", "90d"), 90, 0),
        (("--on", "2025-10-04", "--within", "89d"), None, 0),
        (("--on", "2025-10-04", "--within", "89d", "--fail-on", "deprecated"), None, 0),
        (("--on", "2025-10-04", "--fail-on", "deprecated"), 90, 1),
        (("--on", "2026-01-01", "--fail-on", "expired"), 1, 0),
        (("--on", "2026-01-02", "--fail-on", "expired"), 0, 1),
        (("--on", "2026-01-03", "--within", "0d", "--fail-on", "expired"), -1, 1),
    ],
)
def test_days_are_counted_from_a_day(
    tmp_path: Path, given: tuple[str, ...], left: int | None, code: int
) -> None:
    (tmp_path / FILE).write_bytes(document(f'<ComplexType Name="old">{OLD}</ComplexType>'))
    path = tmp_path / FILE
    done = graph_codegen("deprecations", path, "--root", "all", *given, "--format", "json")
    found = [one["days_left"] for one in json.loads(done.stdout)["deprecations"]]
    assert found == ([] if left is None else [left])
    assert done.returncode == code
