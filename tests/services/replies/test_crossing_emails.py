"""A reply while the next email is on its way: either the email is stopped, or the Live Feed says that both crossed."""

from collections.abc import Callable
from typing import Any

import pytest

from api.models import Enrollment, Event, Send
from api.services.replies.incoming import receive_mails
from api.states import EnrollmentStatus, SendStatus
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins import IncomingMail
from plugins.contract import Outgoing
from tests.services.locks import beside, lock, waits_for_us
from tests.services.locks import crossed as crossing
from tests.services.replies.incoming_mails import DAY, OWN, complaint, receive, reply, sent_email, work
from tests.services.world import NOW, World, make_sent_world

LATER = NOW + 8 * DAY
"""The second email is due."""


@pytest.fixture
async def world(database: str) -> World:
    """A person who got their first email."""
    return await make_sent_world(1)


async def second(world: World) -> Send:
    return await Send.get(enrollment_id=world.enrollments[0].id, step__number=2)


async def crossed() -> list[str | None]:
    return [each.send_id for each in await Event.filter(kind="EMAIL_CROSSED")]


async def test_a_reply_before_the_transmission_stops_the_email(world: World) -> None:
    first = await sent_email(world)

    async def replies(outgoing: Outgoing) -> None:
        await receive(world, reply(first.message_id), at=LATER)

    world.channel.before = replies
    await world.tick(LATER)
    stopped = await second(world)
    assert (stopped.status, stopped.reason) == (SendStatus.FAILED, "CAMPAIGN_ENDED")
    assert len(world.channel.left) == 1
    assert await crossed() == []


async def test_a_reply_during_the_transmission_crosses_the_email(world: World) -> None:
    first = await sent_email(world)

    async def replies(outgoing: Outgoing) -> None:
        await receive(world, reply(first.message_id), at=LATER)

    world.channel.during = replies
    await world.tick(LATER)
    sent = await second(world)
    assert (sent.status, len(world.channel.left)) == (SendStatus.SENT, 2)
    assert await crossed() == [sent.id]
    ended = await Enrollment.get(id=sent.enrollment_id)
    assert (ended.status, ended.end_reason) == (EnrollmentStatus.ENDED, "REPLIED")
    kinds = await Event.filter(enrollment_id=ended.id).order_by("id").values_list("kind", flat=True)
    assert kinds[-4:] == ["REPLIED", "CAMPAIGN_ENDED", "EMAIL_CROSSED", "EMAIL_SENT"]


async def test_a_reply_to_the_email_itself_waits_until_it_is_sent(world: World) -> None:
    """It comes from a mail server that delivers faster than it answers."""
    await Enrollment.all().update(ended_at=None)

    async def replies(outgoing: Outgoing) -> None:
        (row,) = await receive(world, reply((await second(world)).message_id), at=LATER)
        assert row.result is None

    world.channel.during = replies
    await world.tick(LATER)
    await work(world, LATER + DAY)
    assert (await second(world)).replied_at is not None
    assert await crossed() == []
    assert await Event.filter(kind="REPLIED").count() == 1


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_transmission_that_begins_at_the_same_moment(world: World, database_kind: str) -> None:
    """The reply waits for the transaction that begins the transmission, and then sees it."""
    assert is_postgres()
    first, email = await sent_email(world), await second(world)
    await receive_mails("imap:TEST", [IncomingMail("1", reply(first.message_id), NOW)], NOW, OWN)
    async with transaction():
        await execute("UPDATE send SET status = 'TRANSMITTING' WHERE id = $1", email.id)
        working = beside(work(world))
        assert await waits_for_us(working)
    await working
    assert (await second(world)).status is SendStatus.TRANSMITTING
    assert await crossed() == [email.id]


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_reply_that_is_applied_at_the_same_moment(world: World, database_kind: str) -> None:
    """The transmission waits for the transaction that applies the reply, and does not begin."""
    assert is_postgres()
    email = await second(world)
    async with transaction():
        await execute("UPDATE send SET status = 'FAILED' WHERE id = $1", email.id)
        ticking = beside(world.tick(LATER))
        await waits_for_us(ticking)
    await ticking
    assert (await second(world)).status is SendStatus.FAILED
    assert len(world.channel.left) == 1


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize(("write", "kind", "then"), [(reply, "REPLIED", "send"), (complaint, "COMPLAINED", "person")])
async def test_a_transaction_that_postgresql_aborts_is_done_again(
    world: World, database_kind: str, write: Callable[[str], bytes], kind: str, then: str, caplog: Any
) -> None:
    caplog.set_level("INFO", "touchline.store")
    first = await sent_email(world)
    await receive_mails("imap:TEST", [IncomingMail("1", write(str(first.message_id)), NOW)], NOW, OWN)
    await crossing(work(world), lock("enrollment"), lock(then))
    assert "retrying a transaction" in caplog.text
    assert await Event.filter(kind=kind).count() == 1
    assert await Enrollment.filter(status="ENDED").count() == 1
