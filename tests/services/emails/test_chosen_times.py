"""A rep chooses a local time in a time zone: it is explained, and keeps its meaning when the tz database changes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.models import Campaign, Event, Send, Task
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.scheduled_emails import reschedule_email
from api.services.enrollments.time_zones.zones_job import zone_chunks
from api.services.enrollments.timelines import chosen_times
from api.services.enrollments.timelines.chosen_times import LocalTime, keep_chosen_time, zoned_time
from api.services.tasks.send_task_email import send_task
from plugins.testing.send_options.explanation_reader import evaluate
from strategies import Note
from strategies.calendar import Moment, moment_of
from strategies.sentences.sentences import sentence
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.emails.scheduled import automatic, by_hand, refusal
from tests.services.world import NOW, World

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


@on_sqlite
@pytest.mark.parametrize(
    ("local", "at", "codes"),
    [
        (LocalTime(date(2026, 3, 5), "09:30", "America/New_York"), "03-05T14:30", []),
        (LocalTime(date(2026, 3, 29), "02:30", BERLIN), "03-29T01:30", ["CHOSEN_TIME_SKIPPED"]),
        (LocalTime(date(2026, 10, 25), "02:30:15", BERLIN), "10-25T00:30:15", ["CHOSEN_TIME_REPEATED"]),
        (LocalTime(date(2026, 3, 8), "02:30", "America/New_York"), "03-08T07:30", ["CHOSEN_TIME_SKIPPED"]),
    ],
)
async def test_a_local_time_is_resolved_and_explained(
    world: World, local: LocalTime, at: str, codes: list[str]
) -> None:
    for email, code in (
        (await send_task(world.context, (await Task.get()).id, html="<p>x</p>", at=local), "BY_HAND_IN_ZONE"),
        (await reschedule_email(world.context, (await automatic()).id, local), "RESCHEDULED_IN_ZONE"),
        (await reschedule_email(world.context, (await Send.get(by_hand=True)).id, local), "RESCHEDULED_IN_ZONE"),
    ):
        assert email.due_at == utc(at)
        own = [number for number, (each, _) in enumerate(email.explanation) if each == code][-1]
        assert [each for each, _ in email.explanation[own + 1 :]] == codes
        assert evaluate(email.explanation).instant == email.due_at
        chosen = zoned_time(email.explanation)
        assert chosen is not None
        assert (chosen.moment.instant, chosen.moment.zone) == (email.due_at, local.zone)
    for note in email.explanation:
        assert "{" not in sentence(Note(*note), "de") + sentence(Note(*note))
    assert (email.planned_at, email.zone) == (email.due_at, "UTC"), "the zone of the email stays"
    instant = await reschedule_email(world.context, email.id, utc("03-06T10:00"))
    assert zoned_time(instant.explanation) is None


@on_sqlite
async def test_what_is_no_time(world: World) -> None:
    send = await by_hand(world)
    for local, expected in (
        (LocalTime(date(2026, 3, 1), "09:30", BERLIN), ("SEND_AT_IN_PAST", ("atLocal",))),
        (LocalTime(date(2026, 3, 5), "9:30", BERLIN), ("INVALID_TIME", ("atLocal", "time"))),
        (LocalTime(date(2026, 3, 5), "24:00", BERLIN), ("INVALID_TIME", ("atLocal", "time"))),
        (LocalTime(date(2026, 3, 5), "09:30", "Mars/Olympus"), ("INVALID_ZONE", ("atLocal", "zone"))),
        (LocalTime(date(1, 1, 1), "00:00", "Asia/Tokyo"), ("INVALID_INSTANT", ("atLocal", "date"))),
        (LocalTime(date(2200, 1, 1), "00:00", "Asia/Tokyo"), ("INVALID_INSTANT", ("atLocal", "date"))),
    ):
        assert await refusal(reschedule_email(world.context, send.id, local)) == expected
    assert (await Send.get(id=send.id)).due_at == send.due_at


async def test_a_new_tz_database_keeps_the_local_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    local = LocalTime(date(2026, 3, 5), "09:30", "America/New_York")
    first, at = await automatic(), utc("03-05T14:30")
    await send_task(world.context, (await Task.get()).id, html="<p>x</p>", at=local)
    await reschedule_email(world.context, first.id, local)
    planned = (await automatic()).planned_at

    def later_by_an_hour(*given: object) -> Moment:
        moment = moment_of(*given)  # type: ignore[arg-type]
        return moment._replace(instant=moment.instant + timedelta(hours=1)) if given[2] == local.zone else moment

    monkeypatch.setattr(chosen_times, "moment_of", later_by_an_hour)
    assert sum([emails async for emails in zone_chunks(world.context) if isinstance(emails, int)]) >= 2
    for email in (await automatic(), await Send.get(by_hand=True)):
        assert email.due_at == at + timedelta(hours=1)
        assert evaluate(email.explanation).instant == email.due_at
        assert not await keep_chosen_time(email), "once"
    assert {each.data["after"] for each in await Event.filter(kind="EMAIL_MOVED")} == {"2026-03-05T15:30:00Z"}
    assert (await automatic()).planned_at == planned, "emails that refer to it still use its planned time"


async def test_a_time_that_a_pause_has_moved_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    local, campaign = LocalTime(date(2026, 3, 2), "12:30", BERLIN), (await Campaign.get()).id
    await send_task(world.context, (await Task.get()).id, html="<p>x</p>", at=local)
    await pause_campaign(world.context, campaign)
    await resume_campaign(later(world, NOW + timedelta(days=3)).context, campaign)
    moved = await Send.get(by_hand=True)
    assert moved.due_at > utc("03-02T11:30")
    assert not await keep_chosen_time(moved)
