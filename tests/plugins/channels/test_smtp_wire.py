"""An open SMTP connection: answers in any pieces, none too many, and what a server says before it hangs up."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins import Outcome
from plugins.channels.smtp.wire import MAX_ANSWER_BYTES, Reply, UnexpectedReplyError, Wire
from tests.plugins.channels.test_smtp import ACCOUNT, DEFERRED, FAILED, HARD, SENT, SOFT, Make, channel, table
from tests.plugins.scripted import DROP, HANG, ScriptedServer

PIPELINING = b"250-here\r\n250 PIPELINING"


class Line(asyncio.Transport):
    """A connection without a network: it remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...

    def write(self, data: Any) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def exchange(pieces: Iterable[bytes], answers: int, hang_up: bool = False) -> tuple[Wire, list[Reply]]:
    """Ask, and let the answers come in these pieces."""
    wire = Wire(Line())
    asked = asyncio.ensure_future(wire.exchange(b"?", answers, 60))
    await asyncio.sleep(0)
    for piece in filter(None, pieces):  # asyncio never gives an empty one
        wire.data_received(piece)
    if hang_up:
        wire.connection_lost(None)
    return wire, await asked


ANSWERS = b"250-first\r\n250-second\r\n250 third\r\n354\r\n550 5.1.1 \xc3\xa4\n"


@given(st.lists(st.integers(0, len(ANSWERS)), max_size=6).map(sorted))
def test_answers_may_come_in_any_pieces(cuts: list[int]) -> None:
    pieces = [ANSWERS[start:end] for start, end in zip([0, *cuts], [*cuts, len(ANSWERS)], strict=True)]
    wire, replies = asyncio.run(exchange(pieces, 3))
    assert replies == [(250, "first\nsecond\nthird"), (354, ""), (550, "5.1.1 ä")]
    wire.check()


@pytest.mark.parametrize(
    "pieces",
    [
        [b"what?\r\n"],
        [b"25\r\n"],
        [b"250ok\r\n"],
        [b"x" * MAX_ANSWER_BYTES, b"x"],
        [b"250-more\r\n" * MAX_ANSWER_BYTES],
        [b"250-\r\n" * (MAX_ANSWER_BYTES + 1)],
    ],
)
async def test_what_is_no_answer_closes_the_connection(pieces: list[bytes]) -> None:
    wire = Wire(line := Line())
    asked = asyncio.ensure_future(wire.exchange(b"?", 1, 60))
    await asyncio.sleep(0)
    for piece in pieces:
        wire.data_received(piece)
    with pytest.raises(UnexpectedReplyError):
        await asked
    assert line.closed
    with pytest.raises(UnexpectedReplyError):
        await wire.exchange(b"?", 1, 60)
    assert line.written == [b"?"], "nothing more is said"


async def test_an_answer_to_no_question_is_nobodys() -> None:
    wire = Wire(line := Line())
    wire.data_received(b"421 too long idle\r\n")
    assert line.closed
    with pytest.raises(UnexpectedReplyError):
        await wire.exchange(b"?", 1, 60)
    assert line.written == []


@pytest.mark.parametrize(
    "pieces", [[b"354 go\r\n", b"250 queued\r\n"], [b"354 go\r\n250 queued\r\n"], [b"354 go\r\n421-clo"]]
)
async def test_what_comes_behind_the_answer_that_was_wanted_is_not_taken_for_the_next(pieces: list[bytes]) -> None:
    wire, replies = await exchange(pieces, 1)
    assert replies == [(354, "go")]
    with pytest.raises(UnexpectedReplyError):
        wire.check()


async def _ask(wire: Wire, seconds: float, *pieces: bytes) -> list[Reply]:
    """Ask for one answer, which comes after the event loop has run due timers."""
    asked = asyncio.ensure_future(wire.exchange(b"?", 1, seconds))
    for _ in range(3):
        await asyncio.sleep(0)
    for piece in pieces:
        wire.data_received(piece)
    return await asked


@pytest.mark.parametrize("first", [600.0, 0.001])
async def test_each_exchange_has_its_own_timeout(first: float) -> None:
    wire = Wire(line := Line())
    asked = asyncio.ensure_future(wire.exchange(b"?", 1, first))
    await asyncio.sleep(0)
    wire.data_received(b"250 ok\r\n")
    assert await asked == [(250, "ok")]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_ask(wire, 0.002), 60)
    assert line.closed


async def test_the_timeout_of_an_answered_exchange_does_not_end_the_next() -> None:
    wire = Wire(Line())
    asked = asyncio.ensure_future(wire.exchange(b"?", 1, 0.0))
    asyncio.get_running_loop().call_soon(wire.data_received, b"250 ok\r\n")
    assert await asked == [(250, "ok")]
    assert await _ask(wire, 600, b"250 later\r\n") == [(250, "later")]
    wire.check()


