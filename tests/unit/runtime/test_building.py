"""What a caller builds is checked strictly, and carries its type by itself."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from graph_comms.models import (
    Call,
    CallDirection,
    CallOptions,
    Entity,
    GraphModel,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    MediaConfig,
    MediaInfo,
    Modality,
    OnlineMeetingRestricted,
    OnlineMeetingVideoDisabledReason,
    OutgoingCallOptions,
    ParticipantInfo,
    ServiceHostedMediaConfig,
    SharePointIdentitySet,
)
from tests.unit.runtime.wire import generated_classes


def test_a_built_object_carries_its_type() -> None:
    call = Call(subject="x", source=ParticipantInfo(region=None), targets=[])

    assert call.odata_type == "#microsoft.graph.call"
    assert call.to_dict() == {
        "@odata.type": "#microsoft.graph.call",
        "subject": "x",
        "source": {"@odata.type": "#microsoft.graph.participantInfo", "region": None},
        "targets": [],
    }


@pytest.mark.parametrize("cls", generated_classes(), ids=lambda cls: cls._odata_type)
def test_every_class_can_be_built_unless_it_is_abstract(cls: type[GraphModel]) -> None:
    if cls._abstract:
        with pytest.raises(TypeError, match=f"{cls.__name__} is an abstract type"):
            cls()
    else:
        assert cls().to_dict() == {"@odata.type": cls._odata_type}


def test_abstract_types() -> None:
    abstract = {cls for cls in generated_classes() if cls._abstract}
    assert {Entity, MediaConfig, CallOptions} <= abstract
    assert not abstract & {Call, Identity, OutgoingCallOptions}


def test_odata_type_none_leaves_the_type_out() -> None:
    media = MediaInfo(odata_type=None, uri="u")
    call = Call(subject="x")
    call.odata_type = None

    assert media.to_json() == '{"uri":"u"}'
    assert call.to_json() == '{"subject":"x"}'


def test_odata_type_may_be_another_text() -> None:
    assert Call(odata_type="microsoft.graph.call").to_dict() == {
        "@odata.type": "microsoft.graph.call"
    }


def build(cls: type[GraphModel], attributes: dict[str, Any]) -> GraphModel:
    return cls(**attributes)


WRONG: list[tuple[type[GraphModel], str, Any]] = [
    (Call, "subject", 5),
    (Call, "subject", b"x"),
    (Call, "odata_type", 5),
    (Call, "state", "establishd"),
    (Call, "state", CallDirection.INCOMING),
    (Call, "state", 1),
    (Call, "requested_modalities", [Modality.AUDIO, "vidio"]),
    (Call, "requested_modalities", Modality.AUDIO),
    (Call, "targets", (InvitationParticipantInfo(),)),
    (Call, "source", {"region": None}),
    (Call, "answered_by", {"region": None}),
    (SharePointIdentitySet, "site_user", {"id": "1"}),
    (Call, "source", IdentitySet()),
    (Call, "media_config", MediaInfo()),
    (OutgoingCallOptions, "is_delta_roster_enabled", "true"),
    (OutgoingCallOptions, "is_delta_roster_enabled", 1),
    (OnlineMeetingRestricted, "video_disabled", "watermarkProtection"),
    (
        OnlineMeetingRestricted,
        "content_sharing_disabled",
        OnlineMeetingVideoDisabledReason.WATERMARK_PROTECTION,
    ),
]


@pytest.mark.parametrize(("cls", "name", "value"), WRONG)
def test_a_value_of_another_type_is_an_error_that_names_the_attribute(
    cls: type[GraphModel], name: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        cls(**{name: value})
    assert caught.value.errors()[0]["loc"][0] == name
    assert name in str(caught.value)

    model = cls()
    with pytest.raises(ValidationError, match=name):
        setattr(model, name, value)
    assert model.to_dict() == cls().to_dict()


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("calback_uri", "did you mean callback_uri"),
        ("callbackUri", "did you mean callback_uri"),
        ("pager", "by with_undeclared"),
        ("self", "by with_undeclared"),
        ("model_config", "Call has no attribute model_config"),
        ("@odata.type", "did you mean odata_type"),
    ],
)
def test_an_unknown_keyword_is_an_error_that_names_it(keyword: str, hint: str) -> None:
    with pytest.raises(ValidationError, match=hint) as caught:
        build(Call, {keyword: None})
    assert [error["loc"] for error in caught.value.errors()] == [(keyword,)]


def test_every_unknown_keyword_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        build(Call, {"subjekt": None, "stat": None, "subject": "x"})
    assert [error["loc"] for error in caught.value.errors()] == [("stat",), ("subjekt",)]


def test_an_unknown_attribute_cannot_be_set() -> None:
    call = Call()
    with pytest.raises(AttributeError, match="calback_uri; did you mean callback_uri"):
        call.calback_uri = "x"  # type: ignore[attr-defined]
    assert call.undeclared == {}


def test_setting_an_attribute_sends_it() -> None:
    call = Call.from_dict({"@odata.etag": "x"})
    call.subject = None
    call.media_config = ServiceHostedMediaConfig()

    assert call.to_dict() == {
        "@odata.etag": "x",
        "subject": None,
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
    }


def test_undeclared_properties_are_set_by_wire_name_on_a_copy() -> None:
    plain = IdentitySet(user=None)
    more = plain.with_undeclared(pager=Identity(id="1"), **{"x@odata.type": "y", "self": 1})

    assert type(more) is IdentitySet
    assert plain.undeclared == {}
    assert more.to_dict() == {
        "@odata.type": "#microsoft.graph.identitySet",
        "user": None,
        "pager": {"@odata.type": "#microsoft.graph.identity", "id": "1"},
        "x@odata.type": "y",
        "self": 1,
    }
    assert pickle.loads(pickle.dumps(more)).to_dict() == more.to_dict()


def test_any_type_takes_undeclared_properties_and_changes_to_them_are_sent() -> None:
    media = MediaInfo(odata_type=None).with_undeclared(new=[1])
    media.undeclared["new"].append(2)
    media.undeclared["newer"] = None

    assert media.to_dict() == {"new": [1, 2], "newer": None}


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_undeclared_bytes_are_base64url_whatever_holds_them(kind: Any) -> None:
    call = Call(odata_type=None).with_undeclared(x={"y": [kind(b"hi\xff")]})
    assert call.to_dict() == {"x": {"y": ["aGn_"]}}


@pytest.mark.parametrize(
    ("name", "attribute"), [("callbackUri", "callback_uri"), ("@odata.type", "odata_type")]
)
def test_a_declared_name_is_no_undeclared_one(name: str, attribute: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is declared: set the attribute {attribute}"):
        Call().with_undeclared(**{name: "x"})


def test_repr_shows_what_is_set() -> None:
    call = Call(subject="x", tenant_id=None).with_undeclared(new=1)
    assert repr(call) == (
        "Call(odata_type='#microsoft.graph.call', subject='x', tenant_id=None, new=1)"
    )
