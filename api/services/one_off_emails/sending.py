"""Send a one-off email now or later, change its time, make it a draft again, or delete it."""

from datetime import datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.models import Person, Send, Sender, Task
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.chosen_times import ChosenTime, LocalTime, chosen_time
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.services.one_off_emails.locking import lock_unsent, one_off_of
from api.services.one_off_emails.recipients import Copies, refuse_copies, refuse_reached
from api.services.people.reachability import lock_reachable
from api.services.tasks.closing import close_task
from api.services.tasks.composing import refuse_unsendable
from api.states import UNTRANSMITTED_STATUSES, SendStatus, TaskStatus
from api.store.emails import attachments, one_off_emails
from api.store.emails.one_off_emails import OneOffEmail
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write
from api.store.tasks.tasks import lock_undone
from strategies import Refusal, WarningNote
from strategies.sentences.warning_codes import WarningCode
from strategies.timeline.timeline_notes import utc

DELETABLE_STATUSES = (SendStatus.FAILED, SendStatus.BOUNCED)
"""Statuses in which a one-off email can be withdrawn and deleted, besides those of an unsent one."""


@retry_on_deadlock
async def send_email(
    context: WorkspaceContext,
    send_id: str,
    *,
    at: datetime | LocalTime | None = None,
    if_version: int | None = None,
    key: RequestKey | None = None,
) -> Send:
    """Send the draft of a one-off email now (None), or at a later time. Raises Refusal.

    An email that is scheduled already gets the new time.
    """
    send = await one_off_of(context, send_id)
    chosen, now = chosen_time(at, context.now, now_by_leaving_out=True), context.now
    await refuse_unsendable(context, send, ("id",))
    async with transaction():
        send = await lock_unsent(send.id)
        row = await one_off_emails.lock(send.id)
        check_version("email", row.version, if_version)
        if not send.subject:
            raise Refusal.of(InputCode.REQUIRED, ("subject",), argument="subject")
        sender = await Sender.get(id=send.sender_id)
        refuse_reached(await lock_reachable(context.workspace, send.person_id, ("to",)), row, ("to",))
        await refuse_copies(context, sender, Copies(tuple(row.cc), tuple(row.bcc)), row.reached_keys)
        was_draft = send.status is SendStatus.DRAFT
        await _schedule(context, send, chosen, sender.zone)
        await one_off_emails.touch(send.id, now)
        if row.task_id is not None and chosen.at == now and await lock_undone(row.task_id):
            await close_task(context, await Task.get(id=row.task_id), TaskStatus.COMPLETED, now)
        before = {} if was_draft else {"before": utc(send.due_at)}
        kind = EventKind.EMAIL_SCHEDULED if was_draft else EventKind.EMAIL_RESCHEDULED
        data: dict[str, Any] = {**before, "after": utc(chosen.at)} if before else {"at": utc(chosen.at)}
        data |= left_out(row)
        await write([email_event(send, kind, now, data=data)])
        await remember(context, key, [send.id])
    context.wake()
    return await Send.get(id=send.id)


async def check_retried(context: WorkspaceContext, send: Send, person: Person) -> dict[str, list[str]]:
    """Refuse to retry a one-off email if a recipient must not get it. Returns the data of its event. Raises Refusal."""
    row = (await one_off_emails.find([send.id])).get(send.id)
    if row is None:
        return {}
    refuse_reached(person, row, ("id",))
    sender = await Sender.get(id=send.sender_id)
    await refuse_copies(context, sender, Copies(tuple(row.cc), tuple(row.bcc)), row.reached_keys)
    return left_out(row)


def left_out(email: OneOffEmail) -> dict[str, list[str]]:
    """Return the data of an event that lists the copies that are not sent again. Empty if there are none."""
    again = [address for address in email.copies if address not in email.due_copies]
    return {"withoutCopies": again} if again else {}


async def one_off_warnings(context: WorkspaceContext, send_id: str) -> list[WarningNote]:
    """Return a warning about copies that are not sent again with a scheduled one-off email."""
    send = await one_off_of(context, send_id)
    row = (await one_off_emails.find([send_id])).get(send_id)
    addresses = [] if row is None else left_out(row).get("withoutCopies", [])
    if not addresses or send.status not in UNTRANSMITTED_STATUSES:
        return []
    return [WarningCode.COPIES_NOT_REPEATED.note(addresses=", ".join(addresses))]


async def _schedule(context: WorkspaceContext, send: Send, chosen: ChosenTime, zone: str) -> None:
    """Write the time of a locked email. If it is claimed, the claim is released."""
    now = chosen.at == context.now
    notes = ChosenTime(chosen.at).notes("RESCHEDULED_NOW", zone) if now else chosen.notes("CHOSEN", zone)
    status = SendStatus.DEFERRED if send.attempts else SendStatus.SCHEDULED
    await Send.filter(id=send.id).update(
        status=status, attempt_id=None, lease_until=None, held=False, reason=None, detail="",
        explanation=notes_to_json(notes), **chosen_columns(chosen.at, zone),
    )  # fmt: skip


@retry_on_deadlock
async def withdraw_one_off(context: WorkspaceContext, send_id: str, *, if_version: int | None = None) -> Send:
    """Make a one-off email a draft again, if it is scheduled, failed or was rejected. Raises Refusal."""
    send = await one_off_of(context, send_id)
    async with transaction():
        send = await lock_unsent(send.id, *DELETABLE_STATUSES)
        if send.status is SendStatus.DRAFT:
            raise Refusal.of(EmailCode.NOT_SCHEDULED, ("id",), case="draft")
        check_version("email", (await one_off_emails.lock(send.id)).version, if_version)
        sender = await Sender.get(id=send.sender_id)
        await Send.filter(id=send.id).update(
            status=SendStatus.DRAFT, attempt_id=None, lease_until=None, held=False, attempts=0, reason=None, detail="",
            bounce=None, bounced_at=None, explanation=[], **chosen_columns(context.now, sender.zone),
        )  # fmt: skip
        await one_off_emails.touch(send.id, context.now)
        await write([email_event(send, EventKind.EMAIL_WITHDRAWN, context.now)])
    return await Send.get(id=send.id)


@retry_on_deadlock
async def delete_email(context: WorkspaceContext, send_id: str, *, if_version: int | None = None) -> str:
    """Delete a one-off email that was not sent. Returns its id. Raises Refusal, also for an email of a campaign."""
    send = await one_off_of(context, send_id)
    async with transaction():
        send = await lock_unsent(send.id, *DELETABLE_STATUSES)
        row = await one_off_emails.lock(send.id)
        check_version("email", row.version, if_version)
        await attachments.set_attachments(send.id, (), context.clock())
        await Send.filter(id=send.id).delete()
        await write([email_event(send, EventKind.EMAIL_DELETED, context.now, data={"subject": send.subject or ""})])
    return str(send.id)
