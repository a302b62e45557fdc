"""How the generated client is declared: one declaration for each method, whatever the flavour.

A declaration is a descriptor: what a resource has of it, a synchronous method or an asynchronous one,
follows from the flavour of the resource, for type checkers and editors as well.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, Unpack, overload

from .async_client import AsyncMethod, AsyncPageMethod, AsyncStreamMethod
from .async_page import AsyncPage
from .client import SyncMethod, SyncPageMethod, SyncStreamMethod
from .content import Async, F, Sync
from .declaration import (
    BoundMethod,
    Declaration,
    Facts,
    PageDeclaration,
    Resource,
    session_of,
)
from .lazy import async_session
from .operation import Operation
from .page import Page
from .response import Response

__all__ = [
    "DELETE", "GET", "PATCH", "POST", "PUT", "Async", "Child", "F", "Method",
    "PageMethod", "Resource", "StreamMethod", "Sync", "operations_of", "response_of",
]  # fmt: skip

P = ParamSpec("P")
T = TypeVar("T")
S_co = TypeVar("S_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)


class Method(Declaration, Generic[P, T]):
    """The declaration of a method that returns what its response holds."""

    @overload
    def __get__(self, owner: Resource[Sync], cls: Any = None) -> SyncMethod[P, T]: ...
    @overload
    def __get__(self, owner: Resource[Async], cls: Any = None) -> AsyncMethod[P, T]: ...
    @overload
    def __get__(self, owner: None, cls: Any = None) -> Method[P, T]: ...
    def __get__(self, owner: Resource[Any] | None, cls: Any = None) -> Any:
        return _bound(self, owner, SyncMethod, AsyncMethod)


class PageMethod(PageDeclaration, Generic[P, T]):
    """The declaration of a method that returns a page of a collection."""

    @overload
    def __get__(self, owner: Resource[Sync], cls: Any = None) -> SyncPageMethod[P, T]: ...
    @overload
    def __get__(self, owner: Resource[Async], cls: Any = None) -> AsyncPageMethod[P, T]: ...
    @overload
    def __get__(self, owner: None, cls: Any = None) -> PageMethod[P, T]: ...
    def __get__(self, owner: Resource[Any] | None, cls: Any = None) -> Any:
        return _bound(self, owner, SyncPageMethod, AsyncPageMethod)


class StreamMethod(Declaration, Generic[P]):
    """The declaration of a method that gives the bytes of its response piece by piece."""

    @overload
    def __get__(self, owner: Resource[Sync], cls: Any = None) -> SyncStreamMethod[P]: ...
    @overload
    def __get__(self, owner: Resource[Async], cls: Any = None) -> AsyncStreamMethod[P]: ...
    @overload
    def __get__(self, owner: None, cls: Any = None) -> StreamMethod[P]: ...
    def __get__(self, owner: Resource[Any] | None, cls: Any = None) -> Any:
        return _bound(self, owner, SyncStreamMethod, AsyncStreamMethod)


def _bound(
    declaration: Declaration,
    owner: Resource[Any] | None,
    sync: type[BoundMethod],
    asynchronous: type[BoundMethod],
) -> Declaration | BoundMethod:
    if owner is None:
        return declaration
    return (asynchronous if _is_async(owner) else sync)(declaration, owner)


def _is_async(owner: Resource[Any]) -> bool:
    return isinstance(session_of(owner), async_session.AsyncSession)


class Responding(Generic[P, S_co, A_co]):
    """`with_response` of the method that an object is itself, by its declaration as `__call__`."""

    def __init__(self, declaration: Declaration) -> None:
        self._name = declaration.__name__

    @overload
    def __get__(self, owner: Resource[Sync], cls: Any = None) -> Callable[P, Response[S_co]]: ...
    @overload
    def __get__(
        self, owner: Resource[Async], cls: Any = None
    ) -> Callable[P, Coroutine[Any, Any, Response[A_co]]]: ...
    @overload
    def __get__(self, owner: None, cls: Any = None) -> Responding[P, S_co, A_co]: ...
    def __get__(self, owner: Resource[Any] | None, cls: Any = None) -> Any:
        return self if owner is None else getattr(owner, self._name).with_response


@overload
def response_of(call: Method[P, T]) -> Responding[P, T, T]: ...
@overload
def response_of(call: PageMethod[P, T]) -> Responding[P, Page[T], AsyncPage[T]]: ...
def response_of(call: Declaration) -> Responding[Any, Any, Any]:
    """Return `with_response` of an object that can be called, as a member of its class."""
    return Responding(call)


class Verb:
    """An HTTP method, as the decorators that declare a method of the client by its path."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, path: str, **facts: Unpack[Facts]
    ) -> Callable[[Callable[Concatenate[Any, P], T]], Method[P, T]]:
        """Return the decorator of a method that returns what its response holds."""
        return lambda function: Method(function, self._name, path, **facts)

    def page(
        self, path: str, **facts: Unpack[Facts]
    ) -> Callable[[Callable[Concatenate[Any, P], Page[T]]], PageMethod[P, T]]:
        """Return the decorator of a method that returns a page of a collection."""
        return lambda function: PageMethod(function, self._name, path, **facts)

    def stream(
        self, path: str, **facts: Unpack[Facts]
    ) -> Callable[[Callable[Concatenate[Any, P], Iterator[bytes]]], StreamMethod[P]]:
        """Return the decorator of a method that yields the bytes of its response piece by piece."""
        return lambda function: StreamMethod(function, self._name, path, **facts)


DELETE = Verb("DELETE")
GET = Verb("GET")
PATCH = Verb("PATCH")
POST = Verb("POST")
PUT = Verb("PUT")


class Child(Generic[S_co, A_co]):
    """The declaration of a resource below another: its classes, the synchronous one first."""

    def __init__(self, classes: Callable[[], tuple[type[S_co], type[A_co]]]) -> None:
        self._classes = classes

    def __set_name__(self, owner: type[Resource[Any]], name: str) -> None:
        self._name = name

    @property
    def classes(self) -> tuple[type[Any], type[Any]]:
        """The class of each flavour, the synchronous one first."""
        return self._classes()

    @overload
    def __get__(self, owner: Resource[Sync], cls: Any = None) -> S_co: ...
    @overload
    def __get__(self, owner: Resource[Async], cls: Any = None) -> A_co: ...
    @overload
    def __get__(self, owner: None, cls: Any = None) -> Child[S_co, A_co]: ...
    def __get__(self, owner: Resource[Any] | None, cls: Any = None) -> Any:
        if owner is None:
            return self
        # The instance's own attribute is found before this descriptor from now on.
        resource = self.classes[_is_async(owner)](session_of(owner))
        return owner.__dict__.setdefault(self._name, resource)


def operations_of(cls: type[Resource[Any]]) -> Iterator[Operation]:
    """Yield the operations of a resource and of those below it, in the order of their declarations."""
    # Bases in the runtime add methods that are no operations of the service.
    own = [base for base in reversed(cls.__mro__) if base.__module__ == cls.__module__]
    declared = [member for base in own for member in vars(base).values()]
    for member in declared:
        if isinstance(member, Declaration) and not isinstance(member, StreamMethod):
            yield member.operation
    for member in declared:
        if isinstance(member, Child):
            yield from operations_of(member.classes[0])
