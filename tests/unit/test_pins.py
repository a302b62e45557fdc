"""What is installed for development is named to the byte, and is what pyproject.toml asks for."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import version as installed
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[2]

GROUPS = {
    "audit": "requirements-audit.txt",
    "sdk": "tests/bench/sdk.txt",
    "openapi-python-client": "tests/other_clients/openapi-python-client.txt",
    "openapi-generator": "tests/other_clients/openapi-generator.txt",
}
"""The file of each group of dependencies, which has an environment `.venv-GROUP`."""

EXACT = {"black", "datamodel-code-generator"}
"""What the bytes of the output depend on."""


def pyproject(folder: str = ".") -> dict[str, object]:
    return tomllib.loads((PROJECT / folder / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(file: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Return the requirements of a file with their hashes, by name."""
    text = (PROJECT / file).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            named, *hashes = re.split(r"\s+--hash=", line.strip())
            requirement = Requirement(named)
            found[canonicalize_name(requirement.name)] = requirement, hashes
    return found


def test_every_group_has_its_pins() -> None:
    assert pyproject()["dependency-groups"].keys() == GROUPS.keys()  # type: ignore[attr-defined]


def wanted(file: str) -> list[Requirement]:
    """Return what a file of pins is made for."""
    ours, generated = pyproject()["project"], pyproject("generated")["project"]
    groups = pyproject()["dependency-groups"]
    assert isinstance(ours, dict)
    assert isinstance(generated, dict)
    assert isinstance(groups, dict)
    extras = ours["optional-dependencies"]
    users = [*ours["dependencies"], *generated["dependencies"]]
    kit = [text for extra in generated["optional-dependencies"].values() for text in extra]
    texts = {
        "requirements.txt": [*users, *kit, *extras["test"], *extras["dev"]],
        "requirements-oldest.txt": [*users, *kit, *extras["test"]],
        **{file: groups[group] for group, file in GROUPS.items()},
    }
    requirements = [Requirement(text) for text in texts[file]]
    return [requirement for requirement in requirements if requirement.name != ours["name"]]


each_file = pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-oldest.txt", *GROUPS.values()]
)


@each_file
def test_every_line_is_one_version_with_its_hashes(file: str) -> None:
    requirements = pinned(file)
    assert len(requirements) > len(wanted(file))
    for requirement, hashes in requirements.values():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@each_file
def test_the_pins_are_what_is_asked_for(file: str) -> None:
    pins = pinned(file)
    for requirement in wanted(file):
        pin, _ = pins[canonicalize_name(requirement.name)]
        (version,) = (specifier.version for specifier in pin.specifier)
        assert version in requirement.specifier, f"{file} has {pin}, wanted is {requirement}"


def test_the_oldest_are_the_lower_ends_of_the_ranges() -> None:
    pins = pinned("requirements-oldest.txt")
    for requirement in wanted("requirements-oldest.txt"):
        pin, _ = pins[canonicalize_name(requirement.name)]
        (version,) = (Version(specifier.version) for specifier in pin.specifier)
        assert version in {
            Version(bound.version) for bound in requirement.specifier if bound.operator != "<"
        }


def test_what_the_output_depends_on_is_exact() -> None:
    requirements = {requirement.name: requirement for requirement in wanted("requirements.txt")}
    for name in EXACT:
        assert re.fullmatch(r"==[^*,]+", str(requirements[name].specifier))


def test_what_is_installed_is_what_is_pinned() -> None:
    for requirement, _ in pinned("requirements.txt").values():
        if not requirement.marker or requirement.marker.evaluate():
            (exact,) = requirement.specifier
            assert installed(requirement.name) == exact.version, requirement


@each_file
def test_nothing_is_installed_but_by_hashes_and_as_wheels(file: str) -> None:
    ready = {
        "requirements.txt": ".venv/.ready",
        "requirements-oldest.txt": ".venv-oldest/.ready",
        **{file: f".venv-{group}/.ready" for group, file in GROUPS.items()},
    }
    plan = subprocess.run(
        ["make", "--dry-run", "--always-make", ready[file]],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    installs = [line for line in plan.splitlines() if " pip install " in line]
    (pinned_install,) = (line for line in installs if f"--requirement {file}" in line)
    others = [line for line in installs if line != pinned_install]

    assert "--require-hashes --only-binary :all:" in pinned_install
    # What else is installed is ours, and brings nothing along.
    assert all("--no-deps --no-build-isolation --editable" in line for line in others)
