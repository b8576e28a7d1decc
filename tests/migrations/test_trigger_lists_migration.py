"""The migration that rewrites the triggers of SQLite, on populated tables: they count as before."""

import importlib
import re

from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from api.store.reports.folding import fold
from benchmarks.populated import Size, populate
from tests.databases import on_sqlite
from tests.migrations.migrating import before

MIGRATION = "0084_trigger_lists"
COUNTS = "SELECT * FROM report_cell ORDER BY campaign_id, step_id, sender_id, template_id, day"


async def cells() -> list[dict[str, object]]:
    await fold()
    return [dict(row) for row in await execute(COUNTS)]


async def numbers(*measures: str) -> int:
    return sum(int(str(row[each])) for row in await cells() for each in measures)


async def test_counts_go_on_as_before(database: str) -> None:
    await populate(Size(500), "a")
    counted = await cells()
    assert await numbers("scheduled") > 0
    names = await before(MIGRATION)
    if not is_postgres():  # the triggers as an earlier release has them
        reports = importlib.import_module("api.migrations.0041_reports")
        for event in reports.CHANGES:
            await execute(f"DROP TRIGGER send_reported_{event}")
            await execute(reports._sqlite_trigger("send", event)[0])
    assert await migrate() == names
    assert await cells() == counted
    await execute("UPDATE send SET status = 'FAILED', reason = 'GONE' WHERE status = 'SCHEDULED'")
    assert await numbers("scheduled") == 0
    await execute("UPDATE send SET status = 'SCHEDULED', reason = NULL WHERE reason = 'GONE'")
    assert await cells() == counted
    await execute("DELETE FROM send")
    assert await numbers("scheduled", "delivered", "failed") == 0


@on_sqlite
async def test_no_trigger_builds_a_list_each_time_it_runs(database: str) -> None:
    triggers = await execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    assert len(triggers) > 20
    lists = {row["name"]: re.findall(r"IN \('[^)]*'\)", row["sql"]) for row in triggers}
    assert {name: found for name, found in lists.items() if found} == {}
