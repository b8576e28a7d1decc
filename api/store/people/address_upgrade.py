"""Compute the normalised addresses (``email_key``) of all rows again, after the normalisation has changed.

Before release 0.1 the key was the result of ``str.casefold``, which is equal for some different mailboxes: ``oﬃce``
and ``office``, ``straße.de`` and ``strasse.de``. A suppression applied to all of them. So that no suppression is lost,
all these addresses stay suppressed: the address of the suppression, its old key, the addresses of people with that old
key, and the addresses with that old key to which emails were sent.

The functions run in the transaction of the migration, so that a killed process changes nothing. They replace keys in
two passes, because a new key may be the old key of another row. The first pass sets the key to the row's id, which is
not a valid address.
"""

import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.ids import new_id
from api.mail.address import MAX_ADDRESS_LENGTH, address_key
from api.store.engine.database import is_postgres
from api.store.engine.opening.upgrade_report import report
from api.store.engine.sql import Records, execute, in_list

CHUNK_ROWS = 1_000
"""Rows of one statement."""
NEW_COLUMNS = {
    "id": "text",
    "workspace_id": "text",
    "email": "text",
    "email_key": "text",
    "unsubscribed_at": "timestamptz",
    "reason": "text",
}
CHANGE_COLUMNS = {"id": "text", "workspace_id": "text", "suppression_id": "text", "at": "timestamptz", "reason": "text"}
SUPPRESSION_COLUMNS = "id, workspace_id, email, email_key, unsubscribed_at, source, reason"
Row = Mapping[str, Any]


class KeptSuppression(NamedTuple):
    """An address that stays suppressed. If ``key`` is None, the second pass sets the key."""

    workspace_id: str
    email: str
    at: Any
    reason: str
    key: str | None = None


async def compute_suppressions() -> None:
    """Set the new keys of suppressions, and keep the addresses of their old keys suppressed."""
    columns = SUPPRESSION_COLUMNS
    async for rows in _chunks("suppression", columns, f"{_may_change('email')} AND email_key <> id"):
        changed = [row for row in rows if address_key(row["email"]) != row["email_key"]]
        await _keep_suppressed([_under_old_key(row) for row in changed if _covers_more(row)])
        await _set_keys("suppression", {row["id"]: row["id"] for row in changed})
    async for rows in _chunks("suppression", columns, "email_key = id"):
        keys = {row["id"]: address_key(row["email"]) for row in rows}
        holders = await _rows_with_keys("suppression", columns, rows, keys)
        final = {}
        for row in rows:
            place = (row["workspace_id"], keys[row["id"]])
            if place in holders:
                await _merge(row, holders[place])
            else:
                holders[place] = dict(row)
                final[row["id"]] = keys[row["id"]]
        await _set_keys("suppression", final)


async def compute_people(now: datetime) -> None:
    """Set the new keys of people. Suppressed people stay suppressed. Of two people in one mailbox, one gets emails."""
    columns = "id, workspace_id, email, email_key"
    async for rows in _chunks("person", columns, f"{_may_change('email')} AND email_key <> id"):
        changed = [row for row in rows if address_key(row["email"]) != row["email_key"]]
        await _keep_covered([(row["workspace_id"], row["email"], row["email_key"]) for row in changed])
        await _set_keys("person", {row["id"]: row["id"] for row in changed})
    async for rows in _chunks("person", columns, "email_key = id"):
        keys = {row["id"]: address_key(row["email"]) for row in rows}
        holders = await _rows_with_keys("person", columns, rows, keys)
        for row in rows:
            place = (row["workspace_id"], keys[row["id"]])
            if place in holders:
                keys[row["id"]] = await _suppress_duplicate(row, holders[place], now)
            else:
                holders[place] = dict(row)
        await _set_keys("person", keys)


async def keep_recipients() -> None:
    """Keep the recipients of sent emails suppressed whose old key was suppressed."""
    condition = f"recipient IS NOT NULL AND {_not_ascii('recipient')}"
    async for rows in _chunks("send", "id, workspace_id, recipient", condition):
        recipients = {(row["workspace_id"], row["recipient"], row["recipient"].casefold()) for row in rows}
        await _keep_covered(sorted(recipients))


