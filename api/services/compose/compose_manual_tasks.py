"""The one-off email of a task created by hand: show it, save its draft, or create it from a template."""

from dataclasses import replace
from typing import Any

from api.codes.refusals.emails import EmailCode
from api.models import Person, Send, Sender, Task
from api.services.common.request_context import WorkspaceContext
from api.services.one_off_emails.texts import template_text
from api.services.people.reachability import lock_reachable
from api.services.tasks import manual_tasks
from api.services.tasks.composing import Compose, Draft, compose_email, compose_empty
from api.services.tasks.manual_task_emails import hand_email_of, new_hand_email
from api.services.templates.sender_texts import load_sender_texts
from api.states import SendStatus
from api.store.emails import one_off_emails
from api.store.engine.transactions import retry_on_deadlock, transaction
from strategies import Refusal, StepType


async def compose_hand_email(context: WorkspaceContext, task: Task) -> Compose:
    """Return the compose window of a task: its draft or its email, else an empty email with the sender's signature."""
    send = await hand_email_of(task)
    if send is None:
        window = await compose_empty(context, task, await _signature(task.assignee_id))
        return replace(window, draft_version=task.draft_version)
    window, draft = await compose_email(context, send.id), None
    if send.status is SendStatus.DRAFT:
        row = (await one_off_emails.find([send.id]))[send.id]
        draft = Draft(send.subject, send.html, row.updated_at, task.draft_version)
    return replace(window, draft=draft, draft_version=task.draft_version)


async def save_hand_email(context: WorkspaceContext, task: Task, subject: str | None, html: str | None) -> Send:
    """Write the draft of a task, or begin it. A part that is None stays. Returns it.

    Call in a transaction that has locked the task. Raises Refusal.
    """
    send, parts = await hand_email_of(task), {"subject": subject, "html": html}
    values: dict[str, Any] = {name: part for name, part in parts.items() if part is not None}
    if send is not None:
        if values:
            await Send.filter(id=send.id, status=SendStatus.DRAFT).update(**values)
            await one_off_emails.touch(send.id, context.now)
        send.update_from_dict(values)
        return send
    await lock_reachable(context.workspace, task.person_id, ("id",))
    sender = await Sender.get(id=task.assignee_id)
    if html is None:
        html = await _signature(sender.id)
    return await new_hand_email(context, task, sender, subject or "", html)


@retry_on_deadlock
async def create_task(context: WorkspaceContext, template_id: str | None, **values: Any) -> Task:
    """Create a task by hand. The draft of an EMAIL task can be made from a template. Raises Refusal.

    Takes the values of ``manual_tasks.create_task``.
    """
    if template_id is None:
        return await manual_tasks.create_task(context, **values)
    if values["kind"] is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("templateId",), case="no_email", type=values["kind"])
    async with transaction():
        task = await manual_tasks.create_task(context, **values)
        person, sender = await Person.get(id=task.person_id), await Sender.get(id=task.assignee_id)
        text = await template_text(context, template_id, person, sender)
        send = await save_hand_email(context, task, text.subject, text.html)
        await one_off_emails.set_template(send.id, template_id)
    return task


async def _signature(sender_id: str) -> str:
    signature = (await load_sender_texts(sender_id)).signature
    return signature.html if signature.appended else ""
