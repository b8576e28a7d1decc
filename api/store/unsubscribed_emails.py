"""Which email made its recipient unsubscribe, for reports.

An unsubscribe link contains only the address, so it counts for the last email to the person who has the address.
"""

from collections.abc import Sequence
from datetime import datetime

from api.store.engine.sql import execute, in_list

SENT = "send.status || '' IN ('SENT', 'BOUNCED')"
LAST_EMAIL = (
    "(SELECT id FROM (SELECT send.id, send.sent_at FROM enrollment JOIN send ON send.enrollment_id = enrollment.id"
    f" WHERE enrollment.person_id = person.id AND {SENT}"
    " UNION ALL SELECT send.id, send.sent_at FROM send WHERE send.person_id = person.id AND send.enrollment_id IS NULL"
    f" AND {SENT}) AS sent ORDER BY sent_at DESC, id DESC LIMIT 1)"
)


async def mark_emails(email_ids: Sequence[str], now: datetime) -> None:
    """Mark emails whose recipient unsubscribed at ``now`` (UTC)."""
    await execute(f"UPDATE send SET unsubscribed_at = $2 WHERE {in_list('id', 1)}", list(email_ids), now)


async def mark_last_emails(workspace_id: str, keys: Sequence[str], now: datetime) -> None:
    """Mark the last email to each of these addresses (``email_key``): its recipient unsubscribed at ``now`` (UTC)."""
    await execute(
        f"UPDATE send SET unsubscribed_at = $3 WHERE id IN (SELECT {LAST_EMAIL} FROM person"
        f" WHERE person.workspace_id = $1 AND {in_list('person.email_key', 2)})",
        workspace_id,
        list(keys),
        now,
    )


async def unmark_emails(workspace_id: str, key: str) -> None:
    """Remove the marks of all emails to an address, given as ``email_key``: its recipient undid the unsubscribe."""
    marked = "person.workspace_id = $1 AND person.email_key = $2 AND send.unsubscribed_at IS NOT NULL"
    await execute(
        "UPDATE send SET unsubscribed_at = NULL WHERE id IN (SELECT send.id FROM person"
        " JOIN enrollment ON enrollment.person_id = person.id JOIN send ON send.enrollment_id = enrollment.id"
        f" WHERE {marked} UNION ALL SELECT send.id FROM person"
        f" JOIN send ON send.person_id = person.id AND send.enrollment_id IS NULL WHERE {marked})",
        workspace_id,
        key,
    )
