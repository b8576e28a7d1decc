"""The link to unsubscribe in emails that are sent, and the mail that it makes a mail program write."""

from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from api.codes.refusals.people import PersonCode
from api.mail.unsubscribing.links import page_link
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses, unsubscribe_token
from api.models import Enrollment, IncomingEvent, Person, Send, Step, Suppression, SuppressionChange, Task, Template
from api.services.dispatch.dispatcher import run_once
from api.services.jobs.job_kind import JobRuntime
from api.services.people.people import update_person
from api.services.replies.answers_job import answer_chunks
from api.services.replies.incoming import receive_mails
from api.services.tasks.composing import compose
from api.services.tasks.send_task_email import send_task
from api.services.workspaces.workspaces import update_workspace
from plugins import IncomingMail
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

SECRET = "secret"
ADDRESSES = UnsubscribeAddresses("unsubscribe@example.com", SECRET)
WITH_LINK = '<p>Hi <a href="{{ unsubscribe_url }}">stop</a></p>'


def link_of(person: Person) -> str:
    return page_link("https://t.example", SECRET, person.workspace_id, person.email)


@dataclass
class Outbox:
    """A world whose emails have links, and what was sent in it."""

    world: World
    sent: list[Outgoing] = field(default_factory=list)

    async def tick(self) -> EmailMessage:
        """Send what is due, and return the last email."""
        await run_once(self.world.runtime, NOW)
        return message_from_bytes(self.sent[-1].message, policy=default)  # type: ignore[return-value]


def content(email: EmailMessage, kind: str) -> str:
    body = email.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
async def outbox(database: str) -> Outbox:
    world = await make_world(1)
    world.runtime = replace(world.runtime, unsubscribe_url=link_of, unsubscribe_addresses=ADDRESSES)
    world.context = world.runtime.context(world.context.workspace)
    outbox = Outbox(world)

    async def keep(outgoing: Outgoing) -> None:
        outbox.sent.append(outgoing)

    world.channel.before = keep
    return outbox


@on_sqlite
async def test_the_link_of_a_template_takes_the_place_of_the_line(outbox: Outbox) -> None:
    await Template.all().update(html=WITH_LINK)
    email = await outbox.tick()
    link = link_of(await Person.get())
    assert content(email, "html").count(link) == content(email, "plain").count(link) == 1
    assert "Unsubscribe" not in content(email, "plain")


async def test_the_line_of_the_workspace_is_used_from_then_on(outbox: Outbox) -> None:
    await update_workspace(outbox.world.context, unsubscribe_html='<i><a href="{{ unsubscribe_url }}">Bye</a></i>')
    email = await outbox.tick()
    assert f"Bye ({link_of(await Person.get())})" in content(email, "plain")
    assert "<i><a" in content(email, "html")


@on_sqlite
async def test_a_person_s_own_field_does_not_replace_the_link(outbox: Outbox) -> None:
    await Template.all().update(html=WITH_LINK)
    await Person.all().update(own_fields={"unsubscribe_url": "https://evil.example"})
    assert "evil" not in content(await outbox.tick(), "html")


async def arrives(outbox: Outbox, to: str, subject: str, *, sender: str = "x@example.com") -> IncomingEvent:
    """Let a mail come in, and return the row with its result."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail.set_content("Please stop.")
    key = f"INBOX:1:{await IncomingEvent.all().count()}"
    await receive_mails("imap:A", [IncomingMail(key, mail.as_bytes(), NOW)], NOW)
    runtime = outbox.world.runtime
    async for _ in answer_chunks(JobRuntime(runtime.context, lambda: NOW, None, runtime.unsubscribe_addresses)):
        pass
    return await IncomingEvent.get(key=key)


async def test_a_mail_to_the_signed_address_unsubscribes_its_recipient_and_nobody_else(outbox: Outbox) -> None:
    world = outbox.world
    email = await outbox.tick()
    mailto = email["List-Unsubscribe"].partition("<mailto:")[2].partition(">")[0]
    to, _, subject = mailto.partition("?subject=")
    person = await Person.get()
    await update_person(world.context, person.id, email="new@example.com")
    # The sender of the mail does not matter, and neither does the case of the token.
    row = await arrives(outbox, to.upper(), "no token here", sender="new@example.com")
    assert (row.kind, row.result) == ("UNSUBSCRIBE_MAIL", "APPLIED")
    assert row.reason == "The mail has the signed token of an email, and asks to unsubscribe."
    await arrives(outbox, "unsubscribe@example.com", subject.replace("%20", " "))
    assert [row.email for row in await Suppression.all()] == ["ada@example.com"]
    (change,) = await SuppressionChange.all()
    assert (str(change.source), change.reason) == ("MAILTO", "The recipient sent an email that asks to unsubscribe.")
    assert (await Enrollment.get()).status == "ACTIVE", "the person has another address now"


async def test_a_mail_ends_the_campaigns_of_the_person_who_has_the_address(outbox: Outbox) -> None:
    await outbox.tick()
    send = await Send.get(status="SENT")
    await arrives(outbox, f"unsubscribe+{unsubscribe_token(SECRET, send.id)}@example.com", "")
    enrollment = await Enrollment.get()
    assert (enrollment.status, enrollment.end_reason) == ("ENDED", PersonCode.UNSUBSCRIBED)


async def test_a_mail_without_a_valid_token_unsubscribes_nobody(outbox: Outbox) -> None:
    await outbox.tick()
    sent, unsent = await Send.all().order_by("due_at")
    forged = unsubscribe_token("another secret", sent.id)
    unknown = unsubscribe_token(SECRET, "snd_01jd0000000000000000000000")
    for token in (forged, unknown, unsubscribe_token(SECRET, unsent.id), ""):
        await arrives(outbox, f"unsubscribe+{token}@example.com", f"unsubscribe {token}", sender="ada@example.com")
    assert await Suppression.all().count() == 0


async def test_a_composed_email_has_the_link_of_the_address_to_which_it_goes(outbox: Outbox) -> None:
    world = outbox.world
    await Template.all().update(html=WITH_LINK)
    step = await Step.filter(number=1).get()
    await Step.filter(id=step.id).update(send_option="task")
    (enrollment,) = world.enrollments
    send = await Send.filter(step_id=step.id).get()
    await send.delete()
    task = await Task.create(
        id="tsk_1", workspace_id=enrollment.workspace_id, enrollment_id=enrollment.id, step_id=step.id,
        person_id=enrollment.person_id, assignee_id=send.sender_id, type="EMAIL", due_date=NOW.date(), name="Write",
        created_at=NOW,
    )  # fmt: skip
    shown = await compose(world.context, task.id)
    person = await Person.get()
    assert link_of(person) in shown.html
    await update_person(world.context, person.id, email="new@example.com")
    await send_task(world.context, task.id, html=f"{shown.html}<p>Best, G</p>")
    email = await outbox.tick()
    html = content(email, "html")
    assert (html.count(link_of(await Person.get())), html.count(link_of(person))) == (1, 0)
    assert "Unsubscribe" not in html
