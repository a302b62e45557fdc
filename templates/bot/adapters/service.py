"""The bot as adapters see it, and its event loop in programs that have none."""

from __future__ import annotations

import atexit
import os
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from threading import Lock, Thread
from typing import Any, Protocol, TypeVar
from weakref import WeakSet

import anyio
from anyio.from_thread import BlockingPortal

from ..store import Store

T = TypeVar("T")


class Service(Protocol):
    """What runs behind endpoints: entered in an event loop, it works there until it is left."""

    @property
    def store(self) -> Store:
        """Where it keeps its state."""
        ...

    async def __aenter__(self) -> object:
        """Begin to work in the running loop; raises StoreError."""
        ...

    async def __aexit__(self, *exception: object) -> None:
        """End it, with what is under way."""
        ...

    def invocation(self) -> AbstractAsyncContextManager[None]:
        """Return the context for a request where nothing runs between requests; raises StoreError."""
        ...

    async def run_due(self, limit: int = ...) -> int:
        """Do what is due; return of how many calls something was."""
        ...


def check_shared(service: Service, platform: str) -> None:
    """Raise ValueError if a service keeps its state where another process does not find it."""
    if not service.store.shared:
        raise ValueError(
            f"{platform} answers requests in processes that share no memory, so "
            f"{type(service.store).__name__} would lose calls: "
            "give the bot a shared store, such as RedisStore(url)"
        )


class LoopThread:
    """The event loop of a service in a program without one: a thread in each process.

    It begins with the first use in a process, also in a fork of one where it runs already, and ends
    with the process.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._lock = Lock()
        self._portal: BlockingPortal | None = None
        _all.add(self)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop of the service, and return what it returns.

        Raises what it raises, and StoreError where the service cannot begin.
        """
        try:
            portal = self._open()
        except BaseException:
            coroutine.close()
            raise
        result: T = portal.call(_await, coroutine)
        return result

    def _open(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                opened = Future[BlockingPortal]()
                thread = Thread(
                    target=anyio.run, args=(self._serve, opened), name="graph-bot", daemon=True
                )
                thread.start()
                self._portal = opened.result()
                atexit.register(self._close, self._portal, thread)
            return self._portal

    async def _serve(self, opened: Future[BlockingPortal]) -> None:
        try:
            async with self.service, BlockingPortal() as portal:
                opened.set_result(portal)
                await portal.sleep_until_stopped()
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def _close(self, portal: BlockingPortal, thread: Thread) -> None:
        if self._portal is portal:  # not that of the parent of a fork
            portal.call(portal.stop)
            thread.join()

    def disown(self) -> None:
        """Forget, in a forked child, the thread of its parent, which does not run there."""
        self._lock = Lock()  # a thread of the parent may hold the other for ever
        self._portal = None


async def _await(coroutine: Coroutine[Any, Any, T]) -> T:
    return await coroutine


_all: WeakSet[LoopThread] = WeakSet()


def _disown_all() -> None:
    for thread in _all:
        thread.disown()


if hasattr(os, "register_at_fork"):  # there is none on Windows
    os.register_at_fork(after_in_child=_disown_all)
