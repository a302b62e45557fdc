"""The package that holds this runtime: its name, and modules of it that load when they are first used.

What a client that has sent nothing does not need is loaded so: the models, and all that reads and writes
them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

PACKAGE = __name__.split(".")[-3]
"""The name of the package that contains this runtime, wherever it was copied to."""


class LazyModule:
    """Stands for a module, which is imported when one of its attributes is first asked for."""

    def __init__(self, package: str, name: str) -> None:
        self._name = f"{package}.{name}"

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self._name), name)
        setattr(self, name, value)  # found before this method from now on
        return value


if TYPE_CHECKING:
    from . import any_request as any_request
    from . import arguments as arguments
    from . import async_session as async_session
    from . import decode as decode
    from . import endpoint as endpoint
    from . import model as model
    from . import session as session
else:
    any_request = LazyModule(__package__, "any_request")
    arguments = LazyModule(__package__, "arguments")
    async_session = LazyModule(__package__, "async_session")
    decode = LazyModule(__package__, "decode")
    endpoint = LazyModule(__package__, "endpoint")
    model = LazyModule(__package__, "model")
    session = LazyModule(__package__, "session")
