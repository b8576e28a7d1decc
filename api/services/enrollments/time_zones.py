"""Recalculate unsent emails after a change of the tz database: they keep their local time, and get a new UTC time."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import time
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH

from api.codes.event_kinds import EventKind
from api.codes.jobs import JobCode
from api.models import Enrollment, Send, TzDatabase, Workspace
from api.services.common.context import WorkspaceContext
from api.services.enrollments.progress import schedule_next_steps
from api.services.jobs.bisection import bisect_failures
from api.states import SendStatus
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import event, write
from strategies.calendar import instant_of, zone_names

EMAILS_PER_PAGE = 1_000
INSTALLED = "installed"


def fingerprint() -> str:
    """Return a digest of this process's tz database. It changes if the rules of any zone change."""
    digest = hashlib.sha256()
    for zone in sorted(zone_names()):
        digest.update(zone.encode() + _rules(zone))
    return digest.hexdigest()


def _rules(zone: str) -> bytes:
    """Read a zone's file from the place that zoneinfo uses: a system folder, else the package tzdata."""
    for folder in TZPATH:
        path = Path(folder, zone)
        if path.is_file():
            return path.read_bytes()
    return files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


async def resolve_again_if_changed(scope_of: Callable[[Workspace], WorkspaceContext], present: str) -> int:
    """Recalculate unsent emails if the fingerprint ``present`` differs from the stored one. Returns how many people.

    Each person is one transaction, and the new fingerprint is stored at the end. If the process stops before that, the
    next one starts again.
    """
    known = await TzDatabase.get_or_none(id=INSTALLED)
    if known is not None and known.fingerprint == present:
        return 0
    moved = 0
    for workspace in await Workspace.all() if known is not None else ():
        moved += await _resolve_again(scope_of(workspace))
    await TzDatabase.update_or_create(id=INSTALLED, defaults={"fingerprint": present})
    return moved


async def _resolve_again(context: WorkspaceContext) -> int:
    """Recalculate each person with an unsent email whose local time now has another UTC time."""
    people: set[str] = set()
    last = ""
    unsent = Send.filter(
        workspace_id=context.workspace_id,
        status=SendStatus.SCHEDULED,
        attempts=0,
        by_hand=False,
        planned_at__gt=context.now,
    )
    columns = ("id", "enrollment_id", "planned_at", "planned_date", "planned_time", "zone")
    while page := await unsent.filter(id__gt=last).order_by("id").limit(EMAILS_PER_PAGE).values_list(*columns):
        last = page[-1][0]
        people |= {
            enrollment_id
            for _, enrollment_id, instant, day, wall, zone in page
            if instant_of(day, time.fromisoformat(wall), zone) != instant
        }

    async def carry(ids: Sequence[str]) -> None:
        await _schedule_next_steps(context, ids[0])

    async def pass_over(enrollment_id: str, reason: str) -> None:
        row = await Enrollment.get(id=enrollment_id)
        about = {"campaign_id": row.campaign_id, "person_id": row.person_id, "enrollment_id": row.id}
        data = {"reason": JobCode.ROW_FAILED}
        await write([event(context.workspace_id, EventKind.EDIT_NOT_APPLIED, context.now, data=data, **about)])

    for enrollment_id in sorted(people):
        await bisect_failures([enrollment_id], carry, pass_over)
    return len(people)


@retry_on_deadlock
async def _schedule_next_steps(context: WorkspaceContext, enrollment_id: str) -> None:
    async with transaction():
        await schedule_next_steps(context, await Enrollment.get(id=enrollment_id), context.now)
