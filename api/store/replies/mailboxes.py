"""Accounts of mailboxes: the lease of the process that reads one, its state, and how far its folders are read.

Every update of an account names its owner. A process that has lost the lease changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.ids import new_id
from api.store.engine.sql import execute, in_byte_order, in_list, instant_or_past

OWNED = "account = $1 AND owner = $2"
FREE = (
    "(lease_until IS NULL OR lease_until <= $3 OR lease_until > $4 OR owner = $2)"
    " AND (retry_at IS NULL OR retry_at <= $3 OR retry_at > $5)"
)
"""SQL condition: a process may take the account.

A lease or a wait that ends later than any new one counts as over, because the clock was set back.
"""


async def add(names: Sequence[str]) -> None:
    """Add the accounts that the table does not have."""
    rows = await execute(f"SELECT account FROM mailbox WHERE {in_list('account', 1)}", list(names))
    for account in sorted(set(names) - {row["account"] for row in rows}):
        await execute(
            "INSERT INTO mailbox (account, state, code, detail, failures) VALUES ($1, 'STARTING', '', '', 0)"
            " ON CONFLICT (account) DO NOTHING",
            account,
        )


async def free(names: Sequence[str], owner: str, now: datetime, lease: timedelta, longest_wait: timedelta) -> list[str]:
    """Return those of these accounts that no other process reads, and that do not wait after a failure."""
    rows = await execute(
        f"SELECT account FROM mailbox WHERE {in_list('account', 1)} AND {FREE}",
        list(names), owner, now, now + 2 * lease, now + longest_wait,
    )  # fmt: skip
    return [row["account"] for row in rows]


async def take(account: str, owner: str, now: datetime, lease: timedelta, longest_wait: timedelta) -> int | None:
    """Take the lease of an account. Returns its failures in a row, or None if the account is not free."""
    rows = await execute(
        f"UPDATE mailbox SET owner = $2, lease_until = $6 WHERE account = $1 AND {FREE} RETURNING failures",
        account, owner, now, now + 2 * lease, now + longest_wait, now + lease,
    )  # fmt: skip
    return int(rows[0]["failures"]) if rows else None


async def renew(account: str, owner: str, until: datetime) -> bool:
    """Renew the lease until ``until`` (UTC). Returns False if another process has it."""
    rows = await execute(f"UPDATE mailbox SET lease_until = $3 WHERE {OWNED} RETURNING account", account, owner, until)
    return bool(rows)


async def release(account: str, owner: str) -> None:
    """End the lease, so that another process can take the account at once, also if a folder of it cannot be read."""
    ended = f"UPDATE mailbox SET owner = NULL, lease_until = NULL, retry_at = NULL WHERE {OWNED}"
    await execute(ended, account, owner)


async def cursors(account: str) -> dict[str, str]:
    """Return the cursor of each folder by its name."""
    rows = await execute("SELECT name, cursor FROM mailbox_folder WHERE account = $1", account)
    return {row["name"]: row["cursor"] for row in rows}


async def lock(account: str, owner: str) -> bool:
    """Lock the account until the end of the transaction. Returns False if another process has the lease."""
    locked = f"UPDATE mailbox SET owner = owner WHERE {OWNED} RETURNING account"
    return bool(await execute(locked, account, owner))


async def store_cursor(account: str, folder: str, cursor: str, new_mails: int, now: datetime) -> None:
    """Store how far a folder is read. Call it in the transaction that stores its mails, after ``lock``."""
    await execute(
        "INSERT INTO mailbox_folder (id, account, name, cursor, mails, last_mail_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (account, name) DO UPDATE SET cursor = excluded.cursor,"
        " mails = mailbox_folder.mails + excluded.mails,"
        " last_mail_at = coalesce(excluded.last_mail_at, mailbox_folder.last_mail_at)",
        new_id("mbf"), account, folder, cursor, new_mails, now if new_mails else None,
    )  # fmt: skip


async def set_reading(account: str, owner: str) -> None:
    """Write that the account is open and being read."""
    await execute(f"UPDATE mailbox SET state = 'READING' WHERE {OWNED}", account, owner)


async def set_read(account: str, owner: str, now: datetime) -> None:
    """Write that all folders are read, at ``now`` (UTC). A failure stays, because it may be in something else."""
    await execute(f"UPDATE mailbox SET checked_at = $3 WHERE {OWNED}", account, owner, now)


async def set_partly_read(account: str, owner: str, code: str, detail: str, now: datetime, next_look: datetime) -> None:
    """Write why a folder cannot be read, and when it is tried again. The lease continues.

    It counts as one failure however long it takes, so that a lost connection is opened again soon.
    """
    await execute(
        "UPDATE mailbox SET state = 'FAILED', code = $3, detail = $4, failures = 1,"
        f" failing_since = coalesce(failing_since, $5), retry_at = $6 WHERE {OWNED}",
        account, owner, code, detail, now, next_look,
    )  # fmt: skip


async def set_works(account: str, owner: str, now: datetime) -> None:
    """Write that all folders are read, at ``now`` (UTC). The account works, so its failure ends."""
    await execute(
        "UPDATE mailbox SET state = 'WATCHING', checked_at = $3, code = '', detail = '', failures = 0,"
        f" failing_since = NULL, retry_at = NULL WHERE {OWNED}",
        account, owner, now,
    )  # fmt: skip


async def set_failed(
    account: str, owner: str, code: str, detail: str, now: datetime, retry_at: datetime | None
) -> None:
    """Write a failure, and end the lease. No process opens the account before ``retry_at`` (UTC)."""
    await execute(
        "UPDATE mailbox SET state = 'FAILED', owner = NULL, lease_until = NULL, code = $3, detail = $4,"
        f" failures = failures + 1, failing_since = coalesce(failing_since, $5), retry_at = $6 WHERE {OWNED}",
        account, owner, code, detail, now, retry_at,
    )  # fmt: skip


async def retry_now(account: str) -> bool:
    """End the wait of an account after a failure. Returns False if it does not wait."""
    waiting = "UPDATE mailbox SET retry_at = NULL WHERE account = $1 AND retry_at IS NOT NULL RETURNING account"
    return bool(await execute(waiting, account))


async def waiting() -> dict[str, tuple[datetime, str, str]]:
    """Return until when accounts wait after a failure (UTC), with its code and detail, by account."""
    rows = await execute("SELECT account, code, detail, retry_at FROM mailbox WHERE retry_at IS NOT NULL")
    return {row["account"]: (instant_or_past(row["retry_at"]), row["code"], row["detail"]) for row in rows}


async def accounts(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of these accounts, by name."""
    rows = await execute(
        "SELECT account, state, lease_until, checked_at, code, detail, failures, failing_since, retry_at"
        f" FROM mailbox WHERE {in_list('account', 1)} ORDER BY {in_byte_order('account')}",
        list(names),
    )
    times = ("lease_until", "checked_at", "failing_since", "retry_at")
    return [{**row, **{name: row[name] and instant_or_past(row[name]) for name in times}} for row in rows]


async def folders(names: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
    """Return the folders of these accounts by account: name, mails and last_mail_at."""
    found: dict[str, list[dict[str, Any]]] = {}
    rows = await execute(
        f"SELECT account, name, mails, last_mail_at FROM mailbox_folder WHERE {in_list('account', 1)}"
        f" ORDER BY {in_byte_order('name')}",
        list(names),
    )
    for row in rows:
        last = row["last_mail_at"] and instant_or_past(row["last_mail_at"])
        folder = {"name": row["name"], "mails": row["mails"], "last_mail_at": last}
        found.setdefault(row["account"], []).append(folder)
    return found
