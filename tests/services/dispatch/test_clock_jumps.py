"""A clock that is set back or forward delays what is planned, and stops nothing for longer than its own window."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.models import PeopleImport, Sender
from api.services.dispatch.dispatcher import run_once
from api.services.people.imports import start_import
from api.store.dispatch import account_pauses
from api.store.jobs import LEASE
from tests.services.jobs.claims import claim_import
from tests.services.world import NOW, World, make_world

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str) -> World:
    """Thirty people who are due at NOW."""
    return await make_world(30)


@pytest.mark.parametrize("limit", [{"throttle_emails": 5, "throttle_seconds": 60}, {"daily_cap": 5}])
async def test_a_throttled_sender_goes_on_after_the_clock_was_set_back(world: World, limit: dict[str, int]) -> None:
    await Sender.all().update(**limit)
    span = timedelta(seconds=limit.get("throttle_seconds", 86_400))
    for at, left in ((HOUR, 5), (timedelta(seconds=1), 5), (span - MINUTE / 2, 5), (span + MINUTE, 10)):
        now = NOW + at
        await run_once(replace(world.runtime, clock=lambda now=now: now), now)
        assert len(world.channel.left) == left, at
    counts = await run_once(replace(world.runtime, clock=lambda: NOW + span + MINUTE), NOW + span + MINUTE)
    assert counts.next_at is not None
    assert counts.next_at <= NOW + 2 * span + 2 * MINUTE


async def test_a_clock_that_is_set_forward_lets_a_window_through_once(world: World) -> None:
    await Sender.all().update(throttle_emails=5, throttle_seconds=60)
    for at, left in ((timedelta(), 5), (HOUR, 10), (HOUR + MINUTE / 2, 10), (HOUR + 2 * MINUTE, 15)):
        now = NOW + at
        await run_once(replace(world.runtime, clock=lambda now=now: now), now)
        assert len(world.channel.left) == left


async def test_a_pause_from_the_future_is_over(world: World) -> None:
    await account_pauses.pause("scripted", NOW + HOUR, "CONNECTION_FAILED", "Nobody answers.")
    await world.tick()
    assert len(world.channel.left) == 30
    await account_pauses.pause("scripted", NOW + HOUR, "CONNECTION_FAILED", "Nobody answers.")
    paused = await account_pauses.pause("scripted", NOW, "CONNECTION_FAILED", "Nobody answers.")
    assert paused is not None
    assert NOW < paused.until <= NOW + account_pauses.MAX_PAUSE, "a new trouble pauses it again"


async def test_a_job_s_lease_from_the_future_is_over(world: World) -> None:
    await start_import(world.context, "email\nada2@example.com\n")
    assert await claim_import(NOW + HOUR) is not None
    assert await claim_import(NOW + HOUR + LEASE / 2) is None
    assert await claim_import(NOW) is not None
    assert await claim_import(NOW) is None
    assert await PeopleImport.all().count() == 1
