"""People, read without the ORM where hundreds are read at a time."""

from collections.abc import Sequence

from api.store.engine.sql import Row, execute, in_list
from api.store.suppressions import UNSUBSCRIBED_AT


async def recipients(person_ids: Sequence[str]) -> Sequence[Row]:
    """Return the people to whom emails go, with the columns of ``Recipient`` in their order."""
    return await execute(
        "SELECT id, workspace_id, email, first_name, last_name, title, company, own_fields,"
        f" {UNSUBSCRIBED_AT} IS NOT NULL AS unsubscribed, bounced_at IS NOT NULL AS bounced"
        f" FROM person WHERE {in_list('id', 1)}",
        list(person_ids),
    )
