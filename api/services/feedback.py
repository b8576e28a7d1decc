"""What comes back: replies; and ending a person's or everyone's campaign."""

from api.models import Campaign, Enrollment, Launch
from api.services.chunks import people_at_once
from api.services.launches import cancel
from api.services.progress import end, end_all
from api.services.scope import Scope
from api.services.steps import steps_of
from api.states import GOING_ON, EnrollmentStatus, OnReply
from api.store.edits import people_in
from api.store.enrollments import finished_with_emails
from api.store.events import Line, event, write
from api.store.rows import need
from api.store.transactions import transaction, undeadlocked

AT_ONCE = 1_000
"""People for whom a campaign ends in one transaction, or fewer where it has many steps."""


@undeadlocked
async def record_reply(scope: Scope, enrollment_id: str) -> Enrollment:
    """Record a person's reply; the campaign's setting decides whether it ends for them."""
    enrollment, campaign = await _enrollment(scope, enrollment_id)
    async with transaction():
        await write([_event(enrollment, "REPLIED", scope)])
        if campaign.on_reply is not OnReply.CONTINUE:
            success = campaign.on_reply is OnReply.END_AS_SUCCESS
            await end(
                enrollment,
                scope.now,
                reason="REPLIED",
                detail="The person replied, which ends this campaign for them.",
                status=EnrollmentStatus.SUCCEEDED if success else EnrollmentStatus.ENDED,
            )
    return enrollment


@undeadlocked
async def end_enrollment(scope: Scope, enrollment_id: str) -> Enrollment:
    """End one person's campaign by hand."""
    enrollment, _ = await _enrollment(scope, enrollment_id, "id")
    async with transaction():
        await end(enrollment, scope.now, reason="REMOVED", detail="The person was removed from this campaign.")
    return enrollment


async def end_campaign(scope: Scope, campaign_id: str) -> int:
    """End a campaign for everyone in it. Returns for how many."""
    campaign = await need(Campaign, scope.workspace_id, campaign_id, ("id",))
    # First of all: a launch in the background enrolls nobody behind our back.
    for launch in await Launch.filter(campaign_id=campaign.id, status__in=GOING_ON):
        await cancel(launch.id)
    at_once = people_at_once(AT_ONCE, len(await steps_of(campaign)))
    ended, after = 0, ""
    while people := await people_in(campaign.id, after, at_once):
        ended += await _end(scope, [person["id"] for person in people])
        after = people[-1]["person_id"]
    after = ""
    while ids := await finished_with_emails(campaign.id, after, at_once):
        ended += await _end(scope, ids)
        after = ids[-1]
    return ended


@undeadlocked
async def _end(scope: Scope, ids: list[str]) -> int:
    async with transaction():
        return await end_all(ids, scope.now, reason="CAMPAIGN_ENDED", detail="The campaign was ended for everyone.")


async def _enrollment(scope: Scope, enrollment_id: str, argument: str = "enrollmentId") -> tuple[Enrollment, Campaign]:
    enrollment = await need(Enrollment, scope.workspace_id, enrollment_id, (argument,))
    return enrollment, await Campaign.get(id=enrollment.campaign_id)


def _event(
    enrollment: Enrollment, kind: str, scope: Scope, *, send_id: str | None = None, step_id: str | None = None
) -> Line:
    return event(
        scope.workspace_id,
        kind,
        scope.now,
        campaign_id=enrollment.campaign_id,
        person_id=enrollment.person_id,
        enrollment_id=enrollment.id,
        send_id=send_id,
        step_id=step_id,
    )
