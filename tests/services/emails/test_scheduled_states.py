"""An automatic email is edited and rescheduled in every state before its transmission, and in no other."""

from datetime import date, timedelta

import pytest

from api.models import Campaign, Event, Send
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.scheduled_emails import edit_email, reschedule_email
from api.services.enrollments.timelines.chosen_times import LocalTime, zoned_time
from api.states import SendStatus
from api.store.dispatch.claims import claim
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.emails.scheduled import arrivals, automatic, refusal
from tests.services.world import NOW, World

HOUR = timedelta(hours=1)
LOCAL = LocalTime(date(2026, 3, 3), "09:30", "America/New_York")
LOCAL_AT = NOW + timedelta(days=1, hours=7, minutes=30)
REFUSED = {
    SendStatus.TRANSMITTING: "EMAIL_LEAVING",
    **dict.fromkeys((SendStatus.SENT, SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.IN_DOUBT), "NOT_SCHEDULED"),
}


@pytest.mark.parametrize("status", list(SendStatus))
async def test_each_state(world: World, status: SendStatus) -> None:
    if status is SendStatus.DRAFT:
        return  # only one-off emails are drafts
    email = await automatic()
    claimed = status in (SendStatus.CLAIMED, SendStatus.TRANSMITTING)
    lease = {"attempt_id": "att_1", "lease_until": NOW + HOUR} if claimed else {}
    await Send.filter(id=email.id).update(
        status=status, attempts=int(status is SendStatus.DEFERRED), subject="old", **lease
    )
    if code := REFUSED.get(status):
        assert await refusal(edit_email(world.context, email.id, html="<p>x</p>")) == (code, ("id",))
        assert await refusal(reschedule_email(world.context, email.id, LOCAL)) == (code, ("id",))
        after = await automatic()
        assert (after.status, after.subject, after.html, after.due_at) == (status, "old", None, email.due_at)
        return
    await edit_email(world.context, email.id, html="<p>x</p>")
    after = await reschedule_email(world.context, email.id, LOCAL)
    waits = SendStatus.DEFERRED if status is SendStatus.DEFERRED else SendStatus.SCHEDULED
    assert (after.status, after.attempt_id, after.lease_until) == (waits, None, None)
    assert (after.subject, after.html, after.due_at, after.planned_at) == (
        "old",
        "<p>x</p>",
        LOCAL_AT,
        email.planned_at,
    )


async def test_a_claim_that_comes_before_the_edit_does_not_send_the_old_text(world: World) -> None:
    email = await automatic()
    claimed = await claim(email.sender_id, NOW, NOW + HOUR, 10, "att_1")
    assert [each.id for each in claimed] == [email.id]
    await edit_email(world.context, email.id, subject="New", html="<p>new</p>")
    arrived = arrivals(world)
    await world.tick()
    assert [(subject, html.strip()) for subject, html in arrived] == [("New", "<p>new</p>")]


@on_sqlite
async def test_in_a_paused_campaign_it_stays_on_hold_and_keeps_its_local_time_after_the_resume(world: World) -> None:
    email, campaign = await automatic(), (await Campaign.get()).id
    await pause_campaign(world.context, campaign)
    await edit_email(world.context, email.id, html="<p>while paused</p>")
    moved = await reschedule_email(world.context, email.id, LOCAL)
    assert (moved.held, moved.due_at) == (True, LOCAL_AT)
    assert await refusal(reschedule_email(world.context, email.id, None)) == ("CAMPAIGN_PAUSED", ("id",))
    await resume_campaign(later(world, NOW + HOUR).context, campaign)
    after = await automatic()
    assert (after.held, after.due_at) == (False, LOCAL_AT)
    chosen = zoned_time(after.explanation)
    assert chosen is not None
    assert chosen.moment.zone == LOCAL.zone
    arrived = arrivals(world)
    await later(world, LOCAL_AT - timedelta(seconds=1)).tick(LOCAL_AT - timedelta(seconds=1))
    assert arrived == []
    await later(world, LOCAL_AT).tick(LOCAL_AT)
    assert [html.strip() for _, html in arrived] == ["<p>while paused</p>"]
    assert await Event.filter(kind__in=["EMAIL_EDITED", "EMAIL_RESCHEDULED"]).count() == 2