async def compute_senders() -> None:
    """Set the keys of senders, and report senders that share a mailbox."""
    async for rows in _chunks("sender", "id, workspace_id, email", "email_key = ''"):
        keys = {row["id"]: address_key(row["email"]) for row in rows}
        holders = await _rows_with_keys("sender", "id, workspace_id, email, email_key", rows, keys)
        for row in rows:
            other = holders.setdefault((row["workspace_id"], keys[row["id"]]), dict(row))
            if other["id"] != row["id"]:
                report(
                    f"workspace {row['workspace_id']}: the senders {other['id']} ({other['email']}) and {row['id']} "
                    f"({row['email']}) have one address. Both stay, each with a throttle of its own."
                )
        await _set_keys("sender", keys)


def _covers_more(row: Row) -> bool:
    """Say whether the old key of a suppression is the key of another mailbox than its address."""
    return row["unsubscribed_at"] is not None and _from_old_key(row["email_key"]) != address_key(row["email"])


def _from_old_key(key: str) -> str:
    """Return the new key of an old key. ``str.casefold`` made some keys longer than an address can be."""
    return address_key(unicodedata.normalize("NFC", key)[:MAX_ADDRESS_LENGTH])


def _under_old_key(row: Row) -> KeptSuppression:
    return KeptSuppression(
        row["workspace_id"], _from_old_key(row["email_key"]), row["unsubscribed_at"], _reason(row["email"])
    )


def _reason(other: str) -> str:
    return f"Counted as one address with {other} in an earlier release, and stays suppressed with it."


async def _keep_covered(rows: Sequence[tuple[str, str, str]]) -> None:
    """Keep addresses suppressed whose old key was suppressed. Takes workspace, address and old key of each."""
    for workspace_id in sorted({workspace_id for workspace_id, _, _ in rows}):
        addresses = [(email, _from_old_key(key)) for owner, email, key in rows if owner == workspace_id]
        changed = [(email, old) for email, old in addresses if address_key(email) != old]
        found = await execute(
            f"SELECT email, email_key, unsubscribed_at FROM suppression WHERE workspace_id = $1"
            f" AND {in_list('email_key', 2)} AND unsubscribed_at IS NOT NULL",
            workspace_id,
            [old for _, old in changed],
        )
        by_key = {row["email_key"]: row for row in found}
        await _keep_suppressed(
            KeptSuppression(
                workspace_id, email, by_key[old]["unsubscribed_at"], _reason(by_key[old]["email"]), address_key(email)
            )
            for email, old in changed
            if old in by_key
        )


async def _keep_suppressed(suppressions: Iterable[KeptSuppression]) -> None:
    """Suppress addresses and write their history. Report addresses that were not suppressed before."""
    ids = [(new_id("sup"), each) for each in suppressions]
    unique = {(each.workspace_id, each.key or row_id): (row_id, each) for row_id, each in ids}
    if not unique:
        return
    values = [(row_id, each.workspace_id, each.email, each.key or row_id, each.at, each.reason)
              for row_id, each in unique.values()]  # fmt: skip
    rows, names = Records(NEW_COLUMNS, values), ", ".join(NEW_COLUMNS)
    added = await execute(
        f"INSERT INTO suppression ({names}, source) SELECT {names}, 'UPGRADE' FROM {rows.table(1)} WHERE true"
        " ON CONFLICT (workspace_id, email_key) DO UPDATE SET unsubscribed_at = excluded.unsubscribed_at,"
        " source = excluded.source, reason = excluded.reason WHERE suppression.unsubscribed_at IS NULL"
        " RETURNING id, workspace_id, email, unsubscribed_at, reason",
        rows,
    )
    if not added:
        return
    changes = [(new_id("chg"), row["workspace_id"], row["id"], row["unsubscribed_at"], row["reason"]) for row in added]
    history = Records(CHANGE_COLUMNS, changes)
    names = ", ".join(CHANGE_COLUMNS)
    await execute(
        f"INSERT INTO suppression_change ({names}, kind, source, actor)"
        f" SELECT {names}, 'UNSUBSCRIBED', 'UPGRADE', '' FROM {history.table(1)}",
        history,
    )
    for row in added:
        report(f"workspace {row['workspace_id']}: {row['email']} stays suppressed. {row['reason']}")


