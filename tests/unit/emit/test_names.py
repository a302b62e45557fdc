"""Python names: identifiers always, out of everybody's way, and never two for one."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph_codegen.emit import names
from graph_codegen.emit.names import MODULE_NAMES
from graph_codegen.errors import CodegenError
from graph_comms.models import GraphModel
from tests.hostile.generated import generate, imported
from tests.support.csdl import FILE, document, model, schema

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
        ("größe", "gr_e"),
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
        assert result.isascii()  # so that no normalisation of identifiers makes two into one
        assert not keyword.iskeyword(result)
        assert not result.startswith("_")  # private to pydantic, a sunder name to an enumeration
    assert attribute not in names.MODEL_ATTRIBUTES | names.ANNOTATION_NAMES
    assert class_ not in MODULE_NAMES
    assert class_[0].isupper()
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
    kept = "".join(c for c in name if c.isascii() and (c.isalnum() or c == "_"))
    assert "".join(names.words(name)) == kept


# -- collisions


def refusal(*schemas: str) -> list[str]:
    with pytest.raises(CodegenError) as caught:
        names.assign_names(model(*schemas))
    return [str(diagnostic) for diagnostic in caught.value.diagnostics]


def text(name: str) -> str:
    return f'<Property Name="{name}" Type="Edm.String"/>'


def test_two_properties() -> None:
    body = f'<ComplexType Name="t">\n{text("callId")}\n{text("CallId")}</ComplexType>'
    assert refusal(body) == [
        f"{FILE}:6: microsoft.graph.t/CallId: callId and CallId both become call_id in Python"
    ]


def test_a_property_and_an_inherited_one() -> None:
    body = (
        f'<ComplexType Name="a">\n{text("from")}</ComplexType>\n'
        f'<ComplexType Name="b" BaseType="graph.a">\n{text("From")}</ComplexType>'
    )
    assert refusal(body) == [
        f"{FILE}:7: microsoft.graph.b/From: from and From both become from_ in Python"
    ]


def test_a_property_and_what_keeps_out_of_the_models_way_do_not_meet() -> None:
    found = names.assign_names(
        model(f'<ComplexType Name="t">{text("copy")}{text("_copy2")}</ComplexType>')
    )
    assert found.attributes["microsoft.graph.t"] == {"copy": "copy_", "_copy2": "n_copy2"}


def test_two_types() -> None:
    assert refusal('<EnumType Name="call"/>\n<ComplexType Name="Call"/>') == [
        f"{FILE}:5: microsoft.graph.Call: microsoft.graph.call and microsoft.graph.Call"
        " both become Call in Python"
    ]


def test_types_of_two_namespaces_may_share_a_class_name_but_no_schema_name() -> None:
    other = schema('<EnumType Name="call"/>', "microsoft.graph.callRecords", "")
    found = names.assign_names(model('<EnumType Name="call"/>', other))
    assert found.classes == {
        "microsoft.graph.call": "Call",
        "microsoft.graph.callRecords.call": "Call",
    }
    assert len(set(found.schemas.values())) == 2
    (problem,) = refusal('<EnumType Name="callRecordsCall"/>', other)
    assert problem.endswith("both become CallRecordsCall in Python")


def test_two_members_and_two_namespaces() -> None:
    members = '<EnumType Name="e">\n<Member Name="aB"/>\n<Member Name="a_b"/></EnumType>'
    assert refusal(members) == [
        f"{FILE}:6: microsoft.graph.e/a_b: aB and a_b both become A_B in Python"
    ]
    (problem,) = refusal(
        schema('<EnumType Name="a"/>', "microsoft.graph.aB", ""),
        schema('<EnumType Name="b"/>', "microsoft.graph.a_b", ""),
    )
    assert problem.endswith("both become a_b in Python")


def test_every_collision_is_said_once() -> None:
    pairs = [("aB", "a_b"), ("cD", "c_d")]
    body = "".join(text(name) for pair in pairs for name in pair)
    derived = '<ComplexType Name="u" BaseType="graph.t"/>'
    problems = refusal(f'<ComplexType Name="t">{body}</ComplexType>{derived}')
    assert [problem.rpartition(": ")[2] for problem in problems] == [
        "aB and a_b both become a_b in Python",
        "cD and c_d both become c_d in Python",
    ]
