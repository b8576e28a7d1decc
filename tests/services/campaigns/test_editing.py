"""A running campaign is edited: what is unsent is resolved again, and what is sent never changes."""

from datetime import date, timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Launch, Send
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaigns import add_step, change_step, move_step, update_campaign
from api.services.campaigns.editing import apply_edit, edit_job, recalculating
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.launches.background import background_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.states import EnrollmentStatus, SendStatus
from api.store.dispatch import claims, in_doubt, transmissions
from api.tick import Ticker
from plugins.contract import Outgoing
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content, due, kinds, later, step, taken_up
from tests.services.jobs.claims import claim_edit, job_of
from tests.services.world import NOW, Killed, World, make_world

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Seven people whose first email is due now, and whose second is due on day 9; edited by two at a time."""
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 2)
    return await make_world(7)


async def test_unsent_emails_follow_the_step_and_sent_ones_stay(world: World) -> None:
    await world.tick()
    sent = await Send.filter(status=SendStatus.SENT).order_by("id").values()
    assert len(sent) == 7
    await change_step(world.context, (await step(2)).id, send_option="at_time", config={"at": "11:15"})
    assert await due(2) == {NOW.replace(hour=11, minute=15) + 8 * DAY}
    await move_step(world.context, (await step(2)).id, day=4)
    assert await due(2) == {NOW.replace(hour=11, minute=15) + 3 * DAY}
    assert await Send.filter(status=SendStatus.SENT).order_by("id").values() == sent
    send = await Send.filter(status=SendStatus.SCHEDULED).first()
    assert send is not None
    assert send.planned_at == send.due_at
    assert send.explanation[-1] == ["EDITED", {"date": "2026-03-10", "time": "11:15:00"}]
    assert await kinds("CAMPAIGN_E") == ["CAMPAIGN_EDITED"] * 2
    moved = await Event.filter(kind="EMAIL_MOVED", send_id=send.id).order_by("id")
    assert [event.data for event in moved] == [
        {"before": "2026-03-10T07:00:00Z", "after": "2026-03-10T11:15:00Z"},
        {"before": "2026-03-10T11:15:00Z", "after": "2026-03-05T11:15:00Z"},
    ]
    row = await Campaign.get()
    assert (row.editing, (await job_of(row.id)).lease_until) == (False, None)
    assert await Enrollment.filter(revision=row.revision).count() == 7


async def test_what_changes_no_time_moves_nobody(world: World) -> None:
    before, revision = await Send.all().order_by("id").values(), (await Campaign.get()).revision
    await change_step(world.context, (await step(2)).id, subject="Another", follow_up=True)
    await update_campaign(world.context, (await Campaign.get()).id, name="D", on_reply="CONTINUE")
    assert await Send.all().order_by("id").values() == before
    assert (await Campaign.get()).revision == revision
    assert await kinds("EMAIL_") == []


async def test_another_reason_for_the_same_time_is_told(world: World) -> None:
    await change_step(world.context, (await step(2)).id, send_option="at_time", config={"at": "07:00"})
    send = await Send.filter(step__number=2).first()
    assert send is not None
    assert (send.due_at, send.explanation[-1][0]) == (NOW + 8 * DAY, "TIME_CONFIGURED")
    assert await kinds("EMAIL_") == []


@on_sqlite
async def test_a_new_time_that_has_passed_goes_out_at_once(world: World) -> None:
    await world.tick()
    after = later(world, NOW + 5 * DAY)
    await move_step(after.context, (await step(2)).id, day=3)
    send = await Send.filter(step__number=2).first()
    assert send is not None
    assert (send.due_at, send.planned_date) == (NOW + 5 * DAY, date(2026, 3, 4))
    assert [note[0] for note in send.explanation][-2:] == ["LATE", "EDITED"]
    await after.tick(NOW + 5 * DAY)
    assert len(after.channel.left) == 14


@on_sqlite
async def test_skipped_weekends_move_what_is_unsent(world: World) -> None:
    await world.tick()
    await update_campaign(world.context, (await Campaign.get()).id, skip_weekends=True)
    assert await due(2) == {NOW + 10 * DAY}
    await update_campaign(world.context, (await Campaign.get()).id, skip_weekends=False)
    assert await due(2) == {NOW + 8 * DAY}


async def test_what_launching_chose_stays(world: World) -> None:
    await change_step(world.context, (await step(2)).id, send_option="at_time", config={"at": "10:00"})
    person = await create_person(world.context, "own@example.com")
    own = await launch(world.context, (await Campaign.get()).id, [person.id], Choice("NOW", {2: "16:45"}), {})
    await move_step(world.context, (await step(2)).id, day=5)
    email = await content()
    await add_step(world.context, (await Campaign.get()).id, day=3, send_option="same_time_as_previous", **email)
    mine = {send.planned_time: send for send in await Send.filter(enrollment_id=own[0].id)}
    assert mine.keys() == {"07:00:00", "16:45:00"}
    assert mine["16:45:00"].due_at == NOW.replace(hour=16, minute=45) + 4 * DAY


async def test_what_someone_has_in_hand_is_left_as_it_is(world: World) -> None:
    seven = await Send.filter(step__number=1).order_by("id")
    sender = seven[0].sender_id
    claimed = await claims.claim(sender, NOW, NOW + HOUR, 2)
    await transmissions.begin_transmission([(claimed[0], "<1@example.com>")], NOW + HOUR)
    await Send.filter(id=seven[2].id).update(status=SendStatus.IN_DOUBT)
    await Send.filter(id=seven[3].id).update(status=SendStatus.DEFERRED, attempts=1, due_at=NOW + HOUR)
    touched = [claimed[0].id, seven[2].id, seven[3].id]
    before = await Send.filter(id__in=touched).order_by("id").values()
    await change_step(world.context, (await step(1)).id, send_option="at_time", config={"at": "09:30"})
    assert await Send.filter(id__in=touched).order_by("id").values() == before
    others = await Send.filter(step__number=1, id__not_in=touched)
    assert {send.due_at for send in others} == {NOW}, "a send-at was chosen at launch, and stays"
    await change_step(world.context, (await step(2)).id, send_option="at_time", config={"at": "09:30"})
    assert await Send.filter(id__in=touched).order_by("id").values() == before
    # Whose email is just being handed over has their turn when it is: it may come back as it was.
    new = NOW.replace(hour=9, minute=30) + 8 * DAY
    assert await due(2) == {NOW + 8 * DAY, new}
    await in_doubt.put_expired_in_doubt(NOW + 2 * HOUR, "IN_DOUBT", "Nobody knows.")
    assert await taken_up(world, NOW + HOUR)
    assert await due(2) == {new}


@on_sqlite
async def test_an_edit_that_comes_while_emails_are_about_to_leave(world: World) -> None:
    async def edit(outgoing: Outgoing) -> None:
        world.channel.before = None
        await move_step(world.context, (await step(2)).id, day=3)

    world.channel.before = edit
    await world.tick(NOW + 9 * DAY)
    while not (await run_once(later(world, NOW + 9 * DAY).runtime, NOW + 9 * DAY)).idle:
        pass
    assert len(world.channel.left) == 14
    assert await Send.filter(status=SendStatus.SENT).count() == 14
    assert await Send.filter(held=True).count() == 0
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7


@on_sqlite
async def test_nothing_leaves_by_the_old_plan_before_its_persons_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, calls = recalculating.rewrite, []

    async def killed(*given: Any, **named: Any) -> set[str]:
        calls.append(given)
        if len(calls) == 3:
            raise Killed
        return await right(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(recalculating, "rewrite", killed)
        with pytest.raises(Killed):
            await move_step(world.context, (await step(2)).id, day=20)
    row = await Campaign.get()
    assert (row.editing, await Enrollment.filter(revision=row.revision).count()) == (True, 4)
    assert await claim_edit(NOW) is None, "its lease holds"
    at = NOW + 8 * DAY
    await run_once(later(world, at).runtime, at)
    assert len(world.channel.left) == 4, "first emails of those who are resolved"
    assert await Send.filter(held=True).count() == 6, "both emails of the others"
    await Ticker(later(world, at).runtime, lambda: at, 1).until_idle()
    assert len(world.channel.left) == 7
    assert await due(2) == {NOW + 19 * DAY}
    assert await Send.filter(held=True).count() == 0
    assert (await Campaign.get()).editing is False
    moved = [event.send_id for event in await Event.filter(kind="EMAIL_MOVED")]
    assert len(moved) == len(set(moved)) == 7, "each is told once"


@on_sqlite
async def test_many_people_are_left_to_the_tick_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_edit, "CHUNKS_OF_A_CALLER", 1)
    await move_step(world.context, (await step(2)).id, day=3)
    assert (await Campaign.get()).editing is True
    assert await Send.filter(due_at=NOW + 2 * DAY).count() == 2
    await move_step(world.context, (await step(2)).id, day=4)
    await Ticker(world.runtime, world.runtime.clock, 1).until_idle()
    assert await due(2) == {NOW + 3 * DAY}
    assert (await Campaign.get()).editing is False


@on_sqlite
async def test_a_paused_campaign_is_edited_and_resumed(world: World) -> None:
    campaign = (await Campaign.get()).id
    await pause_campaign(world.context, campaign)
    after = later(world, NOW + 2 * DAY)
    await change_step(after.context, (await step(2)).id, send_option="at_time", config={"at": "08:00"})
    await add_step(after.context, campaign, day=2, send_option="at_time", config={"at": "10:00"}, **await content())
    assert await Send.filter(held=True).count() == 21
    assert await due(2) == {NOW + DAY + 3 * HOUR}, "it has not passed: all stands still since the pause"
    assert await due(3) == {NOW + 8 * DAY + HOUR}
    await resume_campaign(later(world, NOW + 2 * DAY + HOUR).context, campaign)
    assert await due(1) == {NOW + 3 * DAY}
    assert await due(2) == {NOW + 4 * DAY + 3 * HOUR}
    assert await due(3) == {NOW + 11 * DAY + HOUR}
    await move_step(later(world, NOW + 2 * DAY + HOUR).context, (await step(3)).id, day=10)
    assert await due(3) == {NOW + 12 * DAY + HOUR}, "what the resume has moved stays moved"
    assert await Send.filter(held=True).count() == 0


async def test_two_edits_at_once(world: World) -> None:
    """The second was checked against steps that are old: it is told so, and writes nothing."""
    draft = await edit_drafts.move_step(world.context, (await step(2)).id, day=3)
    await move_step(world.context, (await step(2)).id, day=4)
    with pytest.raises(Refusal) as refused:
        await apply_edit.apply(world.context, draft)
    assert refused.value.code == "CHANGED_MEANWHILE"
    assert await due(2) == {NOW + 3 * DAY}


@on_sqlite
async def test_an_edit_writes_no_old_content_over_another(world: World) -> None:
    """The other one moves nobody, and so counts as no revision: what it wrote stays all the same."""
    draft = await edit_drafts.move_step(world.context, (await step(2)).id, day=3)
    await change_step(world.context, (await step(2)).id, subject="Another")
    with pytest.raises(Refusal) as refused:
        await apply_edit.apply(world.context, draft)
    assert refused.value.code == "CHANGED_MEANWHILE"
    assert ((await step(2)).subject, (await step(2)).day) == ("Another", 9)


async def test_a_launch_in_the_background_begins_by_the_steps_that_were_checked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = background_launch.refuse_paused_or_ending

    async def edited(*given: Any) -> None:
        await Campaign.all().update(revision=99)
        await right(*given)

    monkeypatch.setattr(background_launch, "refuse_paused_or_ending", edited)
    with pytest.raises(Refusal) as refused:
        await background_launch.start_launch(world.context, (await Campaign.get()).id, None, Choice("NOW"))
    assert refused.value.code == "CHANGED_MEANWHILE"
    assert await Launch.all().count() == 0
