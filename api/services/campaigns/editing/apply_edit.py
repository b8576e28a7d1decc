"""Edit a campaign: one short transaction writes the edit, and a job recalculates people's emails and tasks."""

from collections.abc import Iterable
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.templates import TemplateCode
from api.codes.request_errors.inputs import InputCode
from api.models import Campaign, Enrollment, Launch, Step
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing.edit_job import EDIT_JOB, edit_chunks
from api.services.campaigns.pausing.pause_job import HOLD_JOB, hold_chunks
from api.services.campaigns.step_content import check_subjects
from api.services.common.emails.claim_release import release_claimed
from api.services.common.inputs.versions import check_version
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_archived
from api.services.jobs.caller_chunks import CHUNKS_OF_A_CALLER, carry_out, finish_earlier
from api.states import OPEN_LAUNCH_STATUSES
from api.store import jobs
from api.store.campaigns import edits
from api.store.campaigns.campaign_state import lock_campaign
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import Line, campaign_event, write
from api.store.templates import archived_templates
from strategies import Refusal, StepType
from strategies.codes import StrategyCode

FIXED_SETTINGS = {"sender_id": "senderId", "use_recipient_zone": "useRecipientZone"}
"""Settings that people keep from their launch, with the names of their arguments."""


async def apply(context: WorkspaceContext, draft: Draft) -> Campaign:
    """Write an edit, and recalculate the people in the campaign. Raises Refusal; then nothing is written."""
    row = draft.campaign
    # Finish a resume first: it moves everyone's emails by the steps before this edit.
    if (
        draft.resolves
        and _is_resuming(row)
        and not await finish_earlier(HOLD_JOB, row.id, hold_chunks(context, row), context.clock)
    ):
        raise Refusal.of(CampaignCode.CAMPAIGN_BUSY, draft.path)
    await _decide(context, draft)
    await release_claimed(context, "step_id", *draft.steps_with_new_content)
    return await _carry_out_quick_part(context, row.id)


def _is_resuming(row: Campaign) -> bool:
    """Say whether a resume still has to be applied to people."""
    return row.holds is not None and (row.paused_at is None or row.resume_requested_at is not None)


@retry_on_deadlock
async def _decide(context: WorkspaceContext, draft: Draft) -> None:
    row = draft.campaign
    async with transaction():
        await lock_campaign(row.id)
        current = await Campaign.get(id=row.id)
        check_version("campaign", current.version, draft.if_version)
        refuse_archived(current, draft.path)
        # An edit that changes only content gets no revision. Compare the steps too, so that no other edit is
        # overwritten.
        same = not draft.writes_steps or _columns(await steps_of(row)) == _columns(draft.before)
        if not same or current.revision != row.revision or (draft.resolves and _is_resuming(current)):
            raise Refusal.of(InputCode.CHANGED_MEANWHILE, draft.path, case="campaign")
        people = await check(context, draft)
        await _write(context, draft, current)
        if people and draft.resolves:
            await Campaign.filter(id=row.id).update(editing=True)
            now = context.clock()
            await jobs.start(EDIT_JOB, context.workspace_id, row.id, now, lease_until=now + jobs.LEASE)
        if people:
            await write([_edit_event(context, draft)])


async def check(context: WorkspaceContext, draft: Draft) -> bool:
    """Refuse edits that are not allowed while people are in the campaign. Returns whether anyone is.

    People for whom the campaign is being ended are no longer in it.
    """
    row = draft.campaign
    await _check_types(draft)
    await _refuse_archived_templates(draft)
    people = await Enrollment.filter(campaign_id=row.id, ended_at=None, campaign__ending_at=None).exists()
    if not people and not await _launches(row.id):
        return False
    for name, argument in FIXED_SETTINGS.items():
        if name in draft.settings:
            raise Refusal.of(CampaignCode.CAMPAIGN_RUNNING, (argument,))
    if draft.before:
        before, now = draft.before[0], draft.steps[0] if draft.steps else None
        if now is None or (now.id, now.day) != (before.id, before.day):
            raise Refusal.of(CampaignCode.CAMPAIGN_RUNNING, draft.path_of_first_step, case="first_step")
    for step in draft.changed:
        await check_subjects([step], (*draft.prefix_of(step.id), "subject"))
    await _check_send_at(context, draft)
    return people


