"""Spans of OpenTelemetry for programs that use it, by its conventions for HTTP clients.

Nothing is imported for that: a program that exports spans has imported OpenTelemetry itself, and in any
other they would go nowhere. Attributes hold neither ids nor queries, so `url.full` is left out.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any

import httpx

from .attempt import Attempt
from .errors import GraphError, GraphHTTPError
from .exchange import Exchange
from .lazy import PACKAGE

_API = "opentelemetry.trace"
_NOTHING = nullcontext()


class Tracing:
    """Makes the spans of one client: one for each call, with an event for each attempt."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._provider: Any = None
        self._tracer: Any = None

    def span(self, exchange: Exchange[Any]) -> AbstractContextManager[None]:
        """Return the context for a call, in which its span is the current one."""
        if _API not in sys.modules:
            return _NOTHING
        api: Any = import_module(_API)  # waits for another thread that has only begun to import it
        provider = api.get_tracer_provider()
        if isinstance(provider, api.ProxyTracerProvider):  # the program has set none
            return _NOTHING
        if provider is not self._provider:
            self._tracer = provider.get_tracer(PACKAGE, self._version)
            self._provider = provider
        return self._open(api, exchange)

    @contextmanager
    def _open(self, api: Any, exchange: Exchange[Any]) -> Generator[None]:
        operation = exchange.operation
        url = httpx.URL(exchange.prepared.url)
        attempts: list[Attempt] = []
        with self._tracer.start_as_current_span(
            f"{operation.method} {operation.path}",
            kind=api.SpanKind.CLIENT,
            attributes={
                "http.request.method": operation.method,
                "url.template": operation.path,
                "server.address": url.host,
                "server.port": url.port or (443 if url.scheme == "https" else 80),
            },
            record_exception=False,  # its message and traceback may quote what the service said
            set_status_on_exception=False,
        ) as span:
            if not span.is_recording():
                yield
                return

            def record(attempt: Attempt) -> None:
                attempts.append(attempt)
                span.add_event(f"{PACKAGE}.attempt", _attributes(attempt))

            exchange.observers.append(record)
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", _type_of(error))
                span.set_status(api.StatusCode.ERROR)
                raise
            finally:
                if attempts:
                    span.set_attributes(_attributes(attempts[-1]))


def _attributes(attempt: Attempt) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    if attempt.number > 1:
        found["http.request.resend_count"] = attempt.number - 1
    if attempt.status is not None:
        found["http.response.status_code"] = attempt.status
    if attempt.error is not None:
        found["error.type"] = _type_of(attempt.error)
    return found


def _type_of(error: BaseException) -> str:
    """Return the value of `error.type`: the status of an error response, or the name of a class."""
    if isinstance(error, GraphHTTPError):
        return str(error.status)
    if isinstance(error, GraphError) and error.__cause__ is not None:
        error = error.__cause__
    cls = type(error)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    module = PACKAGE if cls.__module__.startswith(f"{PACKAGE}.") else cls.__module__
    return f"{module}.{cls.__qualname__}"