async def test_a_refusal_stands_when_the_server_hangs_up_behind_it() -> None:
    _, replies = await exchange([b"250 ok\r\n421 closing\r\n"], 3, hang_up=True)
    assert replies == [(250, "ok"), (421, "closing")]
    with pytest.raises(ConnectionError):
        await exchange([b"250 ok\r\n"], 3, hang_up=True)


@pytest.mark.parametrize("late", [False, True])
async def test_whoever_is_cancelled_leaves_no_answer_for_the_next(late: bool) -> None:
    wire = Wire(line := Line())
    asked = asyncio.ensure_future(wire.exchange(b"?", 1, 60))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    if late:
        wire.data_received(b"250 late\r\n")
    with pytest.raises((ConnectionError, UnexpectedReplyError)):
        await wire.exchange(b"?", 1, 60)
    assert line.closed
    assert line.written == [b"?"]


async def test_the_content_leaves_when_the_server_asks_for_it() -> None:
    wire = Wire(line := Line())
    answer = wire.transmit(b"content", 60, 60)
    wire.data_received(b"354-send\r\n354 ")
    assert line.written == [b"DATA\r\n"]
    wire.data_received(b"it\r\n")
    assert line.written == [b"DATA\r\n", b"content"]
    wire.data_received(b"250 queued\r\n")
    assert await answer == [(250, "queued")]
    assert wire.content_sent


@pytest.mark.parametrize("answer", [b"451 later\r\n", b"250 taken already\r\n", b"354 go\r\n250 queued\r\n"])
async def test_the_content_stays_when_the_server_does_not_ask_for_it(answer: bytes) -> None:
    wire = Wire(line := Line())
    wire.content_sent = True  # as an earlier email leaves it
    answered = wire.transmit(b"content", 60, 60)
    wire.data_received(answer)
    assert [reply.code for reply in await answered] == [int(answer[:3])]
    assert (wire.content_sent, line.written) == (False, [b"DATA\r\n"])


@pytest.mark.parametrize("end", ["cancelled", "closing", "lost"])
async def test_the_content_stays_when_nobody_waits_or_the_connection_ends(end: str) -> None:
    wire = Wire(line := Line())
    answered = wire.transmit(b"content", 60, 60)
    if end == "cancelled":
        answered.cancel()
    line.closed = end == "closing"
    wire.data_received(b"354 go\r\n") if end != "lost" else wire.connection_lost(None)
    with pytest.raises((asyncio.CancelledError, ConnectionError)):
        await answered
    assert (wire.content_sent, line.written) == (False, [b"DATA\r\n"])


@pytest.mark.parametrize("sent", [False, True])
async def test_the_answers_to_data_and_to_the_content_have_timeouts_of_their_own(sent: bool) -> None:
    wire = Wire(line := Line())
    answered = wire.transmit(b"content", *((600, 0.002) if sent else (0.002, 600)))
    if sent:
        wire.data_received(b"354 go\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answered, 60)
    assert (wire.content_sent, line.closed) == (sent, True)


@pytest.mark.parametrize(("phase", "reply", "outcome", "code"), table())
async def test_outcomes_are_the_same_where_commands_leave_together(
    phase: str, reply: bytes, outcome: Outcome, code: str, outgoing: Make, permission: Any
) -> None:
    async with ScriptedServer({"EHLO": PIPELINING, phase: reply}).running() as server:
        async with channel(server).connect({}) as session:
            for _ in range(2 if outcome in {SENT, DEFERRED, FAILED, HARD, SOFT} else 1):
                receipt = await session.deliver(outgoing(), permission)
                assert (receipt.outcome, receipt.code) == (outcome, code), receipt
        assert server.connections == 1
        if phase != "CONTENT":
            assert server.contents == [], "nothing of the email's content left"


@pytest.mark.parametrize("behind", [DROP, HANG])
async def test_a_refusal_stands_whatever_follows_it(behind: bytes, outgoing: Make, permission: Any) -> None:
    script = {"EHLO": PIPELINING, "MAIL": b"550 no", "RCPT": behind}
    async with ScriptedServer(script).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(), permission)
        assert (receipt.outcome, receipt.code) == (FAILED, "SMTP_550")
        assert (await session.deliver(outgoing(), permission)).outcome is ACCOUNT, "the connection is used up"


async def test_a_goodbye_behind_the_verdict_leaves_no_doubt(outgoing: Make, permission: Any) -> None:
    async with ScriptedServer({"CONTENT": b"250 queued\r\n421 closing"}).running() as server:
        async with channel(server).connect({}) as session:
            assert (await session.deliver(outgoing(), permission)).outcome is SENT
            assert (await session.deliver(outgoing(), permission)).outcome is ACCOUNT
        assert len(server.contents) == 1
