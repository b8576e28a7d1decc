"""Deletions that the CRM does not remember any more are found as well."""

import pytest

from api.models import Task
from tests.services.crm.synced_world import DAY, synced_world

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.parametrize("database_kind", ["sqlite"])]


@pytest.mark.parametrize(("days", "asks_for_all"), [(20, True), (2, False)])
async def test_a_deletion_before_a_long_outage_is_found(days: int, asks_for_all: bool) -> None:
    """The CRM knows the deletions of 15 days, and raises no error if it is asked for those only."""
    world = await synced_world()
    gone, kept = await world.task("gone"), await world.task("kept")
    await world.settle()
    key = world.remote.by_marker(gone.id)[0].remote_id
    world.remote.delete(key)
    world.later = days * DAY
    world.remote.calls.clear()
    await world.pull()
    assert [task.id for task in await Task.filter(enrollment_id=None)] == [kept.id]
    assert ("find_tasks" in world.remote.calls) is asks_for_all
