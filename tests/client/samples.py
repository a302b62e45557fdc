"""A value for every parameter of every operation, and the request that must come of it."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, BinaryIO, Literal, Union, get_args, get_origin

from graph_comms import models
from graph_comms._runtime import edm
from graph_comms._runtime.enums import GraphEnum
from graph_comms._runtime.operation import Operation, Parameter
from graph_comms._runtime.page import Page
from graph_comms.models import GraphModel

# -- values


@dataclass(frozen=True)
class Sample:
    """A value as a caller gives it, as JSON spells it, and (`literal`) as a URL spells it."""

    value: Any
    wire: Any
    literal: str = "no literal"


class _Names(Mapping[str, Any]):
    """Resolves the names in the types of the table of operations."""

    def __getitem__(self, name: str) -> Any:
        known = {
            "BinaryIO": BinaryIO, "Iterable": Iterable, "Literal": Literal, "Page": Page,
            "Sequence": Sequence, "edm": edm,
        }  # fmt: skip
        found = known.get(name) or getattr(models, name, None)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError


def form_of(declared: str | None) -> Any:
    """Return the type that the table of operations spells."""
    return None if declared is None else eval(declared, {}, _Names())


def sample(form: Any, n: int) -> Sample:
    """Return a value of a type; different numbers give different values if the type has more than one."""
    origin, arguments = get_origin(form), get_args(form)
    if origin in (Union, types.UnionType):
        return sample(arguments[0], n)
    if origin is Annotated:
        return sample(arguments[0], n)
    if origin is Sequence:
        both = [sample(arguments[0], n), sample(arguments[0], n + 1)]
        return Sample([one.value for one in both], [one.wire for one in both])
    if origin is Literal:
        return Sample(arguments[-1], arguments[-1])
    if issubclass(form, GraphEnum):
        member = list(form)[n % len(form)]
        return Sample(member, member.value)
    if issubclass(form, GraphModel):
        cls = concrete(form)
        wire = {"@odata.type": wire_type(cls), "marker": n}
        return Sample(cls().with_undeclared(marker=n), wire)
    return _PRIMITIVES[form](n)


_PRIMITIVES: Mapping[Any, Callable[[int], Sample]] = {
    str: lambda n: Sample(f"it's {n}/é", f"it's {n}/é", f"'it''s%20{n}%2F%C3%A9'"),
    bytes: lambda n: Sample(b"RIFF\x00\xff%d" % n, None),
    bool: lambda n: Sample(n % 2 == 0, n % 2 == 0),
    int: lambda n: Sample(n, n),
    datetime: lambda n: Sample(
        datetime(2026, 1, 1 + n, 10, tzinfo=UTC),
        f"2026-01-{1 + n:02}T10:00:00Z",
        f"2026-01-{1 + n:02}T10:00:00Z",
    ),
    timedelta: lambda n: Sample(timedelta(minutes=1 + n), f"PT{1 + n}M"),
}


def concrete(cls: type[GraphModel]) -> type[GraphModel]:
    """Return the class, or one derived from it where it is abstract."""
    if not cls._abstract:
        return cls
    return next(concrete(one) for one in sorted(cls.__subclasses__(), key=lambda c: c.__name__))


def wire_type(cls: type[GraphModel]) -> str:
    """Return the name of a generated class's type: `#microsoft.graph.callRecords.session`."""
    module = cls.__module__.rpartition(".")[2]
    namespace = "microsoft.graph" + (".callRecords" if module == "call_records" else "")
    return f"#{namespace}.{cls.__name__[0].lower()}{cls.__name__[1:]}"


# -- arguments


KEY = "19:k{}@thread.v2/é"
ESCAPED_KEY = "19%3Ak{}%40thread.v2%2F%C3%A9"

ENTITY = "/users/19%3Ak"
WHOLE_ENTITY = f"https://graph.microsoft.com/v1.0{ENTITY}"
"""An entity that is referred to: as a caller gives it, and as it is sent."""

REFERENCES = ("add_ref", "set_ref")
"""The kinds of operations that send the address of an entity."""

OPTIONS: Mapping[str, tuple[Any, str]] = {
    "select": (["id", "subject"], "id,subject"),
    "expand": (["sessions($expand=segments)"], "sessions($expand=segments)"),
    "filter": ("subject eq 'a&b=c/é'", "subject eq 'a&b=c/é'"),
    "orderby": (["subject desc", "id"], "subject desc,id"),
    "top": (5, "5"),
    "skip": (10, "10"),
    "search": ('"a b"', '"a b"'),
    "count": (True, "true"),
}
"""The query options: what a caller gives, and what the query says."""


def is_key(parameter: Parameter) -> bool:
    """Whether a parameter is a key in the path, not an argument of a function."""
    return parameter.location == "path" and parameter.wire_name.endswith("-id")


@dataclass(frozen=True)
class Arguments:
    """What a method is called with, and the request that must come of it."""

    given: Mapping[str, Any]
    target: str
    body: Any


def arguments(
    operation: Operation, *, null: Parameter | None = None, full: bool = True
) -> Arguments:
    """Return arguments for an operation.

    All of them, query options included; or, unless `full`, the required ones and `null` as None.
    """
    given: dict[str, Any] = {}
    literals: dict[str, str] = {}
    members: dict[str, Any] = {}
    content: bytes | None = None
    path = operation.path
    for n, parameter in enumerate(p for p in operation.parameters if p.location != "query"):
        if not (full or parameter.required or parameter == null):
            continue
        chosen = sample(form_of(parameter.type), n)
        if operation.kind in REFERENCES:
            chosen = Sample(ENTITY, WHOLE_ENTITY)
        if is_key(parameter):
            chosen = Sample(KEY.format(n), None)
            path = path.replace(f"{{{parameter.wire_name}}}", ESCAPED_KEY.format(n))
        elif parameter == null:
            chosen = Sample(None, None, "null")
        given[parameter.name] = chosen.value
        if isinstance(chosen.value, bytes):
            content = chosen.value
        elif parameter.location == "body":
            members[parameter.wire_name] = chosen.wire
        elif not is_key(parameter):
            literals[parameter.wire_name] = chosen.literal
    path = re.sub(r"\(([^()]*)\)", partial(_filled, literals), path)
    if full:
        names = [p.name for p in operation.parameters if p.location == "query"]
        given |= {name: OPTIONS[name][0] for name in names}
    return Arguments(given, f"/v1.0{path}", _body(operation, members, content))


def _filled(literals: Mapping[str, str], match: re.Match[str]) -> str:
    """The arguments of a function in a path, in parentheses, without those that are not given."""
    pairs = (part.split("=") for part in match[1].split(",") if part)
    given = ((name, literals.get(place[1:-1])) for name, place in pairs)
    return f"({','.join(f'{name}={literal}' for name, literal in given if literal is not None)})"


def _body(operation: Operation, members: Mapping[str, Any], content: bytes | None) -> Any:
    if operation.kind in ("create", "update"):
        [entity] = members.values()
        return entity
    # An action with parameters always has a body, be it one without members.
    takes = any(p.location == "body" for p in operation.parameters)
    return content if content is not None else members if takes else None
