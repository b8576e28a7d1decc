"""The key of a mail: equal for copies, different for different mails."""

import pytest

from plugins.incoming import MAX_KEY_CHARACTERS
from plugins.mailboxes.imap.mail_key import mail_key

MAIL = (
    b"Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0000\r\nFrom: Ada <ada@x.org>\r\nTo: rep@y.org\r\n"
    b"Subject: A long\r\n subject\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@x.org>\r\n\r\nHello\r\n"
)
ANONYMOUS = MAIL.replace(b"Message-ID: <1@x.org>\r\n", b"")
COPIES = {
    "delivered again": (b"from a by b", b"from c by d"),
    "with the spam filter's verdict": (b"To: rep", b"X-Spam-Status: Yes\r\nDelivered-To: rep@y.org\r\nTo: rep"),
    "folded in another way": (b"A long\r\n subject", b"A long subject"),
    "with the name of a field in capitals": (b"Message-ID", b"MESSAGE-ID"),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("mail", [MAIL, ANONYMOUS])
def test_a_copy_has_the_same_key(mail: bytes, change: tuple[bytes, bytes]) -> None:
    assert mail_key(mail.replace(*change)) == mail_key(mail)


OTHERS = {
    "another sender": (b"ada@x.org", b"bob@x.org"),
    "another time": (b"09:00:00 +0000\r\nMessage", b"09:00:01 +0000\r\nMessage"),
    "another subject": (b"A long", b"A short"),
    "another Message-ID": (b"<1@x.org>", b"<2@x.org>"),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_another_mail_has_another_key(change: tuple[bytes, bytes]) -> None:
    assert mail_key(MAIL.replace(*change)) != mail_key(MAIL)


@pytest.mark.parametrize("change", [(b"Hello", b"Hullo"), (b"rep@y.org", b"rap@y.org")])
def test_without_a_message_id_the_whole_content_counts(change: tuple[bytes, bytes]) -> None:
    """Two bounces of one second differ only in the recipient that they name."""
    assert mail_key(ANONYMOUS.replace(*change)) != mail_key(ANONYMOUS)


def test_values_do_not_run_into_each_other() -> None:
    one = b"Message-ID: <1>\r\nFrom: a\r\nSubject: bc\r\n\r\n"
    other = b"Message-ID: <1>\r\nFrom: ab\r\nSubject: c\r\n\r\n"
    assert mail_key(one) != mail_key(other)


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\x00\xff", b"no header", b":\r\n", MAIL.replace(b"\r\n", b"\n")])
def test_every_mail_has_a_key(data: bytes) -> None:
    key = mail_key(data)
    assert key.startswith("mail:")
    assert len(key) <= MAX_KEY_CHARACTERS


def test_line_ends_make_no_difference_with_a_message_id() -> None:
    assert mail_key(MAIL.replace(b"\r\n", b"\n")) == mail_key(MAIL)
