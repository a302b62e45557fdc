"""JSON and YAML become the same values, within bounds."""

from __future__ import annotations

import json
import time

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.errors import CodegenError
from graph_codegen.limits import BYTES, LEVELS
from graph_codegen.openapi import values
from graph_codegen.openapi.values import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc$@.~", max_size=3), inner),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_json_is_read_as_what_it_is(value: object) -> None:
    assert parse(json.dumps({"a": value}).encode(), "f") == {"a": value}


@given(JSON)
def test_yaml_is_read_as_what_it_is(value: object) -> None:
    # Texts are quoted: PyYAML writes some plain that JSON would read as numbers, such as `1e3`.
    class Quoting(yaml.SafeDumper):  # type: ignore[misc]
        def represent_str(self, text: str) -> object:
            return self.represent_scalar("tag:yaml.org,2002:str", text, style='"')

    Quoting.add_representer(str, Quoting.represent_str)
    # And numbers with an exponent in a way that is no number of JSON.
    for written in (
        yaml.dump({"a": value}, Dumper=Quoting, allow_unicode=True),
        "# JSON is YAML\n" + json.dumps({"a": value}, ensure_ascii=False),
    ):
        if ".0e" not in written:
            assert parse(written.encode(), "f") == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2023-01-01", "2023-01-01"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("~", "~"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        (".5", ".5"),
        ("010", "010"),
        (".inf", ".inf"),
        ("<<", "<<"),
        ("null", None),
        ("", None),
        ("true", True),
        ("-12", -12),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ('"null"', "null"),
        ("! 1", "1"),
        ("!!str 1", "1"),
        ("|\n  x", "x"),
    ],
)
def test_scalars_of_yaml_are_those_of_json(text: str, value: object) -> None:
    found = parse(f"a: {text}".encode(), "f")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_names_are_texts_and_aliases_repeat_values() -> None:
    text = "200: &x {a: [1]}\nnull: *x\n2023-01-01: &y t\nb: *y\n*y : c"
    shared = {"a": [1]}
    assert parse(text.encode(), "f") == {
        "200": shared, "null": shared, "2023-01-01": "t", "b": "t", "t": "c",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: &a [*a]", "f:1: the alias a repeats nothing that came before"),
        (b"\na: *b", "f:2: the alias b repeats nothing that came before"),
        (
            b"a: !!timestamp 2020-01-01",
            "f:1: the tag tag:yaml.org,2002:timestamp is not understood",
        ),
        (b"a: !!python/object:os.system {}", "is not understood"),
        (b"a: !x 1", "f:1: the tag !x is not understood"),
        (b"a: 1\na: 2", "f:2: a comes twice in an object"),
        (b"? [1]\n: 2", "f:1: the name of a member is not a text"),
        (b"a: 1\n---\nb: 2", "f: not one YAML document"),
        (b"# nothing", "f: not one YAML document"),
        (b"a: [", "f:2: not valid YAML"),
        (b"a: \xff", "f:1: not utf-8"),
        (b"a: \x07", "not valid YAML"),
        (b"a: " + b"9" * 5_000, "f:1: an integer of more than 4,000 digits"),
        (b"a: " + b"[" * (LEVELS + 1), f"f:1: more than {LEVELS} levels"),
        (b'{"a": 1,\n "a": 2}', "f: not valid JSON: a comes twice in an object"),
        (b'{"a":\n NaN}', "f: not valid JSON: NaN is not a value of JSON"),
        (b'{"a":\n x}', "f:2: not valid JSON: Expecting value"),
        (b'{"a": ' + b"[" * 200_000, f"f: more than {LEVELS} levels"),
        (
            b'{"a": ' + b"9" * 5_000 + b"}",
            "f: not valid JSON: an integer of more than 4,000 digits",
        ),
    ],
)
def test_other_text_is_refused_in_one_sentence(data: bytes, told: str) -> None:
    with pytest.raises(CodegenError) as refused:
        parse(data, "f")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_what_aliases_expand_to_is_bounded() -> None:
    nine = ",".join(["*a"] * 9)
    bomb = "- &a [1,1,1,1,1,1,1,1,1]\n" + f"- &a [{nine}]\n" * 20
    start = time.process_time()
    with pytest.raises(CodegenError, match="aliases repeat more than 500,000 values"):
        parse(bomb.encode(), "f")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("text", ["[{}]", '{{"a": [{}]}}'])
def test_many_values_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "VALUES", 100)
    assert parse(text.format(",".join("1" * 90)).encode(), "f")
    with pytest.raises(CodegenError, match="more than 100 values"):
        parse(text.format(",".join("1" * 101)).encode(), "f")


def test_a_document_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "BYTES", 2**20)
    with pytest.raises(CodegenError, match="larger than 1 MB"):
        parse(b" " * (2**20 + 1), "f")
    assert BYTES > 2**20
