"""Call the package of a mailbox. The caller always gets a valid result or an AccountUnavailableError."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import TypeVar

from api.mail.text_checks import storable_text
from plugins.contract import AccountUnavailableError
from plugins.mailboxes.codes import MailboxCode
from plugins.mailboxes.contract import MailBatch, Mailbox, MailboxSession

log = logging.getLogger("touchline.mailboxes")

Result = TypeVar("Result")

MAX_ACCOUNT_CHARACTERS = 90
"""The longest name of an account."""
MAX_ACCOUNTS = 1_000
"""The most accounts of one mailbox."""
MAX_ADDRESSES = 100
MAX_LOGGED_CHARACTERS = 500
OPEN_SECONDS = 300.0
"""Longest time for opening an account, with all its steps."""
BATCH_SECONDS = 2_000.0
"""Longest time for one batch."""
LATE_SECONDS = 120.0
"""How much longer than requested a session may wait."""


def configured_accounts(mailbox: Mailbox) -> list[str]:
    """Return the accounts of a mailbox that this process can open. Names that are not valid are logged and left out."""
    try:
        returned: object = mailbox.accounts()
        if isinstance(returned, (str, bytes)) or not isinstance(returned, Iterable):
            raise TypeError(f"accounts() returned a {type(returned).__name__}, not a list of names")
        names = list(returned)[:MAX_ACCOUNTS]
    except BaseException:  # also SystemExit: a package must not stop the process
        log.exception("the mailbox %s failed in accounts()", mailbox.key)
        return []
    valid = [name for name in names if _is_valid(mailbox.key, name)]
    if len(valid) < len(names):
        wrong = ", ".join(f"{name!r:.100}" for name in names if name not in valid)[:MAX_LOGGED_CHARACTERS]
        log.error(
            "accounts() of the mailbox %s returned %s, which it cannot have: each name is %r, or begins with %r, and"
            " has up to %d printable characters",
            mailbox.key, wrong, mailbox.key, f"{mailbox.key}:", MAX_ACCOUNT_CHARACTERS,
        )  # fmt: skip
    return list(dict.fromkeys(valid))


def _is_valid(key: str, name: object) -> bool:
    if not isinstance(name, str) or len(name) > MAX_ACCOUNT_CHARACTERS or not name.isprintable():
        return False
    return name == key or name.startswith(f"{key}:")


@asynccontextmanager
async def open_session(mailbox: Mailbox, account: str) -> AsyncIterator[MailboxSession]:
    """Open an account. Raises AccountUnavailableError on entry; errors of the block pass through."""
    manager: AbstractAsyncContextManager[MailboxSession] = _call(mailbox, lambda: mailbox.open(account))
    session = await _await(mailbox, manager.__aenter__(), OPEN_SECONDS)
    try:
        if not isinstance(session, MailboxSession):
            raise _failed(mailbox, TypeError(f"open() gave a {type(session).__name__}"))
        yield session
    finally:
        try:
            await manager.__aexit__(None, None, None)
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.exception("the mailbox %s failed while it closed the account %s", mailbox.key, account)


async def batches_of(
    mailbox: Mailbox, session: MailboxSession, cursors: Mapping[str, str], since: datetime
) -> AsyncGenerator[MailBatch, None]:
    """Yield the batches of a session."""
    batches = _call(mailbox, lambda: aiter(session.mails(dict(cursors), since)))
    try:
        while True:
            batch = await _await(mailbox, anext(batches, None), BATCH_SECONDS)
            if batch is None:
                return
            if not isinstance(batch, MailBatch):
                raise _failed(mailbox, TypeError(f"mails() gave a {type(batch).__name__}"))
            yield batch
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()


async def wait(mailbox: Mailbox, session: MailboxSession, seconds: float) -> None:
    """Wait for new mails, up to ``seconds``."""
    await _await(mailbox, session.wait(seconds), seconds + LATE_SECONDS)


def problem_of(mailbox: Mailbox, session: MailboxSession) -> AccountUnavailableError | None:
    """Return why the session could not read a folder, although it read others."""
    problem: object = _call(mailbox, lambda: session.problem)
    if problem is None or isinstance(problem, AccountUnavailableError):
        return problem
    raise _failed(mailbox, TypeError(f"problem is a {type(problem).__name__}"))


def addresses_of(mailbox: Mailbox, session: MailboxSession) -> list[str]:
    """Return the addresses that the account sends from."""
    found = _call(mailbox, lambda: [str(address) for address in list(session.addresses)[:MAX_ADDRESSES]])
    return [storable_text(address, 320) for address in found]


def _call(mailbox: Mailbox, function: Callable[[], Result]) -> Result:
    try:
        return function()
    except AccountUnavailableError:
        raise
    except BaseException as error:
        log.exception("the mailbox %s failed", mailbox.key)
        raise _failed(mailbox, error) from None


async def _await(mailbox: Mailbox, work: Awaitable[Result], seconds: float) -> Result:
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except AccountUnavailableError:
        raise
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and asyncio.current_task().cancelling():  # type: ignore[union-attr]
            raise
        if limit.expired():
            raise AccountUnavailableError(*MailboxCode.MAILBOX_NO_ANSWER.message(seconds=seconds)) from None
        log.exception("the mailbox %s failed", mailbox.key)
        raise _failed(mailbox, error) from None


def _failed(mailbox: Mailbox, error: BaseException) -> AccountUnavailableError:
    kind = type(error).__name__
    return AccountUnavailableError(*MailboxCode.MAILBOX_FAILED.message(mailbox=mailbox.key, error=kind))
