"""An audience is stored in several short transactions, and its launch is started whole or not at all."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from api.clock import system_clock
from api.models import Campaign, Launch, Person
from api.services.campaigns.pausing.pausing import pause_campaign
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.launches.background import audience, background_launch
from api.services.launches.background.background_launch import start_launch
from api.services.launches.background.launch_job import LAUNCH
from api.services.launches.launch import Choice
from api.store.engine.sql import execute
from api.store.launches import launches
from strategies import Refusal
from tests.services.jobs.claims import run_launch
from tests.services.launches.background.test_launch_audience import POST, author, clock, context, imported
from tests.services.world import Killed

__all__ = ["context"]
PEOPLE = 25


@pytest.fixture(autouse=True)
def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "PEOPLE_PER_TRANSACTION", 4)


async def ids_of_people() -> list[str]:
    return [str(each) for each in await Person.all().order_by("-id").values_list("id", flat=True)]


async def stored() -> list[tuple[int, str]]:
    rows = await execute("SELECT position, person_id FROM launch_audience ORDER BY launch_id, position")
    return [(row["position"], row["person_id"]) for row in rows]


async def start(context: Any, by_id: bool) -> Launch:
    campaign = await Campaign.get()
    return await start_launch(context, campaign.id, await ids_of_people() if by_id else None, Choice("NOW"))


def recorded(monkeypatch: pytest.MonkeyPatch, stop_after: int = 1_000) -> list[int]:
    """Record how many people each transaction stores. The process is killed after some of them."""
    sizes: list[int] = []
    right, by_id = launches.store_next_people, launches.store_people

    def note(people: int) -> None:
        if len(sizes) >= stop_after:
            raise Killed
        sizes.append(people)

    async def next_people(launch_id: str, workspace_id: str, before: int, people: int) -> int:
        after = await right(launch_id, workspace_id, before, people)
        note(after - before)
        return after

    async def people(launch_id: str, person_ids: Sequence[str], before: int) -> None:
        await by_id(launch_id, person_ids, before)
        note(len(person_ids))

    monkeypatch.setattr(launches, "store_next_people", next_people)
    monkeypatch.setattr(launches, "store_people", people)
    return sizes


@pytest.mark.parametrize("by_id", [True, False])
async def test_each_transaction_stores_a_few(
    context: Any, monkeypatch: pytest.MonkeyPatch, database_kind: str, by_id: bool
) -> None:
    await author(context)
    await imported(context, PEOPLE)
    sizes = recorded(monkeypatch)
    started = await start(context, by_id)
    assert started.total == PEOPLE == sum(sizes)
    # PostgreSQL has many writers: one statement stores everyone as of one moment.
    assert max(sizes) == (PEOPLE if database_kind == "postgres" and not by_id else 4)
    everyone = await ids_of_people()
    assert await stored() == list(enumerate(everyone if by_id else sorted(everyone), 1))
    done = await run_launch(await Launch.get(), lambda _: context, clock)
    assert (done.enrolled, done.left_out, await stored()) == (PEOPLE, 0, [])


@pytest.mark.parametrize("by_id", [True, False])
async def test_a_process_that_is_killed_has_started_nothing(
    context: Any, monkeypatch: pytest.MonkeyPatch, database_kind: str, by_id: bool
) -> None:
    await author(context)
    await imported(context, PEOPLE)
    in_one = database_kind == "postgres" and not by_id

    async def nothing(launch_id: str) -> None:
        """The process is gone before it can delete anything."""

    with monkeypatch.context() as patch:
        recorded(patch, stop_after=0 if in_one else 1)
        patch.setattr(background_launch, "_forget", nothing)
        with pytest.raises(Killed):
            await start(context, by_id)
    left = await stored()
    assert not await Launch.exists()
    assert len(left) == (0 if in_one else 4)
    # Another process starts: soon after, in which case the first may still work, and an hour later.
    await _process_starts(timedelta(minutes=30))
    assert await stored() == left
    await _process_starts(timedelta(hours=2))
    assert await stored() == []


async def _process_starts(later: timedelta) -> None:
    """Ids tell the real time at which they were made, so the clock is the real one."""
    now = system_clock() + later
    await JobRunner([LAUNCH], JobRuntime(POST.context, lambda: now), POST.metrics).run_next()


async def test_a_launch_that_is_refused_at_the_end_leaves_no_audience(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, _ = await author(context)
    await imported(context, PEOPLE)
    right = audience.store_audience

    async def and_the_campaign_is_paused(*given: Any) -> int:
        people = await right(*given)
        await pause_campaign(context, campaign)
        return people

    monkeypatch.setattr(background_launch, "store_audience", and_the_campaign_is_paused)
    with pytest.raises(Refusal) as refused:
        await start(context, by_id=True)
    assert refused.value.code == "CAMPAIGN_PAUSED"
    assert (await stored(), await Launch.exists()) == ([], False)
