"""The statements of a CSV import of people. Call them in the transaction of a chunk of rows."""

from collections.abc import Collection, Sequence
from typing import Any

from api.models import ImportRefusal, PeopleImport, Person
from api.states import ImportStatus

IMPORTED_COLUMNS = ["email", "email_key", "first_name", "last_name", "title", "company", "zone", "own_fields"]
"""The columns of a person that an import may change."""


async def refused_rows(import_id: str) -> set[Any]:
    """Return the numbers of the rows that an import has refused."""
    return set(await ImportRefusal.filter(people_import_id=import_id).values_list("row", flat=True))


async def mark_processed(row: PeopleImport, values: dict[str, Any]) -> bool:
    """Write the progress of a running import. Returns False if another process has taken it over."""
    unchanged = PeopleImport.filter(id=row.id, status=ImportStatus.RUNNING, processed=row.processed)
    return bool(await unchanged.update(**values))


async def people_by_key(workspace_id: str, keys: Collection[str], *, lock: bool) -> dict[str, Person]:
    """Return the workspace's people with these normalised addresses, by address. ``lock`` is until the commit."""
    people = Person.filter(workspace_id=workspace_id, email_key__in=list(keys))
    return {person.email_key: person for person in await (people.select_for_update() if lock else people)}


async def write_people(created: Collection[Person], changed: Collection[Person]) -> None:
    """Insert new people, and update changed ones."""
    await Person.bulk_create(created, batch_size=500)
    if changed:
        await Person.bulk_update(changed, IMPORTED_COLUMNS, batch_size=100)


async def write_refusals(refusals: Sequence[ImportRefusal]) -> None:
    """Insert the refused rows of a chunk."""
    await ImportRefusal.bulk_create(refusals, batch_size=500)
