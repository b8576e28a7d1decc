"""The records of an import from a CRM, by the numbers of their rows. They are kept until the import is over."""

from collections.abc import Collection, Mapping, Sequence

from api.crm_records import CrmMatchedBy
from api.crm_states import CrmPersonKind
from api.store.crm.person_records import RecordRow
from api.store.engine.sql import Records, execute, in_list

COLUMNS = {
    "row": "int",
    "remote_id": "text",
    "kind": "text",
    "account_id": "text",
    "email_key": "text",
    "url": "text",
    "opted_out": "boolean",
}


async def store_rows(import_id: str, records: Mapping[int, RecordRow]) -> None:
    """Store the records of rows. Call in the transaction that stores the text of the rows."""
    rows = Records(
        COLUMNS,
        [
            (number, row.remote_id, str(row.kind), row.account_id, row.email_key, row.url, row.opted_out)
            for number, row in records.items()
        ],
    )
    names = ", ".join(COLUMNS)
    await execute(
        f"INSERT INTO crm_import_row (people_import_id, {names}) SELECT $1, {names} FROM {rows.table(2)}",
        import_id,
        rows,
    )


async def rows_of(import_id: str, numbers: Collection[int]) -> dict[int, RecordRow]:
    """Return the records of rows."""
    if not numbers:
        return {}
    found = await execute(
        f"SELECT {', '.join(COLUMNS)} FROM crm_import_row WHERE people_import_id = $1 AND row BETWEEN $2 AND $3",
        import_id,
        min(numbers),
        max(numbers),
    )
    return {
        each["row"]: RecordRow(
            remote_id=each["remote_id"],
            kind=CrmPersonKind(each["kind"]),
            person_id=None,
            email_key=each["email_key"],
            account_id=each["account_id"],
            url=each["url"],
            matched_by=CrmMatchedBy.IMPORT,
            opted_out=bool(each["opted_out"]),
        )
        for each in found
    }


async def delete_rows(import_id: str) -> None:
    """Delete the records of an import that is over."""
    await execute("DELETE FROM crm_import_row WHERE people_import_id = $1", import_id)


async def linkable(workspace_id: str, org: str, person_ids: Sequence[str], remote_ids: Sequence[str]) -> set[str]:
    """Return those of these people who have no record yet, and those of these records that nobody has."""
    people = await execute(
        f"SELECT person_id FROM crm_person WHERE org = $1 AND {in_list('person_id', 2)} AND remote_id IS NOT NULL",
        org,
        list(person_ids),
    )
    records = await execute(
        f"SELECT remote_id FROM crm_person WHERE workspace_id = $3 AND org = $1 AND {in_list('remote_id', 2)}"
        " AND person_id IS NOT NULL",
        org,
        list(remote_ids),
        workspace_id,
    )
    taken = {row["person_id"] for row in people} | {row["remote_id"] for row in records}
    return {*person_ids, *remote_ids} - taken
