"""`metadata/notifications.json`: the types that arrive only in notifications, or are sent in answer to one.

No path leads to them, so that each is brought by the roots which are notified of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from graph_codegen.facts import files
from graph_codegen.model.model import Model
from graph_codegen.service.slices import existing, parse

FILE = "notifications.json"

Notifications = Mapping[str, tuple[str, ...]]
"""The roots that bring each type, as paths without keys."""


@dataclass(frozen=True)
class _Type:
    """The roots that bring a type, and the page that says so."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    roots: tuple[str, ...]
    source: str


def load(*folders: Path) -> Notifications:
    """Read the types from folders with facts, none if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    contents = files.read(folders, FILE, "the notifications are", dict[str, _Type])
    return {name: found.roots for content in contents for name, found in content.items()}


def bring(notifications: Notifications, model: Model, roots: Sequence[str]) -> tuple[str, ...]:
    """Return roots with the types that they bring, as far as a model has them."""
    named = {parse(model, root).text for root in roots}
    brought = [name for name, owners in sorted(notifications.items()) if named & {*owners}]
    return (*roots, *(name for name in existing(model, brought) if name not in named))
