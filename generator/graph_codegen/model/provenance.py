"""Where a subset comes from: the document, its date and digest, the roots, what was kept and cut."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from graph_codegen.csdl.ast import Document
from graph_codegen.model.model import Model
from graph_codegen.model.subset import Subset

FILE = "provenance.json"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def date_of(document: str) -> str | None:
    """Return the date in a document's name, None if there is none."""
    found = _DATE.search(document)
    return found.group() if found else None


def count_declarations(model: Model) -> dict[str, int]:
    """Return how many declarations of each kind a model holds."""
    kinds = Counter[str](declared.kind for declared in model.types.values())
    kinds.update(operation.kind for operation in model.operations)
    return dict(sorted(kinds.items()))


def describe(
    document: Document,
    date: str | None,
    whole: Model,
    subset: Subset,
    *,
    corrected: int,
    left_out: Iterable[object],
) -> dict[str, object]:
    """Return the provenance of a subset: what it was taken from, and how much was kept and cut.

    `corrected` is how many elements of the document were corrected, `left_out` what no request reaches.
    """
    return {
        "document": document.file,
        "date": date,
        "sha256": document.sha256,
        "corrected": corrected,
        "roots": list(subset.roots),
        "document_holds": count_declarations(whole),
        "kept": count_declarations(subset.model),
        "cut": [str(cut) for cut in subset.cut],
        "left_out": [str(item) for item in left_out],
    }


def render_provenance(provenance: Mapping[str, object]) -> str:
    """Return a provenance as JSON text."""
    return json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
