"""Brings notifications to bots: signed, one at a time for each call, in order."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from urllib.parse import urljoin

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .call import Call
from .context import INSIDE, inside
from .disturbance import NONE, Disturbance
from .log import Log, Logged, hidden
from .receivers import Receivers, Reply
from .schedule import Schedule
from .tokens import Authority

AGAIN = 5.0
"""How long after an attempt the next one is made, in seconds."""

LONGEST_HELD = 5.0
"""For how long an answer is held back that the end of its operation overtakes, in seconds."""

BAD_REQUEST, SERVER_ERROR = 400, 500

REDIRECTS = (302, 307)
"""The answers by which the notification of an incoming call is posted elsewhere."""

USER_AGENT = "Microsoft-Skype/3.0,(Calling/1.0)"


class Delivery:
    """Posts notifications to who takes them."""

    def __init__(
        self,
        schedule: Schedule,
        authority: Authority,
        log: Log,
        receivers: Receivers,
    ) -> None:
        self._schedule = schedule
        self._authority = authority
        self._log = log
        self._receivers = receivers
        self._lanes: dict[str, deque[Callable[[], Awaitable[object]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ordered: dict[str, float] = {}
        """When the last roster of each call is delivered that must not be overtaken."""
        self._held: dict[str, asyncio.Event] = {}
        """The answers that are held back, by the operations of whose end they wait."""
        self.disturbance: Disturbance = NONE
        self.redelivery = 0
        """How often a notification is posted again that nobody took."""
        self.claims: dict[str, object] = {}
        """The claims of tokens that are replaced."""

    @property
    def open(self) -> int:
        """How many notifications wait or are being posted."""
        return sum(map(len, self._lanes.values()))

    def send(self, call: Call, body: Json) -> None:
        """Post a notification about a call, after those before it were answered, or as it is disturbed."""
        disturbance = self.disturbance
        item = _first(body)
        delay = disturbance.delay(item, call.seeded)
        if disturbance.loses(call.seeded):
            with self._logged(
                "notification",
                call.callback_uri,
                call.id,
                body,
                partial(self._put_once, call, body),
            ):
                return  # nobody answers what is lost
        if not delay:
            self._put(call.id, call, body)
            return
        due = self._schedule.time + delay
        if disturbance.keeps_order(item):
            due = self._ordered[call.id] = max(due, self._ordered.get(call.id, 0.0))
        # A lane of its own: others of the call may overtake it.
        lane = f"{call.id}/{call.seeded.guid('late')}"
        self._schedule.at(due, lambda: self._put(lane, call, body))

    def consult(self, call: Call, body: Json, on_answer: Callable[[Reply | None], None]) -> None:
        """Post what a bot answers in the response, after those before it; nothing disturbs that."""

        async def ask() -> None:
            on_answer(await self._post(call, body, call.seeded.guid("message")))

        self.put(call.id, ask)

    async def overtake(self, call: Call, operation: str) -> None:
        """Hold the answer about an operation back, if chance says so, until its end has been delivered.

        For no longer than some seconds, and for nobody else than a bot: others have to wait for time to pass.
        """
        bot = INSIDE.get() or self._schedule.passes
        if bot and self.disturbance.overtakes(call.seeded):
            self._held[operation] = delivered = asyncio.Event()
            try:
                await self._schedule.wait(delivered, LONGEST_HELD)
            finally:
                del self._held[operation]

    def reset(self) -> None:
        """Forget what waits, and deliver undisturbed from now on."""
        self.disturbance = NONE
        self.claims.clear()
        self._ordered.clear()
        for lane in self._lanes.values():
            while len(lane) > 1:  # the first is being posted
                lane.pop()

    def put(self, key: str, *posts: Callable[[], Awaitable[object]]) -> None:
        """Do something after what was put into the same lane before; a run waits for it."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = deque()
            # Who is notified has nothing of the context of who caused it, such as another handler.
            task = asyncio.get_running_loop().create_task(
                self._run(key, lane), context=inside(Context())
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        lane.extend(posts)

    def _put(self, key: str, call: Call, body: Json) -> None:
        same = call.seeded.guid("message")
        ids = [
            call.seeded.guid("message") if number % 2 else same
            for number in range(self.disturbance.duplicate)
        ]
        self.put(key, *(partial(self._post, call, body, one) for one in ids))

    def _put_once(self, call: Call, body: Json) -> None:
        self.put(call.id, partial(self._post, call, body, call.seeded.guid("message")))

    def reaches(self, address: str) -> bool:
        """Whether there is somebody who takes what is posted to an address."""
        return self._receivers.at(address) is not None

    async def ask(self, uri: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """Post something, and return the answer; None if there was none."""
        receiver = self._receivers.at(uri)
        return None if receiver is None else await receiver(uri, headers, body)

    async def post(self, uri: str, headers: Mapping[str, str], body: Json) -> None:
        """Post a change notification."""
        again = partial(self.put, uri, partial(self.post, uri, headers, body))
        with self._logged("change", uri, None, body, again) as logged:
            logged.answer = await self.ask(uri, headers, json.dumps(body).encode())

    async def _run(self, key: str, lane: deque[Callable[[], Awaitable[object]]]) -> None:
        while lane:
            try:
                await lane[0]()
            finally:
                lane.popleft()
        del self._lanes[key]

    async def _post(self, call: Call, body: Json, message_id: str) -> Reply | None:
        """Post a notification, and return the last answer."""
        token = self._authority.notification_token(call.app_id, call.tenant, self.claims)
        headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/json",
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "client-request-id": call.seeded.guid("post"),
            "scenario-id": call.chain_id,
            "x-microsoft-skype-chain-id": call.chain_id,
            "x-microsoft-skype-message-id": message_id,
        }
        again = partial(self._put_once, call, body)
        receiver = self._receivers.of_call(call.callback_uri)
        posted = json.dumps(body).encode()
        answer = None
        for left in range(self.redelivery, -1, -1):
            with self._logged("notification", call.callback_uri, call.id, body, again) as attempt:
                if receiver is not None:
                    attempt.answer = await receiver(call.callback_uri, headers, posted)
            answer = attempt.answer
            if answer is not None and answer.status in REDIRECTS:
                await self._redirect(call, body, headers, answer.location)
            if attempt.taken and (held := self._held.get(_subject(body))):
                held.set()
            if left == 0 or not attempt.failed:
                break
            await self._schedule.sleep(AGAIN)
        return answer

    async def _redirect(
        self, call: Call, body: Json, headers: Mapping[str, str], location: str
    ) -> None:
        """Post the notification of an incoming call where its answer says, if it is dialled there."""
        if _first(body).get("changeType") != "created" or not location:
            return
        try:
            address = urljoin(call.callback_uri, location)
        except ValueError:  # it is no address
            return
        again = partial(self._put_once, call, body)
        with self._logged("notification", address, call.id, body, again) as attempt:
            attempt.answer = await self.ask(address, headers, json.dumps(body).encode())

    @contextmanager
    def _logged(
        self, name: str, path: str, call_id: str | None, body: Json, again: Callable[[], None]
    ) -> Generator[_Attempt]:
        """Log what is posted in the context, with what was answered; `again` posts it once more."""
        attempt = _Attempt()
        with self._schedule.busy(), self._log.begun() as number:
            try:
                yield attempt
            finally:
                self._log.notification(
                    Logged(
                        number=number,
                        time=self._schedule.time,
                        name=name,
                        method="POST",
                        path=path,
                        call_id=call_id,
                        status=attempt.status,
                        body=hidden(body),
                        kind="notification",
                        again=None if attempt.taken else again,
                    )
                )


def _first(body: Json) -> Mapping[str, Json]:
    """Return the notification in a body, which some are by themselves."""
    return object_of((list_of(body.get("value")) or [body])[0])


def _subject(body: Json) -> str:
    """Return the id of what a notification is about, if it has one."""
    return text_of(object_of(_first(body).get("resourceData")).get("id"))


@dataclass(slots=True)
class _Attempt:
    """Something that is posted, and what was answered."""

    answer: Reply | None = None

    @property
    def status(self) -> int | None:
        return None if self.answer is None else self.answer.status

    @property
    def taken(self) -> bool:
        return self.status is not None and self.status < BAD_REQUEST

    @property
    def failed(self) -> bool:
        return self.status is None or self.status >= SERVER_ERROR
