"""Builds the request of an operation from its arguments."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote

import httpx

from .assigned import only_built
from .changes import changed_text, named_class, whole_text
from .cloud import Cloud
from .content import Opened, Upload
from .errors import ForeignLinkError, UnavailableInCloudError
from .lazy import PACKAGE
from .model import GraphModel
from .operation import Operation, Parameter
from .options import UNSET, ActionOptions, Options, QueryOptions
from .recording import Recorded, check_recorded
from .service_root import ServiceRoot
from .type_names import TYPE_ANNOTATION
from .wire import literal, to_option, to_wire

_ACCEPT = {"bytes": "*/*", "int": "text/plain, application/json"}
"""The Accept header by what an operation returns; JSON by default."""

_PREFER = "include-unknown-enum-members"

JSON = "application/json"
OCTETS = "application/octet-stream"

_VARIABLE = re.compile(r"\{([^{}]+)\}|\(([^()]*)\)")
"""What varies in a path template: a key, or the arguments of a function or a key in parentheses."""

_NOT_IN_QUERY = frozenset(ActionOptions.__annotations__)

_CLASS = re.compile(r"[\w.]+")

_LONGEST = 65_536
"""Longest address that httpx accepts, in characters; Graph accepts less."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PreparedRequest:
    """A request, complete except for the token; it can be sent any number of times if `repeatable`."""

    method: str
    url: str | httpx.URL
    headers: tuple[tuple[str, str], ...]
    content: bytes | Upload | None
    client_request_id: str
    token: str | None = None
    """The token that goes with it; None for that of the client."""

    @property
    def upload(self) -> Upload | None:
        """The content that is read while it is sent; None if the body is at hand, or there is none."""
        return self.content if isinstance(self.content, Upload) else None

    @property
    def repeatable(self) -> bool:
        """Whether the request can be sent whole once more."""
        return self.upload is None or self.upload.repeatable

    @property
    def wire_body(self) -> dict[str, object] | None:
        """The JSON object of the body as Graph reads it; None if there is none or it is a stream."""
        if not isinstance(self.content, bytes) or "json" not in self._content_type:
            return None
        try:
            body: object = json.loads(self.content)
        except (ValueError, RecursionError):  # of a stream that is only said to be JSON
            return None
        return cast("dict[str, object]", body) if isinstance(body, dict) else None

    @property
    def _content_type(self) -> str:
        return dict(self.headers).get("content-type", "")

    def authorized(self, token: str, opened: Opened[Any] | None = None) -> httpx.Request:
        """Return the request for one attempt; `opened` is the content of one that has an upload."""
        headers = dict(self.headers) | {"authorization": f"Bearer {token}"}
        if opened is None:
            content: Any = self.content
        else:
            content = opened.pieces
            if opened.size is not None:
                headers["content-length"] = str(opened.size)
        return httpx.Request(self.method, self.url, headers=headers, content=content)


