"""The same metadata gives the same bytes, whoever runs the command, wherever, and in any order.

`make test-thorough` tries more surroundings, `make test-pythons` other versions of Python.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import EDM
from graph_codegen.emit.client import render_client
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.emit.package import facts
from graph_codegen.facts import settings, supplement
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from graph_codegen.model.writer import write
from tests.support.csdl import content, graph_codegen
from tests.support.models import MODELS, SERVICES
from tests.support.published import NEWEST, published
from tests.support.respelling import respelled, shuffled
from tests.support.shipped import ROOTS as SHIPPED

CHECKOUT = Path(__file__).parents[2]
METADATA = CHECKOUT / "metadata"
DOCUMENT = METADATA / "communications.csdl.xml"

GENERATED = {
    path: data
    for path, data in content(CHECKOUT / "generated").items()
    if path != "CHANGELOG.md" and "__pycache__" not in path
}
"""The committed package without the changelog, which only `update` writes."""

# -- in any surroundings

SURROUNDINGS = {
    "plain": ({"PYTHONHASHSEED": "0", "LC_ALL": "C", "PYTHONUTF8": "0", "TZ": "UTC"}, 0o022, ()),
    "unusual": (
        {
            "PYTHONHASHSEED": "random",
            "LC_ALL": "tr_TR.UTF-8",
            "TZ": "Asia/Kathmandu",
            "COLUMNS": "20",
            "FORCE_COLOR": "1",
        },
        0o077,
        ("-OO",),
    ),
    "latin": (
        {"PYTHONHASHSEED": "4242", "LC_ALL": "de_DE.ISO-8859-1", "TZ": "Pacific/Apia"},
        0,
        (),
    ),
    "turkish": ({"PYTHONHASHSEED": "1", "LC_ALL": "tr_TR.UTF-8"}, 0o027, ()),
}
"""Environment, umask and options of Python."""

each_surroundings = pytest.mark.parametrize(
    "surroundings",
    [
        "plain",
        "unusual",
        pytest.param("latin", marks=pytest.mark.thorough),
        pytest.param("turkish", marks=pytest.mark.thorough),
    ],
)


def run(surroundings: str, at: Path, *arguments: str | Path) -> bytes:
    """Run a command in a folder; return what it wrote to standard output."""
    variables, umask, options = SURROUNDINGS[surroundings]
    result = subprocess.run(
        [sys.executable, *options, "-m", "graph_codegen", *map(str, arguments)],
        cwd=at,
        umask=umask,
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@each_surroundings
def test_the_package_is_the_committed_one_in_any_surroundings(
    surroundings: str, tmp_path: Path
) -> None:
    run(surroundings, tmp_path, "generate", "--output", "a folder")
    run(surroundings, tmp_path, "api", "--output", "api.md")

    assert content(tmp_path / "a folder") == GENERATED
    assert (tmp_path / "api.md").read_bytes() == (CHECKOUT / "docs" / "api.md").read_bytes()


@each_surroundings
def test_the_subset_is_the_committed_one_in_any_surroundings(
    surroundings: str, tmp_path: Path
) -> None:
    run(surroundings, tmp_path, "slice", DOCUMENT, "--date", "2026-08-04", "--output", "here")
    assert (tmp_path / "here" / DOCUMENT.name).read_bytes() == DOCUMENT.read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        ["openapi"],
        ["diff", "old.xml", "new.xml", "--format", "terminal"],
        ["diff", "old.xml", "new.xml", "--format", "json"],
        ["diff", "old.xml", "new.xml", "--format", "markdown"],
        ["diff", "old.xml", "new.xml", "--format", "html"],
    ],
    ids=["openapi", "terminal", "json", "markdown", "html"],
)
@each_surroundings
def test_answers_are_the_same_in_any_surroundings(
    command: list[str], surroundings: str, tmp_path: Path
) -> None:
    data = DOCUMENT.read_bytes()
    (tmp_path / "old.xml").write_bytes(data)
    (tmp_path / "new.xml").write_bytes(data.replace(b"invite", b"beckon").replace(b"tone", b"bell"))
    answer = graph_codegen(*command, cwd=tmp_path).stdout

    assert run(surroundings, tmp_path, *command) == answer.encode()
    assert len(answer) > 1000


# -- in any order and spelling


def without_origin(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out of the manifest and the SBOM which document it was: that one is spelled differently."""
    manifest, sbom = (json.loads(files[name]) for name in ("manifest.json", "sbom.cdx.json"))
    del manifest["metadata"], manifest["files"]["sbom.cdx.json"]
    del sbom["formulation"][0]["components"][0]
    manifest.pop("given", None)  # the same roots, whether named or not
    told = {"manifest.json": manifest, "sbom.cdx.json": sbom}
    return {**files, **{name: json.dumps(content).encode() for name, content in told.items()}}


