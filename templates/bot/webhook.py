"""What becomes of a request that Graph posts: checked, parsed, stored, and only then acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping
from itertools import groupby

from anyio.to_thread import run_sync

from .authentication import authenticate
from .claims import Claims, TokenError, tenant_allowed
from .engine import KIND, Accepted, Engine
from .formats import NewerFormatError
from .joining import Joining
from .keys import KeysUnavailableError
from .notification import BodyError, Context, LegacyBodyError, Notification, parse
from .reply import (
    LARGE,
    LengthError,
    Reply,
    TooLargeError,
    check_length,
    out_of_reach,
    read_body,
    unavailable,
)
from .runner import Runner
from .store import Mark, StoreError
from .telemetry import follow, get_logger, span
from .trust import Trust

REMEMBERED = 24 * 3600.0
"""How long a delivery is remembered, in seconds: longer than a token lives."""

_logger = get_logger(__name__)


class Webhook:
    """Answers what is posted to the callback URI of a bot."""

    def __init__(self, engine: Engine, runner: Runner, joining: Joining, trust: Trust) -> None:
        self._engine = engine
        self._runner = runner
        self._joining = joining
        self._trust = trust

    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Return what to answer; never raises for anything in a request."""
        settings = self._engine.settings
        named = {name.lower(): value for name, value in headers.items()}
        if method.upper() != "POST":
            return Reply(405, {"Allow": "POST"})
        if self._runner.closing:
            return unavailable()
        try:
            check_length(named, settings.max_body)
            claims = await authenticate(named, self._engine.app_id, self._trust)
            content = await read_body(body, settings.max_body)
            heavy = len(content) > LARGE
            context = Context.of(named, claims.tenant_id, self._engine.clock.now())
            follow(None, context)
            parsed = await run_sync(parse, content, context) if heavy else parse(content, context)
        except LengthError:
            return Reply(400)
        except TooLargeError:
            return Reply(413)
        except KeysUnavailableError:
            return unavailable()
        except TokenError:
            return Reply(401, {"WWW-Authenticate": "Bearer"})
        except LegacyBodyError:
            return Reply(settings.legacy_status)
        except BodyError as error:
            _logger.warning("a notification was not understood: %s", error)
            return Reply(400)
        items = [item for item in parsed if isinstance(item, Notification)]
        if len(items) < len(parsed):
            self._engine.settings.on_count("dropped", len(parsed) - len(items))
            _logger.warning(
                "%d notifications that do not fit were dropped", len(parsed) - len(items)
            )
        try:
            follow(_call_of(items[0]) if items else None, context)
            with span("receive"):
                return await self._take_in(items, claims, context, heavy)
        except (NewerFormatError, StoreError) as error:
            return out_of_reach(error)

    async def _take_in(
        self, items: list[Notification], claims: Claims, context: Context, heavy: bool
    ) -> Reply:
        engine = self._engine

        def admit(item: Notification, remembered: str | None) -> bool:
            return tenant_allowed(claims, self._trust, item.tenant_id, remembered)

        if items and items[0].form == "joining":
            return await self._join(items[0], admit)
        if await engine.store.pending(KIND) >= engine.settings.queue:
            _logger.error("the queue is full: see queue=")
            return unavailable()
        take = self._runner.taking()
        for call_id, group in groupby(sorted(items, key=_call_of), key=_call_of):
            related = list(group)
            if call_id:
                follow(call_id, context)
                accepted = await engine.accept(
                    call_id,
                    related,
                    admit=admit,
                    lease=take,
                    mark=self._mark(call_id, context),
                    heavy=heavy,
                )
                self._count(len(related), accepted)
                continue
            for item in related:
                if admit(item, None):
                    mark = self._mark(item.digest, context)
                    accepted = await engine.accept_loose(item, lease=take, mark=mark)
                else:
                    accepted = Accepted(new=True, refused=1)
                self._count(1, accepted)
        return Reply(202)

    def _mark(self, key: str, context: Context) -> Mark | None:
        """Return the mark by which a delivery is known again that has an id."""
        if not context.message_id:
            return None
        return Mark(f"{key} {context.message_id}", self._engine.now() + REMEMBERED)

    async def _join(
        self, item: Notification, admit: Callable[[Notification, str | None], bool]
    ) -> Reply:
        state = await self._engine.state(item.call_id) if item.call_id else None
        if not admit(item, state.tenant_id if state else None):
            self._count(1, Accepted(new=True, refused=1))
            return Reply(202)
        reply = await self._joining.answer(item)
        self._count(1, Accepted(new=True))
        return reply

    def _count(self, items: int, accepted: Accepted) -> None:
        count = self._engine.settings.on_count
        if not accepted.new:
            count("duplicate", items)
            return
        count("received", items - accepted.refused)
        if accepted.late:
            count("late", accepted.late)
        if accepted.refused:
            count("dropped", accepted.refused)
            _logger.warning(
                "%d notifications of another tenant than that of their token, or of the call, "
                "were dropped",
                accepted.refused,
            )


def _call_of(item: Notification) -> str:
    """Return the id of the call that a notification is about; an empty text if it names none."""
    return item.call_id or ""
