"""One logical request, from its first attempt to its result, without any I/O."""

from __future__ import annotations

import logging
import math
import re
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import httpx
from pydantic import ValidationError

from .attempt import Attempt
from .body import BROKE_OFF, Body, Excerpt
from .clock import Clock
from .content import ContentError, Opened
from .credentials import requested_claims
from .deadline import UNLIMITED, DeadlineExceededError, Departure
from .decode import Decoder
from .errors import (
    GraphError,
    GraphTransportError,
    decode_error,
    http_error,
    misfit,
    printable,
)
from .headers import Headers
from .lazy import PACKAGE
from .operation import Operation
from .permissions import PermissionNeed, Permissions, required_permissions
from .request import PreparedRequest
from .response import Response
from .retry import RetryPolicy, after_failure, after_response, delay_before, parse_retry_after
from .service_root import is_loopback, parse_address

_T = TypeVar("_T")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NEVER_SENT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
"""Errors of the request itself, which would occur again."""

INVALID_ADDRESS = (httpx.InvalidURL, UnicodeError)
"""What httpx raises for invalid addresses, besides its own errors."""


def socks_errors() -> tuple[type[Exception], ...]:
    """Return what httpx lets through where the answer of a SOCKS proxy is malformed."""
    module = sys.modules.get("socksio.exceptions")  # imported with the first such proxy
    return () if module is None else (module.SOCKSError,)


_REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5

GRACE = 0.25
"""Seconds that an attempt which nobody waits for any more may take to notice it."""

_REFUSED_BY_PROXY = re.compile("4(?!08|29)[0-9][0-9] ")
"""How httpx words the answer of a proxy that will not lead to the service, such as 407."""

_logger = logging.getLogger(PACKAGE)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reply:
    """The response to one attempt, as far as it arrived."""

    status: int
    headers: httpx.Headers
    body: bytes
    fault: str | None = None
    """What is wrong with the body; None if it is complete."""

    @property
    def is_success(self) -> bool:
        """Whether the status is a success (RFC 9110, 15.3)."""
        return 200 <= self.status < 300

    def retry_after(self, clock: Clock) -> float | None:
        """Return the seconds that the service asks the client to wait; None if it does not."""
        now = clock.now()
        asked = [parse_retry_after(one, now) for one in self.headers.get_list("retry-after")]
        # Of several, the longest counts; if any is unreadable, none does.
        readable = [one for one in asked if one is not None]
        return max(readable) if readable and len(readable) == len(asked) else None


Answer: TypeAlias = Reply | httpx.RequestError


