"""Where the service is: its root, the scope of its tokens, and the cloud whose requests it has."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

from .cloud import Cloud, check_cloud
from .forms import FLAG, TEXT, check, either

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoot:
    """The root that paths are appended to, and what holds for it.

    ``url`` has no slash at its end; ``scope`` is that of the tokens; ``cloud`` is None for a host
    that is not one of Graph's. ``refusing``: operations that the cloud lacks are refused.
    """

    url: str
    scope: str
    cloud: Cloud | None
    refusing: bool = True

    @property
    def direct_hosts(self) -> frozenset[str]:
        """The hosts that may be reached by plain http: names of this machine, the root's own among them."""
        host = httpx.URL(self.url).host
        return _THIS_MACHINE | {host} if is_loopback(host) else _THIS_MACHINE

    @property
    def mounts(self) -> dict[str, None]:
        """What keeps httpx from a proxy of the environment, which would get the token in clear.

        That holds for this machine, whatever NO_PROXY says.
        """
        return {f"all://{_bracketed(host)}": None for host in self.direct_hosts}

    @property
    def origin(self) -> str:
        """Scheme, host and port: where the token goes, and nowhere else (RFC 6454, 4)."""
        return str(httpx.URL(self.url).copy_with(raw_path=b"/")).rstrip("/")

    def path_below(self, address: str) -> str:
        """Return the path of an address on this host, percent-encoded, without that of the root."""
        path = httpx.URL(address).raw_path.decode("ascii").partition("?")[0]
        return path.removeprefix(httpx.URL(self.url).path)

    def __str__(self) -> str:
        if self.cloud and self.url == self.cloud.base_url:
            return f"cloud={self.cloud.name}"
        return f"endpoint={self.url}"


def choose_root(
    default: str,
    *,
    cloud: Cloud | None = None,
    endpoint: str | None = None,
    scope: str | None = None,
    cloud_checks: bool = True,
) -> ServiceRoot:
    """Return the root that the options of a client mean.

    ``default`` is the root that the package was generated for. An endpoint replaces all of it, a cloud
    only its host. The scope is that of the host unless it is given.

    Raises TypeError for an argument of another kind; ValueError for a malformed endpoint, for
    http to another machine, for a cloud and an endpoint that do not agree, and for a cloud where the
    package is not for Graph.
    """
    check_cloud(cloud)
    check("scope", scope, either(TEXT, None))
    check("cloud_checks", cloud_checks, FLAG)
    url = parse_root(default if endpoint is None else endpoint)
    known = _cloud_of(url.host)
    if cloud is not None and cloud is not known:
        if endpoint is not None:
            where = f"in the {known} cloud" if known else "in none of Graph's clouds"
            raise ValueError(
                f"cloud and endpoint do not agree: {url.host} is {where}; give one of the two"
            )
        if known is None:
            raise ValueError(
                f"this package is for {url.host}, which is in none of Graph's clouds: leave out cloud"
            )
        url, known = url.copy_with(host=cloud.host), cloud
    return ServiceRoot(
        url=str(url).rstrip("/"),
        scope=f"https://{_bracketed(url.host)}/.default" if scope is None else scope,
        cloud=known,
        refusing=cloud_checks,
    )


def parse_root(endpoint: object) -> httpx.URL:
    """Return the address of a service root; raises TypeError or ValueError if it is none.

    It may hold secrets where none belong, so no message quotes it.
    """
    if not isinstance(endpoint, str):
        raise TypeError(
            "endpoint is an address such as 'https://graph.microsoft.com/beta', "
            f"not {type(endpoint).__name__}"
        )
    url = parse_address(endpoint)
    if url is None:
        raise ValueError("endpoint is not a valid address")
    if url.scheme not in ("https", "http") or not url.host:
        raise ValueError("endpoint must begin with https:// and a host")
    if url.userinfo:
        raise ValueError("endpoint must not hold a user name or a password")
    if "?" in endpoint or "#" in endpoint:
        raise ValueError("endpoint must have neither a query nor a fragment")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ValueError(
            "endpoint must begin with https://, so that the token is not sent in clear; http:// is for "
            "localhost, 127.0.0.1 and ::1"
        )
    return url


def parse_address(text: str, base: httpx.URL | None = None) -> httpx.URL | None:
    """Return an address, which may be relative to another; None if no connection to it can be made.

    Ports go up to 65535, and the labels of a name have 1 to 63 characters: for others, sockets raise
    errors that httpx lets through. Sources: RFC 9293, 3.1; RFC 1035, 2.3.4.
    """
    try:
        url = httpx.URL(text) if base is None else base.join(text)
        url.raw_host.decode("ascii").encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return None
    return url if 0 <= (url.port or 0) < 2**16 else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: localhost, 127.0.0.0/8 or ::1.

    Names below localhost are not: many resolvers still ask the network about them, although RFC 6761,
    6.3 discourages it. Sources: RFC 1122, 3.2.1.3; RFC 4291, 2.5.3.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address == IPv6Address(1) or (isinstance(address, IPv4Address) and address.is_loopback)


def _bracketed(host: str) -> str:
    """Return a host as addresses hold it (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def _cloud_of(host: str) -> Cloud | None:
    return next((cloud for cloud in Cloud if cloud.host == host), None)


GRAPH = choose_root(Cloud.GLOBAL.base_url)
"""The root of a session that is given no other."""
