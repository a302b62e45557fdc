"""The public keys that sign the tokens of notifications: fetched, kept, and replaced in time.

The keys are those of a process, whichever of its event loops asks for them. So a fetch runs in a thread
with a loop of its own: it blocks nobody, is shared by all who wait for it, and may outlast the loop of
the one who caused it, as that of an invocation on AWS Lambda.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, cast

import anyio
import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from .._runtime.errors import printable
from .._runtime.service_root import is_loopback
from .telemetry import get_logger

_REFRESH = 2 * 3600.0
"""After how many seconds keys are fetched again."""

_STALE = 24 * 3600.0
"""For how many seconds keys are used that could not be fetched again."""

_UNKNOWN = 60.0
"""How many seconds are between two fetches that tokens with an unknown `kid` cause."""

_RETRY = 60.0
"""How many seconds after a fetch that failed the next is tried while there are keys."""

_PAUSE = 1.0
"""The same while there are none, and everybody waits."""

_TIMEOUT = 5.0
"""How many seconds a fetch may take, all in all."""

_LARGEST = 1024 * 1024
"""How many bytes a document may have."""

_BITS = range(2048, 16384 + 1)
"""The sizes of a key: safe, and small enough for OpenSSL."""

_EXPONENT = 11
"""How many characters 64 bits have in base64."""

_logger = get_logger(__name__)


class KeysUnavailableError(Exception):
    """There is no key to verify a token with, and none could be fetched.

    The token may be good, so that the answer to its request is 503.
    """


class Keys(Protocol):
    """Where a trust has its keys from: `KeySource`, or `StaticKeys`."""

    async def get(self, kid: str) -> Mapping[str, RSAPublicKey]:
        """Return the keys that there are by their ids, with that of the id if it can be found.

        Raises KeysUnavailableError where it is not known whether there is such a key.
        """
        ...


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys that never change, by their ids: for tests, and where nothing can be fetched.

    `read_keys` makes them of a key set as a server has it. Raises ValueError for a key of fewer than
    2048 bits.
    """

    keys: Mapping[str, RSAPublicKey]

    def __post_init__(self) -> None:
        for kid, key in self.keys.items():
            if key.key_size not in _BITS:
                raise ValueError(
                    f"key {kid!r} has {key.key_size} bits, which is not safe: 2048 are"
                )

    async def get(self, kid: str) -> Mapping[str, RSAPublicKey]:
        """Return all keys."""
        return self.keys


@dataclass(frozen=True, slots=True)
class _Held:
    """The keys of one document, and when they were fetched."""

    keys: Mapping[str, RSAPublicKey]
    at: float


@dataclass(frozen=True, slots=True)
class _Known:
    """What all fetches so far have yielded: the keys of each document, and the last one's failures."""

    held: Mapping[str, _Held] = field(default_factory=dict[str, _Held])
    tried: float | None = None
    problem: str | None = None

    def keys(self, now: float) -> Mapping[str, RSAPublicKey]:
        """Return the keys that may still be used."""
        fresh = [one.keys for one in self.held.values() if _within(one.at, _STALE, now)]
        return {kid: key for keys in fresh for kid, key in keys.items()}

    def is_due(self, now: float) -> bool:
        """Tell whether it is time to fetch again."""
        if self.problem is not None:
            return not _within(self.tried, _RETRY, now)
        return not _within(self.tried, _REFRESH, now)


