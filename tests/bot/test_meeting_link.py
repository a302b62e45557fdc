"""Links to meetings become the arguments of a call; anything else says what is missing."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms.bot.meeting_link import MeetingLink
from graph_comms.models import Call

TENANT = "86dc81db-c112-4228-9222-63f3esaa1edb"
ORGANIZER = "5810cede-f3cc-42eb-b2c1-e9bd5d53ec96"
THREAD = "19:meeting_Win6Ydo4wsMijFjZS00ZGVjLTk5MGUtOTRjNWY2NmNkYTFm@thread.v2"
PASSCODE = "aB3+x%9Z"


def joining(
    thread: str = THREAD,
    message: str = "0",
    host: str = "teams.microsoft.com",
    **context: str,
) -> str:
    context = context or {"Tid": TENANT, "Oid": ORGANIZER}
    path = f"{quote(thread, safe='')}/{message}"
    return f"https://{host}/l/meetup-join/{path}?context={quote(json.dumps(context))}"


def meet(passcode: str = PASSCODE) -> str:
    return f"https://teams.microsoft.com/meet/21234567890123?p={quote(passcode, safe='')}"


def safelink(link: str) -> str:
    return (
        "https://nam12.safelinks.protection.outlook.com/ap/t-59584e83/"
        f"?url={quote(link, safe='')}&data=05%7C02%7Cadele%40contoso.com&reserved=0"
    )


def again(link: str) -> str:
    return quote(link, safe="")


def sent(link: MeetingLink, tenant_id: str | None = None) -> Any:
    """Return the call that joins a meeting, as it is sent, without the names of types."""
    return _plain(json.loads(Call(**link.to_call_arguments(tenant_id)).to_json()))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name != "@odata.type"}
    return value


BY_ORGANIZER = {
    "chatInfo": {"threadId": THREAD, "messageId": "0"},
    "meetingInfo": {"organizer": {"user": {"id": ORGANIZER, "tenantId": TENANT}}},
    "tenantId": TENANT,
}
BY_ID = {
    "chatInfo": {},
    "meetingInfo": {"joinMeetingId": "21234567890123", "passcode": PASSCODE},
    "tenantId": TENANT,
}

WRAPPINGS: list[Callable[[str], str]] = [
    str,
    lambda link: f" <{link}>\n",
    lambda link: f"< {link} >",
    again,
    lambda link: again(again(link)),
    lambda link: again(again(again(link))),
    safelink,
    lambda link: safelink(again(link)),
    lambda link: f"<{again(safelink(link))}>",
    lambda link: safelink(safelink(safelink(link))),
]


@pytest.mark.parametrize("wrapped", WRAPPINGS)
def test_a_link_to_a_thread_is_read_however_it_is_wrapped(wrapped: Callable[[str], str]) -> None:
    assert sent(MeetingLink.parse(wrapped(joining()))) == BY_ORGANIZER


@pytest.mark.parametrize("wrapped", WRAPPINGS)
def test_a_link_by_id_is_read_however_it_is_wrapped(wrapped: Callable[[str], str]) -> None:
    assert sent(MeetingLink.parse(wrapped(meet())), TENANT) == BY_ID


@pytest.mark.parametrize(
    "digits", ["212 345 678 901 23", "21234567890123", "  212 345\u00a0678 901 23 "]
)
def test_digits_typed_by_hand_are_the_id_of_a_meeting(digits: str) -> None:
    assert sent(MeetingLink.parse(digits, passcode=f" {PASSCODE} "), TENANT) == BY_ID


@pytest.mark.parametrize("wrapped", [str, lambda text: f" <{text}>\n", again])
def test_the_id_of_an_online_meeting_has_its_thread_and_organizer(
    wrapped: Callable[[str], str],
) -> None:
    online_meeting = b64encode(f"1*{ORGANIZER}*0**{THREAD}".encode()).decode()
    assert sent(MeetingLink.parse(wrapped(online_meeting)), TENANT) == BY_ORGANIZER
    with pytest.raises(ValueError, match=r"tenant .* is missing.*pass tenant_id"):
        MeetingLink.parse(online_meeting).to_call_arguments()


def test_a_meeting_without_passcode_is_joined_without_one() -> None:
    for link in ("212 345 678 901 23", "https://teams.live.com/meet/21234567890123"):
        assert sent(MeetingLink.parse(link), TENANT)["meetingInfo"] == {
            "joinMeetingId": "21234567890123"
        }


def test_a_given_passcode_overrides_that_of_the_link() -> None:
    assert MeetingLink.parse(meet(), passcode="other").passcode == "other"


@pytest.mark.parametrize(
    "host",
    ["teams.live.com", "gov.teams.microsoft.us", "dod.teams.microsoft.us", "teams.contoso.com"],
)
def test_the_host_does_not_matter(host: str) -> None:
    assert sent(MeetingLink.parse(joining(host=host))) == BY_ORGANIZER


def test_the_names_in_the_context_are_read_in_any_case() -> None:
    link = joining(tid=TENANT, OID=ORGANIZER, messageID="1700000000001", message="1700000000002")
    assert sent(MeetingLink.parse(link)) == BY_ORGANIZER | {
        "chatInfo": {
            "threadId": THREAD,
            "messageId": "1700000000002",
            "replyChainMessageId": "1700000000001",
        }
    }


def test_parts_of_a_link_may_be_encoded_more_than_the_whole() -> None:
    context = again(again(json.dumps({"Tid": TENANT, "Oid": ORGANIZER})))
    thread = again(again(again(THREAD)))
    link = f"https://teams.microsoft.com/l/meetup-join/{thread}/0?context={context}"
    assert sent(MeetingLink.parse(link)) == BY_ORGANIZER


def test_a_context_with_plus_for_blanks_is_read() -> None:
    context = again(f'{{"Tid": "{TENANT}", "Oid": "{ORGANIZER}"}}').replace("%20", "+")
    link = f"https://teams.microsoft.com/l/meetup-join/{again(THREAD)}/0?context={context}"
    assert sent(MeetingLink.parse(link)) == BY_ORGANIZER


def test_a_given_tenant_overrides_that_of_the_link_but_not_the_organizers() -> None:
    assert sent(MeetingLink.parse(joining()), "other") == BY_ORGANIZER | {"tenantId": "other"}


def test_a_link_without_tenant_takes_the_given_one() -> None:
    assert sent(MeetingLink.parse(joining(Oid=ORGANIZER)), TENANT) == BY_ORGANIZER


JOIN = "https://teams.microsoft.com/l/meetup-join"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "not a link to a Teams meeting"),
        ("join my meeting", "not a link to a Teams meeting"),
        ("https://", "not a link to a Teams meeting"),
        (b64encode(b"1*someone").decode(), "not a link to a Teams meeting"),
        (b64encode(b"\xff" * 12).decode(), "not a link to a Teams meeting"),
        ("https://[", "not a link to a Teams meeting"),
        ("٢١٢", "not a link to a Teams meeting"),
        ("https://teams.microsoft.com/meet/", "not a link to a Teams meeting"),
        ("https://teams.microsoft.com/l/channel/19%3a/General", "not a link to a Teams meeting"),
        ("file:///l/meetup-join/19%3a/0", "not a link to a Teams meeting"),
        (safelink("https://contoso.com"), "not a link to a Teams meeting"),
        (safelink(safelink(safelink(safelink(joining())))), "not a link to a Teams meeting"),
        (again(again(again(again(joining())))), "not a link to a Teams meeting"),
        (joining() + "x" * 20_000, "longer than"),
        (f"{JOIN}/", "no thread id"),
        (f"{JOIN}/{again(THREAD)}", "no message id"),
        (f"{JOIN}/{again(THREAD)}/0", "no context"),
        (f"{JOIN}/{again(THREAD)}/0?context=[]", "no context"),
        (f"{JOIN}/{again(THREAD)}/0?context=%7B%22Tid%22", "no context"),
        (f"{JOIN}/{again(THREAD)}/0?context={'[' * 9000}", "no context"),
        (joining(Tid=TENANT), "no Oid"),
        (joining(Tid=TENANT, Oid=""), "no Oid"),
        (f"{JOIN}/{again(THREAD)}/0?context={again(json.dumps({'Oid': 7}))}", "no Oid"),
    ],
)
def test_what_is_missing_is_said(text: str, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        MeetingLink.parse(text)


@pytest.mark.parametrize("link", [meet(), "212 345 678 901 23", joining(Oid=ORGANIZER)])
@pytest.mark.parametrize("tenant", [None, ""])
def test_a_missing_tenant_is_said_with_what_to_pass(link: str, tenant: str | None) -> None:
    with pytest.raises(ValueError, match=r"tenant .* is missing.*pass tenant_id"):
        MeetingLink.parse(link).to_call_arguments(tenant)


def test_no_passcode_is_shown() -> None:
    link = MeetingLink.parse(meet("sEcret"))
    arguments = link.to_call_arguments(TENANT)
    assert "sEcret" not in f"{link!r}{link}{arguments!r}"
    for text in (meet("sEcret").replace("meet", "met"), joining(Tid=TENANT) + "&p=sEcret"):
        with pytest.raises(ValueError, match="link") as raised:
            MeetingLink.parse(text, passcode="sEcret")
        assert "sEcret" not in repr(raised.value)


def test_no_connection_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    for text in (safelink(joining()), safelink(meet())):
        MeetingLink.parse(text)


THREADS = st.from_regex(
    r"19:(meeting_)?[A-Za-z0-9_+=-]{1,60}@thread\.(v2|tacv2|skype)", fullmatch=True
)


@given(
    thread=THREADS,
    message=st.from_regex(r"[0-9]{1,16}", fullmatch=True),
    wrapped=st.sampled_from(WRAPPINGS),
)
def test_any_thread_keeps_its_case(
    thread: str, message: str, wrapped: Callable[[str], str]
) -> None:
    link = MeetingLink.parse(wrapped(joining(thread, message)))
    assert sent(link)["chatInfo"] == {"threadId": thread, "messageId": message}


@given(
    digits=st.from_regex(r"[0-9]{1,20}", fullmatch=True),
    passcode=st.from_regex(r"[!-~]{1,20}", fullmatch=True),
    wrapped=st.sampled_from(WRAPPINGS),
)
def test_any_passcode_is_kept(digits: str, passcode: str, wrapped: Callable[[str], str]) -> None:
    link = f"https://teams.live.com/meet/{digits}?p={quote(passcode, safe='')}"
    parsed = MeetingLink.parse(wrapped(link))
    assert (parsed.meeting_id, parsed.passcode) == (digits, passcode)


FRAGMENTS = st.sampled_from(
    [
        "https://",
        "teams.microsoft.com",
        "a.safelinks.protection.outlook.com/",
        "?url=",
        "/l/meetup-join/",
        "/meet/",
        "19%3ameeting_A%40thread.v2",
        "/0",
        "?context=",
        '{"Tid":"t","Oid":"o"}',
        "%25",
        "%7b%22",
        "1",
        "?p=",
        "<",
        " ",
    ]
)


@given(
    text=st.one_of(st.text(), st.lists(FRAGMENTS | st.text(max_size=3), max_size=12).map("".join))
)
def test_any_text_is_a_meeting_or_a_value_error(text: str) -> None:
    try:
        arguments = MeetingLink.parse(text).to_call_arguments("tenant")
    except ValueError as error:
        said = str(error)
    else:
        said = Call(**arguments).to_json()
    assert re.search("^this is not a link|^the (context of the )?link has no|meetingInfo", said)
