"""The supplement: the metadata declares by now, or spells otherwise, what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import EnumType
from graph_codegen.errors import Diagnostic
from graph_codegen.facts import supplement
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.service.capabilities import is_optional
from tests.support.csdl import document
from tests.support.published import NEWEST, published

DECLARED = """
    <EnumType Name="status"><Member Name="Running" Value="7"/><Member Name="done"/></EnumType>
    <ComplexType Name="thing"><Property Name="known" Type="Edm.String"/></ComplexType>
    <ComplexType Name="special" BaseType="graph.thing">
      <Property Name="new" Type="Edm.Guid"/><Property Name="own" Type="Edm.Guid"/>
    </ComplexType>
    <Action Name="move" IsBound="true">
      <Parameter Name="it" Type="graph.thing"/><Parameter Name="known" Type="Edm.String"/>
    </Action>
    <Action Name="move" IsBound="true"><Parameter Name="it" Type="graph.status"/></Action>
"""

MOVE = "microsoft.graph.move(microsoft.graph.thing)"

FACTS = {
    "microsoft.graph.status": {"members": {"Running": "running", "Gone": "gone"}},
    "microsoft.graph.thing": {
        "properties": {
            "known": "Edm.Int32",
            "new": "Edm.Guid",
            "status": "Collection(microsoft.graph.status)",
            "later": "microsoft.graph.absent",
        },
    },
    "microsoft.graph.absent": {"members": {"A": "a"}, "properties": {"b": "Edm.String"}},
    MOVE: {"parameters": {"known": "Edm.Int32", "new": "microsoft.graph.thing"}},
    "microsoft.graph.move(microsoft.graph.absent)": {"parameters": {"new": "Edm.String"}},
}


@pytest.fixture
def applied(tmp_path: Path) -> tuple[Model, tuple[Diagnostic, ...]]:
    (tmp_path / supplement.FILE).write_text(json.dumps(FACTS), encoding="utf-8")
    declared = resolve(reader.read(document(DECLARED), "own"))
    return supplement.apply(declared, supplement.load(tmp_path))


Applied = tuple[Model, tuple[Diagnostic, ...]]


def test_members_are_spelled_as_the_service_spells_them(applied: Applied) -> None:
    status = applied[0].types["microsoft.graph.status"]
    assert isinstance(status, EnumType)
    assert [(member.name, member.value) for member in status.members] == [
        ("running", 7),
        ("done", 8),
    ]


def test_a_type_gets_the_properties_that_it_lacks_where_the_model_has_their_types(
    applied: Applied,
) -> None:
    thing = applied[0].structure("microsoft.graph.thing")
    assert thing is not None
    assert {item.name: str(item.type) for item in thing.properties} == {
        "known": "Edm.String",
        "new": "Edm.Guid",
        "status": "Collection(microsoft.graph.status)",
    }


def test_a_derived_type_inherits_what_its_base_type_got(applied: Applied) -> None:
    special = applied[0].structure("microsoft.graph.special")
    assert special is not None
    assert [item.name for item in special.properties] == ["own"]


def test_an_operation_gets_the_parameters_that_it_lacks_and_its_namesakes_do_not(
    applied: Applied,
) -> None:
    there, elsewhere = applied[0].operations
    assert {p.name: (str(p.type), is_optional(there, p)) for p in there.own} == {
        "known": ("Edm.String", True),
        "new": ("microsoft.graph.thing", True),
    }
    assert elsewhere.own == ()


def test_what_is_redundant_is_reported(applied: Applied) -> None:
    assert {(d.type, d.property) for d in applied[1]} == {
        ("microsoft.graph.status", "Gone"),
        ("microsoft.graph.thing", "known"),
        (MOVE, "known"),
    }


def test_all_that_ours_says_takes_effect_and_names_its_source() -> None:
    ours = supplement.load(folder("metadata"))
    before = resolve(reader.read_file(published(NEWEST)))
    after, redundant = supplement.apply(before, ours)
    assert redundant == ()
    subjects = {f"{o.name}({o.binding and o.binding.type})": o for o in after.operations}
    for name, additions in ours.items():
        added = {item.name for item in additions.properties}
        added |= {item.name for item in additions.parameters}
        structure, operation = after.structure(name), subjects.get(name)
        if operation:
            assert added <= {parameter.name for parameter in operation.own}
        elif structure:
            assert added <= {item.name for item in structure.properties}
        else:
            assert after.types[name] != before.types[name]

    content = json.loads((folder("metadata") / supplement.FILE).read_text(encoding="utf-8"))
    for entry in content.values():
        named = entry.get("properties", {}) | entry.get("parameters", {})
        assert entry.get("sources", {}).keys() <= named.keys()
        for page in (entry["source"], *entry.get("sources", {}).values()):
            assert page.startswith("https://learn.microsoft.com/graph/api/")
