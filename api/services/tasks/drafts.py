"""Drafts: texts that reps have written for emails of tasks, and neither sent nor scheduled yet.

A task has at most one draft. Each change gives it a new version, so that a second window does not overwrite what the
first has saved. The text of an email that was withdrawn is the draft of its task.
"""

from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.models import Send, Task
from api.services.common.inputs import inputs
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.services.tasks.composing import Draft
from api.services.tasks.manual_task_emails import hand_email_of
from api.services.tasks.open_tasks import find_email_task, place_in_campaign
from api.services.templates import template_inputs
from api.states import SendStatus
from api.store.emails.written_texts import delete_text, save_text
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.tasks.tasks import next_draft_version
from strategies import Refusal


@retry_on_deadlock
async def save_draft(
    context: WorkspaceContext,
    task_id: str,
    *,
    subject: str | None = None,
    html: str | None = None,
    if_version: int | None = None,
) -> Draft:
    """Save the draft of an EMAIL task, in place of an earlier one. A part that is None comes from the template.

    Raises Refusal, also if ``if_version`` is not the version of the draft.
    """
    task, enrollment_id, step_id = await _task_of_draft(context, task_id)
    subject, html = await check_parts(context, subject, html)
    now = context.now
    async with transaction():
        version = await next_version(task, if_version)
        await refuse_scheduled(task)
        await save_text(enrollment_id, step_id, subject, html, now)
    return Draft(subject, html, now, version)


@retry_on_deadlock
async def discard_draft(context: WorkspaceContext, task_id: str, *, if_version: int | None = None) -> Task:
    """Delete the draft of an EMAIL task. Compose shows the template again. Raises Refusal as ``save_draft`` does."""
    task, enrollment_id, step_id = await _task_of_draft(context, task_id)
    async with transaction():
        task.draft_version = await next_version(task, if_version)
        await delete_text(enrollment_id, step_id)
    return task


async def check_parts(
    context: WorkspaceContext, subject: str | None, html: str | None
) -> tuple[str | None, str | None]:
    """Return the parts of a draft, of which one may be None. Raises Refusal."""
    if subject is None and html is None:
        raise Refusal.of(InputCode.REQUIRED, ("html",), case="part")
    if subject is not None:
        subject = inputs.line(subject, ("subject",), limit=template_inputs.MAX_SUBJECT_CHARACTERS, required=False)
    if html is not None:
        html = await template_inputs.draft_html(context.workspace_id, html, ("html",))
    return subject, html


async def _task_of_draft(context: WorkspaceContext, task_id: str) -> tuple[Task, str, str]:
    """Return an open EMAIL task whose email is not scheduled, with its enrollment and step. Raises Refusal."""
    task = await find_email_task(context, task_id)
    await refuse_scheduled(task)
    return task, *place_in_campaign(task)


async def next_version(task: Task, if_version: int | None) -> int:
    """Lock the task, and give its draft the next version. Raises Refusal. Call inside a transaction."""
    version = await next_draft_version(task.id)
    if version is None:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="gone")
    check_version("draft", version - 1, if_version)
    return version


async def refuse_scheduled(task: Task) -> None:
    if task.enrollment_id is None:
        send = await hand_email_of(task)
    else:
        send = await Send.get_or_none(enrollment_id=task.enrollment_id, step_id=task.step_id).only("id", "status")
    if send is None or send.status is SendStatus.DRAFT:
        return
    if send.status in (SendStatus.FAILED, SendStatus.BOUNCED):
        raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="undelivered")
    if send.status is SendStatus.IN_DOUBT:
        raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="in_doubt")
    raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",))
