"""People by facts: their campaign, their group, their import, and whether they unsubscribed, bounced or replied.

The people of a group, of an import, who bounced or who replied have an index in the order of their ids. A page in this
order reads it. In other orders, and for other facts: if few people of the workspace meet a fact, they are read by id
and sorted. If many do, a page reads the index of its order until it has enough of them, and is refused if it finds too
few (see engine/listing/walks.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.models import Person
from api.store.engine.listing.listing import MAX_EXACT_COUNT, Count, Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.sql import execute, in_byte_order, is_found
from api.store.people import groups
from api.store.people.suppressions import UNSUBSCRIBED_AT

FEW = MAX_EXACT_COUNT
"""The most people that are read by their ids."""
FIRST_FEW = 1_000
"""A fact of at most so many people is taken before one of FEW."""
OF_CAMPAIGN = "SELECT person_id FROM enrollment WHERE campaign_id = $1"
IDS_OF_GROUPS = "(SELECT people_group_id, person_id AS id FROM group_member) AS person"
IDS_OF_IMPORTS = "(SELECT people_import_id, person_id AS id FROM imported_person) AS person"
OF_GROUP = "SELECT person_id FROM group_member WHERE people_group_id = $1"
OF_IMPORT = "SELECT person_id FROM imported_person WHERE people_import_id = $1"
BOUNCED = "SELECT id AS person_id FROM person WHERE workspace_id = $1 AND bounced_at IS NOT NULL AND erased_at IS NULL"
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

    def conditions(self, *, walked: bool) -> Iterator[Condition]:
        """Yield the condition of each fact on a row of ``person``.

        If the people are ``walked``, it reads a few rows for each person.
        """
        for table, column, value, person_id in (
            ("enrollment", "campaign_id", self.campaign_id, "enrollment.person_id"),
            ("group_member", "people_group_id", self.group_id, in_byte_order("group_member.person_id")),
            ("imported_person", "people_import_id", self.import_id, in_byte_order("imported_person.person_id")),
        ):
            if value is not None:
                rows = f"{table} WHERE {column} = {{}} AND {person_id} = person.id"
                yield Condition(is_found(rows) if walked else f"EXISTS (SELECT 1 FROM {rows})", (value,), walked)
        if self.unsubscribed is not None:
            yield Condition(f"{UNSUBSCRIBED_AT} IS {'NOT ' if self.unsubscribed else ''}NULL", looks_up=True)
        if self.bounced is not None:
            yield Condition(f"bounced_at IS {'NOT ' if self.bounced else ''}NULL")
        if self.replied is not None:
            yield Condition(f"replied_at IS {'NOT ' if self.replied else ''}NULL")

    @property
    def is_of_present_people(self) -> bool:
        """Whether the filter is one fact that no erased person meets."""
        names = ("group_id", "import_id", "bounced", "replied")
        return any((value := getattr(self, name)) and self == PersonFacts(**{name: value}) for name in names)

    def in_order(self, workspace_id: str) -> Listing:
        """Return the people who meet the one fact of the filter, which is of present people, in the order of ids."""
        if self.group_id is not None:
            return Listing(Person, source=IDS_OF_GROUPS).equal(people_group_id=self.group_id)
        if self.import_id is not None:
            return Listing(Person, source=IDS_OF_IMPORTS).equal(people_import_id=self.import_id)
        happened = "bounced_at" if self.bounced else "replied_at"
        return Listing(Person).equal(workspace_id=workspace_id).where(f"{happened} IS NOT NULL AND erased_at IS NULL")

    async def few(self, workspace_id: str) -> Sequence[str] | None:
        """Return the ids of all people of the workspace who meet one of the facts, if they are few.

        Erased people may be among them. Whether there are more is read first, so that the ids of a long list are not
        transferred.
        """
        readings = list(self._readings(workspace_id))
        for most in (min(FIRST_FEW, FEW), FEW):
            for statement, value in readings:
                if not await execute(f"{statement} LIMIT 1 OFFSET {most}", value):
                    rows = await execute(f"{statement} LIMIT {most}", value)
                    return [*{row["person_id"] for row in rows if row["person_id"] is not None}]
        return None

    async def count(self, workspace_id: str) -> Count:
        """Count the people who meet the one fact of the filter, which is of present people."""
        if self.group_id is not None:
            return await groups.size(self.group_id)
        ((statement, value),) = self._readings(workspace_id)
        limited = f"{statement} LIMIT {MAX_EXACT_COUNT + 1}"
        (row,) = await execute(f"SELECT count(*) AS people FROM ({limited}) AS found", value)
        return Count(min(int(row["people"]), MAX_EXACT_COUNT), exact=row["people"] <= MAX_EXACT_COUNT)

    def _readings(self, workspace_id: str) -> Iterator[tuple[str, str]]:
        """Yield the statement that finds the people of each fact by an index, with its value."""
        for statement, value in (
            (BOUNCED, workspace_id if self.bounced else None),
            (REPLIED, workspace_id if self.replied else None),
            (UNSUBSCRIBED, workspace_id if self.unsubscribed else None),
            (OF_GROUP, self.group_id),
            (OF_IMPORT, self.import_id),
            (OF_CAMPAIGN, self.campaign_id),
        ):
            if value is not None:
                yield statement, value


ANYONE = PersonFacts()
