"""Emails with CC and BCC: one transmission to all recipients, and what a rejected recipient does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins import Outcome, Outgoing
from plugins.channels.outbox import OutboxChannel
from plugins.channels.record import RecordChannel
from tests.plugins.channels.test_outbox import files
from tests.plugins.channels.test_smtp import channel
from tests.plugins.scripted import DROP, ScriptedServer

Make = Callable[..., Outgoing]
COPIES = ("cc@example.com", "bcc@example.com")
TO, CC, BCC = (f"RCPT TO:<{address}>" for address in ("ann@example.com", *COPIES))
PIPELINING = {"EHLO": b"250-here\r\n250 PIPELINING"}
BOTH = pytest.mark.parametrize("together", [PIPELINING, {}], ids=["pipelining", "one by one"])


@BOTH
async def test_all_recipients_get_one_message(together: dict[str, bytes], outgoing: Make, permission: Any) -> None:
    async with ScriptedServer(together).running() as server, channel(server).connect({}) as session:
        for number in (1, 2):
            receipt = await session.deliver(outgoing(copies=COPIES), permission)
            assert (receipt.outcome, receipt.refused_copies) == (Outcome.SENT, ())
            assert server.verbs.count("RCPT") == 3 * number
            assert len(server.contents) == number
        assert [line.decode().strip() for line in server.lines if line.startswith(b"RCPT")][:3] == [TO, CC, BCC]
        assert b"bcc@" not in server.contents[0]


@BOTH
@pytest.mark.parametrize("reply", [b"550 5.1.1 no such user", b"450 try later", b"452 4.5.3 too many recipients"])
async def test_a_rejected_copy_stops_nobody_else(
    together: dict[str, bytes], reply: bytes, outgoing: Make, permission: Any
) -> None:
    async with ScriptedServer({**together, CC: reply}).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(copies=COPIES), permission)
        assert receipt.outcome is Outcome.SENT
        ((address, answer),) = receipt.refused_copies
        assert address == "cc@example.com"
        assert reply.decode() in answer
        assert len(server.contents) == 1
        assert permission.asked == 1


@BOTH
async def test_without_the_recipient_nobody_gets_it(
    together: dict[str, bytes], outgoing: Make, permission: Any
) -> None:
    script = {**together, TO: b"550 5.1.1 no such user"}
    async with ScriptedServer(script).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(copies=COPIES), permission)
        assert (receipt.outcome, receipt.refused_copies) == (Outcome.HARD_BOUNCE, ())
        assert (server.contents, permission.asked) == ([], 0)
        # The copy that was accepted is forgotten, before the next email.
        server.script[TO] = b"250 ok"
        assert (await session.deliver(outgoing(copies=()), permission)).outcome is Outcome.SENT
        assert server.verbs[-4:] == ["RSET", "MAIL", "RCPT", "DATA"]


@BOTH
@pytest.mark.parametrize("reply", [b"421 closing", DROP, b"530 log in first"])
async def test_a_connection_that_ends_at_a_copy_sends_nothing(
    together: dict[str, bytes], reply: bytes, outgoing: Make, permission: Any
) -> None:
    async with ScriptedServer({**together, BCC: reply}).running() as server:
        async with channel(server).connect({}) as session:
            receipt = await session.deliver(outgoing(copies=COPIES), permission)
        assert receipt.outcome is Outcome.ACCOUNT_UNAVAILABLE
        assert (server.contents, permission.asked) == ([], 0)


async def test_the_outbox_writes_a_file_for_each_recipient(tmp_path: Path, outgoing: Make, permission: Any) -> None:
    async with OutboxChannel({"TOUCHLINE_OUTBOX": str(tmp_path)}).connect({}) as session:
        receipt = await session.deliver(outgoing(copies=COPIES), permission)
    assert (receipt.outcome, permission.asked) == (Outcome.SENT, 1)
    names = {"s1_ann@example.com.eml", "s1_bcc@example.com.eml", "s1_cc@example.com.eml"}
    assert set(files(tmp_path)) == names
    assert len({(tmp_path / name).read_bytes() for name in names}) == 1
    assert RecordChannel.supports_copies
