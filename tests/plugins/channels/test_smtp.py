"""The channel "smtp" against a server that misbehaves on demand: each moment has exactly one outcome."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins import Outcome, Outgoing, Receipt
from plugins.channels.smtp.channel import SmtpChannel
from plugins.channels.smtp.session import content_of
from tests.plugins.scripted import DROP, HANG, ScriptedServer

SENT, DEFERRED, FAILED = Outcome.SENT, Outcome.DEFERRED, Outcome.FAILED
HARD, SOFT = Outcome.HARD_BOUNCE, Outcome.SOFT_BOUNCE
ACCOUNT, DOUBT = Outcome.ACCOUNT_UNAVAILABLE, Outcome.IN_DOUBT
GARBAGE = b"\x00\xff what?"
Make = Callable[..., Outgoing]


def channel(server: ScriptedServer, more: str = "") -> SmtpChannel:
    """Return a channel for a server. ``more`` is added to its URL."""
    address = f"127.0.0.1:{server.port}"
    url = f"smtp://{address}?security=none&timeout=30&final_timeout=30&helo=test{more}"
    return SmtpChannel({"TOUCHLINE_SMTP_URL": url})


def table() -> list[Any]:
    """Every phase with every trouble: what becomes of the email, and the code."""
    before = {
        b"421 closing": (ACCOUNT, "SMTP_421"),
        b"451 later": (DEFERRED, "SMTP_451"),
        b"550 no": (SOFT, "SMTP_550"),
        b"550 5.1.1 unknown": (HARD, "SMTP_550"),
        b"552-5.2.2 the mailbox\r\n552 5.2.2 is full": (SOFT, "SMTP_552"),
        b"550-no\r\n550 such user": (HARD, "SMTP_550"),
        b"503 5.5.1 bad sequence": (FAILED, "SMTP_503"),
        b"530 log in first": (ACCOUNT, "LOGIN_REQUIRED"),
        b"534 5.7.9 an application-specific password is required": (ACCOUNT, "LOGIN_REFUSED"),
        b"454 4.7.0 temporary authentication failure": (ACCOUNT, "LOGIN_DEFERRED"),
        DROP: (ACCOUNT, "CONNECTION_LOST"),
        HANG: (ACCOUNT, "TIMEOUT"),
        GARBAGE: (ACCOUNT, "UNEXPECTED_REPLY"),
        b"999 what": (ACCOUNT, "UNEXPECTED_REPLY"),
        b"334 who": (ACCOUNT, "UNEXPECTED_REPLY"),
    }
    phases = {
        "RSET": {reply: (ACCOUNT, code) for reply, (_, code) in before.items()},
        "MAIL": before
        | {
            b"550 no": (FAILED, "SMTP_550"),
            b"550 5.1.1 unknown": (FAILED, "SMTP_550"),
            b"550 You must authenticate first": (ACCOUNT, "LOGIN_REQUIRED"),
            b"550-no\r\n550 such user": (FAILED, "SMTP_550"),
        },
        "RCPT": before | {b"550 5.7.1 authentication is required": (ACCOUNT, "LOGIN_REQUIRED")},
        "DATA": before | {b"250 taken already": (ACCOUNT, "UNEXPECTED_REPLY")},
        "CONTENT": before
        | {
            b"250 queued": (SENT, "SMTP_250"),
            DROP: (DOUBT, "CONNECTION_LOST"),
            HANG: (DOUBT, "TIMEOUT"),
            GARBAGE: (DOUBT, "UNEXPECTED_REPLY"),
            b"999 what": (DOUBT, "UNEXPECTED_REPLY"),
            b"334 who": (DOUBT, "UNEXPECTED_REPLY"),
        },
    }
    return [
        pytest.param(phase, reply, *expected, id=f"{phase}-{reply!r}")
        for phase, replies in phases.items()
        for reply, expected in replies.items()
    ]


@pytest.mark.parametrize(("phase", "reply", "outcome", "code"), table())
async def test_outcome(phase: str, reply: bytes, outcome: Outcome, code: str, outgoing: Make, permission: Any) -> None:
    async with ScriptedServer({phase: reply}).running() as server:
        async with channel(server).connect({}) as session:
            receipt = await session.deliver(outgoing(), permission)
            assert (receipt.outcome, receipt.code) == (outcome, code), receipt
            assert receipt.detail
            assert receipt.detail.isprintable()
            told = len(server.lines)
            again = await session.deliver(outgoing(), permission)
            if outcome in (ACCOUNT, DOUBT):
                assert again == Receipt(ACCOUNT, "SESSION_OVER", "The connection is closed.")
                assert len(server.lines) == told, "a session that is over sends nothing"
            else:
                assert (again.outcome, again.code) == (outcome, code), "the session goes on after an answer"
                assert server.connections == 1
        assert permission.asked == (0 if phase in ("RSET", "MAIL", "RCPT") else 2 if told < len(server.lines) else 1)
        if phase != "CONTENT":
            assert server.contents == [], "nothing of the email's content left"


async def test_withdrawn_leaves_nothing_and_the_session_goes_on(outgoing: Make, permission: Any, refusal: Any) -> None:
    async with ScriptedServer({}).running() as server, channel(server).connect({}) as session:
        assert (await session.deliver(outgoing(), refusal)).outcome is Outcome.WITHDRAWN
        assert server.verbs == ["EHLO", "RSET", "MAIL", "RCPT", "RSET"]
        assert (await session.deliver(outgoing(), permission)).outcome is SENT
        assert len(server.contents) == 1


async def test_withdrawn_although_the_server_is_gone(outgoing: Make) -> None:
    async with ScriptedServer({}).running() as server, channel(server).connect({}) as session:

        async def withdraw() -> bool:
            server.script["RSET"] = DROP
            return False

        assert (await session.deliver(outgoing(), withdraw)).outcome is Outcome.WITHDRAWN
        assert (await session.deliver(outgoing(), withdraw)).outcome is ACCOUNT


async def test_a_second_answer_in_one_breath_is_never_taken_for_the_verdict(outgoing: Make, permission: Any) -> None:
    script = {"DATA": b"354 go\r\n250 queued", "CONTENT": b"550 no"}
    async with ScriptedServer(script).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(), permission)
        assert (receipt.outcome, receipt.code) == (ACCOUNT, "UNEXPECTED_REPLY")
        assert server.contents == []


async def test_content_is_stuffed_and_keeps_one_end(outgoing: Make, permission: Any) -> None:
    message = b"Subject: x\r\n\r\n.\r\n..two\na\n.\nb\r.\rend"
    async with ScriptedServer({}).running() as server, channel(server).connect({}) as session:
        assert (await session.deliver(outgoing(message=message), permission)).outcome is SENT
        await session.deliver(outgoing(), permission)
        assert server.contents[0] == b"Subject: x\r\n\r\n..\r\n...two\r\na\r\n..\r\nb\r\n..\r\nend\r\n.\r\n"
        assert server.contents[1] == b"Subject: Hello\r\n\r\nHi Ann\r\n.\r\n"


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com\r\nRCPT TO:<eve@example.com>",
        "ann@example.com> SIZE=1",
        "ann@example.com\x00",
        "<ann@example.com>",
        "a nn@example.com",
        "ann@exa mple.com",
        "ann\u2028@example.com",
        '"a>b"@example.com',
        "ann@[127.0.0.1]>",
        "ann",
        "@example.com",
        "ann@",
        "ann@\udc80.com",
    ],
)
@pytest.mark.parametrize("side", ["recipient", "sender"])
async def test_an_address_that_could_be_a_command_never_reaches_the_wire(
    side: str, address: str, outgoing: Make, permission: Any
) -> None:
    async with ScriptedServer({}).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(**{side: address}), permission)
        assert (receipt.outcome, receipt.code) == (FAILED, "ADDRESS_INVALID")
        assert server.verbs == ["EHLO"]
        assert permission.asked == 0


@pytest.mark.parametrize(
    ("recipient", "extensions", "expected"),
    [
        ("ann@münchen.example", "", b"RCPT TO:<ann@xn--mnchen-3ya.example>\r\n"),
        ("ann@straße.example", "", b"RCPT TO:<ann@xn--strae-oqa.example>\r\n"),
        ("änn@example.com", "", None),
        ("änn@example.com", "SMTPUTF8", "RCPT TO:<änn@example.com>\r\n".encode()),
        ('"a b"@example.com', "", b'RCPT TO:<"a b"@example.com>\r\n'),
        ("o'neil+x@example.com", "", b"RCPT TO:<o'neil+x@example.com>\r\n"),
    ],
)
async def test_addresses_beyond_ascii(
    recipient: str, extensions: str, expected: bytes | None, outgoing: Make, permission: Any
) -> None:
    greeting = f"250-here\r\n250 {extensions or 'HELP'}".encode()
    async with ScriptedServer({"EHLO": greeting}).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(recipient), permission)
        if expected is None:
            assert (receipt.outcome, receipt.code) == (FAILED, "SMTPUTF8_REQUIRED")
            assert server.verbs == ["EHLO"]
        else:
            assert receipt.outcome is SENT
            assert expected in server.lines
            assert (b"MAIL FROM:<rep@example.org> SMTPUTF8\r\n" in server.lines) == (
                not recipient.isascii() and bool(extensions)
            )


async def test_a_long_answer_is_tidied(outgoing: Make, permission: Any) -> None:
    reply = b"550-no\x07 \x1b[31m" + b"x" * 700 + b"\r\n550 \xff end"
    async with ScriptedServer({"RCPT": reply}).running() as server, channel(server).connect({}) as session:
        receipt = await session.deliver(outgoing(), permission)
        assert receipt.outcome is SOFT
        assert len(receipt.detail) == 500
        assert receipt.detail.isprintable()


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"x", b"\r\n.\r\n"]), max_size=12).map(b"".join))
def test_the_content_is_what_the_library_would_send(message: bytes) -> None:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message.removesuffix(b"\r\n") + b"\r\n")
    sent = content_of(message)
    assert sent == re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"
    assert sent.count(b"\r\n.\r\n") + sent.startswith(b".\r\n") == 1, "nothing in it is taken for its end"
