"""The migration to the words of subjects: a populated database has those of its templates, steps and emails."""

from collections.abc import AsyncIterator

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import insert, insert_enrollment, opened_as_of
from tests.services.world import NOW

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
async def release_before(database_kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the tables that were there before this migration."""
    async with opened_as_of("0059_list_plans", database_kind, request) as connection:
        yield connection


async def test_words_of_a_populated_database(release_before: BaseDBAsyncClient) -> None:
    await insert_enrollment()
    for number, subject in ((1, "Re: 100% \x01 \"it's\" {{ first_name | default: 'x' }}-ÄB"), (2, None), (3, "")):
        await insert(
            "send", id=f"snd_{number}", enrollment_id=None, step_id=None, sandbox=False, by_hand=False, status="SENT",
            explanation="[]", attempts=0, sent_at=NOW, detail="", archived=False, subject=subject,
            workspace_id="wsp_1", person_id="per_1", sender_id="sdr_1", planned_date=NOW.date(),
            planned_time="08:00:00", due_at=NOW, planned_at=NOW, zone="UTC",
        )  # fmt: skip
    await migrate()
    words = await execute("SELECT workspace_id, kind, owner_id, word FROM subject_word WHERE kind = 'EMAIL'")
    assert {(row["workspace_id"], row["kind"], row["owner_id"]) for row in words} == {("wsp_1", "EMAIL", "snd_1")}
    assert sorted(row["word"][:4] for row in words) == ["100%", "it's", "re: ", 's" {', "Äb"]
