"""What a sender writes from their own mail program is no reply. It is in the Live Feed, and nothing ends."""

import pytest

from api.models import Enrollment, Event, IncomingEvent, Reply
from api.states import EnrollmentStatus, IncomingResult, MatchedBy
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import HOUR, receive, reply, sent_email
from tests.services.world import NOW, World, make_sent_world

SENDER = "g@example.com"


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email. The second one is due on day 9."""
    return await make_sent_world(2)


async def nothing_ended() -> None:
    assert await Enrollment.exclude(status=EnrollmentStatus.ACTIVE).count() == 0
    assert await Reply.all().count() == 0


@on_sqlite
@pytest.mark.parametrize("own", [(SENDER,), ("login",), ()])
async def test_the_sender_answers_in_the_thread(world: World, own: tuple[str, ...]) -> None:
    """Also if the login of the mailbox is not the sender's address."""
    email = await sent_email(world)
    mail = reply(email.message_id, sender=SENDER, to="ada@example.com")
    (row,) = await receive(world, mail, at=NOW + HOUR, own=own)
    assert (row.result, row.matched_by, row.send_id) == (IncomingResult.APPLIED, MatchedBy.MESSAGE_ID, email.id)
    event = await Event.get(kind="SENDER_WROTE")
    assert (event.send_id, event.data) == (email.id, {"subject": "Re: Hi you", "matchedBy": "MESSAGE_ID"})
    await nothing_ended()


async def test_the_sender_writes_to_the_person(world: World) -> None:
    email = await sent_email(world)
    await receive(world, reply(None, sender=SENDER, to=email.recipient), at=NOW + HOUR)
    assert (await Event.get(kind="SENDER_WROTE")).send_id == email.id
    await nothing_ended()


@on_sqlite
async def test_the_sender_writes_to_somebody_else(world: World) -> None:
    (row,) = await receive(world, reply(None, sender=SENDER, to="mother@example.org"), at=NOW + HOUR)
    assert (row.kind, row.result) == ("OWN", IncomingResult.IGNORED)
    assert await Event.filter(kind="SENDER_WROTE").count() == 0


@on_sqlite
@pytest.mark.parametrize("own", [(SENDER,), ()])
async def test_a_copy_of_a_follow_up_changes_nothing(world: World, own: tuple[str, ...]) -> None:
    """It refers to the first email, as a reply does."""
    email = await sent_email(world)
    copy = reply(email.message_id, sender=SENDER, to="ada@example.com", own_id="<snd_0123456789abc@example.com>")
    (row,) = await receive(world, copy, at=NOW + HOUR, own=own)
    assert (row.kind, row.result, row.reason) == (
        "OWN",
        IncomingResult.IGNORED,
        "This mail is a copy of an email that Touchline sent.",
    )
    assert await Event.filter(kind="SENDER_WROTE").count() == 0
    assert await IncomingEvent.all().count() == 1
    await nothing_ended()
