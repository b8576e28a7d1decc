"""What the kit delivers through a channel, and how it looks at the answers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import isawaitable
from itertools import count
from typing import Any

from plugins.contract import Outcome, Outgoing, Receipt, Session
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where

CONNECT_SECONDS = 60
SECONDS = 60
"""Longest time that one delivery can take in a test."""
LARGE_BYTES = 20_000_000
MAX_CODE_CHARACTERS = 64
MAX_CAUSES = 20
ADDRESS = "ann@example.com"
COPIES = ("bea@example.com", "cem@example.com")
_numbers = count(1)
HEADERS = (
    "From: Rep <rep@example.org>",
    f"To: {ADDRESS}",
    "Date: Mon, 02 Mar 2026 08:00:00 +0000",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
)


def email(*, size: int = 0, copies: Sequence[str] = ()) -> Outgoing:
    """Return an email that no other one equals, with a text of about ``size`` bytes."""
    number = next(_numbers)
    names = (f"Subject: Touchline kit {number}", f"Message-ID: <kit-{number}@example.org>")
    cc = (f"Cc: {copies[0]}",) if copies else ()
    line = "x" * 76
    lines = (*HEADERS, *names, *cc, "", "Hello Ann", *[line] * (size // (len(line) + 2)), "")
    return Outgoing(f"snd_kit{number}", "rep@example.org", ADDRESS, "\r\n".join(lines).encode(), tuple(copies))


@dataclass(slots=True)
class Permission:
    """An ``about_to_transmit`` that counts the questions, and what the service had received at the first one."""

    transmitted: Callable[[], int]
    answer: Callable[[], Any]
    """Returns the answer to the first question. It can be awaitable, or raise."""
    asked: int = 0
    received: int = 0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> bool:
        """Answer the first question. As in the server, every further one gets False."""
        self.asked += 1
        if self.asked > 1:
            return False
        self.received = self.transmitted()
        self.was_asked.set()
        answer = self.answer()
        return bool(await answer if asyncio.iscoroutine(answer) else answer)


async def deliver(
    session: Session,
    outgoing: Outgoing,
    permission: Permission,
    findings: Findings,
    secrets: Sequence[str] = (),
) -> Receipt | None:
    """Deliver an email. An exception, a hang, a malformed receipt and a secret in a text are faults."""
    findings.calls(f"deliver(…) of an email of {len(outgoing.message):,} bytes to {outgoing.recipient}")
    try:
        async with asyncio.timeout(SECONDS):
            receipt: Any = session.deliver(outgoing, permission)
            if not isawaitable(receipt):
                findings.add(Rule.RECEIPT, "deliver() is not asynchronous", "Define it with async def.")
                return None
            receipt = await receipt
    except TimeoutError:
        fault = f"deliver() has not ended after {SECONDS} seconds"
        findings.add(Rule.RECEIPT, fault, "Set a time limit of your own, and return IN_DOUBT or DEFERRED.")
        return None
    except Exception as error:
        check_secrets(texts_of(error), "an exception of deliver()", secrets, findings)
        fault = f"deliver() raises {where(error)}"
        findings.add(Rule.RECEIPT, fault, "Return a Receipt with the outcome of the failure instead.")
        return None
    if fault := receipt_fault(receipt, outgoing):
        findings.add(Rule.RECEIPT, f"deliver() returns {fault}", "Return Receipt(Outcome.…, code, sentence).")
        return None
    found: Receipt = receipt
    answers = (str(answer) for _, answer in found.refused_copies)
    check_secrets(" ".join((found.code, found.detail, *answers)), "a receipt", secrets, findings)
    return found


def check_secrets(text: str, what: str, secrets: Sequence[str], findings: Findings) -> None:
    """Add a fault if a text that users see has a secret."""
    if any(secret in text for secret in secrets):
        findings.add(Rule.SECRETS, f"{what} has a secret in its text", "Users or the log can show it: leave it out.")


def texts_of(error: BaseException | None) -> str:
    """Return the texts of an exception and of those before it, as a log shows them."""
    found: list[str] = []
    while error is not None and len(found) < MAX_CAUSES:
        found.append(" ".join(map(str, (error, *vars(error).values()))))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " ".join(found)


def receipt_fault(receipt: Any, outgoing: Outgoing) -> str:
    """Return what is wrong with a receipt, or an empty text."""
    if not isinstance(receipt, Receipt):
        return f"{receipt!r:.60}, which is not a Receipt"
    if not isinstance(receipt.outcome, Outcome):
        return f"the outcome {receipt.outcome!r:.60}, which is not an Outcome"
    if not isinstance(receipt.code, str) or not 1 <= len(receipt.code) <= MAX_CODE_CHARACTERS:
        return f"the code {receipt.code!r:.80}; it must have 1 to {MAX_CODE_CHARACTERS} characters"
    if not isinstance(receipt.detail, str) or not receipt.detail.strip():
        return f"the detail {receipt.detail!r:.60}, which is not a sentence"
    if not all(isinstance(each, tuple) and len(each) == 2 for each in receipt.refused_copies):
        return f"the refused copies {receipt.refused_copies!r:.60}, which are not pairs of address and answer"
    if strangers := {each[0] for each in receipt.refused_copies} - set(outgoing.copies):
        return f"the refused copy {min(strangers)!r:.60}, which is not a copy of this email"
    return _retry_fault(receipt.retry_after)


def _retry_fault(after: Any) -> str:
    if isinstance(after, datetime):
        return "" if after.utcoffset() is not None else "a retry_after without a time zone"
    if after is None or (isinstance(after, (int, float)) and not isinstance(after, bool) and after >= 0):
        return ""
    return f"the retry_after {after!r:.60}; it must be seconds, a datetime or None"
