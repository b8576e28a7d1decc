"""Leads and contacts of a CRM: the person to whom each is linked, and whether it has opted out.

``org`` is the key of the CRM and the id of its organization. A person has at most one record in each organization.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from api.crm_records import CrmMatchedBy
from api.crm_states import CrmPersonKind
from api.ids import new_id
from api.models import CrmPerson
from api.store.engine.sql import Records, execute, in_list

COLUMNS = {
    "id": "text",
    "remote_id": "text",
    "kind": "text",
    "person_id": "text",
    "email_key": "text",
    "account_id": "text",
    "url": "text",
    "matched_by": "text",
    "opted_out": "boolean",
}


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record as it is to be stored. ``person_id`` is None if no person here is linked to it."""

    remote_id: str
    kind: CrmPersonKind
    person_id: str | None
    email_key: str
    account_id: str | None
    url: str
    matched_by: CrmMatchedBy | None
    opted_out: bool


async def links_of(workspace_id: str, org: str, person_ids: Collection[str]) -> dict[str, CrmPerson]:
    """Return the rows of people in an organization, by person, also of people for whom no record was chosen."""
    rows = await CrmPerson.filter(workspace_id=workspace_id, org=org, person_id__in=list(person_ids))
    return {str(row.person_id): row for row in rows}


async def records_of(workspace_id: str, org: str, remote_ids: Collection[str]) -> dict[str, CrmPerson]:
    """Return the rows of records, by their ids in the CRM."""
    rows = await CrmPerson.filter(workspace_id=workspace_id, org=org, remote_id__in=list(remote_ids))
    return {str(row.remote_id): row for row in rows}


async def store_records(workspace_id: str, org: str, rows: Sequence[RecordRow], now: datetime) -> None:
    """Store records. A row with a person becomes the person's only record. Call in a transaction.

    If the record was linked to another person, that link ends. A row without a person keeps the person of the record.
    """
    if not rows:
        return
    people = [row.person_id for row in rows if row.person_id is not None]
    remote_ids = [row.remote_id for row in rows]
    await execute(
        f"DELETE FROM crm_person WHERE org = $1 AND {in_list('person_id', 2)} AND remote_id IS NULL", org, people
    )
    taken = [row.remote_id for row in rows if row.person_id is not None]
    await execute(
        "UPDATE crm_person SET person_id = NULL WHERE org = $1 AND workspace_id = $2"
        f" AND ({in_list('person_id', 3)} OR {in_list('remote_id', 4)})",
        org, workspace_id, people, taken,
    )  # fmt: skip
    records = Records(COLUMNS, [
        (new_id("crp"), row.remote_id, str(row.kind), row.person_id, row.email_key, row.account_id, row.url,
         None if row.matched_by is None else str(row.matched_by), row.opted_out)
        for row in {row.remote_id: row for row in rows}.values()
    ])  # fmt: skip
    names = ", ".join(COLUMNS)
    await execute(
        f"INSERT INTO crm_person (workspace_id, org, matched_at, detail, opted_out_by_us, {names})"
        f" SELECT $1, $2, $3, '', false, {names} FROM {records.table(4)} WHERE true"
        " ON CONFLICT (workspace_id, org, remote_id) DO UPDATE SET kind = excluded.kind,"
        " person_id = coalesce(excluded.person_id, crm_person.person_id), email_key = excluded.email_key,"
        " account_id = excluded.account_id, url = excluded.url, problem = NULL,"
        " matched_by = coalesce(excluded.matched_by, crm_person.matched_by),"
        " matched_at = CASE WHEN excluded.person_id IS NULL THEN crm_person.matched_at ELSE excluded.matched_at END,"
        " opted_out_by_us = crm_person.opted_out_by_us AND excluded.opted_out, opted_out = excluded.opted_out",
        workspace_id, org, now, records,
    )  # fmt: skip
    # A record without a person and without an opt-out is not needed.
    await execute(
        f"DELETE FROM crm_person WHERE workspace_id = $1 AND org = $2 AND {in_list('remote_id', 3)}"
        " AND person_id IS NULL AND NOT opted_out",
        workspace_id, org, remote_ids,
    )  # fmt: skip


