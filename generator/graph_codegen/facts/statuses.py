"""`metadata/statuses.json`: with which status a request is answered, which the metadata does not declare.

Requests that are not there are answered as OData has it: 201 for what is created, 204 where nothing is
returned, else 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from graph_codegen.facts import files
from graph_codegen.text import shorten

FILE = "statuses.json"

_SERVER_ERROR = re.compile(r"5[0-9]{2}")


@dataclass(frozen=True)
class Status:
    """The statuses of success, and what those from 500 on mean; `source` is the page that says so."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    source: str
    statuses: tuple[int, ...]
    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if not self.statuses:
            raise ValueError("names no status")
        for status in self.statuses:
            if not 200 <= status < 300:
                raise ValueError(f"{status} is not a status of success")
        for name in self.errors:
            if not _SERVER_ERROR.fullmatch(name):
                raise ValueError(f"{shorten(name)} is not a status from 500 on")


Statuses = Mapping[str, Status]
"""What is known of requests, by method and path: `POST /communications/calls/{call-id}/answer`."""


def load(*folders: Path) -> Statuses:
    """Read the statuses from folders with facts, none if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    contents = files.read(folders, FILE, "the statuses are", dict[str, Status])
    return {request: status for content in contents for request, status in content.items()}
