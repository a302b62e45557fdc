"""The SBOM of each wheel: valid CycloneDX, true to `pyproject.toml`, and the same for the same wheel."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import derive_sboms
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from graph_codegen import __version__
from graph_codegen.emit.sbom import SBOM, Origin, render_sbom
from graph_codegen.errors import CodegenError

PROJECT = Path(__file__).parents[3]

FOLDERS = ("", "generated", "emulator")

MINIMAL = '[project]\nname = "My_Package"\n'


def valid(text: str) -> dict[str, Any]:
    """Return the content of an SBOM that the specification allows."""
    problem = JsonStrictValidator(SchemaVersion.V1_7).validate_str(text)
    assert problem is None, problem
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_sbom_of_a_wheel_is_valid_and_says_what_the_project_says(folder: str) -> None:
    found = valid((PROJECT / folder / SBOM).read_text(encoding="utf-8"))
    content = tomllib.loads((PROJECT / folder / "pyproject.toml").read_text(encoding="utf-8"))
    declared, itself = content["project"], found["metadata"]["component"]
    assert (itself["name"], itself["version"]) == (declared["name"], "0.2.0")
    assert itself["purl"] == f"pkg:pypi/{declared['name']}@0.2.0"
    assert itself["licenses"] == [{"expression": "MIT"}]
    extras: list[list[str]] = [*declared.get("optional-dependencies", {}).values()]
    ranges: dict[str, tuple[set[str], str]] = {}
    for scope, texts in (("optional", chain(*extras)), ("required", declared["dependencies"])):
        for requirement in map(Requirement, texts):
            bounds = {str(bound).removeprefix("==") for bound in requirement.specifier} or {"*"}
            ranges[canonicalize_name(requirement.name)] = bounds, scope
    assert {
        one["purl"].removeprefix("pkg:pypi/"): (
            {*one["versionRange"].removeprefix("vers:pypi/").split("|")},
            one["scope"],
        )
        for one in found["components"]
    } == ranges
    assert all(one["isExternal"] for one in found["components"])
    assert content["tool"]["hatch"]["build"]["targets"]["wheel"]["sbom-files"] == [SBOM]


def test_the_sbom_says_what_made_the_package() -> None:
    found = valid((PROJECT / "generated" / SBOM).read_text(encoding="utf-8"))
    said = json.loads((PROJECT / "generated" / "manifest.json").read_text(encoding="utf-8"))
    ((document, *makers),) = (formula["components"] for formula in found["formulation"])
    assert document == {
        "type": "data",
        "name": said["metadata"]["document"],
        "hashes": [{"alg": "SHA-256", "content": said["metadata"]["sha256"]}],
    }
    assert {one["name"]: one["version"] for one in makers} == {
        "graph-codegen": __version__,
        **{name: version(name) for name in ("black", "datamodel-code-generator")},
    }


@pytest.mark.parametrize("folder", ["", "emulator"])
def test_what_is_not_generated_has_no_formula(folder: str) -> None:
    assert "formulation" not in valid((PROJECT / folder / SBOM).read_text(encoding="utf-8"))


def test_the_same_wheel_has_the_same_sbom() -> None:
    origin = Origin("a.xml", "0" * 64)
    first = render_sbom(MINIMAL, origin, generator="2", version="1")
    assert first == render_sbom(MINIMAL, origin, generator="2", version="1")
    found = valid(first)
    assert "serialNumber" not in found
    assert "timestamp" not in found["metadata"]


@pytest.mark.parametrize(
    ("requirement", "purl", "versions"),
    [
        ("My_Dep", "pkg:pypi/my-dep", "*"),
        ("a.b[x,y] >= 1, <2", "pkg:pypi/a-b", ">= 1|<2"),
        ("a<2,>=1", "pkg:pypi/a", ">=1|<2"),
        ("a==1.5; python_version < '3.12'", "pkg:pypi/a", "1.5"),
        ("a (>=1)", "pkg:pypi/a", ">=1"),
        ("a @ https://example.org/a.whl", "pkg:pypi/a", "*"),
    ],
)
def test_a_requirement_is_a_component(requirement: str, purl: str, versions: str) -> None:
    text = f"{MINIMAL}dependencies = {json.dumps([requirement])}\n"
    (found,) = valid(render_sbom(text, None, generator="2", version="1"))["components"]
    assert (found["purl"], found["versionRange"]) == (purl, f"vers:pypi/{versions}")


def test_a_name_stays_a_name() -> None:
    name = 'a"}],\n\x1b[31m\u202e.xml'
    text = render_sbom(MINIMAL, Origin(name, "0" * 64), generator="2", version="1")
    assert all(character.isprintable() or character == "\n" for character in text)
    assert valid(text)["formulation"][0]["components"][0]["name"] == name


@pytest.mark.parametrize(
    "text",
    ["[", "", "[project]\n", '[project]\nname = "a"\ndependencies = ["*"]', "project = 1"],
)
def test_a_project_that_says_nothing_is_refused(text: str) -> None:
    """As the template of a user may."""
    with pytest.raises(CodegenError, match=r"pyproject\.toml: does not say what the package is"):
        render_sbom(text, None, generator="2")


def test_the_pins_have_an_sbom_of_their_own() -> None:
    text = derive_sboms.render_pins()
    assert text == derive_sboms.render_pins()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, problem
    pins = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    components = json.loads(text)["components"]
    assert len(components) == len(re.findall(r"^[\w.-]+==", pins, re.MULTILINE))
    for one in components:
        assert f"\n{one['name']}=={one['version']}" in pins
        assert {found["content"] for found in one["hashes"]} <= {*re.findall("[0-9a-f]{64}", pins)}
