"""What happens to a bot in a call, told in two ways: by notifications of our own, and by the emulator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest

from graph_comms.bot import Bot
from graph_comms.bot.live import LiveCall
from graph_comms.models import (
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    ServiceHostedMediaConfig,
)
from tests.bot import samples
from tests.bot.service import CALLBACK, BotUnderTest

if TYPE_CHECKING:
    from graph_emulator import AsyncEmulator

BEN = InvitationParticipantInfo(
    identity=IdentitySet(user=Identity(id="550fae72-d251-43ec-868c-373732c2704f"))
)
"""Somebody whom calls are passed on to, and who does not take them."""

SPOKEN = {"playPrompt": 3.0, "recordResponse": 6.0}
"""After how many seconds what was started has ended: nobody says anything."""

Teller = Literal["posted", "emulated"]


class Scene(ABC):
    """A bot, and one call that it has with Ann."""

    bot: Bot
    counted: dict[str, int]

    @abstractmethod
    async def rings(self) -> None:
        """Ann calls the bot."""

    @abstractmethod
    async def goes_on(self) -> None:
        """The call of Ann that the bot has answered is established."""

    @abstractmethod
    async def calls(self) -> None:
        """The bot calls Ann, who answers: audio is active, and she is in the roster."""

    @abstractmethod
    async def presses(self, keys: str) -> None:
        """Ann presses keys."""

    @abstractmethod
    async def finishes(self, operation: str) -> None:
        """What the bot has started last comes to its end."""

    @abstractmethod
    async def transfer_fails(self) -> None:
        """Ben does not take the call that the bot passes on."""

    @abstractmethod
    async def hangs_up(self) -> None:
        """Ann hangs up."""

    @abstractmethod
    async def passes(self, seconds: float) -> None:
        """Time passes."""

    @abstractmethod
    def forgets(self) -> None:
        """The service knows the call no longer: so it says when it is to be kept alive."""

    @abstractmethod
    def asked(self) -> list[str]:
        """Return what the bot has asked for, but for creating and keeping alive."""

    async def sleep(self, seconds: float) -> None:
        """Wait in a handler."""
        await self.bot.clock.sleep(seconds)

    async def call(self) -> LiveCall | None:
        """Return the call as the bot knows it."""
        return await self.bot.call(self.call_id)

    @property
    @abstractmethod
    def call_id(self) -> str:
        """The id of the call."""


class Posted(Scene):
    """A scene whose notifications are made by the test."""

    def __init__(self, *, twice: bool) -> None:
        self._tested = BotUnderTest()
        self._twice = twice
        self._keys = 5
        self.bot, self.counted = self._tested.bot, self._tested.counted

    call_id = samples.CALL

    async def start(self) -> None:
        await self.bot.start()

    async def stop(self) -> None:
        await self._tested.stop()

    async def _notify(self, *items: Any) -> None:
        for item in items:
            for _ in range(1 + self._twice):
                await self._tested.notify(item)

    async def rings(self) -> None:
        await self._notify(samples.incoming())

    async def goes_on(self) -> None:
        await self._notify(*samples.answered_call()[:6])

    async def calls(self) -> None:
        await self.bot.create(call_to_ann("ann"))
        await self.goes_on()

    async def presses(self, keys: str) -> None:
        names = {"*": "star", "#": "pound"}
        for key in keys:
            self._keys += 1
            await self._notify(samples.tone(self._keys, names.get(key, f"tone{key}")))

    async def finishes(self, operation: str) -> None:
        sent = zip(self._tested.service.requests, self._tested.service.bodies, strict=True)
        contexts = [body["clientContext"] for (_, path), body in sent if path.endswith(operation)]
        if operation == "playPrompt":
            await self._notify(samples.operation(context=contexts[-1]))
        else:
            failed: Any = {
                "status": "failed",
                "code": 400,
                "subcode": 8510,
                "kind": "recordOperation",
            }
            await self._notify(samples.operation(context=contexts[-1], **failed))

    async def transfer_fails(self) -> None:
        failed = {"code": 500, "subCode": 7000}
        await self._notify(
            samples.call_item(state="transferring"),
            samples.call_item(state="established", resultInfo=failed),
        )

    async def hangs_up(self) -> None:
        await self._notify(samples.terminated())

    async def passes(self, seconds: float) -> None:
        await self._tested.clock.advance(seconds)
        await self._tested.settle()

    def forgets(self) -> None:
        answer = httpx.Response(404, json={"error": {"code": "8522", "message": "Call not found."}})
        self._tested.service.answers["keepAlive"] = lambda _: answer

    def asked(self) -> list[str]:
        names = [one.replace("DELETE", "delete") for one in self._tested.service.actions()]
        return [one for one in names if one not in ("", "GET", "keepAlive")]


class Emulated(Scene):
    """A scene that the emulator plays."""

    def __init__(self, svc: AsyncEmulator, *, twice: bool) -> None:
        self._svc = svc
        if twice:
            svc.deliver(duplicate=2)
        self.counted = {}
        self.bot = Bot(
            svc.async_client(),
            app_id=svc.app_id,
            callback_uri=CALLBACK,
            trust=svc.trust,
            on_count=self._count,
        )
        self._ann = svc.user("Ann").answers(after=1)
        svc.user("Ben", id=BEN.identity.user.id).declines(after=1)  # type: ignore[union-attr]

    def _count(self, name: str, amount: int) -> None:
        self.counted[name] = self.counted.get(name, 0) + amount

    @property
    def call_id(self) -> str:
        (call,) = self._svc.calls
        return call.id

    async def rings(self) -> None:
        self._svc.rings(self.bot, from_=self._ann)
        await self.passes(0)

    async def goes_on(self) -> None:
        await self.passes(1)

    async def calls(self) -> None:
        await self.bot.create(call_to_ann(self._ann.id))
        await self.passes(2)

    async def presses(self, keys: str) -> None:
        self._ann.presses(keys, after=0, every=0.01)
        await self.passes(0.1)
        self._ann.steps.clear()

    async def finishes(self, operation: str) -> None:
        await self.passes(SPOKEN[operation])

    async def transfer_fails(self) -> None:
        await self.passes(5)

    async def hangs_up(self) -> None:
        self._ann.hangs_up()
        await self.passes(0.5)

    async def passes(self, seconds: float) -> None:
        await self._svc.advance(seconds=seconds)

    def forgets(self) -> None:
        self._svc.fail_next("keepAlive", 404, "8522")

    def asked(self) -> list[str]:
        return [one for one in self._svc.log.operations if one != "create"]


def call_to_ann(person: str) -> Call:
    """Return a call to Ann."""
    ann = IdentitySet(user=Identity(id=person, display_name="Ann"))
    return Call(
        targets=[InvitationParticipantInfo(identity=ann)],
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(),
    )


@asynccontextmanager
async def scene_of(teller: Teller, *, twice: bool = False) -> AsyncGenerator[Scene]:
    """Open a scene; its bot runs from the first act on."""
    if teller == "posted":
        posted = Posted(twice=twice)
        await posted.start()
        try:
            yield posted
        finally:
            await posted.stop()
        return
    emulator = pytest.importorskip("graph_emulator", reason="the emulator is not installed")
    async with emulator.AsyncEmulator() as svc:
        scene = Emulated(svc, twice=twice)
        await svc.connect(scene.bot)
        yield scene
