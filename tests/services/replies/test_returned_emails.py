"""Bounce messages: which email they are about, what they change, and in which order they may come."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Enrollment, Event, Person, Send
from api.services.replies.answers_job import answer_chunks
from api.services.replies.bounces import clear_bounce
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import BounceKind, EnrollmentStatus, IncomingResult, MatchedBy, SendStatus
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import (
    DAY,
    HOUR,
    RETURNS,
    bounce,
    receive,
    reply,
    runtime_of,
    sent_email,
    work,
)
from tests.services.world import NOW, World, make_sent_world, make_world

SOFT = {"status": "5.2.2", "diagnostic": "552 5.2.2 Mailbox full"}


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email."""
    return await make_sent_world(2)


async def state(email: Send) -> tuple[Any, ...]:
    """Return the status and the kind of bounce of an email, whether its address is marked, and the enrollment."""
    row = await Send.get(id=email.id)
    marked = (await Person.get(id=row.person_id)).bounced_at is not None
    return row.status, row.bounce, marked, (await Enrollment.get(id=row.enrollment_id)).status


HARD_BOUNCED = (SendStatus.BOUNCED, BounceKind.HARD, True, EnrollmentStatus.ENDED)
SOFT_BOUNCED = (SendStatus.BOUNCED, BounceKind.SOFT, False, EnrollmentStatus.ACTIVE)
DELIVERED = (SendStatus.SENT, None, False, EnrollmentStatus.ACTIVE)


@on_sqlite
async def test_a_hard_bounce_marks_the_address_and_ends_the_campaign(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, bounce(email.message_id), at=NOW)
    assert (row.result, row.kind, row.matched_by) == (IncomingResult.APPLIED, "BOUNCE", MatchedBy.MESSAGE_ID)
    assert await state(email) == HARD_BOUNCED
    bounced = await Send.get(id=email.id)
    assert (bounced.reason, bounced.detail, bounced.bounced_at) == ("BOUNCED", "5.1.1 550 5.1.1 No such user", NOW)
    reported = await Event.get(kind="BOUNCED")
    assert reported.data == {
        "bounce": "HARD",
        "reason": "BOUNCED",
        "status": "5.1.1",
        "detail": "5.1.1 550 5.1.1 No such user",
        "matchedBy": "MESSAGE_ID",
    }
    ended = await Event.filter(enrollment_id=email.enrollment_id).order_by("id").values_list("kind", flat=True)
    assert ended[2:] == ["BOUNCED", "EMAIL_FAILED", "CAMPAIGN_ENDED"]


@on_sqlite
async def test_a_soft_bounce_marks_only_the_email(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id, **SOFT))
    assert await state(email) == SOFT_BOUNCED


@on_sqlite
async def test_a_bounce_without_the_original_mail_is_found_by_its_return_address(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, bounce(None, "unknown@example.com", to=RETURNS.address(email.id)), own=())
    assert (row.matched_by, row.send_id) == (MatchedBy.RETURN_ADDRESS, email.id)
    assert await state(email) == HARD_BOUNCED


@on_sqlite
async def test_a_bounce_without_any_reference_is_found_by_the_recipient(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, bounce(None, "ADA@example.com"), at=NOW + 14 * DAY - HOUR)
    assert (row.matched_by, row.send_id) == (MatchedBy.RECIPIENT, email.id)
    assert (await Event.get(kind="BOUNCED")).data["matchedBy"] == "RECIPIENT"
    assert await state(email) == HARD_BOUNCED


@on_sqlite
async def test_the_recipient_alone_is_not_enough(world: World) -> None:
    """Too late, before the email, in another mailbox, of nobody, and after two emails."""
    email = await sent_email(world)
    other = await create_workspace("Other", NOW)
    await create_sender(world.runtime.context(other), name="O", email="o@example.com", zone="UTC", channel="scripted")
    rows = [
        *await receive(world, bounce(None, "ada@example.com"), at=NOW + 14 * DAY),
        *await receive(world, bounce(None, "ada@example.com"), at=NOW - HOUR),
        *await receive(world, bounce(None, "ada@example.com"), own=("o@example.com",)),
        *await receive(world, bounce(None, "ada@example.com"), own=()),
        *await receive(world, bounce(None, "nobody@example.com")),
    ]
    await Send.filter(enrollment_id=email.enrollment_id, step__number=2).update(status="SENT", sent_at=NOW)
    rows += await receive(world, bounce(None, "ada@example.com"))
    assert [row.result for row in rows] == [IncomingResult.UNMATCHED] * 6
    assert await Event.filter(kind="BOUNCED").count() == 0
    assert await state(email) == DELIVERED


async def test_a_bounce_of_several_recipients_belongs_to_the_email_of_each(world: World) -> None:
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    (row,) = await receive(world, bounce(None, "ada@example.com", "bob@example.com", "else@example.com"))
    assert row.result is IncomingResult.APPLIED
    assert await state(first) == await state(second) == HARD_BOUNCED
    assert await Event.filter(kind="BOUNCED").count() == 2


