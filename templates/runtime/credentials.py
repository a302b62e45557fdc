"""Where the bearer token comes from, and what a 401 asks of the next one.

The token is requested before each attempt and never kept: azure-identity's credentials cache it
themselves and know best when it expires, so a second cache would only serve stale tokens.

Source: "Claims challenges, claims requests and client capabilities" of the Microsoft identity platform,
https://learn.microsoft.com/entra/identity-platform/claims-challenge; RFC 9110, 11.6.1.
"""

from __future__ import annotations

import inspect
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, NoReturn, Protocol, TypeAlias
from urllib.request import parse_http_list

from pydantic_core import from_json

from .deadline import in_daemon_thread


class AccessToken(Protocol):
    """What ``get_token`` returns: azure-identity's ``AccessToken`` or anything like it."""

    @property
    def token(self) -> str:
        """The bearer token."""
        ...


class TokenCredential(Protocol):
    """A credential of azure-identity, or anything like it."""

    def get_token(self, *scopes: str) -> AccessToken:
        """Return the token for these scopes."""
        ...


class AsyncTokenCredential(Protocol):
    """A credential of azure-identity's ``aio`` package, or anything like it."""

    def get_token(self, *scopes: str) -> Awaitable[AccessToken]:
        """Return the token for these scopes."""
        ...


Credential: TypeAlias = str | Callable[[], str] | TokenCredential
"""A token, a function that returns one, or an azure-identity credential."""

AsyncCredential: TypeAlias = Credential | Callable[[], Awaitable[str]] | AsyncTokenCredential
"""A ``Credential``, or the same with an async function or an async ``get_token``."""

_VISIBLE_ASCII = re.compile("[\x21-\x7e]+")


