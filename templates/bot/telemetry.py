"""What the log and the traces of a program say of calls: records and spans with the ids of a call.

As in the client, nothing is imported for spans: a program that exports them has imported OpenTelemetry
itself. They have the ids and the class of an error, and nothing of what was said.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from .notification import Context

_API = "opentelemetry.trace"
_NOTHING = nullcontext()
_PACKAGE = __name__.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids by which the service and this program know what something is about."""

    call_id: str | None = None
    chain_id: str | None = None
    scenario_id: str | None = None


_FOLLOWED: ContextVar[tuple[str | None, Context | None]] = ContextVar(
    "followed", default=(None, None)
)


def follow(call_id: str | None, context: Context | None = None) -> None:
    """Let records and spans of this task, and of those that it starts, have the ids of a call."""
    _FOLLOWED.set((call_id, context))


def _ids() -> Ids:
    call_id, context = _FOLLOWED.get()
    return Ids(call_id, context.chain_id, context.scenario_id) if context else Ids(call_id)


class Logger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose records have the attributes `call_id`, `chain_id` and `scenario_id`, or None."""

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the ids to a record."""
        return msg, {**kwargs, "extra": {**asdict(_ids()), **kwargs.get("extra", {})}}


def get_logger(name: str) -> Logger:
    """Return the logger of a module of the kit."""
    return Logger(logging.getLogger(name))


def span(name: str) -> AbstractContextManager[None]:
    """Return the context for a piece of work, in which its span is the current one.

    An exception that leaves it is the error of the span, by its class alone.
    """
    if _API not in sys.modules:
        return _NOTHING
    api: Any = import_module(_API)  # waits for another thread that has only begun to import it
    provider = api.get_tracer_provider()
    if isinstance(provider, api.ProxyTracerProvider):  # the program has set none
        return _NOTHING
    return _open(api, provider.get_tracer(_PACKAGE), name)


@contextmanager
def _open(api: Any, tracer: Any, name: str) -> Generator[None]:
    ids = {
        f"{_PACKAGE}.{name}": value for name, value in asdict(_ids()).items() if value is not None
    }
    with tracer.start_as_current_span(
        name,
        kind=api.SpanKind.CONSUMER,
        attributes=ids,
        record_exception=False,  # its message and traceback may quote what was said
        set_status_on_exception=False,
    ) as opened:
        try:
            yield
        except BaseException as error:
            opened.set_attribute("error.type", type(error).__qualname__)
            opened.set_status(api.StatusCode.ERROR)
            raise
