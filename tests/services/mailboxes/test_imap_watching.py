"""A real IMAP server and a database: many mails at little memory, and a rebuilt server that counts nothing twice."""

from collections.abc import Iterator

import pytest

from api.clock import system_clock
from api.models import IncomingEvent, MailboxFolder
from api.services.mailboxes.watcher import MailboxWatcher
from plugins.mailboxes.imap import fetching
from plugins.mailboxes.imap.mailbox import ImapMailbox
from tests.cases import how_many
from tests.databases import on_sqlite
from tests.dovecot import Account, Dovecot, dovecot, needs_dovecot
from tests.plugins.mailboxes.imap_mails import mail
from tests.services.mailboxes.scripted import process

pytestmark = needs_dovecot


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def account(server: Dovecot) -> Account:
    return server.account()


def watcher_of(account: Account) -> MailboxWatcher:
    return process(ImapMailbox({"TOUCHLINE_IMAP_URL": account.url()}), system_clock)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_thousands_of_mails_are_read_in_small_batches(
    account: Account, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = how_many(2_500, 10_000)
    account.write(mail(number) for number in range(many))
    account.write([mail(many, "x" * 3_000_000)])
    sizes: list[tuple[int, int]] = []
    fetch = fetching._fetch

    def counted(*args: object) -> object:
        mails = fetch(*args)  # type: ignore[arg-type]
        sizes.append((len(mails), sum(len(each.data) for each in mails)))
        return mails

    monkeypatch.setattr(fetching, "_fetch", counted)
    await watcher_of(account).check_once()
    assert await IncomingEvent.all().count() == many + 1
    assert max(mails for mails, _ in sizes) <= fetching.BATCH_MAILS
    assert max(size for _, size in sizes) <= fetching.BATCH_BYTES


async def test_a_rebuilt_server_counts_nothing_twice(account: Account, database: str) -> None:
    account.deliver(mail(1), mail(2), mail(3, message_id=False))
    account.deliver(mail(1), folder="Junk")
    await watcher_of(account).check_once()
    assert await IncomingEvent.all().count() == 3
    account.change_uidvalidity()
    account.deliver(mail(4))
    await watcher_of(account).check_once()
    await watcher_of(account).check_once()
    assert await IncomingEvent.all().count() == 4
    assert {(each.name, each.mails) for each in await MailboxFolder.all()} == {("INBOX", 4), ("Junk", 0)}


@on_sqlite
async def test_a_mail_that_is_moved_counts_once(account: Account, database: str) -> None:
    account.deliver(mail(1))
    await watcher_of(account).check_once()
    with account.client() as client:
        client.select_folder("INBOX")
        client.move(client.search(), "Junk")
    await watcher_of(account).check_once()
    assert await IncomingEvent.all().count() == 1
