"""Deliver several emails in one request, through channels whose service takes them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from plugins.contract import Channel, Outcome, Outgoing, Session
from plugins.testing.channels.accounts import opened
from plugins.testing.channels.probes import SECONDS, check_secrets, email, receipt_fault, texts_of
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where

MAX_EMAILS = 3
"""Most emails of a batch of the kit."""
ASK_ONCE = "Await about_to_transmit() once, directly before the request."
ONE_EACH = "Return a list with a Receipt for each email, in their order."


@dataclass(slots=True)
class BatchPermission:
    """An ``about_to_transmit`` of ``deliver_many``. As in the server, every further question gets nothing."""

    transmitted: Callable[[], int]
    allowed: frozenset[str]
    """The ``send_id`` of each email that may be transmitted."""
    asked: int = 0
    received: int = 0
    """What the service had received at the first question."""

    async def __call__(self) -> frozenset[str]:
        """Answer the first question."""
        self.asked += 1
        if self.asked > 1:
            return frozenset()
        self.received = self.transmitted()
        return self.allowed


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches with one configuration. The fields are those of ``Delivery``."""

    channel: Channel
    config: Mapping[str, Any]
    transmitted: Callable[[], int]
    counts: bool
    secrets: Sequence[str]
    findings: Findings

    async def run(self) -> None:
        """Deliver batches of which all emails, all but the first, and none may be transmitted."""
        number = min(self.channel.batch_size, MAX_EMAILS)
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            if session is not None:
                for withdrawn in (0, 1, number):
                    await self._deliver(session, [email() for _ in range(number)], withdrawn)

    async def _deliver(self, session: Session, emails: Sequence[Outgoing], withdrawn: int) -> None:
        """Deliver one batch, of which the first emails are withdrawn."""
        allowed = frozenset(each.send_id for each in emails[withdrawn:])
        before, permission = self.transmitted(), BatchPermission(self.transmitted, allowed)
        receipts = await self._receipts(session, emails, permission)
        if receipts is None:
            return
        sent = self.transmitted() - before
        for number, (outgoing, receipt) in enumerate(zip(emails, receipts, strict=True), 1):
            wanted = Outcome.SENT if outgoing.send_id in allowed else Outcome.WITHDRAWN
            if receipt.outcome is not wanted:
                fault = f"the receipt of email {number} of {len(emails)} is {receipt.outcome}, not {wanted}"
                self._add(fault, "Leave emails that about_to_transmit() does not return out of the request.")
        if permission.asked != 1:
            self._add(f"deliver_many() awaits about_to_transmit() {permission.asked} times", ASK_ONCE)
        elif self.counts and permission.received != before:
            self._add("deliver_many() transmits emails before it asks", ASK_ONCE)
        elif self.counts and sent != len(allowed):
            fault = f"{len(allowed)} of {len(emails)} emails may be transmitted, and the service has received {sent}"
            self._add(fault, "Transmit what about_to_transmit() returns. Let `transmitted` count emails, not requests.")

    async def _receipts(
        self, session: Session, emails: Sequence[Outgoing], permission: BatchPermission
    ) -> Sequence[Any] | None:
        """Return the receipts of a batch, or None if they are not those of the contract."""
        self.findings.calls(f"deliver_many(…) of {len(emails)} emails")
        try:
            async with asyncio.timeout(SECONDS):
                found: Any = session.deliver_many(emails, permission)
                if not isawaitable(found):
                    self._add("deliver_many() is not asynchronous", "Define it with async def.")
                    return None
                found = await found
        except TimeoutError:
            self._add(f"deliver_many() has not ended after {SECONDS} seconds", "Set a time limit of your own.")
            return None
        except Exception as error:
            check_secrets(texts_of(error), "an exception of deliver_many()", self.secrets, self.findings)
            self._add(f"deliver_many() raises {where(error)}", "Return a Receipt for each email instead.")
            return None
        if not isinstance(found, (list, tuple)) or len(found) != len(emails):
            what = f"a list of length {len(found)}" if isinstance(found, (list, tuple)) else f"{found!r:.60}"
            self._add(f"deliver_many() returns {what} for {len(emails)} emails", ONE_EACH)
            return None
        for outgoing, receipt in zip(emails, found, strict=True):
            if fault := receipt_fault(receipt, outgoing):
                self._add(f"deliver_many() returns {fault}", ONE_EACH)
                return None
            check_secrets(f"{receipt.code} {receipt.detail}", "a receipt", self.secrets, self.findings)
        return found

    def _add(self, fault: str, advice: str) -> None:
        self.findings.add(Rule.BATCHES, fault, advice)
