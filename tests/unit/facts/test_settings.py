"""Settings say what is generated, and name only a file next to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.facts import settings

GOOD = """
[slice]
document = "graph.xml"
roots = ["communications"]
[package]
name = "graph_comms"
version = "1.0"
"""


def refusal(folder: Path, text: str) -> str:
    (folder / settings.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CodegenError) as caught:
        settings.load(folder)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.place.file == str(folder / settings.FILE)
    assert diagnostic.message.isprintable()
    return diagnostic.message


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", ".xml", "../graph.xml", "../../graph.xml", "/graph.xml", "a/graph.xml", "C:graph.xml",
        "a\\\\graph.xml", "a\\u0000.xml", "graph.xml\\n", "provenance.json", "settings.toml",
    ],
)  # fmt: skip
def test_a_document_is_a_file_next_to_the_settings(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path, GOOD.replace("graph.xml", name))
    assert "is not a name of a document" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the settings are not understood: 'slice'"),
        ("slice = 5", "the settings are not understood: "),
        ("a = " + "[" * 5000, "the settings are not understood: "),
        (
            GOOD.replace('["communications"]', '"communications"'),
            "the settings are not understood: ",
        ),
        (GOOD + 'client = "calls"', "the client is calls, which is not a root"),
        (GOOD + "client = 5", "the settings are not understood: "),
        (
            GOOD + 'documented_only = "no"',
            "the settings are not understood: documented_only is true or",
        ),
        (GOOD.replace("1.0", "1.0\\n"), "1.0\\u000a is not a version, such as 1.2.3"),
    ],
)
def test_settings_of_another_form_are_refused(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text).startswith(message)


@pytest.mark.parametrize(
    ("roots", "client"),
    [
        ((), "communications"),
        (("users", "communications"), "communications"),
        (("communications/calls",), ""),
        (("all",), ""),
    ],
)
def test_the_client_is_among_the_given_roots_or_none(
    tmp_path: Path, roots: tuple[str, ...], client: str
) -> None:
    text = GOOD + 'client = "communications"'
    (tmp_path / settings.FILE).write_text(text, encoding="utf-8")
    found = settings.with_roots(settings.load(tmp_path), roots)
    assert (found.roots, found.client) == (roots or ("communications",), client)
