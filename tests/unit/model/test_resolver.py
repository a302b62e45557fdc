"""A document becomes one model: full names, annotations on their targets, unresolved references reported."""

from __future__ import annotations

import pytest

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Annotation, Collection, Constant, Record, StructuredType, TypeRef
from graph_codegen.errors import CodegenError, Diagnostic, Place
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from tests.support.csdl import FILE, ITEM, document, line_of, model, schema

GRAPH = "microsoft.graph."


def structure(found: Model, name: str) -> StructuredType:
    declared = found.structure(GRAPH + name)
    assert declared
    return declared


def refusal(*schemas: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CodegenError) as caught:
        model(*schemas)
    return caught.value.diagnostics


# -- names


def test_an_alias_holds_in_every_schema_and_everywhere_in_it() -> None:
    found = model(
        f"""{ITEM}
        <ComplexType Name="a" BaseType="self.base">
          <Property Name="one" Type="self.kind"/>
          <Property Name="many" Type="Collection(self.kind)"/>
        </ComplexType>
        <EntityType Name="e"><NavigationProperty Name="item" Type="graph.item"/></EntityType>
        <Action Name="act" IsBound="true">
          <Parameter Name="bindingParameter" Type="Collection(graph.item)"/>
          <Parameter Name="kind" Type="self.kind"/>
          <ReturnType Type="Collection(self.kind)"/>
        </Action>
        <Term Name="term" Type="self.kind" AppliesTo="graph.item self.kind"/>
        <EntityContainer Name="Service">
          <EntitySet Name="items" EntityType="graph.item">
            <NavigationPropertyBinding Path="graph.item/x" Target="graph.Service/items"/>
          </EntitySet>
        </EntityContainer>""",
        schema(
            '<EnumType Name="kind"/><ComplexType Name="base"/>',
            namespace="microsoft.graph.security",
            alias="self",
        ),
    )
    assert found.diagnostics == ()
    kind = "microsoft.graph.security.kind"
    a = structure(found, "a")
    assert a.base == "microsoft.graph.security.base"
    assert [p.type for p in a.properties] == [TypeRef(kind), TypeRef(kind, collection=True)]
    assert structure(found, "e").navigation[0].type == TypeRef("microsoft.graph.item")
    (operation,) = found.operations
    assert operation.signature == f"microsoft.graph.act(Collection(microsoft.graph.item), {kind})"
    assert operation.returns
    assert operation.returns.type == TypeRef(kind, collection=True)
    assert found.bound == {TypeRef("microsoft.graph.item", True): (operation,)}
    assert (found.terms[0].type, found.terms[0].applies_to) == (
        TypeRef(kind),
        f"microsoft.graph.item {kind}",
    )
    assert found.container
    (source,) = found.container.sources
    assert source.type == "microsoft.graph.item"
    assert [(b.path, b.target) for b in source.bindings] == [("microsoft.graph.item/x", "items")]


def test_a_full_name_and_its_alias_are_one() -> None:
    by_alias = '<ComplexType Name="a" BaseType="graph.b"/><ComplexType Name="b"/>'
    assert model(by_alias) == model(by_alias.replace("graph.b", "microsoft.graph.b"))


def test_an_alias_of_two_namespaces_is_refused() -> None:
    (diagnostic,) = refusal(schema("", alias="x"), schema("", namespace="other", alias="x"))
    assert diagnostic.message == "the alias x stands for both microsoft.graph and other"
    assert diagnostic.place == Place(FILE)


# -- inheritance


