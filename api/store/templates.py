"""Templates, as far as campaigns depend on them."""

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list


async def subjects_of(template_ids: list[str]) -> dict[str, str]:
    """Return the subjects of templates, by id. They do not change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    rows = await execute(
        f"SELECT id, subject FROM template WHERE {in_list('id', 1)} ORDER BY id {lock}",
        sorted(set(template_ids)),
    )
    return {row["id"]: row["subject"] for row in rows}
