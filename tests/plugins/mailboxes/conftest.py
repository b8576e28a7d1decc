"""A real IMAP server for the tests of the mailboxes: Dovecot."""

from collections.abc import Iterator

import pytest

from tests.dovecot import Account, Dovecot, dovecot


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def account(server: Dovecot) -> Account:
    return server.account()