async def store_problems(workspace_id: str, org: str, problems: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Store why no record was chosen for people: the person, the code and the sentence. Call in a transaction.

    A person who has a record keeps it.
    """
    columns = {"id": "text", "person_id": "text", "problem": "text", "detail": "text"}
    records = Records(columns, [(new_id("crp"), *each) for each in problems])
    names = ", ".join(columns)
    await execute(
        f"INSERT INTO crm_person (workspace_id, org, matched_at, email_key, url, opted_out, opted_out_by_us, {names})"
        f" SELECT $1, $2, $3, '', '', false, false, {names} FROM {records.table(4)} WHERE true"
        " ON CONFLICT (person_id, org) DO UPDATE SET problem = excluded.problem, detail = excluded.detail,"
        " matched_at = excluded.matched_at WHERE crm_person.remote_id IS NULL",
        workspace_id, org, now, records,
    )  # fmt: skip


async def unlink(workspace_id: str, org: str, remote_ids: Collection[str]) -> list[str]:
    """Unlink records, such as deleted ones, from their people. Returns the people."""
    rows = await execute(
        f"SELECT person_id FROM crm_person WHERE workspace_id = $1 AND org = $2 AND {in_list('remote_id', 3)}"
        " AND person_id IS NOT NULL",
        workspace_id, org, list(remote_ids),
    )  # fmt: skip
    await execute(
        f"DELETE FROM crm_person WHERE workspace_id = $1 AND org = $2 AND {in_list('remote_id', 3)} AND NOT opted_out",
        workspace_id, org, list(remote_ids),
    )  # fmt: skip
    await execute(
        f"UPDATE crm_person SET person_id = NULL WHERE workspace_id = $1 AND org = $2 AND {in_list('remote_id', 3)}",
        workspace_id, org, list(remote_ids),
    )  # fmt: skip
    return [row["person_id"] for row in rows]


async def move_records(source_id: str, target_id: str) -> None:
    """Give the records of a person to another, who keeps their own. Call in the transaction that merges them."""
    other = "SELECT 1 FROM crm_person AS other WHERE other.person_id = $2 AND other.org = crm_person.org"
    await execute("DELETE FROM crm_person WHERE person_id = $1 AND remote_id IS NULL", source_id)
    await execute(
        f"DELETE FROM crm_person WHERE person_id = $1 AND remote_id IS NULL AND EXISTS ({other})", target_id, source_id
    )
    await execute(
        f"UPDATE crm_person SET person_id = $2 WHERE person_id = $1 AND NOT EXISTS ({other})", source_id, target_id
    )
    await execute("DELETE FROM crm_person WHERE person_id = $1 AND NOT opted_out", source_id)
    await execute("UPDATE crm_person SET person_id = NULL WHERE person_id = $1", source_id)


async def erase_records(person_id: str) -> None:
    """Delete the records of a person. Call in the transaction that erases the person.

    A record that has opted out is kept with its address, as the suppression is, so that the opt-out stays known.
    """
    await execute("DELETE FROM crm_person WHERE person_id = $1 AND NOT opted_out", person_id)
    await execute(
        "UPDATE crm_person SET person_id = NULL, account_id = NULL, url = '', detail = '' WHERE person_id = $1",
        person_id,
    )


async def opted_out_there(workspace_id: str, email_key: str, *, also_ours: bool) -> list[CrmPerson]:
    """Return the opted-out records in the connected organization: with an address, or of the person who has it here.

    With ``also_ours``, also those whose opt-out only Touchline has written.
    """
    rows = await execute(
        "SELECT p.id FROM crm_connection AS c JOIN crm_person AS p ON p.workspace_id = c.workspace_id"
        " AND p.org = c.crm || ':' || c.org_id AND p.opted_out"
        " WHERE c.workspace_id = $1 AND c.sender_id IS NULL AND c.state <> 'DISCONNECTED' AND p.id IN"
        " (SELECT id FROM crm_person WHERE workspace_id = $1 AND email_key = $2 UNION SELECT own.id FROM person"
        " JOIN crm_person AS own ON own.person_id = person.id"
        " WHERE person.workspace_id = $1 AND person.email_key = $2)",
        workspace_id, email_key,
    )  # fmt: skip
    found = CrmPerson.filter(id__in=[row["id"] for row in rows]).order_by("id")
    return await (found if also_ours else found.filter(opted_out_by_us=False))


async def written_opt_outs(workspace_id: str, org: str, email_keys: Sequence[str]) -> list[CrmPerson]:
    """Return the records with these addresses whose opt-out only Touchline has written."""
    rows = CrmPerson.filter(workspace_id=workspace_id, org=org, opted_out=True, opted_out_by_us=True)
    linked = [row.id for _, row in await linked_to_addresses(workspace_id, org, email_keys)]
    return await rows.filter(Q(email_key__in=list(email_keys)) | Q(id__in=linked)).order_by("id")


async def mark_written(workspace_id: str, org: str, remote_ids: Sequence[str], *, opted_out: bool) -> None:
    """Store that Touchline has written the opt-out of these records."""
    await execute(
        "UPDATE crm_person SET opted_out = $4, opted_out_by_us = $4 WHERE workspace_id = $1 AND org = $2"
        f" AND {in_list('remote_id', 3)}",
        workspace_id, org, list(remote_ids), opted_out,
    )  # fmt: skip


async def linked_to_addresses(workspace_id: str, org: str, email_keys: Sequence[str]) -> list[tuple[str, CrmPerson]]:
    """Return the records of the people who have these addresses here, whatever address a record has."""
    people = await execute(
        f"SELECT id, email_key FROM person WHERE workspace_id = $1 AND {in_list('email_key', 2)}",
        workspace_id, list(email_keys),
    )  # fmt: skip
    keys = {row["id"]: row["email_key"] for row in people}
    links = await links_of(workspace_id, org, list(keys))
    return [(keys[person_id], row) for person_id, row in links.items() if row.remote_id is not None]


async def present_links(workspace_id: str, person_ids: Sequence[str]) -> dict[str, CrmPerson]:
    """Return the rows of people in the organization with which the workspace is connected, by person."""
    rows = await execute(
        "SELECT p.id FROM crm_connection AS c JOIN crm_person AS p ON p.workspace_id = c.workspace_id"
        f" AND p.org = c.crm || ':' || c.org_id AND {in_list('p.person_id', 2)}"
        " WHERE c.workspace_id = $1 AND c.sender_id IS NULL AND c.state <> 'DISCONNECTED'",
        workspace_id, list(person_ids),
    )  # fmt: skip
    found = await CrmPerson.filter(id__in=[row["id"] for row in rows]) if rows else []
    return {str(row.person_id): row for row in found}
