"""How Graph refuses a request: the status, the code and the message, as they have been seen."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .behaviours import Behaviour


@dataclass
class Fault(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A request that is refused; `retry_after` in seconds goes with 429 and 503, `allow` with 405.

    `platform` says that the code is known from the list of the calling platform alone.
    """

    status: int
    code: str
    message: str
    retry_after: int | None = None
    allow: str = ""
    platform: bool = False


def call_not_found() -> Fault:
    """Return the answer about a call that has ended or is another application's."""
    return Fault(404, "8522", "Call not found.")


def not_permitted() -> Fault:
    """Return the answer to an application without the role."""
    message = "Insufficient enterprise tenant permissions, cannot access this API."
    return Fault(403, "7504", message)


def no_tenant() -> Fault:
    """Return the answer to a call of another tenant than the token's, or of none that it needs."""
    return Fault(403, "7505", "Request authorization tenant mismatch.")


def other_tenant() -> Fault:
    """Return the answer to a token of another tenant than that of a call that there is."""
    return Fault(403, "7505", "Mismatch between request authorization tenant and call tenant.")


def not_registered() -> Fault:
    """Return the answer to an application that is no calling bot: JSON inside the message."""
    inner = {"errorCode": "7503", "message": "Application is not registered in our store."}
    message = json.dumps({**inner, "instanceAnnotations": []}, separators=(",", ":"))
    return Fault(403, "UnknownError", message)


def of_platform(status: int, code: str, message: str) -> Fault:
    """Return a refusal whose code is known from the list of the calling platform alone."""
    return Fault(status, code, message, platform=True)


def invalid(what: str) -> Fault:
    """Return the answer to a body that cannot be right."""
    return of_platform(400, "8523", f"Invalid argument. {what}")


def wrong_state(what: str) -> Fault:
    """Return the answer to what a call cannot do in its state."""
    return of_platform(400, "8585", f"Not valid in this call state. {what}")


def not_established() -> Fault:
    """Return the answer to what only an established call can do."""
    return of_platform(400, "8501", "Call not established.")


def malformed_identity() -> Fault:
    """Return the answer to an identity that names nobody; the spelling is the service's."""
    return Fault(500, "9999", "Unkown internal Server Error.")


def media_inactive() -> Fault:
    """Return the answer to a prompt before there is audio."""
    return Fault(500, "UnknownError", "")


_SAMPLES = "microsoft-graph-comms-samples issue"
_DOCS = "microsoft-graph-docs issue"
_TEST = "tests/emulator/test_refused.py::"

BEHAVIOURS = (
    Behaviour(
        "refused.tenant", "W", f"{_DOCS}s 7080 and 9481, {_SAMPLES} 171: 403, 7505",
        f"{_TEST}test_a_call_of_another_tenant",
    ),
    Behaviour(
        "refused.not_found", "W", f"{_SAMPLES} 330, {_DOCS} 9186: 404, 8522",
        f"{_TEST}test_a_call_that_is_over_or_anothers",
    ),
    Behaviour(
        "refused.identity", "W", f"msgraph-sdk-java issue 373, {_DOCS} 16084: 500, 9999",
        f"{_TEST}test_targets_that_name_nobody",
    ),
    Behaviour(
        "refused.not_established", "D-ACS", "8501: call not established",
        f"{_TEST}test_what_only_an_established_call_can_do",
    ),
    Behaviour(
        "refused.terminated", "D-ACS", "8528: call terminated",
        f"{_TEST}test_a_call_that_is_ending_takes_no_more_actions",
    ),
    Behaviour(
        "refused.media_host", "D-ACS", "8500: invalid media mode",
        f"{_TEST}test_only_media_of_the_right_host",
    ),
)  # fmt: skip
