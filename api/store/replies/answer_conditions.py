"""Emails that people opened, clicked or answered.

If the workspace has few of them, they are read by id and sorted. If it has many, a page reads the index of its order
until it has enough of them, and is refused if it finds too few (see engine/listing/walks.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.store.engine.listing.listing import MAX_EXACT_COUNT, Count
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.sql import execute

FEW = MAX_EXACT_COUNT
"""The most emails that are read by their ids."""
FACTS = {
    "opened": ("engagement", "opens > 0"),
    "clicked": ("engagement", "clicks > 0"),
    "replied": ("send", "replied_at IS NOT NULL"),
}
"""The facts about an email: the table with an index of those emails, and the index's condition."""
CONDITIONS = {
    "opened": "coalesce((SELECT opens FROM engagement WHERE engagement.id = send.id), 0) > 0",
    "clicked": "coalesce((SELECT clicks FROM engagement WHERE engagement.id = send.id), 0) > 0",
    "replied": "replied_at IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Whether people opened, clicked or answered an email. None: either."""

    opened: bool | None = None
    clicked: bool | None = None
    replied: bool | None = None

    def facts(self) -> dict[str, bool]:
        """Return the facts that the filter names, and whether each must apply."""
        values: dict[str, Any] = {name: getattr(self, name) for name in FACTS}
        return {name: value for name, value in values.items() if value is not None}

    async def few(self, workspace_id: str) -> Sequence[str] | None:
        """Return the ids of all emails to which one of the facts applies, if they are few."""
        for name in (name for name, value in self.facts().items() if value):
            table, condition = FACTS[name]
            rows = await execute(
                f"SELECT id FROM {table} WHERE workspace_id = $1 AND {condition} LIMIT {FEW + 1}", workspace_id
            )
            if len(rows) <= FEW:
                return [row["id"] for row in rows]
        return None

    async def count(self, workspace_id: str) -> Count:
        """Count the emails to which the one fact applies that the filter names, up to FEW."""
        ((name, _),) = self.facts().items()
        table, condition = FACTS[name]
        (row,) = await execute(
            "SELECT count(*) AS emails FROM"
            f" (SELECT 1 FROM {table} WHERE workspace_id = $1 AND {condition} LIMIT {FEW + 1}) AS found",
            workspace_id,
        )
        return Count(min(int(row["emails"]), FEW), exact=row["emails"] <= FEW)

    def conditions(self) -> list[Condition]:
        """Return the conditions of the facts on a row of ``send``."""
        return [
            Condition(CONDITIONS[name] if value else f"NOT ({CONDITIONS[name]})")
            for name, value in self.facts().items()
        ]


NO_ANSWERS = Answers()
