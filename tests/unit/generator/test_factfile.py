"""The JSON files of a metadata folder: none is needed, and one that is not understood is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from graph_codegen import clouds, descriptions, permissions, supplement
from graph_codegen.diagnostics import CodegenError

LOADERS: Mapping[str, tuple[str, Callable[[Path], object], object]] = {
    "the clouds are": (clouds.FILE, clouds.load, clouds.Clouds({})),
    "the descriptions are": (descriptions.FILE, descriptions.load, descriptions.Descriptions()),
    "the permissions are": (permissions.FILE, permissions.load, {}),
    "the supplement is": (supplement.FILE, supplement.load, {}),
}
"""How messages begin, the file, what reads it, and what a folder without the file says."""


@pytest.mark.parametrize("what", LOADERS)
def test_a_folder_without_the_file_says_nothing(tmp_path: Path, what: str) -> None:
    _, load, nothing = LOADERS[what]
    assert load(tmp_path) == nothing


@pytest.mark.parametrize("content", [b"", b"[]", b"[1]", b'{"other": 1}', b"\xff", None])
@pytest.mark.parametrize("what", LOADERS)
def test_a_file_that_is_not_understood_is_refused(
    tmp_path: Path, what: str, content: bytes | None
) -> None:
    file, load, _ = LOADERS[what]
    path = tmp_path / file
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(CodegenError) as caught:
        load(tmp_path)
    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic).startswith(f"{path}: {what} not understood: ")
