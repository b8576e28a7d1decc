"""The connection to an IMAP server is cut at every step. The reader gets an error in a sentence, and loses no mail."""

import pytest

from plugins import AccountUnavailableError, IncomingMail
from plugins.mailboxes.imap.mailbox import ImapMailbox
from tests.dovecot import PASSWORD, Account, needs_dovecot
from tests.plugins.cutting import Cutting
from tests.plugins.mailboxes.imap_mails import SINCE, mail, read
from tests.plugins.scripted import HANG, ScriptedServer

pytestmark = needs_dovecot

CODES = {"CONNECTION_FAILED", "UNEXPECTED_REPLY", "TIMEOUT", "MAILBOX_REFUSED", "FOLDER_MISSING"}
STEP = 97
"""Bytes between two cuts. All answers of one session have about 3,000."""


def plain(account: Account, port: int) -> dict[str, str]:
    """Return the environment of an account without TLS, through a proxy."""
    url = account.url(security="none", cafile=None, timeout=60)
    return {"TOUCHLINE_IMAP_URL": url.replace(str(account.server.port), str(port)).replace("&cafile=None", "")}


async def session_of(environment: dict[str, str], cursors: dict[str, str]) -> list[IncomingMail]:
    """Read what is new, and keep the cursors of the batches that came whole."""
    async with ImapMailbox(environment).open("imap") as session:
        return await read(session, cursors)


async def test_a_cut_at_any_step_loses_no_mail(account: Account) -> None:
    account.deliver(mail(1), mail(2))
    account.deliver(mail(3), folder="Junk")
    whole = Cutting(account.server.port)
    async with whole as port:
        assert len(await session_of(plain(account, port), {})) == 3
    assert whole.passed > 1_000
    codes = set()
    for cut_after in range(1, whole.passed - 60, STEP):
        cursors: dict[str, str] = {}
        async with Cutting(account.server.port, cut_after) as port:
            keys = set()
            try:
                async with ImapMailbox(plain(account, port)).open("imap") as session:
                    async for batch in session.mails({}, SINCE):
                        keys |= {each.key for each in batch.mails}
                        cursors[batch.folder] = batch.cursor
            except AccountUnavailableError as error:
                codes.add(error.code)
                assert "localhost" in error.detail
                assert PASSWORD not in error.detail
        rest = await session_of(plain(account, account.server.port), cursors)
        assert len(keys | {each.key for each in rest}) == 3, cut_after
        assert len(keys) + len(rest) == 3, f"twice, after a cut at {cut_after}"
    assert codes <= CODES
    assert "CONNECTION_FAILED" in codes


async def test_a_cut_while_waiting_is_an_error(account: Account) -> None:
    proxy = Cutting(account.server.port)
    async with proxy as port, ImapMailbox(plain(account, port)).open("imap") as session:
        await read(session, {})
        needed = proxy.passed
    proxy = Cutting(account.server.port, needed + 300)
    async with proxy as port:
        with pytest.raises(AccountUnavailableError) as error:
            async with ImapMailbox(plain(account, port)).open("imap") as session:
                while True:
                    await read(session, {})
                    await session.wait(0.01)
    assert error.value.code in CODES


GREETINGS = {
    b"220 smtp.example.org ESMTP": "CONNECTION_FAILED",
    b"\x16\x03\x01\x00\x00": "CONNECTION_FAILED",
    b"* BYE too many connections": "MAILBOX_REFUSED",
    b"HTTP/1.1 400 Bad Request": "CONNECTION_FAILED",
    HANG: "TIMEOUT",
}


@pytest.mark.parametrize("greeting", GREETINGS)
async def test_another_server_is_no_mailbox(greeting: bytes) -> None:
    scripted = ScriptedServer({"GREETING": greeting})
    seconds = 0.3 if greeting == HANG else 30
    async with scripted.running():
        url = f"imap://rep:secret-word@127.0.0.1:{scripted.port}?security=none&timeout={seconds}"
        with pytest.raises(AccountUnavailableError) as error:
            async with ImapMailbox({"TOUCHLINE_IMAP_URL": url}).open("imap"):
                pass
    assert error.value.code == GREETINGS[greeting], error.value.detail
    assert error.value.detail.startswith(f"Could not connect to 127.0.0.1:{scripted.port}: ")
    assert "secret-word" not in error.value.detail
