"""The URL of a mailbox: its options, and errors that do not show the password."""

import pytest

from plugins.mailboxes.imap.mailbox import ImapMailbox, check_accounts
from plugins.mailboxes.imap.url import OPTIONS, parse

GOOD = "imaps://rep%40example.org:p%40ss@mail.example.org"


def test_the_defaults() -> None:
    settings = parse(GOOD)
    assert (settings.host, settings.port, settings.security) == ("mail.example.org", 993, "tls")
    assert (settings.username, settings.password) == ("rep@example.org", "p@ss")
    assert (settings.inbox, settings.spam, settings.sent) == ("INBOX", "auto", "none")
    assert (settings.poll, settings.idle, settings.timeout) == (60.0, True, 30.0)
    assert "p@ss" not in repr(settings)


def test_starttls_is_the_default_of_imap() -> None:
    settings = parse("imap://rep:word@mail.example.org")
    assert (settings.port, settings.security) == (143, "starttls")


def test_all_options() -> None:
    options = "inbox=Post%2FEin&spam=none&sent=Gesendet&poll=5&idle=off&timeout=3&cafile=%2Fca.pem"
    settings = parse(f"{GOOD}:1993?{options}")
    assert (settings.inbox, settings.spam, settings.sent) == ("Post/Ein", "none", "Gesendet")
    assert (settings.port, settings.poll, settings.idle, settings.timeout) == (1993, 5.0, False, 3.0)
    assert settings.cafile == "/ca.pem"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://rep:topsecret@h", "It must begin with imap:// or imaps://."),
        ("imaps://mail.example.org", "It names no user: imaps://user:password@host:993."),
        ("imaps://rep:topsecret@", "It names no host."),
        ("imaps://rep:topsecret@h/folder", "It is not of the form imap://user:password@host:143."),
        ("imaps://rep:topsecret@h?folder=x", f"It has an option that is not one of {', '.join(OPTIONS)}."),
        ("imaps://rep:topsecret@h?idle=yes", "idle must be on or off."),
        ("imaps://rep:topsecret@h?poll=0", "poll must be a number of seconds between 0 and 3600."),
        ("imaps://rep:topsecret@h?poll=nan", "poll must be a number of seconds between 0 and 3600."),
        ("imaps://rep:topsecret@h?spam=a%0D%0Ab", "spam must be the name of a folder, with up to 255 characters."),
        ("imaps://rep:topsecret@h?sent=" + "x" * 256, "sent must be the name of a folder, with up to 255 characters."),
        (
            "imaps://rep:topsecret@h?security=none",
            "security must be starttls, tls or none, and imaps:// is always tls.",
        ),
        (
            "imap://rep:topsecret@h?security=none",
            "A login is never sent to h without TLS: use security=starttls or tls.",
        ),
        ("imaps://rep:topsecret@h?auth=xoauth2&token_file=/t", "auth=xoauth2 takes a user, no password,"),
        ("imaps://rep:top secret@h:port", "It is not of the form imap://user:password@host:143."),
    ],
)
def test_a_url_that_cannot_be_used(url: str, fault: str) -> None:
    with pytest.raises(ValueError) as error:
        parse(url)
    assert str(error.value).startswith(fault)
    assert "secret" not in str(error.value)
    with pytest.raises(ValueError, match="TOUCHLINE_IMAP_URL_SALES cannot be used"):
        check_accounts({"TOUCHLINE_IMAP_URL_SALES": url})


def test_the_accounts_are_in_the_environment() -> None:
    environment = {
        "TOUCHLINE_IMAP_URL_SALES": GOOD,
        "TOUCHLINE_IMAP_URL": GOOD,
        "TOUCHLINE_IMAP_URL_EMPTY": "",
        "TOUCHLINE_IMAP_URL_small": GOOD,
        "TOUCHLINE_SMTP_URL_OTHER": "smtp://h",
    }
    assert ImapMailbox(environment).accounts() == ["imap", "imap:SALES"]
    check_accounts(environment)
