"""A campaign whose send option is not installed any more says so, once in the feed, until it is installed again."""

from dataclasses import replace
from typing import Any

import pytest

from api.models import Campaign, Event, Step
from api.services.campaigns.option_problems import report_missing_options
from api.services.jobs.job_kind import JobRuntime
from api.store.engine.sql import execute
from plugins.loading.extension_points import SEND_OPTIONS
from plugins.loading.manager import Installed
from tests.services.world import NOW, make_world

pytestmark = pytest.mark.usefixtures("database")
KINDS = ["SEND_OPTION_MISSING", "SEND_OPTION_RESTORED"]


def without(installed: Installed, *keys: str) -> Installed:
    """Return the same as after a start without these send options."""
    options = type(installed.send_options)()
    for key in installed.send_options:
        if key not in keys:
            options.register(key, installed.send_options[key], installed.send_options.distribution(key))
    return replace(installed, registries={**installed.registries, SEND_OPTIONS.hook: options})


async def test_a_missing_send_option_is_reported_once() -> None:
    world, other = await make_world(), await make_world()
    campaigns = sorted([each.enrollments[0].campaign_id for each in (world, other)])

    async def start(*missing: str) -> None:
        context = replace(world.context, installed=without(world.runtime.installed, *missing))
        await report_missing_options(JobRuntime(lambda workspace: context, lambda: NOW))

    async def feed() -> list[Any]:
        rows = await Event.filter(kind__in=KINDS).order_by("position")
        return [(row.kind[12:], row.campaign_id, row.data["option"], row.workspace_id) for row in rows]

    workspaces = {each.enrollments[0].campaign_id: each.context.workspace_id for each in (world, other)}
    missing = [("MISSING", id_, "same_time_as_previous", workspaces[id_]) for id_ in campaigns]
    await start()
    assert await feed() == [], "all are installed"
    await start("same_time_as_previous", "task")
    assert await feed() == missing, "nobody uses the option task"
    await start("same_time_as_previous")
    assert await feed() == missing, "another process starts"

    await Campaign.filter(id=campaigns[1]).update(finished_at=NOW)
    await start()
    assert await feed() == [*missing, ("RESTORED", *missing[0][1:])], "nobody is in the other campaign any more"
    await Campaign.filter(id=campaigns[1]).update(finished_at=None)
    await Step.filter(campaign_id=campaigns[0], number=2).update(removed_at=NOW)
    await start("same_time_as_previous")
    assert (await feed())[3:] == [missing[1]], "the step was removed"
    await Step.filter(campaign_id=campaigns[1], number=2).update(send_option="at_time")
    await start("same_time_as_previous")
    await start()
    assert len(await feed()) == 4, "the step has another option"
    assert await execute("SELECT campaign_id FROM missing_option") == []
