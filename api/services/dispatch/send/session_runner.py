"""The session runner opens sessions of one account, one after the other, and sends emails on them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

from api.codes.reasons.channel_faults import ChannelFault
from api.services.dispatch.claim.delivery import HAS_REQUESTED, Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.send.attempt import attempt, is_stopped, unavailable, undo_cancellations
from api.services.dispatch.send.batch_attempt import attempt_many
from plugins.contract import AccountUnavailableError, Outcome, Session

if TYPE_CHECKING:
    from api.services.dispatch.send.account_worker import AccountWorker

log = logging.getLogger("touchline.dispatch")

SESSION_TIMEOUT_SECONDS = 900.0
"""How long a channel may take to open or close a session, or for one email. Then its work is cancelled."""
CUT_OFF_GRACE_SECONDS = 60.0
"""How long a channel has to end after the cancellation. Then its email is settled without it."""
MAX_DOUBTS_IN_A_ROW = 10
"""Emails in a row that end in doubt before the account is paused."""


UNAVAILABLE = Outcome.ACCOUNT_UNAVAILABLE


class Then(Enum):
    """The consequence of an email's answer for its session."""

    CONTINUE = auto()
    """Nothing."""
    WORKS = auto()
    """The account works."""
    NEW_SESSION = auto()
    """The channel failed, so a new session is opened."""
    NEW_SESSION_IN_DOUBT = auto()
    """The same, because the email is in doubt."""

    __hash__ = object.__hash__  # Enum's own is Python code


