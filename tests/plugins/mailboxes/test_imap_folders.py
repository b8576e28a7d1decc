"""A folder that is missing or cannot be opened does not delay the others. The server is a real one, Dovecot."""

import pytest

from plugins import AccountUnavailableError
from tests.dovecot import Account, needs_dovecot
from tests.plugins.mailboxes.imap_mails import mail, opened, read, subjects

pytestmark = needs_dovecot


async def test_a_folder_that_is_missing_is_named_with_those_that_are_there(account: Account) -> None:
    account.deliver(mail(1))
    cursors: dict[str, str] = {}
    async with opened(account.url(spam="Spam/öd")) as session:
        assert subjects(await read(session, cursors)) == ["Mail 1"]
        error = session.problem
        assert error is not None
        assert error.code == "FOLDER_MISSING"
        assert error.detail.startswith(f"The account on localhost:{account.server.port} has no folder 'Spam/öd'.")
        assert "INBOX, Junk, Sent Items" in error.detail
        with account.client() as client:
            client.create_folder("Spam/öd")
        account.deliver(mail(2), folder="Spam/öd")
        assert subjects(await read(session, cursors)) == ["Mail 2"]
        assert session.problem is None


@pytest.mark.parametrize(("broken", "left"), [("Junk", "INBOX"), ("INBOX", "Junk")])
async def test_a_folder_that_cannot_be_opened_does_not_delay_the_others(
    account: Account, broken: str, left: str
) -> None:
    account.deliver(mail(1), folder=broken)
    account.deliver(mail(2), folder=left)
    place = account.maildir / ("cur" if broken == "INBOX" else ".Junk")
    cursors: dict[str, str] = {}
    async with opened(account.url()) as session:
        place.chmod(0)
        assert subjects(await read(session, cursors)) == ["Mail 2"]
        assert session.problem is not None
        assert session.problem.code == "MAILBOX_REFUSED"
        assert f"open {broken!r} on" in session.problem.detail or f"read {broken!r} on" in session.problem.detail
        await session.wait(0.01)
        account.deliver(mail(3), folder=left)
        assert subjects(await read(session, cursors)) == ["Mail 3"]
        place.chmod(0o700)
        assert subjects(await read(session, cursors)) == ["Mail 1"]
        assert session.problem is None
    assert cursors.keys() == {"INBOX", "Junk"}


async def test_an_account_without_a_folder_that_can_be_opened_fails(account: Account) -> None:
    account.deliver(mail(1), folder="Junk")
    (account.maildir / ".Junk").chmod(0)
    async with opened(account.url(inbox="Gone")) as session:
        with pytest.raises(AccountUnavailableError) as error:
            await read(session, {})
    assert error.value.code == "FOLDER_MISSING"
