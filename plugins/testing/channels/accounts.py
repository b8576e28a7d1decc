"""Check what a channel says about its accounts, and that it opens them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any

from plugins.contract import AccountUnavailableError, Channel, Session
from plugins.testing.channels.probes import CONNECT_SECONDS, check_secrets, texts_of
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where

MAX_ACCOUNT_CHARACTERS = 90


async def check_accounts(
    channel: Channel, configs: Sequence[Mapping[str, Any]], secrets: Sequence[str], findings: Findings
) -> None:
    """Check ``account``, ``accounts``, ``sessions`` and ``trouble``."""
    for config in configs:
        findings.calls(f"account({config!r:.100})")
        _check_account(channel, config, secrets, findings)
        findings.calls(f"sessions({config!r:.100})")
        try:
            sessions: Any = channel.sessions(config)
        except Exception as error:
            sessions = where(error)
        if not isinstance(sessions, int) or isinstance(sessions, bool) or sessions < 1:
            findings.add(Rule.SESSIONS, f"sessions({config!r:.60}) returns {sessions!r:.60}", "Return a number from 1.")
    own: Any = getattr(channel, "own", channel)
    if not iscoroutinefunction(own.trouble):
        findings.add(Rule.TROUBLE, "trouble() is not asynchronous", "Define it with async def.")
        return
    findings.calls("trouble()")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            trouble: Any = await channel.trouble()
    except Exception as error:
        trouble = error
    if trouble is not None and not (isinstance(trouble, str) and trouble.strip()):
        shown = where(trouble) if isinstance(trouble, Exception) else f"{trouble!r:.60}"
        findings.add(Rule.TROUBLE, f"trouble() does not answer: {shown}", "Return a sentence, or None.")
    if isinstance(trouble, str):
        check_secrets(trouble, "trouble()", secrets, findings)


def _check_account(channel: Channel, config: Mapping[str, Any], secrets: Sequence[str], findings: Findings) -> None:
    try:
        account: Any = channel.account(config)
        again: Any = channel.account(dict(config))
        every: Any = channel.accounts()
    except Exception as error:
        fault = f"account() or accounts() fails: {where(error)}"
        findings.add(Rule.ACCOUNT, fault, "Compute the name from the configuration only.")
        return
    if not isinstance(account, str) or not 1 <= len(account) <= MAX_ACCOUNT_CHARACTERS:
        fault = f"account({config!r:.60}) returns {account!r:.100}"
        findings.add(Rule.ACCOUNT, fault, f"Return a text of 1 to {MAX_ACCOUNT_CHARACTERS} characters.")
        return
    check_secrets(account, "account()", secrets, findings)
    if account != again:
        fault = f"account() returns {account!r} and {again!r} for equal configurations"
        findings.add(Rule.ACCOUNT, fault, "Compute the name from the configuration only.")
    if every is None and account != channel.key and not account.startswith(f"{channel.key}:"):
        fault = f"account() returns {account!r}"
        findings.add(Rule.ACCOUNT, fault, f"Begin it with {channel.key + ':'!r}, or return it in accounts().")
    if every is not None and account not in every:
        fault = f"accounts() does not have {account!r}, which account() returns"
        findings.add(Rule.ACCOUNT, fault, "Return all accounts of this process, or None.")


def opening_of(channel: Channel, config: Mapping[str, Any], findings: Findings) -> AbstractAsyncContextManager[Session]:
    """Call ``connect``. Nothing can be checked if its result cannot be opened."""
    opening = channel.connect(config)
    if not hasattr(type(opening), "__aenter__"):
        fault = f"connect() returns {opening!r:.60}, which is not an asynchronous context manager"
        findings.add(Rule.CONNECT, fault, "Put @asynccontextmanager before `async def connect`, and yield the session.")
        findings.stop()
    return opening


@asynccontextmanager
async def opened(
    channel: Channel, config: Mapping[str, Any], findings: Findings, secrets: Sequence[str] = ()
) -> AsyncIterator[Session | None]:
    """Open an account. If that fails, it is a fault, and there is no session."""
    findings.calls(f"connect({config!r:.100})")
    opening = opening_of(channel, config, findings)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            session = await opening.__aenter__()
    except Exception as error:
        check_secrets(texts_of(error), "an exception of connect()", secrets, findings)
        fault = f"connect({config!r:.60}) fails: {where(error)}"
        findings.add(Rule.CONNECT, fault, "Let the service of the test accept connections, or correct connect().")
        yield None
        return
    if not isinstance(session, Session):
        findings.add(Rule.CONNECT, f"connect() gives {session!r:.60}", "Yield a subclass of Session.")
    try:
        yield session if isinstance(session, Session) else None
    finally:
        findings.calls(f"the end of connect({config!r:.100})")
        try:
            await opening.__aexit__(None, None, None)
        except Exception as error:
            fault = f"closing the session fails: {where(error)}"
            findings.add(Rule.CONNECT, fault, "Ignore failures while closing: the emails are delivered already.")


async def check_unavailable(
    channel: Channel, configs: Sequence[Mapping[str, Any]], secrets: Sequence[str], findings: Findings
) -> None:
    """Check that an account that cannot be opened raises AccountUnavailableError."""
    for config in configs:
        fault = ""
        findings.calls(f"connect({config!r:.100})")
        try:
            async with asyncio.timeout(CONNECT_SECONDS), channel.connect(config):
                fault = "opens the account, and the test says that it cannot be opened"
        except AccountUnavailableError as error:
            if not str(error.code) or not str(error.detail).strip():
                fault = "raises AccountUnavailableError without a code or a sentence"
            check_secrets(f"{error.code} {error.detail}", "AccountUnavailableError", secrets, findings)
        except Exception as error:
            check_secrets(texts_of(error), "an exception of connect()", secrets, findings)
            fault = f"raises {where(error)}"
        if fault:
            change = 'Raise AccountUnavailableError("CODE", "A sentence."), so that the emails of the account wait.'
            findings.add(Rule.CONNECT, f"connect({config!r:.60}) {fault}", change)