@dataclass(slots=True, repr=False, kw_only=True, eq=False)
class Exchange(Generic[_T]):
    """The state of one logical request; the sessions send and wait.

    `decoder` reads the body of a successful response; None ignores it. `observers` are called with
    each attempt that has ended.
    """

    operation: Operation
    prepared: PreparedRequest
    decoder: Decoder[_T] | None
    may_renew: bool
    policy: RetryPolicy
    clock: Clock
    timeout: httpx.Timeout
    traced: bool
    max_body: int
    observers: list[Callable[[Attempt], None]]
    documented: Callable[[], Permissions] | None = None
    """Looks up the documented permissions, where they are not those of the operation."""
    number: int = 0
    repetitions: int = 0
    redirects: int = 0
    ambiguous: bool = False
    claims: str | None = None
    """What the next token must have, as JSON; None if any token will do."""
    begun: float = field(init=False)
    departure: Departure = field(init=False)
    request: httpx.Request | None = None
    started: float = field(init=False)
    duration: float = field(init=False)
    failed: tuple[httpx.Response, Body] | None = None
    """The response of an attempt that failed, and what has been read of its body."""

    def __post_init__(self) -> None:
        self.begun = self.clock.timer()

    def __repr__(self) -> str:
        # Tools that show local variables must not find addresses or headers here.
        return f"<Exchange {self.operation.method} {self.operation.path}>"

    @property
    def limited(self) -> bool:
        """Whether the call has a deadline."""
        return self.policy.deadline is not None

    def remaining(self) -> float | None:
        """Return the seconds until the deadline; None if there is none."""
        if self.policy.deadline is None:
            return None
        return self.begun + self.policy.deadline - self.clock.timer()

    def start(self) -> Departure:
        """Begin the next attempt, which may have to wait for a token and for its turn first."""
        self.started = self.clock.timer()
        self.redirects = 0
        self.failed = None
        self.number += 1
        self.departure = Departure(traced=self.traced) if self.limited else UNLIMITED
        return self.departure

    def attempt(self, token: str, content: Opened[Any] | None = None) -> httpx.Request:
        """Return the request for the attempt, with the content that was opened for it."""
        self.departure.go_on()
        self.claims = None
        self.request = self.prepared.authorized(token, content)
        return self.request

    def extensions(self) -> dict[str, object]:
        """Return what an attempt tells the transport: its time-outs, which end with the deadline."""
        remaining, given = self.remaining(), self.timeout.as_dict()
        if remaining is None:
            return {"timeout": given}
        # A little later than the deadline, so that it is the deadline which ends the attempt.
        most = max(0.0, remaining) + GRACE
        return {
            "timeout": {
                name: most if value is None else min(value, most) for name, value in given.items()
            }
        }

    def cut_short(self) -> Answer:
        """Withdraw the attempt, and return what it comes to: an error that had arrived, or its own."""
        left = self.departure.withdraw()
        if self.failed is not None:
            self.may_renew = False
            response, body = self.failed
            return Reply(response.status_code, response.headers, body.content(), BROKE_OFF)
        self.ambiguous |= left
        words = f"the deadline of {self.policy.deadline:g} s is over"
        return DeadlineExceededError(words, request=self.request)

    def redirected(self, response: httpx.Response) -> httpx.Request | None:
        """Return the request that follows a redirect to a stream; None for any other response.

        Graph sometimes redirects a request for content to a storage host, where the address alone
        grants access: headers that select a range are repeated, the token never is.
        """
        location = response.headers.get("location")
        if (
            response.status_code not in _REDIRECTS
            or location is None
            or self.operation.returns != "bytes"
            or self.redirects >= MAX_REDIRECTS
        ):
            return None
        before = response.request.url
        url = parse_address(location, before)
        if url is None or (url.scheme != "https" and not self._stays_here(before, url)):
            return None
        self.redirects += 1
        asked = {
            name: value
            for name, value in self.prepared.headers
            if name in ("accept-encoding", "range", "if-range")
        }
        return httpx.Request("GET", url, headers=asked)

    def _stays_here(self, before: httpx.URL, after: httpx.URL) -> bool:
        """Whether a redirect stays on this machine, where it began, as an emulator's may."""
        same = httpx.URL(self.prepared.url).host == before.host == after.host
        return same and after.scheme == "http" and is_loopback(after.host)

    def malformed_by_proxy(self) -> httpx.RequestError:
        """Return the error for a SOCKS proxy that does not speak SOCKS."""
        return httpx.ProxyError("the answer of the SOCKS proxy is malformed", request=self.request)

    def invalid_redirect(self) -> httpx.RequestError:
        """Return the error for a redirect to an invalid address."""
        words = "Invalid URL in location header."
        return httpx.RemoteProtocolError(words, request=self.request)

    def body_of(self, response: httpx.Response) -> Body:
        """Return what collects the body of a response: one that the caller wants as bytes has no limit.

        Of an error it is the beginning, for as long as one pause may last.
        """
        if response.is_success:
            return Body(math.inf if self.operation.returns == "bytes" else self.max_body)
        pause = self.timeout.read
        body = Excerpt(math.inf if pause is None else pause, self.clock.timer)
        self.failed = response, body
        return body

    def delay_after(self, answer: Answer | httpx.Response) -> float | None:
        """Return the seconds to wait before the next attempt; None if this answer is final.

        A 401 is retried once if the credential may return a new token. The service refused to act
        on the request (RFC 9110, 15.5.2), so this is safe for a create too.
        """
        self._end(answer)
        if isinstance(answer, httpx.Response):  # an open stream
            return None
        delay = self._delay_after(answer)
        if delay is not None and self.observers:
            # It is reported with the error that it would have led to.
            with suppress(GraphError):
                self.result(answer)
        return delay

    def _delay_after(self, answer: Answer) -> float | None:
        if isinstance(answer, (*_NEVER_SENT, DeadlineExceededError)) or _is_final(answer):
            return None
        if isinstance(answer, httpx.RequestError):
            outcome = after_failure(ambiguous=not isinstance(answer, _NOT_SENT))
        elif answer.status == 401 and self.may_renew:
            self.may_renew = False
            self.claims = requested_claims(answer.headers.get_list("www-authenticate"))
            return 0.0
        else:
            needed = answer.is_success and self.decoder is not None
            cut = needed and answer.fault == BROKE_OFF
            if answer.is_success and not cut:
                return None
            outcome = after_response(
                answer.status, answer.retry_after(self.clock), complete=not cut
            )
        self.ambiguous |= outcome.ambiguous
        self.repetitions += 1
        delay = delay_before(
            self.repetitions, self.operation, outcome, self.policy, self.clock.chance()
        )
        remaining = self.remaining()
        if delay is None or remaining is None or delay < remaining:
            return delay
        return None

    def result(self, answer: Answer) -> Response[_T | None]:
        """Report the attempt; return the answer with the result in it, or raise the GraphError for it.

        If an earlier attempt to delete may have succeeded unnoticed, a 404 counts as success.
        """
        try:
            result = self._result(answer)
        except GraphError as error:
            self._report(answer, error)
            raise
        self._report(answer, None)
        return result

    def _result(self, answer: Answer) -> Response[_T | None]:
        if isinstance(answer, httpx.RequestError):
            raise self.failure(answer, ambiguous=self.ambiguous) from answer
        gone = answer.status == 404 and self.operation.method == "DELETE" and self.ambiguous
        if not answer.is_success and not gone:
            raise http_error(
                answer.status,
                answer.headers,
                answer.body,
                complete=answer.fault is None,
                client_request_id=self.prepared.client_request_id,
                retry_after=answer.retry_after(self.clock),
                need=self._need(answer.status),
            )
        value = None if self.decoder is None or gone else self._decode(answer, self.decoder)
        return Response(value, answer.status, Headers.later(answer.headers.multi_items))

    def _need(self, status: int) -> PermissionNeed:
        if status != 403:
            return PermissionNeed()
        documented = self.documented() if self.documented else self.operation.permissions
        return required_permissions(documented, self.prepared.wire_body)

    def failure(self, error: httpx.RequestError, *, ambiguous: bool) -> GraphTransportError:
        """Return the exception for a request without a usable response; chain it from `error`.

        `ambiguous`: the service may have processed the request.
        """
        # httpx errors carry their request, and the frames below hold what was sent; logging tools
        # show both.
        self._conceal()
        _conceal(getattr(error, "_request", None))  # that of a redirect
        _forget(error)
        return GraphTransportError(
            reason=f"{type(error).__name__}: {error}",
            ambiguous=ambiguous,
            client_request_id=self.prepared.client_request_id,
        )

    def unread(self, error: ContentError) -> Exception:
        """Return what the content raised, for the caller as it is: the attempt ends with it."""
        self._conceal()
        return error.error

    def _conceal(self) -> None:
        _conceal(self.request)

    def _decode(self, reply: Reply, decoder: Decoder[_T]) -> _T:
        problem = reply.fault
        if problem is None:
            try:
                return decoder.read(reply.body)
            except ValidationError as error:
                problem = misfit(error) if reply.body else "is empty"
            except (ValueError, RecursionError):
                problem = "is not understood" if reply.body else "is empty"
        raise decode_error(
            reply.status,
            reply.headers,
            reply.body,
            client_request_id=self.prepared.client_request_id,
            expected=decoder.name,
            problem=problem,
        )

    def opened(self, response: httpx.Response) -> None:
        """Report the attempt that has opened a stream, for whose pieces the deadline does not count."""
        # httpcore reads the time-outs of a body from here when the reading begins.
        response.request.extensions["timeout"].update(self.timeout.as_dict())
        self._report(response, None)

    def interrupted(self, error: BaseException) -> None:
        """Report an attempt without answer: the credential failed, or the task was cancelled."""
        self.duration = self.clock.timer() - self.started
        self._report(None, error)

    def _end(self, answer: Answer | httpx.Response) -> None:
        """Log one line per attempt, without the token or the body."""
        self.duration = self.clock.timer() - self.started
        if not _logger.isEnabledFor(logging.DEBUG):
            return
        status, request_id = _received(answer)
        _logger.debug(
            "%s %s: %s, request-id %s, client-request-id %s, %.0f ms",
            self.operation.method,
            self.operation.path,
            type(answer).__name__ if status is None else status,
            printable(str(request_id)),
            self.prepared.client_request_id,
            self.duration * 1000,
        )

    def _report(self, answer: Answer | httpx.Response | None, error: BaseException | None) -> None:
        if not self.observers:
            return
        status, request_id = _received(answer)
        attempt = Attempt(
            method=self.operation.method,
            path=self.operation.path,
            number=self.number,
            status=status,
            request_id=request_id,
            duration=self.duration,
            error=error,
        )
        for observer in self.observers:
            observer(attempt)


