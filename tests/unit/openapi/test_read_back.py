"""The OpenAPI document that is written of a model is read back as that model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen import api
from graph_codegen.csdl import reader as csdl
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.emit.openapi_3_0 import as_openapi_3_0
from graph_codegen.errors import CodegenError
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from graph_codegen.model.writer import write
from graph_codegen.openapi import reader
from tests.support import openapi
from tests.support.csdl import graph_codegen
from tests.support.examples import examples
from tests.support.models import MODELS
from tests.support.openapi import JSON, library
from tests.unit.openapi.test_openapi_reader import ODD, places

GENERATED = Path(__file__).parents[3] / "generated"
"""The package that is generated from the CSDL."""

GOLDEN = Path(__file__).parents[2] / "golden" / "generator"
DOCUMENTS = sorted(GOLDEN.glob("*/*.csdl.xml"))


def written(model: Model) -> JSON:
    return build_openapi(model, assign_names(model), Descriptions({}, {}, own=True))


def read_back(document: JSON) -> Model:
    data = json.dumps(document).encode()
    return take(resolve(reader.read(data, "own.json")), (ALL,)).model


def whole(model: Model) -> Model:
    """Return a model as it is read of its own document."""
    return take(resolve(csdl.read(write(model), "own.xml")), (ALL,)).model


@examples(ordinary=40, thorough=1_000)
@given(MODELS)
def test_any_model_is_read_back(model: Model) -> None:
    expected = whole(model)
    document = written(expected)
    assert read_back(document) == expected
    assert read_back(as_openapi_3_0(document)) == expected


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.parent.name)
def test_the_golden_documents_are_read_back(path: Path) -> None:
    expected = take(resolve(csdl.read_file(path)), (ALL,)).model
    document = written(expected)
    assert read_back(document) == expected
    assert read_back(as_openapi_3_0(document)) == expected


@pytest.mark.parametrize("roots", [(), ("communications/calls",), ("users/presence", "call")])
def test_subsets_are_read_back_by_their_roots(roots: tuple[str, ...], tmp_path: Path) -> None:
    chosen = [word for root in roots for word in ("--root", root)]
    own = tmp_path / "own.json"
    assert graph_codegen("openapi", *chosen, "--output", own).returncode == 0
    expected = api.read_subset(roots=roots)
    found = api.read_subset(own, roots=roots)
    assert found.model == expected.model
    assert found.roots == expected.roots


def test_what_is_partial_stays_so() -> None:
    model = take(openapi.model(library()), (ALL,)).model
    assert read_back(written(model)) == model


@pytest.mark.parametrize("version", ["3.1", "3.0"])
def test_the_package_is_the_same_byte_for_byte(version: str, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    assert graph_codegen("openapi", "--openapi", version, "--output", own).returncode == 0
    assert f'"openapi": "{version}.' in own.read_text(encoding="utf-8")
    found = api.generate(own)
    assert found.warnings == ()
    differing = {
        path
        for path, text in found.files.items()
        if (GENERATED / path).read_text(encoding="utf-8") != text
    }
    assert differing == {"manifest.json", "sbom.cdx.json"}  # which name the document


def ours() -> JSON:
    return written(take(openapi.model(library()), (ALL,)).model)


PLACES = [path for path in places(ours()) if "x-graph" in path]


@examples(ordinary=100, thorough=20_000)
@given(st.sampled_from(PLACES), st.sampled_from([*ODD, "a b", 2**63, {"Bool": 1}, {"Record": {}}]))
def test_any_value_in_an_extension_is_read_or_refused(place: tuple[Any, ...], odd: object) -> None:
    changed = ours()
    found: Any = changed
    for name in place[:-1]:
        found = found[name]
    found[place[-1]] = odd
    try:
        model = read_back(changed)
    except CodegenError as refused:
        assert "\n" not in str(refused) or "declared" in str(refused)  # noqa: PT017 - see above
    else:
        assert isinstance(model, Model)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("components", "schemas", "LibraryBook", "x-graph", "name"), "a.b c", "the name of StructuredType"),
        (("x-graph", "operations", 0, "name"), "lend", "a schema cannot call itself nothing"),
        (("x-graph", "operations", 0, "kind"), "Task", "Task is none of Action, Function"),
        (("x-graph", "operations", 0, "speed"), 1, "Operation has no speed"),
        (("x-graph", "container", "sources"), [{}], "EntitySource lacks its kind"),
        (("x-graph", "terms"), [{"name": "library.t", "type": "Edm.String", "nullable": 1}], "1 is no bool"),
    ],
)  # fmt: skip
def test_names_in_extensions_are_those_of_csdl(
    place: tuple[Any, ...], value: object, told: str
) -> None:
    changed = ours()
    found: Any = changed
    for name in place[:-1]:
        found = found[name]
    found[place[-1]] = value
    with pytest.raises(CodegenError, match=r"own\.json") as refused:
        read_back(changed)
    assert told in str(refused.value)


def test_deep_expressions_are_refused() -> None:
    changed = ours()
    deep: JSON = {"Bool": "true"}
    for _ in range(300):
        deep = {"Collection": [deep]}
    changed["x-graph"]["container"]["annotations"] = [{"term": "library.t", "value": deep}]
    with pytest.raises(CodegenError, match="more than 256 levels"):
        read_back(changed)