@pytest.mark.parametrize("seed", range(5))
def test_the_subset_does_not_depend_on_the_order_of_the_document(seed: int) -> None:
    data = DOCUMENT.read_bytes()
    roots = SHIPPED
    for spelled in (shuffled(data, seed), respelled(data, seed)):
        taken = take(resolve(reader.read(spelled, "spelled.xml")), roots[:: -1 if seed % 2 else 1])
        assert write(taken.model) == data


def test_the_subset_of_all_of_graph_does_not_depend_on_its_order(tmp_path: Path) -> None:
    (tmp_path / "graph.xml").write_bytes(shuffled(published(NEWEST).read_bytes(), 1))
    run("plain", tmp_path, "slice", "graph.xml", "--date", "2026-08-04", "--output", "here")

    assert (tmp_path / "here" / DOCUMENT.name).read_bytes() == DOCUMENT.read_bytes()


def split(data: bytes) -> bytes:
    """Return the same document with a Schema element for each declaration."""
    root = etree.fromstring(data)
    for schema in root.iter(f"{EDM}Schema"):
        for declaration in list(schema)[1:]:
            alone = etree.Element(schema.tag, {"Namespace": schema.get("Namespace", "")})
            alone.append(declaration)
            schema.addnext(alone)
    return etree.tostring(root)


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "BOM": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().replace("'utf-8'", "'utf-16'").encode("utf-16"),
    "a schema for each": split,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_subset_does_not_depend_on_the_spelling_of_the_document(
    spelling: str, tmp_path: Path
) -> None:
    spelled = SPELLINGS[spelling](DOCUMENT.read_bytes())
    (tmp_path / "document.xml").write_bytes(spelled)
    result = graph_codegen("slice", "document.xml", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert spelled != DOCUMENT.read_bytes()
    assert (tmp_path / "metadata" / DOCUMENT.name).read_bytes() == DOCUMENT.read_bytes()


def test_the_package_depends_on_neither_order_nor_spelling_nor_the_roots_given(
    tmp_path: Path,
) -> None:
    """The document is shuffled and spelled differently in every way, the roots are turned round."""
    spelled = split(shuffled(DOCUMENT.read_bytes(), 1)).decode()
    (tmp_path / "document.xml").write_bytes(spelled.replace("\n", "\r\n").encode("utf-16"))
    roots = SHIPPED
    options = [option for root in (*roots[::-1], roots[0]) for option in ("--root", root)]
    result = graph_codegen("generate", "--metadata", "document.xml", *options, cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert without_origin(content(tmp_path / "generated")) == without_origin(GENERATED)


@given(MODELS | SERVICES, st.integers(0, 1000))
def test_nothing_made_of_a_document_depends_on_its_order(model: Model, seed: int) -> None:
    data = write(model)
    one, other = (
        replace(take(resolve(reader.read(spelled, "spelled.xml")), [ALL]).model, diagnostics=())
        for spelled in (data, shuffled(data, seed))
    )

    assert other == one
    assert list(other.types) == list(one.types)
    assert write(other) == data


def test_the_client_does_not_depend_on_the_order_of_the_facts(tmp_path: Path) -> None:
    for path in METADATA.glob("*.json"):
        found = json.loads(path.read_text(encoding="utf-8"))
        text = json.dumps(turned(found, random.Random(7)))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    one, other = sources(METADATA), sources(tmp_path)

    assert list(json.loads((tmp_path / "descriptions.json").read_text())) != list(
        json.loads((METADATA / "descriptions.json").read_text())
    )
    assert other == one


def turned(value: Any, chance: random.Random) -> Any:
    """Return JSON with the members of its objects in another order; lists keep theirs."""
    if isinstance(value, list):
        return [turned(item, chance) for item in value]
    if isinstance(value, dict):
        items = [(key, turned(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    return value


def sources(facts_folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the client's modules and the OpenAPI document, made with the facts of a folder."""
    chosen, known = settings.load(), facts(facts_folder)
    model, _ = supplement.apply(resolve(reader.read_file(DOCUMENT)), supplement.load(facts_folder))
    taken = take(model, SHIPPED).model
    names = assign_names(taken)
    document = build_openapi(taken, names, known.descriptions)
    return dict(render_client(taken, known.writer(names), chosen)), document
