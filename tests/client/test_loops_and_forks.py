"""One client in several event loops, threads and processes, over connections that it makes itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms.models import Call
from tests.client.echo import echo_server
from tests.support.server import GraphServer


def client_of(server: GraphServer, **options: Any) -> AsyncCommunicationsClient:
    return AsyncCommunicationsClient("token", endpoint=f"http://127.0.0.1:{server.port}", **options)


def run(program: str, port: int) -> str:
    """Run a program with warnings about resources as errors; return its output and its errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program, str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_create_in_a_second_loop_is_sent_once(server: GraphServer) -> None:
    client = client_of(server)
    for _ in range(3):
        asyncio.run(client.calls.create(Call(callback_uri="https://bot")))
    assert server.methods("POST") == 3


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_a_thousand_loops_leave_nothing_behind(server: GraphServer) -> None:
    program = """if True:
        import asyncio, gc, os, sys
        from graph_comms import AsyncCommunicationsClient
        client = AsyncCommunicationsClient("t", endpoint=f"http://127.0.0.1:{sys.argv[1]}")
        async def get(key):
            return (await client.calls.get(key)).id
        assert asyncio.run(get("first")) == "first"
        before = len(os.listdir("/proc/self/fd"))
        assert [asyncio.run(get(f"k{n}")) for n in range(999)] == [f"k{n}" for n in range(999)]
        gc.collect()
        print(len(os.listdir("/proc/self/fd")) - before, len(client._session._connections._opened))
        """
    assert run(program, server.port) == "0 0\n"


def test_a_client_that_is_dropped_in_a_running_loop_closes_its_connections(
    server: GraphServer,
) -> None:
    program = """if True:
        import asyncio, sys
        from graph_comms import AsyncCommunicationsClient
        async def main():
            client = AsyncCommunicationsClient("t", endpoint=f"http://127.0.0.1:{sys.argv[1]}")
            print((await client.calls.get("k")).id)
            del client
        asyncio.run(main())
        """
    assert run(program, server.port) == "k\n"


def test_loops_in_threads_at_the_same_time() -> None:
    found: dict[int, list[Any]] = {}
    with echo_server() as port:
        client = AsyncCommunicationsClient("token", endpoint=f"http://127.0.0.1:{port}")

        async def work(number: int) -> None:
            keys = [f"{number}-{n}" for n in range(50)]
            got = await asyncio.gather(*(client.calls.get(key) for key in keys))
            found[number] = [one.id == key for one, key in zip(got, keys, strict=True)]

        def start(number: int) -> None:
            asyncio.run(work(number))

        threads = [threading.Thread(target=start, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {n: [True] * 50 for n in range(4)}


def test_a_client_closed_in_one_loop_is_closed_in_all(server: GraphServer) -> None:
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        return "token"

    client = AsyncCommunicationsClient(token, endpoint=f"http://127.0.0.1:{server.port}")
    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(client.calls.get("k"))
        second.run(client.aclose())
        for runner in (first, second):
            with pytest.raises(RuntimeError, match="this client is closed"):
                runner.run(client.calls.get("k"))
        first.run(client.aclose())
    assert (len(asked), len(server.requests)) == (1, 1)


def test_a_closed_synchronous_client(server: GraphServer) -> None:
    with CommunicationsClient("token", endpoint=f"http://127.0.0.1:{server.port}") as client:
        client.close()
        with pytest.raises(RuntimeError, match="this client is closed"):
            client.calls.get("k")
    assert server.requests == []


def test_loops_that_were_closed_without_a_shutdown_are_forgotten(server: GraphServer) -> None:
    client = client_of(server)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.calls.get("k"))
    connections = client._session._connections  # pyright: ignore
    [opened] = list(connections._opened.values())  # pyright: ignore
    loop.run_until_complete(opened.client.aclose())  # so that no socket is left to warn of
    del opened
    loop.close()
    asyncio.run(client.calls.get("k"))
    assert list(connections._opened) == []  # pyright: ignore


FORKS = """if True:
    import asyncio, os, sys
    from graph_comms import AsyncCommunicationsClient, CommunicationsClient
    cls = {cls}
    client = cls("t", endpoint="http://127.0.0.1:" + sys.argv[1])
    def get(*keys):
        if cls is CommunicationsClient:
            return [client.calls.get(key).id for key in keys]
        async def all():
            return [(await client.calls.get(key)).id for key in keys]
        return asyncio.run(all())
    get("before")
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            keys = [f"{{number}}-{{n}}" for n in range(25)]
            os._exit(get(*keys) != keys)
        children.append(child)
    keys = [f"parent-{{n}}" for n in range(25)]
    assert get(*keys) == keys
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
    client.close() if cls is CommunicationsClient else asyncio.run(client.aclose())
    """

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
@pytest.mark.parametrize("cls", ["CommunicationsClient", "AsyncCommunicationsClient"])
def test_forked_children_get_their_own_answers(server: GraphServer, cls: str) -> None:
    assert run(FORKS.format(cls=cls), server.port) == "[0, 0, 0, 0]\n"


@needs_fork
def test_a_fork_does_not_wait_for_a_thread_of_the_parent() -> None:
    program = """if True:
        import os, socket, threading, warnings
        from graph_comms import CommunicationsClient
        warnings.simplefilter("ignore", DeprecationWarning)
        listener = socket.create_server(("127.0.0.1", 0))
        client = CommunicationsClient("t", endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=client.calls.get, args=("hangs",), daemon=True).start()
        first, _ = listener.accept()  # the thread waits for its answer
        client._session._connections._lock.acquire()
        child = os.fork()
        if not child:
            os._exit(client.calls.get("child").id != "child")
        second, _ = listener.accept()
        second.recv(65536)
        second.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 14\\r\\n\\r\\n{"id":"child"}')
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        os._exit(0)
        """
    assert run(program, 0) == "0\n"
