"""Operators list what was set aside, and let it be processed again."""

import json

import pytest

from api.models import IncomingEvent, Job
from api.services.replies.incoming import receive_mails, retry_failed
from api.states import IncomingResult
from api.store.replies.incoming import rows_by_result
from plugins import IncomingMail
from tests.program import touchline as run
from tests.services.replies.incoming_mails import OWN, reply, sent_email, work
from tests.services.world import NOW, World, make_sent_world


@pytest.fixture
async def world(database: str) -> World:
    """A person who got their first email, and two replies that were set aside."""
    world = await make_sent_world(1)
    email = await sent_email(world)
    mails = [IncomingMail(str(number), reply(email.message_id), NOW) for number in range(2)]
    await receive_mails("imap:TEST", mails, NOW, OWN)
    await IncomingEvent.all().update(result=IncomingResult.FAILED, done_at=NOW, attempts=5, reason="It failed.")
    await Job.all().delete()
    return world


async def test_one_is_processed_again(world: World) -> None:
    (first, second) = await IncomingEvent.all().order_by("id")
    assert await retry_failed([first.id, "inc_unknown"], NOW) == 1
    assert await Job.filter(kind="answers", finished_at=None).count() == 1
    await work(world)
    assert [row.result for row in await IncomingEvent.all().order_by("id")] == [
        IncomingResult.APPLIED,
        IncomingResult.FAILED,
    ]
    assert [row["id"] for row in await rows_by_result(IncomingResult.FAILED, 10)] == [second.id]


async def test_all_are_processed_again(world: World) -> None:
    assert await retry_failed(None, NOW) == 2
    await work(world)
    assert await retry_failed(None, NOW) == 0
    assert await IncomingEvent.filter(result=IncomingResult.APPLIED).count() == 2


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_commands(world: World, database_url: str, database_kind: str, tmp_path: str) -> None:
    environment = {"TOUCHLINE_DATABASE_URL": database_url}
    listed = run(environment, tmp_path, "mail", "list")
    assert listed.returncode == 0, listed.stderr
    lines = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(line["kind"], line["result"], line["reason"]) for line in lines] == [("MAIL", "FAILED", "It failed.")] * 2
    assert "ada@example.com" not in listed.stdout
    assert run(environment, tmp_path, "mail", "retry", lines[0]["id"]).returncode == 0
    assert run(environment, tmp_path, "mail", "retry", "inc_unknown").returncode == 1
    assert run(environment, tmp_path, "mail", "list", "--result", "unmatched").stdout == ""
