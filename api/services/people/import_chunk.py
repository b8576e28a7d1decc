"""Sort the rows of one chunk of an import into new people, changed people, skipped and refused rows."""

from collections import ChainMap
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.codes.refusals.people import PersonCode
from api.ids import new_id
from api.models import ImportRefusal, PeopleImport, Person
from api.services.people.import_rows import PersonRow, RefusedCell
from api.services.people.people import MAX_FIELDS
from api.states import OnKnown
from strategies import Refusal

Names = MutableMapping[str, frozenset[str]]
COUNTS = ("created", "updated", "skipped", "failed")


@dataclass(slots=True)
class Chunk:
    """The changes of one chunk of rows. Each attempt to write the chunk makes a new one."""

    names: ChainMap[str, frozenset[str]]
    """The addresses of earlier rows, each with the names of its dynamic fields from this file."""
    refused: list[ImportRefusal] = field(default_factory=list)
    created: dict[str, Person] = field(default_factory=dict)
    changed: dict[str, Person] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*COUNTS, "repeated"), 0))


def remember_row(row: PeopleImport, names: Names, each: PersonRow) -> None:
    """Record a row's address as used, with the dynamic fields that this file has given it so far."""
    key, own = each.values["email_key"], frozenset(each.values.get("own_fields", ()))
    if key not in names or row.on_known == OnKnown.UPDATE:
        names[key] = names.get(key, frozenset()) | own


def sort_rows(
    row: PeopleImport,
    rows: Sequence[PersonRow],
    existing: dict[str, Person],
    seen: Names,
    now: datetime,
) -> Chunk:
    """Sort rows, in the order of the file, into new people, updates, skipped and refused ones."""
    chunk = Chunk(ChainMap({}, seen))
    for each in rows:
        key = each.values.get("email_key", "")
        repeated = key in chunk.names
        person = existing.get(key) or chunk.created.get(key)
        # A dry run creates no people, so a repeated address means that the person would exist.
        exists = person is not None or (row.dry_run and repeated)
        skipped = exists and row.on_known == OnKnown.SKIP
        names = set(each.values.get("own_fields", ())).union(person.own_fields if person else ())
        if row.dry_run:
            names |= chunk.names.get(key, frozenset())
        refusals = each.refusals
        if not refusals and not skipped and len(names) > MAX_FIELDS:
            refusals = [RefusedCell(Refusal.of(PersonCode.INVALID_FIELDS, case="too_many", limit=MAX_FIELDS))]
        if refusals:
            chunk.refused += [_refusal_row(row, each, cell) for cell in refusals]
            chunk.counts["failed"] += 1
            continue
        remember_row(row, chunk.names, each)
        chunk.counts["repeated"] += repeated
        chunk.counts["skipped" if skipped else "updated" if exists else "created"] += 1
        if skipped:
            continue
        if person is not None:
            _change(person, each.values)
        elif not exists:
            about = {"id": new_id("per"), "workspace_id": row.workspace_id, "created_at": now}
            chunk.created[key] = Person(**about, **each.values)
        if key in existing:
            chunk.changed[key] = existing[key]
    return chunk


def _refusal_row(row: PeopleImport, each: PersonRow, cell: RefusedCell) -> ImportRefusal:
    about = {"workspace_id": row.workspace_id, "people_import_id": row.id, "row": each.number, "column": cell.column}
    return ImportRefusal(id=new_id("ref"), code=cell.refusal.code, message=cell.refusal.message, **about)


def _change(person: Person, values: dict[str, Any]) -> None:
    """Set a person's values from a row. Dynamic fields that the row does not give keep their values."""
    own = {**person.own_fields, **values.get("own_fields", {})}
    person.update_from_dict({**values, "own_fields": own})
