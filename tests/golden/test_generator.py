"""Small CSDL documents, one feature each, beside what the generator makes of them.

`pytest --refresh-goldens` rewrites the expected outputs; modules end in `.txt` there, so that no tool
takes them for code of ours. The models are then imported, and take and give back a value of every
type.

The types are invented: what the default metadata folder knows of Graph's own must not show here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import black
import pytest
from black.mode import TargetVersion
from openapi_spec_validator import validate

from graph_codegen.csdl import reader
from graph_codegen.emit.models import render_models
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.templates import TEMPLATES
from graph_codegen.facts import settings
from graph_codegen.model import provenance
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL
from graph_codegen.text import LINE_LENGTH
from tests.conftest import REFRESH
from tests.support.csdl import graph_codegen
from tests.support.wire_values import wire_value

CASES = sorted(path.parent for path in Path(__file__).parent.glob("generator/*/input.csdl.xml"))

PACKAGE = "golden_package"

STYLE = black.Mode(line_length=LINE_LENGTH, target_versions={TargetVersion.PY311})

ROUND_TRIP = f"""
import json, sys
from importlib import import_module

models = import_module("{PACKAGE}.models")
for module, name, abstract, value in json.load(sys.stdin):
    cls = getattr(import_module(f"{PACKAGE}.models.{{module}}"), name)
    assert module != "graph" or getattr(models, name) is cls, name
    parsed = cls.from_dict(value)
    assert type(parsed) is cls, (name, type(parsed))
    assert parsed.to_dict() == value, (name, parsed.to_dict())
    assert parsed.undeclared == {{}}, (name, parsed.undeclared)
    attributes = {{field: getattr(parsed, field) for field in parsed.model_fields_set}}
    try:
        assert cls(**attributes).to_dict() == value, name
    except TypeError:
        assert abstract, name
    else:
        assert not abstract, name
"""


def answer(*arguments: str | Path) -> str:
    """Run the command and return its standard output; a golden input causes no warning."""
    result = graph_codegen(*arguments)
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr
    return result.stdout


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def roots(case: Path) -> list[str]:
    file = case / "roots.txt"
    names = file.read_text(encoding="utf-8").split() if file.exists() else [ALL]
    return [argument for name in names for argument in ("--root", name)]


@pytest.fixture(scope="module")
def sliced(case: Path, roots: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sliced")
    answer("slice", case / "input.csdl.xml", "--strict", *roots, "--output", target)
    return target


@pytest.fixture(scope="module")
def files(case: Path, roots: list[str], sliced: Path) -> Mapping[str, str]:
    """What is compared: not the client and the runtime, which have tests of their own."""
    document = sliced / settings.load().document.name
    openapi = answer("openapi", "--metadata", case / "input.csdl.xml", *roots, "--descriptions")
    found = {"normalised.csdl.xml": read(document), "openapi.json": openapi}
    cut = json.loads(read(sliced / provenance.FILE))["cut"]
    if cut:
        found["cut.txt"] = "".join(f"{line}\n" for line in cut)
    names = assign_names(resolve(reader.read_file(document)))
    return found | {
        f"models/{path}.txt": black.format_str(text, mode=STYLE)
        for path, text in render_models(json.loads(openapi), names).items()
    }


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def refresh(expected: Path, files: Mapping[str, str]) -> None:
    for known in [path for path in expected.rglob("*") if path.is_file()]:
        if known.relative_to(expected).as_posix() not in files:
            known.unlink()
    for path, text in files.items():
        (expected / path).parent.mkdir(parents=True, exist_ok=True)
        (expected / path).write_text(text, encoding="utf-8", newline="")


def test_the_output_is_the_golden_one(
    case: Path, files: Mapping[str, str], request: pytest.FixtureRequest
) -> None:
    expected = case / "expected"
    if request.config.getoption(REFRESH):
        refresh(expected, files)
    golden = {
        path.relative_to(expected).as_posix(): read(path)
        for path in expected.rglob("*")
        if path.is_file()
    }
    assert files == golden


def test_the_slice_of_the_slice_is_the_slice(
    roots: list[str], sliced: Path, tmp_path: Path
) -> None:
    document = settings.load().document.name
    answer("slice", sliced / document, "--strict", *roots, "--output", tmp_path)
    assert read(tmp_path / document) == read(sliced / document)


def test_a_public_validator_accepts_the_openapi_document(files: Mapping[str, str]) -> None:
    validate(json.loads(files["openapi.json"]))


def test_the_models_take_and_give_back_a_value_of_every_type(
    sliced: Path, files: Mapping[str, str], tmp_path: Path
) -> None:
    package = tmp_path / PACKAGE
    shutil.copytree(TEMPLATES / "runtime", package / "_runtime")
    (package / "models").mkdir()
    for path, text in files.items():
        if path.startswith("models/"):
            (package / path.removesuffix(".txt")).write_text(text, encoding="utf-8")
    document = sliced / settings.load().document.name
    model = resolve(reader.read_file(document))
    names = assign_names(model)
    values = [
        (
            names.modules[declared.name.rpartition(".")[0]],
            names.classes[declared.name],
            declared.abstract,
            wire_value(model, declared.name),
        )
        for declared in model.structured()
    ]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", ROUND_TRIP],
        cwd=tmp_path,
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_every_feature_has_a_golden() -> None:
    assert len(CASES) >= 10
    assert all((case / "expected" / "models" / "__init__.py.txt").is_file() for case in CASES)
    assert len({case.name[:2] for case in CASES}) == len(CASES)


def pytest_exit(*arguments: str, **environment: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def test_continuous_integration_cannot_refresh_goldens() -> None:
    code, said = pytest_exit(REFRESH, "--collect-only", __file__, CI="true")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"{REFRESH} is refused where CI is set" in said
