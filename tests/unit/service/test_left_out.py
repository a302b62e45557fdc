"""What no request reaches is told, by kind and name; what annotations rule out is not among it."""

from __future__ import annotations

from pathlib import Path

from graph_codegen.api import subset
from graph_codegen.service.left_out import count_left_out, find_left_out
from tests.support.csdl import ITEM, document, graph_codegen, model

SERVICE = ITEM + """
<EntityType Name="letter">
  <NavigationProperty Name="reply" Type="graph.item" ContainsTarget="true"/>
</EntityType>
<ComplexType Name="report">
  <Property Name="photo" Type="Edm.Stream"/>
  <NavigationProperty Name="author" Type="graph.item"/>
</ComplexType>
<EntityType Name="box">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
  <Property Name="report" Type="graph.report"/>
  <NavigationProperty Name="items" Type="Collection(graph.item)" ContainsTarget="true"/>
  <NavigationProperty Name="hidden" Type="Collection(graph.item)">
    <Annotation Term="Org.OData.Capabilities.V1.NavigationRestrictions">
      <Record><PropertyValue Property="Referenceable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.ReadRestrictions">
      <Record><PropertyValue Property="Readable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions">
      <Record><PropertyValue Property="Insertable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
      <Record><PropertyValue Property="Updatable" Bool="false"/></Record>
    </Annotation>
  </NavigationProperty>
</EntityType>
<Action Name="send" IsBound="true"><Parameter Name="it" Type="graph.letter"/></Action>
<Action Name="open" IsBound="true"><Parameter Name="it" Type="graph.box"/></Action>
<Function Name="now"><ReturnType Type="Edm.Date"/></Function>
<EntityContainer Name="c"><EntitySet Name="boxes" EntityType="graph.box"/></EntityContainer>
"""

LEFT_OUT = [
    "actions: microsoft.graph.send(microsoft.graph.letter)",
    "functions: microsoft.graph.now()",
    "navigation properties: microsoft.graph.letter/reply",
    "navigation properties: microsoft.graph.report/author",
    "streams: microsoft.graph.report/photo",
]


def test_each_declaration_without_a_path_is_told() -> None:
    found = find_left_out(model(SERVICE))
    assert [*map(str, found)] == LEFT_OUT
    assert count_left_out(found) == {
        "actions": 1,
        "functions": 1,
        "navigation properties": 2,
        "streams": 1,
    }


def test_a_service_without_gaps_is_not_told_of_any(tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.xml"
    items = '<EntitySet Name="items" EntityType="graph.item"/>'
    metadata.write_bytes(document(f'{ITEM}<EntityContainer Name="c">{items}</EntityContainer>'))
    done = graph_codegen(
        "generate", "--metadata", metadata, "--root", "all", "--output", tmp_path / "out"
    )
    assert "left out" not in done.stderr


def test_the_command_counts_or_lists_it(tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.xml"
    metadata.write_bytes(document(SERVICE))
    given = ("generate", "--metadata", metadata, "--root", "all", "--output", tmp_path / "out")
    short = graph_codegen(*given).stderr.splitlines()
    counts = "actions (1), functions (1), navigation properties (2), streams (1)"
    assert short[-1] == f"left out, since no path leads there: {counts}; --verbose lists it"
    full = graph_codegen(*given, "--verbose").stderr.splitlines()
    at = full.index(f"left out, since no path leads there: {counts}")
    assert full[at + 1 :] == [f"  {line}" for line in LEFT_OUT]


def test_provenance_lists_it(tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.xml"
    metadata.write_bytes(document(SERVICE))
    taken = subset(metadata, roots=["boxes", "letter"])
    assert taken.provenance["left_out"] == [line for line in LEFT_OUT if "now" not in line]
