"""The channels that reach no server: "outbox" and "record"."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins import AccountUnavailableError, Outcome, Outgoing
from plugins.channels.outbox import OutboxChannel, file_name

Make = Callable[..., Outgoing]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_an_email_is_one_file_and_a_repeat_replaces_it(tmp_path: Path, outgoing: Make, permission: Any) -> None:
    folder = tmp_path / "a" / "b"
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(folder)}).connect({}) as session:
        receipt = await session.deliver(outgoing(), permission)
        assert receipt.outcome is Outcome.SENT
        assert files(folder) == ["s1_ann@example.com.eml"]
        await session.deliver(outgoing(message=b"Subject: 2\r\n\r\n"), permission)
        assert files(folder) == ["s1_ann@example.com.eml"]
        assert (folder / "s1_ann@example.com.eml").read_bytes() == b"Subject: 2\r\n\r\n"
        await session.deliver(outgoing(send_id="s2"), permission)
        assert len(files(folder)) == 2


async def test_the_file_is_complete_before_permission_is_asked(tmp_path: Path, outgoing: Make) -> None:
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:

        async def look() -> bool:
            (only,) = files(tmp_path)
            assert only.startswith(".")
            assert only.endswith(".tmp")
            assert (tmp_path / only).read_bytes() == outgoing().message
            return True

        await session.deliver(outgoing(), look)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "DISK_FULL"), (errno.EACCES, "NOT_WRITABLE"), (errno.EIO, "DISK_ERROR")]
)
async def test_trouble_with_the_disk_is_the_accounts_and_leaves_nothing(
    call: str, number: int, code: str, tmp_path: Path, outgoing: Make, permission: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:
        with monkeypatch.context() as patch:
            patch.setattr(f"plugins.channels.outbox_folder.os.{call}", fail)
            receipt = await session.deliver(outgoing(), permission)
        assert (receipt.outcome, receipt.code) == (Outcome.ACCOUNT_UNAVAILABLE, code)
        assert str(tmp_path) not in receipt.detail, "tenants read it"
        assert permission.asked == (1 if call == "replace" else 0)
        assert files(tmp_path) == []
        assert (await session.deliver(outgoing(), permission)).outcome is Outcome.SENT


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AccountUnavailableError) as caught:
        async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path / "file" / "x")}).connect({}):
            raise AssertionError("opened")
    assert caught.value.code == "DISK_ERROR"
    assert str(tmp_path) not in caught.value.detail


async def test_the_emails_are_for_this_service_s_user_alone(tmp_path: Path, outgoing: Make, permission: Any) -> None:
    folder, usual = tmp_path / "new" / "outbox", os.umask(0)
    try:
        async with OutboxChannel({"TOUCHLINE_OUTBOX": str(folder)}).connect({}) as session:
            receipt = await session.deliver(outgoing(), permission)
    finally:
        os.umask(usual)
    assert str(tmp_path) not in receipt.detail
    (email,) = files(folder)
    rights = [stat.S_IMODE(each.stat().st_mode) for each in (folder, folder.parent, folder / email)]
    assert rights == [0o700, 0o700, 0o600]


async def test_a_folder_that_takes_nothing_is_told_to_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path / "outbox")})
    assert await channel.trouble() is None
    assert files(tmp_path / "outbox") == []

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("plugins.private_files.os.write", fail)
    assert await channel.trouble() == "The disk of the outbox folder is full."
    assert files(tmp_path / "outbox") == []


@pytest.mark.parametrize(
    ("send_id", "recipient"),
    [
        ("../../etc/passwd", "../x@y"),
        ("s\x00\n", "a/b\\c@example.com"),
        ("s" * 300, "ä" * 300 + "@example.com"),
        (".hidden", "x@y"),
        ("s", "\udc80@y"),
    ],
)
def test_names_are_safe(send_id: str, recipient: str) -> None:
    name = file_name(send_id, recipient)
    assert os.path.basename(name) == name
    assert name.isascii()
    assert name.isprintable()
    assert not name.startswith(".")
    assert len(name) < 200
    assert name == file_name(send_id, recipient)


def test_names_sort_by_send_and_never_meet() -> None:
    assert file_name("0190-a", "zoe@y") < file_name("0190-b", "ann@y")
    pairs = [("1", "2_x@y"), ("1_2", "x@y"), ("a/b", "x@y"), ("a_b", "x@y"), ("s", "a b@y"), ("s", "a_b@y")]
    assert len({file_name(*pair) for pair in pairs}) == len(pairs)


def test_the_folder_without_a_setting() -> None:
    assert OutboxChannel({}).folder == OutboxChannel({"TOUCHLINE_OUTBOX": ""}).folder == Path("touchline-data/outbox")
