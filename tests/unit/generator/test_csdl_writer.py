"""Normalised CSDL: what is written is read back as the same model, in the same bytes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from graph_codegen import csdl
from graph_codegen.csdl_writer import write
from graph_codegen.edm import (
    Annotation,
    Binding,
    Collection,
    Constant,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    Member,
    Model,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    ReturnType,
    StructuredType,
    Term,
    TypeRef,
)
from graph_codegen.resolve import resolve
from tests.support.csdl import model, schema

NAMES = st.sampled_from(["a", "b", "Zeta", "_v2", "isE2EEncrypted"])
TEXTS = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters="\t\n\r"), max_size=12
)
FLAGS = st.sampled_from([None, True, False])
FACETS = st.sampled_from([(), (("MaxLength", "36"),), (("Precision", "9"), ("Scale", "variable"))])

ITEM = "microsoft.graph.item"
REFS = st.builds(
    TypeRef, st.sampled_from(["Edm.String", "Edm.Int64", "other.kind", ITEM]), st.booleans()
)

CONSTANTS = st.one_of(
    st.builds(Constant, st.sampled_from(["String", "Path"]), TEXTS),
    st.sampled_from([Constant("Bool", "true"), Constant("EnumMember", "a.b/c")]),
)


def _containers(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    values = st.dictionaries(NAMES, inner, max_size=3).map(lambda d: tuple(sorted(d.items())))
    items = st.lists(inner.filter(lambda v: not isinstance(v, Collection)), max_size=3)
    return st.one_of(
        st.builds(Record, values, st.sampled_from(["", "a.record"])),
        st.builds(Collection, items.map(tuple)),
    )


# The text of an element is trimmed where spaces mean nothing; text proper is not.
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    CONSTANTS.map(lambda c: replace(c, text=c.text.strip()) if c.kind == "Path" else c),
    _containers,
    max_leaves=5,
)
ANNOTATIONS = st.dictionaries(
    st.tuples(st.sampled_from(["a.b", "Org.OData.Core.V1.Computed"]), st.sampled_from(["", "q"])),
    st.none() | EXPRESSIONS,
    max_size=2,
).map(lambda d: tuple(Annotation(t, v, q) for (t, q), v in sorted(d.items(), key=lambda i: i[0])))


def _by_name(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    unique = st.lists(strategy, max_size=3, unique_by=lambda item: item.name)  # type: ignore[attr-defined]
    return unique.map(lambda items: tuple(sorted(items, key=lambda item: item.name)))  # type: ignore[attr-defined]


MEMBERS = st.lists(
    st.builds(Member, NAMES, st.integers(-(2**63), 2**63 - 1), ANNOTATIONS),
    max_size=3,
    unique_by=lambda member: member.name,
).map(lambda members: tuple(sorted(members, key=lambda m: (m.value, m.name))))
PROPERTIES = _by_name(st.builds(Property, NAMES, REFS, FLAGS, FACETS, ANNOTATIONS))
NAVIGATION = _by_name(
    st.builds(
        NavigationProperty,
        NAMES.map(lambda name: f"{name}Nav"),
        st.builds(TypeRef, st.just(ITEM), st.booleans()),
        FLAGS,
        st.booleans(),
        st.just(""),
        ANNOTATIONS,
    )
)
ENUMS = st.builds(
    EnumType,
    st.just("other.kind"),
    MEMBERS,
    st.sampled_from(["Edm.Int32", "Edm.Byte", "Edm.Int64"]),
    st.booleans(),
    ANNOTATIONS,
)
ITEMS = st.builds(
    StructuredType,
    st.just("EntityType"),
    st.just(ITEM),
    st.just(""),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.just(()),
    PROPERTIES,
    NAVIGATION,
    ANNOTATIONS,
)
OPERATIONS = st.builds(
    Operation,
    st.just("Function"),
    st.just("other.call"),
    st.lists(
        st.builds(Parameter, NAMES, REFS, FLAGS, FACETS, ANNOTATIONS),
        min_size=1,
        max_size=3,
        unique_by=lambda parameter: parameter.name,
    ).map(tuple),
    st.none() | st.builds(ReturnType, REFS, FLAGS, FACETS, ANNOTATIONS),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "a/b"]),
    ANNOTATIONS,
)
SOURCES = _by_name(
    st.builds(
        EntitySource,
        st.sampled_from(["EntitySet", "Singleton"]),
        NAMES,
        st.just(ITEM),
        st.just(()),
        ANNOTATIONS,
    )
)
MODELS = st.builds(
    lambda enum, item, operation, term, container: Model(
        {enum.name: enum, item.name: item}, (operation,), (term,), container
    ),
    ENUMS,
    ITEMS,
    OPERATIONS,
    st.builds(
        Term,
        st.just("other.term"),
        REFS,
        st.sampled_from([None, True, False]),
        st.sampled_from(["", ITEM]),
        ANNOTATIONS,
    ),
    st.builds(EntityContainer, st.just("other.Service"), SOURCES, ANNOTATIONS),
)


@given(MODELS)
def test_what_is_written_is_read_back_as_the_same_model(written: Model) -> None:
    data = write(written)
    read = resolve(csdl.read(data, "written"))
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


def test_namespaces_stand_apart_in_order() -> None:
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
    found = resolve(csdl.read(data, "written")).types["microsoft.graph.t"]
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
    read = resolve(csdl.read(write(model(body)), "written"))
    assert read == model(body)
    assert read.key("microsoft.graph.u") == ("z", "a")
    assert read.container
    assert read.container.sources[0].bindings == (Binding("n", "s"),)
