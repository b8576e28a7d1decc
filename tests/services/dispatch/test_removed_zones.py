"""What was planned in a zone that a new tz database does not have is still sent and shown."""

from datetime import timedelta

import pytest

from api.models import Send, Sender
from api.services.tasks.task_reads import TaskFilter, tasks
from api.states import SendStatus, TaskDue
from plugins.contract import Outcome
from strategies.calendar import known_zone, shown_minute
from tests.services.world import NOW, World, make_world

REMOVED = "US/Pacific-New"


@pytest.fixture
async def world(database: str) -> World:
    """Three people who are due now, in a zone that was removed."""
    world = await make_world(3)
    await Sender.all().update(zone=REMOVED)
    await Send.all().update(zone=REMOVED)
    return world


def test_a_removed_zone_is_shown_as_utc() -> None:
    assert [known_zone(zone) for zone in (REMOVED, "Asia/Kathmandu")] == ["UTC", "Asia/Kathmandu"]
    assert shown_minute(NOW, REMOVED) == "2026-03-02 7:00 (UTC)"


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.FAILED, Outcome.DEFERRED, Outcome.IN_DOUBT])
async def test_its_emails_are_sent_and_settled(world: World, outcome: Outcome) -> None:
    world.channel.outcome = outcome
    await world.tick()
    assert await Send.filter(due_at__lte=NOW, status=SendStatus.CLAIMED).count() == 0
    assert await Send.filter(step__number=1, status=str(outcome)).count() == 3


async def test_its_emails_wait_for_a_limit(world: World) -> None:
    await Sender.all().update(throttle_emails=2, throttle_seconds=45)
    for seconds in (0, 0, 45):
        await world.tick(NOW + timedelta(seconds=seconds))
    sent = await Send.filter(status=SendStatus.SENT).order_by("id")
    assert [row.explanation[-1][0] for row in sent].count("THROTTLE") == 1
    assert len(sent) == 3


async def test_the_lists_of_tasks_are_shown(world: World) -> None:
    for due in (None, TaskDue.OVERDUE, TaskDue.TODAY):
        listed = await tasks(world.context, TaskFilter(due=due))
        assert listed is not None
