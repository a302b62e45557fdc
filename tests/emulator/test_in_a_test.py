"""How an emulator begins and ends, whatever a test does with it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from graph_emulator import AsyncEmulator, Emulator, Stuck
from tests.emulator.bots import bot_of, call_to

pytest_plugins = ["pytester"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def ringing(svc: Emulator, handler: Any) -> None:
    """Connect a bot whose handler gets a call once the audio is active, and let Ann answer it."""
    bot = bot_of(svc)
    bot.media_active(handler)
    svc.connect(bot)
    svc.client().calls.create(call_to(svc.user("Ann").answers()))


@pytest.mark.parametrize(
    "use",
    [
        lambda svc: svc.run(),
        lambda svc: svc.advance(seconds=1),
        lambda svc: svc.rings("https://bot.contoso.com", from_=svc.user("Ann")),
        lambda svc: svc.connect(bot_of(svc)),
        lambda svc: svc.client().calls.create(call_to(svc.user("Ann"))),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_emulator_is_used_in_a_with_statement(when: str, use: Any) -> None:
    svc = Emulator()
    if when == "after":
        with svc:
            pass
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        use(svc)


def test_an_emulator_is_used_once() -> None:
    with Emulator() as svc:
        pass
    with pytest.raises(RuntimeError, match="make another one"):
        svc.__enter__()


@pytest.mark.anyio
async def test_an_asynchronous_emulator_is_used_once_in_a_with_statement() -> None:
    svc = AsyncEmulator()
    with pytest.raises(RuntimeError, match="use it in an async with statement"):
        await svc.run()
    async with svc:
        pass
    with pytest.raises(RuntimeError, match="make another one"):
        await svc.__aenter__()


def test_what_happened_can_be_read_after_the_end() -> None:
    async def hang_up(call: Any) -> None:
        await call.hang_up()

    with Emulator() as svc:
        ringing(svc, hang_up)
        svc.run()
    (call,) = svc.calls
    assert svc.calls[call.id.upper()].ended_by == "bot"
    assert svc.log.operations == ["create", "delete"]
    assert svc.clock.now().year == 2026


def test_the_error_of_a_test_is_what_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    stopped: list[str] = []

    async def wait(call: Any) -> None:
        try:
            await call.tones(max_digits=1, timeout=None)
        finally:
            stopped.append("handler")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        stopped.append("application")
        await send({"type": f"{message['type']}.failed", "message": "no database"})

    def fail() -> None:
        with Emulator(callback=app) as svc:
            ringing(svc, wait)
            with pytest.raises(Stuck, match="wait"):
                svc.run()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stopped == ["handler", "application"]
    assert "could not be stopped" in caplog.text
    with pytest.raises(RuntimeError, match="no database"), Emulator(callback=app):
        pass


def test_a_thread_that_does_not_end_does_not_keep_the_emulator() -> None:
    over, main = threading.Event(), threading.get_ident()

    def block(call: Any) -> None:
        # By now the test waits in `run`.
        threading.Timer(0.2, signal.pthread_kill, [main, signal.SIGINT]).start()
        over.wait(30)

    def interrupt() -> None:
        with Emulator() as svc:
            ringing(svc, block)
            svc.run()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert time.monotonic() - began < 15
    over.set()


def test_one_thread_at_a_time_lets_time_pass(graph_emulator: Emulator) -> None:
    svc = graph_emulator
    begun, over = threading.Event(), threading.Event()

    async def wait(call: Any) -> None:
        begun.set()
        await asyncio.to_thread(over.wait)

    ringing(svc, wait)
    runner = threading.Thread(target=svc.run)
    runner.start()
    assert begun.wait(10)
    with pytest.raises(RuntimeError, match="another thread lets time pass already"):
        svc.run()
    over.set()
    runner.join(10)


@pytest.mark.anyio
async def test_a_run_works_inside_another_loop(graph_emulator: Emulator) -> None:
    svc, seen = graph_emulator, list[str]()

    async def ask(call: Any) -> None:
        seen.append(await call.tones(max_digits=1, timeout=30))
        await call.hang_up()

    svc.user("Ann").presses("1", after=5)
    ringing(svc, ask)
    svc.run()
    assert seen == ["1"]
    call = await svc.async_client().calls.create(call_to(svc.user("Ann")))
    svc.run()
    assert svc.calls[str(call.id)].ended_by == "bot"


@pytest.mark.parametrize(
    "use",
    [
        lambda svc: svc.run(),
        lambda svc: svc.advance(seconds=1),
        lambda svc: svc.wait_for(asyncio.sleep(0)),
    ],
)
def test_what_waits_for_the_emulator_is_refused_on_its_loop(
    graph_emulator: Emulator, use: Any
) -> None:
    async def wrong() -> None:
        use(graph_emulator)

    with pytest.raises(RuntimeError, match="waits for the emulator's own event loop"):
        graph_emulator.wait_for(wrong())


def test_the_fixture_of_pytest(pytester: pytest.Pytester) -> None:
    """Several processes have one each, and a test that fails or is stuck keeps none."""
    root = Path(__file__).parents[2]
    pytester.makepyfile("""
        import pytest
        from tests.emulator.bots import bot_of, call_to

        def listening(svc):
            bot = bot_of(svc)

            @bot.media_active
            async def listen(call):
                await call.tones(max_digits=1, timeout=None)

            svc.connect(bot)
            svc.client().calls.create(call_to(svc.user("Ann").answers()))

        @pytest.mark.parametrize("number", range(4))
        def test_passes(graph_emulator, number):
            assert not list(graph_emulator.calls)
            listening(graph_emulator)

        def test_fails(graph_emulator):
            listening(graph_emulator)
            assert graph_emulator.seed == 1

        def test_is_stuck(graph_emulator):
            listening(graph_emulator)
            graph_emulator.run()
        """)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider")
    os.environ["PYTHONPATH"] = str(root)
    result = pytester.runpytest_subprocess("-n", "2", timeout=60)
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines_random(
        ["*Stuck: *listen, which waits for keys of call *", "*AttributeError: *'seed'*"]
    )


def test_a_bot_takes_over_from_another() -> None:
    with Emulator() as svc:
        bots = [bot_of(svc), bot_of(svc)]
        for bot in bots:
            svc.connect(bot)
            svc.client().calls.create(call_to(svc.user("Ann").answers()))
            svc.run()
        known = [svc.wait_for(bot.engine.held(list(svc.calls)[1].id)) for bot in bots]
        assert [state is not None for state in known] == [False, True]
        assert all(bot._runner.running for bot in bots)
    assert not any(bot._runner.running for bot in bots)