def test_openness_keys_and_descent_are_inherited() -> None:
    found = model("""<EntityType Name="a" OpenType="true" Abstract="true">
          <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
        </EntityType>
        <EntityType Name="b" BaseType="graph.a"/>
        <EntityType Name="c" BaseType="graph.b"/>
        <EntityType Name="d"/>""")
    assert [found.is_open(GRAPH + n) for n in "abcd"] == [True, True, True, False]
    assert [found.key(GRAPH + n) for n in "acd"] == [("id",), ("id",), ()]
    assert found.descendants(f"{GRAPH}a") == (f"{GRAPH}b", f"{GRAPH}c")
    assert [t.name for t in found.lineage(f"{GRAPH}c")] == [GRAPH + n for n in "abc"]
    assert [structure(found, n).abstract for n in "ab"] == [True, False]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '<EntityType Name="a" BaseType="graph.a"/>',
            "cycle of base types: microsoft.graph.a → microsoft.graph.a",
        ),
        (
            '<EntityType Name="a" BaseType="graph.b"/>\n<EntityType Name="b" BaseType="graph.a"/>',
            "cycle of base types: microsoft.graph.a → microsoft.graph.b → microsoft.graph.a",
        ),
        (
            '<EntityType Name="a" BaseType="graph.b"/>',
            "the base type microsoft.graph.b is not declared",
        ),
        (
            '<EntityType Name="a" BaseType="graph.b"/>\n<ComplexType Name="b"/>',
            "the base type microsoft.graph.b is not declared as EntityType",
        ),
        (
            '<ComplexType Name="a" BaseType="graph.b"/>\n<EnumType Name="b"/>',
            "the base type microsoft.graph.b is not declared as ComplexType",
        ),
        (
            '<ComplexType Name="a" BaseType="Edm.ComplexType"/>',
            "the base type Edm.ComplexType is not declared",
        ),
    ],
)
def test_a_base_that_cannot_be_one_is_refused(body: str, message: str) -> None:
    assert refusal(body) == (Diagnostic(message, Place(FILE, 4), f"{GRAPH}a"),)


def test_a_cycle_below_a_type_outside_it_ends_too() -> None:
    (diagnostic,) = refusal(
        '<EntityType Name="z" BaseType="graph.a"/>'
        '<EntityType Name="a" BaseType="graph.b"/><EntityType Name="b" BaseType="graph.a"/>'
    )
    assert "cycle of base types: microsoft.graph.z" in diagnostic.message


# -- each name once

P = '<Property Name="p" Type="Edm.String"/>'


@pytest.mark.parametrize(
    ("body", "owner", "name"),
    [
        (f'<ComplexType Name="t">\n{P}\n{P}</ComplexType>', "t", "p"),
        (
            f'<ComplexType Name="b">\n{P}</ComplexType><ComplexType Name="t" BaseType="graph.b">\n'
            f"{P}</ComplexType>",
            "t", "p",
        ),
        (
            f'<EntityType Name="t">\n{P}\n<NavigationProperty Name="p" Type="graph.t"/></EntityType>',
            "t", "p",
        ),
        ('<EnumType Name="t">\n<Member Name="p"/>\n<Member Name="p"/></EnumType>', "t", "p"),
        (
            '<Action Name="t">\n<Parameter Name="p" Type="Edm.Byte"/>\n'
            '<Parameter Name="p" Type="Edm.Byte"/></Action>',
            "t", "p",
        ),
        (
            f'{ITEM}<EntityContainer Name="t">\n<EntitySet Name="p" EntityType="graph.item"/>\n'
            '<Singleton Name="p" Type="graph.item"/></EntityContainer>',
            "t", "p",
        ),
    ],
)  # fmt: skip
def test_a_member_declared_twice_is_refused(body: str, owner: str, name: str) -> None:
    assert refusal(body) == (
        Diagnostic(f"declared twice, first at {FILE}:5", Place(FILE, 6), GRAPH + owner, name),
    )


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ('\n<EnumType Name="t"/>\n<ComplexType Name="t"/>', "t"),
        (
            '\n<Action Name="t"><Parameter Name="p" Type="Edm.Byte"/></Action>\n'
            '<Action Name="t"><Parameter Name="p" Type="Edm.Byte"/></Action>',
            "t(Edm.Byte) of p",
        ),
    ],
)
def test_a_declaration_made_twice_is_refused(body: str, subject: str) -> None:
    assert refusal(body) == (
        Diagnostic(f"declared twice, first at {FILE}:4", Place(FILE, 5), GRAPH + subject),
    )


