"""Group the people of a campaign whose facts are equal: their launch, and the times and states of their rows.

A preview calculates each group once. The key of a group is the text of all its facts. So the preview calculates from
the facts that were counted, and a later change of one person cannot falsify a group.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_byte_order
from strategies import Reads

FIELD, ROW, PART = "\x1f", "\x1e", "\x1d"
"""Characters between the facts of a row, between rows, and between the enrollment, its emails and its tasks.

No fact contains them: ids, zones and states have none, and JSON escapes control characters.
"""
ENROLLMENT_FACTS = {
    "zone": "zone",
    "zone_of": "coalesce(zone_of, '')",
    "launched_at": "launched_at",
    "send_at": "send_at",
    "times": "times",
    "resumed": "resumed",
    "launched_revision": "launched_revision",
}
"""The columns that decide an enrollment's timeline, each with its SQL expression."""
OF_PERSON = "(SELECT {} FROM person WHERE person.id = chosen.person_id)"
DECLARED_FACTS = {Reads.PERSON: "person_id", Reads.RECIPIENT_ZONE: "recipient_zone", Reads.FIELDS: "own_fields"}
"""The facts that send options can declare and in which people differ, by name. They follow the other facts."""
EMAIL_FACTS = {
    "step_id": "step_id",
    "status": "status",
    "attempts": "CASE WHEN attempts = 0 THEN 0 ELSE 1 END",
    "by_hand": "CASE WHEN by_hand THEN 1 ELSE 0 END",
    "due_at": "CASE WHEN due_at <> planned_at AND status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED') THEN due_at END",
    "planned_at": "planned_at",
    "planned_date": "planned_date",
    "planned_time": "planned_time",
    "zone": "zone",
}
"""The columns that decide what an edit does to an email. ``attempts`` is 0 or 1, and ``due_at`` is empty if it is
``planned_at``, or no longer matters."""
TASK_FACTS = {
    "step_id": "step_id",
    "status": "status",
    "due_date": "due_date",
    "planned_date": "planned_date",
    "done_at": "done_at",
}


@dataclass(frozen=True, slots=True)
class FactSlice:
    """The groups among the next people of a campaign: the number of people by the text of their facts.

    ``last`` is the id of the last enrollment; None if no people remain.
    """

    people: dict[str, int]
    last: str | None


async def edit_facts(
    campaign_id: str, reads: Collection[Reads], first_step_id: str, after: str, people: int
) -> FactSlice:
    """Group the next active people of a campaign by the facts that an edit depends on.

    ``reads`` are the facts that send options declare.
    """
    # The first email has this note if it does not move its day.
    left = f"step_id = $5 AND {_text('explanation')} LIKE '%\"DAY_STAYS\"%'"
    stays = "CASE WHEN " + left + " THEN '[[\"DAY_STAYS\", {}]]' END"
    emails = EMAIL_FACTS | {"reason": "NULL", "explanation": stays}
    return await _group(campaign_id, "ACTIVE", after, people, reads, emails, "true", first_step_id)


async def resume_facts(
    campaign_id: str,
    reads: Collection[Reads],
    status: str,
    after: str,
    people: int,
    now: datetime,
    first_step_id: str,
) -> FactSlice:
    """Group the next people with a status by the facts that a resume at ``now`` depends on.

    ``reads`` are the facts that send options declare. The text of people without emails on hold is empty.
    """
    # Explanations say whether an overdue email, and the first one, was meant for a local time.
    explains = "(status IN ('SCHEDULED', 'DEFERRED') AND due_at < $5) OR step_id = $6"
    emails = EMAIL_FACTS | {
        "reason": "CASE WHEN reason IS NOT NULL THEN 1 END",
        "explanation": f"CASE WHEN {explains} THEN {_text('explanation')} END",
    }
    held = "EXISTS (SELECT 1 FROM send WHERE enrollment_id = chosen.id AND held)"
    return await _group(campaign_id, status, after, people, reads, emails, held, now, first_step_id)


async def _group(
    campaign_id: str,
    status: str,
    after: str,
    people: int,
    reads: Collection[Reads],
    emails: Mapping[str, str],
    condition: str,
    *values: Any,
) -> FactSlice:
    order = in_byte_order("id")
    declared = {
        Reads.PERSON: "person_id",
        Reads.RECIPIENT_ZONE: OF_PERSON.format("person.zone"),
        Reads.FIELDS: OF_PERSON.format(_text("person.own_fields")),
    }
    own = _joined([*ENROLLMENT_FACTS.values(), *(declared[each] if each in reads else "''" for each in DECLARED_FACTS)])
    chosen = (
        f"SELECT * FROM enrollment WHERE campaign_id = $1 AND status = $2 AND {order} > $3 ORDER BY {order} LIMIT $4"
    )
    facts = f"{own} || '{PART}' || {_rows('send', emails)} || '{PART}' || {_rows('task', TASK_FACTS)}"
    rows = await execute(
        f"SELECT facts, count(*) AS people, max({order}) AS last FROM"
        f" (SELECT id, CASE WHEN {condition} THEN {facts} ELSE '' END AS facts FROM ({chosen}) AS chosen) AS person"
        " GROUP BY facts",
        campaign_id,
        status,
        after,
        people,
        *values,
    )
    found = {row["facts"]: int(row["people"]) for row in rows}
    over = sum(found.values()) < people
    return FactSlice(found, None if over else max(row["last"] for row in rows))


def _rows(table: str, columns: Mapping[str, str]) -> str:
    """Return an SQL expression: the rows of one person as text. Their order only decides which people are alike."""
    aggregate = f"string_agg({_joined(columns.values())}, '{ROW}' ORDER BY step_id)"
    if not is_postgres():  # rows come in the order of the index (enrollment_id, step_id)
        aggregate = f"group_concat({_joined(columns.values())}, '{ROW}')"
    return f"coalesce((SELECT {aggregate} FROM {table} WHERE enrollment_id = chosen.id), '')"


def _joined(values: Iterable[str]) -> str:
    """Return an SQL expression: values as text, NULL as an empty text, one after the other."""
    if is_postgres():
        separator = f", '{FIELD}', "
        return f"concat({separator.join(values)})"
    return f" || '{FIELD}' || ".join(f"coalesce({value}, '')" for value in values)


def _text(column: str) -> str:
    return f"{column}::text" if is_postgres() else column
