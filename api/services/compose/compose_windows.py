"""Compose windows of EMAIL tasks: show the email, save a draft, discard it and send it.

A task of a campaign has the email of its step. A task that was created by hand has a one-off email, which can also have
CC, BCC and attachments.
"""

from datetime import datetime

from api.codes.request_errors.inputs import InputCode
from api.models import Send, Task
from api.services.common.inputs.request_keys import RequestKey
from api.services.common.request_context import WorkspaceContext
from api.services.compose.compose_manual_tasks import compose_hand_email, save_hand_email
from api.services.enrollments.timelines.chosen_times import LocalTime
from api.services.one_off_emails.sending import delete_email, send_email
from api.services.tasks import composing, drafts, send_task_email
from api.services.tasks.composing import Compose, Draft
from api.services.tasks.manual_task_emails import hand_email_of
from api.services.tasks.open_tasks import find_email_task
from api.services.templates import template_inputs
from api.store.engine.transactions import retry_on_deadlock, transaction
from strategies import Refusal


async def compose(context: WorkspaceContext, task_id: str) -> Compose:
    """Return the email of an open EMAIL task, with links that open it in mail programs. Raises Refusal."""
    task = await find_email_task(context, task_id)
    if task.enrollment_id is not None:
        return await composing.compose(context, task_id)
    return await compose_hand_email(context, task)


@retry_on_deadlock
async def save_draft(
    context: WorkspaceContext,
    task_id: str,
    *,
    subject: str | None = None,
    html: str | None = None,
    if_version: int | None = None,
) -> Draft:
    """Save the draft of an EMAIL task. A part that is None stays as it is, or as the campaign's template has it.

    Raises Refusal, also if ``if_version`` is not the version of the draft.
    """
    task = await find_email_task(context, task_id)
    if task.enrollment_id is not None:
        return await drafts.save_draft(context, task_id, subject=subject, html=html, if_version=if_version)
    subject, html = await drafts.check_parts(context, subject, html)
    async with transaction():
        version = await drafts.next_version(task, if_version)
        await drafts.refuse_scheduled(task)
        send = await save_hand_email(context, task, subject, html)
    return Draft(send.subject, send.html, context.now, version)


@retry_on_deadlock
async def discard_draft(context: WorkspaceContext, task_id: str, *, if_version: int | None = None) -> Task:
    """Delete the draft of an EMAIL task. Raises Refusal as ``save_draft`` does."""
    task = await find_email_task(context, task_id)
    if task.enrollment_id is not None:
        return await drafts.discard_draft(context, task_id, if_version=if_version)
    async with transaction():
        task.draft_version = await drafts.next_version(task, if_version)
        await drafts.refuse_scheduled(task)
        if (send := await hand_email_of(task)) is not None:
            await delete_email(context, send.id)
    return task


@retry_on_deadlock
async def send_task(
    context: WorkspaceContext,
    task_id: str,
    *,
    subject: str | None = None,
    html: str | None = None,
    at: datetime | LocalTime | None = None,
    if_version: int | None = None,
    key: RequestKey | None = None,
) -> Send:
    """Send the email of an EMAIL task, unchanged or edited: now, or at a later time.

    A part that is None is that of the draft, or of the campaign's template. Sending now completes the task. An email
    for later completes it when it is sent. Raises Refusal, also if ``if_version`` is not the version of the draft.
    """
    task = await find_email_task(context, task_id)
    if task.enrollment_id is not None:
        return await send_task_email.send_task(
            context, task_id, subject=subject, html=html, at=at, if_version=if_version, key=key
        )
    text = await template_inputs.written_text(context.workspace_id, subject, html)
    try:
        async with transaction():
            await drafts.next_version(task, if_version)
            await drafts.refuse_scheduled(task)
            send = await save_hand_email(context, task, text.subject, text.html)
            if not send.html:
                raise Refusal.of(InputCode.REQUIRED, ("html",), argument="html")
            return await send_email(context, send.id, at=at, key=key)
    except Refusal as refusal:
        if refusal.path != ("to",):
            raise
        raise Refusal(refusal.code, refusal.message, ("id",)) from None
