"""The metadata of several clouds → which requests exist where, to show and to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graph_codegen.csdl.ast import Document
from graph_codegen.errors import error
from graph_codegen.facts.clouds import NAMES
from graph_codegen.model.model import Model
from graph_codegen.model.subset import existing, take
from graph_codegen.service.requests import list_requests

REFERENCE = "GLOBAL"

ASSUMED = {"US_GOV_L5": "US_GOV_L4"}
"""Clouds that publish no metadata of their own, and the one whose requests the reference gives them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The requests of one cloud, as `METHOD path` in the order of the walk, and their source."""

    document: Document
    lines: tuple[str, ...]


def parse(text: str) -> tuple[str, Path]:
    """Split `CHINA=file.xml`. Raises CodegenError for another cloud than the known ones."""
    cloud, _, path = text.partition("=")
    if cloud not in NAMES or not path:
        raise error(f"is no CLOUD=DOCUMENT with a cloud of {', '.join(NAMES)}", text)
    return cloud, Path(path)


def offer(document: Document, model: Model, roots: Sequence[str]) -> Offer:
    """Return what a cloud offers of the roots; a root that it does not have offers nothing."""
    subset = take(model, existing(model, roots))
    found = list_requests(subset.model)
    return Offer(document, tuple(request.http for request in found))


def matrix(offers: Mapping[str, Offer]) -> Iterator[str]:
    """Yield the lines of a table: a request in each row, a cloud in each column."""
    reference = _reference(offers)
    width = max((len(line) for line in reference.lines), default=0)
    yield f"{'':{width}}  {'  '.join(offers)}"
    for line in reference.lines:
        marks = ("yes" if line in found.lines else "no" for found in offers.values())
        cells = (f"{mark:{len(cloud)}}" for mark, cloud in zip(marks, offers, strict=True))
        yield f"{line:{width}}  {'  '.join(cells)}".rstrip()
    for cloud, found in offers.items():
        present = sum(line in found.lines for line in reference.lines)
        yield f"{cloud}: {present} of {len(reference.lines)}"


def facts(offers: Mapping[str, Offer]) -> str:
    """Return the content of `clouds.json`: what each cloud lacks, and how one knows."""
    reference = _reference(offers)
    clouds: dict[str, dict[str, object]] = {
        cloud: {
            "document": found.document.file,
            "sha256": found.document.sha256,
            "lacks": sorted(set(reference.lines) - set(found.lines)),
        }
        for cloud, found in offers.items()
    }
    clouds |= {
        cloud: {"as": other}
        for cloud, other in ASSUMED.items()
        if cloud not in clouds and other in clouds
    }
    return json.dumps({"clouds": clouds}, indent=2) + "\n"


def _reference(offers: Mapping[str, Offer]) -> Offer:
    if REFERENCE not in offers:
        raise error(f"must be among the clouds: {', '.join(offers)}", REFERENCE)
    return offers[REFERENCE]
