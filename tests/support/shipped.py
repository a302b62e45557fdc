"""What the configuration that comes with the generator leads to."""

from __future__ import annotations

from graph_codegen.assets import folder
from graph_codegen.facts import notifications, settings

ROOTS = (*settings.load().roots, *notifications.load(folder("metadata")))
"""Its roots, and the types of notifications that they bring."""
