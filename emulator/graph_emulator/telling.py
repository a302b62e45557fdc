"""What a script tells the emulator, as data: a journal records it, and a replay tells it again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from graph_comms.bot.json_values import Json

F = TypeVar("F", bound=Callable[..., Any])

_TOLD: dict[tuple[str, str], str] = {}
"""The methods by their classes and by what they are called in a `Telling`."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A call of a method: `of` is whose it is, such as {"user": "Ann"}, None for the emulator's own."""

    of: Json
    method: str
    arguments: Mapping[str, Json]


def _now(act: Callable[[], Any]) -> Any:
    return act()


@dataclass(eq=False)
class Teller:
    """Does what a script tells, in the event loop of the service, and passes it on to `listeners`."""

    through: Callable[[Callable[[], Any]], Any] = _now
    """Does something in the event loop of the service, and returns what comes of it."""
    listeners: list[Callable[[Telling], object]] = field(
        default_factory=list[Callable[[Telling], object]]
    )


class Named(Protocol):
    """What has methods that scripts call."""

    @property
    def teller(self) -> Teller:
        """What passes on that a method was called."""
        ...

    @property
    def named(self) -> Json:
        """What it is called in a `Telling`."""
        ...


def told(method: F) -> F:
    """Let a method be one of those that scripts call: a journal has it, if it did not raise.

    One with an underscore is what the method of its name without that comes to.
    """
    signature = inspect.signature(method)
    kinds = {parameter.kind: one for one, parameter in signature.parameters.items()}
    others = kinds.get(inspect.Parameter.VAR_KEYWORD, "")
    name = method.__name__.lstrip("_")
    _TOLD[method.__qualname__.rpartition(".")[0], name] = method.__name__

    @functools.wraps(method)
    def tell(self: Named, *args: Any, **kwargs: Any) -> Any:
        def do() -> Any:
            outcome = method(self, *args, **kwargs)
            if self.teller.listeners:
                bound = signature.bind(self, *args, **kwargs)
                bound.apply_defaults()
                _, *given = (bound.arguments | bound.arguments.pop(others, {})).items()
                written = {one: _written(value) for one, value in given}
                telling = Telling(self.named, name, written)
                for listener in self.teller.listeners:
                    listener(telling)
            return outcome

        return self.teller.through(do)

    return cast("F", tell)


def method_of(owner: Named, name: str) -> Callable[..., Any] | None:
    """Return the method of a name in a `Telling`; None for what is no such method."""
    for base in type(owner).__mro__:
        if method := _TOLD.get((base.__name__, name)):
            found: Callable[..., Any] = getattr(owner, method)
            return found
    return None


def _written(value: object) -> Json:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: _written(one) for name, one in members.items()}
    if isinstance(value, (list, tuple)):
        return [_written(one) for one in cast("Sequence[object]", value)]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, cast("Collection[object]", value)))
    return getattr(value, "named", None) or str(value)
