"""A process runs on uvloop if it is installed, and on asyncio's loop otherwise."""

import asyncio
import sys
from types import SimpleNamespace

import pytest

from api import event_loop
from api.loop_watch import IDLE, stack_of


async def loop_name() -> str:
    """Return the module of the running loop."""
    return type(asyncio.get_running_loop()).__module__


def test_without_uvloop_asyncio_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert event_loop.run(loop_name()).startswith("asyncio.")


def test_uvloop_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    loops = []

    def new_event_loop() -> asyncio.AbstractEventLoop:
        loops.append(asyncio.new_event_loop())
        return loops[-1]

    monkeypatch.setitem(sys.modules, "uvloop", SimpleNamespace(new_event_loop=new_event_loop))

    async def running() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert event_loop.run(running()) is loops[0]
    assert loops[0].is_closed()


def test_the_real_uvloop_waits_as_an_idle_loop() -> None:
    pytest.importorskip("uvloop")

    async def look() -> str:
        thread = main.ident
        assert thread is not None
        return await asyncio.to_thread(lambda: (sleep(0.05), stack_of(thread))[1])

    from threading import current_thread
    from time import sleep

    main = current_thread()
    assert event_loop.run(loop_name()).startswith("uvloop")
    assert event_loop.run(look()).startswith(IDLE)
