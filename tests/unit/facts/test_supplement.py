"""The supplement: the metadata declares by now, or spells otherwise, what it says."""

from __future__ import annotations

import json
from pathlib import Path

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import EnumType
from graph_codegen.facts import supplement
from graph_codegen.model.resolver import resolve
from tests.support.csdl import document

DECLARED = """
    <EnumType Name="status"><Member Name="Running" Value="7"/><Member Name="done"/></EnumType>
    <ComplexType Name="thing"><Property Name="known" Type="Edm.String"/></ComplexType>
"""

FACTS = {
    "microsoft.graph.status": {"members": {"Running": "running", "Gone": "gone"}},
    "microsoft.graph.thing": {"properties": {"known": "Edm.Int32", "new": "Edm.Guid"}},
    "microsoft.graph.absent": {"members": {"A": "a"}, "properties": {"b": "Edm.String"}},
}


def test_a_model_takes_what_it_lacks_and_tells_what_is_redundant(tmp_path: Path) -> None:
    (tmp_path / supplement.FILE).write_text(json.dumps(FACTS), encoding="utf-8")
    declared = resolve(reader.read(document(DECLARED), "own"))
    model, redundant = supplement.apply(declared, supplement.load(tmp_path))

    status = model.types["microsoft.graph.status"]
    assert isinstance(status, EnumType)
    assert [(member.name, member.value) for member in status.members] == [
        ("running", 7),
        ("done", 8),
    ]
    thing = model.structure("microsoft.graph.thing")
    assert thing is not None
    properties = {item.name: str(item.type) for item in thing.properties}
    assert properties == {"known": "Edm.String", "new": "Edm.Guid"}
    assert {(d.type, d.property) for d in redundant} == {
        ("microsoft.graph.status", "Gone"),
        ("microsoft.graph.thing", "known"),
    }
