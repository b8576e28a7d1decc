"""The secrets of connections. One process at a time renews them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.store.engine.sql import execute

MAX_CLOCK_DIFFERENCE = timedelta(seconds=30)
"""How much the clocks of processes may differ without one taking over another's right to renew."""


async def secrets_of(connection_id: str) -> Mapping[str, Any] | None:
    """Return the secrets of a connection and their number; None if it is disconnected or does not exist."""
    rows = await execute(
        "SELECT secrets, secrets_number FROM crm_connection WHERE id = $1 AND secrets <> ''", connection_id
    )
    return rows[0] if rows else None


async def take_renewal(connection_id: str, owner: str, now: datetime, until: datetime) -> bool:
    """Take the right to renew the secrets until ``until`` (UTC). Returns False while another process has it.

    A right whose end is much later than that of a new one counts as ended, because the clock was set back.
    """
    rows = await execute(
        "UPDATE crm_connection SET renewing_by = $2, renewing_until = $4 WHERE id = $1 AND secrets <> '' AND"
        " (renewing_until IS NULL OR renewing_until <= $3 OR renewing_until > $5 OR renewing_by = $2) RETURNING id",
        connection_id, owner, now, until, until + MAX_CLOCK_DIFFERENCE,
    )  # fmt: skip
    return bool(rows)


async def end_renewal(connection_id: str, owner: str) -> None:
    """Give back the right to renew the secrets."""
    await execute(
        "UPDATE crm_connection SET renewing_by = NULL, renewing_until = NULL WHERE id = $1 AND renewing_by = $2",
        connection_id, owner,
    )  # fmt: skip


async def replace_secrets(connection_id: str, number: int, secrets: str) -> bool:
    """Store new secrets over those with this number. Returns False if others were stored meanwhile."""
    rows = await execute(
        "UPDATE crm_connection SET secrets = $3, secrets_number = secrets_number + 1"
        " WHERE id = $1 AND secrets_number = $2 AND secrets <> '' RETURNING id",
        connection_id, number, secrets,
    )  # fmt: skip
    return bool(rows)


async def replace_login_secrets(login_id: str, old: str, new: str) -> bool:
    """Store the secrets of a login, encrypted with another key. Returns False if the login has ended."""
    rows = await execute(
        "UPDATE crm_login SET secrets = $3 WHERE id = $1 AND secrets = $2 RETURNING id", login_id, old, new
    )
    return bool(rows)
