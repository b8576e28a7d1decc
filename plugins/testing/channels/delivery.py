"""Deliver emails through a channel: allowed and withdrawn ones, at the same time, cancelled, large, and with copies."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plugins.contract import Channel, Outcome, Outgoing, Receipt, Session
from plugins.testing.channels.accounts import opened
from plugins.testing.channels.batches import Batches
from plugins.testing.channels.probes import COPIES, LARGE_BYTES, SECONDS, Permission, deliver, email
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where

MAX_PARALLEL = 5
"""Sessions that the kit opens at the same time."""
MEETING_SECONDS = 30
"""Longest time that a session waits for the others to ask."""
ASK_ONCE = "Await about_to_transmit() once, directly before the first step that cannot be repeated."


def yes() -> bool:
    """Allow the transmission."""
    return True


@dataclass(frozen=True, slots=True)
class Delivery:
    """Deliveries with one configuration. ``counts`` says whether ``transmitted`` counts what the service receives."""

    channel: Channel
    config: Mapping[str, Any]
    transmitted: Callable[[], int]
    counts: bool
    secrets: Sequence[str]
    findings: Findings

    async def run(self) -> None:
        """Make all checks. Those that follow would repeat the faults of an ordinary delivery, so they wait for it."""
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            for _ in range(3 if session else 0):
                await self._ordinary(session, email())
        self.findings.raise_any()
        await self._withdrawn()
        await self._sent_once()
        await self._question_fails()
        await self._parallel()
        await self._cancelled_while_asking()
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            await self._ordinary(session, email())
            await self._large(session)
            if self.channel.supports_copies:
                await self._ordinary(session, email(copies=COPIES), Rule.COPIES)
        if self.channel.batch_size > 1:
            await Batches(self.channel, self.config, self.transmitted, self.counts, self.secrets, self.findings).run()

    def _permission(self, answer: Callable[[], Any] = yes) -> Permission:
        return Permission(self.transmitted, answer)

    async def _deliver(self, session: Session, outgoing: Outgoing, permission: Permission) -> Receipt | None:
        return await deliver(session, outgoing, permission, self.findings, self.secrets)

    async def _ordinary(self, session: Session | None, outgoing: Outgoing, rule: Rule = Rule.RECEIPT) -> None:
        """Deliver an email that may be sent."""
        if session is None:
            return
        before, permission = self.transmitted(), self._permission()
        receipt = await self._deliver(session, outgoing, permission)
        if receipt is None:
            return
        if receipt.outcome is not Outcome.SENT:
            fault = f"an ordinary email gets {receipt.outcome}: {receipt.code}, {receipt.detail:.100}"
            self.findings.add(rule, fault, "Let the service of the test accept it, or return SENT if it does.")
            return
        if permission.asked != 1:
            fault = f"deliver() awaits about_to_transmit() {permission.asked} times for one email"
            self.findings.add(Rule.PERMISSION, fault, ASK_ONCE)
        elif self.counts and permission.received != before:
            self.findings.add(Rule.PERMISSION, "deliver() transmits the email before it asks", ASK_ONCE)
        elif self.counts and self.transmitted() != before + 1:
            fault = f"the receipt says SENT, and the service has received {self.transmitted() - before} emails"
            self.findings.add(
                rule, fault, "Transmit each email once, and return SENT after the service has accepted it."
            )

    def _check_nothing_sent(self, before: int, rule: Rule, when: str) -> None:
        if self.counts and self.transmitted() != before:
            self.findings.add(rule, f"deliver() transmits an email {when}", "Return or raise before you transmit.")

    async def _withdrawn(self) -> None:
        """Refuse the transmission."""
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            if session is None:
                return
            before, permission = self.transmitted(), self._permission(lambda: False)
            receipt = await self._deliver(session, email(), permission)
            if receipt is not None and receipt.outcome is not Outcome.WITHDRAWN:
                fault = f"about_to_transmit() returned False, and deliver() returns {receipt.outcome}"
                self.findings.add(Rule.WITHDRAWN, fault, "Transmit nothing then, and return Outcome.WITHDRAWN.")
            self._check_nothing_sent(before, Rule.WITHDRAWN, "that was withdrawn")
            await self._ordinary(session, email())

    async def _sent_once(self) -> None:
        """Deliver an email, and deliver it again in a new session without permission, as after a crash."""
        if Rule.WITHDRAWN in self.findings:
            return  # the channel sends without permission in any session
        outgoing = email()
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            await self._ordinary(session, outgoing)
            before = self.transmitted()
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            if session is not None:
                await self._deliver(session, outgoing, self._permission(lambda: False))
        if self.counts and self.transmitted() != before:
            self.findings.add(
                Rule.SENT_ONCE,
                "an email that was sent is transmitted again: when its session ends, or in or after the next one",
                "Keep no emails after deliver() has returned. Transmit only if about_to_transmit() returns True.",
            )

    async def _question_fails(self) -> None:
        """Let the question fail, as without a database."""
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            if session is None:
                return

            def fail() -> bool:
                raise ConnectionError("the database is away")

            before = self.transmitted()
            self.findings.calls("deliver(…), whose question about_to_transmit() fails")
            try:
                async with asyncio.timeout(SECONDS):
                    await session.deliver(email(), self._permission(fail))
            except Exception:  # noqa: S110 - to pass the exception on is right, and so is a receipt
                pass
        self._check_nothing_sent(before, Rule.PERMISSION, "although about_to_transmit() failed")

    async def _parallel(self) -> None:
        """Deliver in as many sessions as the channel allows. Each waits for the question of the last."""
        number = min(self.channel.sessions(self.config), MAX_PARALLEL)
        waiting, everybody = 0, asyncio.Event()

        async def meet() -> bool:
            nonlocal waiting
            waiting += 1
            if waiting == number:
                everybody.set()
            try:
                async with asyncio.timeout(MEETING_SECONDS):
                    await everybody.wait()
            except TimeoutError:
                fault = f"sessions() returns {number} or more, and only {waiting} deliver at the same time"
                self.findings.add(Rule.SESSIONS, fault, "Give each session a connection of its own, or return less.")
                everybody.set()
            return True

        async def one() -> None:
            async with opened(self.channel, self.config, self.findings, self.secrets) as session:
                if session is not None:
                    await self._deliver(session, email(), self._permission(meet))

        await asyncio.gather(*(one() for _ in range(number)))

    async def _cancelled_while_asking(self) -> None:
        """Cancel a delivery that waits for the answer."""
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            if session is None:
                return
            before, permission = self.transmitted(), self._permission(lambda: asyncio.sleep(SECONDS * 10, True))
            self.findings.calls("deliver(…), which is cancelled while it asks")
            task = asyncio.ensure_future(session.deliver(email(), permission))
            asked = asyncio.ensure_future(permission.was_asked.wait())
            await asyncio.wait([task, asked], timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            await self._cancel(task)
            self._check_nothing_sent(before, Rule.CANCELLED, "after it was cancelled")
            if task.done() and not task.cancelled() and task.exception() is None:
                fault = "deliver() was cancelled, and returns as if nothing had happened"
                self.findings.add(Rule.CANCELLED, fault, "Let asyncio.CancelledError through: clean up and raise it.")

    async def cancelled_while_sending(self) -> None:
        """Cancel a delivery directly after the answer, and deliver another email in a new session.

        The service can receive the first one at any time, or never. So this is the last check, and counts nothing.
        """
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            if session is None:
                return
            tasks: list[asyncio.Future[Receipt]] = []

            def allow() -> bool:
                asyncio.get_running_loop().call_soon(tasks[0].cancel)
                return True

            self.findings.calls("deliver(…), which is cancelled while it sends")
            tasks.append(asyncio.ensure_future(session.deliver(email(), self._permission(allow))))
            await asyncio.wait(tasks, timeout=SECONDS)
            await self._cancel(tasks[0])
        async with opened(self.channel, self.config, self.findings, self.secrets) as session:
            await replace(self, counts=False)._ordinary(session, email())

    async def _cancel(self, task: "asyncio.Future[Receipt]") -> None:
        """Cancel a delivery, and wait for its end."""
        self.findings.calls("deliver(…), which was cancelled")
        task.cancel()
        await asyncio.wait([task], timeout=SECONDS)
        if not task.done():
            fault = f"deliver() was cancelled, and has not ended after {SECONDS} seconds"
            self.findings.add(Rule.CANCELLED, fault, "Let asyncio.CancelledError through.")
        elif not task.cancelled() and (error := task.exception()) is not None:
            fault = f"deliver() was cancelled, and raises {where(error)}"
            self.findings.add(Rule.CANCELLED, fault, "Let asyncio.CancelledError through.")

    async def _large(self, session: Session | None) -> None:
        """Deliver an email of 20 MB. The service may refuse it."""
        if session is None:
            return
        before, permission = self.transmitted(), self._permission()
        receipt = await self._deliver(session, email(size=LARGE_BYTES), permission)
        if receipt is None:
            fault = "an email of 20 MB gets no receipt"
            self.findings.add(
                Rule.LARGE_EMAIL, fault, "Return FAILED with a sentence if it is too large for the service."
            )
        elif self.counts and receipt.outcome is Outcome.SENT and self.transmitted() != before + 1:
            fault = "the receipt of an email of 20 MB says SENT, and the service has not received it"
            self.findings.add(Rule.LARGE_EMAIL, fault, "Return SENT after the service has accepted the email.")
