"""The migration to emails without a step: every row, index and count stays, and a new email needs no step."""

from collections.abc import AsyncIterator

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from api.models import Send
from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import insert, insert_enrollment, opened_as_of
from tests.services.world import NOW

NAME = "0035_outside_campaigns"
REPLACED_LATER = {"send_listed", "send_folder", "send_waiting"}
"""Indexes that a later migration replaces or changes."""
OBJECTS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'send' AND type <> 'table'",
    "postgres": "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'send'",
}
TIMES = {"planned_date": NOW.date(), "planned_time": "08:00:00", "due_at": NOW, "planned_at": NOW, "zone": "UTC"}
PLACE = {"workspace_id": "wsp_1", "person_id": "per_1", "sender_id": "sdr_1"}


@pytest.fixture
async def release_before(database_kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the tables that were there before this migration."""
    async with opened_as_of("0034_request_keys", database_kind, request) as connection:
        yield connection


async def objects() -> set[tuple[str, str | None]]:
    rows = await execute(OBJECTS["postgres" if is_postgres() else "sqlite"])
    return {(row["name"], row["sql"]) for row in rows}


async def counted() -> int:
    (row,) = await execute("SELECT sum(emails) AS emails FROM email_count")
    return int(row["emails"])


async def test_an_email_of_the_release_before_stays_as_it_was(release_before: BaseDBAsyncClient) -> None:
    await insert_enrollment()
    await insert(
        "send", id="snd_1", enrollment_id="enr_1", step_id="stp_1", sandbox=False, by_hand=True, status="SENT",
        explanation='[["DAY_1", {}]]', attempts=2, message_id="<m@example.com>", sent_at=NOW, detail="", archived=True,
        **TIMES, **PLACE,
    )  # fmt: skip
    await insert(
        "reply", id="rpl_1", workspace_id="wsp_1", send_id="snd_1", kind="REPLY", at=NOW, sender="", subject="", text=""
    )
    former, former_objects = (await execute("SELECT * FROM send"))[0], await objects()
    assert (await migrate())[0] == NAME
    (row,) = await execute("SELECT * FROM send")
    assert {name: row[name] for name in former.keys()} == dict(former)  # noqa: SIM118 - an asyncpg row
    assert {each for each in former_objects if each[0] not in REPLACED_LATER} < await objects()
    for key in ("snd_2", "snd_3"):
        await Send.create(id=key, **TIMES, **PLACE)
    assert await Send.filter(enrollment_id=None).order_by("id").values_list("id", flat=True) == ["snd_2", "snd_3"]
    assert await counted() == 3
    assert len(await execute("SELECT id FROM reply")) == 1
    if not is_postgres():
        assert [dict(row) for row in await execute("PRAGMA integrity_check")] == [{"integrity_check": "ok"}]
        assert not await execute("PRAGMA foreign_key_check")
