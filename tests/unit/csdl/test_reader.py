"""Reading CSDL: everything is read, or reported with file, line, type and property, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import (
    Annotation,
    Binding,
    Collection,
    Constant,
    Member,
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
from graph_codegen.errors import CodegenError, Diagnostic, Place
from tests.support.csdl import EDM, EDMX, FILE, document, line_of, schema

TYPE = '<EntityType Name="t">\n{}\n</EntityType>'
ENUM = '<EnumType Name="t">\n{}\n</EnumType>'
ACTION = '<Action Name="t">\n{}\n</Action>'
CONTAINER = '<EntityContainer Name="t">\n{}\n</EntityContainer>'
ANNOTATED = TYPE.format('<Property Name="p" Type="Edm.String">\n{}\n</Property>')
OUT_OF_LINE = '<Annotations Target="graph.t/p">\n{}\n</Annotations>'

NAV = '<NavigationProperty Name="p" Type="graph.t" {}/>'


def found(body: str) -> tuple[Diagnostic, ...]:
    return reader.read(document(body), FILE).diagnostics


@pytest.mark.parametrize(
    ("body", "marker", "subject", "message"),
    [
        # Elements
        ('<Enum Name="odd"/>', "<Enum", "odd", "Enum in Schema"),
        (TYPE.format("<odd/>"), "<odd", "t", "odd in EntityType"),
        ('<ComplexType Name="t">\n<Key/></ComplexType>', "<Key", "t", "Key in ComplexType"),
        (ENUM.format('<odd Name="p"/>'), "<odd", "t/p", "odd in EnumType"),
        (ENUM.format('<Member Name="p">\n<odd/></Member>'), "<odd", "t/p", "odd in Member"),
        (TYPE.format("<Key>\n<odd/></Key>"), "<odd", "t", "odd in Key"),
        (
            TYPE.format('<Key><PropertyRef Name="p">\n<odd/></PropertyRef></Key>'),
            "<odd", "t/p", "odd in PropertyRef",
        ),
        (ANNOTATED.format("<odd/>"), "<odd", "t/p", "odd in Property"),
        (TYPE.format('<Property xmlns=""/>'), "<Prop", "t", "Property in EntityType"),
        (
            TYPE.format(f"{NAV.format('')[:-2]}>\n<odd/></NavigationProperty>"),
            "<odd", "t/p", "odd in NavigationProperty",
        ),
        (ACTION.format("<odd/>"), "<odd", "t", "odd in Action"),
        (
            ACTION.format('<Parameter Name="p" Type="Edm.String">\n<odd/></Parameter>'),
            "<odd", "t/p", "odd in Parameter",
        ),
        (
            ACTION.format('<ReturnType Type="Edm.String">\n<odd/></ReturnType>'),
            "<odd", "t", "odd in ReturnType",
        ),
        (
            '<Term Name="t" Type="Edm.String">\n<odd/></Term>',
            "<odd", "t", "odd in Term",
        ),
        (
            CONTAINER.format('<ActionImport Name="p" Action="graph.a">\n<odd/></ActionImport>'),
            "<odd", "t/p", "odd in ActionImport",
        ),
        (
            CONTAINER.format('<Singleton Name="p" Type="graph.t">\n<odd/></Singleton>'),
            "<odd", "t/p", "odd in Singleton",
        ),
        (
            CONTAINER.format(
                '<EntitySet Name="p" EntityType="graph.t">'
                '<NavigationPropertyBinding Path="a" Target="b">\n<odd/>'
                "</NavigationPropertyBinding></EntitySet>"
            ),
            "<odd", "t/p", "odd in NavigationPropertyBinding",
        ),
        (OUT_OF_LINE.format("<odd/>"), "<odd", "graph.t/p", "odd in Annotations"),
        (
            ANNOTATED.format('<Annotation Term="a.b">\n<odd/></Annotation>'),
            "<odd", "t/p", "odd in Annotation",
        ),
        (
            OUT_OF_LINE.format('<Annotation Term="a.b"><Record>\n<odd/></Record></Annotation>'),
            "<odd", "graph.t/p", "odd in Record",
        ),
        (
            ANNOTATED.format(
                '<Annotation Term="a.b"><Collection>\n<odd/></Collection></Annotation>'
            ),
            "<odd", "t/p", "odd in Collection",
        ),
        (
            ANNOTATED.format('<Annotation Term="a.b"><String>\n<odd/></String></Annotation>'),
            "<odd", "t/p", "odd in String",
        ),
        # Attributes
        ('<EnumType Odd="1" Name="t"/>', "<EnumType", "t", "Odd of EnumType"),
        ('<EntityType Odd="1" Name="t"/>', "<EntityType", "t", "Odd of EntityType"),
        (
            '<ComplexType HasStream="true" Name="t"/>',
            "<ComplexType", "t", "HasStream of ComplexType",
        ),
        (ENUM.format('<Member Odd="1" Name="p"/>'), "<Member", "t/p", "Odd of Member"),
        (TYPE.format('<Key Odd="1"/>'), "<Key", "t", "Odd of Key"),
        (
            TYPE.format('<Key>\n<PropertyRef Odd="a" Name="p"/></Key>'),
            "<PropertyRef", "t/p", "Odd of PropertyRef",
        ),
        (
            TYPE.format('<Property Odd="1" Name="p" Type="Edm.String"/>'),
            "<Property", "t/p", "Odd of Property",
        ),
        (
            TYPE.format(NAV.format('ContainsTaget="true"')),
            "<Nav", "t/p", "ContainsTaget of NavigationProperty",
        ),
        (
            '<Action IsComposable="true" Name="t"/>',
            "<Action", "t", "IsComposable of Action",
        ),
        (
            ACTION.format('<Parameter Odd="1" Name="p" Type="Edm.String"/>'),
            "<Parameter", "t/p", "Odd of Parameter",
        ),
        (
            ACTION.format('<ReturnType Odd="1" Type="Edm.String"/>'),
            "<ReturnType", "t", "Odd of ReturnType",
        ),
        ('<Term Odd="1" Name="t" Type="Edm.String"/>', "<Term", "t", "Odd of Term"),
        ('<EntityContainer Odd="e" Name="t"/>', "<Entity", "t", "Odd of EntityContainer"),
        (
            CONTAINER.format('<EntitySet Nullable="true" Name="p" EntityType="t"/>'),
            "<EntitySet", "t/p", "Nullable of EntitySet",
        ),
        (
            CONTAINER.format(
                '<Singleton Name="p" Type="t">\n'
                '<NavigationPropertyBinding Odd="1" Path="a" Target="b"/></Singleton>'
            ),
            "<Nav", "t/p", "Odd of NavigationPropertyBinding",
        ),
        (
            '<Annotations Odd="1" Target="graph.t/p"/>',
            "<Annotations", "graph.t/p", "Odd of Annotations",
        ),
        (
            ANNOTATED.format('<Annotation Odd="1" Term="a.b"/>'),
            "<Annotation", "t/p", "Odd of Annotation",
        ),
        (
            ANNOTATED.format('<Annotation Term="a.b">\n<Record Odd="1"/></Annotation>'),
            "<Record", "t/p", "Odd of Record",
        ),
        (
            ANNOTATED.format('<Annotation Term="a.b">\n<Collection Odd="1"/></Annotation>'),
            "<Collection", "t/p", "Odd of Collection",
        ),
        (
            ANNOTATED.format(
                '<Annotation Term="a.b"><Record>\n'
                '<PropertyValue Odd="1" Property="x" Int="1"/></Record></Annotation>'
            ),
            "<PropertyValue", "t/p", "Odd of PropertyValue",
        ),
        (
            ANNOTATED.format('<Annotation Term="a.b">\n<Int Odd="1">1</Int></Annotation>'),
            "<Int", "t/p", "Odd of Int",
        ),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_reported_where_it_is(
    body: str, marker: str, subject: str, message: str
) -> None:
    data = document(body)
    what = "element" if " in " in message else "attribute"
    type_name, _, member = subject.partition("/")
    if not type_name.startswith("graph."):
        type_name = f"microsoft.graph.{type_name}"
    assert reader.read(data, FILE).diagnostics == (
        Diagnostic(
            f"{what} {message} is not understood",
            Place(FILE, line_of(data, marker)),
            type_name,
            member,
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('Version="4.0"', 'Version="4.0" Odd="1"', "attribute Odd of Edmx"),
        ("<edmx:DataServices>", '<edmx:DataServices Odd="1">', "attribute Odd of DataServices"),
        ("<edmx:DataServices>", "<edmx:DataServices><odd/>", "element odd in DataServices"),
        ("<edmx:DataServices>", "<edmx:odd/><edmx:DataServices>", "element odd in Edmx"),
        ('Alias="graph"', 'Alias="graph" Odd="1"', "attribute Odd of Schema"),
        ("<Schema", "words<Schema", "text in DataServices"),
        (
            "<edmx:DataServices>",
            '<edmx:Reference Uri="http://example.com/x" Odd="1"/><edmx:DataServices>',
            "attribute Odd of Reference",
        ),
        (
            "<edmx:DataServices>",
            '<edmx:Reference Uri="u"><edmx:Odd/></edmx:Reference><edmx:DataServices>',
            "element Odd in Reference",
        ),
    ],
)
def test_what_is_not_understood_above_the_declarations_is_reported_too(
    old: str, new: str, message: str
) -> None:
    data = document('<EnumType Name="t"/>').replace(old.encode(), new.encode())
    (diagnostic,) = reader.read(data, FILE).diagnostics
    assert diagnostic.message == f"{message} is not understood"
    assert diagnostic.place.line in (1, 2, 3)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (ANNOTATED.format("words"), "text in Property is not understood"),
        (TYPE.format("<Key/>words"), "text in EntityType is not understood"),
        (
            ANNOTATED.format('<Annotation Term="a.b" Int="1" Bool="true"/>'),
            "Annotation has 2 values: one is read",
        ),
        (
            ANNOTATED.format('<Annotation Term="a.b" Int="1"><Record/></Annotation>'),
            "Annotation has 2 values: one is read",
        ),
        (
            ANNOTATED.format(
                '<Annotation Term="a.b"><Record><PropertyValue Property="x"/></Record></Annotation>'
            ),
            "PropertyValue has no value",
        ),
    ],
)
def test_what_would_be_lost_is_reported(body: str, message: str) -> None:
    assert [diagnostic.message for diagnostic in found(body)] == [message]


@pytest.mark.parametrize(
    ("body", "marker", "message"),
    [
        ("<EnumType/>", "<EnumType", "EnumType has no Name"),
        ('<EnumType Name=""/>', "<EnumType", "EnumType has no Name"),
        (TYPE.format('<Property Name="p"/>'), "<Property", "Property has no Type"),
        (TYPE.format('<Property Type="Edm.String"/>'), "<Property", "Property has no Name"),
        (TYPE.format("<Key>\n<PropertyRef/></Key>"), "<PropertyRef", "PropertyRef has no Name"),
        (ACTION.format("<ReturnType/>"), "<ReturnType", "ReturnType has no Type"),
        (CONTAINER.format('<EntitySet Name="p"/>'), "<EntitySet", "EntitySet has no EntityType"),
        (ANNOTATED.format('<Annotation Int="1"/>'), "<Annotation", "Annotation has no Term"),
        ("<Annotations/>", "<Annotations", "Annotations has no Target"),
        (
            '<EntityType Abstract="yes" Name="t"/>',
            "<EntityType", "Abstract is 'yes', not true or false",
        ),
        (ENUM.format('<Member Name="p" Value="x"/>'), "<Member", "the value 'x' is not an integer"),
        (
            ENUM.format('<Member Name="p" Value="1_0"/>'),
            "<Member", "the value '1_0' is not an integer",
        ),
        (
            '<Action IsBound="true" Name="t"/>',
            "<Action", "Action is bound and has no parameter to be bound by",
        ),
        (
            '<Function Name="t"><ReturnType Type="a"/><ReturnType Type="b"/></Function>',
            "<Function", "Function has more than one ReturnType",
        ),
        (
            '<EntityContainer Name="a"/>\n<EntityContainer Name="b"/>',
            '<EntityContainer Name="b"', "a schema holds at most one EntityContainer",
        ),
    ],
)  # fmt: skip
def test_what_leaves_no_declaration_is_refused(body: str, marker: str, message: str) -> None:
    data = document(body)
    with pytest.raises(CodegenError) as caught:
        reader.read(data, FILE)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == message
    assert diagnostic.place == Place(FILE, line_of(data, marker))


BAD_NAMES = ("a b", "a-", "1a", "a.b", "a\nb", 'a"', "a'", "a#", "a(b)", "é\u200b", "x" * 129)


@pytest.mark.parametrize("bad", [name for name in BAD_NAMES if name != "a-"])
@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        ("<EnumType Name={}/>", "Name of EnumType"),
        ("<EntityType Name={}/>", "Name of EntityType"),
        ("<Term Name={} Type='Edm.String'/>", "Name of Term"),
        (ENUM.format("<Member Name={}/>"), "Name of Member"),
        (TYPE.format("<Property Name={} Type='Edm.String'/>"), "Name of Property"),
        (TYPE.format("<NavigationProperty Name={} Type='graph.t'/>"), "Name of NavigationProperty"),
        ("<Action Name={}/>", "Name of Action"),
        (ACTION.format("<Parameter Name={} Type='Edm.String'/>"), "Name of Parameter"),
        (CONTAINER.format("<Singleton Name={} Type='graph.t'/>"), "Name of Singleton"),
    ],
)
def test_a_name_that_is_none_is_refused(body: str, attribute: str, bad: str) -> None:
    quoted = '"' + bad.replace('"', "&quot;").replace("\n", "&#10;") + '"'
    with pytest.raises(CodegenError) as caught:
        reader.read(document(body.format(quoted)), FILE)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == f"{attribute} is not a name: {bad!r}"
    assert diagnostic.place.line > 2


@pytest.mark.parametrize("bad", ["a b", "a..b", ".a", "a.", "a.1b", "Collection()", "a\n.b", "a'"])
@pytest.mark.parametrize(
    "body",
    [
        TYPE.format("<Property Name='p' Type={}/>"),
        TYPE.format("<NavigationProperty Name='p' Type={}/>"),
        "<EntityType Name='t' BaseType={}/>",
        ACTION.format("<Parameter Name='p' Type={}/>"),
        ACTION.format("<ReturnType Type={}/>"),
        "<Term Name='t' Type={}/>",
        CONTAINER.format("<EntitySet Name='p' EntityType={}/>"),
        CONTAINER.format("<Singleton Name='p' Type={}/>"),
        ANNOTATED.format("<Annotation Term={}/>"),
    ],
)
def test_a_reference_that_names_no_type_is_refused(body: str, bad: str) -> None:
    quoted = '"' + bad.replace("\n", "&#10;") + '"'
    with pytest.raises(CodegenError, match=r"is not a name|has no") as caught:
        reader.read(document(body.format(quoted)), FILE)
    assert caught.value.diagnostics[0].place.line > 2


@pytest.mark.parametrize(
    "text", [schema("", namespace="a b"), schema("", namespace="a..b"), schema("", alias="a.b")]
)
def test_a_namespace_or_alias_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CodegenError, match="is not a name"):
        reader.read(document(text), FILE)


@pytest.mark.parametrize("good", ["a", "_", "_v2", "größe", "request-id", "x" * 128])
def test_a_name_may_be_whatever_graph_calls_things(good: str) -> None:
    (read,) = reader.read(document(f'<EnumType Name="{good}"/>'), FILE).schemas[0].types
    assert read.name == f"microsoft.graph.{good}"


# -- what is read


def annotation_of(inside: str) -> Annotation:
    (declared,) = reader.read(document(ANNOTATED.format(inside)), FILE).schemas[0].types
    assert isinstance(declared, StructuredType)
    (read,) = declared.properties[0].annotations
    return read


def test_an_entity_type_is_read_whole() -> None:
    body = """<EntityType Name="call" BaseType="graph.entity"
            Abstract="true" OpenType="true" HasStream="true">
        <Key><PropertyRef Name="id"/><PropertyRef Name="tenant"/></Key>
        <Property Name="id" Type="Edm.String" Nullable="false" MaxLength="36" DefaultValue="x"/>
        <Property Name="codes" Type="Collection(Edm.Decimal)" Scale="2" Precision="9"/>
        <NavigationProperty Name="parts" Type="Collection(graph.part)" Nullable="true"
            ContainsTarget="true" Partner="call"/>
        <Annotation Term="a.b"/>
    </EntityType>"""
    document_ = reader.read(document(body), FILE)
    assert document_.diagnostics == ()
    assert document_.schemas[0].types == (
        StructuredType(
            kind="EntityType",
            name="microsoft.graph.call",
            base="graph.entity",
            abstract=True,
            open=True,
            has_stream=True,
            key=("id", "tenant"),
            properties=(
                Property(
                    name="id",
                    type=TypeRef("Edm.String"),
                    nullable=False,
                    facets=(("MaxLength", "36"), ("DefaultValue", "x")),
                ),
                Property(
                    name="codes",
                    type=TypeRef("Edm.Decimal", collection=True),
                    nullable=None,
                    facets=(("Precision", "9"), ("Scale", "2")),
                ),
            ),
            navigation=(
                NavigationProperty(
                    name="parts",
                    type=TypeRef("graph.part", collection=True),
                    nullable=True,
                    contains_target=True,
                    partner="call",
                ),
            ),
            annotations=(Annotation("a.b"),),
        ),
    )


def test_an_enumeration_counts_on_from_the_last_value() -> None:
    members = '<Member Name="a"/><Member Name="b" Value="-5"/><Member Name="c"/>'
    body = f'<EnumType Name="t" IsFlags="true" UnderlyingType="Edm.Byte">{members}</EnumType>'
    (declared,) = reader.read(document(body), FILE).schemas[0].types
    assert declared == csdl_enum(Member("a", 0), Member("b", -5), Member("c", -4))


def csdl_enum(*members: Member) -> object:
    from graph_codegen.csdl.ast import EnumType

    return EnumType(name="microsoft.graph.t", members=members, underlying="Edm.Byte", is_flags=True)


def test_operations_terms_and_a_container_are_read_whole() -> None:
    body = """<Function Name="f" IsBound="true" IsComposable="true" EntitySetPath="p/q">
        <Parameter Name="p" Type="Collection(graph.call)" Nullable="false" MaxLength="3"/>
        <ReturnType Type="Edm.Decimal" Nullable="false" Scale="2"/>
    </Function>
    <Action Name="a"/>
    <Term Name="term" Type="Edm.String" AppliesTo="graph.call"/>
    <EntityContainer Name="Service">
        <EntitySet Name="calls" EntityType="graph.call">
            <NavigationPropertyBinding Path="parts/call" Target="calls"/>
        </EntitySet>
        <Singleton Name="me" Type="graph.user"/>
        <Annotation Term="a.b"/>
    </EntityContainer>"""
    read = reader.read(document(body), FILE)
    (found_schema,) = read.schemas
    assert read.diagnostics == ()
    assert found_schema.operations == (
        Operation(
            kind="Function",
            name="microsoft.graph.f",
            parameters=(
                Parameter(
                    name="p",
                    type=TypeRef("graph.call", True),
                    nullable=False,
                    facets=(("MaxLength", "3"),),
                ),
            ),
            returns=ReturnType(TypeRef("Edm.Decimal"), False, (("Scale", "2"),)),
            is_bound=True,
            is_composable=True,
            entity_set_path="p/q",
        ),
        Operation(kind="Action", name="microsoft.graph.a"),
    )
    assert found_schema.terms == (
        Term(name="microsoft.graph.term", type=TypeRef("Edm.String"), applies_to="graph.call"),
    )
    container = found_schema.container
    assert container is not None
    assert [(s.kind, s.name, s.type, s.bindings) for s in container.sources] == [
        ("EntitySet", "calls", "graph.call", (Binding("parts/call", "calls"),)),
        ("Singleton", "me", "graph.user", ()),
    ]
    assert container.annotations == (Annotation("a.b"),)


@pytest.mark.parametrize(
    ("inside", "value"),
    [
        ('<Annotation Term="a.b" Bool="true"/>', Constant("Bool", "true")),
        ('<Annotation Term="a.b"><Bool> true </Bool></Annotation>', Constant("Bool", "true")),
        ('<Annotation Term="a.b" String=" x "/>', Constant("String", " x ")),
        ('<Annotation Term="a.b"><String> x </String></Annotation>', Constant("String", " x ")),
        ('<Annotation Term="a.b"/>', None),
        (
            '<Annotation Term="a.b"><Collection><Record Type="a.r">'
            '<PropertyValue Property="z" Path="p"/><PropertyValue Property="a">'
            "<EnumMember>a.e/x</EnumMember></PropertyValue></Record>"
            "<PropertyPath>p/q</PropertyPath></Collection></Annotation>",
            Collection(
                (
                    Record(
                        (("a", Constant("EnumMember", "a.e/x")), ("z", Constant("Path", "p"))),
                        "a.r",
                    ),
                    Constant("PropertyPath", "p/q"),
                )
            ),
        ),
    ],
)
def test_the_value_of_an_annotation(inside: str, value: object) -> None:
    assert annotation_of(inside) == Annotation("a.b", value)  # type: ignore[arg-type]


def test_the_first_of_two_values_is_read() -> None:
    read = annotation_of('<Annotation Term="a.b" Int="1" Bool="true" Qualifier="q"/>')
    assert read == Annotation("a.b", Constant("Int", "1"), "q")


def test_lines_are_right_far_down_a_long_document() -> None:
    data = document(
        '<EnumType Name="a"/>' + 70_000 * "\n" + '<EnumType Name="t">\n<Odd/>\n</EnumType>'
    )
    (diagnostic,) = reader.read(data, FILE).diagnostics
    assert diagnostic.place.line == line_of(data, "<Odd")


# -- documents that are not CSDL


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("<htm/>", "the root element is htm, not edmx:Edmx", 1),
        ("\n<Edmx/>", "the root element is Edmx, not edmx:Edmx", 2),
        (f'<e:Edmx xmlns:e="{EDMX}"/>', "it holds no Schema", 1),
        (f'<e:Edmx xmlns:e="{EDMX}">\n<e:DataServices/></e:Edmx>', "it holds no Schema", 1),
        (f'<Schema xmlns="{EDM}" Namespace="a"/>', "the root element is", 1),
    ],
)
def test_xml_that_is_no_csdl_is_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(CodegenError, match="not a CSDL document") as caught:
        reader.read(text.encode(), FILE)
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert diagnostic.place == Place(FILE, line)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.xml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(CodegenError, match=f"cannot read the metadata: {why}") as caught:
            reader.read_file(path)
        assert caught.value.diagnostics[0].place == Place(str(path))


def test_a_file_is_called_by_its_name_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(document('<EnumType Name="t"/>'))
    read = reader.read_file(tmp_path / "m.xml")
    assert read.file == "m.xml"
    assert read == reader.read(document('<EnumType Name="t"/>'), "m.xml")
    assert len(read.sha256) == 64


def test_a_reference_gives_aliases_and_is_not_followed() -> None:
    include = '<edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/>'
    reference = f'<edmx:Reference Uri="http://localhost:9/x.xml">{include}</edmx:Reference>'
    data = document('<EnumType Name="t"/>').replace(
        b"<edmx:DataServices>", f"{reference}<edmx:DataServices>".encode()
    )
    read = reader.read(data, FILE)
    assert read.diagnostics == ()
    assert dict(read.aliases) == {"Core": "Org.OData.Core.V1", "graph": "microsoft.graph"}
