"""Which documents are OpenAPI, by their content."""

from __future__ import annotations

import re

_BLANK = b"\xef\xbb\xbf \t\r\n"
_IN_JSON = re.compile(rb'"(?:openapi|swagger)"\s*:\s*["\d]')
_IN_YAML = re.compile(rb"""^(["']?)(?:openapi|swagger)\1\s*:""", re.MULTILINE)


def recognise(data: bytes) -> bool:
    """Whether a document is OpenAPI, by its content: JSON or YAML with a version of it."""
    start = data.lstrip(_BLANK)[:1]
    if start == b"<":
        return False
    return bool((_IN_JSON if start == b"{" else _IN_YAML).search(data))
