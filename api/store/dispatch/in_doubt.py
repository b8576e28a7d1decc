"""Emails in doubt: transmissions whose process stopped, and automatic resends by the campaign."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.codes.refusals.jobs import JobCode
from api.store.dispatch.transmissions import DOUBT_RESEND_WAIT, LEASED, with_paused_campaigns
from api.store.engine.sql import Row, execute, in_list

MAY_BE_RESENT = (
    "send.doubts < campaign.in_doubt_resends AND campaign.ending_at IS NULL"
    " AND enrollment.status IN ('ACTIVE', 'FINISHED') AND enrollment.end_reason IS NULL"
)
"""SQL condition: the campaign has not ended for the person, and its settings allow another resend."""


class ToRecover(NamedTuple):
    """Which kinds of emails of stopped processes there are: interrupted, due for a resend, and with expired claims."""

    interrupted: bool
    doubted: bool
    claimed: bool


async def to_recover(real_now: datetime, never: str) -> ToRecover:
    """Say for which of ``put_expired_in_doubt``, ``schedule_resends`` and ``release_expired_claims`` there are emails.

    One read that finds nothing costs less than three updates that find nothing, and on SQLite it waits for no write.
    """
    rows = await execute(
        f"SELECT DISTINCT status FROM send WHERE {LEASED} AND lease_until < $1 UNION ALL SELECT status FROM"
        " (SELECT send.status FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        f" JOIN campaign ON campaign.id = enrollment.campaign_id WHERE {_rested(2)} AND {MAY_BE_RESENT} LIMIT 1)"
        " AS doubted",
        real_now,
        never,
    )
    statuses = {row["status"] for row in rows}
    return ToRecover("TRANSMITTING" in statuses, "IN_DOUBT" in statuses, "CLAIMED" in statuses)


def _rested(never: int) -> str:
    """Return the condition that the wait of an email in doubt is over: ``$1`` is real time.

    The reason in ``$never`` keeps an email from being resent.
    """
    present = "coalesce((SELECT virtual_now FROM workspace WHERE workspace.id = send.workspace_id), $1)"
    return (
        f"send.status = 'IN_DOUBT' AND send.due_at <= {present}"
        f" AND coalesce(send.reason, '') NOT IN (${never}, '{JobCode.ROW_FAILED}')"
    )


async def put_expired_in_doubt(
    real_now: datetime,
    reason: str,
    detail: str,
    ids: Sequence[str] | None = None,
    excluded_ids: Sequence[str] = (),
) -> Sequence[Row]:
    """Put emails in doubt whose lease expired during the transmission. Returns them.

    Takes all such emails, or those of ``ids``, except ``excluded_ids``. ``real_now`` is real time, as leases are. Then
    call ``start_resend_wait`` with the time of each workspace's clock. A late answer may still settle the emails.
    """
    condition, values = _id_condition(4, ids, excluded_ids)
    return await execute(
        "UPDATE send SET status = 'IN_DOUBT', lease_until = NULL, reason = $2, detail = $3"
        # The first condition is that of the index send_leased, word by word.
        " WHERE status IN ('CLAIMED', 'TRANSMITTING') AND status = 'TRANSMITTING' AND lease_until < $1"
        f" {condition}"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id, sandbox,"
        " (SELECT channel FROM sender WHERE sender.id = sender_id) AS channel",
        real_now,
        reason,
        detail,
        *values,
    )


def _id_condition(number: int, ids: Sequence[str] | None, excluded_ids: Sequence[str]) -> tuple[str, list[list[str]]]:
    """Return a condition with its values: a send is in ``ids``, or not in ``excluded_ids``, as value ``$number``."""
    if ids is not None:
        return f"AND {in_list('send.id', number)}", [list(ids)]
    return (f"AND NOT ({in_list('send.id', number)})", [list(excluded_ids)]) if excluded_ids else ("", [])


async def start_resend_wait(ids: list[str], now: datetime) -> None:
    """Begin at ``now``, by the workspace's clock, the wait of emails in doubt before they may be resent."""
    await execute(
        f"UPDATE send SET due_at = $2 WHERE {in_list('id', 1)} AND status = 'IN_DOUBT'", ids, now + DOUBT_RESEND_WAIT
    )


async def schedule_resends(
    real_now: datetime,
    reason: str,
    detail: str,
    never: str,
    ids: Sequence[str] | None = None,
    excluded_ids: Sequence[str] = (),
) -> Sequence[Row]:
    """Schedule again the emails in doubt whose wait is over, as often as their campaign allows it. Returns them.

    Emails in doubt for the reason ``never`` are not resent, nor emails of people for whom the campaign has ended. Nor
    are emails whose outcome could not be written
    (ROW_FAILED), because the channel may have reported them as sent. Takes all other emails in doubt, or those of
    ``ids``, except ``excluded_ids``. The wait in a sandbox goes by the sandbox's clock.
    """
    condition, values = _id_condition(5, ids, excluded_ids)
    rested = f"{_rested(4)} {condition}"
    return await execute(
        f"{with_paused_campaigns(f'{rested} AND {MAY_BE_RESENT}')}"
        " UPDATE send SET status = 'DEFERRED', held = campaign_pause.paused, doubts = doubts + 1, reason = $2,"
        f" detail = $3 FROM campaign_pause WHERE send.id = campaign_pause.id AND {rested}"
        " RETURNING send.id, send.workspace_id, send.enrollment_id, send.step_id, send.person_id, send.doubts",
        real_now,
        reason,
        detail,
        never,
        *values,
    )


async def ids_to_recover(real_now: datetime) -> tuple[list[str], list[str], list[str]]:
    """Return candidates by id: for ``put_expired_in_doubt``, ``schedule_resends`` and ``release_expired_claims``."""
    leased = await execute(
        "SELECT id, status FROM send WHERE status IN ('CLAIMED', 'TRANSMITTING') AND lease_until < $1 ORDER BY id",
        real_now,
    )
    doubted = await execute("SELECT id FROM send WHERE status = 'IN_DOUBT' ORDER BY id")
    transmitting = [row["id"] for row in leased if row["status"] == "TRANSMITTING"]
    return transmitting, [row["id"] for row in doubted], [row["id"] for row in leased if row["status"] == "CLAIMED"]
