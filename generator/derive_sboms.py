"""Writes the SBOMs that no generated package has: those of our own wheels, and that of the pins.

`make generate` writes those of the generator's wheel and the emulator's, and `make check` fails if they are
out of date. `make dist` writes that of the pins: what development is done with, so a file of the release and
in no wheel.
"""

# pyright: reportCallIssue=false
# A decorator hides from pyright what the classes of cyclonedx take; mypy sees it.

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from graph_codegen import __version__
from graph_codegen.emit.sbom import SBOM, render_sbom

PROJECT = Path(__file__).parents[1]

PINS = "requirements.txt"


def wheels() -> Iterator[tuple[Path, str]]:
    """Yield the SBOMs of the wheels, by their places."""
    for folder in (PROJECT, PROJECT / "emulator"):
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
        yield folder / SBOM, render_sbom(text, None, generator=__version__, version=__version__)


def render_pins() -> str:
    """Return the SBOM of everything that is pinned, with the hash of each file."""
    text = (PROJECT / PINS).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (re.split(r"\s+--hash=sha256:", line.strip()) for line in text.splitlines())
    pinned = [(Requirement(line), hashes) for line, *hashes in lines if hashes]
    components = [
        Component(
            name=requirement.name,
            version=(version := str(requirement.specifier).removeprefix("==")),
            purl=(purl := PackageURL("pypi", None, requirement.name, version)),
            bom_ref=str(purl),
            type=ComponentType.LIBRARY,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
        )
        for requirement, hashes in pinned
    ]
    made = json.loads(JsonV1Dot6(Bom(components=components)).output_as_string(indent=2))
    # The same pins have the same SBOM.
    del made["serialNumber"], made["metadata"]["timestamp"]
    return json.dumps(made, indent=2) + "\n"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--check"]:
            stale = [
                str(path.relative_to(PROJECT))
                for path, text in wheels()
                if path.read_text("utf-8") != text
            ]
            sys.exit(f"out of date, run make generate: {', '.join(stale)}" if stale else 0)
        case ["--pins", target]:
            Path(target).write_text(render_pins(), encoding="utf-8")
        case _:
            for place, content in wheels():
                place.write_text(content, encoding="utf-8")
