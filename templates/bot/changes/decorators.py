"""How an application registers its handlers of change notifications."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar, cast, overload

from ..._runtime.model import GraphModel
from ..handlers import Filter, H, Handlers
from .events import BlockingChange, Change, Missed
from .meeting_events import MeetingCallEvent
from .resources import ResourceType

T = TypeVar("T", bound=GraphModel | MeetingCallEvent)
R = TypeVar("R")
M = TypeVar("M", bound=Callable[[Missed], object])


class TypedDecorator(Generic[T]):
    """Registers handlers of changes of one type of resource."""

    def __init__(self, handlers: Handlers, kind: str, cls: type[T]) -> None:
        self._handlers = handlers
        self._kind = kind
        self._accepts = _of_type(cls)

    @overload
    def __call__(
        self, handler: Callable[[Change[T]], Coroutine[Any, Any, R]], /
    ) -> Callable[[Change[T]], Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(
        self, handler: Callable[[BlockingChange[T]], R], /
    ) -> Callable[[BlockingChange[T]], R]: ...
    def __call__(self, handler: Any, /) -> Any:
        """Register a handler and return it: `async def` gets a `Change`, `def` a `BlockingChange`."""
        return self._handlers.add(self._kind, handler, self._accepts)


class ChangeDecorator:
    """Registers handlers of one kind of change: `@created`, or `@created(CallRecord)` of a type."""

    def __init__(self, handlers: Handlers, kind: str) -> None:
        self._handlers = handlers
        self._kind = kind

    @overload
    def __call__(self, cls: type[T], /) -> TypedDecorator[T]: ...
    @overload
    def __call__(self, handler: H, /) -> H: ...
    def __call__(self, what: Any, /) -> Any:
        """Register a handler and return it, or return what registers those of a type.

        Raises TypeError for what is neither a function of one argument nor a model.
        """
        if isinstance(what, type):
            return TypedDecorator(self._handlers, self._kind, cast("type[GraphModel]", what))
        return self._handlers.add(self._kind, what)


class MissedDecorator:
    """Registers handlers of gaps in what was notified: of every subscription, or of those to a type."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a class is callable, too
        self, cls: ResourceType, /
    ) -> Callable[[M], M]: ...
    @overload
    def __call__(self, handler: M, /) -> M: ...
    def __call__(self, what: Any, /) -> Any:
        """Register a handler and return it, or return what registers those of a type."""
        if not isinstance(what, type):
            return self._handlers.add("missed", what)
        accepts = _of_type(what)

        def register(handler: H) -> H:
            return self._handlers.add("missed", handler, accepts)

        return register


def _of_type(cls: type) -> Filter:
    """Return what accepts events about a type; raises TypeError for a class of something else."""
    if not issubclass(cls, GraphModel | MeetingCallEvent):
        raise TypeError(f"{cls.__name__} is no type of resource: pass a model, such as CallRecord")

    def accepts(event: Any) -> bool:
        found = event.resource_type
        return found is not None and issubclass(found, cls)

    return accepts
