"""Which rules of time zones the stored times were calculated by."""

from api.models import TzDatabase
from api.store.engine.sql import execute

INSTALLED = "installed"


async def store_zone_rules(fingerprint: str) -> bool:
    """Store the fingerprint of the installed tz database. Returns whether it replaces another one.

    Call in a transaction. Another process that stores the same fingerprint waits for its end, and then gets False.
    """
    new = await execute(
        "INSERT INTO tz_database (id, fingerprint) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id",
        INSTALLED,
        fingerprint,
    )
    if new:
        return False
    replaced = await execute(
        "UPDATE tz_database SET fingerprint = $2 WHERE id = $1 AND fingerprint <> $2 RETURNING id",
        INSTALLED,
        fingerprint,
    )
    return bool(replaced)


async def stored_zone_rules() -> str | None:
    """Return the fingerprint of the tz database that a process has found last."""
    found = await TzDatabase.get_or_none(id=INSTALLED)
    return None if found is None else str(found.fingerprint)
