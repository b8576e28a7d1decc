"""How mails are divided into batches and searches, and how folders are listed and found."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.imapclient import JUNK

from plugins.incoming import MAX_MAIL_BYTES
from plugins.mailboxes.imap import fetching
from plugins.mailboxes.imap.folders import Listed, _special, folders_to_read
from plugins.mailboxes.imap.url import parse
from tests.plugins.mailboxes.imap_mails import SINCE


def test_batches_are_limited_by_bytes() -> None:
    listed = [fetching.Listed(number, size, SINCE) for number, size in enumerate([900_000] * 9 + [50_000_000] * 2)]
    assert [len(batch) for batch in fetching.batches(listed)] == [4, 4, 3]


def test_a_search_covers_all_uids_unless_it_could_find_too_many() -> None:
    assert fetching.Folder("INBOX", 1, 1_700_000_000, 40_000).window == 1_700_000_000
    assert fetching.Folder("INBOX", 1, 1_000_001, 1_000_000).window == fetching.WINDOW
    assert fetching.Folder("INBOX", 1, 1_700_000_000, 100_000).window == 425_000_000


def test_times_that_have_no_utc_are_replaced() -> None:
    assert fetching._utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), SINCE) == SINCE
    assert fetching._utc(datetime(2026, 3, 2), SINCE) == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ([((b"\\HasNoChildren", b"\\Junk"), b"/", "[Gmail]/Spam"), ((), b"/", "Junk")], "[Gmail]/Spam"),
        ([((b"\\HASNOCHILDREN", b"\\JUNK"), b"/", "Werbung")], "Werbung"),
        ([((), b".", "INBOX.Junk E-mail")], "INBOX.Junk E-mail"),
        ([((), None, "SPAM")], "SPAM"),
        ([((), b"/", "Junk/2025"), ((), b"/", "Work")], None),
    ],
)
def test_the_spam_folder_is_found_by_its_use_or_name(folders: list[Any], expected: str | None) -> None:
    assert _special([Listed(*each) for each in folders], JUNK) == expected


def lister(*lines: bytes) -> Any:
    """Return a client whose server lists these folders."""
    client: Any = object.__new__(IMAPClient)
    client.folder_encode = True
    client._do_list = lambda *_: client._proc_folder_list(lines)
    return client


@pytest.mark.parametrize("name", [b"R&D", b"a&A-", b"a&\xe9-", b"&2AA-"])
def test_a_folder_whose_name_cannot_be_read_does_not_stop_the_others(
    name: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client = lister(b'() "/" INBOX', b'() "/" "%b"' % name, b'(\\Junk) "/" "M&APw-ll &-Co"')
    assert folders_to_read(client, parse("imap://u:p@h")).names == ["INBOX", "M\u00fcll &Co"]
    assert repr(name)[2:-1] in caplog.text
    assert client.folder_encode, "names of folders are encoded again"


@pytest.mark.parametrize("attribute", [b"\\Noselect", b"\\NoSelect", b"\\NOSELECT", b"\\NonExistent"])
def test_a_name_without_a_folder_is_not_opened(attribute: bytes) -> None:
    client = lister(b'() "/" INBOX', b'(%b \\Junk) "/" Junk' % attribute, b'() "/" 2026')
    assert folders_to_read(client, parse("imap://u:p@h")).names == ["INBOX"]
    assert folders_to_read(client, parse("imap://u:p@h?spam=2026")).names == ["INBOX", "2026"]


def test_a_mail_is_read_from_a_server_that_ignores_the_limit() -> None:
    class Whole:
        """A server that names the whole content, has deleted a mail, and knows no content of another."""

        def fetch(self, *_: object) -> dict[int, dict[bytes, bytes | None]]:
            return {1: {b"BODY[]<0>": b"part"}, 2: {b"BODY[]": b"x" * 3_000_000}, 3: {b"BODY[]<0>": None}}

    listed = [fetching.Listed(uid, 4, SINCE) for uid in (1, 2, 3, 4)]
    mails = fetching.fetch(Whole(), fetching.Folder("INBOX", 1, 5, 4), listed)
    assert [len(each.data) for each in mails] == [4, MAX_MAIL_BYTES]
