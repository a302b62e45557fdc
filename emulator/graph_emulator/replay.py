"""Plays what people and clients did in a journal anew, and finds where a bot now does otherwise."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .acts import ActError
from .audio import Speech
from .journal import FORMAT, JournalError
from .json_text import parsed_json
from .lines import Line, without_dates
from .meetings import Meeting
from .people import Person
from .telling import Named, method_of
from .timeline import Colours, described
from .wire import Forms

if TYPE_CHECKING:
    from .server import Server

LONGEST = 16 * 1024 * 1024
"""How many bytes a line may have: more than any request and its answer."""

PATIENCE = 30.0
"""For how long a bot may do nothing while more is expected of it, in seconds."""

ENDED = 5.0
"""For how long it may where all its calls have ended."""

AFTER = 1.0
"""For how long it is watched when nothing more is expected, in seconds."""

LOOK = 0.05
SHOWN = 10
"""How many members that differ are shown, and how much of each."""
WIDTH = 100

_HIDDEN_PASSCODE = re.compile(r"[?&]p=…")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Header(_Model):
    journal: int
    version: str
    seed: int
    forms: Forms
    redelivery: int = Field(ge=0)
    strict_directory: bool
    platform_codes: bool


class _Line(_Model):
    time: float | None = None


class _Told(_Line):
    kind: Literal["told"]
    of: dict[str, str] | None
    method: str
    arguments: dict[str, Any]


class _Act(_Line):
    kind: Literal["act"]
    act: dict[str, Any]


class _Caller(_Model):
    app_id: str
    tenant: str | None
    roles: list[str] | None
    user: str | None


class _Request(_Line):
    kind: Literal["request"]
    by: Literal["bot", "client"]
    call: str | None
    name: str
    caller: _Caller | None = None
    method: str
    path: str
    query: str
    body: Any
    status: int
    answer: Any


class _Notification(_Line):
    kind: Literal["notification"]
    call: str | None
    path: str
    status: int | None
    body: Any


_LINE: TypeAdapter[_Told | _Act | _Request | _Notification] = TypeAdapter(
    Annotated[_Told | _Act | _Request | _Notification, Field(discriminator="kind")]
)

Stream = tuple[str, str, str | None]
"""What is compared by itself: the requests of a bot about a call, for example."""


class Replay:
    """What a journal has, and what of it has happened again."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read a journal; raises JournalError, which says the line."""
        self._path = os.fspath(path)
        lines = _read(self._path)
        self.settings = self._header(next(lines, None))
        self._lines = [(number, self._checked(number, line)) for number, line in lines]
        self._expected: dict[Stream, deque[tuple[int, Line]]] = {}
        self._whole: dict[str | None, bool] = {None: True}
        """The calls of the journal, and whether their end is in it."""
        for number, line in self._lines:
            if line["kind"] in ("request", "notification"):
                self._expected.setdefault(_stream(line), deque()).append((number, line))
                whole = self._whole.get(line["call"], False)
                self._whole[line["call"]] = whole or _ends(line)
        self._meant: dict[tuple[str, str], Person | Meeting] = {}
        """Who and what was declared, by what a journal calls them."""
        self._heard = 0.0
        self.difference: str | None = None
        """The first difference, as text; None as long as there is none."""

    async def play(self, svc: Server) -> str | None:
        """Do what people and clients did, each after everything before it has happened again.

        Returns the first difference, as text, or None. Raises JournalError for a line that makes no sense.
        """
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        svc.pass_lines(lambda line: self._happened(line, loop.time()))
        for number, line in self._lines:
            kind = line["kind"]
            if kind == "notification" or line.get("by") == "bot":
                continue
            await self._catch_up(svc, number)
            if self.difference is not None:
                return self.difference
            if kind == "told":
                self._tell(svc, number, line)
            elif kind == "act":
                try:
                    svc.acts.perform(object_of(line["act"]))
                except ActError as error:
                    return f"{self._path}:{number}: {_said(line)}: {error}"
            else:
                await asyncio.to_thread(_ask, svc, line)
        await self._catch_up(svc, len(self._lines) + 2)
        while self.difference is None and loop.time() - self._heard < AFTER:
            await asyncio.sleep(LOOK)
        return self.difference

    # -- what happens

    async def _catch_up(self, svc: Server, number: int) -> None:
        """Wait until everything has happened that the journal has before a line."""
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        while self.difference is None and (missing := self._first(number)) is not None:
            await asyncio.sleep(LOOK)
            over = all(call.ended for call in svc.calls)
            patience = ENDED if over else PATIENCE
            if not svc.pending and loop.time() - self._heard > patience:
                at, line = missing
                self.difference = (
                    f"{self._path}:{at}: expected {_said(line).strip()}\n"
                    f"  got nothing for {patience:g} seconds"
                )

    def _first(self, number: int) -> tuple[int, Line] | None:
        """Return the first line before a number that has not happened yet."""
        heads = [queue[0] for queue in self._expected.values() if queue and queue[0][0] < number]
        return min(heads, key=lambda head: head[0], default=None)

    def _happened(self, line: Line, now: float) -> None:
        """Compare what has happened with what the journal has next of its kind."""
        if self.difference is not None or line["kind"] not in ("request", "notification"):
            return
        self._heard = now
        queue = self._expected.get(_stream(line))
        if queue:
            number, expected = queue.popleft()
            if expected != line:
                # What has not happened before that is the first difference.
                number, expected = self._first(number) or (number, expected)
                self.difference = f"{self._path}:{number}: {_difference(expected, line)}"
        elif self._whole.get(line["call"], True):
            got = _said(line).strip()
            self.difference = f"{self._path}: nothing more was expected\n  got {got}"

    # -- what is done

    def _tell(self, svc: Server, number: int, line: Line) -> None:
        try:
            owner = svc if line["of"] is None else self._named(svc, line["of"])
            method = method_of(owner, text_of(line["method"]))
            if method is None:
                raise ValueError(f"there is no method {line['method']}")
            arguments = {
                name: self._argument(svc, name, value)
                for name, value in object_of(line["arguments"]).items()
            }
            if line["method"] == "phone":
                self._named(svc, {"phone": arguments["number"]})
                return
            outcome = method(**arguments)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise JournalError(f"{self._path}:{number}: cannot be played: {error}") from None
        if isinstance(outcome, (Person, Meeting)):
            ((kind, name),) = outcome.named.items()
            self._meant[kind, name] = outcome

    def _named(self, svc: Server, named: Json) -> Named:
        """Return whom or what a journal names. Raises ValueError for what was not declared in it."""
        ((kind, name),) = object_of(named).items()
        if kind == "keys":
            return svc.keys
        if kind == "phone" and (kind, name) not in self._meant:
            self._meant[kind, name] = svc.stand_in()
        if (kind, name) not in self._meant:
            raise ValueError(f"{kind} {name} is not declared before")
        return self._meant[kind, name]

    def _argument(self, svc: Server, name: str, value: Json) -> Any:
        if items := list_of(value):
            return [self._argument(svc, name, one) for one in items]
        members = object_of(value)
        if name == "speech":
            return Speech.silence(float(members["seconds"]))
        if len(members) == 1 and next(iter(members)) in ("user", "phone", "meeting"):
            return self._named(svc, members)
        if name == "callback_uri" and "…" in text_of(value):
            return svc.callback_uri
        if name == "passcode" and value == "…":
            return None  # what is not declared is not checked
        return _HIDDEN_PASSCODE.sub("", value) if isinstance(value, str) else value

    # -- the file

    def _header(self, first: tuple[int, Json] | None) -> dict[str, Any]:
        if first is None or "journal" not in object_of(first[1]):
            raise JournalError(f"{self._path}:1: this is not a journal")
        if (form := object_of(first[1])["journal"]) != FORMAT:
            raise JournalError(
                f"{self._path}:1: the journal has form {_short(form)}, and only {FORMAT} is known"
            )
        try:
            header = _Header.model_validate(first[1])
        except ValidationError as error:
            raise JournalError(f"{self._path}:1: {_first_problem(error)}") from None
        return header.model_dump(exclude={"journal", "version"})

    def _checked(self, number: int, line: Json) -> Line:
        try:
            _LINE.validate_python(line)
        except ValidationError as error:
            raise JournalError(f"{self._path}:{number}: {_first_problem(error)}") from None
        kept = dict(object_of(line))
        if kept.pop("time", None) is not None:
            return without_dates(kept)  # of virtual time, which a server does not have
        return kept


