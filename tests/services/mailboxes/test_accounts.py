"""The names that a package's mailbox gives its accounts."""

from typing import Any

import pytest

from api.services.mailboxes.sessions import configured_accounts
from plugins import Mailbox, MailboxSession


class Named(Mailbox):
    key = "inbox"
    labels = {"en": "Inbox"}

    def __init__(self, names: Any) -> None:
        self.names = names

    def accounts(self) -> Any:
        return self.names

    def open(self, account: str) -> Any:
        return MailboxSession


@pytest.mark.parametrize(
    ("names", "valid", "logged"),
    [
        (["inbox", "inbox:A", "inbox"], ["inbox", "inbox:A"], ""),
        (
            ["other", "inbox", 1, "inbox:\n"],
            ["inbox"],
            "accounts() of the mailbox inbox returned 'other', 1, 'inbox:\\n', which it cannot have: each name is"
            " 'inbox', or begins with 'inbox:', and has up to 90 printable characters",
        ),
        (["inbox:" + "x" * 85], [], "which it cannot have"),
        ("inbox", [], "accounts() returned a str, not a list of names"),
        (None, [], "accounts() returned a NoneType, not a list of names"),
    ],
)
def test_names(names: Any, valid: list[str], logged: str, caplog: pytest.LogCaptureFixture) -> None:
    assert configured_accounts(Named(names)) == valid
    assert logged in caplog.text
    assert bool(logged) is bool(caplog.records)
