"""Complaints and unsubscribes that name only an address: nobody who said no gets another email."""

from datetime import timedelta
from email.message import EmailMessage

import pytest

from api.models import (
    Campaign,
    Enrollment,
    Event,
    Person,
    Send,
    Sender,
    Suppression,
    SuppressionChange,
    Template,
    Workspace,
)
from api.services.campaigns.campaigns import create_campaign
from api.services.people.merging import merge_people
from api.services.people.people import create_person, update_person
from api.states import BounceKind, IncomingResult, MatchedBy, SendStatus, SuppressionSource
from plugins import ReportedKind
from plugins.contract import Outcome
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import HOUR, complaint, event, receive, reply, report, sent_email
from tests.services.world import NOW, World, make_sent_world, make_world

UNKNOWN = "<gone@isp.example>"
LONG_AGO = timedelta(days=60)


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email."""
    return await make_sent_world(2)


async def suppressed() -> list[tuple[str, str]]:
    """Return the suppressed addresses, each with its workspace."""
    rows = await Suppression.filter(unsubscribed_at__not_isnull=True).order_by("workspace_id", "email")
    return [(row.workspace_id, row.email) for row in rows]


@on_sqlite
@pytest.mark.parametrize("kind", [ReportedKind.UNSUBSCRIBED, ReportedKind.COMPLAINED])
async def test_an_event_with_only_an_address_counts(world: World, kind: ReportedKind) -> None:
    email = await sent_email(world)
    (row,) = await report(world, event(kind, recipient="ADA@example.com"))
    assert (row.result, row.matched_by, row.send_id) == (IncomingResult.APPLIED, MatchedBy.RECIPIENT, email.id)
    assert await suppressed() == [(world.context.workspace_id, "ada@example.com")]
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "UNSUBSCRIBED"
    later = await Send.filter(enrollment_id=email.enrollment_id, status=SendStatus.SCHEDULED).count()
    assert later == 0, "the next email is stopped"
    assert await Enrollment.filter(status="ACTIVE").count() == 1, "other people go on"


@on_sqlite
async def test_an_unknown_id_does_not_hide_the_address(world: World) -> None:
    unknown = {"email_id": "snd_01arz3ndektsv4rrffq69g5fav", "message_id": "<0100@eu-west-1.amazonses.com>"}
    await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="ada@example.com", **unknown))
    assert await suppressed() == [(world.context.workspace_id, "ada@example.com")]


@on_sqlite
async def test_the_time_of_the_last_email_does_not_matter(world: World) -> None:
    now = NOW + LONG_AGO
    await report(world, event(ReportedKind.UNSUBSCRIBED, now, recipient="ada@example.com"), at=now)
    await receive(world, complaint(UNKNOWN, "bob@example.com"), at=now)
    assert [address for _, address in await suppressed()] == ["ada@example.com", "bob@example.com"]


@on_sqlite
async def test_an_email_in_doubt_may_have_reached_the_address(database: str) -> None:
    world = await make_world(1)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="ada@example.com"))
    assert await suppressed() == [(world.context.workspace_id, "ada@example.com")]
    assert (await sent_email(world)).status is SendStatus.IN_DOUBT, "an address proves nothing about an email"


async def test_each_workspace_that_has_written_to_the_address_stops(world: World) -> None:
    other = await make_world(2)
    await other.tick()
    third = await make_world(1)
    (row,) = await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="ada@example.com"))
    expected = sorted((each.context.workspace_id, "ada@example.com") for each in (world, other))
    assert await suppressed() == expected, "the third has not written to anybody"
    assert row.result is IncomingResult.APPLIED
    assert await Enrollment.filter(workspace_id=third.context.workspace_id, status="ACTIVE").count() == 1
    complained = await report(world, event(ReportedKind.COMPLAINED, recipient="bob@example.com"))
    assert [each.result for each in complained] == [IncomingResult.APPLIED]
    kinds = Event.filter(kind="COMPLAINED")
    assert {each.workspace_id for each in await kinds} == {world.context.workspace_id, other.context.workspace_id}


@on_sqlite
@pytest.mark.parametrize(("sender", "counts"), [("G@example.com", True), ("newsletter@example.com", False)])
async def test_an_event_that_names_the_sender_counts_for_this_sender_only(
    world: World, sender: str, counts: bool
) -> None:
    (row,) = await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="ada@example.com", sender=sender))
    assert (row.result is IncomingResult.APPLIED) is counts
    assert bool(await suppressed()) is counts


@on_sqlite
async def test_a_complaint_of_several_recipients_counts_for_each(world: World) -> None:
    """A report may name several addresses (RFC 5965, Original-Rcpt-To)."""
    await receive(world, complaint(UNKNOWN, "ada@example.com\r\nOriginal-Rcpt-To: bob@example.com"))
    assert [address for _, address in await suppressed()] == ["ada@example.com", "bob@example.com"]


@pytest.mark.parametrize("own", [("bounces@example.com",), ("login",), ()])
async def test_a_complaint_in_a_mailbox_of_no_sender_counts(world: World, own: tuple[str, ...]) -> None:
    """Such as the mailbox of the return address, to which providers report complaints."""
    await receive(world, complaint(UNKNOWN), own=own)
    assert await Suppression.all().values_list("source", flat=True) == [SuppressionSource.COMPLAINT]


async def test_a_complaint_in_the_mailbox_of_another_sender_does_not_count(world: World) -> None:
    other = await make_world(1)
    await Sender.filter(workspace_id=other.context.workspace_id).update(
        email="other@example.com", email_key="other@example.com"
    )
    (row,) = await receive(world, complaint(UNKNOWN), own=("other@example.com",))
    assert row.result is IncomingResult.UNMATCHED
    assert await suppressed() == []


@on_sqlite
async def test_an_address_to_which_nothing_was_sent_is_not_suppressed(world: World) -> None:
    found = await report(
        world,
        event(ReportedKind.UNSUBSCRIBED, recipient="nobody@example.com"),
        event(ReportedKind.UNSUBSCRIBED, recipient="no address"),
    )
    assert [each.result for each in found] == [IncomingResult.UNMATCHED] * 2
    assert await suppressed() == []


async def test_a_sandbox_has_no_part_in_real_answers(world: World) -> None:
    """A copy of the campaign in a sandbox makes nothing ambiguous, and nothing happens there."""
    copy = await make_world(2)
    await Workspace.filter(id=copy.context.workspace_id).update(sandbox=True)
    await copy.tick()
    await Send.filter(workspace_id=copy.context.workspace_id).update(sandbox=True)
    email = await sent_email(world)
    bounced = await report(
        world, event(ReportedKind.REPLIED, recipient="bob@example.com", sender="g@example.com", detail="Yes."),
        event(ReportedKind.UNSUBSCRIBED, recipient="ada@example.com"),
    )  # fmt: skip
    assert [each.workspace_id for each in bounced] == [world.context.workspace_id] * 2
    assert await suppressed() == [(world.context.workspace_id, email.recipient)]


async def test_an_answer_counts_although_its_clock_is_late(world: World) -> None:
    """Many servers cut a time to whole seconds, so an answer can seem to be older than its email."""
    early = NOW - timedelta(seconds=30)
    (row,) = await report(
        world, event(ReportedKind.REPLIED, early, recipient="ada@example.com", sender="g@example.com", detail="Yes.")
    )
    assert row.matched_by is MatchedBy.RECIPIENT
    assert (await sent_email(world)).replied_at == NOW


async def test_an_address_that_a_person_got_later_is_another_one(world: World) -> None:
    """The email went to the old address."""
    await Person.filter(email="ada@example.com").update(email="new@example.com", email_key="new@example.com")
    (row,) = await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="new@example.com"))
    assert row.result is IncomingResult.UNMATCHED
    assert await suppressed() == []


BUTTONS = {
    "Gmail": {"subject": "unsubscribe", "text": "This message was automatically generated by Gmail."},
    "Apple": {"subject": "unsubscribe", "text": "Apple Mail sent this email.", "Auto-Submitted": "auto-replied"},
    "a program": {"subject": "Unsubscribe", "text": "", "Auto-Submitted": "auto-generated"},
    "a person": {"subject": "Your emails", "text": "Bitte streichen Sie mich aus der Liste."},
}


@on_sqlite
@pytest.mark.parametrize("values", BUTTONS.values(), ids=BUTTONS)
async def test_a_new_mail_that_asks_to_unsubscribe_is_a_reply(world: World, values: dict[str, str]) -> None:
    """The unsubscribe button of a mail program writes a new mail to the sender if there is no other way."""
    email = await sent_email(world)
    (row,) = await receive(world, new_mail(**values), at=NOW + LONG_AGO)
    assert (row.kind, row.result, row.matched_by) == ("REPLY", IncomingResult.APPLIED, MatchedBy.RECIPIENT)
    assert (await Event.get(kind="REPLIED")).data["asksToUnsubscribe"] is True
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "REPLIED"
    assert await suppressed() == [], "anybody can forge a sender, so a person decides"


async def test_a_new_mail_that_asks_to_unsubscribe_ends_each_campaign(world: World) -> None:
    first = await Enrollment.get(id=world.enrollments[0].id)
    other = await create_campaign(world.context, name="Other", sender_id=(await Sender.get()).id, on_reply="CONTINUE")
    email = await sent_email(world)
    again = await Enrollment.get(id=first.id)
    again.id, again.campaign_id, again._saved_in_db = "enr_other", other.id, False
    await again.save(force_create=True)
    later = await Send.get(id=email.id)
    later.id, later.enrollment_id, later.message_id, later._saved_in_db = "snd_other", again.id, "<snd_other@x>", False
    later.sent_at = NOW + timedelta(minutes=1)
    await later.save(force_create=True)
    await receive(world, new_mail(subject="unsubscribe", text=""), at=NOW + HOUR)
    assert (await Enrollment.get(id=first.id)).end_reason == "REPLIED"
    assert await Event.filter(kind="REPLIED").count() == 2
    assert (await Enrollment.get(id=again.id)).end_reason == "REPLIED", "also if the campaign continues after a reply"


@pytest.mark.parametrize(
    ("transactional", "text", "status"),
    [(False, "please remove me", "ENDED"), (False, "Fine.", "ACTIVE"), (True, "please remove me", "ACTIVE")],
)
async def test_a_request_ends_a_campaign_that_continues_after_a_reply(
    world: World, transactional: bool, text: str, status: str
) -> None:
    await Campaign.all().update(on_reply="CONTINUE")
    await Template.all().update(transactional=transactional)
    email = await sent_email(world)
    await receive(world, reply(email.message_id, text=text), at=NOW + HOUR)
    assert (await Enrollment.get(id=email.enrollment_id)).status == status
    await world.tick(NOW + timedelta(days=9))
    assert world.channel.left.count("ada@example.com") == (1 if status == "ENDED" else 2)


@on_sqlite
async def test_a_reply_that_asks_to_unsubscribe_is_marked(world: World) -> None:
    email = await sent_email(world)
    await receive(world, reply(email.message_id, text="please remove me"))
    (other,) = await receive(world, reply((await sent_email(world, 1)).message_id, sender="bob@example.com"))
    assert other.kind == "REPLY"
    data = [each.data.get("asksToUnsubscribe") for each in await Event.filter(kind="REPLIED").order_by("id")]
    assert data == [True, None]


@on_sqlite
async def test_a_new_mail_about_something_else_is_no_reply(world: World) -> None:
    (row,) = await receive(world, new_mail(subject="Question", text="Who are you?"))
    assert (row.kind, row.result) == ("OTHER", IncomingResult.IGNORED)


def new_mail(subject: str, text: str, **headers: str) -> bytes:
    """Return a mail of Ada that refers to no earlier one."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada <ada@example.com>", "g@example.com", subject
    mail["Message-ID"] = "<new@mail.example>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


