"""The validation tokens that come with encrypted resources: they prove that Graph has sent them.

Source: https://learn.microsoft.com/graph/change-notifications-with-resource-data, "Validating the
authenticity of notifications".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ..claims import believed, check_addressed, inspect
from ..keys import Keys, KeySource
from ..trust import Trust

MOST_TOKENS = 100
"""The most tokens of one delivery: Graph sends one for each tenant that has items in it."""

_TENANT = "{tenant}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who signs validation tokens: an application of Graph's own, in the tenant of each notification.

    `app_id` is the id of that application, `issuers` are those of its tokens, with `{tenant}` in them, and
    `keys` has the keys of the identity platform. `dataclasses.replace` makes that of another cloud.
    """

    app_id: str
    issuers: tuple[str, ...]
    keys: Keys

    GLOBAL: ClassVar[Publisher]
    """That of the global cloud. Those of others are not documented."""

    def trust(self, tenants: Iterable[str]) -> Trust:
        """Return the trust in the issuers of some tenants."""
        issuers = {
            form.replace(_TENANT, tenant).removesuffix("/")
            for tenant in tenants
            for form in self.issuers
        }
        return Trust(issuers=frozenset(issuers), keys=self.keys)


Publisher.GLOBAL = Publisher(
    app_id="0bf30f3b-4a52-48df-9a82-234910c4a086",
    issuers=(
        "https://sts.windows.net/{tenant}/",
        "https://login.microsoftonline.com/{tenant}/v2.0",
    ),
    keys=KeySource("https://login.microsoftonline.com/common/.well-known/openid-configuration"),
)


async def proven_tenants(
    tokens: Iterable[str], tenants: Iterable[str], app_id: str, publisher: Publisher, now: datetime
) -> frozenset[str]:
    """Return the tenants for which tokens prove that Graph has sent their notifications.

    `tenants` are those of the notifications that came with the tokens. All tokens must be valid: raises
    TokenError for the first that is not, and KeysUnavailableError where that cannot be found out.
    """
    listed, proven = [*tenants], set[str]()
    trust = publisher.trust(listed)
    for token in tokens:
        seen = inspect(token)
        check_addressed(seen, app_id, trust)
        claims = believed(token, seen, app_id, await publisher.keys.get(seen.kid), now)
        senders = [claims.raw[name] for name in ("appid", "azp") if name in claims.raw]
        if not senders or any(sender != publisher.app_id for sender in senders):
            raise seen.error("the token is not that of Graph's publisher")
        proven |= {one for one in listed if claims.issuer in publisher.trust([one]).issuers}
    return frozenset(proven)
