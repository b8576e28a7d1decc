"""A reply is stored, reported, and ends the campaign that it ends, from whatever address it comes."""

from datetime import datetime

import pytest

from api.models import Campaign, Enrollment, Event, Person, Reply, Send, Sender, Step
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.ending.ending import end_enrollment
from api.services.launches.launch import Choice, launch
from api.services.people.erasing import erase_person
from api.services.people.merging import merge_people
from api.services.people.people import create_person
from api.services.replies import replies
from api.services.replies.replies import record_reply
from api.services.workspaces.senders import create_sender
from api.states import EnrollmentStatus, IncomingResult, MatchedBy, OnReply, ReplyKind, SendStatus
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import DAY, HOUR, OWN, RETURNS, auto_reply, receive, reply, sent_email
from tests.services.world import NOW, World, make_sent_world, make_world


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email. The second one is due on day 9."""
    return await make_sent_world(2)


async def kinds(enrollment_id: str) -> list[str]:
    return [each.kind for each in await Event.filter(enrollment_id=enrollment_id).order_by("id")]


async def test_a_reply_ends_the_campaign(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, reply(email.message_id), at=NOW + HOUR)
    assert (row.result, row.kind, row.matched_by) == (IncomingResult.APPLIED, "REPLY", MatchedBy.MESSAGE_ID)
    assert (row.workspace_id, row.send_id, row.content) == (world.context.workspace_id, email.id, None)
    ended = await Enrollment.get(id=email.enrollment_id)
    assert (ended.status, ended.end_reason) == (EnrollmentStatus.ENDED, "REPLIED")
    assert (await Send.get(id=email.id)).replied_at == NOW, "a reply is not later than the clock of its workspace"
    assert await Send.filter(enrollment_id=ended.id, status=SendStatus.FAILED).count() == 1
    stored = await Reply.get()
    assert (stored.send_id, stored.kind, stored.sender, stored.subject) == (
        email.id, ReplyKind.REPLY, "ada@example.com", "Re: Hi you"
    )  # fmt: skip
    assert stored.text == "Yes, let us talk."
    assert await kinds(ended.id) == ["CAMPAIGN_LAUNCHED", "EMAIL_SENT", "REPLIED", "EMAIL_FAILED", "CAMPAIGN_ENDED"]
    event = await Event.get(kind="REPLIED")
    assert event.data == {
        "reply": stored.id, "text": "Yes, let us talk.", "from": "ada@example.com", "matchedBy": "MESSAGE_ID"
    }  # fmt: skip
    assert (await Enrollment.get(id=world.enrollments[1].id)).status is EnrollmentStatus.ACTIVE


@on_sqlite
@pytest.mark.parametrize(
    ("setting", "status"),
    [
        (OnReply.END, EnrollmentStatus.ENDED),
        (OnReply.END_AS_SUCCESS, EnrollmentStatus.SUCCEEDED),
        (OnReply.CONTINUE, EnrollmentStatus.ACTIVE),
    ],
)
async def test_the_campaign_decides_what_a_reply_does(world: World, setting: OnReply, status: EnrollmentStatus) -> None:
    await Campaign.all().update(on_reply=setting)
    email = await sent_email(world)
    await receive(world, reply(email.message_id))
    assert (await Enrollment.get(id=email.enrollment_id)).status is status
    assert (await Send.get(id=email.id)).replied_at == NOW
    left = SendStatus.SCHEDULED if setting is OnReply.CONTINUE else SendStatus.FAILED
    assert (await Send.get(enrollment_id=email.enrollment_id, step__number=2)).status is left


@on_sqlite
async def test_an_answer_from_another_address_counts(world: World) -> None:
    email = await sent_email(world)
    await receive(world, reply(email.message_id, sender="assistant@elsewhere.example"))
    assert (await Enrollment.get(id=email.enrollment_id)).status is EnrollmentStatus.ENDED
    assert (await Reply.get()).sender == "assistant@elsewhere.example"


async def test_an_answer_of_another_person_ends_the_campaign_of_the_recipient_only(world: World) -> None:
    email = await sent_email(world)
    await receive(world, reply(email.message_id, sender="bob@example.com"))
    ada, bob = [await Enrollment.get(id=each.id) for each in world.enrollments]
    assert (ada.status, bob.status) == (EnrollmentStatus.ENDED, EnrollmentStatus.ACTIVE)
    assert not await Event.filter(enrollment_id=bob.id, kind="REPLIED").exists()


@on_sqlite
async def test_the_answer_to_a_forwarded_email_counts_for_the_recipient(world: World) -> None:
    """The colleague's reply names the recipient's mail first, and ours among the References."""
    email = await sent_email(world)
    headers = {"References": f"{email.message_id} <forward@mail.example>"}
    mail = reply(None, sender="colleague@example.com", headers={"In-Reply-To": "<forward@mail.example>", **headers})
    (row,) = await receive(world, mail)
    assert (row.result, row.send_id) == (IncomingResult.APPLIED, email.id)


async def test_two_answers_to_one_email_are_kept_and_end_the_campaign_once(world: World) -> None:
    email = await sent_email(world)
    await receive(world, reply(email.message_id), reply(email.message_id, text="And again."))
    assert [each.text for each in await Reply.all().order_by("id")] == ["Yes, let us talk.", "And again."]
    assert await Event.filter(kind="REPLIED").count() == 2
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 1


@on_sqlite
async def test_a_reply_that_two_mailboxes_receive_counts_once(world: World) -> None:
    email = await sent_email(world)
    first, second = await receive(world, *(reply(email.message_id, own_id="<one@mail.example>") for _ in range(2)))
    assert (first.result, second.result) == (IncomingResult.APPLIED, IncomingResult.IGNORED)
    assert "another mailbox" in second.reason
    assert await Event.filter(kind="REPLIED").count() == await Reply.all().count() == 1


@on_sqlite
async def test_a_reply_after_the_campaign_has_ended_is_reported_and_changes_nothing_else(world: World) -> None:
    email = await sent_email(world)
    await end_enrollment(world.context, email.enrollment_id)
    await receive(world, reply(email.message_id))
    ended = await Enrollment.get(id=email.enrollment_id)
    assert (ended.status, ended.end_reason) == (EnrollmentStatus.ENDED, "REMOVED")
    assert (await Send.get(id=email.id)).replied_at == NOW
    assert (await kinds(ended.id))[2:] == ["EMAIL_FAILED", "CAMPAIGN_ENDED", "REPLIED"]


@on_sqlite
async def test_an_automatic_answer_is_reported_and_changes_nothing(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, auto_reply(email.message_id))
    assert (row.result, row.kind) == (IncomingResult.APPLIED, "AUTO_REPLY")
    assert (await Enrollment.get(id=email.enrollment_id)).status is EnrollmentStatus.ACTIVE
    assert (await Send.get(id=email.id)).replied_at is None
    assert (await kinds(email.enrollment_id))[2:] == ["AUTO_REPLIED"]
    assert (await Reply.get()).kind is ReplyKind.AUTO_REPLY


@on_sqlite
async def test_an_automatic_answer_to_the_return_address_finds_its_email(world: World) -> None:
    email = await sent_email(world)
    (row,) = await receive(world, auto_reply(None, to=RETURNS.address(email.id).upper()), own=())
    assert (row.result, row.send_id, row.matched_by) == (IncomingResult.APPLIED, email.id, MatchedBy.RETURN_ADDRESS)


@on_sqlite
async def test_a_reply_to_a_follow_up_belongs_to_the_follow_up(database: str) -> None:
    world = await make_world(1, follow_up=True)
    await world.tick()
    await world.tick(NOW + 8 * DAY)
    first, second = await Send.all().order_by("step__number")
    assert second.status is SendStatus.SENT
    mail = reply(second.message_id, headers={})
    mail = mail.replace(b"References: ", f"References: {first.message_id} ".encode())
    (row,) = await receive(world, mail)
    assert row.send_id == second.id
    assert (await Send.get(id=first.id)).replied_at is None


async def test_a_reply_without_references_ends_each_campaign_after_several_emails(database: str) -> None:
    """Such as that of a webmail that sends no In-Reply-To, or of a person who writes a new mail with Re."""
    world = await make_world(2)
    await world.tick()
    other = await create_campaign(world.context, name="Other", sender_id=(await Sender.get()).id)
    content = {"template_id": (await Step.all())[0].template_id, "step_type": StepType.EMAIL}
    for day, option in ((1, "choose_at_launch"), (5, "same_time_as_previous"), (30, "same_time_as_previous")):
        await add_step(world.context, other.id, day=day, send_option=option, **content)
    (also,) = await launch(world.context, other.id, [world.enrollments[0].person_id], Choice("NOW"), {})
    await world.tick(NOW + 8 * DAY)
    last = await Send.get(enrollment_id=world.enrollments[0].id, step__number=2)
    assert last.status is SendStatus.SENT
    (row,) = await receive(world, reply(None, sender="Ada@example.com"), at=NOW + 9 * DAY)
    assert (row.kind, row.matched_by) == ("REPLY", MatchedBy.RECIPIENT)
    ended = await Enrollment.filter(end_reason="REPLIED").values_list("id", flat=True)
    assert sorted(ended) == sorted([world.enrollments[0].id, also.id])
    answered = await Send.filter(replied_at__not_isnull=True).values_list("id", flat=True)
    assert sorted(answered) == sorted([last.id, (await Send.get(enrollment_id=also.id, step__number=2)).id])
    await world.tick(NOW + 40 * DAY)
    assert await Send.filter(enrollment_id=also.id, status="SENT").count() == 2, "nothing after a reply"


@pytest.mark.parametrize("own", [(), ("sales@example.com",), ("o@example.com",)])
@pytest.mark.parametrize("by", ["to", "Cc", "Delivered-To"])
async def test_a_reply_without_references_is_found_in_a_mailbox_of_several_senders(
    world: World, own: tuple[str, ...], by: str
) -> None:
    """Such as that of a team, in which the mails to each sender arrive, or one whose login is no address."""
    await create_sender(world.context, name="O", email="o@example.com", zone="UTC", channel="scripted")
    email = await sent_email(world)
    other = reply(None, to="team@example.com", headers={"Cc": "ada@example.com"})
    own_mail = reply(None, to="G@Example.com") if by == "to" else reply(None, to="x@example.com", headers={by: OWN[0]})
    unmatched, found = await receive(world, other, own_mail, own=own)
    assert (unmatched.result, found.result) == (IncomingResult.UNMATCHED, IncomingResult.APPLIED)
    assert (found.send_id, found.matched_by) == (email.id, MatchedBy.RECIPIENT)
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "REPLIED"


@on_sqlite
async def test_a_reply_of_an_unknown_id_changes_nothing(world: World) -> None:
    email = await sent_email(world)
    wrong = ["<snd_00000000000000000000000000@example.com>", "<other@example.org>", f"<{email.id}@elsewhere.example>"]
    for row in await receive(world, *(reply(each, sender="x@y.example") for each in wrong)):
        assert (row.result, row.workspace_id, row.content) == (IncomingResult.UNMATCHED, None, None)
    assert await Reply.all().count() == 0
    assert await Enrollment.filter(status="ACTIVE").count() == 2


@on_sqlite
async def test_a_mail_that_is_no_answer_is_ignored_and_forgotten(world: World) -> None:
    news = b"From: news@example.org\r\nTo: g@example.com\r\nSubject: Offers\r\nList-Id: news\r\n\r\nBuy!"
    (row,) = await receive(world, news)
    assert (row.result, row.workspace_id, row.content) == (IncomingResult.IGNORED, None, None)


@on_sqlite
async def test_a_rep_records_a_reply_with_its_text(world: World) -> None:
    email = await sent_email(world)
    row, _ = await record_reply(world.context, email.enrollment_id, text="On the phone: yes.")
    assert row.status is EnrollmentStatus.ENDED
    assert (await Send.get(id=email.id)).replied_at == NOW
    assert (await Reply.get()).text == "On the phone: yes."


@on_sqlite
async def test_a_rep_records_a_reply_to_an_email_of_another_person(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        await record_reply(world.context, world.enrollments[0].id, send_id=(await sent_email(world, 1)).id)
    assert refused.value.path == ("emailId",)
    assert await Reply.all().count() == await Event.filter(kind="REPLIED").count() == 0


async def test_a_reply_before_any_email_has_only_the_feed(database: str) -> None:
    world = await make_world(1)
    row, _ = await record_reply(world.context, world.enrollments[0].id)
    assert row.status is EnrollmentStatus.ENDED
    assert await Reply.all().count() == 0
    assert await Event.filter(kind="REPLIED", enrollment_id=row.id).count() == 1
    assert await Person.all().count() == 1


async def test_a_flood_of_replies_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "MAX_REPLIES", 2)
    email = await sent_email(world)
    await receive(world, *(auto_reply(email.message_id) for _ in range(2)))
    again = await receive(world, *(auto_reply(email.message_id) for _ in range(2)))
    assert [row.result for row in again] == [IncomingResult.IGNORED] * 2
    assert "100 replies of this kind" in again[0].reason
    found = await receive(world, *(reply(email.message_id) for _ in range(4)))
    assert [row.result for row in found] == [IncomingResult.APPLIED] * 2 + [IncomingResult.IGNORED] * 2
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "REPLIED", "automatic ones do not hide a reply"
    assert await Reply.all().count() == 4
    assert await Event.filter(kind__in=["REPLIED", "AUTO_REPLIED"]).count() == 4


async def test_a_person_has_the_time_of_their_last_reply(world: World) -> None:
    """Automatic replies and older ones do not change it. A merge keeps the later one, and erasing deletes it."""
    email, context = await sent_email(world), world.context

    async def replied() -> datetime | None:
        return (await Person.get(id=email.person_id)).replied_at

    await receive(world, auto_reply(email.message_id), at=NOW + HOUR)
    assert await replied() is None
    await receive(world, reply(email.message_id, own_id="<b@x.example>"), at=NOW + 2 * HOUR)
    first = await replied()
    assert first is not None
    await Person.filter(id=email.person_id).update(replied_at=first + 9 * HOUR)
    await receive(world, reply(email.message_id, own_id="<c@x.example>"), at=NOW + 3 * HOUR)
    assert await replied() == first + 9 * HOUR
    newer = await create_person(context, "newer@example.com")
    await Person.filter(id=newer.id).update(replied_at=first)
    assert (await merge_people(context, email.person_id, newer.id)).replied_at == first + 9 * HOUR
    await erase_person(context, newer.id)
    assert (await Person.get(id=newer.id)).replied_at is None
