"""Resend emails in doubt automatically, if their campaigns' settings allow it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.services.common.request_context import sandbox_clocks
from api.services.dispatch.dispatch_answers import DispatchAnswer
from api.store.dispatch import in_doubt
from api.store.engine.sql import Row
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write


class RecoveryFilter(NamedTuple):
    """The emails to recover: those of ``ids``, or all except ``excluded_ids``."""

    ids: Sequence[str] | None = None
    excluded_ids: Sequence[str] = ()


@retry_on_deadlock
async def resend_doubts(real_now: datetime, selection: RecoveryFilter) -> Sequence[Row]:
    """Resend the emails in doubt whose wait is over, if their campaigns allow it. Returns them."""
    async with transaction():
        again = await in_doubt.schedule_resends(
            real_now, DispatchAnswer.RESENT.code, DispatchAnswer.RESENT.detail, ReasonCode.RESTORED, *selection
        )
        clocks = await sandbox_clocks(row["workspace_id"] for row in again)
        lines = [
            email_event(
                row,
                EventKind.EMAIL_RETRIED,
                clocks.get(row["workspace_id"], real_now),
                data={"automatic": row["doubts"]},
            )
            for row in again
        ]
        await write(lines)
    return again