class _TokenSource:
    """A credential and its scope; never shows, copies or pickles the token."""

    __slots__ = ("_ask", "_get_token", "can_refresh")

    can_refresh: bool
    """Whether the credential may return a different token when asked again."""

    def __init__(self, credential: AsyncCredential, scope: str) -> None:
        """Raises TypeError for an unsupported credential and ValueError for a malformed token."""
        self.can_refresh = not isinstance(credential, str)
        self._get_token: object = getattr(credential, "get_token", None)
        self._ask = _asker(credential, scope)

    def _asking(self, claims: str | None) -> Callable[[], object]:
        """Return the function that gives a token with these claims, if the credential takes any."""
        if claims is None or not _takes_claims(self._get_token):
            return self._ask
        return partial(self._ask, claims=claims)

    @property
    def is_async(self) -> bool:
        """Whether the credential is visibly async, before it is called."""
        return inspect.iscoroutinefunction(self._ask) or inspect.iscoroutinefunction(
            getattr(self._ask, "__call__", None)  # noqa: B004
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a credential and can be neither pickled nor copied")


class Tokens(_TokenSource):
    """The tokens of a synchronous client."""

    __slots__ = ()

    def __init__(self, credential: Credential, scope: str) -> None:
        """Also raises TypeError for a credential that is visibly async."""
        super().__init__(credential, scope)
        if self.is_async:
            raise TypeError(_ASYNC)

    def fetch(self, claims: str | None = None, *, limited: bool = False) -> str:
        """Return a token; ``limited`` makes no difference here, where the whole attempt is in a thread.

        ``claims`` are those that a 401 has asked for. Raises whatever the credential raises, TypeError
        if it is async or returns no string, and ValueError if it returns a malformed token.
        """
        answer = self._asking(claims)()
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise TypeError(_ASYNC)
        if problem := _problem(answer):
            del answer  # debuggers and log handlers that show local variables must not find it
            raise problem
        token: str = _token(answer)
        return token


class AsyncTokens(_TokenSource):
    """The tokens of an asynchronous client."""

    __slots__ = ()

    async def fetch(self, claims: str | None = None, *, limited: bool = False) -> str:
        """Return a token; raises as ``Tokens.fetch`` does.

        A credential that is not visibly async may block, so it is called in a thread: in one that
        nobody waits for if the time of the call is ``limited``.
        """
        import asyncio  # see Clock

        quick = self.is_async or not self.can_refresh
        run = in_daemon_thread if limited else asyncio.to_thread
        ask = self._asking(claims)
        answer: object = ask() if quick else await run(partial(_asked, ask))
        answer = await answer if inspect.isawaitable(answer) else answer
        if problem := _problem(answer):
            del answer
            raise problem
        token: str = _token(answer)
        return token


def _asked(ask: Callable[[], object]) -> object:
    """Ask in a thread. A StopIteration would never leave it, since no future takes one."""
    try:
        return ask()
    except StopIteration as error:
        raise RuntimeError("the credential raised StopIteration") from error


_ASYNC = "this credential is async: use it with the async client"


def _asker(credential: AsyncCredential, scope: str) -> Callable[..., object]:
    if isinstance(credential, str):
        if problem := _problem(credential):
            raise problem
        return lambda: credential
    get_token: object = getattr(credential, "get_token", None)
    if callable(get_token):
        return partial(get_token, scope)
    if callable(credential):
        return credential
    raise TypeError(
        "a credential is a token, a function that returns one, or an object with get_token, "
        f"not {type(credential).__name__}"
    )


def _takes_claims(get_token: object) -> bool:
    """Whether it has the keyword `claims`, as azure-core's TokenCredential does."""
    try:
        parameters = inspect.signature(get_token).parameters  # type: ignore[arg-type]
    except (TypeError, ValueError):  # there is none, or it is no Python function
        return False
    kinds = {one.kind for one in parameters.values()}
    return "claims" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _token(answer: object) -> Any:
    """Return the token in a credential's answer; None if there is none."""
    return answer if isinstance(answer, str) else getattr(answer, "token", None)


def _problem(answer: object) -> Exception | None:
    """Return the error for an answer that holds no valid token (RFC 6750, 2.1), or None.

    The error is returned, not raised, so that the token is in no frame of its traceback.
    """
    token: object = _token(answer)
    if not isinstance(token, str):
        return TypeError(f"the credential gave {type(answer).__name__} instead of a token")
    if not token.strip():
        return ValueError("the token is empty")
    if not _VISIBLE_ASCII.fullmatch(token):
        return ValueError(
            "the token holds spaces, line breaks, control or non-ASCII characters "
            "(give the bare token, without 'Bearer')"
        )
    return None


# -- the claims challenge of a 401

_LONGEST = 2**14
"""Most characters of WWW-Authenticate that are read; Microsoft's challenges have some hundreds."""


def requested_claims(lines: Sequence[str]) -> str | None:
    """Return the claims that the next token must have, as JSON; None without a valid challenge.

    Takes the values of the WWW-Authenticate headers of a response.
    """
    challenge = ", ".join(lines)
    if len(challenge) > _LONGEST:
        return None
    for parameters in _bearer(challenge):
        if parameters.get("error") == "insufficient_claims":
            return _decoded(parameters.get("claims", ""))
    return None


def _bearer(challenge: str) -> Iterator[dict[str, str]]:
    """Yield the parameters of each challenge of the scheme Bearer."""
    parameters: dict[str, str] | None = None
    for item in filter(None, parse_http_list(challenge)):
        words, equals, value = item.partition("=")
        *scheme, name = words.split() or [""]
        if scheme or not equals:  # another challenge begins
            if parameters:
                yield parameters
            parameters = {} if (scheme or [name])[0].lower() == "bearer" else None
        if parameters is not None:
            parameters.setdefault(name.lower(), value.strip().strip('"'))
    if parameters:
        yield parameters


def _decoded(text: str) -> str | None:
    try:
        padded = text + "=" * (-len(text) % 4)
        claims = b64decode(padded, altchars=b"-_", validate=True).decode()
        return claims if isinstance(from_json(claims), dict) else None
    except ValueError:
        return None
