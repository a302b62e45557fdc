"""Whose tokens a bot believes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

from .keys import Keys, KeySource


@dataclass(frozen=True, slots=True)
class Trust:
    """The issuers of tokens that are believed, where their keys are, and for which tenants.

    A slash at the end of an issuer does not count. `tenants` are the ids of the tenants whose calls the
    bot takes, None for any. `dataclasses.replace(Trust.GLOBAL, tenants={…})` changes a part. Raises
    TypeError where issuers or tenants are one text.
    """

    issuers: Collection[str]
    keys: Keys
    tenants: Collection[str] | None = None

    GLOBAL: ClassVar[Trust]
    """The service as everybody has it: `Cloud.GLOBAL`."""

    US_GOV: ClassVar[Trust]
    """GCC High: `Cloud.US_GOV_L4`.

    Not documented. Tokens seen there named the issuer of the global cloud and a key that the metadata
    of the government's Bot Framework does not list
    (https://github.com/microsoftgraph/microsoft-graph-comms-samples/issues/865), so that the issuers and
    keys of both are believed. The log of a refusal says what to replace.
    """

    US_GOV_DOD: ClassVar[Trust]
    """DoD: `Cloud.US_GOV_L5`, as `US_GOV` with the issuer of its own Graph."""

    CHINA: ClassVar[Trust]
    """`Cloud.CHINA`, by the Bot Framework there. Calling is not documented for it."""

    def __post_init__(self) -> None:
        issuers = _texts("issuers", self.issuers)
        object.__setattr__(self, "issuers", frozenset(one.removesuffix("/") for one in issuers))
        if self.tenants is not None:
            tenants = _texts("tenants", self.tenants)
            object.__setattr__(self, "tenants", frozenset(one.casefold() for one in tenants))


def _texts(name: str, value: Collection[str]) -> Collection[str]:
    if isinstance(value, str):  # which is a collection of texts too, even to a type checker
        raise TypeError(f"{name} must be several texts, such as {{'…'}}")
    return value


_BOT_FRAMEWORK = "https://api.botframework.com"
_BOT_FRAMEWORK_US = "https://api.botframework.us"
_CALLING = "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration"
_GCC_HIGH = "https://apigcch.botframework.azure.us/v1/.well-known/OpenIdConfiguration"
_CHINA = "https://login.botframework.azure.cn/v1/.well-known/openidconfiguration"

Trust.GLOBAL = Trust({_BOT_FRAMEWORK, "https://graph.microsoft.com"}, KeySource(_CALLING))
Trust.US_GOV = Trust(
    {*Trust.GLOBAL.issuers, _BOT_FRAMEWORK_US, "https://graph.microsoft.us"},
    KeySource(_CALLING, _GCC_HIGH),
)
Trust.US_GOV_DOD = replace(
    Trust.US_GOV,
    issuers={*Trust.GLOBAL.issuers, _BOT_FRAMEWORK_US, "https://dod-graph.microsoft.us"},
)
Trust.CHINA = Trust(
    {"https://api.botframework.azure.cn", "https://microsoftgraph.chinacloudapi.cn"},
    KeySource(_CHINA),
)
