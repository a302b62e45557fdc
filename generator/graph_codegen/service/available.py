"""Which roots a document has, with the number of methods of each.

They are counted in a client of the whole document, in one walk. As the only root, one may bring others:
navigation that leads out of its slice is cut, and members of types that have no path of their own there are
behind casts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graph_codegen.csdl.ast import ROOT_NAMESPACE, split_name
from graph_codegen.model.model import Model
from graph_codegen.model.subset import ALL
from graph_codegen.service.requests import Request, list_requests
from graph_codegen.service.slices import has_path, without_arguments


@dataclass(frozen=True, slots=True)
class Offer:
    """A root as people write it, what it is, and how many methods it has in a client of everything."""

    root: str
    kind: Literal["all", "path", "request", "type"]
    methods: int


def list_roots(model: Model, text: str = "") -> tuple[Offer, ...]:
    """Return the roots whose last name has a text, whatever its case: paths, then requests, then types.

    Without a text they are the entity sets and singletons, and `all`.
    """
    requests = list_requests(model)
    return (*_paths(model, requests, text), *_rest(model, requests, text))


def _paths(model: Model, requests: tuple[Request, ...], text: str) -> Iterator[Offer]:
    counted: Counter[tuple[str, ...]] = Counter()
    spelled: dict[tuple[str, ...], str] = {}
    for request in requests:
        for end in range(1, len(request.segments) + 1 if text else 2):
            path = request.segments[:end]
            counted[path] += 1
            if path not in spelled:
                spelled[path] = _spelled(request.path, end)
    for path in sorted(counted):
        is_there = len(path) == 1 or has_path(model, path)
        if text.lower() in path[-1].lower() and is_there:
            yield Offer(spelled[path], "path", counted[path])


def _spelled(path: str, segments: int) -> str:
    """Return the beginning of a path, with `{id}` for each key on the way and no arguments."""
    parts: list[str] = []
    for part in without_arguments(path).removeprefix("/").split("/"):
        is_key = part.startswith("{")
        if not is_key and not segments:
            break
        segments -= not is_key
        parts.append("{id}" if is_key else part)
    return "/".join(parts[:-1] if parts[-1] == "{id}" else parts)


def _rest(model: Model, requests: tuple[Request, ...], text: str) -> Iterator[Offer]:
    if not text:
        yield Offer(ALL, "all", len(requests))
        return
    for request in requests:
        name = request.operation and split_name(request.operation.name)[1]
        if name and text.lower() in name.lower():
            # What is bound to the result of a function brings that function.
            yield Offer(request.http, "request", 2 if request.through else 1)
    for name in sorted(model.types):
        if text.lower() in split_name(name)[1].lower():
            yield Offer(name.removeprefix(f"{ROOT_NAMESPACE}."), "type", 0)
