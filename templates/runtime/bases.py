"""What the class statements of the models derive from, so that their classes are made on first use."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from .deferred import BaseModule as BaseModule
from .deferred import defer, standing_for
from .type_names import declare

if TYPE_CHECKING:
    from .enums import GraphEnum as GraphEnum
    from .enums import GraphFlags as GraphFlags
    from .model import GraphModel as GraphModel
else:
    from . import enums, model

    GraphEnum = standing_for(enums.GraphEnum)
    GraphFlags = standing_for(enums.GraphFlags)
    GraphModel = standing_for(model.GraphModel)


def declared(module: dict[str, Any], *others: ModuleType) -> None:
    """Let the classes of a module, `module` are its names, be made on first use; see `defer`.

    `@odata.type` selects those that are not made, too.
    """
    for note in defer(module, *others):
        name = note.options.get("odata_type")
        if name is not None:
            note.options["declared"] = True
            declare(name, note)
