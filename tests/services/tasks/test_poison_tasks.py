"""A task that cannot expire stops no other, and is tried again later and later: on both databases."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from api.models import Campaign, Event, Workspace
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.dispatcher import Dispatcher
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks import task_expiry
from api.services.tasks.task_expiry import expire_all, expire_tasks
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from strategies import StepType
from tests.services.jobs.test_poison import reject
from tests.services.world import NOW, World, make_world

LATER = NOW + timedelta(days=3)


@pytest.fixture
async def world(database: str) -> World:
    """A workspace with five tasks whose time is up at LATER, and no email that is due."""
    world = await make_world(1)
    await execute("DELETE FROM send")
    sender = (await Campaign.all())[0].sender_id
    campaign = await create_campaign(world.context, name="T", sender_id=sender, task_expiry_days=1)
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    people = [await create_person(world.context, f"x{number}@example.com") for number in range(5)]
    await launch(world.context, campaign.id, [person.id for person in people], Choice("NOW"), {})
    return replace(world, runtime=replace(world.runtime, clock=lambda: LATER))


async def open_tasks() -> list[str]:
    rows = await execute("SELECT id FROM task WHERE status = 'OPEN' ORDER BY id")
    return [row["id"] for row in rows]


async def test_a_task_that_may_not_expire_stops_no_other(world: World) -> None:
    poisoned = (await open_tasks())[1]
    await reject("task", "UPDATE", f"NEW.id = '{poisoned}'")
    backoff = Backoff()
    assert await expire_tasks(world.runtime.context(world.context.workspace), LATER, backoff) == 4
    assert await open_tasks() == [poisoned]
    assert backoff.waiting(LATER) == [poisoned]
    assert await Event.filter(kind="TASK_EXPIRED").count() == 4


async def test_a_task_that_cannot_be_read_stops_no_other(world: World) -> None:
    poisoned = (await open_tasks())[2]
    broken = "UPDATE task SET expires_at = '0044-03-15 BC'" if is_postgres() else "UPDATE task SET expires_at = ''"
    await execute(f"{broken} WHERE id = $1", poisoned)
    dispatcher = Dispatcher(world.runtime, recover_every=0.0)
    counts = await dispatcher.step(LATER)
    assert counts.expired_tasks == 4
    assert await open_tasks() == [poisoned]
    counts = await dispatcher.step(LATER)
    assert (counts.idle, counts.next_at) == (True, None)


async def test_it_is_tried_again_later_and_later_and_told_once_for_each_attempt(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    poisoned = (await open_tasks())[0]
    await reject("task", "UPDATE", f"NEW.id = '{poisoned}'")
    moment = LATER
    dispatcher = Dispatcher(replace(world.runtime, clock=lambda: moment), recover_every=0.0)
    tried: list[datetime] = []
    for second in range(160):
        moment = LATER + timedelta(seconds=second)
        caplog.clear()
        with caplog.at_level(logging.ERROR, "touchline.tasks"):
            counts = await dispatcher.step(moment)
        assert counts.next_at is None or counts.next_at > moment, "never a busy loop"
        told = [each for each in caplog.records if each.name == "touchline.tasks" and poisoned in each.getMessage()]
        assert len(told) <= 1
        tried += [moment] * len(told)
    assert [(each - LATER).total_seconds() for each in tried] == [0, 10, 30, 70, 150]
    await execute("DROP TRIGGER poison ON task" if is_postgres() else "DROP TRIGGER poison")
    moment = LATER + timedelta(hours=1)
    assert (await dispatcher.step(moment)).expired_tasks == 1
    assert await open_tasks() == []


async def test_a_workspace_that_cannot_be_read_keeps_nobody_busy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(**_: object) -> Workspace:
        raise ValueError("a workspace's JSON")

    backoff = Backoff()
    with monkeypatch.context() as patch:
        patch.setattr(task_expiry.Workspace, "get", broken)
        assert await expire_all(world.runtime, LATER, None, backoff) == 0
    assert sorted(backoff.waiting(LATER)) == await open_tasks()
    assert await expire_all(world.runtime, LATER, None, backoff) == 0, "they wait"
    soon = LATER + timedelta(seconds=10)
    assert await expire_all(replace(world.runtime, clock=lambda: soon), soon, None, backoff) == 5
