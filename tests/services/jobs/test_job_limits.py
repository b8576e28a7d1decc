"""A workspace runs a bounded number of imports and launches at once, on both databases."""

import asyncio
from typing import Any

import pytest

from api.command_center import SavedFilterKind
from api.models import Launch, PeopleGroup, PeopleImport, Person, SavedFilter
from api.services.jobs.job_limits import MAX_IMPORTS, MAX_LAUNCHES
from api.services.launches.background.background_launch import cancel_launch
from api.services.people import groups
from api.services.people.import_job import IMPORT
from api.services.people.imports import start_import
from api.services.saved_filters import saved_filters
from api.services.saved_filters.saved_filters import save_filter
from api.store.people.imports import read_source
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.jobs.claims import run_import
from tests.services.jobs.test_poison import clock, new_launch, refused, runner
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(2)


async def test_a_workspace_runs_five_imports_at_once(world: World) -> None:
    asked = (start_import(world.context, "email\na@x.org") for _ in range(MAX_IMPORTS + 3))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    too_many = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [(each.code, each.path) for each in too_many] == [("TOO_MANY_IMPORTS", ("csv",))] * 3
    assert await PeopleImport.all().count() == MAX_IMPORTS
    first = await PeopleImport.all().first()
    assert first is not None
    await run_import(first, clock)
    assert (await start_import(world.context, "email\na@x.org")).total == 1


@on_sqlite
async def test_an_import_that_fails_makes_room_and_keeps_no_file(world: World) -> None:
    started = [await start_import(world.context, "email\na@x.org") for _ in range(MAX_IMPORTS)]
    assert await runner(world, IMPORT, NOW, refused).run_next()
    assert await read_source(started[0].id) == ""
    assert await read_source(started[1].id) == "email\na@x.org"
    await start_import(world.context, "email\na@x.org")


async def test_a_workspace_runs_twenty_launches_at_once(world: World) -> None:
    people = [str(row.id) for row in await Person.all()]
    for _ in range(MAX_LAUNCHES):
        await new_launch(world, people)
    with pytest.raises(Refusal) as problem:
        await new_launch(world, people)
    assert (problem.value.code, problem.value.path) == ("TOO_MANY_LAUNCHES", ("campaignId",))
    running = await Launch.all()
    assert len(running) == MAX_LAUNCHES
    await cancel_launch(world.context, str(running[0].id))
    await new_launch(world, people)


async def test_filters_and_groups_are_counted_under_a_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_filters, "MAX_FILTERS", 3)
    monkeypatch.setattr(groups, "MAX_GROUPS", 3)
    asked: list[Any] = [save_filter(world.context, f"F{number}", SavedFilterKind.PEOPLE, {}) for number in range(6)]
    asked += [groups.create_group(world.context, f"G{number}") for number in range(6)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes == ["TOO_MANY_SAVED_FILTERS"] * 3 + ["TOO_MANY_GROUPS"] * 3
    assert (await SavedFilter.all().count(), await PeopleGroup.all().count()) == (3, 3)
