"""A campaign that has ended for a person is not launched for them again without a word."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Launch, Sender
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.ending.ending import end_campaign, end_enrollment
from api.services.launches.background import background_launch
from api.services.launches.background.background_launch import left_out_by_code, start_launch
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.people.people import update_person
from api.services.people.suppressions import resubscribe, unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.states import EnrollmentStatus
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_sent_world, make_world

DAY = timedelta(days=1)


@pytest.fixture
async def world(database: str) -> World:
    return await make_sent_world(2)


async def replies(world: World, row: Enrollment) -> None:
    await record_reply(world.context, row.id)


async def replies_with_success(world: World, row: Enrollment) -> None:
    await Campaign.all().update(on_reply="END_AS_SUCCESS")
    await record_reply(world.context, row.id)


async def bounces(world: World, row: Enrollment) -> None:
    await record_bounce(world.context, row.id)
    await update_person(world.context, row.person_id, email="corrected@example.com")


async def unsubscribes(world: World, row: Enrollment) -> None:
    await unsubscribe(world.context, row.person_id)
    await resubscribe(world.context, "ada@example.com", "Asked for it")


async def is_removed(world: World, row: Enrollment) -> None:
    await end_enrollment(world.context, row.id)


async def replies_after_the_end(world: World, row: Enrollment) -> None:
    await later(world, NOW + 30 * DAY).tick(NOW + 30 * DAY)
    assert (await Enrollment.get(id=row.id)).status is EnrollmentStatus.FINISHED
    await record_reply(world.context, row.id)
    assert (await Enrollment.get(id=row.id)).status is EnrollmentStatus.FINISHED


ENDS = {
    "REPLIED": (replies, replies_with_success, replies_after_the_end),
    "BOUNCED": (bounces,),
    "UNSUBSCRIBED": (unsubscribes,),
    "REMOVED": (is_removed,),
}


async def in_the_background(world: World, ids: list[str] | None, **given: Any) -> tuple[Launch, dict[str, int]]:
    await start_launch(world.context, (await Campaign.get()).id, ids, Choice("NOW"), **given)
    row = await claim_launch(NOW)
    assert row is not None
    done = await run_launch(row, world.runtime.context, lambda: NOW)
    return done, await left_out_by_code(row.id)


@pytest.mark.parametrize(("reason", "ends"), [(reason, end) for reason, ends in ENDS.items() for end in ends])
async def test_who_has_said_something_is_launched_again_on_demand_only(world: World, reason: str, ends: Any) -> None:
    ada = world.enrollments[0]
    await ends(world, ada)
    campaign, ids = ada.campaign_id, [ada.person_id]
    with pytest.raises(Refusal) as refused:
        await launch(world.context, campaign, ids, Choice("NOW"), {})
    (told,) = (await preview(world.context, campaign, ids, Choice("NOW"), {})).refused
    for refusal in (refused.value, *told.refusals):
        assert (refusal.code, refusal.path) == ("ENDED_BEFORE", ("personIds", "0"))
        assert reason in refusal.message
        assert "again: true" in refusal.message
    for audience in (None, ids):
        done, left_out = await in_the_background(world, audience)
        assert left_out.pop("ENDED_BEFORE") == 1
        assert done.total == done.enrolled + done.left_out
        assert await Enrollment.filter(person_id=ada.person_id, campaign_id=campaign).count() == 1
    (shown,) = (await preview(world.context, campaign, ids, Choice("NOW"), {}, again=True)).people
    (warning,) = [each for each in shown.warnings if each.code == "LAUNCHED_AGAIN"]
    assert warning.values["reason"] == reason
    done, left_out = await in_the_background(world, ids, again=True)
    assert (done.enrolled, left_out) == (1, {})
    assert await Enrollment.filter(person_id=ada.person_id, status="ACTIVE").count() == 1


async def test_the_end_is_dated_in_the_enrollments_zone(world: World) -> None:
    ada = world.enrollments[0]
    await replies(world, ada)
    await Enrollment.filter(id=ada.id).update(ended_at=NOW.replace(hour=20))
    await Sender.all().update(zone="Asia/Tokyo")
    given = (ada.campaign_id, [ada.person_id], Choice("NOW"))
    (shown,) = (await preview(world.context, *given, {}, again=True)).people
    assert [each.values["date"] for each in shown.warnings if each.code == "LAUNCHED_AGAIN"] == ["2026-03-03"]
    with pytest.raises(Refusal, match=r"on 2026-03-03 \(REPLIED\)"):
        await launch(world.context, ada.campaign_id, [ada.person_id], Choice("NOW"), {})


@on_sqlite
async def test_so_is_a_launch_at_once(world: World) -> None:
    ada = world.enrollments[0]
    await replies(world, ada)
    (row,) = await launch(world.context, ada.campaign_id, [ada.person_id], Choice("NOW"), {}, again=True)
    assert row.status is EnrollmentStatus.ACTIVE


async def test_what_says_nothing_of_the_person_does_not_count(world: World) -> None:
    ada, bob = world.enrollments
    await end_campaign(world.context, ada.campaign_id)
    await execute("UPDATE enrollment SET end_reason = 'TASK_EXPIRED' WHERE id = $1", bob.id)
    done, left_out = await in_the_background(world, None)
    assert (done.enrolled, left_out) == (2, {})
    await later(world, NOW + 30 * DAY).tick(NOW + 30 * DAY)
    done, left_out = await in_the_background(world, None)
    assert (done.enrolled, left_out) == (2, {}), "who has come to the end may be launched again"


@on_sqlite
async def test_another_campaign_does_not_count(world: World) -> None:
    ada = world.enrollments[0]
    await replies(world, ada)
    first = await Campaign.get()
    other = await create_campaign(world.context, name="D", sender_id=first.sender_id)
    await add_step(world.context, other.id, day=1, step_type=StepType.CALL)
    assert await launch(world.context, other.id, [ada.person_id], Choice(), {})


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_who_replies_while_a_launch_is_written_is_not_launched_again(database: str, database_kind: str) -> None:
    world = await make_world(1)
    (ada,) = world.enrollments
    await start_launch(world.context, ada.campaign_id, [ada.person_id], Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    async with transaction():
        await record_reply(world.context, ada.id)
        late = beside(run_launch(row, world.runtime.context, lambda: NOW))
        assert await waits_for_us(late)
    await late
    assert await background_launch.left_out_by_code(row.id) == {"ENDED_BEFORE": 1}
    assert await Enrollment.all().count() == 1
