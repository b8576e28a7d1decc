"""The statements of a CSV import of people. Call them in the transaction of a chunk of rows.

The file's text is stored in pieces, apart from the import's progress: SQLite rewrites a whole row for each update, and
a client that asks for the progress does not read the file. A short piece also holds the interpreter's lock only briefly
while it is converted.
"""

import json
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any

from api.models import ImportRefusal, PeopleImport, Person
from api.states import ImportStatus
from api.store.crm.import_rows import delete_rows
from api.store.engine.sql import Records, execute

IMPORTED_COLUMNS = {
    "id": "text",
    "email": "text",
    "email_key": "text",
    "first_name": "text",
    "last_name": "text",
    "title": "text",
    "company": "text",
    "zone": "text",
    "own_fields": "jsonb",
}
"""The key of a person, and the columns that an import may change."""
CHARACTERS_PER_PIECE = 1_000_000
"""Characters of a file in one row."""


async def store_source(import_id: str, source: str) -> None:
    """Store the text of an import's file. Call in the transaction that starts the import."""
    for position, start in enumerate(range(0, len(source), CHARACTERS_PER_PIECE), 1):
        piece = source[start : start + CHARACTERS_PER_PIECE]
        await execute(
            "INSERT INTO import_source (people_import_id, position, text) VALUES ($1, $2, $3)",
            import_id,
            position,
            piece,
        )


async def append_source(import_id: str, position: int, text: str) -> None:
    """Store one more piece of the text of an import, numbered from 1. A piece is not empty."""
    await execute(
        "INSERT INTO import_source (people_import_id, position, text) VALUES ($1, $2, $3)", import_id, position, text
    )


async def read_source(import_id: str) -> str:
    """Return the text of an import's file. It is empty when the import is over."""
    pieces: list[str] = []
    while rows := await execute(
        "SELECT text FROM import_source WHERE people_import_id = $1 AND position = $2", import_id, len(pieces) + 1
    ):
        pieces.append(rows[0]["text"])
    return "".join(pieces)


async def delete_source(import_id: str) -> None:
    """Delete the text of an import's file. Call in the transaction that ends the import."""
    await execute("DELETE FROM import_source WHERE people_import_id = $1", import_id)
    await delete_rows(import_id)


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
        documents = [[*_texts(person), json.dumps(person.own_fields)] for person in changed]
        rows = Records(IMPORTED_COLUMNS, documents)
        columns = ", ".join(f"{name} = r.{name}" for name in IMPORTED_COLUMNS if name != "id")
        await execute(f"UPDATE person SET {columns} FROM {rows.table(1)} WHERE person.id = r.id", rows)


_texts = attrgetter(*(name for name in IMPORTED_COLUMNS if name != "own_fields"))


async def write_refusals(refusals: Sequence[ImportRefusal]) -> None:
    """Insert the refused rows of a chunk."""
    await ImportRefusal.bulk_create(refusals, batch_size=500)


async def store_people_of(import_id: str, person_ids: Sequence[str]) -> None:
    """Store that these people were in the file of an import. Someone whose address is in two rows counts once."""
    row = Records({"id": "text"}, [(person_id,) for person_id in person_ids])
    await execute(
        f"INSERT INTO imported_person (people_import_id, person_id) SELECT $1, r.id FROM {row.table(2)} WHERE true"
        " ON CONFLICT DO NOTHING",
        import_id,
        row,
    )