def _received(answer: Answer | httpx.Response | None) -> tuple[int | None, str | None]:
    """Return the status and the request id of an answer, as far as it has any."""
    if isinstance(answer, Reply):
        return answer.status, answer.headers.get("request-id")
    if isinstance(answer, httpx.Response):
        return answer.status_code, answer.headers.get("request-id")
    return None, None


def _is_final(answer: Answer) -> bool:
    """Whether no attempt could get further: a certificate is not trusted, or a proxy refuses."""
    if isinstance(answer, httpx.ProxyError):
        return _REFUSED_BY_PROXY.match(str(answer)) is not None
    cause: BaseException | None = answer if isinstance(answer, httpx.ConnectError) else None
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _conceal(request: httpx.Request | None) -> None:
    """Remove the token, and a query that may hold a signature or a passcode, from a request."""
    if request is not None:
        request.headers.pop("Authorization", None)
        request.url = request.url.copy_with(query=None)


_QUOTED = re.compile(r""":?\s*(bytearray\()?b['"].*""", re.DOTALL)


def _forget(error: BaseException | None) -> None:
    """Remove the tracebacks, and the bytes quoted in messages, from an error and its causes."""
    while error is not None:
        error.__traceback__ = None
        error.args = tuple(
            _QUOTED.sub("", one) if isinstance(one, str) else one for one in error.args
        )
        error = error.__cause__ or error.__context__
