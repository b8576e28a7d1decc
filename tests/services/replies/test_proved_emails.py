"""An answer proves that an email was sent: one in doubt, or one that would be sent a second time."""

import pytest

from api.models import Campaign, Event, Send, Step, Task
from api.services.campaigns.campaigns import add_step
from api.services.campaigns.ending.ending import end_enrollment
from api.services.emails.emails import retry_send
from api.services.tasks.send_task_email import send_task
from api.states import BounceKind, IncomingResult, SendStatus
from plugins import ReportedKind
from plugins.contract import Outcome
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import HOUR, RETURNS, bounce, event, receive, reply, report, sent_email
from tests.services.replies.test_returned_emails import HARD_BOUNCED, SOFT, SOFT_BOUNCED, state
from tests.services.world import NOW, make_world


@on_sqlite
@pytest.mark.parametrize("outcome", [Outcome.IN_DOUBT])
async def test_an_answer_proves_that_an_email_in_doubt_was_sent(database: str, outcome: Outcome) -> None:
    world = await make_world(2)
    world.channel.outcome = outcome
    await world.tick()
    answered, returned = await sent_email(world, 0), await sent_email(world, 1)
    assert answered.status is returned.status is SendStatus.IN_DOUBT
    await receive(world, reply(answered.message_id), bounce(returned.message_id, "bob@example.com"))
    proved = await Send.get(id=answered.id)
    assert (proved.status, proved.sent_at, proved.reason, proved.detail) == (SendStatus.SENT, NOW, None, "")
    assert await state(returned) == HARD_BOUNCED
    sent = await Event.filter(kind="EMAIL_SENT").order_by("id")
    assert [each.data for each in sent] == [{"reason": "ANSWERED"}] * 2


@on_sqlite
async def test_an_answer_keeps_an_email_from_being_sent_twice(database: str) -> None:
    """The email was in doubt, and is scheduled again: a bounce of its first copy proves that it was sent."""
    world = await make_world(1)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    email = await sent_email(world)
    await retry_send(world.context, email.id)
    assert (await Send.get(id=email.id)).status is SendStatus.SCHEDULED
    await receive(world, bounce(email.message_id, **SOFT))
    world.channel.outcome = Outcome.SENT
    await world.tick(NOW + HOUR)
    assert await state(email) == SOFT_BOUNCED
    assert len(world.channel.left) == 1, "only the first copy"


@on_sqlite
async def test_the_recipient_alone_proves_nothing(database: str) -> None:
    world = await make_world(1)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    await receive(world, bounce(None, "ada@example.com"))
    assert (await sent_email(world)).status is SendStatus.IN_DOUBT


@on_sqlite
async def test_an_email_that_was_never_sent_has_no_answer(database: str) -> None:
    world = await make_world(1)
    email = await sent_email(world)
    reported = await report(
        world,
        event(ReportedKind.BOUNCED, bounce=BounceKind.HARD, email_id=email.id),
        event(ReportedKind.BOUNCED, bounce=BounceKind.HARD, message_id=f"<{email.id}@example.com>"),
        event(ReportedKind.DELIVERED, recipient=RETURNS.address(email.id)),
    )
    assert [row.result for row in reported] == [IncomingResult.UNMATCHED] * 3
    assert (await Send.get(id=email.id)).status is SendStatus.SCHEDULED


@on_sqlite
async def test_a_reply_to_an_email_that_failed_after_its_transmission_proves_it(database: str) -> None:
    """The email was in doubt and scheduled again; then its campaign ended, which made it FAILED."""
    world = await make_world(1)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    email = await sent_email(world)
    await retry_send(world.context, email.id)
    await end_enrollment(world.context, email.enrollment_id)
    assert (await Send.get(id=email.id)).status is SendStatus.FAILED
    await receive(world, reply(email.message_id))
    proved = await Send.get(id=email.id)
    assert (proved.status, proved.replied_at, proved.reason) == (SendStatus.SENT, NOW, None)


async def test_an_answer_to_a_reps_email_in_doubt_completes_its_task(database: str) -> None:
    world = await make_world(1)
    content = {"template_id": (await Step.exclude(template_id=None).first()).template_id}  # type: ignore[union-attr]
    campaign = await Campaign.get()
    await add_step(world.context, campaign.id, day=2, send_option="task", step_type=StepType.EMAIL, **content)
    task = await Task.get()
    sent = await send_task(world.context, task.id, subject="By hand", html="<p>x</p>")
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick(NOW + HOUR)
    email = await Send.get(enrollment_id=sent.enrollment_id, by_hand=True)
    assert email.status is SendStatus.IN_DOUBT
    await Campaign.all().update(on_reply="CONTINUE")
    await receive(world, reply(email.message_id), at=NOW + HOUR)
    assert (await Send.get(id=email.id)).status is SendStatus.SENT
    assert (await Task.get(id=task.id)).status == "COMPLETED"
