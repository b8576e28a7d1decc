"""People by facts: their campaign, their group, their import, and whether they unsubscribed or bounced.

If few people of the workspace meet a fact, they are read by id and sorted. If many do, a page reads the index of its
order until it has enough of them, and is refused if it finds too few (see engine/listing/walks.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.store.engine.listing.listing import MAX_EXACT_COUNT
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.sql import execute
from api.store.people.suppressions import UNSUBSCRIBED_AT

FEW = MAX_EXACT_COUNT
"""The most people that are read by their ids."""
OF_CAMPAIGN = "SELECT person_id FROM enrollment WHERE campaign_id = $1"
OF_GROUP = "SELECT person_id FROM group_member WHERE people_group_id = $1"
OF_IMPORT = "SELECT person_id FROM imported_person WHERE people_import_id = $1"
BOUNCED = "SELECT id AS person_id FROM person WHERE workspace_id = $1 AND bounced_at IS NOT NULL"
REPLIED = "SELECT id AS person_id FROM person WHERE workspace_id = $1 AND replied_at IS NOT NULL"
UNSUBSCRIBED = (
    "SELECT (SELECT id FROM person WHERE person.workspace_id = $1 AND person.email_key = suppression.email_key)"
    " AS person_id FROM suppression WHERE workspace_id = $1 AND unsubscribed_at IS NOT NULL"
)
"""The id of the person of each unsubscribed address; null if nobody has it."""


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Facts about people. None: any.

    The campaign, the group and the import belong to the workspace. An empty id has no people.
    """

    campaign_id: str | None = None
    group_id: str | None = None
    unsubscribed: bool | None = None
    bounced: bool | None = None
    import_id: str | None = None
    replied: bool | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield the condition of each fact on a row of ``person``. It reads a few rows for each person."""
        if self.campaign_id is not None:
            enrolled = "SELECT 1 FROM enrollment WHERE enrollment.person_id = person.id AND campaign_id = {}"
            yield Condition(f"EXISTS ({enrolled})", (self.campaign_id,))
        if self.group_id is not None:
            member = "SELECT 1 FROM group_member WHERE people_group_id = {} AND group_member.person_id = person.id"
            yield Condition(f"EXISTS ({member})", (self.group_id,))
        if self.import_id is not None:
            of_file = (
                "SELECT 1 FROM imported_person WHERE people_import_id = {} AND imported_person.person_id = person.id"
            )
            yield Condition(f"EXISTS ({of_file})", (self.import_id,))
        if self.unsubscribed is not None:
            yield Condition(f"{UNSUBSCRIBED_AT} IS {'NOT ' if self.unsubscribed else ''}NULL")
        if self.bounced is not None:
            yield Condition(f"bounced_at IS {'NOT ' if self.bounced else ''}NULL")
        if self.replied is not None:
            yield Condition(f"replied_at IS {'NOT ' if self.replied else ''}NULL")

    async def few(self, workspace_id: str) -> Sequence[str] | None:
        """Return the ids of all people who meet one of the facts, if they are few. Erased people may be among them."""
        readings = (
            (BOUNCED, workspace_id if self.bounced else None),
            (REPLIED, workspace_id if self.replied else None),
            (UNSUBSCRIBED, workspace_id if self.unsubscribed else None),
            (OF_GROUP, self.group_id),
            (OF_IMPORT, self.import_id),
            (OF_CAMPAIGN, self.campaign_id),
        )
        for statement, value in readings:
            if value is not None:
                rows = await execute(f"{statement} LIMIT {FEW + 1}", value)
                if len(rows) <= FEW:
                    return [*{row["person_id"] for row in rows if row["person_id"] is not None}]
        return None


ANYONE = PersonFacts()
