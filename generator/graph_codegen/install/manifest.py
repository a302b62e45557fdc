"""The manifest beside generated files: which files are the generator's, and the digest of each.

By the manifest a file that was edited by hand is noticed, a file that is no longer generated is deleted,
and no other file is touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, cast

from graph_codegen.errors import error
from graph_codegen.reading import read_bytes

MANIFEST = "manifest.json"

Listed = Mapping[str, frozenset[str]]
"""The digests that a file may have, by its path below the folder of the manifest."""

_BEFORE = "before"
"""The key for the files of an earlier package, while they may still be there."""


def digest(text: str) -> str:
    """Return the SHA-256 of a file's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def render_manifest(files: Mapping[str, str], origin: Mapping[str, object]) -> str:
    """Return the manifest of files: where they come from, and the digest of each."""
    content = {**origin, "files": {path: digest(text) for path, text in sorted(files.items())}}
    return json.dumps(content, indent=2) + "\n"


def render_transition(manifest: str, before: Listed) -> str:
    """Return a manifest that also lists the files that were there before.

    A run that is killed between two folders leaves one old and one new: whatever is generated next,
    both are the generator's.
    """
    earlier = {path: " ".join(sorted(known)) for path, known in before.items()}
    return json.dumps({**json.loads(manifest), _BEFORE: earlier}, indent=2) + "\n"


def list_given(folder: Path) -> Mapping[str, Any]:
    """Return the arguments that a package in a folder was made with, as its manifest has them, by name.

    Returns nothing if there is no manifest, or one of something else.
    """
    text = read_text(folder / MANIFEST)
    try:
        content = json.loads(text or "{}")
        given = {name: content[name] for name in content.get("given", ())}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    forms = {"service_root": str, "documented_only": bool, "descriptions": bool}
    fit = all(isinstance(value, forms.get(name, list)) for name, value in given.items())
    lists = [cast("list[object]", value) for value in given.values() if isinstance(value, list)]
    return given if fit and all(isinstance(item, str) for item in chain(*lists)) else {}


def find_document(folder: Path) -> tuple[str, str]:
    """Return the name and the SHA-256 of the document that a package in a folder was made from.

    Both are empty if there is no manifest, or one of something else.
    """
    try:
        said = json.loads(read_text(folder / MANIFEST) or "{}")["metadata"]
        name, sha256 = said["document"], said["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", ""
    return (name, sha256) if isinstance(name, str) and isinstance(sha256, str) else ("", "")


def list_files(folder: Path) -> Listed:
    """Return the files that the manifest in a folder lists, and the manifest itself.

    A file has two digests if a run was killed: the old one and the new one. Returns nothing if there
    is no manifest. Raises CodegenError for a manifest that is not understood or cannot be read.
    """
    text = read_text(folder / MANIFEST)
    if text is None:
        return {}
    return {**parse_manifest(text, folder), MANIFEST: frozenset({digest(text)})}


def parse_manifest(text: str, folder: Path) -> dict[str, frozenset[str]]:
    """Return the files that a manifest lists; raises CodegenError if it is not understood.

    `folder` is the manifest's folder, for the message.
    """
    try:
        content = json.loads(text)
        found: dict[str, frozenset[str]] = {}
        for files in (content["files"], content.get(_BEFORE, {})):
            for path, value in files.items():
                found[_checked(path)] = found.get(path, frozenset()) | set(str(value).split())
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise error("the manifest is not understood", str(folder / MANIFEST)) from None


def _checked(path: str) -> str:
    """Return a path of a manifest; absolute, `..`, drive and unprintable paths are rejected.

    So is one that is spelled otherwise than the generator does, such as `./client.py`: it would stand for a
    file and not be known as that. Files that a manifest lists may be deleted, and their paths are shown.
    """
    pure = PurePosixPath(path)
    outside = pure.is_absolute() or not pure.parts or ".." in pure.parts
    if outside or str(pure) != path or set(path) & set("\\:") or not path.isprintable():
        raise ValueError(path)
    return path


def read_text(path: Path) -> str | None:
    """Return the text of a file, None if it does not exist; raises CodegenError if it is unreadable."""
    try:
        return read_bytes(path).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError) as problem:
        # Windows says no more than the former.
        blocked = isinstance(problem, NotADirectoryError)
        if blocked or any(parent.is_file() for parent in path.parents):
            raise error(
                "cannot read: there is a file in the place of a folder", str(path)
            ) from None
        return None
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(path)) from None
    except UnicodeDecodeError as problem:
        raise error(f"cannot read: {problem}", str(path)) from None
