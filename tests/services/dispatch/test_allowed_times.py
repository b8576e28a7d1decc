"""No email is handed over outside the times that its send option allows, whatever delays it."""

from dataclasses import replace

import pytest

from api.models import AccountPause, Campaign, Enrollment, Event, Send, Step
from api.services.campaigns.campaigns import add_step, change_step
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import reschedule_email
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice
from api.services.people.people import create_person
from api.services.workspaces.senders import end_account_pause
from api.states import SendStatus
from api.store.dispatch import allowed_time_rows
from api.store.engine.sql import execute
from plugins.contract import Outcome, Outgoing
from strategies import Range, StepType
from strategies.calendar import shown_minute
from tests.databases import on_sqlite
from tests.services.dispatch.office_hours import Office, at, later, launched, present
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


@pytest.fixture
def office() -> Office:
    return Office()


async def test_what_delays_an_email_keeps_it_within_its_times(world: World, office: Office) -> None:
    send_id = await launched(world, office)
    # Its time at the launch is not allowed, so it is planned for the next time that is.
    send = await Send.get(id=send_id)
    assert (send.due_at, send.planned_at, send.planned_time) == (at(2, 9), at(2, 9), "09:00:00")
    values = {"date": "2026-03-02", "time": "09:00:00", "at": "2026-03-02T09:00:00Z"}
    assert send.explanation[-1] == ["NEXT_ALLOWED_TIME", values]
    await world.tick(at(2, 8, 59, 59))
    # The server was down until six in the evening.
    await later(world, at(2, 18)).tick(at(2, 18))
    assert await present(send_id) == (SendStatus.SCHEDULED, at(3, 9), 0, "OUTSIDE_ALLOWED_TIMES")
    send = await Send.get(id=send_id)
    assert (send.planned_at, send.explanation[-1][0]) == (at(2, 9), "WAITS_FOR_ALLOWED_TIME")
    assert "2026-03-03 9:00" in send.detail
    event = await Event.get(kind="EMAIL_WAITS")
    assert event.data == {"reason": "OUTSIDE_ALLOWED_TIMES", "until": "2026-03-03T09:00:00Z"}
    # A retry after the end waits for the next morning, and counts one attempt.
    world.channel.outcome = Outcome.DEFERRED
    await later(world, at(3, 16, 58)).tick(at(3, 16, 58))
    assert await present(send_id) == (SendStatus.DEFERRED, at(4, 9), 1, "SMTP_TEST")
    assert shown_minute(at(4, 9), "Asia/Tokyo") == "2026-03-04 18:00 (Asia/Tokyo)"
    assert "next attempt at 2026-03-04 9:00 (UTC)." in (await Send.get(id=send_id)).detail
    world.channel.outcome = Outcome.SENT
    await later(world, at(4, 8)).tick(at(4, 8))
    # It is due at night by anything that writes a time, such as an account that works again.
    await Send.filter(id=send_id).update(due_at=at(4, 3))
    await later(world, at(4, 4)).tick(at(4, 4))
    assert await present(send_id) == (SendStatus.DEFERRED, at(4, 9), 1, "OUTSIDE_ALLOWED_TIMES")
    # A rep's retry waits too. A time that the rep chooses counts.
    await Send.filter(id=send_id).update(status=SendStatus.IN_DOUBT)
    night = later(world, at(4, 20))
    await retry_send(night.context, send_id)
    assert (await present(send_id))[1] == at(5, 9)
    await night.tick(at(4, 20))
    assert world.channel.left == []
    await reschedule_email(night.context, send_id, None)
    await night.tick(at(4, 20))
    assert world.channel.left == ["carol@example.com"]


@on_sqlite
async def test_an_email_that_becomes_ready_too_late_is_not_handed_over(world: World, office: Office) -> None:
    send_id = await launched(world, office)
    moments = [at(2, 16, 59, 59)]
    world.runtime = replace(world.runtime, clock=lambda: moments[-1])

    async def end_of_work(_: Outgoing) -> None:
        moments.append(at(2, 17))

    world.channel.before = end_of_work
    await world.tick(at(2, 16, 59, 59))
    await world.tick(at(2, 17))
    assert world.channel.left == []
    assert await present(send_id) == (SendStatus.SCHEDULED, at(3, 9), 0, "OUTSIDE_ALLOWED_TIMES")


@on_sqlite
async def test_after_the_last_time_the_option_is_asked_again(world: World, office: Office) -> None:
    office.days = 1
    send_id = await launched(world, office)
    await later(world, at(2, 18)).tick(at(2, 18))
    assert await present(send_id) == (SendStatus.SCHEDULED, at(2, 19), 0, "NO_ALLOWED_TIME")
    send = await Send.get(id=send_id)
    assert send.explanation[-1][0] == "NO_TIME_ALLOWED"
    assert send.detail.endswith(f"Touchline asks again at {shown_minute(at(2, 19), send.zone)}.")
    assert send.detail.endswith(f" ({send.zone}).")
    await later(world, at(3, 6)).tick(at(3, 6))
    assert await present(send_id) == (SendStatus.SCHEDULED, at(3, 9), 0, "OUTSIDE_ALLOWED_TIMES")
    office.broken = True
    await later(world, at(3, 19)).tick(at(3, 19))
    assert await present(send_id) == (SendStatus.SCHEDULED, at(3, 20), 0, "NO_ALLOWED_TIME")
    assert "failed (OSError)" in (await Send.get(id=send_id)).detail
    office.broken, office.days = False, 0
    await later(world, at(8, 19)).tick(at(8, 19))
    assert (await present(send_id))[0] is SendStatus.SCHEDULED
    await later(world, at(10, 20)).tick(at(10, 20))
    status, _, attempts, reason = await present(send_id)
    assert (status, attempts, reason) == (SendStatus.FAILED, 0, "NO_ALLOWED_TIME")
    assert world.channel.left == []
    night = later(world, at(10, 22))
    await retry_send(night.context, send_id)
    await night.tick(at(10, 22))
    assert world.channel.left == ["carol@example.com"]