async def _merge(row: Row, into: dict[str, Any]) -> None:
    """Merge two suppressions of one mailbox. The result is suppressed if one of them was, and has both histories."""
    if row["unsubscribed_at"] is not None and into["unsubscribed_at"] is None:
        into |= {name: row[name] for name in ("unsubscribed_at", "source", "reason")}
        await execute(
            "UPDATE suppression SET unsubscribed_at = (SELECT unsubscribed_at FROM suppression WHERE id = $2),"
            " source = (SELECT source FROM suppression WHERE id = $2),"
            " reason = (SELECT reason FROM suppression WHERE id = $2) WHERE id = $1",
            into["id"],
            row["id"],
        )
    await execute("UPDATE suppression_change SET suppression_id = $1 WHERE suppression_id = $2", into["id"], row["id"])
    await execute("DELETE FROM suppression WHERE id = $1", row["id"])
    if row["source"] != "UPGRADE":
        state = "suppressed" if into["unsubscribed_at"] is not None else "not suppressed"
        report(
            f"workspace {row['workspace_id']}: the suppressions of {into['email']} ({into['id']}) and {row['email']} "
            f"({row['id']}) are of one mailbox. They are one now, {into['id']}, which is {state}."
        )


async def _suppress_duplicate(row: Row, holder: Row, now: datetime) -> str:
    """Suppress the second person of a mailbox. Returns the person's new key, which is not an address."""
    key = f"{row['id']} duplicates {holder['id']}"
    shown = f"{row['email']} ({key})"[:MAX_ADDRESS_LENGTH]
    why = "A second person of one mailbox gets no emails. Correct or remove the address."
    await _keep_suppressed([KeptSuppression(row["workspace_id"], shown, now, why, key)])
    report(
        f"workspace {row['workspace_id']}: the people {holder['id']} ({holder['email']}) and {row['id']} "
        f"({row['email']}) have one mailbox. Both stay; {row['id']} gets no emails until its address is changed."
    )
    return key


async def _chunks(table: str, columns: str, condition: str) -> AsyncIterator[Sequence[Row]]:
    after = ""
    while True:
        rows = await execute(
            f"SELECT {columns} FROM {table} WHERE id > $1 AND {condition} ORDER BY id LIMIT {CHUNK_ROWS}", after
        )
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


async def _rows_with_keys(
    table: str, columns: str, rows: Sequence[Row], keys: Mapping[str, str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows that already have one of the new keys ``keys``, by workspace and key."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for workspace_id in {row["workspace_id"] for row in rows}:
        new_keys = [keys[row["id"]] for row in rows if row["workspace_id"] == workspace_id]
        condition = f"workspace_id = $1 AND {in_list('email_key', 2)}"
        for row in await execute(f"SELECT {columns} FROM {table} WHERE {condition}", workspace_id, new_keys):
            found[workspace_id, row["email_key"]] = dict(row)
    return found


async def _set_keys(table: str, keys: Mapping[str, str]) -> None:
    if keys:
        rows = Records({"id": "text", "email_key": "text"}, sorted(keys.items()))
        await execute(f"UPDATE {table} SET email_key = r.email_key FROM {rows.table(1)} WHERE {table}.id = r.id", rows)


def _not_ascii(column: str) -> str:
    size = f"octet_length({column})" if is_postgres() else f"length(CAST({column} AS BLOB))"
    return f"{size} <> length({column})"


def _may_change(column: str) -> str:
    """Return the SQL condition that the key of an address may change. Most addresses are ASCII and keep their keys."""
    return f"({_not_ascii(column)} OR lower({column}) LIKE '%xn--%' OR email_key <> lower({column}))"
