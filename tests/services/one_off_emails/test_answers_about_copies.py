"""Answers of those who got a copy: a bounce, a complaint or an unsubscribe is about their address alone."""

from collections.abc import Callable

import pytest

from api.models import Event, Person, Send, Suppression
from api.services.one_off_emails.drafts import NewEmail, create_email
from api.services.one_off_emails.sending import send_email
from api.states import IncomingResult, SendStatus
from api.store.emails import one_off_emails
from plugins import ReportedKind
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import bounce, complaint, event, receive, reply, report
from tests.services.world import World

New = Callable[..., NewEmail]
CARL = "carl@example.com"


@pytest.fixture
async def email(world: World, new: New) -> Send:
    """An email to Ada with a copy to Carl, which was sent."""
    send = await create_email(world.context, new(cc=["Carl@example.com"], bcc=["bea@example.org"]))
    await send_email(world.context, send.id)
    await world.tick()
    return await Send.get(id=send.id)


async def suppressed() -> list[str]:
    return [row.email for row in await Suppression.filter(unsubscribed_at__not_isnull=True).order_by("email")]


async def bounced_people() -> list[str]:
    return [row.email for row in await Person.filter(bounced_at__isnull=False)]


async def test_a_returned_copy_changes_nothing_about_the_person_in_to(world: World, email: Send) -> None:
    (row,) = await receive(world, bounce(email.message_id, CARL))
    assert (row.result, row.send_id) == (IncomingResult.APPLIED, email.id)
    assert ((await Send.get(id=email.id)).status, await bounced_people()) == (SendStatus.SENT, [])
    (line,) = await Event.filter(kind="COPY_BOUNCED")
    assert (await one_off_emails.find([email.id]))[email.id].reached == ("bea@example.org",)
    assert (line.send_id, line.data["email"], line.data["bounce"]) == (email.id, "Carl@example.com", "HARD")
    await receive(world, bounce(email.message_id, CARL, "ada@example.com"))
    assert ((await Send.get(id=email.id)).status, await bounced_people()) == (SendStatus.BOUNCED, ["ada@example.com"])


@on_sqlite
@pytest.mark.parametrize("kind", [ReportedKind.COMPLAINED, ReportedKind.UNSUBSCRIBED])
async def test_who_says_no_to_a_copy_gets_nothing_more(world: World, email: Send, new: New, kind: ReportedKind) -> None:
    await report(world, event(kind, recipient=CARL, message_id=email.message_id))
    assert await suppressed() == ["Carl@example.com"]
    await report(world, event(kind, recipient="ada@example.com", message_id=email.message_id))
    assert await suppressed() == ["Carl@example.com", "ada@example.com"]


async def test_a_complaint_by_mail_about_a_copy(world: World, email: Send) -> None:
    await receive(world, complaint(str(email.message_id), CARL))
    assert await suppressed() == ["Carl@example.com"]


@on_sqlite
async def test_a_reply_of_someone_in_cc_is_a_reply_to_the_email(world: World, email: Send) -> None:
    await receive(world, reply(email.message_id, sender=CARL))
    assert (await Send.get(id=email.id)).replied_at is not None
