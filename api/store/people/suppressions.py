"""Suppressed addresses: which addresses have unsubscribed from a workspace, and the history of each.

A unique index finds an address by ``email_key``, its normalised form. PostgreSQL needs two locks, so that an answer
stays true until the transaction ends:

- ``prevent_new_addresses`` and ``prevent_suppressions`` exclude each other: no address is suppressed while a person
  gets a new address.
- ``suppressed_people`` and ``lock_people_of`` exclude each other: no address is suppressed while its person is
  enrolled.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from api.ids import new_id
from api.models import Suppression
from api.states import SuppressionChangeKind, SuppressionSource
from api.store.emails.transactional import transactional_campaign
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, Row, execute, in_list

UNSUBSCRIBED_AT = (
    "(SELECT suppression.unsubscribed_at FROM suppression"
    " WHERE suppression.workspace_id = person.workspace_id AND suppression.email_key = person.email_key)"
)
"""SQL: when the address of a row of ``person`` has unsubscribed; null if it is not suppressed."""
ADDRESSES_LOCK = 7_280_115
"""First key of PostgreSQL's advisory locks on a workspace's addresses. The second key is a hash of the workspace id."""
NEW_COLUMNS = {
    "id": "text",
    "email": "text",
    "email_key": "text",
    "unsubscribed_at": "timestamptz",
    "source": "text",
    "reason": "text",
}
CHANGE_COLUMNS = {"id": "text", "suppression_id": "text", "at": "timestamptz", "reason": "text"}


class NewSuppression(NamedTuple):
    """An address to suppress, and since when (UTC)."""

    email: str
    email_key: str
    at: datetime
    reason: str


async def prevent_suppressions(workspace_id: str) -> None:
    """Prevent suppressions until the transaction ends. Call it first in a transaction that sets a person's address."""
    if is_postgres():
        await execute("SELECT pg_advisory_xact_lock_shared($1, hashtext($2)) IS NULL", ADDRESSES_LOCK, workspace_id)


async def prevent_new_addresses(workspace_id: str) -> None:
    """Prevent new addresses of people until the transaction ends. Call it first in a transaction that suppresses."""
    if is_postgres():
        await execute("SELECT pg_advisory_xact_lock($1, hashtext($2)) IS NULL", ADDRESSES_LOCK, workspace_id)


async def suppress(
    workspace_id: str, addresses: Iterable[NewSuppression], source: SuppressionSource, actor: str
) -> Sequence[str]:
    """Suppress addresses and write their history. Returns the keys of the newly suppressed ones."""
    rows = Records(NEW_COLUMNS, [(new_id("sup"), each.email, each.email_key, each.at, str(source), each.reason)
                         for each in {each.email_key: each for each in addresses}.values()])  # fmt: skip
    names = ", ".join(NEW_COLUMNS)
    added = await execute(
        # "WHERE true" tells SQLite that ON CONFLICT does not belong to the join.
        f"INSERT INTO suppression (workspace_id, {names}) SELECT $1, {names} FROM {rows.table(2)} WHERE true"
        " ON CONFLICT (workspace_id, email_key) DO UPDATE SET email = excluded.email,"
        " unsubscribed_at = excluded.unsubscribed_at, source = excluded.source, reason = excluded.reason"
        " WHERE suppression.unsubscribed_at IS NULL RETURNING id, email_key, unsubscribed_at, reason",
        workspace_id,
        rows,
    )
    await _write_history(workspace_id, added, SuppressionChangeKind.UNSUBSCRIBED, source, actor)
    return [row["email_key"] for row in added]


async def release(
    workspace_id: str, email_key: str, at: datetime, reason: str, source: SuppressionSource, actor: str
) -> bool:
    """End the suppression of an address, and write its history. Returns False if it was not suppressed."""
    released = await execute(
        "UPDATE suppression SET unsubscribed_at = NULL WHERE workspace_id = $1 AND email_key = $2"
        " AND unsubscribed_at IS NOT NULL RETURNING id",
        workspace_id,
        email_key,
    )
    rows = [{"id": row["id"], "unsubscribed_at": at, "reason": reason} for row in released]
    await _write_history(workspace_id, rows, SuppressionChangeKind.RESUBSCRIBED, source, actor)
    return bool(rows)


