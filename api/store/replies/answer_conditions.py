"""Emails that people opened, clicked or answered.

If the workspace has few of them, they are read by id and sorted. If it has many, a page reads the index of its order
until it has enough of them, and is refused if it finds too few (see engine/listing/walks.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

    async def few(self, workspace_id: str) -> "Answered | None":
        """Return all emails to which one of the facts applies, if they are few."""
        for name in (name for name, value in self.facts().items() if value):
            if await _are_few(name, workspace_id):
                rows = await execute(f"{_emails(name)} LIMIT {FEW}", workspace_id)
                return Answered([row["id"] for row in rows], replace(self, **{name: None}))
        return None

    async def count(self, workspace_id: str) -> Count:
        """Count the emails to which the one fact applies that the filter names, up to FEW."""
        ((name, _),) = self.facts().items()
        (row,) = await execute(
            f"SELECT count(*) AS emails FROM ({_emails(name)} LIMIT {FEW + 1}) AS found", workspace_id
        )
        return Count(min(int(row["emails"]), FEW), exact=row["emails"] <= FEW)

    async def conditions(self, workspace_id: str) -> list[Condition]:
        """Return the conditions of the facts on a row of ``send`` of the workspace.

        If few emails were opened or clicked, those without it are found by one reading of these few, instead of by a
        look-up for each.
        """
        found = []
        for name, value in self.facts().items():
            looks_up = FACTS[name][0] != "send"
            if looks_up and not value and await _are_few(name, workspace_id):
                found.append(Condition(f"id NOT IN ({_emails(name, '{}')} LIMIT {FEW})", (workspace_id,)))
            else:
                sql = CONDITIONS[name] if value else f"NOT ({CONDITIONS[name]})"
                found.append(Condition(sql, looks_up=looks_up))
        return found


@dataclass(frozen=True, slots=True)
class Answered:
    """The ids of the emails to which a fact applies, and the other facts of the filter."""

    ids: Sequence[str]
    other_facts: Answers


async def _are_few(name: str, workspace_id: str) -> bool:
    """Say whether a fact applies to at most FEW emails of a workspace. Their ids are not transferred."""
    return not await execute(f"{_emails(name)} LIMIT 1 OFFSET {FEW}", workspace_id)


def _emails(name: str, workspace: str = "$1") -> str:
    """Return the SELECT of the emails of a workspace to which a fact applies."""
    table, condition = FACTS[name]
    return f"SELECT id FROM {table} WHERE workspace_id = {workspace} AND {condition}"


NO_ANSWERS = Answers()
