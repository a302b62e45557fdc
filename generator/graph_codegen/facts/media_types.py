"""`metadata/media_types.json`: the media types of streams, which the metadata does not declare.

Only streams of which a page of the reference says what to ask for belong there: all others are asked for
with `Accept: */*`, which Graph refuses for some of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from graph_codegen.facts import files
from graph_codegen.text import shorten

FILE = "media_types.json"

_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
)
"""Media types without parameters (RFC 6838, 4.2)."""

MediaTypes = Mapping[str, tuple[str, ...]]
"""The media types of each stream, the default one first, by `microsoft.graph.callTranscript/content`."""


@dataclass(frozen=True)
class _Stream:
    """The media types of a stream, and the page that names them."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    source: str
    types: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.types:
            raise ValueError("names no media type")
        for name in self.types:
            if not _MEDIA_TYPE.fullmatch(name):
                raise ValueError(f"{shorten(name)} is not a media type, such as text/vtt")


def load(*folders: Path) -> MediaTypes:
    """Read the media types from folders with facts, none if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    contents = files.read(folders, FILE, "the media types are", dict[str, _Stream])
    return {name: stream.types for content in contents for name, stream in content.items()}