@on_sqlite
async def test_a_background_launch_stores_the_times(world: World, office: Office) -> None:
    send_id = await launched(world, office)
    enrollment = await Enrollment.get(id=(await Send.get(id=send_id)).enrollment_id)
    people = [(await create_person(world.context, f"b{number}@example.com")).id for number in range(2)]
    await start_launch(world.context, enrollment.campaign_id, people, Choice())
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, lambda of: world.context, lambda: NOW)
    sends = await Send.filter(person_id__in=people, due_at=at(2, 9))
    assert {send.allowed_times_id for send in sends} == {(await Send.get(id=send_id)).allowed_times_id}
    assert len(sends) == 2


@on_sqlite
async def test_edits_and_resumes_store_the_new_times(world: World, office: Office) -> None:
    send_id = await launched(world, office)
    before = (await Send.get(id=send_id)).allowed_times_id
    step = await Step.get(send_option="office")
    await change_step(world.context, step.id, config={"from": 12})
    send = await Send.get(id=send_id)
    assert (send.due_at, send.allowed_times_id == before) == (at(2, 12), False)
    ranges = (await allowed_time_rows.find([send.allowed_times_id]))[send.allowed_times_id]
    assert (len(ranges), ranges[0]) == (10, Range(at(2, 12), at(2, 17)))
    await pause_campaign(world.context, step.campaign_id)
    resumed = later(world, at(3, 18))
    await resume_campaign(resumed.context, step.campaign_id)
    assert (await present(send_id))[1] in {at(4, 12), at(3, 12)}
    await resumed.tick(at(3, 18))
    assert world.channel.left == []
    # Ranges that no unsent email has are deleted.
    await allowed_time_rows.delete_unused(at(9, 0).date())
    kept = await execute("SELECT id FROM allowed_times")
    assert [row["id"] for row in kept] == [(await Send.get(id=send_id)).allowed_times_id]
    await Send.filter(id=send_id).update(status=SendStatus.SENT)
    await allowed_time_rows.delete_unused(at(9, 0).date())
    assert await execute("SELECT id FROM allowed_times") == []


async def test_an_edit_before_the_next_allowed_time_moves_no_email(world: World, office: Office) -> None:
    send_id = await launched(world, office)
    planned = await Send.get(id=send_id)
    step = await Step.get(send_option="office")
    edited = later(world, at(2, 8))  # after the time that the option chose, before the time that it allows
    content = {"template_id": step.template_id, "step_type": StepType.EMAIL}
    await add_step(edited.context, step.campaign_id, day=3, send_option="same_time_as_previous", **content)
    send = await Send.get(id=send_id)
    assert (send.due_at, send.planned_time, send.explanation) == (at(2, 9), "09:00:00", planned.explanation)
    assert (await Send.get(enrollment_id=send.enrollment_id, step__day=3)).due_at == at(4, 9)


async def test_a_paused_account_and_a_resend_of_a_doubt_keep_to_the_times(world: World, office: Office) -> None:
    send_id = await launched(world, office)
    enrollment = await Enrollment.get(id=(await Send.get(id=send_id)).enrollment_id)
    await Campaign.filter(id=enrollment.campaign_id).update(in_doubt_resends=1)
    # The account fails just before the end of work, and works again after it.
    world.channel.down = True
    await later(world, at(2, 16, 59, 30)).tick(at(2, 16, 59, 30))
    assert (await AccountPause.get()).until == at(2, 17, 0, 30)
    assert await present(send_id) == (SendStatus.SCHEDULED, at(2, 9), 0, "CONNECTION_FAILED")
    world.channel.down = False
    await later(world, at(2, 17, 1)).tick(at(2, 17, 1))
    assert await present(send_id) == (SendStatus.SCHEDULED, at(3, 9), 0, "OUTSIDE_ALLOWED_TIMES")
    # A rep ends the next pause at night: the email that caused it is due at once, but not allowed.
    world.channel.down = True
    await later(world, at(3, 16, 59, 58)).tick(at(3, 16, 59, 58))
    world.channel.down = False
    evening = later(world, at(3, 17))
    await end_account_pause(evening.context, (await Send.get(id=send_id)).sender_id)
    await evening.tick(at(3, 17))
    assert await present(send_id) == (SendStatus.SCHEDULED, at(4, 9), 0, "OUTSIDE_ALLOWED_TIMES")
    assert world.channel.left == []
    # It is in doubt at the end of work. Its campaign resends it in the morning.
    world.channel.outcome = Outcome.IN_DOUBT
    await later(world, at(4, 16, 55)).tick(at(4, 16, 55))
    assert (await present(send_id))[:2] == (SendStatus.IN_DOUBT, at(4, 17, 10))
    world.channel.outcome = Outcome.SENT
    night = later(world, at(4, 17, 11))
    await night.tick(at(4, 17, 11))
    await night.tick(at(4, 17, 11))
    status, due_at, _, reason = await present(send_id)
    assert (status, due_at, reason) == (SendStatus.SCHEDULED, at(5, 9), "OUTSIDE_ALLOWED_TIMES")
    assert world.channel.left == ["carol@example.com"]
    await later(world, at(5, 9)).tick(at(5, 9))
    assert world.channel.left == ["carol@example.com"] * 2
    send = await Send.get(id=send_id)
    assert (send.status, send.doubts) == (SendStatus.SENT, 1)
