"""Which OpenAPI documents are of OData services: all others are refused."""

from __future__ import annotations

import re

from graph_codegen.csdl.foreign import describe_object
from graph_codegen.errors import Place, error
from graph_codegen.openapi.components import Components
from graph_codegen.openapi.extension import EXTENSION
from graph_codegen.openapi.values import members
from graph_codegen.text import shorten

TOOL = "Microsoft.OpenApi.OData"
"""What OpenAPI.NET.OData calls itself in `x-ms-generated-by`."""

_VERSION = re.compile(r"3\.[01](\.\d+)?")


def refuse(components: Components, file: str) -> None:
    """Raise CodegenError for a version of OpenAPI that is not read, and for services that are not OData."""
    root = components.root
    place = Place(file)
    version = next((root[name] for name in ("openapi", "swagger") if name in root), None)
    if version is None:
        raise error(describe_object(root, "JSON or YAML"), place)
    # YAML without quotes makes a number of it.
    told = shorten(str(version))
    if "swagger" in root:
        raise error(f"this is OpenAPI {told} (Swagger), and 3.0 and 3.1 are read", place)
    if not _VERSION.fullmatch(told):
        raise error(f"this is OpenAPI {told}, and 3.0 and 3.1 are read", place)
    if not _is_odata(components):
        raise error(
            "this is OpenAPI of a service that is not OData, for which there are other generators, such as"
            " openapi-python-client and OpenAPI Generator",
            place,
        )


def _is_odata(components: Components) -> bool:
    root = components.root
    for place in (root, members(root.get("info"))):
        if members(place.get("x-ms-generated-by")).get("toolName") == TOOL:
            return True
    if EXTENSION in root:
        return True
    keys = any("{" in path for path in members(root.get("paths")))
    schemas = map(members, components.schemas.values())
    return keys and bool(components.types) and any(_has_annotations(components, s) for s in schemas)


def _has_annotations(components: Components, schema: dict[str, object]) -> bool:
    """Whether a schema has members that are about a value, as OData spells them: `@odata.type`."""
    return any(
        name.startswith("@odata.")
        for part in components.parts(schema)
        for name in members(part.get("properties"))
    )
