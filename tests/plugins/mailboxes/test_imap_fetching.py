"""How mails are divided into batches and searches, and how folders are found."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from imapclient.imapclient import JUNK

from plugins.mailboxes.imap import fetching
from plugins.mailboxes.imap.folders import Listed, _special
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
        ([((), b".", "INBOX.Junk E-mail")], "INBOX.Junk E-mail"),
        ([((), None, "SPAM")], "SPAM"),
        ([((), b"/", "Junk/2025"), ((), b"/", "Work")], None),
    ],
)
def test_the_spam_folder_is_found_by_its_use_or_name(folders: list[Any], expected: str | None) -> None:
    assert _special([Listed(*each) for each in folders], JUNK) == expected
