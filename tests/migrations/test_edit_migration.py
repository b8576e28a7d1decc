"""The migration of edits on populated tables: what was known by a step's number is known by its id."""

import importlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tortoise.connection import get_connection

from api.models import Campaign, Enrollment, Launch
from api.services.campaigns.campaigns import add_step
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.store.engine.sql import execute
from tests.services.campaigns.edited import content, later, step
from tests.services.world import NOW, World, make_world

OLD = (
    "UPDATE enrollment SET times = '{\"3\": \"16:45:00\"}' WHERE times IS NOT NULL AND CAST(times AS text) <> '{}'",
    "UPDATE launch SET times = '{\"3\": \"08:15:00\"}' WHERE CAST(times AS text) <> '{}'",
    'UPDATE enrollment SET resumed = \'{"1": "2026-03-03", "2": "2026-03-06", "3": "2026-03-11"}\''
    " WHERE CAST(resumed AS text) <> 'null'",
)
"""The same as the release before has it."""


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(2)


async def test_what_launching_chose_and_pauses_moved_is_kept(world: World) -> None:
    campaign, email = (await Campaign.get()).id, await content()
    await add_step(world.context, campaign, day=9, send_option="at_time", config={"at": "10:00"}, **email)
    await add_step(world.context, campaign, day=4, send_option="at_time", config={"at": "10:00"}, **email)
    person = await create_person(world.context, "own@example.com")
    await launch(world.context, campaign, [person.id], Choice(NOW, {4: "16:45"}), {})
    await pause_campaign(world.context, campaign)
    await resume_campaign(later(world, NOW + timedelta(hours=23)).context, campaign)
    await start_launch(world.context, campaign, [person.id], Choice("NOW", {2: "08:15"}))
    third = (await step(3)).id
    moved = await Enrollment.exclude(resumed=None).count()
    assert moved > 0
    for statement in OLD:
        await execute(statement)
    migration = importlib.import_module("api.migrations.0007_edits")
    await migration.know_by_step(None, SimpleNamespace(client=get_connection("default")))
    days = {(await step(number)).id: number for number in (1, 2, 3)}
    found = await Enrollment.exclude(resumed=None).order_by("id")
    assert len(found) == moved
    moved_to = {1: [1, "2026-03-03"], 2: [4, "2026-03-06"], 3: [9, "2026-03-11"]}
    expected = {key: moved_to[number] for key, number in days.items()}
    assert [row.resumed for row in found] == [expected] * moved
    assert [row.times for row in await Enrollment.all() if row.times] == [{third: "16:45:00"}]
    assert [row.times for row in await Launch.all()] == [{third: "08:15:00"}]
