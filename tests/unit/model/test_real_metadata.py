"""The published metadata of Graph: nothing in it is lost on the way to the model.

The XML parser of the standard library counts independently what is expected.
"""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from graph_codegen import api
from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import (
    Annotation,
    Binding,
    Constant,
    Document,
    EntityContainer,
    EntitySource,
    EnumType,
    Member,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    ReturnType,
    StructuredType,
    Term,
)
from graph_codegen.errors import CodegenError
from graph_codegen.facts import settings, statuses
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from graph_codegen.model.validate import PRIMITIVES
from graph_codegen.model.writer import write
from tests.support.csdl import graph_codegen
from tests.support.published import CHINA, DESCRIBED, GOVERNMENT, NEWEST, OLDER, OLDEST, published
from tests.support.shipped import ROOTS as SHIPPED

METADATA = folder("metadata")

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"

DANGLING = {
    NEWEST: 6,
    OLDER: 6,
    OLDEST: 6,
    GOVERNMENT: 0,
    CHINA: 0,
}
"""Annotations on targets that are not declared: the global documents annotate types taken out of them."""

every_document = pytest.mark.parametrize("file", DANGLING)


@cache
def document_of(file: str) -> Document:
    return reader.read_file(published(file))


@cache
def model_of(file: str) -> Model:
    return resolve(document_of(file))


@cache
def tree_of(file: str) -> ET.Element:
    return ET.parse(published(file)).getroot()


def tags(root: ET.Element) -> Counter[str]:
    return Counter(element.tag.removeprefix(EDM) for element in root.iter())


def values_in(value: object) -> Iterator[object]:
    """Iterate over every value of the declarations in a document or model, at any depth."""
    yield value
    if isinstance(value, tuple | list):
        for item in value:
            yield from values_in(item)
    elif isinstance(value, dict):
        yield from values_in(list(value.values()))
    elif is_dataclass(value):
        for field in fields(value):
            yield from values_in(getattr(value, field.name))


@every_document
def test_the_document_holds_what_a_plain_count_finds(file: str) -> None:
    expected = tags(tree_of(file))
    found = Counter[str]()
    for value in values_in(document_of(file).schemas):
        match value:
            case StructuredType(kind=kind) | Operation(kind=kind) | EntitySource(kind=kind):
                found[kind] += 1
            case Record(values):
                found["PropertyValue"] += len(values)
            case Constant("EnumMember" | "PropertyPath" | "NavigationPropertyPath" as kind):
                found[kind] += 1
        match value:
            case StructuredType():
                found["PropertyRef"] += len(value.key)
            case Binding():
                found["NavigationPropertyBinding"] += 1
            case (
                EnumType()
                | Member()
                | Property()
                | NavigationProperty()
                | Parameter()
                | ReturnType()
                | Term()
                | EntityContainer()
                | Annotation()
                | Record()
            ):
                found[type(value).__name__] += 1
    as_attributes = Counter(
        attribute
        for element in tree_of(file).iter()
        for attribute in element.attrib
        if attribute in {"PropertyPath", "NavigationPropertyPath", "EnumMember"}
    )
    expected += as_attributes
    assert {kind: expected[kind] for kind in found} == dict(found)
    assert found["Annotation"] > 1000
    assert {
        "EnumType", "Member", "EntityType", "ComplexType", "Property", "NavigationProperty",
        "Action", "Function", "Parameter", "ReturnType", "Term", "Singleton", "EntitySet", "Record",
    } <= found.keys()  # fmt: skip


@every_document
def test_the_model_holds_the_facts_of_the_attributes(file: str) -> None:
    model = model_of(file)
    written = Counter(
        (element.tag.removeprefix(EDM), attribute, value)
        for element in tree_of(file).iter()
        for attribute, value in element.attrib.items()
        if value in ("true", "false")
    )

    def count(kind: str, attribute: str, value: str = "true") -> int:
        return written[kind, attribute, value]

    structured = list(model.structured())
    for kind in ("EntityType", "ComplexType"):
        own = [declared for declared in structured if declared.kind == kind]
        assert sum(declared.abstract is True for declared in own) == count(kind, "Abstract")
        assert sum(declared.open is True for declared in own) == count(kind, "OpenType")
        assert sum(declared.has_stream for declared in own) == count(kind, "HasStream")
    enums = [declared for declared in model.types.values() if isinstance(declared, EnumType)]
    assert sum(declared.is_flags is True for declared in enums) == count("EnumType", "IsFlags")
    navigation = [item for declared in structured for item in declared.navigation]
    contained = sum(item.contains_target for item in navigation)
    assert contained == count("NavigationProperty", "ContainsTarget")
    properties = [item for declared in structured for item in declared.properties]
    assert sum(p.nullable is False for p in properties) == count("Property", "Nullable", "false")
    assert sum(p.nullable is True for p in properties) == count("Property", "Nullable")
    for operation_kind in ("Action", "Function"):
        own_operations = [o for o in model.operations if o.kind == operation_kind]
        assert sum(o.is_bound for o in own_operations) == count(operation_kind, "IsBound")
    composable = sum(operation.is_composable for operation in model.operations)
    assert composable == count("Function", "IsComposable")


