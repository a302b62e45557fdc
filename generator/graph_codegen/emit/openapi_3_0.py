"""Turns an OpenAPI 3.1 document of ours into one of OpenAPI 3.0, for tools that read no other.

3.0 spells null as `nullable`, has no lists of types, and ignores what stands beside `$ref`.
Source: OpenAPI Specification 3.0.3, Schema Object and Reference Object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from graph_codegen.emit.x_graph import JSON

VERSION = "3.0.3"

_NULL: JSON = {"type": "null"}

_MAPS = frozenset({"properties", "schemas"})
"""The keys whose values are schemas by name: a name such as `type` means nothing there."""

_DATA = frozenset({"discriminator", "security", "securitySchemes"})
"""The keys below which there is no schema."""

_UNKNOWN = frozenset({"contentMediaType", "contentSchema"})
"""What 3.0 does not have."""


def as_openapi_3_0(document: JSON) -> JSON:
    """Return the OpenAPI 3.0 document that says the same; its extensions are as they were."""
    return _converted(document) | {"openapi": VERSION}


def _converted(schema: Mapping[str, object]) -> JSON:
    """Return a schema, or any other object of a document, with all that is below it."""
    found = {key: _value(key, value) for key, value in schema.items() if key not in _UNKNOWN}
    if found.keys() > {"$ref"}:
        found = {"allOf": [{"$ref": found.pop("$ref")}], **found}
    return _nullable(_with_one_type(found))


def _value(key: str, value: object) -> object:
    if key.startswith("x-") or key in _DATA:
        return value
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_value("", item) for item in items]
    if not isinstance(value, dict):
        return value
    schema = cast("JSON", value)
    if key in _MAPS:
        return {name: _converted(one) for name, one in schema.items()}
    return _converted(schema)


def _with_one_type(schema: JSON) -> JSON:
    """Return a schema whose list of types, if it has one, is `anyOf` and `nullable`."""
    if not isinstance(schema.get("type"), list):
        return schema
    types = cast("list[str]", schema.pop("type"))
    null = {"nullable": True} if "null" in types else {}
    named = [name for name in types if name != "null"]
    if len(named) == 1:
        return {"type": named[0], **schema, **null}
    form = {"format": schema.pop("format")} if "format" in schema else {}
    # The format is that of numbers: text has their digits, or is `INF`.
    branches = [{"type": n, **(form if n != "string" else {}), **null} for n in named]
    return {"anyOf": branches, **schema, **null}


def _nullable(schema: JSON) -> JSON:
    """Return a schema in which the alternative of null, if it has one, is `nullable`."""
    choices = schema.get("anyOf", ())
    if _NULL not in choices:
        return schema
    del schema["anyOf"]
    return {"allOf": [one for one in choices if one != _NULL], **schema, "nullable": True}
