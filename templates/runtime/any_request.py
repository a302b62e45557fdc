"""Any request that an application wants to send, whether the package has a method for it or not.

The path is below the service root and stays there: what a client, gateway or server might read as a way
out is refused. Sources: RFC 3986, 3.3 (segments) and 5.2.4 (dot segments).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from operator import itemgetter
from typing import Any, cast, get_args, get_origin
from urllib.parse import quote, unquote

from . import decode
from .arguments import Checks
from .cloud import Cloud
from .decode import Decoder
from .forms import TEXT, Form, check, invalid, refused
from .model import GraphModel
from .operation import Kind, Operation
from .options import Options
from .permissions import NO_PERMISSIONS, Permissions
from .request import JSON, OCTETS

_KINDS: Mapping[str, Kind] = {
    "GET": "get",
    "POST": "action",
    "PATCH": "update",
    "PUT": "update",
    "DELETE": "delete",
}
"""The HTTP methods of Graph, and what each comes closest to."""

_CHECKS = Checks("request", {"body": object}, {}, {name: name for name in Options.__annotations__})

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEPARATORS = re.compile(r"[/\\]")
_SAFE = "%/:@!$&'()*+,;="
"""What a path may hold besides unreserved characters (RFC 3986, 3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AnyRequest:
    """A request with everything that its sender says about it; `is_page`: it returns a collection."""

    operation: Operation
    path: str
    content: bytes | None
    content_type: str
    options: Options
    decoder: Decoder[Any]
    is_page: bool


def check_request(
    method: object, path: object, body: object, returns: Any, options: Mapping[str, object]
) -> AnyRequest:
    """Return the request that the arguments of `client.request` describe.

    Raises TypeError and ValueError, which name the argument that is wrong.
    """
    _CHECKS.refuse_unknown(options)
    verb: str = check("request: method", method, _METHOD)
    encoded: str = check("request: path", path, _PATH)
    content, content_type = _content(body)
    decoder = _decoder(returns)
    return AnyRequest(
        operation=Operation(
            method=verb,
            path=template_of(encoded),
            python="request",
            kind=_KINDS[verb],
            parameters=(),
            returns="bytes" if returns is bytes else decoder.name,
            clouds=frozenset(Cloud),
        ),
        path=encoded,
        content=content,
        content_type=content_type,
        options=cast("Options", {name: _CHECKS.take(name, one) for name, one in options.items()}),
        decoder=decoder,
        is_page=get_origin(returns) is list,
    )


def _method() -> Form:
    noun, example = f"method of HTTP, one of {', '.join(_KINDS)}", "'GET'"

    def take(value: object) -> object:
        if not isinstance(value, str):
            raise refused(noun, example, value)
        if value not in _KINDS:
            raise invalid(noun, example, "this one is not")
        return value

    return Form(noun, example, take)


def _path() -> Form:
    noun, example = "path below the service root", "'/communications/calls'"

    def take(value: object) -> object:
        path: str = TEXT.take(value)
        if problem := _way_out(path):
            raise invalid(noun, example, problem)
        return quote(path, safe=_SAFE)

    return Form(noun, example, take)


_METHOD, _PATH = _method(), _path()


def _way_out(path: str) -> str:
    """Return why a path is not one below the service root; empty if it is."""
    if not path.startswith("/"):
        return "it must begin with a slash; `follow` takes a whole address that came from Graph"
    if "//" in path:
        return "it must not hold two slashes in a row; a slash in a key is %2F"
    if _CONTROL.search(path):
        return "it must hold neither a backslash nor a control character"
    if "?" in path:
        return "its query must be given as query={'$top': '5'}; a ? in a key is %3F"
    if "#" in path:
        return "it must not hold a fragment; a # in a key is %23"
    if _BARE_PERCENT.search(path):
        return "a % in it must begin an escape such as %2F; a % in a key is %25"
    if {".", ".."} & {*_SEPARATORS.split(unquote(path))}:
        return "it must not hold a segment . or .., escaped or not"
    return ""


def _content(body: object) -> tuple[bytes | None, str]:
    """Return the body as it is sent, and its type."""
    if body is None:
        return None, JSON
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(cast("bytes", body)), OCTETS
    if isinstance(body, GraphModel):
        return body.to_json().encode(), JSON
    value = _CHECKS.take("body", body)
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False).encode(), JSON
    except (TypeError, ValueError, RecursionError):
        pass
    raise ValueError("request: body must be a value that JSON can represent: a part of it is not")


def _decoder(returns: Any) -> Decoder[Any]:
    inner = get_args(returns)
    if returns is None:
        return decode.optional(decode.json())
    if returns is bytes:
        return decode.optional(decode.content())
    if is_model(returns):
        return decode.optional_model(returns)
    if get_origin(returns) is list and is_model(*inner):
        return decode.page(*inner)
    noun, example = "class of models, list of one, bytes or None", "Call or list[Call]"
    raise refused(noun, example, returns).located("request: returns")


def is_model(cls: object) -> bool:
    """Return whether an object is a class of models."""
    return isinstance(cls, type) and issubclass(cls, GraphModel)


# -- which operation of the package it is

_KEY = "{}"


def permissions_of(method: str, path: str) -> Permissions:
    """Return what is documented for the operation of the package with a method and a path below the root."""
    # Only a 403 needs the table, which takes a moment to build.
    package = __name__.rsplit(".", 2)[0]
    known: tuple[Operation, ...] = import_module(f"{package}.operations").OPERATIONS
    asked = _names(path)
    fitting = [
        (names.count(_KEY), operation.permissions)
        for operation in known
        if operation.method == method and _fits(asked, names := _names(operation.path))
    ]
    return min(fitting, key=itemgetter(0), default=(0, NO_PERMISSIONS))[1]


def _names(path: str) -> list[str]:
    """Return the segments of a path or template without case, arguments and namespaces, `{}` for keys."""
    return [_name(segment) for segment in path.casefold().strip("/").split("/")]


def _name(segment: str) -> str:
    if segment.startswith("{"):
        return _KEY
    return segment.partition("(")[0].rpartition(".")[2]


def _fits(asked: list[str], names: list[str]) -> bool:
    return len(asked) == len(names) and all(
        name in (segment, _KEY) for segment, name in zip(asked, names, strict=True)
    )


# -- what logs show

_NAME = re.compile(r"\$?[a-z][A-Za-z]*|microsoft\.graph\.[A-Za-z.]+")
_CALL = re.compile(r"([^()]+)\((.*)\)")


def template_of(path: str) -> str:
    """Return a path with `{}` for whatever may be a key or an argument: only names are kept."""
    return "/".join(map(_shown, path.split("/")))


def _shown(segment: str) -> str:
    called = _CALL.fullmatch(segment)
    name = called[1] if called else segment
    if name and not _NAME.fullmatch(name):
        return "{}"
    arguments = "{}" if called and called[2] else ""
    return f"{name}({arguments})" if called else name
