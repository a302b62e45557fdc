"""What an OpenAPI document says about tokens: who issues them, and which permissions requests need.

Source: Microsoft identity platform, "OAuth 2.0 client credentials flow" and "authorization code flow",
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from graph_codegen.emit.x_graph import JSON
from graph_codegen.facts.clouds import LOGIN_HOSTS
from graph_codegen.facts.documented import Documentation

_OAUTH2 = (
    "Tokens of the Microsoft identity platform. An application asks for one with the id of a tenant in the"
    " place of `organizations`; its permissions are in `x-ms-permissions` of each request that needs one."
)


@dataclass(frozen=True, slots=True)
class Security:
    """The security of a service, by its service root.

    Requests to a service that is not in a cloud of Microsoft bear a token, too; who issues it is not known.
    """

    service_root: str

    @property
    def _login_host(self) -> str:
        return LOGIN_HOSTS.get(urlsplit(self.service_root).hostname or "", "")

    @property
    def is_graph(self) -> bool:
        """Whether the service is Graph, in one of its clouds."""
        return bool(self._login_host)

    @property
    def _everything(self) -> str:
        """The scope of all permissions that an application has been granted."""
        address = urlsplit(self.service_root)
        return f"{address.scheme}://{address.netloc}/.default"

    def schemes(self, needs: Iterable[JSON]) -> JSON:
        """Return the security schemes for what the requests of a document need."""
        if not self.is_graph:
            return {"bearer": {"type": "http", "scheme": "bearer"}}
        address = f"https://{self._login_host}/organizations/oauth2/v2.0"
        named = {name for need in needs for name in need["oauth2"]} - {self._everything}
        flows: JSON = {
            "clientCredentials": {
                "tokenUrl": f"{address}/token",
                "scopes": {
                    self._everything: "All permissions that the application has been granted."
                },
            }
        }
        if named:
            flows["authorizationCode"] = {
                "authorizationUrl": f"{address}/authorize",
                "tokenUrl": f"{address}/token",
                "scopes": dict.fromkeys(sorted(named), ""),
            }
        return {"oauth2": {"type": "oauth2", "description": _OAUTH2, "flows": flows}}

    def default(self) -> list[JSON]:
        """Return what requests need of which nothing else is known: any token."""
        return [{"oauth2": [self._everything]} if self.is_graph else {"bearer": []}]

    def of_operation(self, known: Documentation | None) -> JSON:
        """Return what is documented about the permissions of a request; it needs one of them."""
        if known is None:
            return {}
        found: JSON = {}
        if known.delegated and self.is_graph:
            application = self.default() if known.application else []
            found["security"] = [*application, *({"oauth2": [name]} for name in known.delegated)]
        if known.application:
            found["x-ms-permissions"] = {"application": list(known.application)}
        return found
