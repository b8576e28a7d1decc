"""EMAIL tasks that were created by hand: written, sent, scheduled, withdrawn, and sent from the rep's own mailbox."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.models import Event, Person, Send, Sender, Task
from api.services.compose.compose_manual_tasks import create_task
from api.services.compose.compose_windows import compose, discard_draft, save_draft, send_task
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import withdraw_email
from api.services.one_off_emails.drafts import NewEmail, create_email, update_email
from api.services.people.erasing import erase_person
from api.services.people.suppressions import suppress_address
from api.services.tasks.manual_tasks import delete_task, reopen_task
from api.services.tasks.sent_elsewhere import mark_task_sent
from api.services.tasks.task_changes import update_task
from api.services.tasks.tasks import complete_task, skip_task
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.states import IncomingResult, SendStatus, TaskStatus
from api.store.reports.counting import differences
from plugins.contract import Outcome
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.emails.scheduled import refusal
from tests.services.one_off_emails.test_copies import outgoing
from tests.services.replies.incoming_mails import OWN, RETURNS, receive
from tests.services.replies.test_sent_elsewhere import AT, GMAIL_ID, INBOX, copy_of_task
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)
SIGNATURE = "<p>Grace</p>"


@pytest.fixture
async def world(database: str) -> World:
    """A workspace in which no email of a campaign is due, whose sender has a signature."""
    world = await make_world(2)
    world.runtime = replace(world.runtime, return_addresses=RETURNS)
    world.context = world.runtime.context(world.context.workspace)
    await Send.all().update(due_at=NOW + 30 * DAY)
    await Sender.all().update(signature=SIGNATURE, append_signature=True)
    return world


async def email_task(world: World, *, template_id: str | None = None, **changes: Any) -> Task:
    ada, sender = await Person.get(email="ada@example.com"), await Sender.first()
    assert sender is not None
    given: dict[str, Any] = {"person_id": ada.id, "assignee_id": sender.id, "kind": StepType.EMAIL, "name": "Write"}
    return await create_task(world.context, template_id, **(given | {"due_date": NOW.date()} | changes))


async def email() -> Send:
    return await Send.get(enrollment_id=None)


async def test_an_empty_window_is_written_saved_and_sent(world: World) -> None:
    context, sent, task = world.context, outgoing(world), await email_task(world)
    for _ in range(2):  # other one-off emails do not matter
        await create_email(context, NewEmail(to="x@example.com", sender_id=task.assignee_id, subject="x"))
    seen = await compose(context, task.id)
    assert (seen.to, seen.subject, seen.html, seen.signature) == ("ada@example.com", "", SIGNATURE, SIGNATURE)
    assert (seen.draft, seen.draft_version, seen.copy_address) == (None, 0, RETURNS.copy_address(task.id))
    assert "ada@example.com" in seen.links.mailto
    assert await refusal(send_task(context, task.id)) == ("REQUIRED", ("subject",))
    assert await Send.filter(enrollment_id=None).count() == 2, "nothing is written"
    await Send.filter(enrollment_id=None).delete()
    draft = await save_draft(context, task.id, subject="Hello", if_version=0)
    assert (draft.subject, draft.html, draft.version) == ("Hello", SIGNATURE, 1)
    assert await refusal(save_draft(context, task.id, html="x", if_version=0)) == ("VERSION_CONFLICT", ("ifVersion",))
    await save_draft(context, task.id, html="<p>{{ no }} template<script>x</script></p>", if_version=1)
    await update_email(context, (await email()).id, cc=["carl@example.com"])
    seen = await compose(context, task.id)
    assert seen.draft is not None
    assert (seen.subject, seen.html, seen.draft.version) == ("Hello", "<p>{{ no }} template</p>", 2)
    assert seen.copy_address == RETURNS.copy_address((await email()).id)
    await send_task(context, task.id, if_version=2)
    assert (await Task.get(id=task.id)).status is TaskStatus.COMPLETED
    await world.tick()
    assert [(each.recipient, list(each.copies)) for each in sent] == [("ada@example.com", ["carl@example.com"])]
    assert ((await email()).status, await differences(10)) == (SendStatus.SENT, [])
    assert await refusal(send_task(context, task.id)) == ("TASK_NOT_OPEN", ("id",))
    await reopen_task(context, task.id)
    assert (await compose(context, task.id)).subject == "", "an open task can have another email"
    await send_task(context, task.id, subject="Again", html="<p>2</p>")
    assert await Send.filter(enrollment_id=None).count() == 2


async def test_it_is_scheduled_withdrawn_and_completed_when_it_is_sent(world: World) -> None:
    context = world.context
    template = await create_template(context, name="For tasks", subject="Hi {{ city }}", html="<p>{{ first_name }}</p>")
    task = await email_task(world, template_id=template.id)
    seen = await compose(context, task.id)
    assert (seen.subject, list(seen.prompts)) == ("Hi {{! city }}", ["city"])
    assert SIGNATURE in seen.html
    assert await refusal(send_task(context, task.id)) == ("FIELD_PROMPT_LEFT", ("id",))
    send = await send_task(context, task.id, subject="Hi Turin", at=NOW + DAY)
    assert (await Task.get(id=task.id)).status is TaskStatus.OPEN
    assert await refusal(save_draft(context, task.id, html="x")) == ("ALREADY_SCHEDULED", ("id",))
    assert await refusal(send_task(context, task.id, html="x")) == ("ALREADY_SCHEDULED", ("id",))
    bob = await Person.get(email="bob@example.com")
    assert await refusal(update_task(context, task.id, person_id=bob.id)) == ("ALREADY_SCHEDULED", ("id",))
    await withdraw_email(context, send.id)
    assert (await compose(context, task.id)).subject == "Hi Turin"
    other = await create_sender(context, name="H", email="h@example.com", zone="UTC", channel="scripted")
    await update_task(context, task.id, person_id=bob.id, assignee_id=other.id)
    await send_task(context, task.id, at=NOW + DAY)
    world.channel.outcome = Outcome.SOFT_BOUNCE
    await later(world, NOW + DAY).tick(NOW + DAY)
    assert (await email()).status is SendStatus.BOUNCED
    assert await refusal(save_draft(context, task.id, html="x")) == ("ALREADY_SCHEDULED", ("id",))
    world.channel.outcome = Outcome.SENT
    tomorrow = later(world, NOW + DAY)
    await retry_send(tomorrow.context, send.id)
    await tomorrow.tick(NOW + DAY)
    assert (world.channel.left, (await email()).sender_id) == (["bob@example.com"], other.id)
    done = await Task.get(id=task.id)
    assert (done.status, done.done_at) == (TaskStatus.COMPLETED, NOW + DAY)


@on_sqlite
@pytest.mark.parametrize("end", [complete_task, skip_task, delete_task])
async def test_a_task_that_ends_otherwise_takes_its_unsent_email_with_it(world: World, end: Any) -> None:
    drafted, scheduled = [await email_task(world) for _ in range(2)]
    await save_draft(world.context, drafted.id, subject="x")
    await send_task(world.context, scheduled.id, subject="x", html="<p>x</p>", at=NOW + DAY)
    for task in (drafted, scheduled):
        await end(world.context, task.id)
    assert await Send.filter(enrollment_id=None).count() == 0
    assert await Event.filter(kind="EMAIL_DELETED").count() == 2
    await world.tick(NOW + DAY)
    assert world.channel.left == []


async def test_a_draft_is_discarded_or_changes_its_type(world: World) -> None:
    context, task = world.context, await email_task(world)
    await save_draft(context, task.id, subject="x")
    assert (await discard_draft(context, task.id, if_version=1)).draft_version == 2
    assert await Send.filter(enrollment_id=None).count() == 0
    await save_draft(context, task.id, subject="x")
    await update_task(context, task.id, type=StepType.CALL)
    assert await Send.filter(enrollment_id=None).count() == 0
    assert await refusal(save_draft(context, task.id, subject="x")) == ("NOT_AN_EMAIL_TASK", ("id",))
    assert await refusal(email_task(world, template_id="tpl_x", kind=StepType.CALL)) == (
        "NOT_AN_EMAIL_TASK", ("templateId",),
    )  # fmt: skip


@on_sqlite
async def test_who_says_no_gets_nothing(world: World) -> None:
    context, task = world.context, await email_task(world)
    await save_draft(context, task.id, subject="x", html="<p>x</p>")
    await suppress_address(context, "ada@example.com")
    for work in (compose(context, task.id), send_task(context, task.id)):
        assert await refusal(work) == ("UNSUBSCRIBED", ("id",))
    await erase_person(context, task.person_id)
    assert await refusal(send_task(context, task.id)) == ("TASK_NOT_OPEN", ("id",))
    assert (await email()).html == ""


@pytest.mark.parametrize("place", ["sent", "inbox", "by hand"])
@pytest.mark.parametrize("what", ["task", "draft of a task", "one-off email"])
async def test_an_email_that_the_rep_sends_from_their_own_mailbox(world: World, place: str, what: str) -> None:
    """A copy, or the rep, says so. The email is recorded once, with the Message-ID of the rep's mail."""
    context, task = world.context, await email_task(world)
    if what == "one-off email":
        if place == "by hand":
            return  # only tasks are marked by hand
        new = NewEmail(person_id=task.person_id, sender_id=task.assignee_id, subject="x", html="<p>x</p>")
        address = RETURNS.copy_address((await create_email(context, new)).id)
        assert RETURNS.send_id(address) is None, "it is not a return address"
    else:
        if what == "draft of a task":
            await save_draft(context, task.id, subject="x", html="<p>x</p>")
        address = str((await compose(context, task.id)).copy_address)
    if place == "by hand":
        await mark_task_sent(later(world, AT).context, task.id, sent_at=AT, message_id=GMAIL_ID, subject="x")
    else:
        results = []
        for message_id in (GMAIL_ID, "<again@mail.gmail.com>"):
            where = {"bcc": address} if place == "sent" else {"delivered": address}
            mail = await copy_of_task(message_id=message_id, **where)
            *_, row = await receive(later(world, AT), mail, at=AT, own=OWN if place == "sent" else INBOX)
            results.append(row.result)
        assert results == [IncomingResult.APPLIED, IncomingResult.IGNORED]
    sent = await email()
    assert (sent.status, sent.sent_at, sent.message_id, sent.recipient) == (
        SendStatus.SENT, AT, GMAIL_ID, "ada@example.com",
    )  # fmt: skip
    assert (await Task.get(id=task.id)).status is (TaskStatus.OPEN if what == "one-off email" else TaskStatus.COMPLETED)
    assert await Event.filter(send_id=sent.id, kind="EMAIL_SENT").count() == 1
    assert await differences(10) == []
    await world.tick(NOW + 2 * DAY)
    assert world.channel.left == []
