"""Whatever CSDL allows is read without a diagnostic, so that --strict errs only on what is wrong."""

from __future__ import annotations

import pytest

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Annotation, Collection, Constant, Dynamic, Record
from graph_codegen.errors import CodegenError
from graph_codegen.model.model import Model
from graph_codegen.model.subset import take
from graph_codegen.model.writer import write
from graph_codegen.service.requests import list_requests
from tests.support.csdl import FILE, document, model

TYPE = (
    '<EntityType Name="t"><Key><PropertyRef Name="id"/></Key>'
    '<Property Name="id" Type="Edm.String"/>{}</EntityType>'
)
NOTE = '<Annotation Term="a.b" String="x"/>'
NAVIGATION = '<NavigationProperty Name="o" Type="graph.t">{}</NavigationProperty>'


def annotated(value: str) -> str:
    return TYPE.format(f'<Annotation Term="a.b">{value}</Annotation>')


def value_of(body: str) -> object:
    found = model(body)
    assert found.diagnostics == ()
    (annotation,) = found.types["microsoft.graph.t"].annotations
    return annotation.value


@pytest.mark.parametrize(
    "body",
    [
        TYPE.format(
            NAVIGATION.format(
                f'<ReferentialConstraint Property="id" ReferencedProperty="id">{NOTE}'
                f'</ReferentialConstraint><OnDelete Action="Cascade">{NOTE}</OnDelete>'
            )
        ),
        TYPE.replace('<PropertyRef Name="id"/>', '<PropertyRef Name="id" Alias="key"/>').format(""),
        NOTE,
        TYPE.format(f'<Annotation Term="a.c" String="x">{NOTE}</Annotation>'),
        annotated(f"<Record>{NOTE}<PropertyValue Property='p' Int='1'>{NOTE}</PropertyValue></Record>"),
        annotated(f"<If><Bool>true</Bool><Int>1</Int><Null>{NOTE}</Null></If>"),
        '<Term Name="x" Type="Edm.String" BaseTerm="a.b" DefaultValue=" " MaxLength="9"/>',
        TYPE.format("")
        + '<EntityContainer Name="C">'
        + '<EntitySet Name="ts" EntityType="graph.t" IncludeInServiceDocument="false">'
        + f'<NavigationPropertyBinding Path="o" Target="ts">{NOTE}</NavigationPropertyBinding></EntitySet>'
        + '<Singleton Name="s" Type="graph.t" Nullable="true"/></EntityContainer>',
        TYPE.format("")
        + '<Function Name="f"><ReturnType Type="graph.t"/></Function><Action Name="a"/>'
        + '<EntityContainer Name="C"><EntitySet Name="ts" EntityType="graph.t"/>'
        + f'<ActionImport Name="A" Action="graph.a" EntitySet="ts">{NOTE}</ActionImport>'
        + '<FunctionImport Name="F" Function="graph.f" EntitySet="ts" IncludeInServiceDocument="true">'
        + f'{NOTE}</FunctionImport></EntityContainer>',
        TYPE.format('<Property Name=" p " Type=" Edm.Int32 " Nullable=" 1 " MaxLength=" 5 "/>'),
        '<EnumType Name="e" IsFlags="0"><Member Name="m" Value=" 1 "/></EnumType>',
    ],
)  # fmt: skip
def test_what_changes_nothing_for_a_client_is_read_and_dropped(body: str) -> None:
    assert model(body).diagnostics == ()


