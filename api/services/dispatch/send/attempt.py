"""One attempt at one email: render it, give it to the channel, and check the answer against the channel contract.

A channel is a partner's code. For any result or failure of it, the email gets a correct outcome, and no other email
waits for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable

from api.channel_processes.limits import ChannelFaultError, ChannelStoppedError
from api.mail.message.email_rendering import RenderedEmail
from api.mail.message.size import EmailTooLargeProblem
from api.services.common.emails.attached_files import with_attachments
from api.services.common.emails.large_emails import NoSlotError
from api.services.dispatch.claim.delivery import HAS_REQUESTED, Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Receipt, Session
from plugins.loading.receipt_checks import described, plain_receipt, plain_retry_after, plain_text

log = logging.getLogger("touchline.dispatch")

STAGES_FOR_WITHDRAWN = (HAS_REQUESTED | {Stage.ENDED}) - {Stage.TRANSMITTING}


async def attempt(
    session: Session,
    delivery: Delivery,
    begin: Callable[[], Awaitable[bool]],
    channel: str,
    stopping: Callable[[], bool] = lambda: False,
) -> Answer:
    """Check, render and hand over one email. An error in a channel neither loses the email nor sends it twice.

    ``stopping`` says whether the task that runs this is being stopped.
    """
    written = await prepare(delivery)
    if not isinstance(written, RenderedEmail):
        return written
    if not delivery.batch.one_off.files.get(delivery.send.id):
        return await hand_over(session, delivery, written, begin, channel, stopping)
    try:
        async with delivery.batch.runtime.large_emails.slot():
            try:
                message = await with_attachments(
                    written.message, delivery.batch.one_off.files[delivery.send.id], delivery.send.id
                )
            except EmailTooLargeProblem as problem:
                return Receipt(Outcome.FAILED, *problem.message)
            except Exception:
                log.exception("cannot attach the files of the email %s", delivery.send.id)
                return DispatchAnswer.NOT_PREPARED
            return await hand_over(session, delivery, written._replace(message=message), begin, channel, stopping)
    except NoSlotError:
        delivery.retry_at = delivery.batch.recheck_at(delivery.send)
        return DispatchAnswer.ATTACHMENTS_BUSY


async def prepare(delivery: Delivery) -> RenderedEmail | Answer:
    """Check and render one email. Returns the reason instead if it must not be sent now."""
    if delivery.prepared is not None:
        ahead, delivery.prepared = delivery.prepared, None
        return ahead
    try:
        delivery.retry_at = delivery.batch.waits_until(delivery.send)
        if delivery.retry_at is not None:
            return DispatchAnswer.WAITS_FOR_EARLIER_EMAIL
        written = await delivery.batch.write(delivery.send)
        if written is DispatchAnswer.RENDERERS_BUSY:
            delivery.retry_at = delivery.batch.recheck_at(delivery.send)
        if isinstance(written, RenderedEmail):
            batch = delivery.batch
            delivery.content = await batch.contents.pack(delivery.send, written.message, batch.placeholder_order)
    except Exception:
        log.exception("cannot prepare the email %s", delivery.send.id)
        return DispatchAnswer.NOT_PREPARED
    return written


async def hand_over(
    session: Session,
    delivery: Delivery,
    written: RenderedEmail,
    begin: Callable[[], Awaitable[bool]],
    channel: str,
    stopping: Callable[[], bool],
) -> Answer:
    """Give a prepared email to the channel."""
    if delivery.stage is not Stage.CLAIMED:
        return DispatchAnswer.SETTLED_BEFORE
    delivery.subject, delivery.stage = written.subject, Stage.HANDED_OVER
    try:
        handed = session.deliver(outgoing_of(delivery, written), begin)
        answer = await handed if isawaitable(handed) else handed
    except AccountUnavailableError as error:
        in_transmission = delivery.stage is Stage.TRANSMITTING
        return unavailable(error, Outcome.IN_DOUBT if in_transmission else Outcome.ACCOUNT_UNAVAILABLE)
    except BaseException as error:
        if is_stopped(error, stopping()):
            raise
        if not isinstance(error, (ChannelFaultError, ChannelStoppedError)):  # these are logged
            log.exception("the channel %s failed while it delivered the email %s", channel, delivery.send.id)
        return channel_failure(delivery, error)
    finally:
        if was_cancelled() and not stopping():
            await undo_cancellations()  # the task continues, even if the channel has cancelled it
    return check_answer(answer, delivery, channel)


def channel_failure(delivery: Delivery, error: BaseException | None = None) -> Answer:
    """Return the reason for an email whose channel failed. It is in doubt if it may have been sent."""
    if isinstance(error, (ChannelFaultError, ChannelStoppedError)):
        in_transmission = delivery.stage is Stage.TRANSMITTING
        return Receipt(Outcome.IN_DOUBT if in_transmission else Outcome.DEFERRED, *error.message)
    return (
        DispatchAnswer.CHANNEL_BROKE_IN_TRANSMISSION
        if delivery.stage is Stage.TRANSMITTING
        else DispatchAnswer.CHANNEL_BROKE
    )


def unavailable(error: AccountUnavailableError, outcome: Outcome = Outcome.ACCOUNT_UNAVAILABLE) -> Receipt:
    """Return a channel's error about its account as a receipt."""
    return Receipt(
        outcome,
        plain_text(error.code),
        plain_text(error.detail),
        retry_after=plain_retry_after(getattr(error, "retry_after", None)),
    )


def is_stopped(error: BaseException, stopping: bool) -> bool:
    """Say whether the task ends because dispatch stops it.

    A channel can also cancel the task that calls it. Such a cancellation does not stop the task.
    """
    return isinstance(error, GeneratorExit) or (isinstance(error, asyncio.CancelledError) and stopping)


def was_cancelled() -> bool:
    """Say whether the running task was cancelled, even if that is not raised yet."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def undo_cancellations() -> None:
    """Undo all cancellations of the running task, including those that are not raised yet."""
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        return
    while task.cancelling():
        task.uncancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)  # Python 3.11 still raises a cancellation that was undone, at the next await


def check_answer(answer: object, delivery: Delivery, channel: str) -> Answer:
    """Return a channel's answer if the contract allows it. Otherwise return a failure of the channel."""
    receipt = plain_receipt(answer)
    if receipt is not None:
        if receipt.outcome is Outcome.WITHDRAWN and delivery.stage in STAGES_FOR_WITHDRAWN:
            return DispatchAnswer.THROTTLED if delivery.stage is Stage.THROTTLED else receipt
        if receipt.outcome is Outcome.SENT and delivery.stage is Stage.HANDED_OVER:
            log.error("the channel %s sent the email %s without calling about_to_transmit()", channel, delivery.send.id)
        if receipt.outcome is not Outcome.WITHDRAWN:
            return receipt
    log.error("the channel %s returned %s for the email %s", channel, described(answer), delivery.send.id)
    return channel_failure(delivery)


def outgoing_of(delivery: Delivery, written: RenderedEmail) -> Outgoing:
    batch, send_id = delivery.batch, delivery.send.id
    returns = batch.runtime.return_addresses
    envelope_from = batch.sender["email"] if returns is None else returns.address(send_id)
    recipient = batch.people[delivery.send.person_id].email
    return Outgoing(send_id, envelope_from, recipient, written.message, batch.copies(delivery.send))