class KeySource:
    """The keys that OpenID metadata name, fetched when they are first needed.

    They are fetched again every two hours, in the background of whichever request comes then, and once
    for a token whose `kid` none of them has, but for such tokens at most once a minute. While the server is
    away, keys are used for 24 hours. A fetch takes five seconds at most.

    Metadata and keys are read by https (by http from this machine alone), without redirects, up to
    1 MiB each. Used are RSA keys of 2048 bits and more that have an id; others are skipped. What a key
    says of its algorithm, and metadata of their issuer, is not looked at: the service publishes `RSA256`,
    which is not the name of one, and an issuer on another host. One value serves any number of threads,
    event loops and forked processes.
    """

    def __init__(self, *metadata: str, now: Callable[[], float] = time.time) -> None:
        """Take the addresses of one metadata document or several, whose keys are used side by side.

        `now` tells the time in seconds since 1970. Raises ValueError for an address that is not https.
        """
        if not metadata:
            raise ValueError("pass the address of OpenID metadata, such as https://…")
        for url in metadata:
            if not is_secure(url, local=True):
                raise ValueError(f"the address of metadata must be an https URL, not {url!r}")
        self._metadata = metadata
        self._now = now
        self._known = _Known()
        self._asked: float | None = None
        self._flights: dict[int, Future[None]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._metadata))})"

    async def get(self, kid: str) -> Mapping[str, RSAPublicKey]:
        """Return the keys by their ids, after a fetch if there are none or none has that id.

        Ask only for a token that says it is ours: a fetch is not for anybody to cause. Raises
        KeysUnavailableError if there are no keys, or none of that id and the last fetch failed.
        """
        now = self._now()
        keys = self._known.keys(now)
        if kid in keys:
            if self._known.is_due(now):
                self._fetch()
            return keys
        if keys and _within(self._asked, _UNKNOWN, now):
            flight = self._flights.get(os.getpid())
        else:
            self._asked = now if keys else None
            flight = self._fetch()
        if flight is not None:
            await asyncio.wrap_future(flight)
        known = self._known
        keys = known.keys(self._now())
        if kid not in keys and known.problem is not None:
            raise KeysUnavailableError(f"there is no key to verify a token with: {known.problem}")
        return keys

    def _fetch(self) -> Future[None]:
        """Return the fetch that is under way in this process; begin one if there is none."""
        ours = Future[None]()
        ours.set_running_or_notify_cancel()  # so that it is not cancelled with one of those who wait
        # In a forked child nothing is under way, and a lock might be held for ever: this needs none.
        flight = self._flights.setdefault(os.getpid(), ours)
        if flight is ours:
            try:
                threading.Thread(target=self._fly, args=(ours,), daemon=True).start()
            except RuntimeError as error:  # no more threads
                self._land(ours, {}, [str(error)])
        return flight

    def _fly(self, flight: Future[None]) -> None:
        """Fetch, in the thread of the fetch; whatever happens, those who wait are woken."""
        try:
            with asyncio.Runner() as runner:
                runner.run(self._fetch_all(flight))
        except Exception as error:  # no more files for an event loop, say
            if not flight.done():
                self._land(flight, {}, [_reason(error)])

    async def _fetch_all(self, flight: Future[None]) -> None:
        known, now = self._known, self._now()
        if known.problem is not None and not known.keys(now) and _within(known.tried, _PAUSE, now):
            await anyio.sleep(_PAUSE)
        found: dict[str, Mapping[str, RSAPublicKey]] = {}
        problems: list[str] = []

        async def fetch(url: str) -> None:
            try:
                with anyio.fail_after(_TIMEOUT):
                    found[url] = await _fetch_keys(url)
            except TimeoutError:
                problems.append(f"{url} did not answer within {_TIMEOUT:g} seconds")
            except Exception as error:  # one document must not spoil the others
                problems.append(f"{url}: {_reason(error)}")

        async with anyio.create_task_group() as group:
            for url in self._metadata:
                group.start_soon(fetch, url)
        # Before the loop ends, which may have to wait for a name server.
        self._land(flight, found, problems)

    def _land(
        self,
        flight: Future[None],
        found: Mapping[str, Mapping[str, RSAPublicKey]],
        problems: Sequence[str],
    ) -> None:
        """Keep what a fetch found, and wake those who wait for it."""
        now = self._now()
        fetched = {url: _Held(keys, now) for url, keys in found.items()}
        problem = "; ".join(problems) or None
        try:
            if problem is not None:
                _logger.warning("keys that sign tokens could not be fetched: %s", problem)
        finally:  # a filter of the application's may raise
            self._known = _Known({**self._known.held, **fetched}, now, problem)
            del self._flights[os.getpid()]
            flight.set_result(None)


def read_keys(document: object) -> dict[str, RSAPublicKey]:
    """Return the keys of a key set (RFC 7517, 5) that can verify signatures, by their ids.

    `document` is what `json.loads` returns. Skipped is what is not a public RSA key of 2048 bits or more
    for signatures, and what has no id. Raises ValueError for what is not a key set.
    """
    match document:
        case {"keys": list()}:
            entries = cast("dict[str, list[object]]", document)["keys"]
        case _:
            raise ValueError("it is not a key set")
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries:
        match entry:
            case {"kty": "RSA", "kid": str(kid), "n": str(n), "e": str(e)}:
                key = (
                    _loaded(n, e)
                    if cast("dict[str, object]", entry).get("use", "sig") == "sig"
                    else None
                )
                if key is not None:
                    keys[kid] = key
            case _:
                pass
    return keys


def _loaded(modulus: str, exponent: str) -> RSAPublicKey | None:
    """Return a key from its two numbers in base64, or None for one that does not load.

    All else in a JWK is left out: its `alg`, which may be of another name, and what is private.
    """
    if len(modulus) > _BITS[-1] // 4 or len(exponent) > _EXPONENT:
        return None
    try:
        key = RSAAlgorithm.from_jwk({"kty": "RSA", "n": modulus, "e": exponent})
    except (jwt.PyJWTError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size in _BITS else None


def is_secure(url: str, *, local: bool) -> bool:
    """Tell whether what comes from an address is what its host sent: by https, or from this machine."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if parsed.scheme == "https":
        return bool(parsed.host)
    return local and parsed.scheme == "http" and is_loopback(parsed.host)


async def _fetch_keys(metadata: str) -> Mapping[str, RSAPublicKey]:
    """Return the keys that a metadata document leads to; raises for none, and whatever httpx raises."""
    # No proxy stands between a machine and itself.
    async with httpx.AsyncClient(timeout=_TIMEOUT, mounts={"http://": None}) as http:
        match await _read(http, metadata):
            case {"jwks_uri": str(url)} if is_secure(url, local=metadata.startswith("http:")):
                keys = read_keys(await _read(http, url))
            case _:
                raise ValueError("it names no address of keys that is an https URL")
    if not keys:
        raise ValueError("it leads to no key that can be used")
    return keys


async def _read(http: httpx.AsyncClient, url: str) -> object:
    """Return the JSON at an address."""
    body = bytearray()
    # Not compressed: what a small text unpacks to cannot be told before.
    async with http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
        if response.status_code != 200:
            raise ValueError(f"the status is {response.status_code}, not 200")
        if "Content-Encoding" in response.headers:
            raise ValueError("the response is compressed, which nobody asked for")
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > _LARGEST:
                raise ValueError(f"the response is longer than {_LARGEST} bytes")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the response is not JSON") from None


def _within(then: float | None, seconds: float, now: float) -> bool:
    """Tell whether something was less than so many seconds ago, or is to be: the clock may be put back."""
    return then is not None and abs(now - then) < seconds


def _reason(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}")[:200]
