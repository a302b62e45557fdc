"""The ten documented ways to create a call, as committed golden files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CREATE_CALL = Path(__file__).parent / "create_call"


@dataclass(frozen=True)
class Message:
    """One HTTP message: `method` and `url` on a request, `status` on a response."""

    name: str
    method: str | None
    status: int | None
    url: str | None
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """One create-call request with its response and the notifications that follow."""

    name: str
    title: str
    shape: Literal["peer-to-peer", "group", "meeting"]
    media: Literal["service", "app"]
    request: Message
    response: Message
    notifications: tuple[Message, ...]


@dataclass(frozen=True)
class Mend:
    """One line of the documentation page that had to change for its body to be JSON."""

    file: str
    line: int
    fault: str
    before: str
    after: str


def load_examples() -> tuple[Example, ...]:
    """All examples, in the order of the documentation page."""
    return tuple(_example(path.parent) for path in sorted(CREATE_CALL.glob("*/example.json")))


def load_mends() -> tuple[Mend, ...]:
    """Every mend, in the order of the documentation page."""
    return tuple(Mend(**mend) for mend in _read(CREATE_CALL / "mends.json"))


def _example(folder: Path) -> Example:
    about = _read(folder / "example.json")
    return Example(
        name=folder.name,
        title=about["title"],
        shape=about["shape"],
        media=about["media"],
        request=_message(folder / "request.json"),
        response=_message(folder / "response.json"),
        notifications=tuple(map(_message, sorted(folder.glob("notifications/*.json")))),
    )


def _message(path: Path) -> Message:
    content = _read(path)
    return Message(
        name=path.relative_to(CREATE_CALL).with_suffix("").as_posix(),
        method=content.get("method"),
        status=content.get("status"),
        url=content.get("url"),
        headers=content["headers"],
        body=content["body"],
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
