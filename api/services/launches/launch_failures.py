"""Launches in the background that cannot go on."""

from collections.abc import Callable
from datetime import datetime

from api.codes.event_kinds import EventKind
from api.models import Launch
from api.services.common.context import workspace_now
from api.services.jobs.halving import Job
from api.states import LaunchStatus
from api.store import launches as audience
from api.store.engine.transactions import transaction
from api.store.events import event, write


async def _give_up(row: Launch, reason: str, clock: Callable[[], datetime]) -> None:
    """End a launch that cannot go on: who is enrolled stays, and the others are left out."""
    async with transaction():
        failed = {"status": LaunchStatus.FAILED, "lease_until": None, "problem": reason}
        if not await Launch.filter(id=row.id, status=LaunchStatus.RUNNING).update(**failed):
            return
        row = await Launch.get(id=row.id)
        rest = await audience.leave_out_the_rest(row.id, row.workspace_id, reason="LAUNCH_FAILED")
        await Launch.filter(id=row.id).update(left_out=row.left_out + rest)
        now = await workspace_now(row.workspace_id, clock)
        told = {"launch": row.id, "reason": reason}
        await write([event(row.workspace_id, EventKind.LAUNCH_FAILED, now, data=told, campaign_id=row.campaign_id)])


JOB = Job(Launch, "lease_until", "failures", "problem", _give_up)
"""How a launch that fails is tried again, and ends."""
