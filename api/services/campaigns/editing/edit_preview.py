"""Preview an edit: for each step, how many emails would move, with old and new times. Writes nothing.

People whose facts are equal form a group, which is calculated once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from api.models import Launch
from api.services.campaigns.campaign_warnings import campaign_warnings, tracking_warnings
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing.apply_edit import check
from api.services.campaigns.editing.edit_planner import EditChanges, EditPlanner
from api.services.campaigns.editing.edit_tally import EditTally, StepEdit
from api.services.campaigns.option_problems import option_problems
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_groups import FactGroups, read_groups
from api.states import OPEN_LAUNCH_STATUSES
from api.store.enrollments.fact_groups import edit_facts
from strategies import WarningNote
from strategies.questions import QuestionCollector, asks_options
from strategies.sentences.warning_codes import WarningCode


@dataclass(slots=True)
class EditPreview:
    """Preview for the whole campaign. ``at`` (UTC) is when it was calculated.

    The numbers are those of ``calculated_people``. If ``exact`` is False, these are fewer than ``people``.
    """

    at: datetime
    exact: bool = True
    people: int = 0
    calculated_people: int = 0
    moving_people: int = 0
    unresolved_people: int = 0
    steps: Sequence[StepEdit] = field(default_factory=list)
    warnings: list[WarningNote] = field(default_factory=list)


@asks_options
async def edit_preview(context: WorkspaceContext, draft: Draft) -> EditPreview:
    """Calculate the edit's changes for everyone in the campaign. Raises Refusal as the edit would."""
    anyone = await check(context, draft)
    row = draft.campaign
    at = context.now
    planner = await EditPlanner.load(context, row, draft.steps, row.paused_at or at)
    tally, groups = EditTally(draft, planner.now), FactGroups()
    if anyone:
        groups = await read_groups(partial(edit_facts, row.id, planner.source.reads, draft.steps[0].id))
    questions = QuestionCollector()
    async for each in groups.examples(planner.source):
        changes = EditChanges()
        with questions:
            planner.add(changes, each.enrollment, each.sends, each.tasks, each.own)
            tally.add(changes, each.people)
    questions.raise_any()
    return await preview_of(context, draft, tally, groups, at)


async def preview_of(
    context: WorkspaceContext, draft: Draft, tally: EditTally, groups: FactGroups, at: datetime
) -> EditPreview:
    """Return the preview with the sums of ``tally``, calculated ``at`` (UTC)."""
    return EditPreview(
        at,
        exact=groups.exact,
        people=groups.total,
        calculated_people=tally.people,
        moving_people=tally.moving_people,
        unresolved_people=tally.unresolved_people,
        steps=tally.steps,
        warnings=await _warnings(context, draft, tally, groups),
    )


async def _warnings(context: WorkspaceContext, draft: Draft, tally: EditTally, groups: FactGroups) -> list[WarningNote]:
    row = draft.campaign
    warnings = tally.order.warnings(campaign_warnings(context, draft.steps, skip_weekends=row.skip_weekends))
    warnings += await option_problems(context, draft.steps)
    if "tracking" in draft.settings:
        warnings += tracking_warnings(context, row.tracking)
    if row.paused_at is not None and groups.total:
        warnings.append(WarningCode.EMAILS_STAY_ON_HOLD.note())
    elif late := sum(step.at_once for step in tally.steps):
        warnings.append(WarningCode.EMAILS_LATE.note(emails=late))
    warnings += [
        WarningCode.NEW_STEP_PASSED.note(step=step.step, people=step.passed)
        for step in tally.steps
        if step.added and step.passed
    ]
    if tally.unresolved_people:
        warnings.append(WarningCode.PEOPLE_NOT_RESOLVED.note(people=tally.unresolved_people))
    if await Launch.filter(campaign_id=row.id, status__in=OPEN_LAUNCH_STATUSES).exists():
        warnings.append(WarningCode.LAUNCH_IN_PROGRESS.note())
    return [*groups.warnings(), *warnings]
