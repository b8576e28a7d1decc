"""Fill a populated workspace with what only some lists have: groups, imports, opens, clicks and replies."""

from api.store.engine.sql import execute
from api.store.reports.folding import fold
from benchmarks.populated import STEPS, Size, insert, moment, row_id

CLICKED = 1_000
"""Emails whose links were clicked, in a workspace of any size: so few that they are read by their ids."""

AT_ONCE = 10_000_000
"""Changes of reports that one transaction folds. A server folds them every few seconds, a few at a time."""


async def populate_lists(size: Size, mark: str, workspace_id: str) -> None:
    """Add to the workspace that ``populate`` has made with this size and mark."""
    for statement in _statements(size, mark):
        await execute(statement, workspace_id)
    await execute(
        f"UPDATE person SET replied_at = {moment('0')} WHERE workspace_id = $1 AND id IN"
        " (SELECT person_id FROM group_member WHERE workspace_id = $1)",
        workspace_id,
    )
    await fold(AT_ONCE)


def _statements(size: Size, mark: str) -> list[str]:
    def ids(prefix: str, number: str) -> str:
        return row_id(prefix, mark, number)

    some, opened = size.people // 10, size.emails * 8 // 100
    return [
        insert("category", 1, id=ids("cat", "n"), workspace_id="$1", name="'C'", created_at=moment("0")),
        insert("people_group", 1, id=ids("grp", "n"), workspace_id="$1", name="'G'", people=str(some),
               created_at=moment("0")),
        insert("group_member", some, id=ids("mem", "n"), workspace_id="$1", people_group_id=ids("grp", "1"),
               person_id=ids("per", "n * 10"), added_at=moment("0")),
        insert("people_import", 1, id=ids("imp", "n"), workspace_id="$1", status="'FINISHED'", total=str(some),
               processed=str(some), created=str(some), updated="0", failed="0", created_at=moment("0")),
        f"INSERT INTO imported_person SELECT {ids('imp', '1')}, person_id FROM group_member WHERE workspace_id = $1",
        insert("engagement", opened, id=ids("snd", "n * 10"), workspace_id="$1",
               person_id=ids("per", f"((n * 10 - 1) / {STEPS} + 1)"), opened_at=moment("0"), opens="1",
               clicks=f"CASE WHEN n % {max(1, opened // CLICKED)} = 0 THEN 1 ELSE 0 END"),
    ]  # fmt: skip
