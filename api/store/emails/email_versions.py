"""The versions of emails.

The version of a one-off email is with its other columns, that of a campaign email in a table of its own. An email of a
campaign has the version 1 and no row until somebody changes it.
"""

from collections.abc import Sequence

from api.store.engine.sql import execute, in_list

FIRST_VERSION = 1


async def versions(email_ids: Sequence[str]) -> dict[str, int]:
    """Return the versions of emails by their ids."""
    rows = await execute(
        f"SELECT send_id AS id, version FROM email_version WHERE {in_list('send_id', 1)}"
        f" UNION ALL SELECT id, version FROM one_off_email WHERE {in_list('id', 1)}",
        list(email_ids),
    )
    return dict.fromkeys(email_ids, FIRST_VERSION) | {row["id"]: int(row["version"]) for row in rows}


async def next_version(email_id: str) -> None:
    """Give a locked email of a campaign the next version."""
    await execute(
        "INSERT INTO email_version (send_id, version) VALUES ($1, $2)"
        " ON CONFLICT (send_id) DO UPDATE SET version = email_version.version + 1",
        email_id,
        FIRST_VERSION + 1,
    )
