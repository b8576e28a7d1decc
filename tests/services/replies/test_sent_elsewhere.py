"""Emails of tasks that reps send from their own mailboxes: a copy completes the task once, and the thread goes on."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import pytest

from api.models import Campaign, Enrollment, Event, IncomingEvent, Person, Reply, Send, Sender, Task, Template
from api.services.campaigns.campaigns import add_step
from api.services.campaigns.ending.ending import end_enrollment
from api.services.tasks.composing import compose
from api.services.tasks.drafts import save_draft
from api.services.tasks.send_task_email import send_task
from api.services.tasks.sent_elsewhere import mark_task_sent
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template
from api.states import IncomingResult, MatchedBy, SendStatus, TaskStatus
from api.store.engine.sql import execute
from api.store.reports.counting import differences
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content, later
from tests.services.emails.scheduled import refusal
from tests.services.replies.incoming_mails import HOUR, OWN, RETURNS, bounce, receive, reply
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)
INBOX = ("bounces@example.com",)
GMAIL_ID = "<CAF1+xyz@mail.gmail.com>"


@pytest.fixture
async def world(database: str) -> World:
    """One person with an EMAIL task on day 2, and its follow-up on day 3 at the same time as that email."""
    world = await make_world(1)
    world.runtime = replace(world.runtime, return_addresses=RETURNS)
    world.context = world.runtime.context(world.context.workspace)
    await world.tick()
    campaign = (await Campaign.get()).id
    await add_step(world.context, campaign, day=2, send_option="task", **await content())
    own = await create_template(world.context, name="Own", subject="", html="<p>And?</p>")
    await add_step(
        world.context, campaign, day=3, send_option="same_time_as_previous", follow_up=True,
        step_type=StepType.EMAIL, template_id=own.id,
    )  # fmt: skip
    await Template.exclude(id=own.id).update(subject="Question", html="<p>Hi</p>", text=None)
    return world


async def copy_of_task(
    *, bcc: str | None = None, to: str = "ada@example.com", sender: str = "g@example.com", delivered: str = "",
    message_id: str = GMAIL_ID,
) -> bytes:  # fmt: skip
    """Return the mail of a rep: with Bcc, as the folder Sent has it, or as it was delivered to an address."""
    mail = EmailMessage()
    if delivered:
        mail["Delivered-To"] = delivered
    mail["From"], mail["To"], mail["Subject"] = f"Grace <{sender}>", f"Ada <{to}>", "Question for you"
    if bcc:
        mail["Bcc"] = bcc
    mail["Date"] = format_datetime(NOW + DAY)
    mail["Message-ID"] = message_id
    mail.set_content("Hi Ada, I wrote this in Gmail.")
    return mail.as_bytes()


async def signed() -> str:
    return RETURNS.copy_address((await Task.get(type="EMAIL")).id)


AT = NOW + DAY + 2 * HOUR + timedelta(seconds=17)


@on_sqlite
async def test_the_links_have_the_signed_address_and_a_sandbox_has_none(world: World) -> None:
    task = await Task.get()
    seen = await compose(world.context, task.id)
    assert seen.copy_address == await signed()
    assert RETURNS.task_id(seen.copy_address) == task.id
    assert RETURNS.send_id(seen.copy_address) is None, "it is not a return address"
    assert RETURNS.task_id(RETURNS.address("snd_" + task.id[4:])) is None
    local = seen.copy_address.partition("@")[0].replace("+", "%2B")
    assert f"&bcc={local}@example.com" in seen.links.gmail
    assert f"&bcc={local}@example.com" in seen.links.mailto
    assert f"&bcc={seen.copy_address}" in seen.links.outlook
    world.context.workspace.sandbox = True
    assert world.runtime.context(world.context.workspace).copy_address(task.id) is None


@pytest.mark.parametrize("place", ["sent", "inbox"])
async def test_a_copy_completes_the_task_and_the_thread_goes_on(world: World, place: str) -> None:
    task = await Task.get()
    await save_draft(world.context, task.id, html="<p>draft</p>")
    address = await signed()
    sent = await copy_of_task(bcc=address) if place == "sent" else await copy_of_task(delivered=address.upper())
    (row,) = await receive(later(world, AT), sent, at=AT, own=OWN if place == "sent" else INBOX)
    email = await Send.get(by_hand=True)
    assert (row.result, row.matched_by, row.send_id) == (IncomingResult.APPLIED, MatchedBy.RETURN_ADDRESS, email.id)
    assert (email.status, email.sent_at, email.message_id) == (SendStatus.SENT, AT, GMAIL_ID)
    assert (email.subject, email.recipient) == ("Question for you", "ada@example.com")
    done = await Task.get(id=task.id)
    assert (done.status, done.done_at) == (TaskStatus.COMPLETED, AT)
    assert list(await execute("SELECT * FROM written_email")) == []
    followed = await Send.get(step__number=3)
    assert followed.due_at == AT + DAY, "at the time of day when it was really sent"
    assert await differences(10) == [], "reports count it as sent"
    events = [event.kind for event in await Event.filter(send_id=email.id)]
    assert events == ["EMAIL_SENT"]
    other = "inbox" if place == "sent" else "sent"
    again = await copy_of_task(bcc=address) if other == "sent" else await copy_of_task(delivered=address)
    (second,) = await receive(later(world, AT + HOUR), again, at=AT + HOUR, own=OWN if other == "sent" else INBOX)
    assert (second.result, second.reason) == (IncomingResult.IGNORED, "The email of this task is already recorded.")
    assert await Send.filter(by_hand=True).count() == 1
    bytes_sent: list[bytes] = []

    async def arrives(outgoing: object) -> None:
        bytes_sent.append(outgoing.message)  # type: ignore[attr-defined]

    world.channel.during = arrives
    await later(world, AT + DAY).tick(AT + DAY)
    assert GMAIL_ID.encode() in bytes_sent[-1].partition(b"In-Reply-To:")[2].partition(b"\r\n")[0]
    answer = reply(GMAIL_ID, to="g@example.com", sender="ada.private@example.net")
    (answered,) = await receive(later(world, AT + DAY), answer, at=AT + DAY)
    assert (answered.result, answered.matched_by) == (IncomingResult.APPLIED, MatchedBy.MESSAGE_ID)
    assert (await Reply.get()).send_id == email.id


async def test_a_task_that_was_completed_before_the_copy_gets_its_email(world: World) -> None:
    task = await Task.get()
    await complete_task(later(world, AT + HOUR).context, task.id)
    await receive(later(world, AT + 2 * HOUR), await copy_of_task(bcc=await signed()), at=AT)
    email = await Send.get(by_hand=True)
    assert (email.sent_at, (await Task.get(id=task.id)).done_at) == (AT, AT)
    assert (await Send.get(step__number=3)).due_at == AT + DAY


async def test_a_scheduled_email_is_withdrawn_by_a_copy_and_a_sent_one_stays(world: World) -> None:
    task = await Task.get()
    scheduled = await send_task(world.context, task.id, html="<p>x</p>", at=NOW + 2 * DAY)
    await receive(later(world, AT), await copy_of_task(bcc=await signed()), at=AT)
    assert not await Send.exists(id=scheduled.id)
    assert (await Send.get(by_hand=True)).status is SendStatus.SENT
    assert await refusal(mark_task_sent(later(world, AT).context, task.id)) == ("TASK_NOT_OPEN", ("id",))


@on_sqlite
@pytest.mark.parametrize("status", ["FAILED", "BOUNCED", "IN_DOUBT", "TRANSMITTING"])
@pytest.mark.parametrize("how", ["copy", "mark"])
async def test_the_email_of_a_task_that_failed_is_replaced_and_one_that_may_be_sent_is_not(
    world: World, status: str, how: str
) -> None:
    task = await Task.get()
    tried = await send_task(world.context, task.id, html="<p>x</p>", at=NOW + 2 * DAY)
    lease = {"attempt_id": "att_1", "lease_until": AT + DAY} if status == "TRANSMITTING" else {}
    await Send.filter(id=tried.id).update(status=status, **lease)
    code = {"IN_DOUBT": "ALREADY_SCHEDULED", "TRANSMITTING": "EMAIL_LEAVING"}.get(status)
    if how == "mark" and code:
        assert await refusal(mark_task_sent(later(world, AT).context, task.id)) == (code, ("id",))
    elif how == "mark":
        await mark_task_sent(later(world, AT).context, task.id)
    else:
        (row,) = await receive(later(world, AT), await copy_of_task(bcc=await signed()), at=AT)
        waits = status == "TRANSMITTING"
        assert row.result is (None if waits else IncomingResult.IGNORED if code else IncomingResult.APPLIED)
    email = await Send.get(by_hand=True)
    assert (email.id == tried.id, email.status) == (bool(code), SendStatus(status) if code else SendStatus.SENT)
    assert (await Task.get(id=task.id)).status is (TaskStatus.OPEN if code else TaskStatus.COMPLETED)


@on_sqlite
async def test_nobody_else_completes_a_task(world: World) -> None:
    task, address = await Task.get(), await signed()
    forged = address.replace(address[address.index("@") - 1], "0" if address[address.index("@") - 1] != "0" else "1")
    mails = [
        await copy_of_task(bcc=forged, message_id="<a@x>"),
        await copy_of_task(bcc=address, sender="ada@example.com", to="other@example.net", message_id="<b@x>"),
        await copy_of_task(bcc=address, sender="x@example.net", to="other@example.net", message_id="<c@x>"),
        await copy_of_task(bcc=RETURNS.copy_address("tsk_" + "0" * 26), message_id="<d@x>"),
        bounce(None, "ada@example.com", to=address),
        reply(None, to=address, headers={"Auto-Submitted": "auto-replied"}, text="I am away."),
    ]
    for mail in mails:
        await receive(later(world, AT), mail, at=AT, own=INBOX)
    assert (await Task.get(id=task.id)).status is TaskStatus.OPEN
    assert await Send.filter(by_hand=True).count() == 0
    assert await IncomingEvent.filter(result=IncomingResult.FAILED).count() == 0
    alias = await copy_of_task(delivered=address, sender="grace@private.example")
    (row,) = await receive(later(world, AT), alias, at=AT, own=INBOX)
    assert row.result is IncomingResult.APPLIED, "the rep's other address, to the person"


@on_sqlite
@pytest.mark.parametrize(
    ("refers", "sender", "copies"),
    [
        (True, "ada@example.com", ""),
        (False, "ada@example.com", ""),
        (True, "colleague@example.org", ", ada@example.com"),
    ],
)
async def test_an_answer_to_all_addresses_is_a_reply(world: World, refers: bool, sender: str, copies: str) -> None:
    """The rep wrote the address of the copy into Cc, so that the person answers to it as well."""
    address = await signed()
    await receive(later(world, AT), await copy_of_task(bcc=address), at=AT, own=INBOX)
    answer = reply(GMAIL_ID if refers else None, sender=sender, to=f"g@example.com, {address}{copies}")
    (row,) = await receive(later(world, AT + HOUR), answer, at=AT + HOUR, own=("g@example.com",))
    assert (row.kind, row.result) == ("REPLY", IncomingResult.APPLIED)
    assert (await Enrollment.get()).end_reason == "REPLIED"


@on_sqlite
async def test_a_copy_for_a_task_that_was_cancelled_is_recorded_and_opens_nothing(world: World) -> None:
    await end_enrollment(world.context, (await Enrollment.get()).id)
    await receive(later(world, AT), await copy_of_task(bcc=await signed()), at=AT)
    assert (await Send.get(by_hand=True)).status is SendStatus.SENT
    assert (await Task.get()).status is TaskStatus.CANCELLED
    assert await Send.filter(step__number=3).count() == 0


@on_sqlite
async def test_a_rep_marks_a_task_as_sent(world: World) -> None:
    task, now = await Task.get(), later(world, AT)
    for values, path in (
        ({"sent_at": AT + HOUR}, ("INVALID_INSTANT", ("sentAt",))),
        ({"sent_at": AT - timedelta(days=366)}, ("INVALID_INSTANT", ("sentAt",))),
        ({"message_id": "abc"}, ("INVALID_TEXT", ("messageId",))),
        ({"message_id": "<a@b>\r\nBcc: x"}, ("INVALID_TEXT", ("messageId",))),
        ({"subject": "a\nb"}, ("INVALID_TEXT", ("subject",))),
    ):
        assert await refusal(mark_task_sent(now.context, task.id, **values)) == path  # type: ignore[arg-type]
    email = await mark_task_sent(now.context, task.id, sent_at=AT - HOUR, message_id="<a@b.example>", subject="Hi")
    assert (email.status, email.sent_at, email.subject) == (SendStatus.SENT, AT - HOUR, "Hi")
    assert (await Task.get(id=task.id)).done_at == AT - HOUR
    (row,) = await receive(now, reply("<A@B.example>"), at=AT)
    assert (row.matched_by, row.send_id) == (MatchedBy.MESSAGE_ID, email.id)
    assert (await Person.get()).email == "ada@example.com"
    assert (await Sender.get()).email == "g@example.com"
