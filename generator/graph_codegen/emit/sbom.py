"""What a wheel is and depends on, and what made it, as CycloneDX in JSON: a file of the wheel (PEP 770)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import Any

from graph_codegen.errors import error
from graph_codegen.text import json_source

SBOM = "sbom.cdx.json"
"""The file, named as CycloneDX recommends."""

_GENERATOR = "graph-codegen"

_REQUIREMENT = re.compile(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;@)]*)")
"""How a requirement begins: name, extras and versions (PEP 508). What else it may have is no range."""

_Component = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """The document that a package was generated from: its name and SHA-256.

    `makers` are the distributions that the bytes of the package depend on, besides the generator.
    """

    document: str
    sha256: str
    makers: tuple[str, ...] = ()


def render_sbom(project: str, origin: Origin | None, *, generator: str, version: str = "") -> str:
    """Return the SBOM of a wheel: the same for the same wheel, so without date and serial number.

    `project` is its `pyproject.toml`, `version` the version where that does not say it, and `generator` the
    version of graph-codegen. `origin` is what it was generated from, None if it was not. Raises CodegenError
    for a project that is not understood. Source: CycloneDX 1.7, where a component that is installed besides
    (`isExternal`) has a range of versions.
    """
    try:
        declared = tomllib.loads(project)["project"]
        itself = _component("library", declared["name"], declared.get("version", version))
        needed = [*_needed(declared)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise error("does not say what the package is and needs", "pyproject.toml") from None
    if isinstance(licence := declared.get("license"), str):
        itself["licenses"] = [{"expression": licence}]
    content: dict[str, object] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": {"tools": {"components": [_generator(generator)]}, "component": itself},
        "components": needed,
        "dependencies": [
            {"ref": itself["bom-ref"], "dependsOn": [one["bom-ref"] for one in needed]},
            *({"ref": one["bom-ref"]} for one in needed),
        ],
    }
    if origin:
        document = {"type": "data", "name": origin.document}
        hashes = {"hashes": [{"alg": "SHA-256", "content": origin.sha256}]}
        makers = (
            _component("application", name, installed_version(name)) for name in origin.makers
        )
        made = [{**document, **hashes}, *map(_unreferenced, (_generator(generator), *makers))]
        content["formulation"] = [{"components": made}]
    return json_source(content)


def _generator(version: str) -> _Component:
    return _unreferenced(_component("application", _GENERATOR, version))


def _needed(declared: Mapping[str, Any]) -> Iterator[_Component]:
    """Yield what a project depends on, each package once: what all need, then what extras need."""
    extras = declared.get("optional-dependencies", {}).values()
    named: set[str] = set()
    scopes = ("required", declared.get("dependencies", ())), *(("optional", one) for one in extras)
    for scope, requirements in scopes:
        for requirement in requirements:
            found = _REQUIREMENT.match(requirement)
            if not found:
                raise ValueError(requirement)
            component = _component("library", found[1])
            if component["bom-ref"] not in named:
                named.add(component["bom-ref"])
                yield {
                    **component,
                    "isExternal": True,
                    "versionRange": _range(found[2]),
                    "scope": scope,
                }


def _component(kind: str, name: str, version: str = "") -> dict[str, Any]:
    """Return a package of PyPI, named by a package URL (purl-spec, type pypi)."""
    purl = f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}" + (f"@{version}" if version else "")
    of = {"version": version} if version else {}
    return {"type": kind, "bom-ref": purl, "name": name, **of, "purl": purl}


def _unreferenced(component: _Component) -> _Component:
    """Return a component that may be named again: a reference stands for one place."""
    return {key: value for key, value in component.items() if key != "bom-ref"}


def _range(versions: str) -> str:
    """Return versions as `vers:pypi/…` has them, the lower first (Package URL, version ranges)."""
    bounds = [bound.strip().removeprefix("==") for bound in versions.split(",")]
    return f"vers:pypi/{'|'.join(sorted(bounds, key=_is_upper)) or '*'}"


def _is_upper(bound: str) -> bool:
    return bound.startswith("<")
