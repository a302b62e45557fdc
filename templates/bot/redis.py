"""A store in Redis, which the processes of any number of machines share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

import anyio

from .._runtime.lazy import PACKAGE
from .clock import Clock, SystemClock
from .store import Change, Outcome, Record, StoreError, kind_of

try:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError
except ModuleNotFoundError:
    _package = PACKAGE.replace("_", "-")
    raise ImportError(
        f"RedisStore needs redis: pip install '{_package}[redis]',"
        " or redis for a copy in an application"
    ) from None

_KEPT = 7 * 24 * 3600
"""How long what finds records is kept after the last change, in seconds."""

_CHANGES = 10_000
"""About how many changes are remembered, for who waits for them."""

_BLOCK = 1_000
"""How long to wait for changes, in milliseconds."""

_PAGE = 500

_AT_ONCE = 50
"""How many commands of an event loop are under way at most, each on a connection; others wait."""

_TIMEOUT = 5.0
"""How long to wait for an answer, in seconds; longer than for changes."""

# A record is a hash: its version, when it expires, and its parts with an equals sign before the name.
# Records and marks expire by the clock of the store; Redis removes what has expired by its own.
# How many events wait is a hash by record, with their sum under the name that no record has; a set of
# the same records is sorted by when they expire, so that the sum is right without reading them all.

_PRELUDE = """
local prefix, key, kind, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local record = prefix .. 'record:' .. key
local due, live = prefix .. 'due:' .. kind, prefix .. 'live:' .. kind
local pending, expiring = prefix .. 'pending:' .. kind, prefix .. 'expiring:' .. kind
local changes = prefix .. 'changes'

local function version_of(name)
  local found = redis.call('HMGET', name, 'version', 'expires')
  if found[1] and tonumber(found[2]) > now then return tonumber(found[1]) end
  return 0
end

local function unlist(name)
  redis.call('ZREM', due, name)
  redis.call('SREM', live, name)
  local waiting = redis.call('HGET', pending, name)
  if waiting then
    redis.call('HDEL', pending, name)
    redis.call('HINCRBY', pending, '', -waiting)
    redis.call('ZREM', expiring, name)
  end
end

local function tell()
  redis.call('XADD', changes, 'MAXLEN', '~', CHANGES, '*', 'key', key)
  for _, name in ipairs({due, live, pending, expiring, changes}) do
    redis.call('EXPIRE', name, KEPT)
  end
end
""".replace("CHANGES", str(_CHANGES)).replace("KEPT", str(_KEPT))

_SWAP = _PRELUDE + """
local version, expires, when, waiting, listed, mark, mark_expires, parts =
  tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[12])
if mark ~= '' then
  mark = prefix .. 'mark:' .. mark
  local until_then = redis.call('GET', mark)
  if until_then and tonumber(until_then) > now then return 'duplicate' end
end
if version_of(record) ~= version then return 'conflict' end
if version == 0 then redis.call('DEL', record) end
redis.call('HSET', record, 'version', version + 1, 'expires', expires)
for at = 1, parts do redis.call('HSET', record, ARGV[11 + 2 * at], ARGV[12 + 2 * at]) end
for at = 13 + 2 * parts, #ARGV do redis.call('HDEL', record, ARGV[at]) end
redis.call('PEXPIREAT', record, math.ceil(tonumber(expires) * 1000))
unlist(key)
if when ~= '' then redis.call('ZADD', due, when, key) end
if listed == '1' then redis.call('SADD', live, key) end
if waiting > 0 then
  redis.call('HSET', pending, key, waiting)
  redis.call('HINCRBY', pending, '', waiting)
  redis.call('ZADD', expiring, expires, key)
end
if mark ~= '' then
  redis.call('SET', mark, mark_expires, 'PXAT', math.ceil(tonumber(mark_expires) * 1000))
