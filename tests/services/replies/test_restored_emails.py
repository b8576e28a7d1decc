"""Answers after a restored backup: it does not know the Message-IDs of the emails that were sent since."""

import pytest

from api.models import Enrollment, Send
from api.services.replies.matching import RESTORED_STATUSES
from api.states import IncomingResult, MatchedBy, SendStatus
from plugins import ReportedKind
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import RETURNS, bounce, event, receive, reply, report, sent_email
from tests.services.world import World, make_sent_world


@pytest.fixture
async def world(database: str) -> World:
    """Two people whose first emails were sent after the backup, which planned them."""
    world = await make_sent_world(2)
    await Send.filter(step__number=1).update(
        status=SendStatus.IN_DOUBT, reason="RESTORED", message_id=None, recipient=None, sent_at=None
    )
    return world


@on_sqlite
async def test_a_reply_proves_that_the_email_was_sent(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, reply(f"<{email.id}@example.com>"))
    assert (row.result, row.matched_by) == (IncomingResult.APPLIED, MatchedBy.MESSAGE_ID)
    assert (await Send.get(id=email.id)).status is SendStatus.SENT
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "REPLIED"


async def test_a_bounce_to_the_return_address(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, bounce(None, to=RETURNS.address(email.id)))
    assert (row.result, row.matched_by) == (IncomingResult.APPLIED, MatchedBy.RETURN_ADDRESS)
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "BOUNCED"


@on_sqlite
async def test_an_unsubscribe_with_only_an_address(world: World) -> None:
    email = await sent_email(world)
    (row,) = await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="ada@example.com"))
    assert (row.result, row.matched_by) == (IncomingResult.APPLIED, MatchedBy.RECIPIENT)
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "UNSUBSCRIBED"


@on_sqlite
async def test_an_email_that_is_only_planned_has_no_answers(world: World) -> None:
    later = await Send.filter(enrollment_id=world.enrollments[0].id, step__number=2).get()
    assert later.status not in RESTORED_STATUSES
    (row,) = await receive(world, reply(f"<{later.id}@example.com>", sender="x@other.example"))
    assert row.result is IncomingResult.UNMATCHED
