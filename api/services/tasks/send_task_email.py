"""Send the email of an EMAIL task: now, or at a time that the rep chooses."""

from datetime import datetime

from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import Enrollment, Send, Task
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.services.enrollments.timelines.chosen_times import LocalTime, chosen_time
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.services.enrollments.timelines.timeline_rows import zone_note
from api.services.people.reachability import lock_reachable
from api.services.tasks.closing import close_task
from api.services.tasks.composing import refuse_unsendable
from api.services.tasks.drafts import next_version, refuse_scheduled
from api.services.tasks.open_tasks import find_workable, place_in_campaign
from api.services.templates import template_inputs
from api.states import TaskStatus
from api.store.emails.transactional import transactional_steps
from api.store.emails.written_texts import WrittenEmail, delete_text, find_text
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.tasks.tasks import lock_undone
from strategies import Refusal, StepType


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

    ``subject`` and ``html`` are not templates: they are sent unchanged. A part that is None is that of the draft, or of
    the template. Sending now completes the task. An email for later completes it when it is sent. Raises Refusal, also
    if ``if_version`` is not the version of the task's draft.
    """
    task = await find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), type=task.type)
    enrollment_id, step_id = place_in_campaign(task)
    await refuse_scheduled(task)
    text = await template_inputs.written_text(context.workspace_id, subject, html)
    now = context.now
    chosen = chosen_time(at, now)
    enrollment = await Enrollment.get(id=enrollment_id)
    kept = await find_text(enrollment_id, step_id) or WrittenEmail(None, None)
    if kept.written_as_template and text != (None, None):
        written = WrittenEmail(text.subject, text.html)
    else:
        written = kept._replace(
            subject=kept.subject if text.subject is None else text.subject,
            html=kept.html if text.html is None else text.html,
        )
    for name, part in (("subject", written.subject), ("html", written.html)):
        if part == "":
            raise Refusal.of(InputCode.REQUIRED, (name,), argument=name)
    send = Send(
        id=new_id("snd"),
        workspace_id=context.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step_id,
        person_id=task.person_id,
        sender_id=task.assignee_id,
        sandbox=context.workspace.sandbox,
        by_hand=True,
        created_at=now,
        subject=written.subject,
        html=written.html,
        written_as_template=written.written_as_template,
        **chosen_columns(chosen.at, enrollment.zone),
        explanation=notes_to_json([zone_note(enrollment), *chosen.notes("BY_HAND", enrollment.zone)]),
    )
    if chosen.at == now:
        await refuse_unsendable(context, send, ("id",) if html is None else ("html",))
    async with transaction():
        await remember(context, key, [send.id])
        await refuse_paused_or_ending(enrollment.campaign_id, ("id",))
        # Meanwhile an edit may have deleted the task, or someone may have assigned it or merged its person.
        found = await Task.get_or_none(id=task.id)
        if found is None:
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="gone")
        task = found
        unedited = written.subject is None and written.html is None
        transactional = unedited and bool(await transactional_steps([step_id]))
        person = await lock_reachable(context.workspace, task.person_id, ("id",), transactional=transactional)
        send.person_id, send.sender_id = person.id, task.assignee_id
        if not await lock_undone(task.id):
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="gone")
        if if_version is not None:
            await next_version(task, if_version)
        await refuse_scheduled(task)
        await send.save(force_create=True)
        await delete_text(enrollment_id, step_id)
        if chosen.at == now:
            await close_task(context, task, TaskStatus.COMPLETED, now)
    context.wake()
    return send
