"""Which operation of the package a request is, by its method and its path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from graph_comms import Operation
from graph_comms.operations import OPERATIONS

VERSIONS = ("v1.0", "beta")

_KEY = re.compile(r"\{([^{}]+)\}")
_TOKEN = re.compile(
    r"\{(?P<key>[^{}]+)\}|\((?P<arguments>[^()]*)\)|(?<=/)(?P<namespace>(?:\w+\.)+)(?=\w)"
)
"""What of a path can be written otherwise: keys, arguments, and the rest of a namespace."""

_ARGUMENT = re.compile(r"(\w+)=('(?:[^']|'')*'|%27.*?%27(?=,|$)|[^,]*)")
_KEYED = re.compile(r"(?<=\w)\((?:'|%27)((?:[^'%/]|''|%(?!27)|%27%27)*)(?:'|%27)\)(?=/|$)")
"""A key in parentheses: `recordings('1')` is the same as `recordings/1`."""

_ALIAS = ("app", "calls")


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, the ids in the path by their names, and the version that was asked for.

    `reference` says that not the entity of the operation is meant, but the reference to it (`/$ref`).
    """

    operation: Operation
    keys: Mapping[str, str]
    version: str
    reference: bool = False


@dataclass(frozen=True, slots=True)
class _Template:
    """A path; `names` are those of its keys in order, in the place of a function those of its arguments."""

    pattern: re.Pattern[str]
    names: tuple[str | tuple[str, ...], ...]
    by_method: dict[str, Operation]

    def keys(self, path: str) -> dict[str, str] | None:
        """Return the keys and arguments in a path by their names; None if it is another path."""
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        keys: dict[str, str] = {}
        for name, text in zip(self.names, match.groups(), strict=True):
            if isinstance(name, str):
                keys[name] = unquote(text)
                continue
            given = dict(_ARGUMENT.findall(text))
            if not given.keys() <= {*name}:
                return None
            keys |= {one: _literal(unquote(value)) for one, value in given.items()}
        return keys


class Router:
    """The paths of operations; those without keys are tried before those with keys."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS) -> None:
        templates: dict[str, _Template] = {}
        for operation in operations:
            found = templates.setdefault(operation.path, _template(operation.path))
            found.by_method[operation.method] = operation
        self._by_length: defaultdict[int, list[_Template]] = defaultdict(list)
        for path in sorted(templates, key=lambda path: (path.partition("(")[0].count("{"), path)):
            self._by_length[path.count("/")].append(templates[path])

    def find(self, method: str, path: str) -> Route | frozenset[str]:
        """Return the route of a request; the methods that there are if none has this one.

        No methods: no operation has such a path.
        """
        if path.endswith("/$ref"):
            found = self.find("GET", path.removesuffix("/$ref"))
            if not isinstance(found, Route):
                return frozenset()
            return replace(found, operation=replace(found.operation, method=method), reference=True)
        version, _, below = path.lstrip("/").partition("/")
        if version not in VERSIONS:
            return frozenset()
        segments = _KEYED.sub(_as_segment, below.rstrip("/")).split("/")
        if tuple(segments[:2]) == _ALIAS:
            segments[0] = "communications"
        plain = "/" + "/".join(segment.removeprefix("microsoft.graph.") for segment in segments)
        methods: set[str] = set()
        for template in self._by_length[plain.count("/")]:
            keys = template.keys(plain)
            if keys is None:
                continue
            operation = template.by_method.get(method)
            if operation is not None:
                return Route(operation, keys, version)
            methods |= template.by_method.keys()
        return frozenset(methods)


def _template(path: str) -> _Template:
    pattern, at = "", 0
    names: list[str | tuple[str, ...]] = []
    plain = path.replace("/microsoft.graph.", "/")
    for token in _TOKEN.finditer(plain):
        pattern += re.escape(plain[at : token.start()])
        at = token.end()
        if token["key"]:
            pattern += "([^/]+)"
            names.append(token["key"])
        elif token["namespace"]:
            pattern += f"(?:{re.escape(token['namespace'])})?"
        elif arguments := _KEY.findall(token["arguments"]):
            pattern += r"\(([^/]*)\)"
            names.append(tuple(arguments))
        else:
            pattern += r"(?:\(\))?"
    return _Template(re.compile(pattern + re.escape(plain[at:])), tuple(names), {})


def _as_segment(key: re.Match[str]) -> str:
    return "/" + key[1].replace("%27%27", "%27").replace("''", "'")


def _literal(text: str) -> str:
    """Return what an argument says, without the quotes of text."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else text
