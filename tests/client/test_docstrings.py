"""The docstring of a method says if that is undocumented, names every argument, and ends in the request."""

from __future__ import annotations

import inspect
import re
from operator import attrgetter

import pytest

from graph_comms import OPERATIONS, CommunicationsClient, Operation
from graph_comms._runtime.options import QueryOptions

ARGUMENT = re.compile(r"^ {4}(\w+): \S.*$", re.MULTILINE)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.python)
def test_a_method_documents_each_of_its_arguments(operation: Operation) -> None:
    with CommunicationsClient("token") as client:
        text = inspect.getdoc(attrgetter(operation.python)(client)) or ""

    own = [p.name for p in operation.parameters if p.location != "query"]
    renamed = [f"request_{name}" for name in QueryOptions.__annotations__ if name in own]
    assert ARGUMENT.findall(text.partition("Args:\n")[2]) == own + renamed
    assert not re.search(r": `\w+` of the (action|function)\.", text)  # says nothing
    assert text.splitlines()[-1].startswith(f"{operation.method} {operation.path}")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.python)
def test_the_first_line_says_what_is_undocumented(operation: Operation) -> None:
    path = operation.python.split(".")
    with CommunicationsClient("token") as client:
        methods = [attrgetter(operation.python)(client)]
        if operation.kind == "content":
            streaming = ".".join((*path[:-1], f"stream_{path[-1].removeprefix('get_')}"))
            methods.append(attrgetter(streaming)(client))

    for method in methods:
        first = (inspect.getdoc(method) or "").splitlines()[0]
        assert first.startswith("Undocumented as far as known. ") == (not operation.documented)
