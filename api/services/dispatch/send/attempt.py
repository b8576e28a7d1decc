"""One attempt at one email: check it, write it, hand it over, and hold the channel's answer against its contract.

A channel is a package's code. Whatever it does, the email ends in a state that is true, and no other email waits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from inspect import isawaitable

from api.mail.message.writing import Written
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.send_outcome import BROKE, BUSY, FOLLOWS, THROTTLED, UNPREPARED, UNTOLD
from api.store.claimed import Claimed
from plugins.checks import describe
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Receipt, Session

log = logging.getLogger("touchline.dispatch")


@dataclass(slots=True)
class Job:
    """One claimed email on its way through a lane."""

    send: Claimed
    batch: Batch
    since: float = 0.0
    """When a worker took it; monotonic."""
    handed: bool = False
    """Whether the channel was given it."""
    asked: bool = False
    """Whether the channel has asked if it may leave."""
    transmitting: bool = False
    throttled: bool = False
    blamed: bool = False
    """Whether the account was in trouble when it had this email: others go first, for it may be what brings it."""
    again_at: datetime | None = None
    """When a follow-up is due again that waits for the email that it follows."""
    hung: bool = False
    """Whether the channel was cut off, because it took too long."""
    leased: bool = True
    """Whether its lease is renewed."""
    subject: str = ""
    session: int = 0
    """Which of the lane's workers has it."""

    def at(self, real_now: datetime) -> datetime:
        """Return the present: the sandbox's, or the real one."""
        return self.batch.now if self.send.sandbox else max(self.batch.now, real_now)


async def attempt(
    session: Session,
    job: Job,
    begin: Callable[[], Awaitable[bool]],
    channel: str,
    stopping: Callable[[], bool] = lambda: False,
) -> Receipt:
    """Check, write and hand over one email. What breaks is no reason to lose it, or to send it twice.

    ``stopping`` says whether the worker that runs this is being stopped.
    """
    try:
        job.again_at = job.batch.waits_until(job.send)
        if job.again_at is not None:
            return FOLLOWS
        written = await job.batch.write(job.send)
        if written is BUSY:
            job.again_at = job.batch.look_again(job.send)
    except Exception:
        log.exception("the email %s could not be prepared", job.send.id)
        return UNPREPARED
    if isinstance(written, Receipt):
        return written
    job.subject, job.handed = written.subject, True
    try:
        handed = session.deliver(_outgoing(job, written), begin)
        answer = await handed if isawaitable(handed) else handed
    except AccountUnavailableError as error:
        return unavailable(error, Outcome.IN_DOUBT if job.transmitting else Outcome.ACCOUNT_UNAVAILABLE)
    except BaseException as error:
        if stopped(error, stopping()):
            raise
        told = "took too long for" if job.hung else "broke while it delivered"
        log.exception("the channel %s %s %s", channel, told, job.send.id)
        return broken(job)
    finally:
        if not stopping():
            await not_cancelled()  # whatever the channel has made of it: this worker goes on
    return _checked(answer, job, channel)


def broken(job: Job) -> Receipt:
    """Return what becomes of an email whose channel broke."""
    return UNTOLD if job.transmitting else BROKE


def unavailable(error: AccountUnavailableError, outcome: Outcome = Outcome.ACCOUNT_UNAVAILABLE) -> Receipt:
    """Return what a channel says of its account."""
    return Receipt(outcome, _text(error.code), _text(error.detail))


def stopped(error: BaseException, stopping: bool) -> bool:
    """Say whether the worker ends because it is being stopped, and not by an error of a package's own.

    A package can cancel the worker that calls it: that stops nothing.
    """
    return isinstance(error, GeneratorExit) or (isinstance(error, asyncio.CancelledError) and stopping)


async def not_cancelled() -> None:
    """Undo every cancelling of the running task, also one that has not been raised yet."""
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        return
    while task.cancelling():
        task.uncancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)  # Python 3.11 still raises a cancelling that was undone, at the next await


def _checked(answer: object, job: Job, channel: str) -> Receipt:
    """Return a channel's answer where its contract allows it."""
    if isinstance(answer, Receipt) and isinstance(answer.outcome, Outcome):
        if answer.outcome is Outcome.WITHDRAWN and job.asked and not job.transmitting:
            return THROTTLED if job.throttled else answer
        if answer.outcome is Outcome.SENT and not job.asked:
            log.error("the channel %s sent %s without asking whether it may leave", channel, job.send.id)
        if answer.outcome is not Outcome.WITHDRAWN:
            plain = isinstance(answer.code, str) and isinstance(answer.detail, str)
            return answer if plain else Receipt(answer.outcome, _text(answer.code), _text(answer.detail))
    log.error("the channel %s gave %s as its answer for %s", channel, _named(answer), job.send.id)
    return broken(job)


def _named(answer: object) -> str:
    if isinstance(answer, Receipt) and isinstance(answer.outcome, str):
        return f"the outcome {str(answer.outcome)!r:.60}"
    return describe(answer)


def _text(value: object) -> str:
    """Return what a package gave for a text."""
    if isinstance(value, (str, int, float)):
        return str(value)
    return "" if value is None else describe(value)


def _outgoing(job: Job, written: Written) -> Outgoing:
    recipient = job.batch.people[job.send.person_id].email
    return Outgoing(job.send.id, job.batch.sender["email"], recipient, written.message)
