"""Properties of the OpenAPI document of any model: it is consistent, and says all that the model does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from graph_codegen.csdl import reader as csdl
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.emit.openapi_3_0 import as_openapi_3_0
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.model.canonical import ordered
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.writer import write
from graph_codegen.openapi import reader as openapi
from graph_codegen.service.requests import list_requests
from graph_codegen.text import json_source
from tests.support.models import MODELS, SERVICES


def resolved(model: Model) -> Model:
    """Return a model as it is in a document."""
    return resolve(csdl.read(write(model), "a.xml"))


def built(model: Model) -> dict[str, Any]:
    return build_openapi(model, assign_names(model), Descriptions({}, {}))


def references(value: Any) -> Iterator[str]:
    """Yield all references in a document, outside of its extensions."""
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "$ref":
            yield inside
        elif key == "mapping":
            yield from inside.values()
        elif isinstance(inside, dict | list) and not str(key).startswith("x-"):
            yield from references(inside)


@given(MODELS | SERVICES)
def test_the_document_of_any_model_is_consistent(model: Model) -> None:
    model = resolved(model)
    document = built(model)
    for reference in references(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    names: set[str] = set()
    templates: set[str] = set()
    requests: set[str] = set()
    for path, item in document["paths"].items():
        template = re.sub(r"\{[^{}]*\}", "{}", path)
        assert template not in templates
        templates.add(template)
        for operation in item.values():
            assert operation["operationId"] not in names
            names.add(operation["operationId"])
            requests.add(operation["x-graph"]["request"])
            given = [p for p in operation.get("parameters", ()) if p.get("in") == "path"]
            assert sorted(p["name"] for p in given) == sorted(re.findall(r"\{([^{}]*)\}", path))
    assert requests == {request.http for request in list_requests(model)}


@pytest.mark.parametrize("older", [False, True], ids=["3.1", "3.0"])
@given(model=MODELS | SERVICES)
def test_any_model_is_read_back(model: Model, older: bool) -> None:
    model = resolved(model)
    document = as_openapi_3_0(built(model)) if older else built(model)
    again = resolve(openapi.read(json_source(document).encode(), "a.json"))
    assert write(ordered(again)) == write(ordered(model))
