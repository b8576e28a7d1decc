"""Preview a resume: how many people's emails would move, with old and new times. Writes nothing.

People whose facts are equal form a group, which is calculated once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign
from api.services.campaigns.pausing.resume_planner import Changes, ResumePlanner
from api.services.campaigns.pausing.resume_tally import ResumeTally, StepPreview
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_groups import FactGroups, ReadSlice, read_groups
from api.states import EnrollmentStatus
from api.store.engine.rows import get_or_refuse
from api.store.enrollments.fact_groups import FactSlice, resume_facts
from strategies import Refusal, WarningNote
from strategies.questions import QuestionCollector, asks_options


@dataclass(slots=True)
class ResumePreview:
    """Preview for the whole campaign. ``at`` (UTC) is the assumed time of the resume.

    The numbers are those of ``calculated_people``. If ``exact`` is False, these are fewer than ``people``.
    """

    at: datetime
    exact: bool = True
    people: int = 0
    calculated_people: int = 0
    held_emails: int = 0
    moving_people: int = 0
    staying_people: int = 0
    steps: Sequence[StepPreview] = field(default_factory=list)
    warnings: Sequence[WarningNote] = field(default_factory=list)


@asks_options
async def resume_preview(context: WorkspaceContext, campaign_id: str) -> ResumePreview:
    """Calculate the changes of a resume for everyone with emails on hold. Raises Refusal if it is not paused."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("campaignId",))
    if row.paused_at is None or row.resume_requested_at is not None:
        raise Refusal.of(CampaignCode.CAMPAIGN_NOT_PAUSED, ("campaignId",))
    planner = await ResumePlanner.load(context, row, await steps_of(row), context.now)
    tally = ResumeTally(planner.steps, planner.now)
    first = next((step.id for step in planner.steps if step.number == 1), "")

    def people_with(status: EnrollmentStatus) -> ReadSlice:
        async def read(after: str, people: int) -> FactSlice:
            return await resume_facts(row.id, planner.source.reads, status, after, people, planner.now, first)

        return read

    # People who have finished the campaign may have an email that is sent again.
    groups = await read_groups(*map(people_with, EnrollmentStatus))
    questions = QuestionCollector()
    async for each in groups.examples(planner.source):
        changes = Changes()
        with questions:
            planner.add(changes, each.enrollment, each.sends, each.tasks, each.own)
            tally.add(changes, each.enrollment, each.sends, each.people)
    questions.raise_any()
    return preview_of(planner.now, tally, groups)


def preview_of(at: datetime, tally: ResumeTally, groups: FactGroups) -> ResumePreview:
    """Return the preview with the sums of ``tally``."""
    return ResumePreview(
        at,
        exact=groups.exact,
        people=groups.total,
        calculated_people=tally.people,
        held_emails=tally.held_emails,
        moving_people=tally.moving_people,
        staying_people=tally.people - tally.moving_people,
        steps=tally.steps,
        warnings=[*groups.warnings(), *tally.order.warnings()],
    )
