"""The golden files are what the documentation page says, no more and no less."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.golden.documented import CREATE_CALL, Example, Mend, load_examples, load_mends
from tests.golden.extract import extract, render

SEED = Path(__file__).parents[2].parent / "shared" / "seed" / "create-call.ja.txt"

# Comes from the metadata, not from the page.
FROM_METADATA = {"undeclared.json"}


@pytest.fixture(scope="module")
def seed() -> str:
    if not SEED.is_file():
        pytest.skip(f"the documentation page (seed) {SEED.name} is not here")
    return SEED.read_text(encoding="utf-8")


def test_there_are_ten_examples_of_known_shape_and_media() -> None:
    assert [
        (one.name, one.shape, one.media, len(one.notifications)) for one in load_examples()
    ] == [
        ("01-peer-to-peer-service-hosted", "peer-to-peer", "service", 5),
        ("02-peer-to-peer-app-hosted", "peer-to-peer", "app", 0),
        ("03-group-service-hosted", "group", "service", 0),
        ("04-group-app-hosted", "group", "app", 0),
        ("05-meeting-service-hosted", "meeting", "service", 4),
        ("06-meeting-app-hosted", "meeting", "app", 0),
        ("07-meeting-id-with-passcode", "meeting", "service", 0),
        ("08-meeting-id-without-passcode", "meeting", "service", 0),
        ("09-pstn-service-hosted", "peer-to-peer", "service", 0),
        ("10-pstn-app-hosted", "peer-to-peer", "app", 0),
    ]


@pytest.mark.parametrize("example", load_examples(), ids=lambda example: example.name)
def test_each_example_is_a_created_call(example: Example) -> None:
    calls = "https://graph.microsoft.com/v1.0/communications/calls"
    response = example.response
    assert (example.request.method, example.request.url) == ("POST", calls)
    assert response.status == 201
    assert response.headers["Location"] == f"{calls}/{response.body['id']}"
    for notification in example.notifications:
        assert notification.method == "POST"
        assert notification.body["@odata.type"] == "#microsoft.graph.commsNotifications"


def test_the_files_are_what_the_page_yields(seed: str) -> None:
    derived = {name: render(content) for name, content in extract(seed).items()}
    committed = {
        path.relative_to(CREATE_CALL).as_posix(): path.read_text(encoding="utf-8")
        for path in CREATE_CALL.rglob("*.json")
    }
    assert derived == {name: committed[name] for name in committed.keys() - FROM_METADATA}


@pytest.mark.parametrize("mend", load_mends(), ids=lambda mend: f"line {mend.line}")
def test_each_mend_mends_a_fault(seed: str, mend: Mend) -> None:
    mends = [one for one in load_mends() if one.file == mend.file]
    with pytest.raises(json.JSONDecodeError):
        json.loads(documented_body(seed, mend.file, (one for one in mends if one != mend)))
    committed = json.loads((CREATE_CALL / mend.file).read_text(encoding="utf-8"))
    assert json.loads(documented_body(seed, mend.file, mends)) == committed["body"]


def documented_body(seed: str, file: str, mends: Iterable[Mend]) -> str:
    """The body as the page has it, but for these mends."""
    lines = seed.split("\n")
    for mend in mends:
        assert lines[mend.line - 1] == mend.before
        lines[mend.line - 1] = mend.after
    name, _, message = file.partition("/")
    example = json.loads((CREATE_CALL / name / "example.json").read_text(encoding="utf-8"))
    first, last = example["seed_lines"][message]
    return "\n".join(lines[lines.index("{", first - 1) : last])