def test_of_a_term_declared_twice_the_first_is_kept_with_a_warning() -> None:
    found = model('<Term Name="t" Type="Edm.String"/>\n<Term Name="t" Type="Edm.Guid"/>')
    assert [str(term.type) for term in found.terms] == ["Edm.String"]
    message = f"declared twice: the first one is kept, at {FILE}:4"
    assert found.diagnostics == (Diagnostic(message, Place(FILE, 5), GRAPH + "t"),)


def test_overloads_are_not_declared_twice() -> None:
    parameter = '<Parameter Name="{}" Type="{}"/>'.format
    overloads = [
        parameter("p", "Edm.String"),
        parameter("p", "Edm.Guid"),
        parameter("q", "Edm.String"),
        parameter("p", "Edm.String") + parameter("q", "Edm.String"),
    ]
    found = model("".join(f'<Function Name="f">{o}</Function>' for o in overloads))
    assert len(found.operations) == 4


def test_a_second_container_is_refused() -> None:
    container = '<EntityContainer Name="c"/>'
    (diagnostic,) = refusal(schema(container), schema(container, namespace="b", alias=""))
    assert (
        diagnostic.message == "a document holds at most one EntityContainer that no other extends"
    )


# -- references to nothing


@pytest.mark.parametrize(
    ("body", "marker", "subject", "message"),
    [
        (
            '<ComplexType Name="t">\n<Property Name="p" Type="graph.none"/></ComplexType>',
            "<Property", "t/p", "the type microsoft.graph.none is not declared",
        ),
        (
            '<ComplexType Name="t">\n<Property Name="p" Type="Edm.GeographyDot"/></ComplexType>',
            "<Property", "t/p", "the type Edm.GeographyDot is not declared",
        ),
        (
            '<ComplexType Name="t">\n<Property Name="p" Type="other.none"/></ComplexType>',
            "<Property", "t/p", "the type other.none is not declared",
        ),
        (
            '<EntityType Name="t">\n<NavigationProperty Name="p" Type="Collection(graph.none)"/>'
            "</EntityType>",
            "<Nav", "t/p", "the type microsoft.graph.none is not declared",
        ),
        (
            '<Action Name="t">\n<Parameter Name="p" Type="graph.none"/></Action>',
            "<Parameter", "t/p", "the type microsoft.graph.none is not declared",
        ),
        (
            '<Action Name="t">\n<ReturnType Type="graph.none"/></Action>',
            "<ReturnType", "t/ReturnType", "the type microsoft.graph.none is not declared",
        ),
        (
            '<Term Name="t" Type="graph.none"/>',
            "<Term", "t", "the type microsoft.graph.none is not declared",
        ),
        (
            '<EntityType Name="t"><Key><PropertyRef Name="p"/></Key></EntityType>',
            "<EntityType", "t/p", "the key p is not a property",
        ),
        (
            '<EntityType Name="t">\n<NavigationProperty Name="p" Type="graph.t" Partner="q"/>'
            "</EntityType>",
            "<Nav", "t/p", "the partner q is not a property of microsoft.graph.t",
        ),
        (
            '<EnumType Name="t" UnderlyingType="Edm.String"/>',
            "<EnumType", "t", "the underlying type Edm.String is not an integer type",
        ),
        (
            f'{ITEM}<EntityContainer Name="t">\n<Singleton Name="p" Type="graph.item">'
            '<NavigationPropertyBinding Path="a" Target="none/b"/></Singleton></EntityContainer>',
            "<Singleton", "t/p", "the binding of a to none/b leads nowhere",
        ),
        (
            '\n<Annotations Target="graph.t/p"/>',
            "<Annotations", "t/p", "annotations on something that is not declared",
        ),
        (
            '\n<Annotations Target="graph.t(graph.a,Collection(Edm.String))/p"/>',
            "<Annotations", "t(microsoft.graph.a, Collection(Edm.String))/p",
            "annotations on something that is not declared",
        ),
    ],
)  # fmt: skip
def test_an_unresolved_reference_is_reported(
    body: str, marker: str, subject: str, message: str
) -> None:
    data = document(body)
    type_name, _, member = subject.partition("/")
    assert resolve(reader.read(data, FILE)).diagnostics == (
        Diagnostic(message, Place(FILE, line_of(data, marker)), GRAPH + type_name, member),
    )