def test_references_may_be_annotated() -> None:
    note = NOTE.replace(
        "<Annotation", '<Annotation xmlns="http://docs.oasis-open.org/odata/ns/edm"'
    )
    reference = (
        f'<edmx:Reference Uri="u"><edmx:Include Namespace="a" Alias="b">{note}</edmx:Include>'
        f'<edmx:IncludeAnnotations TermNamespace="a" TargetNamespace="c"/>{note}</edmx:Reference>'
    )
    data = document("").replace(b"<edmx:DataServices>", reference.encode() + b"<edmx:DataServices>")
    read = reader.read(data, FILE)
    assert read.diagnostics == ()
    assert ("b", "a") in read.aliases


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<Null/>", Dynamic("Null")),
        (
            '<If><Eq><Path>id</Path><String>a b</String></Eq><Int> 1 </Int></If>',
            Dynamic(
                "If",
                items=(
                    Dynamic("Eq", items=(Constant("Path", "id"), Constant("String", "a b"))),
                    Constant("Int", "1"),
                ),
            ),
        ),
        (
            '<Apply Function="graph.join"><String>a</String><Cast Type="Collection(graph.t)" MaxLength="3">'
            "<Path>id</Path></Cast></Apply>",
            Dynamic(
                "Apply",
                (("Function", "microsoft.graph.join"),),
                (
                    Constant("String", "a"),
                    Dynamic(
                        "Cast",
                        (("MaxLength", "3"), ("Type", "Collection(microsoft.graph.t)")),
                        (Constant("Path", "id"),),
                    ),
                ),
            ),
        ),
        ("<UrlRef><String>http://x</String></UrlRef>", Dynamic("UrlRef", items=(Constant("String", "http://x"),))),
        (
            '<Collection><LabeledElement Name="l" Bool="true"/><Null/><Collection><Int>2</Int></Collection>'
            "<LabeledElementReference> a.l </LabeledElementReference></Collection>",
            Collection(
                (
                    Dynamic("LabeledElement", (("Name", "l"),), (Constant("Bool", "true"),)),
                    Dynamic("Null"),
                    Collection((Constant("Int", "2"),)),
                    Dynamic("LabeledElementReference", text="a.l"),
                )
            ),
        ),
        (
            '<Record><PropertyValue Property="p"><Not><Bool>true</Bool></Not></PropertyValue></Record>',
            Record((("p", Dynamic("Not", items=(Constant("Bool", "true"),))),)),
        ),
    ],
)  # fmt: skip
def test_expressions_are_kept_whole_and_written_again(value: str, expected: object) -> None:
    body = annotated(value)
    assert value_of(body) == expected
    again = reader.read(write(take(model(body), ["all"]).model), FILE)
    assert again.diagnostics == ()
    (declared,) = again.schemas[0].types
    (annotation,) = declared.annotations
    assert annotation == Annotation("a.b", expected)  # type: ignore[arg-type]


def test_an_address_can_be_an_attribute() -> None:
    assert value_of(TYPE.format('<Annotation Term="a.b" UrlRef="http://x"/>')) == Constant(
        "UrlRef", "http://x"
    )


@pytest.mark.parametrize(
    "value", ["<Null/>", "<If><Path>x</Path><Bool>false</Bool><Bool>true</Bool></If>"]
)
def test_what_is_only_known_to_the_service_rules_nothing_out(value: str) -> None:
    restricted = (
        '<EntityContainer Name="C"><EntitySet Name="ts" EntityType="graph.t">'
        '<Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions"><Record>'
        f'<PropertyValue Property="Deletable">{value}</PropertyValue></Record></Annotation>'
        f'<Annotation Term="Org.OData.Capabilities.V1.TopSupported">{value}</Annotation>'
        "</EntitySet></EntityContainer>"
    )
    found = {r.kind: r for r in list_requests(model(TYPE.format("") + restricted))}
    assert "delete" in found
    assert "top" in found["list"].options


# -- type definitions (CSDL 11)

DEFINED = (
    '<TypeDefinition Name="url" UnderlyingType="Edm.String" MaxLength="99" Unicode="true">'
    "{}</TypeDefinition>"
)


def properties(found: Model) -> dict[str, tuple[str, dict[str, str]]]:
    declared = found.structure("microsoft.graph.t")
    assert declared
    return {p.name: (str(p.type), dict(p.facets)) for p in declared.properties}


def test_a_type_definition_stands_for_its_underlying_type() -> None:
    found = model(
        DEFINED.format(NOTE)
        + TYPE.format(
            '<Property Name="u" Type="graph.url"/>'
            '<Property Name="many" Type="Collection(graph.url)" MaxLength="5"/>'
        )
        + f'<Annotations Target="graph.url">{NOTE}</Annotations>'
        + '<Action Name="act"><Parameter Name="p" Type="graph.url"/><ReturnType Type="graph.url"/></Action>'
        + '<Term Name="term" Type="graph.url"/>'
    )
    assert found.diagnostics == ()
    assert properties(found)["u"] == ("Edm.String", {"MaxLength": "99", "Unicode": "true"})
    assert properties(found)["many"] == (
        "Collection(Edm.String)",
        {"MaxLength": "5", "Unicode": "true"},
    )
    (operation,) = found.operations
    assert operation.returns
    assert {operation.parameters[0].type.name, operation.returns.type.name} == {"Edm.String"}
    assert found.terms[0].type.name == "Edm.String"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (DEFINED.format("") * 2, "declared twice, first at"),
        (DEFINED.format("") + '<EnumType Name="url"/>', "declared twice, first at"),
        (DEFINED.format("").replace("Edm.String", "graph.url"), "is not a primitive type"),
        ('<TypeDefinition Name="url"/>', "TypeDefinition has no UnderlyingType"),
    ],
)
def test_a_type_definition_that_defines_nothing_is_refused(body: str, message: str) -> None:
    with pytest.raises(CodegenError, match=message):
        model(body)


@pytest.mark.parametrize(
    "name", ["GeographyPoint", "Geometry", "GeometryCollection", "PropertyPath", "AnyPropertyPath"]
)
def test_all_primitive_types_are_known(name: str) -> None:
    found = model(TYPE.format(f'<Property Name="p" Type="Edm.{name}"/>'))
    assert found.diagnostics == ()
