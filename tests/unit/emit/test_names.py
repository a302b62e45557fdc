"""Python names: identifiers always, out of everybody's way, and never two for one."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph_codegen.emit import names, spelling
from graph_codegen.emit.names import MODULE_NAMES
from graph_codegen.errors import CodegenError
from graph_comms.models import GraphModel
from tests.hostile.generated import generate, imported
from tests.support.csdl import document, model, schema

LETTERS = st.characters(categories=("Lu", "Ll", "Lo", "Lt", "Lm", "Nl"))
SIMPLE = st.one_of(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,20}", fullmatch=True),
    st.text(LETTERS | st.sampled_from("_0123456789"), min_size=1, max_size=10).filter(
        lambda name: not name[0].isdigit()
    ),
    st.sampled_from([*keyword.kwlist, *keyword.softkwlist, *names.MODEL_ATTRIBUTES, *MODULE_NAMES]),
)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("callbackUri", "callback_uri"),
        ("id", "id"),
        ("isE2EEncrypted", "is_e2e_encrypted"),
        ("ipv4Address", "ipv4_address"),
        ("eTag", "e_tag"),
        ("ID", "id"),
        ("mediaStreamIDs", "media_stream_i_ds"),
        ("request-id", "request_id"),
        ("_v2", "n_v2"),
        ("_360view", "n_360view"),
        ("_", "n_"),
        ("from", "from_"),
        ("None", "none"),
        ("list", "list_"),
        ("copy", "copy_"),
        ("self", "self"),
        ("größe", "größe"),
        ("GrößeÄnderung2", "größe_änderung2"),
        ("日本ID", "日本_id"),
        ("ﬁleNameⅧ", "file_name_viii"),
        ("हिन्दी", "हनद"),
        ("K·2", "k_2"),
        ("remoteControl", "remote_control"),
        ("remote_Control", "remote__control"),
    ],
)
def test_attributes(name: str, attribute: str) -> None:
    assert names.attribute_name(name) == attribute


@pytest.mark.parametrize(
    ("name", "class_"),
    [
        ("callRoute", "CallRoute"),
        ("isE2EEncrypted", "IsE2EEncrypted"),
        ("_v2", "V2"),
        ("_2fa", "N2fa"),
        ("snake_case", "SnakeCase"),
        ("none", "GraphNone"),
        ("field", "GraphField"),
        ("list", "List"),
        ("_", "N"),
        ("größe", "Größe"),
        ("éclair", "Éclair"),
        ("日本", "N日本"),
        ("Ꭰx", "NᎠx"),
    ],
)
def test_classes(name: str, class_: str) -> None:
    assert names.class_name(name) == class_


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("unknownFutureValue", "UNKNOWN_FUTURE_VALUE"),
        ("from", "FROM"),
        ("_720p", "N_720P"),
        ("_7", "N_7"),
        ("E2E", "E2E"),
        ("größe", "GRÖSSE"),
        ("日本", "日本"),
        ("ƛ", "ƛ"),
    ],
)
def test_members(name: str, member: str) -> None:
    assert names.member_name(name) == member


@pytest.mark.parametrize(
    ("namespace", "module", "schema_name"),
    [
        ("microsoft.graph", "graph", "Call"),
        ("microsoft.graph.callRecords", "call_records", "CallRecordsCall"),
        ("microsoft.graph.import", "import_namespace", "ImportNamespaceCall"),
        ("microsoft.other", "other", "OtherCall"),
        ("com.example.deep", "com_example_deep", "ComExampleDeepCall"),
        ("microsoft.graph.größe", "gro_e", "GroECall"),
        ("日本", "n", "NCall"),
    ],
)
def test_modules_and_schemas(namespace: str, module: str, schema_name: str) -> None:
    assert names.module_name(namespace) == module
    assert names.schema_name(f"{namespace}.call") == schema_name


@given(SIMPLE)
@example("_")
@example("__")
@example("none")
@example("strEnum")
@example("ﬁeld")
@example("_Ⅷ")
def test_every_name_becomes_an_identifier_out_of_the_way(name: str) -> None:
    attribute = names.attribute_name(name)
    class_ = names.class_name(name)
    results = {
        attribute,
        class_,
        names.member_name(name),
        names.parameter_name(name),
        names.module_name(f"microsoft.graph.{name}"),
    }
    for result in results:
        assert result.isidentifier()
        assert unicodedata.normalize("NFKC", result) == result  # as Python compares identifiers
        assert not keyword.iskeyword(result)
        assert not result.startswith("_")  # private to pydantic, a sunder name to an enumeration
    assert attribute not in names.MODEL_ATTRIBUTES | names.ANNOTATION_NAMES
    assert class_ not in MODULE_NAMES
    assert class_[0].isupper()
    assert names.module_name(f"microsoft.graph.{name}").isascii()  # what files are called
    assert names.schema_name(f"microsoft.graph.{name}").isascii()  # a key of an OpenAPI document
    assert names.parameter_name(name) != "self"


@pytest.mark.parametrize("hidden", sorted(n for n in names.MODEL_ATTRIBUTES if n.startswith("_")))
def test_no_attribute_of_the_model_class_hides_a_module(hidden: str) -> None:
    namespace = f"microsoft.graph{hidden.replace('_', '.', 1)}"
    referring = schema(
        f'<ComplexType Name="a"><Property Name="b" Type="{namespace}.c"/></ComplexType>'
    )
    made = generate(document(referring, schema('<ComplexType Name="c"/>', namespace, "")))
    with imported(made) as module:
        found = module("models").A.from_json('{"b": {"d": 1}}')
    assert found.b.to_dict() == {"d": 1}


def test_no_attribute_of_the_model_class_is_free_to_take() -> None:
    own = {name for name in dir(GraphModel) if not name.startswith("__")}
    assert own | GraphModel.model_fields.keys() == names.MODEL_ATTRIBUTES


@given(SIMPLE)
def test_the_words_of_a_name_are_all_of_its_letters(name: str) -> None:
    letters = unicodedata.normalize("NFKC", name)
    kept = (c for c in letters if f"a{c}".isidentifier() and unicodedata.category(c)[0] != "M")
    assert "".join(spelling.words(name)) == unicodedata.normalize("NFKC", "".join(kept))


# -- collisions


def text(name: str) -> str:
    return f'<Property Name="{name}" Type="Edm.String"/>'


def complex_type(name: str, *properties: str, base: str = "") -> str:
    derived = f' BaseType="graph.{base}"' if base else ""
    return f'<ComplexType Name="{name}"{derived}>{"".join(map(text, properties))}</ComplexType>'


def attributes(*types: str, **given: str) -> Mapping[str, Mapping[str, str]]:
    """Return the attributes of types by simple names."""
    lines = {f"microsoft.graph.{key.replace('__', '/')}": name for key, name in given.items()}
    found = names.assign_names(model("".join(types)), lines).attributes
    return {name.rpartition(".")[2]: own for name, own in found.items()}


def test_of_two_properties_one_keeps_the_name_whichever_comes_first() -> None:
    wanted = {"callId": "call_id", "CallId": "call_id_875b", "x": "x"}
    assert attributes(complex_type("t", "callId", "CallId", "x")) == {"t": wanted}
    assert attributes(complex_type("t", "x", "CallId", "callId")) == {"t": wanted}


def test_a_third_one_changes_nothing() -> None:
    found = attributes(complex_type("t", "callId", "CallId", "CALLId", "call_id"))["t"]
    assert found["callId"] == "call_id"
    assert found["CallId"] == "call_id_875b"
    assert len({*found.values()}) == 4


def test_a_name_that_collides_with_none_never_changes() -> None:
    found = attributes(complex_type("t", "callId", "CallId", "call_id_875b", "callId_875b2"))["t"]
    assert found["call_id_875b"] == "call_id_875b"
    assert found["callId_875b2"] == "call_id_875b2"
    assert found["CallId"] == "call_id_875b2e"


def test_a_property_and_an_inherited_one_are_told_apart_by_their_names_alone() -> None:
    base, derived = complex_type("a", "from"), complex_type("b", "From", base="a")
    assert attributes(base, derived) == {
        "a": {"from": "from_"},
        "b": {"from": "from_", "From": "from_2181"},
    }
    swapped = complex_type("a", "From"), complex_type("b", "from", base="a")
    assert attributes(*swapped) == {
        "a": {"From": "from_2181"},
        "b": {"From": "from_2181", "from": "from_"},
    }


def test_properties_of_types_that_share_no_values_do_not_collide() -> None:
    siblings = complex_type("b", "From", base="a"), complex_type("c", "FROM", base="a")
    assert attributes(complex_type("a"), *siblings) == {
        "a": {},
        "b": {"From": "from_"},
        "c": {"FROM": "from_"},
    }


def test_a_property_and_what_keeps_out_of_the_models_way_do_not_meet() -> None:
    found = attributes(complex_type("t", "copy", "_copy2"))
    assert found == {"t": {"copy": "copy_", "_copy2": "n_copy2"}}


def test_names_are_compared_as_python_compares_them() -> None:
    found = attributes(complex_type("t", "ﬁle", "file", "größe", "grüße"))["t"]
    assert found == {"ﬁle": "file", "file": "file_3b9c", "größe": "größe", "grüße": "grüße"}


def test_types_members_and_namespaces() -> None:
    members = "".join(f'<Member Name="{name}"/>' for name in ("abc", "ABC"))
    other = schema(f'<EnumType Name="call">{members}</EnumType>', "microsoft.graph.callRecords", "")
    body = '<EnumType Name="call"/><ComplexType Name="Call"/><EnumType Name="callRecordsCall"/>'
    namesake = schema('<EnumType Name="x"/>', "microsoft.graph.call_Records", "")
    found = names.assign_names(model(body, other, namesake))
    assert found.classes == {
        "microsoft.graph.call": "Call",
        "microsoft.graph.Call": "Call667A",
        "microsoft.graph.callRecordsCall": "CallRecordsCall",
        "microsoft.graph.callRecords.call": "Call",
        "microsoft.graph.call_Records.x": "X",
    }
    assert found.members["microsoft.graph.callRecords.call"] == {"abc": "ABC", "ABC": "ABC_B5D4"}
    assert found.modules == {
        "microsoft.graph": "graph",
        "microsoft.graph.callRecords": "call_records",
        "microsoft.graph.call_Records": "call_records_f031",
    }
    assert len({*found.schemas.values()}) == 5


def test_a_namespace_of_any_length_is_a_module() -> None:
    long = ".".join(["x" * 100] * 5)
    (module,) = names.assign_names(model(schema('<EnumType Name="e"/>', long, ""))).modules.values()
    assert len(module) <= names.LONGEST_MODULE


# -- names that someone gives


def test_a_given_name_is_spelled_instead_and_others_give_way_to_it() -> None:
    found = attributes(complex_type("t", "abc", "ABC", "def"), t__ABC="upper_abc", t__abc="Def")
    assert found == {"t": {"abc": "def_", "ABC": "upper_abc", "def": "def_cb83"}}


def test_given_names_of_everything() -> None:
    other = schema('<EnumType Name="e"><Member Name="m"/></EnumType>', "microsoft.graph.far", "")
    given = {
        "microsoft.graph.far": "near",
        "microsoft.graph.far.e": "Choice",
        "microsoft.graph.far.e/m": "first",
    }
    found = names.assign_names(model(other), given)
    assert found.modules == {"microsoft.graph.far": "near"}
    assert found.classes == {"microsoft.graph.far.e": "Choice"}
    assert found.members == {"microsoft.graph.far.e": {"m": "FIRST"}}


@pytest.mark.parametrize(
    "types",
    [
        [complex_type("t", "a", "b")],
        [complex_type("t", "a"), complex_type("u", "b", base="t")],
    ],
)
def test_two_given_names_that_are_one_are_refused_with_their_lines(types: list[str]) -> None:
    owner = "u" if len(types) > 1 else "t"
    given = {"microsoft.graph.t/a": "oneName", f"microsoft.graph.{owner}/b": "one_name"}
    with pytest.raises(CodegenError) as caught:
        names.assign_names(model("".join(types)), given)
    assert str(caught.value) == (
        f'[names] "microsoft.graph.t/a" = "oneName" and "microsoft.graph.{owner}/b" = "one_name":'
        " one name for two in the same place"
    )
