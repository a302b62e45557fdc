"""How Graph refuses a request: the status, the code and the message, as they have been seen."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass
class Fault(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A request that is refused; `retry_after` in seconds goes with 429 and 503, `allow` with 405."""

    status: int
    code: str
    message: str
    retry_after: int | None = None
    allow: str = ""


def platform_fault(status: int, code: str, message: str) -> Fault:
    """Return a refusal of the calling platform, whose own code is JSON inside the message."""
    inner = json.dumps({"errorCode": code, "message": message}, separators=(",", ":"))
    return Fault(status, "UnknownError", inner)


def call_not_found() -> Fault:
    """Return the answer about a call that has ended or is another application's."""
    return Fault(404, "8522", "Call not found.")


def not_permitted() -> Fault:
    """Return the answer to an application without the role."""
    return platform_fault(
        403, "7504", "Insufficient enterprise tenant permissions, cannot access this API."
    )


def other_tenant() -> Fault:
    """Return the answer to a token of another tenant than that of the call."""
    return platform_fault(
        403, "7505", "Mismatch between request authorization tenant and call tenant."
    )


def not_registered() -> Fault:
    """Return the answer to an application that is no calling bot."""
    return platform_fault(403, "7503", "Application is not registered in our store.")


def invalid(what: str) -> Fault:
    """Return the answer to a body that cannot be right."""
    return Fault(400, "8523", f"Invalid argument. {what}")


def wrong_state(what: str) -> Fault:
    """Return the answer to what a call cannot do in its state."""
    return Fault(400, "8585", f"Not valid in this call state. {what}")


def malformed_identity() -> Fault:
    """Return the answer to an identity that names nobody; the spelling is the service's."""
    return Fault(500, "9999", "Unkown internal Server Error.")


def media_inactive() -> Fault:
    """Return the answer to a prompt before there is audio."""
    return Fault(500, "UnknownError", "")