async def _check_types(draft: Draft) -> None:
    """Refuse to change an email into a task, or a task into an email, after the first launch. Raises Refusal."""
    were_emails = {step.id: step.type is StepType.EMAIL for step in draft.before}
    for step in draft.steps:
        is_email = step.type is StepType.EMAIL
        if were_emails.get(step.id, is_email) is is_email:
            continue
        current = await Campaign.get(id=draft.campaign.id)
        if current.launched_at is None and not await _launches(current.id):
            continue
        path = (*draft.prefix_of(step.id), "type")
        if step.number == 1 and current.finished_at is None:
            raise Refusal.of(CampaignCode.STEP_TYPE_FIXED, path, case="first_step")
        raise Refusal.of(CampaignCode.STEP_TYPE_FIXED, path)


async def _refuse_archived_templates(draft: Draft) -> None:
    """Refuse to use an archived template in a step that did not have it before. Raises Refusal."""
    before = {step.id: step.template_id for step in draft.before}
    new = [step for step in draft.changed if step.template_id and step.template_id != before.get(step.id)]
    archived = await archived_templates([step.template_id for step in new if step.template_id]) if new else ()
    for step in new:
        if step.template_id in archived:
            raise Refusal.of(TemplateCode.TEMPLATE_ARCHIVED, (*draft.prefix_of(step.id), "templateId"), case="step")


async def _launches(campaign_id: str) -> bool:
    """Say whether a background launch still enrolls people."""
    return await Launch.filter(campaign_id=campaign_id, status__in=OPEN_LAUNCH_STATUSES).exists()


async def _check_send_at(context: WorkspaceContext, draft: Draft) -> None:
    """Refuse a first step that needs a send-at if someone who waits for it was launched without one."""
    first = draft.steps[0] if draft.steps else None
    if first is None or first.send_option is None or first not in draft.changed:
        return
    if not context.installed.send_options.need(first.send_option).asks_send_at:
        return
    if (
        await edits.waits_without_send_at(draft.campaign.id, first.id)
        or await Launch.filter(campaign_id=draft.campaign.id, status__in=OPEN_LAUNCH_STATUSES, send_at=None).exists()
    ):
        path = (*draft.prefix_of(first.id), "sendOption")
        raise Refusal.of(StrategyCode.SEND_AT_REQUIRED, path, case="running")


def _columns(steps: Iterable[Step]) -> list[list[Any]]:
    return [[getattr(step, name) for name in Step._meta.fields_db_projection] for step in steps]


async def _write(context: WorkspaceContext, draft: Draft, current: Campaign) -> None:
    row = draft.campaign
    values = {name: getattr(row, name) for name in draft.settings}
    if values or draft.writes_steps:
        values["version"] = current.version + 1
    if draft.resolves:
        values |= {"revision": current.revision + 1, "edited_at": context.now, "editing": False}
        values |= {"job_problem": None}
    if values:
        await Campaign.filter(id=row.id).update(**values)
    if not draft.writes_steps:
        return
    if removed := [step.id for step in draft.removed]:
        # Their rows stay: to delete a step, the database would search all emails and tasks for references.
        await Step.filter(id__in=removed).update(removed_at=context.now)
    for step in draft.steps:
        new = step.id in draft.added
        if new:
            step.added_at = current.paused_at or context.now
            step.added_revision = current.revision + 1
        await step.save(force_create=new, force_update=not new)


def _edit_event(context: WorkspaceContext, draft: Draft) -> Line:
    """Return the event of an edit. It names a step only if the edit is of one step."""
    step = draft.changed[0] if len(draft.stages) == 1 and draft.changed else None
    kinds = [stage.kind for stage in draft.stages]
    data: dict[str, Any] = {"edit": kinds[0] if len(kinds) == 1 else "EDIT_STEPS" if kinds else "CHANGE_SETTINGS"}
    if step is not None:
        data["step"] = step.number
    if len(kinds) > 1:
        data["edits"] = len(kinds)
    kind, at, step_id = EventKind.CAMPAIGN_EDITED, context.now, None if step is None else step.id
    return campaign_event(context.workspace_id, draft.campaign.id, kind, at, data=data, step_id=step_id)


async def _carry_out_quick_part(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Carry out the first chunks. A tick loop does the rest."""
    row = await Campaign.get(id=campaign_id)
    job = await jobs.open_job(EDIT_JOB, campaign_id)
    await carry_out(job, edit_chunks(context, row), context.clock, CHUNKS_OF_A_CALLER)
    context.wake()
    return await Campaign.get(id=campaign_id)
