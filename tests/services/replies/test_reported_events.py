"""Events that providers report: deliveries, bounces, replies, opens, clicks, complaints and unsubscribes."""

import pytest

from api.models import Enrollment, Event, Person, Reply, Send, Suppression
from api.states import BounceKind, IncomingResult, MatchedBy, SendStatus, SuppressionSource
from plugins import ReportedKind
from plugins.contract import Outcome
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import RETURNS, complaint, event, receive, report, sent_email
from tests.services.world import NOW, World, make_sent_world, make_world


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email."""
    return await make_sent_world(2)


async def test_an_event_finds_its_email_by_each_reference(world: World) -> None:
    email = await sent_email(world)
    assert email.message_id is not None
    found = await report(
        world,
        event(ReportedKind.REPLIED, message_id=email.message_id, recipient="ada@example.com", detail="Yes."),
        event(ReportedKind.REPLIED, message_id=email.message_id.strip("<>").upper()),
        event(ReportedKind.REPLIED, email_id=email.id),
        event(ReportedKind.REPLIED, recipient=RETURNS.address(email.id)),
        event(ReportedKind.REPLIED, recipient="ada@example.com"),
    )
    ways = [MatchedBy.MESSAGE_ID, MatchedBy.MESSAGE_ID, MatchedBy.EMAIL_ID, MatchedBy.RETURN_ADDRESS, None]
    assert [row.matched_by for row in found] == ways
    assert found[-1].result is IncomingResult.UNMATCHED, "a provider has no mailbox, so a recipient alone says nothing"
    first = await Reply.all().order_by("id").first()
    assert first is not None
    assert (first.sender, first.text) == ("ada@example.com", "Yes.")


@on_sqlite
async def test_a_reported_bounce(world: World) -> None:
    email = await sent_email(world)
    values = {"status": "5.1.1", "detail": "550 no such user", "recipient": "ada@example.com"}
    await report(world, event(ReportedKind.BOUNCED, bounce=BounceKind.HARD, email_id=email.id, **values))
    bounced = await Send.get(id=email.id)
    assert (bounced.status, bounced.bounce, bounced.detail) == ("BOUNCED", BounceKind.HARD, "5.1.1 550 no such user")
    assert (await Person.get(id=email.person_id)).bounced_at == NOW


@on_sqlite
async def test_a_delivery_settles_a_doubt(database: str) -> None:
    world = await make_world(1)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    email = await sent_email(world)
    first, second = await report(world, *(event(ReportedKind.DELIVERED, email_id=email.id) for _ in range(2)))
    assert (await Send.get(id=email.id)).status is SendStatus.SENT
    (again,) = await report(world, event(ReportedKind.DELIVERED, email_id=email.id))
    assert [row.result for row in (first, second, again)] == [
        IncomingResult.APPLIED, IncomingResult.APPLIED, IncomingResult.IGNORED
    ]  # fmt: skip
    assert await Event.filter(kind="EMAIL_SENT").count() == 1


async def test_opens_and_clicks_are_counted(world: World) -> None:
    email = await sent_email(world)
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
    found = await report(
        world,
        event(ReportedKind.OPENED, email_id=email.id, user_agent=agent),
        event(ReportedKind.CLICKED, email_id=email.id, user_agent=agent, url="https://example.org/"),
    )
    assert [row.result for row in found] == [IncomingResult.APPLIED] * 2
    assert sorted(each.kind for each in await Event.filter(kind__in=["OPENED", "CLICKED"])) == ["CLICKED", "OPENED"]


async def test_a_complaint_unsubscribes_the_address(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, complaint(str(email.message_id)))
    assert (row.result, row.kind) == (IncomingResult.APPLIED, "COMPLAINT")
    suppressed = await Suppression.get()
    assert (suppressed.email, suppressed.source) == ("ada@example.com", SuppressionSource.COMPLAINT)
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "UNSUBSCRIBED"
    kinds = await Event.filter(kind__in=["COMPLAINED", "UNSUBSCRIBED"]).order_by("id").values_list("kind", flat=True)
    assert kinds == ["COMPLAINED", "UNSUBSCRIBED"]
    assert (await Event.get(kind="COMPLAINED")).data == {"email": "ada@example.com", "matchedBy": "MESSAGE_ID"}


@on_sqlite
async def test_a_complaint_unsubscribes_the_address_to_which_the_email_was_sent(world: World) -> None:
    email = await sent_email(world)
    await Person.filter(id=email.person_id).update(email="new@example.com", email_key="new@example.com")
    await report(world, event(ReportedKind.COMPLAINED, email_id=email.id))
    assert [each.email for each in await Suppression.all()] == ["ada@example.com"]


async def test_a_complaint_after_several_emails_needs_no_reference(world: World) -> None:
    email = await sent_email(world)
    await Send.filter(enrollment_id=email.enrollment_id, step__number=2).update(status="SENT", sent_at=NOW)
    (row,) = await receive(world, complaint("<gone@isp.example>"))
    assert (row.result, row.matched_by) == (IncomingResult.APPLIED, MatchedBy.RECIPIENT)
    assert [each.email for each in await Suppression.all()] == ["ada@example.com"]


@on_sqlite
async def test_an_unsubscribe_at_the_provider_counts(world: World) -> None:
    email = await sent_email(world)
    await report(world, event(ReportedKind.UNSUBSCRIBED, email_id=email.id))
    suppressed = await Suppression.get()
    assert (suppressed.email, suppressed.source) == ("ada@example.com", SuppressionSource.PROVIDER)
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "UNSUBSCRIBED"


async def test_a_provider_resubscribes_nobody(world: World) -> None:
    email = await sent_email(world)
    await report(world, event(ReportedKind.UNSUBSCRIBED, email_id=email.id))
    (row,) = await report(world, event(ReportedKind.RESUBSCRIBED, email_id=email.id))
    assert row.result is IncomingResult.IGNORED
    assert "Only an admin" in row.reason
    assert await Suppression.filter(unsubscribed_at__not_isnull=True).count() == 1
