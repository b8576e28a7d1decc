"""The migration to stored contents: an email of the release before has none, and a new one is stored."""

from collections.abc import AsyncIterator

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from api.mail.message.packing import MessageBase, unpack
from api.store.emails import sent_contents
from api.store.engine.database import migrate
from tests.migrations.migrating import insert, insert_enrollment, opened_as_of
from tests.services.world import NOW

NAME = "0043_sent_contents"


@pytest.fixture
async def release_before(database_kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the tables that were there before this migration."""
    async with opened_as_of("0042_bulk_actions", database_kind, request) as connection:
        yield connection


async def test_emails_of_both_releases(release_before: BaseDBAsyncClient) -> None:
    await insert_enrollment()
    await insert(
        "send", id="snd_1", enrollment_id="enr_1", step_id="stp_1", sandbox=False, by_hand=False, status="SENT",
        explanation="[]", attempts=0, message_id="<m@example.com>", sent_at=NOW, detail="", archived=False,
        workspace_id="wsp_1", person_id="per_1", sender_id="sdr_1", planned_date=NOW.date(), planned_time="08:00:00",
        due_at=NOW, planned_at=NOW, zone="UTC",
    )  # fmt: skip
    assert (await migrate())[0] == NAME
    assert await sent_contents.find("wsp_1", ["snd_1"]) == {}
    base = MessageBase("wsp_1", b"Dear x, \x00 this is the same for all.")
    message = base.body.replace(b"x", b"Ada")
    await sent_contents.keep([sent_contents.PackedContent("snd_1", base, base.pack(message))], NOW, {})
    (content,) = (await sent_contents.find("wsp_1", ["snd_1"])).values()
    assert unpack(content.packed, content.base) == message
