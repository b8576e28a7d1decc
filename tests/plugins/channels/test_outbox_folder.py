"""An email in the outbox is reported only when its data and its name are on the disk. Many emails share a sync."""

import asyncio
import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins import Outcome, Outgoing
from plugins.channels import outbox_folder
from plugins.channels.outbox import OutboxChannel, file_name

Make = Callable[..., Outgoing]
EMAILS = 40
CRASH = """
import asyncio, os, sys
from plugins import Outgoing
from plugins.channels.outbox import OutboxChannel

async def permit():
    return True

async def main():
    async with OutboxChannel({"TOUCHLINE_OUTBOX": sys.argv[1]}).connect({}) as session:
        async def deliver(number):
            message = b"Subject: x" + b"\\r\\n" + str(number).encode() * 500
            receipt = await session.deliver(Outgoing(f"s{number}", "g@x", "ann@example.com", message), permit)
            os.write(1, f"{number} {receipt.outcome}\\n".encode())
        await asyncio.gather(*(deliver(number) for number in range(500)))

asyncio.run(main())
"""


class Disk:
    """The calls that the folder makes: which kind, and for which file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.first_sync = threading.Event()
        """Set when the folder is synced for the first time."""
        self.go_on = threading.Event()
        """The first sync of the folder waits for it."""
        fsync, replace = os.fsync, os.replace

        def synced(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                first = not self.first_sync.is_set()
                self.first_sync.set()
                if first:
                    assert self.go_on.wait(60)
                fsync(descriptor)
                self.calls.append("sync folder")
            else:
                fsync(descriptor)
                self.calls.append(f"sync {os.readlink(f'/proc/self/fd/{descriptor}').rpartition('/')[2]}")

        def replaced(source: Path, target: Path) -> None:
            replace(source, target)
            self.calls.append(f"rename {source.name} {target.name}")

        monkeypatch.setattr(outbox_folder.os, "fsync", synced)
        monkeypatch.setattr(outbox_folder.os, "replace", replaced)


async def test_emails_share_the_syncs_of_the_folder(
    tmp_path: Path, outgoing: Make, permission: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, reported = Disk(monkeypatch), dict[str, int]()
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:

        async def deliver(number: int) -> None:
            receipt = await session.deliver(outgoing(send_id=f"s{number}"), permission)
            assert receipt.outcome is Outcome.SENT
            reported[file_name(f"s{number}", "ann@example.com")] = len(disk.calls)

        first = asyncio.create_task(deliver(0))
        await asyncio.to_thread(disk.first_sync.wait, 20)
        others = [asyncio.create_task(deliver(number)) for number in range(1, EMAILS)]
        while permission.asked < EMAILS:  # noqa: ASYNC110 - the others have been written
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert reported == {}  # the folder is not on the disk yet
        disk.go_on.set()
        await asyncio.gather(first, *others)
    assert disk.calls.count("sync folder") == 2  # one for the first, and one for all others
    assert sum(call.startswith("sync .") for call in disk.calls) == EMAILS
    for name, at in reported.items():
        (renamed,) = [index for index, call in enumerate(disk.calls) if call.endswith(f" {name}")]
        temporary = disk.calls[renamed].split()[1]
        assert disk.calls.index(f"sync {temporary}") < renamed, "the data are on the disk before the file is visible"
        assert "sync folder" in disk.calls[renamed:at], "the name is on the disk before the email is reported"


async def test_one_that_cannot_be_renamed_fails_alone(tmp_path: Path, outgoing: Make, permission: Any) -> None:
    (tmp_path / file_name("s3", "ann@example.com")).mkdir()
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:
        emails = [session.deliver(outgoing(send_id=f"s{number}"), permission) for number in range(8)]
        outcomes = [receipt.outcome for receipt in await asyncio.gather(*emails)]
    assert outcomes == [Outcome.SENT] * 3 + [Outcome.ACCOUNT_UNAVAILABLE] + [Outcome.SENT] * 4
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


@pytest.mark.parametrize(
    ("number", "outcome"), [(errno.EIO, Outcome.IN_DOUBT), (errno.EINVAL, Outcome.SENT), (errno.EPERM, Outcome.SENT)]
)
async def test_an_unconfirmed_name_is_in_doubt(
    tmp_path: Path, outgoing: Make, permission: Any, monkeypatch: pytest.MonkeyPatch, number: int, outcome: Outcome
) -> None:
    fsync = os.fsync

    def synced(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(outbox_folder.os, "fsync", synced)
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:
        receipt = await session.deliver(outgoing(), permission)
    assert receipt.outcome is outcome
    assert receipt.code == ("NOT_SYNCED" if outcome is Outcome.IN_DOUBT else "WRITTEN")
    assert (tmp_path / "s1_ann@example.com.eml").read_bytes() == outgoing().message


async def test_a_session_that_is_stopped_publishes_nothing(
    tmp_path: Path, outgoing: Make, permission: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:
        first = asyncio.create_task(session.deliver(outgoing(send_id="s1"), permission))
        await asyncio.to_thread(disk.first_sync.wait, 20)
        second = asyncio.create_task(session.deliver(outgoing(send_id="s2"), permission))
        while permission.asked < 2:  # noqa: ASYNC110 - the second waits for the folder
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        second.cancel()
        disk.go_on.set()
        assert (await first).outcome is Outcome.SENT
        with pytest.raises(asyncio.CancelledError):
            await second
    assert os.listdir(tmp_path) == ["s1_ann@example.com.eml"]


def test_a_crash_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", CRASH, str(tmp_path)]
    reported: list[list[str]] = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reported += [process.stdout.readline().split() for _ in range(60)]
        process.kill()
        reported += [line.split() for line in process.stdout.read().splitlines()]
    assert {outcome for _, outcome in reported} == {"SENT"}
    for number, _ in reported:
        content = (tmp_path / file_name(f"s{number}", "ann@example.com")).read_bytes()
        assert content == b"Subject: x\r\n" + number.encode() * 500