def _read(path: str) -> Iterator[tuple[int, Json]]:
    """Yield the lines of a file with their numbers."""
    number = 0
    try:
        with Path(path).open("rb") as file:
            while text := file.readline(LONGEST + 1):
                number += 1
                if len(text) > LONGEST:
                    raise JournalError(f"{path}:{number}: the line has more than {LONGEST} bytes")
                if not text.endswith(b"\n"):
                    raise JournalError(
                        f"{path}:{number}: the last line is cut off: delete it to play the others"
                    )
                yield number, parsed_json(text)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise JournalError(f"{path}:{number}: this is not a line of JSON") from None


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def _stream(line: Line) -> Stream:
    return line["kind"], text_of(line.get("by")), line["call"]


def _ends(line: Line) -> bool:
    """Whether a line is the notification of the end of a call."""
    items = list_of(object_of(line["body"]).get("value"))
    item = object_of(items[0] if items else None)
    ended = text_of(item.get("resource")).endswith(f"/calls/{line['call']}")
    return line["kind"] == "notification" and item.get("changeType") == "deleted" and ended


def _ask(svc: Server, line: Line) -> None:
    """Send the request of a client again."""
    headers: dict[str, str] = {}
    if line["caller"] is not None:
        token = svc.keys.access_token(**line["caller"])
        headers["authorization"] = f"Bearer {token}"
    url = httpx.URL("https://graph.microsoft.com", path=line["path"], query=line["query"].encode())
    with httpx.Client(transport=svc.transport()) as client:
        client.request(line["method"], url, json=line["body"], headers=headers)


def _said(line: Line) -> str:
    return described(line, Colours()) or ""


def _difference(expected: Line, got: Line) -> str:
    wanted, found = _said(expected), _said(got)
    if wanted != found:
        return f"expected {wanted.strip()}\n  got {found.strip()}"
    lines = [
        f"  {place}: expected {_short(one)}, got {_short(other)}"
        for place, one, other in _differing(expected, got, "")
    ]
    more = f"  and {len(lines) - SHOWN} more"
    return "\n".join([wanted.strip(), *lines[:SHOWN], *([more] if len(lines) > SHOWN else [])])


_NOTHING = object()


def _differing(expected: Any, got: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the members that differ: where, what was expected, and what there is."""
    ours, theirs = object_of(expected), object_of(got)
    if ours and theirs:
        for name in {**ours, **theirs}:
            below = f"{place}.{name}" if place else name
            yield from _differing(ours.get(name, _NOTHING), theirs.get(name, _NOTHING), below)
        return
    one, other = list_of(expected), list_of(got)
    if one and other:
        for index in range(max(len(one), len(other))):
            left, right = (
                items[index] if index < len(items) else _NOTHING for items in (one, other)
            )
            yield from _differing(left, right, f"{place}[{index}]")
        return
    if expected is not got and expected != got:
        yield place, expected, got


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"
