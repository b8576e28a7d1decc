"""The session runner opens sessions of one account, one after the other, and sends emails on them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.send.attempt import attempt, is_stopped, unavailable, undo_cancellations
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


class SessionRunner:
    """One task of an account. It starts the next email before the last outcome is committed; see OutcomeWriter.

    - ``delivery``: the email that the channel has. ``taken_at``: when the runner took it. The runner writes both. The
      account worker reads them to stop the runner or to settle the email.
    - ``cut_off_at``: when ``cut_off`` cancelled the channel's work.
    - ``replaced``: whether the worker has started another runner, because this one did not end in time. Then it ends
      after its email.
    """

    def __init__(self, worker: "AccountWorker", number: int) -> None:
        self.delivery: Delivery | None = None
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
                    worker.open_sessions += 1
                    try:
                        failure = await self._send_on(session)
                    finally:
                        worker.open_sessions -= 1
            except AccountUnavailableError as error:
                failure = unavailable(error)
                if getattr(error, "here", False):
                    await worker.leave_to_others(failure)
                    continue
            except BaseException as error:
                if is_stopped(error, worker.is_stopping()):
                    raise
                await undo_cancellations()
                log.exception("the channel %s failed with an account", worker.channel.key)
                failure = DispatchAnswer.ACCOUNT_BROKE
            if failure is None:
                continue
            if worker.open_sessions and failure is not DispatchAnswer.DOUBTS_IN_A_ROW:
                # The server accepts fewer connections than the channel allows. The other sessions continue.
                worker.max_sessions = worker.open_sessions
                return
            await worker.pause(failure)

    def cut_off(self, task: "asyncio.Task[None]") -> Delivery | None:
        """Cancel the channel's work on an email if it takes too long.

        Returns the delivery if the channel has ignored an earlier cancellation.
        """
        delivery, now = self.delivery, time.monotonic()
        if delivery is None or now - self.taken_at <= SESSION_TIMEOUT_SECONDS:
            return None
        if self.cut_off_at is None:
            self.cut_off_at = now
            key = self._worker.channel.key
            log.error("the channel %s takes more than %s s for %s", key, SESSION_TIMEOUT_SECONDS, delivery.send.id)
            task.cancel()
            return None
        if now - self.cut_off_at < CUT_OFF_GRACE_SECONDS:
            return None
        self.delivery, self.replaced = None, True
        return delivery

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
        writer, channel = worker.writer, worker.channel.key
        while not self.replaced and (delivery := await worker.next_delivery()):
            self.delivery, self.taken_at, self.cut_off_at, delivery.session = (
                delivery,
                time.monotonic(),
                None,
                self._number,
            )
            answer = await attempt(session, delivery, partial(writer.begin, delivery), channel, worker.is_stopping)
            if answer.outcome is Outcome.ACCOUNT_UNAVAILABLE:
                return await self._account_failed(delivery, answer, first=first)
            stage, written = delivery.stage, writer.settle(delivery, answer)
            self.delivery = None
            worker.ahead.finished_one()
            if stage is not Stage.TRANSMITTING:
                await written  # no transmission makes the next email wait for this outcome
            if answer.outcome is Outcome.WITHDRAWN and stage in (Stage.REQUESTED, Stage.REFUSED):
                await worker.drop_lost_deliveries()
            if stage is Stage.CLAIMED or answer.outcome is Outcome.WITHDRAWN:
                continue  # the account is not the cause of this outcome
            if answer.outcome is Outcome.SENT:
                worker.doubts_in_a_row = 0
            if answer.outcome is Outcome.IN_DOUBT:
                # Continue with a new session, which this email has not affected.
                worker.doubts_in_a_row += 1
                if worker.doubts_in_a_row < MAX_DOUBTS_IN_A_ROW:
                    return None
                worker.doubts_in_a_row = 0
                return DispatchAnswer.DOUBTS_IN_A_ROW
            if answer is DispatchAnswer.CHANNEL_BROKE:
                return None
            first = False
            if worker.may_have_failures:
                await worker.works()
        return None

    async def _account_failed(self, delivery: Delivery, answer: Answer, *, first: bool) -> Answer | None:
        """Put back a delivery if a new session may be able to send it, else settle it. Returns the failure."""
        # A server may accept a limited number of emails in a session. An email that fails first in a session goes to
        # the end of the queue, once.
        again = not first or (self._worker.open_sessions > 1 and not delivery.account_failed)
        delivery.account_failed |= first
        self.delivery = None
        if again and not self.replaced and delivery.stage is not Stage.ENDED:
            delivery.stage = Stage.CLAIMED
            self._worker.queue.put_back(delivery)
            return answer if first else None
        await self._worker.writer.settle(delivery, answer)
        return answer