@on_sqlite
@pytest.mark.parametrize("how", ["changed", "merged"])
@pytest.mark.parametrize("kind", [ReportedKind.UNSUBSCRIBED, ReportedKind.COMPLAINED, ReportedKind.BOUNCED])
async def test_an_event_about_an_address_that_the_person_no_longer_has(
    world: World, kind: ReportedKind, how: str
) -> None:
    """It counts for the address, and its history says why. The person goes on with the new address."""
    email, context = await sent_email(world), world.context
    if how == "changed":
        await update_person(context, email.person_id, email="new@example.com")
        await update_person(context, email.person_id, email="newer@example.com")
    else:
        newer = await create_person(context, "newer@example.com")
        await merge_people(context, email.person_id, newer.id)
    bounce = BounceKind.HARD if kind is ReportedKind.BOUNCED else None
    (row,) = await report(world, event(kind, bounce=bounce, recipient="ADA@example.com", sender="g@example.com"))
    assert (row.result, row.matched_by, row.send_id) == (IncomingResult.APPLIED, MatchedBy.RECIPIENT, email.id)
    person = await Person.get(email="newer@example.com")
    assert (person.bounced_at, (await Enrollment.get(id=email.enrollment_id)).status) == (None, "ACTIVE")
    if kind is ReportedKind.BOUNCED:
        assert (await Send.get(id=email.id)).status is SendStatus.BOUNCED
    else:
        assert await suppressed() == [(context.workspace_id, "ada@example.com")]
        (entry,) = await SuppressionChange.all()
        source = SuppressionSource.COMPLAINT if kind is ReportedKind.COMPLAINED else SuppressionSource.PROVIDER
        assert entry.source == source
    (other,) = await report(world, event(ReportedKind.UNSUBSCRIBED, recipient="new@example.com"))
    assert other.result is IncomingResult.UNMATCHED, "no email went to that address"
    now = NOW + timedelta(days=8, hours=1)
    await world.tick(now)
    assert "newer@example.com" in world.channel.left
