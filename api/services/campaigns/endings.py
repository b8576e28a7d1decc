"""Record replies, and end a campaign for one person or for everyone."""

from api.codes.campaigns import CampaignCode
from api.codes.event_kinds import EventKind
from api.codes.reasons import ReasonCode
from api.models import Campaign, Enrollment, Launch
from api.services.campaigns.pausing.launch_control import cancel
from api.services.common.chunk_sizes import people_per_transaction
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.progress import end, end_all
from api.states import GOING_ON, EnrollmentStatus, OnReply
from api.store.edits import people_in
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments import finished_with_pending_emails
from api.store.events import Line, event, write

PEOPLE_PER_TRANSACTION = 1_000
"""People for whom one transaction ends a campaign. Fewer if the campaign has many steps."""


@retry_on_deadlock
async def record_reply(context: WorkspaceContext, enrollment_id: str) -> Enrollment:
    """Record a person's reply. The campaign's ``on_reply`` decides whether the campaign ends for them."""
    enrollment, campaign = await _enrollment(context, enrollment_id)
    async with transaction():
        await write([_event(enrollment, EventKind.REPLIED, context)])
        if campaign.on_reply is not OnReply.CONTINUE:
            success = campaign.on_reply is OnReply.END_AS_SUCCESS
            await end(
                enrollment,
                context.now,
                why=ReasonCode.REPLIED.message(),
                status=EnrollmentStatus.SUCCEEDED if success else EnrollmentStatus.ENDED,
            )
    return enrollment


@retry_on_deadlock
async def end_enrollment(context: WorkspaceContext, enrollment_id: str) -> Enrollment:
    """Remove one person from a campaign."""
    enrollment, _ = await _enrollment(context, enrollment_id, "id")
    async with transaction():
        await end(enrollment, context.now, why=ReasonCode.REMOVED.message())
    return enrollment


async def end_campaign(context: WorkspaceContext, campaign_id: str) -> int:
    """End a campaign for everyone in it. Returns the number of people."""
    campaign = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    # Cancel background launches first, so that they enroll nobody else.
    for launch in await Launch.filter(campaign_id=campaign.id, status__in=GOING_ON):
        await cancel(launch.id, context.clock())
    at_once = people_per_transaction(PEOPLE_PER_TRANSACTION, len(await steps_of(campaign)))
    ended, after = 0, ""
    while people := await people_in(campaign.id, after, at_once):
        ended += await _end(context, [person["id"] for person in people])
        after = people[-1]["person_id"]
    after = ""
    while ids := await finished_with_pending_emails(campaign.id, after, at_once):
        ended += await _end(context, ids)
        after = ids[-1]
    return ended


@retry_on_deadlock
async def _end(context: WorkspaceContext, ids: list[str]) -> int:
    async with transaction():
        return await end_all(ids, context.now, why=CampaignCode.CAMPAIGN_ENDED.message("everyone"))


async def _enrollment(
    context: WorkspaceContext, enrollment_id: str, argument: str = "enrollmentId"
) -> tuple[Enrollment, Campaign]:
    enrollment = await get_or_refuse(Enrollment, context.workspace_id, enrollment_id, (argument,))
    return enrollment, await Campaign.get(id=enrollment.campaign_id)


def _event(
    enrollment: Enrollment,
    kind: EventKind,
    context: WorkspaceContext,
    *,
    send_id: str | None = None,
    step_id: str | None = None,
) -> Line:
    return event(
        context.workspace_id,
        kind,
        context.now,
        campaign_id=enrollment.campaign_id,
        person_id=enrollment.person_id,
        enrollment_id=enrollment.id,
        send_id=send_id,
        step_id=step_id,
    )