def test_an_entity_set_of_an_unknown_type_is_reported() -> None:
    body = (
        '<EntityContainer Name="c"><EntitySet Name="p" EntityType="graph.none"/></EntityContainer>'
    )
    (diagnostic,) = model(body).diagnostics
    assert (diagnostic.message, diagnostic.property) == (
        "the type microsoft.graph.none is not declared",
        "p",
    )


def test_what_the_reader_found_is_kept() -> None:
    (diagnostic,) = model('<EnumType Name="t" Odd="1"/>').diagnostics
    assert diagnostic.message == "attribute Odd of EnumType is not understood"


# -- annotations

TARGETS = """<EntityType Name="t">{}
  <Property Name="p" Type="Edm.String">{}</Property>
  <NavigationProperty Name="n" Type="graph.t">{}</NavigationProperty>
</EntityType>
<EnumType Name="e">{}<Member Name="m">{}</Member></EnumType>
<Action Name="a" IsBound="true">{}
  <Parameter Name="b" Type="graph.t">{}</Parameter>
</Action>
<Term Name="x" Type="Edm.String">{}</Term>
<EntityContainer Name="c">{}
  <EntitySet Name="s" EntityType="graph.t">{}</EntitySet>
</EntityContainer>
"""

NAMES = ("t", "t/p", "t/n", "e", "e/m", "a(graph.t)", "a(graph.t)/b", "x", "c", "c/s")


def annotation(number: int) -> str:
    return (
        f'<Annotation Term="graph.x" Qualifier="q{number}"><Collection><Record Type="graph.t">'
        f'<PropertyValue Property="y" String="{number}"/></Record></Collection></Annotation>'
    )


def test_annotations_out_of_line_are_as_good_as_inline() -> None:
    inline = model(TARGETS.format(*map(annotation, range(len(NAMES)))))
    out_of_line = "".join(
        f'<Annotations Target="graph.{name}">{annotation(number)}</Annotations>'
        for number, name in enumerate(NAMES)
    )
    apart = model(TARGETS.format(*[""] * len(NAMES)), schema(out_of_line, "other", alias=""))
    assert inline.diagnostics == apart.diagnostics == ()
    assert apart == inline
    (first,) = structure(inline, "t").annotations
    assert first.term == "microsoft.graph.x"
    assert "microsoft.graph.t" in str(first.value)


def test_an_annotation_without_a_signature_is_on_all_overloads() -> None:
    overloads = """<ComplexType Name="a"/><ComplexType Name="b"/>
      <Action Name="act" IsBound="true"><Parameter Name="p" Type="graph.a"/></Action>
      <Action Name="act" IsBound="true"><Parameter Name="p" Type="Collection(graph.b)"/></Action>"""
    both = '<Annotations Target="graph.act"><Annotation Term="t.both"/></Annotations>'
    one = (
        '<Annotations Target="microsoft.graph.act(Collection(graph.b))">'
        '<Annotation Term="t.one"/></Annotations>'
    )
    parameter = '<Annotations Target="graph.act/p"><Annotation Term="t.p"/></Annotations>'
    found = model(overloads + both + one + parameter)
    assert found.diagnostics == ()
    assert [[a.term for a in o.annotations] for o in found.operations] == [
        ["t.both"],
        ["t.both", "t.one"],
    ]
    assert [o.parameters[0].annotations for o in found.operations] == [(Annotation("t.p"),)] * 2


def test_annotations_on_one_target_add_up_sorted() -> None:
    def on(*annotations: str) -> str:
        return f'<Annotations Target="graph.t">{"".join(annotations)}</Annotations>'

    inline = '<ComplexType Name="t"><Annotation Term="a.c"/></ComplexType>'
    one, two = '<Annotation Term="a.b" Qualifier="z"/>', '<Annotation Term="a.b"/>'
    found = model(inline + on(one) + on(two))
    assert [(a.term, a.qualifier) for a in structure(found, "t").annotations] == [
        ("a.b", ""),
        ("a.b", "z"),
        ("a.c", ""),
    ]