@on_sqlite
async def test_of_several_recipients_the_one_of_the_email_counts(world: World) -> None:
    email = await sent_email(world)
    report = bounce(email.message_id, "other@example.net", "ada@example.com")
    await receive(world, report)
    assert await state(email) == HARD_BOUNCED


@on_sqlite
async def test_a_bounce_of_the_address_to_which_the_email_was_forwarded_is_soft(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id, "ada@elsewhere.example"))
    assert await state(email) == SOFT_BOUNCED
    detail = (await Send.get(id=email.id)).detail
    assert "forwarded to ada@elsewhere.example" in detail
    assert "No such user" in detail


@on_sqlite
@pytest.mark.parametrize("address", ["ada.lovelace@example.com", "ada@mail.example.com"])
async def test_another_address_of_the_same_domain_is_the_recipients(world: World, address: str) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id, address))
    assert await state(email) == HARD_BOUNCED


@on_sqlite
async def test_a_soft_bounce_after_a_hard_one_changes_nothing(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id))
    (row,) = await receive(world, bounce(email.message_id, **SOFT))
    assert row.result is IncomingResult.IGNORED
    assert "bounced before" in row.reason
    assert await state(email) == HARD_BOUNCED
    assert await Event.filter(kind="BOUNCED").count() == 1


@on_sqlite
async def test_a_hard_bounce_after_a_soft_one_counts(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id, **SOFT))
    await receive(world, bounce(email.message_id))
    assert await state(email) == HARD_BOUNCED
    kinds = [each.data["bounce"] for each in await Event.filter(kind="BOUNCED").order_by("id")]
    assert kinds == ["SOFT", "HARD"]


@on_sqlite
async def test_two_bounces_that_come_together_count_as_the_hard_one(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id), bounce(email.message_id, **SOFT))
    assert await state(email) == HARD_BOUNCED
    assert await Event.filter(kind="BOUNCED").count() == 1


@on_sqlite
async def test_a_bounce_after_a_reply_changes_nothing(world: World) -> None:
    email = await sent_email(world)
    await receive(world, reply(email.message_id))
    (row,) = await receive(world, bounce(email.message_id))
    assert row.result is IncomingResult.IGNORED
    assert "has a reply" in row.reason
    assert await state(email) == (SendStatus.SENT, None, False, EnrollmentStatus.ENDED)


@on_sqlite
async def test_a_reply_after_a_bounce_counts(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id, **SOFT))
    await receive(world, reply(email.message_id))
    assert await state(email) == (SendStatus.BOUNCED, BounceKind.SOFT, False, EnrollmentStatus.ENDED)
    assert (await Send.get(id=email.id)).replied_at == NOW


@on_sqlite
async def test_a_report_of_a_delay_changes_nothing(world: World) -> None:
    email = await sent_email(world)
    delayed = bounce(email.message_id, action="delayed", status="4.4.1", diagnostic="451 4.4.1 try again")
    (row,) = await receive(world, delayed)
    assert row.result is IncomingResult.IGNORED
    assert await state(email) == DELIVERED


@on_sqlite
async def test_a_bounce_that_comes_before_the_outcome_waits_for_it(database: str) -> None:
    world = await make_world(1)
    seen: list[IncomingResult | None] = []

    async def bounces(outgoing: Outgoing) -> None:
        email = await Send.get(id=outgoing.send_id)
        assert email.status is SendStatus.TRANSMITTING
        (row,) = await receive(world, bounce(email.message_id))
        assert (row.attempts, row.content is not None) == (0, True)
        seen.append(row.result)

    world.channel.during = bounces
    await world.tick()
    email = await sent_email(world)
    assert (seen, email.status) == ([None], SendStatus.SENT)
    await work(world, NOW + timedelta(seconds=10))
    assert await state(email) == HARD_BOUNCED


@on_sqlite
async def test_a_person_can_be_written_to_again(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id))
    assert (await clear_bounce(world.context, email.person_id)).bounced_at is None


@on_sqlite
async def test_a_corrected_address_is_not_marked(world: World) -> None:
    email = await sent_email(world)
    await Person.filter(id=email.person_id).update(email="new@example.com", email_key="new@example.com")
    await receive(world, bounce(email.message_id))
    assert await state(email) == (SendStatus.BOUNCED, BounceKind.HARD, False, EnrollmentStatus.ACTIVE)


@on_sqlite
async def test_working_again_on_what_is_done_changes_nothing(world: World) -> None:
    email = await sent_email(world)
    await receive(world, bounce(email.message_id))
    events = await Event.all().count()
    assert [rows async for rows in answer_chunks(runtime_of(world, NOW + HOUR))] == []
    assert await Event.all().count() == events
