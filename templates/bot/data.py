"""What an application remembers of a call: a JSON object, shared by all handlers of the call."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import anyio

from .errors import DataConflict
from .json_values import Json
from .keeper import Keeper

_DEEPEST = 100
"""The most levels of objects and lists in each other."""


class CallData:
    """The data of one call in this process, and how it gets from the store and back."""

    def __init__(self, keeper: Keeper, call_id: str) -> None:
        self.value: dict[str, Any] = {}
        self._keeper = keeper
        self._call_id = call_id
        self._version = 0
        self._stored = "{}"
        """What the store had at that version, as JSON."""
        self._lock = anyio.Lock(fast_acquire=True)

    async def load(self) -> None:
        """Take in what other processes have written, unless there are changes here to be saved."""
        async with self._lock:
            version, stored = await self._keeper.read_data(self._call_id)
            if version != self._version and not self._changed():
                self._take(version, stored)

    async def save(self) -> None:
        """Write the data if it was changed.

        Raises TypeError for what is not JSON, and DataConflict if another process has written it since it
        was read: the data is then what that wrote.
        """
        async with self._lock:
            data = _copied(self.value, _DEEPEST)
            text = json.dumps(data)
            if text == self._stored:
                return
            try:
                self._version = await self._keeper.write_data(self._call_id, self._version, data)
            except DataConflict:
                self._take(*await self._keeper.read_data(self._call_id))
                raise
            self._stored = text

    def _changed(self) -> bool:
        try:
            return json.dumps(_copied(self.value, _DEEPEST)) != self._stored
        except TypeError:  # what it holds is not JSON, so that it did not come from the store
            return True

    def _take(self, version: int, stored: dict[str, Any]) -> None:
        self._version = version
        self._stored = json.dumps(stored)
        # Handlers may hold the dictionary itself.
        self.value.clear()
        self.value.update(stored)


def _copied(value: object, levels: int) -> Json:
    """Return a copy of a JSON value; raises TypeError for anything else.

    Objects and lists are copied at once, as a thread of a handler may be changing them.
    """
    if levels < 0:
        raise TypeError(f"call.data is nested more than {_DEEPEST} levels deep, or holds itself")
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, dict):
        members = dict(cast("dict[object, object]", value))
        if not all(isinstance(name, str) for name in members):
            raise TypeError("call.data has a name that is not text, which JSON cannot hold")
        return {name: _copied(member, levels - 1) for name, member in members.items()}
    if isinstance(value, list):
        return [_copied(item, levels - 1) for item in list(cast("list[object]", value))]
    kind = "an infinite or undefined number" if isinstance(value, float) else type(value).__name__
    raise TypeError(
        f"call.data holds a value that is not JSON: {kind}; JSON has objects, lists, texts, finite"
        " numbers, booleans and null"
    )
