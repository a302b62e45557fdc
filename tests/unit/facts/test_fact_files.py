"""The JSON files of a metadata folder: all are optional, and one that is not understood is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.facts import (
    clouds,
    corrections,
    descriptions,
    documented,
    media_types,
    permissions,
    statuses,
    supplement,
)

CORRECTED: dict[str, object] = {
    "documents": {}, "left_out": [], "contains_target": {}, "has_stream": {}, "annotations": {},
}  # fmt: skip

LOADERS: Mapping[str, tuple[str, Callable[[Path], object], object]] = {
    "the clouds are": (clouds.FILE, clouds.load, clouds.Clouds({})),
    "the descriptions are": (
        descriptions.FILE,
        descriptions.load,
        descriptions.Descriptions({}, {}),
    ),
    "the documented requests are": (documented.FILE, documented.load, documented.NOTHING),
    "the permissions are": (permissions.FILE, permissions.load, {}),
    "the media types are": (media_types.FILE, media_types.load, {}),
    "the corrections are": (corrections.FILE, corrections.load, corrections.NONE),
    "the statuses are": (statuses.FILE, statuses.load, {}),
    "the supplement is": (supplement.FILE, supplement.load, {}),
}
"""By the beginning of messages: the file, the function that reads it, and the result without it."""


@pytest.mark.parametrize("what", LOADERS)
def test_every_file_is_optional(tmp_path: Path, what: str) -> None:
    _, load, nothing = LOADERS[what]
    assert load(tmp_path) == nothing


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[1]", b'{"other": 1}', b"\xff", b"[" * 5000, None]
)
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


RULE = {"shape": "any", "description": "any", "source": "page"}


def rules(**facts: object) -> object:
    return {"operations": {"POST /a": {"application": [RULE | facts]}}}


def requests(*lines: str, covers: object = ("/a",), **facts: object) -> object:
    return {"covers": covers, "requests": dict.fromkeys(lines, facts)}


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        (descriptions.FILE, {"types": {}, "operations": []}, "operations: "),
        (descriptions.FILE, {"types": {"a": {"summary": 5}}, "operations": {}}, "types/a/summary: "),
        (
            descriptions.FILE,
            {"types": {"a": {"summary": "", "properties": {"b": ["c"]}}}, "operations": {}},
            "types/a/properties/b: ",
        ),
        (
            descriptions.FILE,
            {"types": {"a": {"summary": "", "properties": []}}, "operations": {}},
            "types/a/properties: ",
        ),
        (descriptions.FILE, {"types": {}, "operations": {"a\n\x9b": 1}}, "operations/a\\u000a\\u009b: "),
        (clouds.FILE, {"clouds": {"GLOBAL": {"lacks": 5}}}, "clouds/GLOBAL/lacks: "),
        (clouds.FILE, {"clouds": {"GLOBAL": {"lacks": "GET /a"}}}, "clouds/GLOBAL/lacks: "),
        (clouds.FILE, {"clouds": {"GLOBAL": {"lacks": [[]]}}}, "clouds/GLOBAL/lacks/0: "),
        (clouds.FILE, {"clouds": {"GLOBAL": {}}}, "GLOBAL says neither"),
        (clouds.FILE, {"clouds": {"CHINA": {"as": "MARS"}}}, "CHINA is as MARS, which is not"),
        (permissions.FILE, rules(shape=float("nan")), "operations/POST /a/application/0/shape: "),
        (permissions.FILE, rules(any_of="Calls.All"), "operations/POST /a/application/0/any_of: "),
        (permissions.FILE, rules(at_least="1"), "operations/POST /a/application/0/at_least: "),
        (permissions.FILE, rules(some_of=[]), "operations/POST /a/application/0/some_of: "),
        (permissions.FILE, {"operations": {"POST /a": {"none": "here"}}}, "operations/POST /a/none: "),
        (documented.FILE, {"covers": [], "requests": []}, "requests: "),
        (documented.FILE, {"covers": "/a", "requests": {}}, "covers: "),
        (documented.FILE, {"covers": []}, "requests: "),
        (documented.FILE, requests("GET /a", application="A.All"), "requests/GET /a/application: "),
        (documented.FILE, requests("GET /a", delegated=[5]), "requests/GET /a/delegated/0: "),
        (documented.FILE, requests("GET /a", page=5), "requests/GET /a/page: "),
        (documented.FILE, requests("GET /a", permissions=[]), "requests/GET /a/permissions: "),
        (documented.FILE, requests("GET /a", delegated=["A\n"]), "requests/GET /a: A\\u000a is not a"),
        (documented.FILE, requests("GET /a", delegated=["A.B", "A.B"]), "requests/GET /a: names A.B twice"),
        (documented.FILE, requests("FETCH /a"), "FETCH /a is not a request, such as "),
        (documented.FILE, requests("GET a"), "GET a is not a request, such as "),
        (documented.FILE, requests("GET /a/\u202e"), "GET /a/\\u202e is not a request, such as "),
        (documented.FILE, requests("GET /" + "b" * 10**6), "GET /" + "b" * 195 + "… is not below"),
        (documented.FILE, requests("GET /a" + "/" * 10**5), "GET /a//"),
        (documented.FILE, requests("GET /b"), "GET /b is not below a path that the file covers"),
        (documented.FILE, requests("GET /ab"), "GET /ab is not below a path that the file covers"),
        (documented.FILE, requests("GET /a/{b}", "GET /a/{c}"), "GET /a/{b} and GET /a/{c} are the same"),
        (documented.FILE, requests("GET /a/f(x=1)", "GET /a/n.F()"), "GET /a/f(x=1) and GET /a/n.F() are"),
        (media_types.FILE, {"a/b": {"types": ["text/vtt"]}}, "a/b/source: "),
        (media_types.FILE, {"a/b": {"source": "x", "types": "text/vtt"}}, "a/b/types: "),
        (media_types.FILE, {"a/b": {"source": "x", "types": []}}, "a/b: names no media type"),
        (media_types.FILE, {"a/b": {"source": "x", "types": ["vtt"]}}, "a/b: vtt is not a media type"),
        (media_types.FILE, {"a/b": {"source": "x", "types": ["a/b\r\nX: y"]}}, "a/b: a/b\\u000d"),
        (media_types.FILE, {"a/b": {"source": "x", "types": ["a/b"], "c": 1}}, "a/b/c: "),
        (corrections.FILE, CORRECTED | {"contains_target": {"a/b": 1}}, "contains_target/a/b: "),
        (corrections.FILE, CORRECTED | {"annotations": {"a": {"b": 5}}}, "annotations/a: a value is like"),
        (corrections.FILE, CORRECTED | {"annotations": {"a": {"b": {}}}}, "annotations/a: a value is like"),
        (corrections.FILE, {"annotations": {}}, "documents: "),
        (statuses.FILE, {"GET /a": {"statuses": [200]}}, "GET /a/source: "),
        (statuses.FILE, {"GET /a": {"source": "x", "statuses": 200}}, "GET /a/statuses: "),
        (statuses.FILE, {"GET /a": {"source": "x", "statuses": []}}, "GET /a: names no status"),
        (statuses.FILE, {"GET /a": {"source": "x", "statuses": [404]}}, "GET /a: 404 is not a status of"),
        (statuses.FILE, {"GET /a": {"source": "x", "statuses": [200], "errors": {"5": ""}}}, "GET /a: 5 is"),
        (supplement.FILE, {"a": {"properties": {"b": 5}}}, "a/properties/b: "),
        (supplement.FILE, {"a": {"properties": ["b"]}}, "a/properties: "),
        (supplement.FILE, {"a": {"members": {"B": 5}}}, "a/members/B: "),
        (supplement.FILE, {"a": {"parameters": {"B": 5}}}, "a/parameters/B: "),
        (supplement.FILE, {"a": {"sources": {"B": 5}}}, "a/sources/B: "),
    ],
)  # fmt: skip
def test_a_fact_of_another_form_is_refused_with_its_place(
    tmp_path: Path, file: str, content: object, place: str
) -> None:
    what, load = next((what, load) for what, (name, load, _) in LOADERS.items() if name == file)
    (tmp_path / file).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CodegenError) as caught:
        load(tmp_path)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message.startswith(f"{what} not understood: {place}")
    assert diagnostic.message.isprintable()
