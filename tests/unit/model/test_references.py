"""Documents that refer to others, which are given or absent, and containers that extend others."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen import api
from graph_codegen.csdl import reader
from graph_codegen.errors import CodegenError
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from graph_codegen.service.requests import list_requests
from tests.hostile import values
from tests.hostile.generated import generate, imported
from tests.support.csdl import ITEM, document, graph_codegen, schema

MAIN = schema(
    """
    <EntityType Name="call"><Key><PropertyRef Name="id"/></Key>
      <Property Name="id" Type="Edm.String"/>
      <Property Name="place" Type="far.place"/>
      <Property Name="places" Type="Collection(far.place)"/>
      <Property Name="size" Type="far.size"/>
      <NavigationProperty Name="owner" Type="far.person" ContainsTarget="true"/>
    </EntityType>
    <ComplexType Name="home" BaseType="far.place"/>
    <ComplexType Name="villa" BaseType="self.home"/>
    <Action Name="move" IsBound="true">
      <Parameter Name="on" Type="self.call"/><Parameter Name="to" Type="far.place"/>
      <ReturnType Type="far.place"/>
    </Action>
    <EntityContainer Name="c"><EntitySet Name="calls" EntityType="self.call"/>
      <EntitySet Name="people" EntityType="far.person"/></EntityContainer>
    """,
    alias="self",
)
OTHER = schema(
    """
    <ComplexType Name="place"><Property Name="street" Type="self.street"/></ComplexType>
    <ComplexType Name="street"/>
    <TypeDefinition Name="size" UnderlyingType="Edm.Int32"/>
    <EntityType Name="person"><Key><PropertyRef Name="id"/></Key>
      <Property Name="id" Type="Edm.String"/></EntityType>
    <Annotations Target="microsoft.graph.call/place">
      <Annotation Term="self.important"/></Annotations>
    <EntityContainer Name="others"><EntitySet Name="streets" EntityType="self.person"/></EntityContainer>
    """,
    "contoso.far",
    "self",
)
REFERENCE = (
    '<edmx:Reference Uri="https://contoso.com/far.xml"><edmx:Include Namespace="contoso.far" Alias="far"/>'
    "</edmx:Reference>"
)


def referring(*schemas: str, reference: str = REFERENCE) -> bytes:
    return document(*schemas).replace(
        b"<edmx:DataServices>", f"{reference}<edmx:DataServices>".encode()
    )


def read(data: bytes, *others: bytes) -> Model:
    found = (reader.read(other, f"{n}.xml") for n, other in enumerate(others))
    return resolve(reader.read(data, "main.xml"), *found)


def test_a_given_document_is_part_of_the_model_and_its_aliases_are_its_own() -> None:
    model = read(referring(MAIN), document(OTHER))
    assert model.notes == model.diagnostics == ()
    assert {
        "contoso.far.place",
        "contoso.far.street",
        "contoso.far.person",
        "microsoft.graph.call",
    } <= model.types.keys()
    call = model.structure("microsoft.graph.call")
    assert call
    types = {item.name: str(item.type) for item in call.members()}
    assert types["place"] == "contoso.far.place"
    assert types["size"] == "Edm.Int32"
    place = model.structure("contoso.far.place")
    assert place
    assert [str(item.type) for item in place.properties] == ["contoso.far.street"]
    (annotation,) = next(item for item in call.properties if item.name == "place").annotations
    assert annotation.term == "contoso.far.important"
    assert [source.name for source in model.sources] == ["calls", "people"]


def test_a_document_that_is_given_again_is_taken_once() -> None:
    main, other = referring(MAIN), document(OTHER + "<!-- -->")
    acted = document(
        schema('<Action Name="wave"><Parameter Name="to" Type="Edm.String"/></Action>', "w")
    )
    once = read(main, other, acted)
    again = read(main, other, acted, main, acted, other)
    assert again.types.keys() == once.types.keys()
    assert len(again.operations) == len(once.operations) == 2
    assert (again.diagnostics, again.notes) == ((), ())
    with pytest.raises(
        CodegenError, match=r"contoso\.far\.size: declared twice, first at 0\.xml:6"
    ):
        read(main, other, document(OTHER))


def test_what_has_a_type_of_an_absent_document_is_untyped_and_a_note_says_so() -> None:
    model = read(referring(MAIN))
    assert model.diagnostics == ()
    assert [str(note) for note in model.notes] == [
        "main.xml:2: refers to https://contoso.com/far.xml for contoso.far, without which 6 properties,"
        " parameters and results are untyped: --reference gives it"
    ]
    call = model.structure("microsoft.graph.call")
    assert call
    assert {item.name: str(item.type) for item in call.members()} == {
        "id": "Edm.String",
        "place": "Edm.Untyped",
        "places": "Collection(Edm.Untyped)",
        "size": "Edm.Untyped",
        "owner": "Edm.EntityType",
    }
    made = generate(referring(MAIN), "calls")
    with imported(made) as module:
        values.check(made, module)


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("home", "microsoft.graph.home, whose base type contoso.far.place"),
        ("villa", "microsoft.graph.villa, whose base type contoso.far.place"),
        ("people", "contoso.far.person, which"),
        (ALL, "contoso.far.person, which"),
    ],
)
def test_a_root_that_needs_an_absent_type_is_refused_by_name(root: str, message: str) -> None:
    model = read(referring(MAIN))
    assert take(model, ["calls"]).roots == ("calls",)
    with pytest.raises(CodegenError) as caught:
        take(model, ["calls", root])
    (problem,) = caught.value.diagnostics
    if root != ALL:
        assert problem.message == (
            f"the root {root} needs {message} only https://contoso.com/far.xml declares: give it by"
            " --reference"
        )


def test_vocabularies_need_no_note() -> None:
    terms = REFERENCE.replace("contoso.far", "Org.OData.Core.V1")
    assert read(referring(ITEM, reference=terms)).notes == ()


def test_the_command_takes_references_and_strict_passes_notes(tmp_path: Path) -> None:
    (tmp_path / "main.xml").write_bytes(referring(MAIN))
    (tmp_path / "far.xml").write_bytes(document(OTHER))
    given = ("openapi", "--metadata", tmp_path / "main.xml", "--root", "calls", "--strict")
    alone = graph_codegen(*given)
    assert alone.returncode == 0
    assert "note: main.xml:2: refers to https://contoso.com/far.xml" in alone.stderr
    both = graph_codegen(*given, "--reference", tmp_path / "far.xml")
    assert both.returncode == 0
    assert "note: " not in both.stderr
    assert "contoso.far.street" in both.stdout
    assert "contoso.far.street" not in alone.stdout
    made = api.generate(
        tmp_path / "main.xml", roots=["all"], package="far_away", references=[tmp_path / "far.xml"]
    )
    assert "far_away/models/contoso_far.py" in made.files


# -- containers that extend others


def extending(*containers: tuple[str, str, str]) -> Model:
    """Return the model of containers: each a name, what it extends, and an entity set of it."""
    schemas = [
        schema(
            (ITEM if not number else "")
            + f'<EntityContainer Name="{name}"{f""" Extends="{base}" """ if base else ""}>'
            f'<EntitySet Name="{source}" EntityType="microsoft.graph.item"/></EntityContainer>',
            "microsoft.graph" if not number else f"n{number}",
            "",
        )
        for number, (name, base, source) in enumerate(containers)
    ]
    return read(document(*schemas))


def test_a_container_has_what_it_extends() -> None:
    model = extending(("c", "n1.d", "own"), ("d", "n2.e", "middle"), ("e", "", "first"))
    assert model.diagnostics == ()
    assert [source.name for source in model.sources] == ["first", "middle", "own"]
    assert {request.segments[0] for request in list_requests(model)} == {"first", "middle", "own"}


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("base", ["base"]),
        ("n1.d/base", ["base"]),
        ("microsoft.graph.c/own", ["own"]),
        ("graph.c/own", ["own"]),
        ("far.service/items", []),
    ],
)
def test_bindings_name_containers_in_front_of_their_targets(target: str, found: list[str]) -> None:
    own = (
        ITEM
        + f"""<EntityContainer Name="c" Extends="n1.d"><EntitySet Name="own" EntityType="graph.item">
        <NavigationPropertyBinding Path="next" Target="{target}"/></EntitySet></EntityContainer>"""
    )
    base = """<EntityContainer Name="d"><EntitySet Name="base" EntityType="microsoft.graph.item"/>
    </EntityContainer>"""
    model = read(referring(schema(own), schema(base, "n1", "")))
    assert model.diagnostics == ()
    source = next(source for source in model.sources if source.name == "own")
    assert [binding.target for binding in source.bindings] == found


def test_a_container_that_extends_nothing_known_is_a_warning() -> None:
    model = extending(("c", "n1.lost", "own"))
    assert [d.message for d in model.diagnostics] == ["the container n1.lost is not declared"]


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ([("c", "", "a"), ("d", "", "b")], "at most one EntityContainer"),
        ([("c", "n1.d", "a"), ("d", "microsoft.graph.c", "b")], "extend each other"),
        ([("c", "microsoft.graph.c", "a")], "extend each other"),
        (
            [("a", "n1.b", "x"), ("b", "n2.c", "y"), ("c", "n1.b", "z")],
            "extend each other",
        ),
    ],
)
def test_containers_that_make_no_service_are_refused(
    containers: list[tuple[str, str, str]], message: str
) -> None:
    with pytest.raises(CodegenError, match=message):
        extending(*containers)


def test_several_schemas_may_have_one_namespace_and_one_alias() -> None:
    one, other = schema(ITEM), schema(
        '<ComplexType Name="x"><Property Name="i" Type="graph.item"/></ComplexType>'
    )
    model = read(document(one, other))
    assert model.diagnostics == ()
    assert {*model.types} == {"microsoft.graph.item", "microsoft.graph.x"}
