"""What Graph posts about calls, item by item: JSON as received, and what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Self, cast

from pydantic_core import from_json

from .._runtime.behaviours import call_path, id_in_path, kind_of_path, normal_id
from .._runtime.paths import Misfit
from ..models import CommsNotification
from .json_values import Json, object_of, text_of

_MOST = 10_000
"""The most notifications in one body. Captured ones have one."""

_JOINING = "participantjoiningnotification"
_LEFT = "participantleftnotification"

_ID = 1024
"""The most characters of an id that is not in a path."""

_HEADER = 256
"""How many characters of a header are kept."""


class BodyError(ValueError):
    """A body is not a JSON object with notifications."""


class LegacyBodyError(ValueError):
    """A body is a JSON object, but not in Graph's format: the platform had one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a delivery says beside its body.

    `tenant_id` is that of the token, `scenario_id` and `chain_id` are those by which the service logs,
    `message_id` is new for each delivery, and `received_at` is when it was received.
    """

    received_at: datetime
    tenant_id: str | None = None
    scenario_id: str | None = None
    chain_id: str | None = None
    message_id: str | None = None
    client_request_id: str | None = None

    @classmethod
    def of(
        cls, headers: Mapping[str, str], tenant_id: str | None, received_at: datetime
    ) -> Context:
        """Return the context of headers whose names are in lower case."""

        def header(name: str) -> str | None:
            # Servers that read headers as UTF-8 leave surrogates in it, which no store takes.
            text = headers.get(name, "")[:_HEADER].encode(errors="backslashreplace").decode()
            return text or None

        chain_id = header("x-microsoft-skype-chain-id")
        return cls(
            received_at=received_at,
            tenant_id=tenant_id,
            scenario_id=header("scenario-id") or chain_id,
            chain_id=chain_id,
            message_id=header("x-microsoft-skype-message-id"),
            client_request_id=header("client-request-id"),
        )

    def to_json(self) -> Json:
        """Return it as JSON."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"received_at": self.received_at.timestamp()}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what `to_json` returned."""
        return cls(**value | {"received_at": datetime.fromtimestamp(value["received_at"], UTC)})


UNKNOWN = Context(received_at=datetime.fromtimestamp(0, UTC))
"""The context of a body that nothing else is known of."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One item that Graph posted.

    `form` is `notification`, or `joining` or `left` for the two that are posted alone. `change_type`
    is in lower case. Ids are as `CommsNotification.call_id` has them, and `kind` is as its
    `resource_kind`. `tenant_id` is there only where the notification names one itself.
    """

    raw: Mapping[str, Json] = field(repr=False)
    context: Context = UNKNOWN
    form: str = "notification"
    change_type: str = ""
    kind: str | None = None
    call_id: str | None = None
    operation_id: str | None = None
    participant_id: str | None = None
    tenant_id: str | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Json], context: Context = UNKNOWN) -> Notification:
        """Return an item of the collection that Graph posts."""
        data = raw.get("resourceData")
        beside = object_of(data)
        path = call_path(
            (
                raw.get("resourceUrl"),
                raw.get("resource"),
                raw.get("@odata.id"),
                beside.get("@odata.id"),
                raw.get("id"),
            )
        )
        own_kind = _kind_of_type(beside)
        own = beside.get("id")
        own_id = normal_id(own) if isinstance(own, str) and 0 < len(own) <= _ID else None

        def id_of(kind: str) -> str | None:
            return id_in_path(path, kind) or (own_id if own_kind == kind else None)

        return cls(
            raw=raw,
            context=context,
            change_type=text_of(raw.get("changeType")).lower(),
            kind=kind_of_path(path, data) if path else own_kind,
            call_id=normal_id(path[0]) if path else id_of("call"),
            operation_id=id_of("operation"),
            participant_id=id_of("participant"),
            tenant_id=text_of(raw.get("tenantId")) or text_of(beside.get("tenantId")) or None,
        )

    @classmethod
    def of_call(cls, call_id: str, call: Json, context: Context) -> Notification:
        """Return a call of a response as if it had been notified."""
        path = f"/communications/calls/{call_id}"
        return cls.of({"changeType": "updated", "resourceUrl": path, "resourceData": call}, context)

    @classmethod
    def alone(cls, raw: Mapping[str, Json], form: str, context: Context) -> Notification:
        """Return the notification that a body of its own is."""
        call = object_of(raw.get("call"))
        path = call_path((call.get("@odata.id"), call.get("resourceUrl")))
        own = text_of(call.get("id"))[:_ID]
        return cls(
            raw=raw,
            context=context,
            form=form,
            kind="call",
            call_id=normal_id(path[0]) if path else normal_id(own) if own else None,
            participant_id=normal_id(text_of(raw.get("participantId"))[:_ID]) or None,
            tenant_id=text_of(call.get("tenantId")) or None,
        )

    @property
    def data(self) -> Json:
        """What was sent of the resource: an object, or a list for a roster; None if nothing was."""
        return self.raw.get("resourceData")

    @property
    def model(self) -> CommsNotification:
        """The item as Graph's type; values that do not fit are among its misfits."""
        return CommsNotification.from_dict(dict(self.raw))

    @cached_property
    def digest(self) -> str:
        """A text that is the same for items that say the same."""
        text = json.dumps(self.raw, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


def parse(body: bytes, context: Context = UNKNOWN) -> list[Notification | Misfit]:
    """Return what a body notifies, item by item: what is not an object is a Misfit.

    The body is read as UTF-8, whatever its headers say. Raises LegacyBodyError for an object that has
    neither `value` nor a type of microsoft.graph, and BodyError for everything else.
    Source: https://learn.microsoft.com/microsoftteams/platform/bots/calls-and-meetings/call-notifications
    """
    try:
        content: Json = from_json(body.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError:
        raise BodyError("the body is not JSON") from None
    if not isinstance(content, dict):
        raise BodyError("the body is not a JSON object")
    document = object_of(cast("object", content))
    name = _graph_type(document)
    if name in (_JOINING, _LEFT):
        form = "joining" if name == _JOINING else "left"
        return [Notification.alone(document, form, context)]
    if "value" not in document:
        if name is None:
            raise LegacyBodyError("the body is not in Graph's format")
        return [] if name.endswith("notifications") else [Notification.of(document, context)]
    value: object = document["value"]
    if not isinstance(value, list):
        raise BodyError("`value` is not a list")
    entries = cast("list[object]", value)
    if len(entries) > _MOST:
        raise BodyError(f"the body has more than {_MOST} notifications")
    return [_item(at, entry, context) for at, entry in enumerate(entries)]


def _item(at: int, entry: object, context: Context) -> Notification | Misfit:
    if not isinstance(entry, dict):
        return Misfit(("value", at), entry, "CommsNotification")
    return Notification.of(cast("dict[str, Json]", entry), context)


def _graph_type(document: Mapping[str, Json]) -> str | None:
    """Return the casefolded name of a type of microsoft.graph; None for any other."""
    name = text_of(document.get("@odata.type")).casefold().removeprefix("#")
    return name.removeprefix("microsoft.graph.") if name.startswith("microsoft.graph.") else None


def _kind_of_type(data: Mapping[str, Json]) -> str | None:
    """Return the kind of a resource by its type."""
    name = _graph_type(data) or ""
    if name in ("call", "participant"):
        return name
    return "operation" if name.endswith("operation") else None
