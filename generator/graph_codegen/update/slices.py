"""An update of a slice of one's own: the document that is kept, and what the configuration says of it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from graph_codegen.csdl import xml
from graph_codegen.emit.templates import render
from graph_codegen.errors import error
from graph_codegen.facts import configuration
from graph_codegen.facts.settings import Settings
from graph_codegen.install import replace
from graph_codegen.reading import read_bytes
from graph_codegen.update.fetch import Kept

_TABLE = re.compile(r"^\[ *tool *\. *\"?graph-codegen\"? *\][^\n]*\n", re.MULTILINE)
_HEADER = re.compile(r"^\[", re.MULTILINE)


def first_configuration(said: Mapping[str, object]) -> str:
    """Return the text of a new configuration, with comments: `said` has values by key."""
    empty = dict.fromkeys(("document", "sha256", "etag", "service_root"), "")
    return render("configuration/graph-codegen.toml.jinja2", **{**empty, **said}) + "\n"


def read_kept(chosen: Settings) -> Kept | None:
    """Return the document of a configuration, if it is there as it was fetched and has an entity tag."""
    if not chosen.etag or not chosen.document.exists():
        return None
    data = xml.load(chosen.document)
    return Kept(data, chosen.etag) if sha256(data).hexdigest() == chosen.sha256 else None


def keep(data: bytes, place: Path) -> None:
    """Put a document in its place, whole or not at all. Raises CodegenError if it cannot be written."""
    beside = place.with_name(f"{replace.PREFIX}{os.getpid()}-{place.name}"[:255])
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(place)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        raise error(f"cannot write the document: {problem.strerror}", str(place)) from None


def note(values: Mapping[str, str], config: Path) -> None:
    """Say something else in a configuration, and leave the rest of it as it is.

    Raises CodegenError if it cannot be written, or not be understood as it is spelled.
    """
    text = read_bytes(config).decode()
    new = edited(text, values, whole=config.name != configuration.PROJECT)
    if new is None:
        lines = ", ".join(f'{key} = "{value}"' for key, value in values.items())
        raise error(f"is spelled in a way that cannot be edited: write {lines} there", str(config))
    replace.overwrite({config.name: new}, config.parent)


def edited(text: str, values: Mapping[str, str], *, whole: bool) -> str | None:
    """Return the text of a configuration with other values, None if it cannot be edited.

    `whole` says that the file is nothing else.
    """
    header = None if whole else _TABLE.search(text)
    start = header.end() if header else 0
    after = _HEADER.search(text, start)
    end = after.start() if after else len(text)
    before, own, behind = text[:start], text[start:end], text[end:]
    for key, value in values.items():
        line = f"{key} = {json.dumps(value)}"
        spelled = re.compile(rf"^{key} *= *(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')", re.MULTILINE)
        own, count = spelled.subn(line.replace("\\", r"\\"), own, count=1)
        if not count:
            place = re.search(r"^document *=[^\n]*\n", own, re.MULTILINE)
            at = place.end() if place else 0
            own = f"{own[:at]}{line}\n{own[at:]}"
    new = before + own + behind
    return new if _read(new, whole) == {**_read(text, whole), **values} else None


def _read(text: str, whole: bool) -> Mapping[str, object]:
    try:
        content = tomllib.loads(text)
        found: Mapping[str, object] = content if whole else content["tool"][configuration.TABLE]
    except (ValueError, KeyError, TypeError):
        return {}
    return found
