"""Each document that Microsoft published becomes code, or is refused for a reason that is true."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from graph_codegen import api
from graph_codegen.assets import folder
from graph_codegen.emit.client import render_client
from graph_codegen.emit.models import render_models
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.emit.package import facts
from graph_codegen.errors import CodegenError
from graph_codegen.facts import settings
from graph_codegen.model.model import Model
from graph_codegen.model.subset import take
from graph_codegen.service.requests import list_requests
from tests.support.published import (
    CHINA,
    DESCRIBED,
    GOVERNMENT,
    NEWEST,
    OLDER,
    OLDEST,
    OPENAPI,
    RAW,
    published,
    published_openapi,
)

DOCUMENTS = (NEWEST, OLDER, OLDEST, RAW, DESCRIBED, GOVERNMENT, CHINA)

LACKING = [(CHINA, "communications")]
"""The only root that one of them lacks."""

QUICK = [*((file, "communications") for file in (*DOCUMENTS, OPENAPI)), (CHINA, "sites")]

ROWS = [
    *((file, root) for file in DOCUMENTS for root in ("communications", "sites", "users", "all")),
    (OPENAPI, "communications"),
]


@cache
def model_of(file: str) -> Model:
    if file != OPENAPI:
        return api.read(published(file)).model
    with TemporaryDirectory() as folder:
        return api.read(published_openapi(Path(folder))).model


def sources(model: Model) -> Mapping[str, str]:
    """Return the modules of client and models, which need no formatting to be compiled."""
    known, names = facts(folder("metadata")), assign_names(model)
    client = render_client(model, known.writer(names), settings.load())
    models = render_models(build_openapi(model, names, known.descriptions), names)
    return {**client, **{f"models/{path}": text for path, text in models.items()}}


def lines_in(client: ast.Module) -> Iterator[str]:
    """Yield the request line of each method: its decorator, `GET.page("/users")`, has it."""
    for node in ast.walk(client):
        match node:
            case ast.FunctionDef(decorator_list=[ast.Call(func, [ast.Constant(str(path)), *_])]):
                yield f"{ast.unparse(func).partition('.')[0]} {path}"
            case _:
                pass


@pytest.mark.parametrize(
    ("file", "root"),
    [
        pytest.param(*row, marks=[] if row in QUICK else [pytest.mark.thorough])
        for row in ROWS
        if row not in LACKING
    ],
)
def test_it_becomes_a_client_and_models(file: str, root: str) -> None:
    model = take(model_of(file), [root]).model
    trees = {path: ast.parse(text) for path, text in sources(model).items()}
    for path, tree in trees.items():
        compile(tree, path, "exec")
    assert {*lines_in(trees.pop("client.py"))} == {r.http for r in list_requests(model)}
    nodes = itertools.chain.from_iterable(tree.body for tree in trees.values())
    classes = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    assert Counter(assign_names(model).classes.values()) <= classes


@pytest.mark.parametrize(("file", "root"), LACKING)
def test_a_root_that_is_not_there_is_refused(file: str, root: str) -> None:
    with pytest.raises(CodegenError, match=f"the root {root} does not exist"):
        take(model_of(file), [root])
    assert f'Name="{root}"' not in published(file).read_text(encoding="utf-8")