end
tell()
return 'written'
"""

_REMOVE = _PRELUDE + """
local version = tonumber(ARGV[5])
if version == 0 or version_of(record) ~= version then return 0 end
redis.call('DEL', record)
unlist(key)
tell()
return 1
"""

_DUE = _PRELUDE + """
local before, limit, found = ARGV[5], tonumber(ARGV[6]), {}
while true do
  local names = redis.call('ZRANGEBYSCORE', due, '-inf', before, 'WITHSCORES', 'LIMIT', 0, limit)
  local gone = false
  found = {}
  for at = 1, #names, 2 do
    if version_of(prefix .. 'record:' .. names[at]) == 0 then
      unlist(names[at])
      gone = true
    else
      found[#found + 1] = names[at]
      found[#found + 1] = names[at + 1]
    end
  end
  if not gone then return found end
end
"""

_PENDING = _PRELUDE + """
for _, name in ipairs(redis.call('ZRANGEBYSCORE', expiring, '-inf', now)) do unlist(name) end
return redis.call('HGET', pending, '') or 0
"""


_inherited: list[object] = []
"""Clients of the parent in a forked process; to forget them would close its connections to its loop."""


class RedisStore:
    """Records in Redis 6.2 or newer, under keys that begin with `prefix` and expire.

    `url` is as redis-py takes it, such as `rediss://:password@host:6380/0`; its password is in no repr,
    log or error. A cluster is not supported: the keys of one change are in several slots. Nor is a
    server that evicts keys to save memory: `maxmemory-policy` is `noeviction`. `clock` says what has
    expired. Raises ValueError for an address that is not one of Redis.
    """

    def __init__(
        self, url: str, *, prefix: str = "graph-comms:", clock: Clock | None = None
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._clock = clock or SystemClock()
        self._reset()
        self._make()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r})"

    @property
    def shared(self) -> bool:
        """True: other processes see what this one writes."""
        return True

    async def open(self) -> None:
        """Connect."""
        await self._do("ping")

    async def close(self) -> None:
        """Close the connections of this event loop."""
        if asyncio.get_running_loop() in self._clients:
            await self._do("aclose")
            self._clients.pop(asyncio.get_running_loop(), None)

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        """Return parts of a record; None if there is none of that key."""
        wanted = ["version", "expires", *(f"={name}" for name in names)]
        found = await self._do("hmget", f"{self._prefix}record:{key}", wanted)
        version, expires, *texts = found
        if version is None or float(expires) <= self._now():
            return None
        parts = {name: text for name, text in zip(names, texts, strict=True) if text is not None}
        return Record(int(version), parts)

    async def swap(self, key: str, version: int, change: Change) -> Outcome:
        """Change the record if it still has that version; 0 means that there must be none."""
        new = {f"={name}": text for name, text in change.parts.items() if text is not None}
        gone = [f"={name}" for name, text in change.parts.items() if text is None]
        outcome = await self._script(
            _SWAP,
            key,
            version,
            repr(change.expires),
            "" if change.due is None else repr(change.due),
            change.pending,
            int(change.live),
            change.mark.key if change.mark else "",
            repr(change.mark.expires) if change.mark else "",
            len(new),
            *(argument for part in new.items() for argument in part),
            *gone,
        )
        return Outcome(outcome)

    async def remove(self, key: str, version: int) -> bool:
        """Remove the record if it still has that version; return whether it did."""
        return bool(await self._script(_REMOVE, key, version))

    async def due(self, kind: str, now: float, limit: int) -> Sequence[str]:
        """Return the keys of a kind that are due, the longest due first, `limit` at most."""
        found: list[str] = await self._script(_DUE, f"{kind}/", repr(now), limit)
        return found[::2]

    async def next_due(self, kind: str) -> float | None:
        """Return the earliest time at which a record of a kind is due; None if there is none."""
        found: list[str] = await self._script(_DUE, f"{kind}/", "+inf", 1)
        return float(found[1]) if found else None

    async def pending(self, kind: str) -> int:
        """Return how many events wait, over all records of a kind."""
        return int(await self._script(_PENDING, f"{kind}/"))

    async def live(self, kind: str) -> AsyncIterator[str]:
        """Yield the keys of the live records of a kind, in no order; each at least once if it stays."""
        name, cursor = f"{self._prefix}live:{kind}", 0
        while True:
            cursor, keys = await self._do("sscan", name, cursor, count=_PAGE)
            for key in keys:
                if await self.read(key, ()) is not None:
                    yield key
            if not cursor:
                return

    async def changes(self, cursor: str | None) -> tuple[str, frozenset[str] | None]:
        """Wait up to a second for changes after a cursor; return the next cursor and the keys changed."""
        name = f"{self._prefix}changes"
        if cursor is None:
            return await self._newest_change(name), frozenset()
        found = await self._do("xread", {name: cursor}, count=_PAGE, block=_BLOCK)
        entries: list[tuple[str, dict[str, str]]] = found[0][1] if found else []
        if len(entries) == _PAGE:  # only for who is far behind may any be forgotten
            ((oldest, _),) = await self._do("xrange", name, count=1)
            if _order(oldest) > _order(cursor):
                return await self._newest_change(name), None
        keys = frozenset(fields["key"] for _, fields in entries)
        return (entries[-1][0] if entries else cursor), keys

    async def _newest_change(self, name: str) -> str:
        newest = await self._do("xrevrange", name, count=1)
        return newest[0][0] if newest else "0-0"

    # -- the connections

    def _reset(self) -> None:
        self._process = os.getpid()
        self._clients: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[Any, anyio.CapacityLimiter]
        ] = WeakKeyDictionary()

    def _client(self) -> tuple[Any, anyio.CapacityLimiter]:
        """Return the client of the running event loop, and what limits its commands."""
        if self._process != os.getpid():
            _inherited.append(self._clients)
            self._reset()
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._make(), anyio.CapacityLimiter(_AT_ONCE)
        return self._clients[loop]

    def _make(self) -> Any:
        # redis-py leaves its own arguments untyped.
        try:
            return cast("Any", Redis).from_url(
                self._url,
                max_connections=2 * _AT_ONCE,
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                decode_responses=True,
                protocol=2,
            )
        except ValueError:
            # Its message may hold a part of a password in which a slash was not encoded.
            raise ValueError(
                "the address of Redis is to be like rediss://:password@host:6380/0, with the password "
                "percent-encoded: urllib.parse.quote(password, safe='')"
            ) from None

    async def _script(self, script: str, key: str, *arguments: object) -> Any:
        common = (self._prefix, key, kind_of(key), repr(self._now()))
        return await self._do("eval", script, 0, *common, *arguments)

    async def _do(self, command: str, *arguments: object, **options: object) -> Any:
        """Return what Redis answers to a command."""
        redis, limiter = self._client()
        try:
            if "block" in options:  # it waits for changes, and keeps no other command waiting
                return await getattr(redis, command)(*arguments, **options)
            async with limiter:
                return await getattr(redis, command)(*arguments, **options)
        except (RedisError, OSError) as error:
            raise StoreError(f"Redis cannot be used: {type(error).__name__}") from error

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _order(entry: str) -> tuple[int, ...]:
    """Return the id of an entry in a stream as what it is ordered by: milliseconds, and a number."""
    return tuple(map(int, entry.split("-")))
