"""A limit that a sender has reached is stored, and explained in the emails that waited for it and in no others."""

from datetime import UTC, datetime, timedelta
from typing import Any

from api.models import Send, Sender
from api.services.workspaces.senders import update_sender
from api.states import SendStatus
from tests.services.world import NOW, make_world

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def line(code: str, until: datetime, **values: Any) -> list[Any]:
    shown = {"date": until.date().isoformat(), "time": until.time().isoformat(), "at": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
    return [code, {**values, **shown}]


async def lines() -> list[list[Any]]:
    """Return the lines about limits of each sent email."""
    rows = await Send.filter(status=SendStatus.SENT).order_by("id")
    return [[each for each in row.explanation if each[0] in {"THROTTLE", "DAILY_CAP"}] for row in rows]


async def stored() -> tuple[Any, ...]:
    row = await Sender.get()
    return row.limited_until, row.limited_emails, row.limited_seconds


async def test_emails_that_waited_for_a_throttle_say_so(database: str) -> None:
    world = await make_world(5)
    await Sender.all().update(throttle_emails=2, throttle_seconds=45)
    await world.tick()
    await world.tick()
    first, second = NOW + 45 * SECOND, NOW + 90 * SECOND
    assert await stored() == (first, 2, 45)
    assert await lines() == [[], []]
    for now in (first, first + SECOND, second):
        await world.tick(now)
    waited = [line("THROTTLE", each, emails=2, seconds=45) for each in (first, first, second)]
    assert await lines() == [[], [], *([each] for each in waited)]
    assert await stored() == (second, 2, 45)


async def test_a_daily_cap_and_an_email_that_became_due_later(database: str) -> None:
    world = await make_world(2)
    await Sender.all().update(daily_cap=1)
    await world.tick()
    await world.tick()
    tomorrow = NOW + timedelta(hours=24)
    assert await stored() == (tomorrow, 1, 86_400)
    await Send.filter(status=SendStatus.SCHEDULED).update(due_at=tomorrow)
    await world.tick(tomorrow)
    assert await lines() == [[], []], "it did not have to wait"


async def test_an_email_that_is_released_long_after_a_limit_does_not_name_it(database: str) -> None:
    world = await make_world(2)
    await Sender.all().update(throttle_emails=1, throttle_seconds=45)
    await world.tick()
    await world.tick()
    await Send.filter(status=SendStatus.SCHEDULED).update(held=True)
    await world.tick(NOW + MINUTE)
    await Send.all().update(held=False)
    await world.tick(NOW + 10 * MINUTE)
    assert await lines() == [[], []]


async def test_another_limit_forgets_the_one_that_was_reached(database: str) -> None:
    world = await make_world(2)
    await Sender.all().update(daily_cap=1)
    await world.tick()
    await world.tick()
    row = await update_sender(world.context, (await Sender.get()).id, title="Head of Sales")
    assert row.limited_until is not None
    row = await update_sender(world.context, row.id, daily_cap=2)
    assert (row.limited_until, (await stored())[0]) == (None, None)
    await world.tick(NOW + SECOND)
    assert await lines() == [[], []], "it went out because of the change"


async def test_a_limit_that_ends_in_an_hour_that_occurs_twice_says_in_which(database: str) -> None:
    world = await make_world(3)
    await Sender.all().update(throttle_emails=1, throttle_seconds=45 * 60)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the clocks of Berlin go from 3:00 back to 2:00 at 1:00 UTC
    await Send.all().update(due_at=first, zone="Europe/Berlin")
    limits = [first + minutes * MINUTE for minutes in (45, 90)]
    for now in (first, first, limits[0], limits[0], limits[1]):
        await world.tick(now)
    rows = await Send.filter(status=SendStatus.SENT).order_by("id")
    clocks = {"date": "2026-10-25", "time": "02:15:00", "offset": "+01:00", "which": "SECOND"}
    assert [rows[1].explanation[-2][0], rows[1].explanation[-1]] == ["THROTTLE", ["CLOCKS_GO_BACK", clocks]]
    assert rows[2].explanation[-1][0] == "THROTTLE", "3:00 occurs once"
