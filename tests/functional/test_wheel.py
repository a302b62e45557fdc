"""The wheels of the generator, which works in any folder, and of the generated package."""

from __future__ import annotations

import email
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph_codegen import assets
from tests.support.csdl import content

CHECKOUT = Path(__file__).parents[2]

DEPENDENCIES = sysconfig.get_path("purelib")


def build(project: Path, target: Path) -> Path:
    """Build the wheel from a copy of the project, so that nothing is left in the checkout."""
    source = target / "source"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "generated", "bench")
    shutil.copytree(project, source, ignore=ignored)
    arguments = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [sys.executable, "-m", "pip", *arguments, "--wheel-dir", target, source], check=True
    )
    (wheel,) = target.glob("*.whl")
    return wheel


def install(wheel: Path, target: Path) -> Path:
    """Install a wheel into its own environment, which borrows the dependencies of this one.

    A `.pth` file would bring the editable installs along: a plain path on PYTHONPATH does not.
    """
    venv.create(target, symlinks=True, with_pip=False)
    python = target / "bin" / "python"
    arguments = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *arguments, wheel], check=True)
    return target


def run(environment: Path, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    program, *others = arguments
    return subprocess.run(
        [environment / "bin" / program, *others],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": DEPENDENCIES},
        capture_output=True,
        text=True,
        check=False,
    )


def site_packages(environment: Path) -> Path:
    (folder,) = environment.glob("lib/python*/site-packages")
    return folder


@pytest.fixture(scope="module")
def generator_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(CHECKOUT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def generator(generator_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(generator_wheel, tmp_path_factory.mktemp("environment"))


def test_the_generator_puts_one_name_on_the_import_path(generator: Path) -> None:
    installed = {path.name for path in site_packages(generator).iterdir()}
    names = {name for name in installed if not name.endswith(".dist-info")}
    assert names == {"graph_codegen"}
    assert len(installed) == 2


def test_the_wheel_holds_the_code_the_templates_and_the_metadata(generator_wheel: Path) -> None:
    package = assets.folder("templates").parent / "generator" / "graph_codegen"
    expected = {
        f"graph_codegen/{prefix}{path}"
        for prefix, folder in (
            ("", package),
            ("_templates/", assets.folder("templates")),
            ("_metadata/", assets.folder("metadata")),
        )
        for path in content(folder)
        if "__pycache__" not in path
    }
    with zipfile.ZipFile(generator_wheel) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert found == expected


def test_the_installed_generator_works_in_an_empty_folder(generator: Path, tmp_path: Path) -> None:
    result = run(generator, "graph-codegen", "generate", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["generated"]
    manifest = json.loads((tmp_path / "generated" / "manifest.json").read_text(encoding="utf-8"))
    files = content(tmp_path / "generated").keys()
    assert files == manifest["files"].keys() | {"manifest.json"}
    assert "graph_comms/models/graph.py" in files
    where = run(
        generator, "python", "-c", "import graph_codegen as g; print(g.__file__)", cwd=tmp_path
    )
    assert Path(where.stdout.strip()).is_relative_to(site_packages(generator))


@dataclass(frozen=True)
class Distribution:
    """What a project uploads: its wheel and sdist, and the files in each without the top folder."""

    project: Path
    wheel: Path
    sdist: Path

    def wheel_file(self, end: str) -> bytes:
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = (one for one in archive.namelist() if one.endswith(end))
            return archive.read(name)

    def sdist_files(self) -> dict[str, bytes]:
        with tarfile.open(self.sdist) as archive:
            found = {one.name.partition("/")[2]: archive.extractfile(one) for one in archive}
            return {name: file.read() for name, file in found.items() if file}


@pytest.fixture(
    scope="module",
    params=[CHECKOUT, CHECKOUT / "generated", CHECKOUT / "emulator"],
    ids=["generator", "package", "emulator"],
)
def distribution(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Distribution:
    target = tmp_path_factory.mktemp("distribution")
    wheel = build(request.param, target)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist"]
    subprocess.run([*command, "--directory", target], cwd=target / "source", check=True)
    (sdist,) = target.glob("*.tar.gz")
    return Distribution(request.param, wheel, sdist)


def test_a_distribution_can_be_uploaded(distribution: Distribution) -> None:
    check = [sys.executable, "-m", "twine", "check", "--strict"]
    done = subprocess.run(
        [*check, distribution.wheel, distribution.sdist], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.count("PASSED")) == (0, 2), done.stdout


def test_a_distribution_says_what_it_is_and_has_its_licence(distribution: Distribution) -> None:
    licence, readme = (
        (folder / name).read_bytes()
        for folder, name in ((CHECKOUT, "LICENSE"), (distribution.project, "README.md"))
    )
    files = distribution.sdist_files()
    assert files["LICENSE"] == distribution.wheel_file("/licenses/LICENSE") == licence
    for text in (files["PKG-INFO"], distribution.wheel_file("/METADATA")):
        metadata = email.message_from_bytes(text)
        assert metadata["Version"] == "0.2.0"
        assert metadata["Description-Content-Type"] == "text/markdown"
        assert metadata.get_payload(decode=True) == readme
        assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
        assert metadata["Keywords"]
        assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])
        urls = metadata.get_all("Project-URL") or []
        assert all(", https://learn.microsoft.com/graph/" in url for url in urls)
        assert metadata["Home-page"] is None


def test_a_wheel_has_its_sbom_and_no_other(distribution: Distribution) -> None:
    with zipfile.ZipFile(distribution.wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".cdx.json"))
    assert re.fullmatch(r"[^/]+\.dist-info/sboms/sbom\.cdx\.json", name)
    text = (distribution.project / "sbom.cdx.json").read_bytes()
    assert distribution.wheel_file("/sboms/sbom.cdx.json") == text
    assert distribution.sdist_files()["sbom.cdx.json"] == text


def test_two_builds_are_the_same_bytes(distribution: Distribution, tmp_path: Path) -> None:
    """Whenever and wherever they are made: the files are younger, and so are their modes others."""
    digests: list[dict[str, str]] = []
    for place, mask in (("a", 0o022), ("far/away", 0o077)):
        previous = os.umask(mask)
        try:
            source = tmp_path / place / "source"
            ignored = shutil.ignore_patterns(
                ".*", "__pycache__", "tests", "generated", "bench", "dist"
            )
            shutil.copytree(
                distribution.project, source, ignore=ignored, copy_function=shutil.copyfile
            )
            for path in source.rglob("*.py"):
                os.utime(path, (mask, mask + 10**9))
            env = {
                "PATH": os.environ["PATH"],
                "SOURCE_DATE_EPOCH": "1700000000",
                "TZ": f"UTC{mask % 12}",
            }
            command = [sys.executable, "-m", "hatchling", "build", "--directory", "out"]
            subprocess.run(command, cwd=source, env=env, capture_output=True, check=True)
        finally:
            os.umask(previous)
        built = sorted((source / "out").iterdir())
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built})
    assert digests[0] == digests[1]
    assert len(digests[0]) == 2
    (wheel,) = (tmp_path / "a" / "source" / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {one.date_time for one in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


def test_a_wheel_of_the_sdist_is_that_of_the_project(
    distribution: Distribution, tmp_path: Path
) -> None:
    with tarfile.open(distribution.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    with (
        zipfile.ZipFile(build(source, tmp_path / "again")) as again,
        zipfile.ZipFile(distribution.wheel) as wheel,
    ):
        assert {one.filename: one.CRC for one in again.infolist()} == {
            one.filename: one.CRC for one in wheel.infolist()
        }


def test_the_generated_package_is_installable(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "generated", tmp_path / "generated")
    environment = install(
        build(tmp_path / "generated", tmp_path / "wheel"), tmp_path / "environment"
    )
    installed = {path.name for path in site_packages(environment).iterdir()}
    assert {name for name in installed if not name.endswith(".dist-info")} == {"graph_comms"}
    program = (
        "import graph_comms\n"
        "from graph_comms.models import Call, CallState\n"
        'call = Call.from_json(\'{"state": "Established", "subject": "x"}\')\n'
        "assert call.state == CallState.ESTABLISHED\n"
        "print(graph_comms.__file__, call.to_json())\n"
    )
    result = run(environment, "python", "-c", program, cwd=tmp_path / "environment")
    assert result.returncode == 0, result.stderr
    where, told = result.stdout.split(maxsplit=1)
    assert Path(where).is_relative_to(site_packages(environment))
    assert told == '{"state":"Established","subject":"x"}\n'
    assert (site_packages(environment) / "graph_comms" / "py.typed").is_file()
