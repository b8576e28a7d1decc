"""When emails failed, as their events say."""

from collections.abc import Sequence
from datetime import datetime

from api.store.engine.sql import execute, in_list, instant


async def failures(workspace_id: str, email_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when each failed email of a workspace failed last (UTC), by its id. A person has few events."""
    rows = await execute(
        "SELECT send.id, max(event.at) AS at FROM send JOIN event ON event.person_id = send.person_id"
        " AND event.kind = 'EMAIL_FAILED' AND event.send_id = send.id"
        f" WHERE {in_list('send.id', 1)} AND send.workspace_id = $2 AND send.status || '' = 'FAILED' GROUP BY send.id",
        list(email_ids),
        workspace_id,
    )
    return {row["id"]: instant(row["at"]) for row in rows}
