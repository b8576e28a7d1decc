"""The one-off email of a task that was created by hand: find it, or delete it with its task."""

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.ids import new_id
from api.models import Send, Sender, Task
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.states import UNTRANSMITTED_STATUSES, SendStatus, Tracking
from api.store.emails import attachments, one_off_emails
from api.store.emails.one_off_emails import OneOffEmail
from api.store.emails.written_texts import lock_email
from api.store.events.events import email_event, write
from strategies import Refusal

DELETED_STATUSES = (SendStatus.DRAFT, *UNTRANSMITTED_STATUSES)


async def hand_email_of(task: Task) -> Send | None:
    """Return the email of a task that was created by hand; None if it has none."""
    send_id = await one_off_emails.email_of_task(task.id)
    return None if send_id is None else await Send.get(id=send_id)


async def new_hand_email(context: WorkspaceContext, task: Task, sender: Sender, subject: str, html: str) -> Send:
    """Store the draft of a task that was created by hand. Call in a transaction that has locked its person."""
    now = context.now
    send = Send(
        id=new_id("snd"), workspace_id=context.workspace_id, sender_id=sender.id, person_id=task.person_id,
        by_hand=True, sandbox=context.workspace.sandbox, status=SendStatus.DRAFT, subject=subject, html=html,
        **chosen_columns(now, sender.zone),
    )  # fmt: skip
    await send.save(force_create=True)
    await one_off_emails.add(
        OneOffEmail(send.id, context.workspace_id, 1, (), (), (), Tracking.OFF, None, None, None, task.id, now, now)
    )
    return send


async def delete_unsent_email(context: WorkspaceContext, task: Task) -> None:
    """Delete the draft or the scheduled email of a task, because the task is done without it, or deleted.

    Call inside a transaction. Raises Refusal if the email is being transmitted.
    """
    found = await one_off_emails.email_of_task(task.id)
    send = None if found is None else await lock_email(found)
    if send is None:
        return
    if send.status is SendStatus.TRANSMITTING:
        raise Refusal.of(EmailCode.EMAIL_LEAVING, ("id",), case="of_task")
    if send.status in DELETED_STATUSES:
        await attachments.set_attachments(send.id, (), context.clock())
        await Send.filter(id=send.id).delete()
        await write([email_event(send, EventKind.EMAIL_DELETED, context.now, data={"subject": send.subject or ""})])
