"""Descriptions: ours, or on request a document's own first."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen import api
from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import EnumType
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.errors import CodegenError
from graph_codegen.facts import descriptions, supplement
from graph_codegen.facts.descriptions import Descriptions, TypeDescription
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import take
from graph_codegen.service.requests import list_requests
from tests.support.csdl import ITEM, document
from tests.support.shipped import ROOTS as SHIPPED

METADATA = folder("metadata")

DOCUMENT = b"""<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="microsoft.graph"
 xmlns="http://docs.oasis-open.org/odata/ns/edm">
<ComplexType Name="call">
<Annotation Term="Org.OData.Core.V1.Description" String="theirs"/>
<Property Name="a" Type="Edm.String">
<Annotation Term="Org.OData.Core.V1.Description" String="their a"/></Property>
<Property Name="b" Type="Edm.String"/>
</ComplexType></Schema></edmx:DataServices></edmx:Edmx>"""


@pytest.mark.parametrize(
    ("own", "of_type", "of_a"), [(True, "theirs", "their a"), (False, "ours", "our a")]
)
def test_descriptions_of_the_document_come_first_on_request(
    own: bool, of_type: str, of_a: str
) -> None:
    model = resolve(reader.read(DOCUMENT, "own"))
    owner = "microsoft.graph.call"
    ours = Descriptions({owner: TypeDescription("ours", {"a": "our a", "b": "our b"})}, {}, own=own)
    schema = build_openapi(model, assign_names(model), ours)["components"]["schemas"]["Call"]
    assert schema["description"] == of_type
    assert schema["properties"]["a"]["description"] == of_a
    assert schema["properties"]["b"]["description"] == "our b"


def test_docstrings_of_a_document_with_descriptions_are_its_own_on_request(tmp_path: Path) -> None:
    said = '<Annotation Term="Org.OData.Core.V1.Description" String="{}"/>'.format
    body = f"""
      {ITEM}
      <Action Name="act" IsBound="true">
        <Parameter Name="on" Type="graph.item"/>
        <Parameter Name="much" Type="Edm.Int32">{said("How much.")}</Parameter>
        {said("Act on it.")}
      </Action>
      <EntityContainer Name="c"><EntitySet Name="items" EntityType="graph.item"/></EntityContainer>
    """
    (tmp_path / "own.xml").write_bytes(document(body))
    for wanted in (True, False):
        made = api.generate(
            tmp_path / "own.xml", roots=["all"], package="own_words", descriptions=wanted
        )
        client = made.files["own_words/client.py"]
        assert ("Act on it." in client, "much: How much." in client) == (wanted, wanted)
        assert made.origin["descriptions"] is wanted


def model_of_service() -> Model:
    return resolve(reader.read_file(METADATA / "communications.csdl.xml"))


def test_everything_described_exists() -> None:
    model, redundant = supplement.apply(model_of_service(), supplement.load(METADATA))
    subset = take(model, SHIPPED).model
    known = descriptions.load(METADATA)
    lines = {f"{r.method} {r.path}" for r in list_requests(subset)}
    enums = [declared for declared in model.types.values() if isinstance(declared, EnumType)]
    members = {(declared.name, item.name) for declared in enums for item in declared.members}
    members |= {(d.name, item.name) for d in model.structured() for item in d.members()}
    assert redundant == ()
    assert known.types.keys() <= model.types.keys()
    told = {(n, m) for n, text in known.types.items() for m in (*text.properties, *text.members)}
    assert told <= members
    assert known.operations.keys() <= lines  # newer metadata may bring more than is described yet
    assert known.parameters.keys() <= {p.name for r in list_requests(subset) for p in r.parameters}
    resources = {request.path for request in list_requests(subset)}
    assert {*known.alike, *known.alike.values()} <= resources


def test_requests_of_the_same_form_share_a_text_unless_they_have_their_own() -> None:
    known = descriptions.load(METADATA)
    subset = take(model_of_service(), SHIPPED).model
    texts = {request.http: known.of_request(request) for request in list_requests(subset)}
    shared = texts["DELETE /communications/onlineMeetings/{onlineMeeting-id}"]
    assert texts["DELETE /users/{user-id}/onlineMeetings/{onlineMeeting-id}"] == shared != ""
    assert texts["GET /me/onlineMeetings"] != texts["GET /communications/onlineMeetings"]


def test_a_file_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    (tmp_path / descriptions.FILE).write_text('{"types": {"a": {}}}', encoding="utf-8")
    with pytest.raises(
        CodegenError, match="the descriptions are not understood: types/a/summary: Field"
    ):
        descriptions.load(tmp_path)
