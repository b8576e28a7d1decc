"""Replies: a person's reply, and what it means for their campaign."""

from api.codes.event_kinds import EventKind
from api.codes.outcome_reasons import ReasonCode
from api.models import Campaign, Enrollment
from api.services.common.context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end
from api.states import EnrollmentStatus, OnReply
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import enrollment_event, write


@retry_on_deadlock
async def record_reply(context: WorkspaceContext, enrollment_id: str) -> Enrollment:
    """Record a person's reply. The campaign's ``on_reply`` decides whether the campaign ends for them."""
    enrollment = await get_or_refuse(Enrollment, context.workspace_id, enrollment_id, ("enrollmentId",))
    campaign = await Campaign.get(id=enrollment.campaign_id)
    async with transaction():
        await write([enrollment_event(enrollment, EventKind.REPLIED, context.now)])
        if campaign.on_reply is not OnReply.CONTINUE:
            success = campaign.on_reply is OnReply.END_AS_SUCCESS
            await end(
                enrollment,
                context.now,
                why=ReasonCode.REPLIED.message(),
                status=EnrollmentStatus.SUCCEEDED if success else EnrollmentStatus.ENDED,
            )
    return enrollment
