"""Let people wait for a send option that failed when they were calculated. A background job calls it again.

services/campaigns/editing/waiting_job.py has the work of the job.
"""

from collections.abc import Sequence

from api.codes.events.event_kinds import EventKind
from api.models import Enrollment, Step
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.partial_timelines import Unresolved
from api.store import jobs
from api.store.enrollments import waiting_people
from api.store.enrollments.waiting_people import Waiting
from api.store.events.events import enrollment_event, write

WAITING_JOB = "waiting_people"
"""The name of the job that calls the option again. Its subject is the campaign."""


async def let_wait(
    context: WorkspaceContext,
    steps: Sequence[Step],
    unresolved: Sequence[tuple[Enrollment, Unresolved]],
    *,
    again: bool = False,
) -> None:
    """Store that people of a campaign wait, and keep the job open that calls the option again.

    ``steps`` are all its steps. Call in the transaction that calculated them. With ``again``, they have waited before,
    so no event is written.
    """
    if not unresolved:
        return
    campaign_id, now = unresolved[0][0].campaign_id, context.now
    await waiting_people.mark([Waiting(row.id, *why) for row, why in unresolved])
    await jobs.keep_open(WAITING_JOB, context.workspace_id, campaign_id, context.clock())
    if again:
        return
    options = {step.number: step.send_option for step in steps}
    lines = []
    for row, why in unresolved:
        data = {"reason": why.code, "step": why.number, "option": options.get(why.number) or ""}
        lines.append(enrollment_event(row, EventKind.STEPS_NOT_PLANNED, now, data=data))
    await write(lines)
