"""The metadata that Microsoft published, if it is in a folder `shared` beside the checkout."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "metadata"

RAW = "2026-07-31-raw"
"""The document that the service itself serves."""

NEWEST, OLDER, OLDEST = "2026-08-04", "2024-10-16", "2023-03-16"
"""The documents of the global cloud by their dates."""

DESCRIBED = "2023-05-09-descriptions"
"""The document that has descriptions, and declares a term twice."""

GOVERNMENT, CHINA = "us-gov", "china"


OPENAPI = "graph-v1.0-2023-openapi.json"
"""Microsoft's OpenAPI document, of the time of the oldest."""


def path_of(name: str) -> Path:
    """Return where a document would be."""
    return FOLDER / f"graph-v1.0-{name}.csdl.xml"


def published(name: str) -> Path:
    """Return the path of a document; skip the test if it is not there."""
    path = path_of(name)
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout, in shared/metadata")
    return path


def published_openapi(folder: Path) -> Path:
    """Unpack Microsoft's OpenAPI document to a folder; skip the test if it is not there."""
    packed = FOLDER / f"{OPENAPI}.gz"
    if not packed.is_file():
        pytest.skip(f"{packed.name} is not beside this checkout, in shared/metadata")
    path = folder / OPENAPI
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path
