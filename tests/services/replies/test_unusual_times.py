"""Mails and events with a time that databases cannot store, or that no program can read back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.models import IncomingEvent, Reply
from api.services.replies.incoming import receive_mails
from api.states import IncomingResult
from api.store.replies import incoming
from plugins import IncomingMail, ReportedEvent, ReportedKind
from tests.services.replies.incoming_mails import reply, report, sent_email, work
from tests.services.world import NOW, World, make_sent_world

EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))
UNUSUAL = [
    datetime.min.replace(tzinfo=UTC),  # what Go writes for no time
    datetime.min.replace(tzinfo=EAST),
    datetime.max.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=WEST),
]


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email."""
    return await make_sent_world(2)


async def test_an_unusual_time_delays_no_other_answer(world: World) -> None:
    email = await sent_email(world)
    events = [
        ReportedEvent(f"event-{number}", ReportedKind.REPLIED, at, email_id=email.id)
        for number, at in enumerate(UNUSUAL)
    ]
    rows = await report(world, *events)
    assert [row.result for row in rows] == [IncomingResult.APPLIED] * len(UNUSUAL)
    mails = [IncomingMail(f"mail-{number}", reply(email.message_id), at) for number, at in enumerate(UNUSUAL)]
    await receive_mails("imap:TEST", mails, NOW, ["g@example.com"])
    await work(world)
    assert await IncomingEvent.filter(done_at=None).count() == 0
    assert await Reply.all().count() == 2 * len(UNUSUAL)


async def test_a_row_with_such_a_time_is_worked_on(world: World) -> None:
    rows = [
        incoming.NewIncoming(f"old-{number}", "REPLIED", at, None, {"message_id": "<x@example.com>"})
        for number, at in enumerate((UNUSUAL[0], UNUSUAL[2]))
    ]
    await incoming.add("webhook:generic", rows, NOW)
    await work(world)
    assert await IncomingEvent.filter(result=IncomingResult.UNMATCHED).count() == 2
