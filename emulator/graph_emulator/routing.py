"""Which operation of the package a request is, by its method and its path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from graph_comms import Operation
from graph_comms.operations import OPERATIONS

VERSIONS = ("v1.0", "beta")

_KEY = re.compile(r"\{([^{}]+)\}")
_ALIAS = ("app", "calls")


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, the ids in the path by their names, and the version that was asked for."""

    operation: Operation
    keys: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    by_method: dict[str, Operation]


class Router:
    """The paths of operations; those without keys are tried before those with keys."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS) -> None:
        templates: dict[str, _Template] = {}
        for operation in operations:
            found = templates.setdefault(operation.path, _template(operation.path))
            found.by_method[operation.method] = operation
        self._by_length: defaultdict[int, list[_Template]] = defaultdict(list)
        for path in sorted(templates, key=lambda path: (path.count("{"), path)):
            self._by_length[path.count("/")].append(templates[path])

    def find(self, method: str, path: str) -> Route | frozenset[str]:
        """Return the route of a request; the methods that there are if none has this one.

        No methods: no operation has such a path.
        """
        version, _, below = path.lstrip("/").partition("/")
        if version not in VERSIONS:
            return frozenset()
        segments = below.rstrip("/").split("/")
        if tuple(segments[:2]) == _ALIAS:
            segments[0] = "communications"
        plain = "/" + "/".join(segment.removeprefix("microsoft.graph.") for segment in segments)
        methods: set[str] = set()
        for template in self._by_length[plain.count("/")]:
            match = template.pattern.fullmatch(plain)
            if match is None:
                continue
            operation = template.by_method.get(method)
            if operation is not None:
                values = map(unquote, match.groups())
                return Route(operation, dict(zip(template.names, values, strict=True)), version)
            methods |= template.by_method.keys()
        return frozenset(methods)


def _template(path: str) -> _Template:
    pieces = _KEY.split(path)
    pattern = "".join(
        "([^/]+)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    )
    return _Template(re.compile(pattern), tuple(pieces[1::2]), {})