def common_headers(version: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return what all requests of a client have: the package's version, and the headers of the client.

    Names are in lower case, those of `headers` too.
    """
    return {
        "accept-encoding": "gzip, deflate",
        "user-agent": f"{PACKAGE}/{version} python-httpx",
        **headers,
    }


def prepare(
    operation: Operation,
    root: ServiceRoot,
    arguments: Mapping[str, object],
    options: QueryOptions,
    *,
    common: Mapping[str, str],
) -> PreparedRequest:
    """Build the request of an operation, from arguments and options as `Checks` returns them.

    ``arguments`` are those of path, header and body by their names in Python; one that is missing or
    ``UNSET`` is left out. ``common`` are the headers of all requests.

    Raises UnavailableInCloudError if the cloud lacks the operation; TypeError for an undeclared
    parameter that is declared; ValueError for an update without a change, and for an address of more
    than 65,536 characters.

    Sources: Graph documentation, "Use the Microsoft Graph API",
    https://learn.microsoft.com/graph/use-the-api; for Prefer, "Handling future members in evolvable
    enumerations", https://learn.microsoft.com/graph/best-practices-concept.
    """
    cloud = root.cloud
    if cloud and root.refusing and cloud not in operation.clouds | operation.clouds_unknown:
        offered = ", ".join(str(other) for other in Cloud if other in operation.clouds) or "none"
        raise UnavailableInCloudError(
            operation=operation.python, cloud=cloud, reason=f"Graph offers it in: {offered}"
        )
    given = [(p, arguments.get(p.name, UNSET)) for p in operation.parameters]
    path = {p.wire_name: value for p, value in given if p.location == "path" or _is_alias(p)}
    aliases = {
        p.wire_name: _alias_text(p, value)
        for p, value in given
        if _is_alias(p) and value is not UNSET
    }
    body: dict[str, object] = {p.wire_name: value for p, value in given if p.location == "body"}
    if operation.kind in ("add_ref", "set_ref"):
        body = {name: _whole(operation, address, root) for name, address in body.items()}
    undeclared = options.get("undeclared") or {}
    if undeclared.keys() & body.keys():
        declared = ", ".join(sorted(undeclared.keys() & body.keys()))
        raise TypeError(f"{operation.python} declares {declared}")
    body |= undeclared
    expanded, query = expand_path(operation.path, path), _query_string(options, aliases)
    url = root.url + expanded + query
    return _request(
        operation.method,
        url if query or expanded != operation.path else _parsed(url),
        common,
        options.get("headers"),
        _content(operation, body),
        accept=_accept(operation, {p.wire_name: value for p, value in given}),
        content_type=OCTETS if operation.kind == "put_content" else JSON,
    )


def _whole(operation: Operation, address: object, root: ServiceRoot) -> str:
    """Return the address of an entity as Graph wants it in a reference: with the service root.

    Raises ValueError for what is neither a path below the service root nor a whole address.
    """
    text = str(address)
    if not text.startswith(("/", "https://", "http://")):
        raise ValueError(
            f"{operation.python}: entity must be a path such as '/users/{{id}}', or a whole address"
        )
    return root.url + text if text.startswith("/") else text


def _accept(operation: Operation, given: Mapping[str, object]) -> str:
    """Return the Accept header: the chosen media type of a stream, the default one, or by the result."""
    chosen = given.get("Accept", UNSET)
    if chosen is not UNSET:
        return str(chosen)
    if operation.media_types:
        return operation.media_types[0]
    return _ACCEPT.get(operation.returns or "", JSON)


def prepare_link(
    link: str, root: ServiceRoot, headers: Mapping[str, str] | None, *, common: Mapping[str, str]
) -> PreparedRequest:
    """Build the request that follows a link from Graph, unchanged.

    Raises ForeignLinkError if it leads to another host: the token must not go there.
    """
    base = httpx.URL(root.url)
    try:
        url = httpx.URL(link)
    except httpx.InvalidURL:
        raise _foreign("no valid address", root) from None
    # Compare the host as it would be looked up: not every encoded name can be decoded.
    there, here = ((it.scheme, it.raw_host.lower(), it.port, it.userinfo) for it in (url, base))
    if there != here:
        raise _foreign(url.raw_host.decode("ascii") or "no host", root)
    return _request("GET", link, common, headers, None, accept=JSON, content_type=JSON)


def prepare_recording(
    operation: Recorded,
    root: ServiceRoot,
    headers: Mapping[str, str] | None,
    *,
    method: str,
    common: Mapping[str, str],
) -> PreparedRequest:
    """Build the request for a recording, with its own token.

    Raises ValueError if the operation has no recording, or one at an address where the token must not go.
    """
    location, token = check_recorded(operation, root, method=method)
    prepared = _request("GET", location, common, headers, None, accept="*/*", content_type=JSON)
    return replace(prepared, token=token)


def _foreign(host: str, root: ServiceRoot) -> ForeignLinkError:
    return ForeignLinkError(host=host, cloud=root.cloud, origin=root.origin)


def prepare_request(
    operation: Operation,
    root: ServiceRoot,
    path: str,
    content: bytes | None,
    options: Options,
    *,
    content_type: str,
    common: Mapping[str, str],
) -> PreparedRequest:
    """Build a request from its parts: a path below the root, percent-encoded, and a body or None."""
    return _request(
        operation.method,
        root.url + path + _query_string(options),
        common,
        options.get("headers"),
        content,
        accept=_ACCEPT.get(operation.returns or "", JSON),
        content_type=content_type,
    )


@lru_cache(maxsize=100)
def _parsed(url: str) -> httpx.URL:
    """Return the address of a request where nothing varies, for which httpx takes long each time."""
    return httpx.URL(url)


def _request(
    method: str,
    url: str | httpx.URL,
    common: Mapping[str, str],
    headers: Mapping[str, str] | None,
    content: bytes | Upload | None,
    *,
    accept: str,
    content_type: str,
) -> PreparedRequest:
    own = headers or {}
    merged = {"accept": accept, "client-request-id": str(uuid.uuid4())}
    if content is not None:
        merged["content-type"] = content_type
    merged.update(common)
    merged.update(own)
    # Of a preference that is given twice, the first counts (RFC 7240, 2).
    prefer = (_PREFER, own.get("prefer"), common.get("prefer"))
    merged["prefer"] = ", ".join(filter(None, prefer))
    if isinstance(url, str) and len(url) > _LONGEST:
        raise ValueError(f"the address of the request has more than {_LONGEST} characters")
    return PreparedRequest(
        method=method,
        url=url,
        headers=tuple(merged.items()),
        content=content,
        client_request_id=merged["client-request-id"],
    )


def expand_path(template: str, arguments: Mapping[str, object]) -> str:
    """Fill in a path template, escaping each argument so that it stays in its place.

    A key (`{call-id}`) is inserted as text. One in parentheses (`calls({call-id})`) and an argument of a
    function (`f(from={from})`) become literals; an argument is omitted if it is ``UNSET``; an alias
    (`f(ids=@ids)`) stays. Everything is percent-encoded except the unreserved characters of RFC 3986, 2.3,
    the quotes around text and the colons of times.
    """

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return quote(_segment(arguments[match[1]]), safe="")
        parts = (part.rpartition("=") for part in match[2].split(",") if part)
        given = ((name + sign, place, arguments[place.strip("{}")]) for name, sign, place in parts)
        filled = (
            name + (place if place[:1] == "@" else quote(literal(value), safe=_LITERAL))
            for name, place, value in given
            if value is not UNSET
        )
        return f"({','.join(filled)})"

    return _VARIABLE.sub(fill, template)


_LITERAL = "':"


def _segment(key: object) -> str:
    """Return a key as a segment of a path, which has no quotes (OData URL conventions 4.01, 4.3.6)."""
    if isinstance(key, bool):
        return str(key).lower()
    return str(to_wire(key))


_NO_ALIASES: Mapping[str, str] = {}


def _query_string(options: Options, aliases: Mapping[str, str] = _NO_ALIASES) -> str:
    if not options and not aliases:
        return ""
    given = {
        f"${name}": to_option(value) for name, value in options.items() if name not in _NOT_IN_QUERY
    }
    given |= options.get("query") or {}
    # OData's own options begin with "$" and "@", which a query may contain (RFC 3986, 3.4).
    named = [*aliases.items(), *given.items()]
    return (
        "?" + "&".join(f"{quote(n, safe='$@')}={quote(v, safe='$')}" for n, v in named)
        if named
        else ""
    )


def _is_alias(parameter: Parameter) -> bool:
    """Whether an argument of a function travels in the query, under an alias."""
    return parameter.location == "query" and parameter.wire_name.startswith("@")


def _alias_text(parameter: Parameter, value: object) -> str:
    """Return the value of an alias: a literal, or JSON, which only names types that are derived.

    Source: OData URL conventions 4.01, section 5.1.1.14.7.
    """
    wire = _without_type(parameter, value)
    if not isinstance(wire, list | dict):
        return literal(value)
    return json.dumps(wire, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _without_type(parameter: Parameter, value: object) -> Any:
    if isinstance(value, GraphModel):
        wire = to_wire(value)
        names = _CLASS.findall(parameter.type)
        if any(named_class(type(value), name) is type(value) for name in names):
            wire.pop(TYPE_ANNOTATION, None)
        return wire
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [_without_type(parameter, item) for item in cast("Sequence[object]", value)]
    return to_wire(value)


def _content(operation: Operation, body: Mapping[str, object]) -> bytes | Upload | None:
    """Return the body: one value, or an object with the parameters that were given."""
    if not body:
        return None
    if not operation.sends_entity:
        return json.dumps(to_wire(body), allow_nan=False, ensure_ascii=False).encode()
    (entity,) = body.values()
    if isinstance(entity, GraphModel):
        try:
            return _entity(operation, entity).encode()
        except RecursionError:
            pass
        raise ValueError(f"{operation.python}: the entity is nested too deeply, or holds itself")
    if isinstance(entity, bytes | Upload):
        return entity
    raise TypeError(f"{operation.python} sends no {type(entity).__name__}")


def _entity(operation: Operation, entity: GraphModel) -> str:
    """Return the JSON text of an entity: for PATCH, of what changed; otherwise of all of it."""
    if operation.kind == "create" and only_built(entity):
        return entity.to_json()
    [body] = (p for p in operation.parameters if p.location == "body")
    declared = named_class(type(entity), body.type)
    if operation.method != "PATCH":
        return whole_text(entity, declared, with_key=operation.kind == "create")
    text = changed_text(entity, declared)
    if text is None:
        raise ValueError(
            f"{operation.python}: nothing was assigned in {body.name} since it was received, and only"
            " what was assigned is sent; a list that was changed in place has to be assigned anew"
        )
    return text
