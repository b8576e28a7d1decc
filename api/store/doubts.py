"""Emails in doubt: transmissions that nobody finished, and doubts that a campaign sends again by itself."""

from collections.abc import Sequence
from datetime import datetime

from api.store.ledger import RESEND_AFTER, whose
from api.store.sql import Row, among, run


async def doubt_expired(real_now: datetime, reason: str, detail: str) -> Sequence[Row]:
    """Put transmissions that nobody finished in doubt, and return them. Their attempt may still learn better.

    Their leases are real time. ``rest_in_doubt`` says from when on they rest, by the workspace's clock.
    """
    return await run(
        "UPDATE send SET status = 'IN_DOUBT', lease_until = NULL, reason = $2, detail = $3"
        " WHERE status = 'TRANSMITTING' AND lease_until < $1"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id, sandbox,"
        " (SELECT channel FROM sender WHERE sender.id = sender_id) AS channel",
        real_now,
        reason,
        detail,
    )


async def rest_in_doubt(ids: list[str], now: datetime) -> None:
    """Let emails in doubt rest from ``now`` on, by their workspace's clock, before they may be sent again."""
    await run(f"UPDATE send SET due_at = $2 WHERE {among('id', 1)} AND status = 'IN_DOUBT'", ids, now + RESEND_AFTER)


async def resend_doubts(real_now: datetime, reason: str, detail: str, never: str) -> Sequence[Row]:
    """Schedule again the doubts whose campaign allows it, up to its cap, but not those of the reason ``never``.

    Nor those whose answer could not be recorded (ROW_FAILED): the channel may have said that they left.

    In a sandbox they rest by its own clock. Returns them.
    """
    present = "coalesce((SELECT virtual_now FROM workspace WHERE workspace.id = send.workspace_id), $1)"
    rested = (
        f"send.status = 'IN_DOUBT' AND send.due_at <= {present} AND coalesce(send.reason, '') NOT IN ($4, 'ROW_FAILED')"
    )
    return await run(
        f"{whose(f'{rested} AND send.doubts < campaign.in_doubt_resends')}"
        " UPDATE send SET status = 'DEFERRED', held = whose.paused, doubts = doubts + 1, reason = $2, detail = $3"
        f" FROM whose WHERE send.id = whose.id AND {rested}"
        " RETURNING send.id, send.workspace_id, send.enrollment_id, send.step_id, send.person_id, send.doubts",
        real_now,
        reason,
        detail,
        never,
    )