@every_document
def test_every_annotation_reaches_the_model(file: str) -> None:
    """Annotations on a name with overloads stand on each of them: so places are counted."""
    model = model_of(file)
    everything = [*model.types.values(), *model.operations, *model.terms, model.container]
    on_model = {v.place for v in values_in(everything) if isinstance(v, Annotation)}
    lost = {d.place for d in model.diagnostics if "annotations on" in d.message}
    on_document = {
        annotation.place
        for value in values_in(document_of(file).schemas)
        if isinstance(value, Annotation)
        for annotation in [value]
    }
    on_nothing = {
        annotation.place
        for schema in document_of(file).schemas
        for _, annotations, place in schema.targets
        if place in lost
        for annotation in annotations
    }
    assert on_model == on_document - on_nothing


@every_document
def test_the_only_diagnostics_are_the_known_ones(file: str) -> None:
    found = Counter(diagnostic.message for diagnostic in model_of(file).diagnostics)
    assert +found == +Counter(
        {
            "annotations on something that is not declared": DANGLING[file],
        }
    )


def test_strict_errs_for_annotations_of_what_graph_does_not_declare_and_nothing_else() -> None:
    with pytest.raises(CodegenError) as caught:
        api.read(published(NEWEST), strict=True)
    assert [d.message for d in caught.value.diagnostics] == [
        "annotations on something that is not declared"
    ] * DANGLING[NEWEST]


def test_of_a_term_that_graph_declares_twice_the_first_is_kept() -> None:
    again = [d for d in model_of(DESCRIBED).diagnostics if d.message.startswith("declared twice")]
    names = [diagnostic.type.rpartition(".")[2] for diagnostic in again]
    assert names[:2] == ["conflictBehavior", "conflictBehavior"]
    assert len(again) == 8


@every_document
def test_every_name_is_full(file: str) -> None:
    model = model_of(file)
    aliases = {alias for alias, _ in document_of(file).aliases}
    references = {ref.name for ref, *_ in model.references()}
    assert {name.rpartition(".")[0] for name in references}.isdisjoint(aliases)
    assert references <= set(model.types) | PRIMITIVES


@pytest.mark.parametrize("file", [NEWEST, CHINA])
def test_the_normalised_whole_is_read_back_as_it_is(file: str) -> None:
    whole = take(model_of(file), [ALL]).model
    data = write(whole)
    read = resolve(reader.read(data, "again"))
    assert read.diagnostics == ()
    assert len(read.types) == len(whole.types)
    assert len(read.operations) == len(whole.operations)
    assert write(take(read, [ALL]).model) == data


def test_the_alias_of_one_schema_is_used_by_others() -> None:
    aliases = dict(document_of(NEWEST).aliases)
    assert (aliases["graph"], aliases["self"]) == ("microsoft.graph", "microsoft.graph.security")


# -- the committed subset


def answer(*arguments: str | Path) -> str:
    result = graph_codegen(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_committed_subset_is_a_slice_of_the_newest(tmp_path: Path) -> None:
    said = answer("slice", published(NEWEST), "--output", tmp_path).splitlines()
    for file in ("communications.csdl.xml", "provenance.json"):
        assert (tmp_path / file).read_bytes() == (METADATA / file).read_bytes()
    told = json.loads((METADATA / "provenance.json").read_text(encoding="utf-8"))
    for kind, kept in told["kept"].items():
        assert f"kept {kept} of {told['document_holds'][kind]} {kind}" in said
        assert told["document_holds"][kind] == tags(tree_of(NEWEST))[kind]


def committed() -> Model:
    chosen = settings.load()
    return resolve(reader.read_file(chosen.document))


def test_the_subset_of_the_committed_subset_is_itself() -> None:
    chosen = settings.load()
    subset = take(committed(), SHIPPED)
    assert write(subset.model) == (chosen.document).read_bytes()
    assert subset.cut == ()
    assert committed().diagnostics == ()


def test_a_public_validator_accepts_the_openapi_document_of_the_subset() -> None:
    document = json.loads(answer("openapi", "--strict"))
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"].values()
    names = {schema["x-graph"]["name"] for schema in schemas if "x-graph" in schema}
    assert names == committed().types.keys()
    validate(document)


def test_requests_are_answered_with_the_statuses_of_the_documentation() -> None:
    known = statuses.load(METADATA)
    paths = json.loads(answer("openapi", "--strict"))["paths"]
    assert known
    for request, about in known.items():
        method, path = request.split(" ")
        responses = paths[path][method.lower()]["responses"]
        assert {name for name in responses if name.startswith("2")} == set(map(str, about.statuses))
        assert about.errors.keys() <= responses.keys()


@pytest.mark.parametrize(
    ("file", "roots"),
    [(OLDER, []), (GOVERNMENT, ["--root", "communications", "--root", "commsNotifications"])],
)
def test_other_metadata_generates_too(file: str, roots: list[str], tmp_path: Path) -> None:
    answer("generate", "--metadata", published(file), *roots, "--output", tmp_path)
    program = "import graph_comms.models as m; print(m.Call(subject='x').to_json())"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == {"@odata.type": "#microsoft.graph.call", "subject": "x"}


def test_the_cloud_of_china_has_no_communications() -> None:
    with pytest.raises(CodegenError, match="the root communications does not exist"):
        take(model_of(CHINA), ["communications"])
