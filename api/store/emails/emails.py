"""The folders of the Command Center, and how many emails each has."""

from api.states import PENDING_STATUSES, UNDELIVERED_STATUSES, WAITING_STATUSES, SendStatus
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Count
from api.store.engine.sql import execute

FOLDERS: dict[str, tuple[tuple[SendStatus, ...], tuple[bool, ...]]] = {
    "SENT": ((SendStatus.SENT,), (False, True)),
    "DELIVERED": ((SendStatus.SENT,), (False,)),
    "ARCHIVED": ((SendStatus.SENT,), (True,)),
    "PENDING": ((SendStatus.DRAFT, *PENDING_STATUSES), (False, True)),
    "DRAFT": ((SendStatus.DRAFT,), (False, True)),
    "SCHEDULED": (WAITING_STATUSES, (False, True)),
    "IN_PROGRESS": ((SendStatus.CLAIMED, SendStatus.TRANSMITTING), (False, True)),
    "UNDELIVERED": (UNDELIVERED_STATUSES, (False, True)),
    "FAILED": ((SendStatus.FAILED,), (False, True)),
    "BOUNCED": ((SendStatus.BOUNCED,), (False, True)),
    "IN_DOUBT": ((SendStatus.IN_DOUBT,), (False, True)),
}
"""By folder: the statuses of its emails, and whether they are archived."""


async def folder_counts(workspace_id: str) -> dict[str, int]:
    """Return the number of emails by folder."""
    counted = await _counts(workspace_id)
    return {
        folder: sum(counted.get((status, is_archived), 0) for status in statuses for is_archived in archived)
        for folder, (statuses, archived) in FOLDERS.items()
    }


async def count(workspace_id: str, folder: str | None) -> Count:
    """Return the number of emails in a folder or in all. It is exact, because the database keeps it."""
    if folder is not None:
        return Count((await folder_counts(workspace_id))[folder], exact=True)
    return Count(sum((await _counts(workspace_id)).values()), exact=True)


async def _counts(workspace_id: str) -> dict[tuple[str, bool], int]:
    """Return the number of emails by status and whether they are archived."""
    rows = await execute(
        "SELECT status, archived, sum(emails) AS emails FROM email_count WHERE workspace_id = $1"
        " GROUP BY status, archived",
        workspace_id,
    )
    return {(row["status"], bool(row["archived"])): int(row["emails"]) for row in rows}


async def merge_counts() -> None:
    """Merge the rows that transactions on PostgreSQL have appended to the counts. Waits for no other transaction."""
    if is_postgres():
        await execute(
            "WITH merged AS (DELETE FROM email_count WHERE ctid = ANY(ARRAY(SELECT ctid FROM email_count"
            " FOR UPDATE SKIP LOCKED)) RETURNING workspace_id, status, archived, emails)"
            " INSERT INTO email_count SELECT workspace_id, status, archived, sum(emails) FROM merged"
            " GROUP BY workspace_id, status, archived HAVING sum(emails) <> 0"
        )
