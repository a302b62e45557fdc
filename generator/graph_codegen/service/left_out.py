"""What a model declares and no request reaches: no path leads there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graph_codegen.csdl.ast import NavigationProperty
from graph_codegen.csdl.vocabulary import Kind
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import allows_request
from graph_codegen.service.requests import STREAM, list_offers

_KINDS: tuple[Kind, ...] = ("list", "get", "create", "update", "content", "put_content")
"""The requests of a property of which at least one is allowed, unless annotations rule the property out."""


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A declaration that no request reaches: its kind in the plural, and its full name."""

    kind: str
    element: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.element}"


def find_left_out(model: Model) -> tuple[LeftOut, ...]:
    """Return the operations, navigation properties and streams of a model that no request reaches, in order.

    What annotations rule out is not among them.
    """
    return tuple(sorted(_find(model)))


def count_left_out(found: Iterable[LeftOut]) -> Mapping[str, int]:
    """Return how many declarations of each kind are left out."""
    return Counter(item.kind for item in found)


def _find(model: Model) -> Iterator[LeftOut]:
    called: set[int] = set()
    steps: set[str] = set()
    for request in list_offers(model):
        called.update(id(o) for o in (request.operation, request.through) if o)
        steps.update(request.steps)
    for operation in model.operations:
        kind: Kind = "action" if operation.kind == "Action" else "function"
        if id(operation) not in called and allows_request(operation.annotations, kind):
            yield LeftOut(f"{kind}s", operation.signature)
    for declared in model.structured():
        for item in declared.members():
            element = f"{declared.name}/{item.name}"
            if element in steps or not any(allows_request(item.annotations, k) for k in _KINDS):
                continue
            if isinstance(item, NavigationProperty):
                yield LeftOut("navigation properties", element)
            elif item.type == STREAM:
                yield LeftOut("streams", element)