async def _write_history(
    workspace_id: str, rows: Sequence[Row], kind: SuppressionChangeKind, source: SuppressionSource, actor: str
) -> None:
    if not rows:
        return
    records = Records(
        CHANGE_COLUMNS, [(new_id("chg"), row["id"], row["unsubscribed_at"], row["reason"]) for row in rows]
    )
    names = ", ".join(CHANGE_COLUMNS)
    await execute(
        f"INSERT INTO suppression_change (workspace_id, kind, source, actor, {names})"
        f" SELECT $1, $2, $3, $4, {names} FROM {records.table(5)}",
        workspace_id,
        str(kind),
        str(source),
        actor,
        records,
    )


async def suppressed_keys(workspace_id: str, keys: list[str]) -> set[str]:
    """Return those of these normalised addresses that are suppressed."""
    rows = await execute(
        f"SELECT email_key FROM suppression WHERE workspace_id = $1 AND {in_list('email_key', 2)}"
        " AND unsubscribed_at IS NOT NULL",
        workspace_id,
        keys,
    )
    return {row["email_key"] for row in rows}


async def next_suppressed(workspace_id: str, after: str, rows: int) -> list[Suppression]:
    """Return the next suppressions of a workspace after an id, in the order of their ids."""
    suppressed = Suppression.filter(workspace_id=workspace_id, unsubscribed_at__not_isnull=True, id__gt=after)
    return await suppressed.order_by("id").limit(rows)


async def count_suppressed(workspace_id: str) -> int:
    """Count the suppressed addresses of a workspace."""
    return int(await Suppression.filter(workspace_id=workspace_id, unsubscribed_at__not_isnull=True).count())


async def suppressed_people(person_ids: list[str]) -> set[str]:
    """Return those of these people whose address is suppressed. Call in the transaction that enrolls them.

    Until the transaction ends, nobody suppresses the other addresses or gives these people new ones.
    """
    mine = in_list("person.id", 1)
    if is_postgres():  # a separate statement: the next one sees changes that committed while this one waited
        await execute(f"SELECT id FROM person WHERE {mine} ORDER BY id FOR SHARE", person_ids)
    rows = await execute(f"SELECT id FROM person WHERE {mine} AND {UNSUBSCRIBED_AT} IS NOT NULL", person_ids)
    return {row["id"] for row in rows}


async def lock_people_of(workspace_id: str, keys: list[str]) -> list[str]:
    """Return the people with these addresses. Nobody enrolls them before the transaction ends."""
    lock = "FOR NO KEY UPDATE" if is_postgres() else ""
    rows = await execute(
        f"SELECT id FROM person WHERE workspace_id = $1 AND {in_list('email_key', 2)} ORDER BY id {lock}",
        workspace_id,
        keys,
    )
    return [row["id"] for row in rows]


async def enrollments_to_end(person_ids: list[str]) -> list[str]:
    """Return the enrollments of unsubscribed people that may still send an email, without transactional campaigns."""
    rows = await execute(
        f"SELECT id FROM enrollment WHERE {in_list('person_id', 1)} AND status IN ('ACTIVE', 'FINISHED')"
        f" AND NOT {transactional_campaign('enrollment.campaign_id')} ORDER BY id",
        person_ids,
    )
    return [row["id"] for row in rows]


async def fill_in_recipients(person_id: str, email: str) -> None:
    """Store a person's current address with sent emails from releases that did not store the address of an email."""
    # Those releases had no one-off emails.
    await execute(
        "UPDATE send SET recipient = $2 WHERE enrollment_id IN (SELECT id FROM enrollment WHERE person_id = $1)"
        " AND recipient IS NULL AND message_id IS NOT NULL",
        person_id,
        email,
    )


async def recipients_of(person_id: str) -> list[str]:
    """Return the recorded addresses to which emails to a person were sent."""
    rows = await execute(
        "SELECT recipient FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        " WHERE enrollment.person_id = $1 AND recipient IS NOT NULL"
        " UNION SELECT recipient FROM send WHERE person_id = $1 AND enrollment_id IS NULL AND recipient IS NOT NULL"
        " ORDER BY recipient",
        person_id,
    )
    return [row["recipient"] for row in rows]
