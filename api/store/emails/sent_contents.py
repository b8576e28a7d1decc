"""The packed contents of emails as they were given to the channel, each with the base that unpacking needs.

A base belongs to a workspace and is stored once per content. Many emails share it. ``used_on`` is the last day on which
an email began to use it, so that a base is deleted only after all emails that need it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from api.mail.message.packing import MessageBase
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, execute, in_list

COLUMNS = {"send_id": "text", "base_id": "text", "kept_at": "timestamptz", "packed": "bytea"}
REPLACE = "ON CONFLICT (send_id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in COLUMNS if name != "send_id"
)
MAX_EXPIRED_ROWS = 2_000
"""The most contents that one call deletes, so that emails do not wait long for its locks."""
BASES_KEPT_FOR = timedelta(days=2)
"""How long a base is kept after all contents that can use it. The clocks of processes may differ."""


class PackedContent(NamedTuple):
    """One email, packed: what differs from its base."""

    send_id: str
    base: MessageBase
    packed: bytes


class StoredContent(NamedTuple):
    """A packed email with the content of its base."""

    packed: bytes
    base: bytes


StoredBases = dict[str, date]
"""The bases that this process knows to be stored, with the last ``used_on`` that it has written."""


async def keep(contents: Sequence[PackedContent], now: datetime, base_days: StoredBases) -> None:
    """Store the contents of emails whose transmission begins at ``now`` (UTC). A later attempt replaces them.

    Call it in the transaction that begins the transmission, and ``remember_bases`` after its commit.
    """
    await keep_bases(contents, now, base_days)
    rows = [(content.send_id, content.base.id, now, content.packed) for content in contents]
    if is_postgres():
        records = Records(COLUMNS, rows)
        names = ", ".join(COLUMNS)
        await execute(f"INSERT INTO sent_content ({names}) SELECT {names} FROM {records.table(1)} {REPLACE}", records)
        return
    # The rows of SQLite cannot be JSON, because that has no bytes.
    numbers = iter(range(1, len(rows) * len(COLUMNS) + 1))
    places = ", ".join(f"({', '.join(f'${next(numbers)}' for _ in COLUMNS)})" for _ in rows)
    values = [value for row in rows for value in row]
    await execute(f"INSERT INTO sent_content ({', '.join(COLUMNS)}) VALUES {places} {REPLACE}", *values)


async def keep_bases(contents: Sequence[PackedContent], now: datetime, base_days: StoredBases) -> None:
    """Store the bases of these contents with the date of ``now`` (UTC) as their last use. Then ``remember_bases``."""
    used = {content.base.id: content.base for content in contents}
    for base_id in sorted(used):
        if base_days.get(base_id) != now.date():
            await execute(
                "INSERT INTO message_base (id, workspace_id, body, used_on) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (id) DO UPDATE SET used_on = excluded.used_on"
                " WHERE message_base.used_on < excluded.used_on",
                base_id,
                used[base_id].workspace_id,
                used[base_id].body,
                now.date(),
            )


def remember_bases(contents: Sequence[PackedContent], now: datetime, base_days: StoredBases) -> None:
    """Remember that the bases of these contents are stored."""
    base_days.update(dict.fromkeys([content.base.id for content in contents], now.date()))


async def find(workspace_id: str, send_ids: Sequence[str]) -> dict[str, StoredContent]:
    """Return the contents of those of these emails of a workspace that are kept, by the email's id.

    Emails to people who are being erased have none.
    """
    rows = await execute(
        "SELECT send_id, base_id, packed FROM sent_content"
        f" WHERE {in_list('send_id', 1)} AND EXISTS (SELECT 1 FROM send JOIN person ON person.id = send.person_id"
        " WHERE send.id = send_id AND send.workspace_id = $2 AND person.erased_at IS NULL)",
        list(send_ids),
        workspace_id,
    )
    base_ids = sorted({row["base_id"] for row in rows})
    found = await execute(f"SELECT id, body FROM message_base WHERE {in_list('id', 1)}", base_ids) if rows else ()
    bodies: Mapping[str, bytes] = {row["id"]: row["body"] for row in found}
    return {
        row["send_id"]: StoredContent(row["packed"], bodies[row["base_id"]]) for row in rows if row["base_id"] in bodies
    }


async def erase(send_ids: Sequence[str]) -> None:
    """Delete the contents of these emails. Their bases have no values of people and stay."""
    await execute(f"DELETE FROM sent_content WHERE {in_list('send_id', 1)}", list(send_ids))


async def delete_expired(before: datetime) -> bool:
    """Delete contents that were kept before a time (UTC), and then the bases that no email needs any more.

    Returns whether there are more.
    """
    deleted = await execute(
        "DELETE FROM sent_content WHERE send_id IN (SELECT send_id FROM sent_content WHERE kept_at < $1"
        " ORDER BY kept_at LIMIT $2) RETURNING send_id",
        before,
        MAX_EXPIRED_ROWS,
    )
    if len(deleted) == MAX_EXPIRED_ROWS:
        return True
    await execute("DELETE FROM message_base WHERE used_on < $1", (before - BASES_KEPT_FOR).date())
    return False