class SessionRunner:
    """One task of an account. It starts the next email before the last outcome is committed; see OutcomeWriter.

    - ``deliveries``: the emails that the channel has: one, or those of one request. ``taken_at``: when the runner took
      them. The runner writes both. The account worker reads them to stop the runner or to settle the emails.
    - ``cut_off_at``: when ``cut_off`` cancelled the channel's work.
    - ``replaced``: whether the worker has started another runner, because this one did not end in time. Then it ends
      after its email.
    """

    def __init__(self, worker: "AccountWorker", number: int) -> None:
        self.deliveries: list[Delivery] = []
        self.taken_at = 0.0
        self.cut_off_at: float | None = None
        self.replaced = False
        self._worker = worker
        self._number = number

    async def run(self) -> None:
        """Open sessions and send on them until no delivery waits or the account fails."""
        worker = self._worker
        while worker.queue and not self.replaced:
            try:
                async with self._connected() as session:
                    worker.session_opened()
                    try:
                        failure = await self._send_on(session)
                    finally:
                        worker.open_sessions -= 1
            except AccountUnavailableError as error:
                failure = unavailable(error)
                if getattr(error, "here", False):
                    await worker.leave_to_others(failure)
                    continue
                if failure.retry_after is not None:
                    await worker.pause(failure)
                    continue
            except BaseException as error:
                if is_stopped(error, worker.is_stopping()):
                    raise
                await undo_cancellations()
                log.exception("the channel %s failed with the account %s", worker.channel.key, worker.account)
                failure = DispatchAnswer.ACCOUNT_BROKE
            if failure is None:
                continue
            if worker.open_sessions and failure is not DispatchAnswer.DOUBTS_IN_A_ROW:
                # The server accepts fewer connections than the channel allows. The other sessions continue.
                worker.max_sessions = worker.open_sessions
                return
            await worker.pause(failure)

    def cut_off(self, task: "asyncio.Task[None]") -> list[Delivery]:
        """Cancel the channel's work if it takes too long.

        Returns the deliveries if the channel has ignored an earlier cancellation.
        """
        now = time.monotonic()
        if not self.deliveries or now - self.taken_at <= SESSION_TIMEOUT_SECONDS:
            return []
        if self.cut_off_at is None:
            self.cut_off_at = now
            key, ids = self._worker.channel.key, ", ".join(delivery.send.id for delivery in self.deliveries)
            log.error("the channel %s takes more than %s s for the emails %s", key, SESSION_TIMEOUT_SECONDS, ids)
            task.cancel()
            return []
        if now - self.cut_off_at < CUT_OFF_GRACE_SECONDS:
            return []
        deliveries, self.deliveries, self.replaced = self.deliveries, [], True
        return deliveries

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Session]:
        """Open a session, and close it at the end."""
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(SESSION_TIMEOUT_SECONDS):
                session = await stack.enter_async_context(self._worker.channel.connect(self._worker.config))
            yield session
            async with asyncio.timeout(SESSION_TIMEOUT_SECONDS):
                await stack.aclose()

    async def _send_on(self, session: Session) -> Answer | None:
        """Send until no delivery waits or the session must end. Returns the failure of the account, if there is one."""
        worker, first = self._worker, True
        while not self.replaced and (deliveries := await worker.next_deliveries()):
            self.deliveries, self.taken_at, self.cut_off_at = deliveries, time.monotonic(), None
            for delivery in deliveries:
                delivery.session = self._number
            # A copy, because ``cut_off`` may take the deliveries away.
            answers = await self._attempt(session, list(deliveries))
            found: set[Then] = set()
            failed: list[tuple[Delivery, Answer]] = []
            for delivery, answer in answers:
                if answer.outcome is UNAVAILABLE:
                    failed.append((delivery, answer))
                else:
                    found.add(await self._settle(delivery, answer))
            first = first and Then.WORKS not in found
            if failed:
                if any(self._must_pause(*each) for each in failed):
                    await self._pause(failed)
                    return None
                failures = [await self._account_failed(*each, first=first) for each in failed]
                return failures[-1]
            if Then.NEW_SESSION in found:
                return None
            if Then.NEW_SESSION_IN_DOUBT in found:
                # Continue with a new session, which these emails have not affected.
                worker.doubts_in_a_row += 1
                if worker.doubts_in_a_row < MAX_DOUBTS_IN_A_ROW:
                    return None
                worker.doubts_in_a_row = 0
                return DispatchAnswer.DOUBTS_IN_A_ROW
            if Then.WORKS in found and worker.may_have_failures:
                await worker.works()
        return None

    async def _attempt(self, session: Session, deliveries: list[Delivery]) -> list[tuple[Delivery, Answer]]:
        """Try to send: one email, or several in one request. Emails with files are sent one by one."""
        worker = self._worker
        begin, channel = worker.writer.begin, worker.channel.key
        if len(deliveries) == 1:  # the usual case
            (delivery,) = deliveries
            answer = await attempt(session, delivery, partial(begin, delivery), channel, worker.is_stopping)
            return [(delivery, answer)]
        together = [each for each in deliveries if not each.batch.one_off.files.get(each.send.id)]
        if len(together) < 2:
            together = []
        answers: list[tuple[Delivery, Answer]] = []
        for delivery in deliveries:
            if not any(delivery is each for each in together):
                answer = await attempt(session, delivery, partial(begin, delivery), channel, worker.is_stopping)
                answers.append((delivery, answer))
        if together:
            answers += await attempt_many(session, together, worker.writer.begin_all, channel, worker.is_stopping)
        return answers

    async def _settle(self, delivery: Delivery, answer: Answer) -> "Then":
        """Settle an email whose account did not fail. Returns the consequence for the session."""
        worker = self._worker
        stage, written = delivery.stage, worker.writer.settle(delivery, answer)
        self._drop(delivery)
        worker.ahead.finished_one()
        if stage is not Stage.TRANSMITTING:
            await written  # no transmission makes the next email wait for this outcome
        if answer.outcome is Outcome.WITHDRAWN and stage in (Stage.REQUESTED, Stage.REFUSED):
            await worker.drop_lost_deliveries()
        if stage is Stage.CLAIMED or answer.outcome is Outcome.WITHDRAWN:
            return Then.CONTINUE  # the account is not the cause of this outcome
        if answer.outcome is Outcome.SENT:
            worker.doubts_in_a_row = 0
            return Then.WORKS
        if answer.outcome is Outcome.IN_DOUBT:
            return Then.NEW_SESSION_IN_DOUBT
        broke = answer is DispatchAnswer.CHANNEL_BROKE or answer.code == ChannelFault.CHANNEL_FAILED
        return Then.NEW_SESSION if broke else Then.WORKS

    def _drop(self, delivery: Delivery) -> None:
        if len(self.deliveries) == 1 and self.deliveries[0] is delivery:  # the usual case
            self.deliveries = []
        else:
            self.deliveries = [each for each in self.deliveries if each is not delivery]

    @staticmethod
    def _must_pause(delivery: Delivery, answer: Answer) -> bool:
        """Say whether no new session can help: the server says how long to wait, or the transmission has begun.

        An email may begin its transmission once in an attempt, so a new session could not send it.
        """
        requested = not isinstance(answer, DispatchAnswer) and answer.retry_after is not None
        return requested or delivery.stage in HAS_REQUESTED

    async def _pause(self, failed: Sequence[tuple[Delivery, Answer]]) -> None:
        """Settle emails whose account failed, and pause it at once, so that no other session takes the next email."""
        worker, settling = self._worker, []
        for delivery, answer in failed:
            delivery.account_failed = True
            self._drop(delivery)
            settling.append(worker.writer.settle(delivery, answer))
        longest = max((answer for _, answer in failed), key=worker.requested_seconds)
        await worker.pause(longest)
        await asyncio.gather(*settling)

    async def _account_failed(self, delivery: Delivery, answer: Answer, *, first: bool) -> Answer | None:
        """Put back a delivery if a new session may be able to send it, else settle it. Returns the failure."""
        # A server may accept a limited number of emails in a session. An email that fails first in a session goes to
        # the end of the queue, once.
        again = not first or (self._worker.open_sessions > 1 and not delivery.account_failed)
        delivery.account_failed |= first
        self._drop(delivery)
        if again and not self.replaced and delivery.stage is not Stage.ENDED:
            delivery.stage = Stage.CLAIMED
            self._worker.queue.put_back(delivery)
            return answer if first else None
        await self._worker.writer.settle(delivery, answer)
        return answer