def test_the_order_of_two_annotations_with_one_term_means_nothing() -> None:
    """CSDL 14.2 forbids two; Graph's entity set of users has two ReadRestrictions."""
    one, two = '<Annotation Term="a.b" String="1"/>', '<Annotation Term="a.b" String="2"/>'
    first, second = (
        model(f'<ComplexType Name="t">{found}</ComplexType>') for found in (one + two, two + one)
    )
    assert len(structure(first, "t").annotations) == 2
    assert first == second


def test_the_qualifier_of_a_target_is_that_of_its_annotations() -> None:
    body = (
        '<ComplexType Name="t"/><Annotations Target="graph.t" Qualifier="q">'
        '<Annotation Term="a.b"/><Annotation Term="a.c" Qualifier="own"/></Annotations>'
    )
    assert [a.qualifier for a in structure(model(body), "t").annotations] == ["q", "own"]


def test_a_record_gives_its_values_by_name() -> None:
    record = Record((("a", Constant("Int", "1")),))
    assert (record.get("a"), record.get("b")) == (Constant("Int", "1"), None)


@pytest.mark.parametrize(
    ("term", "given", "full"),
    [
        ("Some.Term", '<EnumMember>g.colour/red g.colour/blue</EnumMember>', "ns.colour/red ns.colour/blue"),
        ("Some.Term", "<Path>a/g.call/state</Path>", "a/ns.call/state"),
        ("Some.Term", "<AnnotationPath>a/@g.term</AnnotationPath>", "a/@ns.term"),
        ("Org.OData.Core.V1.ExplicitOperationBindings", "<String>g.mute</String>", "ns.mute"),
        ("Org.OData.Validation.V1.DerivedTypeConstraint", "<String>g.call</String>", "ns.call"),
        ("Some.Term", "<String>g.mute</String>", "g.mute"),
    ],
)  # fmt: skip
def test_names_inside_values_are_full(term: str, given: str, full: str) -> None:
    value = f'<Annotation Term="{term}"><Collection>{given}</Collection></Annotation>'
    body = f'<ComplexType Name="t">{value}</ComplexType>'
    found = model(schema(body, "ns", "g")).types["ns.t"].annotations[0].value

    assert isinstance(found, Collection)
    assert [item.text for item in found.items if isinstance(item, Constant)] == [full]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("ts/name", True),
        ("ts/parent/name", True),
        ("ts/graph.u/more", True),
        ("ts/parent/graph.u", True),
        ("ts/more", False),
        ("ts/name/none", False),
        ("ts/graph.none/name", False),
        ("lost/name", False),
        ("ts/parent/", False),
    ],
)
def test_annotations_of_a_property_on_a_path_are_legal(path: str, known: bool) -> None:
    found = model(f"""<EntityType Name="t"><Key><PropertyRef Name="name"/></Key>
          <Property Name="name" Type="Edm.String"/>
          <NavigationProperty Name="parent" Type="graph.t"/></EntityType>
        <EntityType Name="u" BaseType="graph.t"><Property Name="more" Type="Edm.String"/></EntityType>
        <EntityContainer Name="c"><EntitySet Name="ts" EntityType="graph.t"/></EntityContainer>
        <Annotations Target="graph.c/{path}">
          <Annotation Term="Org.OData.Core.V1.Description" String="x"/>
          <Annotation Term="Org.OData.Core.V1.LongDescription" String="x"/></Annotations>""")
    assert (found.diagnostics == ()) is known
    assert [str(note) for note in found.notes] == [
        f"test.csdl.xml:9: microsoft.graph.c/{path.replace('graph.', 'microsoft.graph.')}: 2 annotations of"
        " what is on a path are not used, such as those here: they hold for the path alone"
    ] * known
