"""People whose send option failed when they were calculated again: after an edit, a changed fact, or a task.

``enrollment.waits_from`` is the number of the first step that has no plan, and ``waits_for`` the code of the error. The
steps before it are planned. The emails of this and later steps are not sent by the old plan: dispatch puts them on hold
when they are due. A job of the campaign calls the option again until it answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from api.store.engine.sql import Records, Row, execute, in_list

MAX_CODE_CHARACTERS = 64
"""Characters of a code that the column ``waits_for`` keeps."""
WAITS = (
    "send.attempts = 0 AND NOT send.by_hand AND send.due_at = send.planned_at AND enrollment.ended_at IS NULL"
    " AND enrollment.waits_from <= (SELECT number FROM step WHERE step.id = send.step_id)"
)
"""SQL condition on an email joined with its enrollment: it waits for a send option. Null counts as false.

An email that was tried, or whose time a person chose, has no time of its send option, so it does not wait.
"""
WAITS_FOR_OPTION = f"coalesce((SELECT {WAITS} FROM enrollment WHERE enrollment.id = send.enrollment_id), false)"
"""SQL condition: the email waits for a send option."""


class Waiting(NamedTuple):
    """A person whose send option failed."""

    enrollment_id: str
    number: int
    """The number of the first step that has no plan."""
    code: str


class WaitingCount(NamedTuple):
    """How many people of a campaign wait for the same reason at the same step."""

    number: int
    code: str
    people: int


async def mark(waiting: Sequence[Waiting]) -> None:
    """Store that people wait. Call in the transaction that calculated them, and keep the job open in it."""
    if not waiting:
        return
    rows = [(each.enrollment_id, each.number, each.code[:MAX_CODE_CHARACTERS]) for each in waiting]
    records = Records({"id": "text", "number": "int", "code": "text"}, rows)
    await execute(
        f"UPDATE enrollment SET waits_from = r.number, waits_for = r.code FROM {records.table(1)}"
        " WHERE enrollment.id = r.id",
        records,
    )


async def next_waiting(campaign_id: str, revision: int, after: str, people: int) -> Sequence[Row]:
    """Return the next people who wait, and whom no edit or changed fact is about to calculate: id and person_id."""
    return await execute(
        "SELECT id, person_id FROM enrollment WHERE campaign_id = $1 AND waits_from IS NOT NULL AND ended_at IS NULL"
        " AND revision = $2 AND person_id > $3 ORDER BY person_id LIMIT $4",
        campaign_id,
        revision,
        after,
        people,
    )


async def anyone_waits(campaign_id: str) -> bool:
    """Say whether anyone in a campaign waits."""
    return bool(
        await execute(
            "SELECT 1 AS found FROM enrollment WHERE campaign_id = $1 AND waits_from IS NOT NULL AND ended_at IS NULL"
            " LIMIT 1",
            campaign_id,
        )
    )


async def count(campaign_ids: Sequence[str]) -> dict[str, list[WaitingCount]]:
    """Count the people who wait, by campaign, step and code, in the order of the steps."""
    rows = await execute(
        "SELECT campaign_id, waits_from, waits_for, count(*) AS people FROM enrollment"
        f" WHERE {in_list('campaign_id', 1)} AND waits_from IS NOT NULL AND ended_at IS NULL"
        " GROUP BY campaign_id, waits_from, waits_for ORDER BY campaign_id, waits_from, waits_for",
        list(campaign_ids),
    )
    found: dict[str, list[WaitingCount]] = {each: [] for each in campaign_ids}
    for row in rows:
        found[row["campaign_id"]].append(WaitingCount(int(row["waits_from"]), row["waits_for"], int(row["people"])))
    return found


async def release(campaign_id: str) -> None:
    """Release the emails on hold that do not wait any more.

    Dispatch can put an email on hold while its person is being calculated. Call in a transaction that has locked the
    campaign, while it is not paused, edited or resumed: then nobody in it is being calculated.
    """
    await execute(
        "UPDATE send SET held = false WHERE held AND id IN (SELECT send.id FROM send JOIN enrollment"
        " ON enrollment.id = send.enrollment_id WHERE held AND campaign_id = $1"
        " AND revision = (SELECT campaign.revision FROM campaign WHERE campaign.id = $1)"
        f" AND NOT {WAITS_FOR_OPTION})",
        campaign_id,
    )
