"""Emails in doubt: transmissions whose process stopped, and automatic resends by the campaign."""

from collections.abc import Sequence
from datetime import datetime

from api.codes.jobs import JobCode
from api.store.engine.sql import Row, execute, in_list
from api.store.send_ledger import RESEND_AFTER, whose


async def doubt_expired(
    real_now: datetime, reason: str, detail: str, ids: Sequence[str] | None = None, besides: Sequence[str] = ()
) -> Sequence[Row]:
    """Put transmissions with an expired lease in doubt, and return them. A late answer may still settle them.

    All, or those of ``ids``, but not those of ``besides``. Leases are real time. ``rest_in_doubt`` begins their wait,
    by the workspace's clock.
    """
    which, values = _which(4, ids, besides)
    return await execute(
        "UPDATE send SET status = 'IN_DOUBT', lease_until = NULL, reason = $2, detail = $3"
        f" WHERE status = 'TRANSMITTING' AND lease_until < $1 {which}"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id, sandbox,"
        " (SELECT channel FROM sender WHERE sender.id = sender_id) AS channel",
        real_now,
        reason,
        detail,
        *values,
    )


def _which(number: int, ids: Sequence[str] | None, besides: Sequence[str]) -> tuple[str, list[list[str]]]:
    """Return the condition that a send is one of ``ids``, or none of ``besides``, with its value ``$number``."""
    if ids is not None:
        return f"AND {in_list('send.id', number)}", [list(ids)]
    return (f"AND NOT ({in_list('send.id', number)})", [list(besides)]) if besides else ("", [])


async def rest_in_doubt(ids: list[str], now: datetime) -> None:
    """Begin the wait of emails in doubt at ``now``, by their workspace's clock, before they may be resent."""
    await execute(
        f"UPDATE send SET due_at = $2 WHERE {in_list('id', 1)} AND status = 'IN_DOUBT'", ids, now + RESEND_AFTER
    )


async def resend_doubts(
    real_now: datetime,
    reason: str,
    detail: str,
    never: str,
    ids: Sequence[str] | None = None,
    besides: Sequence[str] = (),
) -> Sequence[Row]:
    """Schedule again the doubts whose campaign allows it, up to its cap, but not those of the reason ``never``.

    Nor those whose answer could not be recorded (ROW_FAILED): the channel may have said that they left.

    All, or those of ``ids``, and not those of ``besides``. In a sandbox they rest by its own clock. Returns them.
    """
    present = "coalesce((SELECT virtual_now FROM workspace WHERE workspace.id = send.workspace_id), $1)"
    which, values = _which(5, ids, besides)
    rested = (
        f"send.status = 'IN_DOUBT' AND send.due_at <= {present}"
        f" AND coalesce(send.reason, '') NOT IN ($4, '{JobCode.ROW_FAILED}') {which}"
    )
    return await execute(
        f"{whose(f'{rested} AND send.doubts < campaign.in_doubt_resends')}"
        " UPDATE send SET status = 'DEFERRED', held = whose.paused, doubts = doubts + 1, reason = $2, detail = $3"
        f" FROM whose WHERE send.id = whose.id AND {rested}"
        " RETURNING send.id, send.workspace_id, send.enrollment_id, send.step_id, send.person_id, send.doubts",
        real_now,
        reason,
        detail,
        never,
        *values,
    )


async def to_free(real_now: datetime) -> tuple[list[str], list[str], list[str]]:
    """Return the ids of what ``doubt_expired``, ``resend_doubts`` and ``release_expired`` may look at."""
    leased = await execute(
        "SELECT id, status FROM send WHERE status IN ('CLAIMED', 'TRANSMITTING') AND lease_until < $1 ORDER BY id",
        real_now,
    )
    doubted = await execute("SELECT id FROM send WHERE status = 'IN_DOUBT' ORDER BY id")
    transmitting = [row["id"] for row in leased if row["status"] == "TRANSMITTING"]
    return transmitting, [row["id"] for row in doubted], [row["id"] for row in leased if row["status"] == "CLAIMED"]
