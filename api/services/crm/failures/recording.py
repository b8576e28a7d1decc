"""Store why writes to the CRM failed, and report those that wait for a user in the Live Feed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.services.common.request_context import WorkspaceContext
from api.store.crm import changes
from api.store.crm.changes import Failure
from api.store.engine.transactions import transaction
from api.store.events.events import workspace_event, write


async def record_failures(context: WorkspaceContext, failures: Sequence[Failure], now: datetime) -> None:
    """Store failures. The Live Feed gets one event for each code. ``now`` is real time (UTC)."""
    if not failures:
        return
    codes = Counter(each.code for each in failures if each.next_at is None)
    async with transaction():
        await changes.fail(failures, now)
        await write(
            [
                workspace_event(
                    context.workspace_id,
                    EventKind.CRM_WRITE_FAILED,
                    context.now,
                    data={"reason": code, "count": count},
                )
                for code, count in sorted(codes.items())
            ]
        )
