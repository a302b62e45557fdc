"""Normalised CSDL: what is written is read back as the same model, in the same bytes."""

from __future__ import annotations

from hypothesis import given

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Annotation, Binding, Constant, Record
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.writer import write
from tests.support.csdl import model, schema
from tests.support.models import MODELS


@given(MODELS)
def test_what_is_written_is_read_back_as_the_same_model(written: Model) -> None:
    data = write(written)
    read = resolve(reader.read(data, "written"))
    assert read == written
    assert write(read) == data


SPELLED_APART = """
<EntityType Name="b"><Property Name="z" Type="Edm.String"/><Property Name="a" Type="graph.e"/>
</EntityType>
<EnumType Name="e" UnderlyingType="Edm.Int32" IsFlags="false">
  <Member Name="two" Value="2"/><Member Name="one" Value="1"/><Member Name="next"/>
</EnumType>
<ComplexType Name="a" Abstract="false"/>
<Annotations Target="graph.b/z"><Annotation Term="t.b"/><Annotation Term="t.a" Bool="true"/>
</Annotations>
"""

NORMAL = """<?xml version='1.0' encoding='utf-8'?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
  <edmx:DataServices>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="microsoft.graph">
      <EnumType Name="e">
        <Member Name="one" Value="1"/>
        <Member Name="next" Value="2"/>
        <Member Name="two" Value="2"/>
      </EnumType>
      <ComplexType Name="a"/>
      <EntityType Name="b">
        <Property Name="a" Type="microsoft.graph.e"/>
        <Property Name="z" Type="Edm.String">
          <Annotation Term="t.a" Bool="true"/>
          <Annotation Term="t.b"/>
        </Property>
      </EntityType>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"""


def test_each_fact_has_one_spelling() -> None:
    assert write(model(SPELLED_APART)).decode() == NORMAL


def test_each_namespace_is_a_schema_in_order() -> None:
    found = model(
        schema('<EnumType Name="e"/>', "z", ""), schema('<ComplexType Name="c"/>', "a", "")
    )
    text = write(found).decode()
    assert text.index('Namespace="a"') < text.index('Namespace="z"')
    assert text.count("<Schema") == 2


def test_descriptive_text_is_left_out_and_nothing_else() -> None:
    body = """<ComplexType Name="t">
      <Annotation Term="Org.OData.Core.V1.Description" String="text"/>
      <Annotation Term="Org.OData.Core.V1.LongDescription" String="text"/>
      <Annotation Term="a.b"><Record>
        <PropertyValue Property="Description" String="text"/>
        <PropertyValue Property="Kept" String="fact"/>
      </Record></Annotation>
    </ComplexType>"""
    data = write(model(body))
    assert b"text" not in data
    found = resolve(reader.read(data, "written")).types["microsoft.graph.t"]
    assert found.annotations == (
        Annotation("a.b", Record((("Kept", Constant("String", "fact")),))),
    )


def test_bindings_partners_and_keys_are_written() -> None:
    body = """<EntityType Name="t"><Key><PropertyRef Name="z"/><PropertyRef Name="a"/></Key>
      <Property Name="a" Type="Edm.String"/><Property Name="z" Type="Edm.String"/>
      <NavigationProperty Name="n" Type="graph.t" Partner="n"/></EntityType>
    <EntityType Name="u" BaseType="graph.t"/>
    <EntityContainer Name="c"><EntitySet Name="s" EntityType="graph.t">
      <NavigationPropertyBinding Path="n" Target="s"/></EntitySet></EntityContainer>"""
    read = resolve(reader.read(write(model(body)), "written"))
    assert read == model(body)
    assert read.key("microsoft.graph.u") == ("z", "a")
    assert read.container
    assert read.container.sources[0].bindings == (Binding("n", "s"),)
