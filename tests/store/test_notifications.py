"""A change that one process commits wakes the tick loop of another at once."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from glob import glob
from pathlib import Path

import pytest

from api.models import Workspace
from api.services.workspaces.workspaces import create_workspace
from api.store.engine import notifications
from api.store.engine.notifications import Notifier, listen
from api.store.engine.sqlite import wake_sockets
from api.store.engine.transactions import after_transaction, transaction
from tests.live import PATIENCE
from tests.served import NOW

ANNOUNCE = """
import asyncio, os
from api.clock import system_clock
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import close_database, open_database
from api.store.engine.notifications import Notifier
from api.store.engine.transactions import after_transaction, transaction

async def main():
    await open_database(os.environ["TOUCHLINE_DATABASE_URL"])
    notifier = Notifier()
    async with transaction():
        after_transaction(notifier.announce)
        await create_workspace("of another process", system_clock())
    await notifier._notifying
    await close_database()

asyncio.run(main())
"""


@asynccontextmanager
async def listening() -> AsyncIterator[asyncio.Event]:
    """Listen for notifications. The event is set by each of them."""
    heard = asyncio.Event()
    task = asyncio.create_task(listen(heard.set))
    await asyncio.wait_for(heard.wait(), PATIENCE)  # the first call says that we listen
    heard.clear()
    yield heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_process_hears_of_the_change_of_another(database: str) -> None:
    async with listening() as heard:
        environment = {**os.environ, "TOUCHLINE_DATABASE_URL": database, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", ANNOUNCE]
        process = await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=60)
        assert process.returncode == 0
        await asyncio.wait_for(heard.wait(), PATIENCE)
        assert await Workspace.filter(name="of another process").exists()


async def test_no_notification_is_missed(database: str) -> None:
    notifier = Notifier()
    async with listening() as heard:
        for _ in range(20):
            heard.clear()
            notifier.announce()
            await asyncio.wait_for(heard.wait(), PATIENCE)


async def test_a_change_after_a_notification_is_notified_too(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, sending, release = 0, asyncio.Event(), asyncio.Event()

    async def notify(_: object) -> None:
        nonlocal sent
        sent += 1
        sending.set()
        await release.wait()

    monkeypatch.setattr(notifications, "_notify", notify)
    notifier = Notifier(gap=0.0)
    notifier.announce()
    await sending.wait()
    for _ in range(5):
        notifier.announce()  # the notification that is sent now may be too early for these
    release.set()
    assert notifier._notifying is not None
    await notifier._notifying
    assert sent == 2


async def test_a_notification_follows_the_commit(database: str) -> None:
    calls: list[bool] = []

    def call() -> None:
        calls.append(True)

    async with transaction():
        async with transaction():
            await create_workspace("Test", NOW)
            after_transaction(call)
            after_transaction(call)
        assert calls == []
    assert calls == [True]  # several changes of a transaction are one
    after_transaction(call)
    assert calls == [True, True]


async def test_a_failed_transaction_notifies_as_well(database: str) -> None:
    calls: list[bool] = []
    with pytest.raises(RuntimeError):
        async with transaction():
            after_transaction(lambda: calls.append(True))
            raise RuntimeError
    assert calls == [True]
    async with transaction():
        assert calls == [True]
    assert calls == [True]


async def test_a_task_that_outlives_its_transaction_notifies_at_once(database: str) -> None:
    calls, ended = list[bool](), asyncio.Event()

    async def work() -> None:
        await ended.wait()
        after_transaction(lambda: calls.append(True))
        assert calls == [True]

    async with transaction():
        task = asyncio.create_task(work())
    ended.set()
    await task


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_each_process_has_a_socket_of_its_own(database: str) -> None:
    path = database.removeprefix("sqlite://")
    notifier = Notifier()
    async with listening() as one, listening() as other:
        sockets = glob(f"{path}-wake-*")
        assert len(sockets) == 2
        assert {os.stat(each).st_mode & 0o777 for each in sockets} == {0o600}
        notifier.announce()
        await asyncio.wait_for(one.wait(), PATIENCE)
        await asyncio.wait_for(other.wait(), PATIENCE)
    assert glob(f"{path}-wake-*") == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_socket_of_a_crashed_process_is_deleted(database: str) -> None:
    path = database.removeprefix("sqlite://")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as crashed:
        crashed.bind(f"{path}-wake-crashed")
    async with listening() as heard:
        Notifier().announce()
        await asyncio.wait_for(heard.wait(), PATIENCE)
        assert glob(f"{path}-wake-crashed") == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_process_that_does_not_read_delays_nobody(database: str) -> None:
    path = database.removeprefix("sqlite://")
    assert path.startswith("/")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck:
        stuck.bind(f"{path}-wake-stuck")
        async with listening() as heard:
            for _ in range(600):
                wake_sockets.notify(path, notifications.DUE.middle)
            await asyncio.wait_for(heard.wait(), PATIENCE)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_without_sockets_processes_poll(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused(*_: object) -> None:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(wake_sockets, "listen", refused)
    with caplog.at_level("INFO", logger="touchline.tick"):
        await listen(lambda: None)
    assert caplog.messages == ["cannot listen for notifications; polling instead: AF_UNIX path too long"]
