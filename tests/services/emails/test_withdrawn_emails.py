"""The email of a task that is withdrawn keeps its text, and opens its task again."""

import pytest

from api.models import Campaign, Enrollment, Event, Send, Task
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.scheduled_emails import withdraw_email
from api.services.tasks.composing import compose
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.states import SendStatus, TaskStatus
from api.store.engine.sql import execute
from plugins.contract import Outcome
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.emails.scheduled import TWO, arrivals, by_hand, events, refusal
from tests.services.tasks.test_send_task_email import DAY, HOUR
from tests.services.world import NOW, World


@on_sqlite
@pytest.mark.parametrize("how", ["scheduled", "deferred", "failed", "rejected", "held"])
async def test_a_withdrawn_email_opens_its_task_with_its_text(world: World, how: str) -> None:
    send = await by_hand(world, subject="Mine", html="<p>{{ mine }}</p>")
    at_two = later(world, TWO)
    if how == "held":
        await pause_campaign(world.context, (await Campaign.get()).id)
    elif how != "scheduled":
        outcomes = {"deferred": Outcome.DEFERRED, "failed": Outcome.FAILED, "rejected": Outcome.SOFT_BOUNCE}
        world.channel.outcome = outcomes[how]
        await at_two.tick(TWO)
    task = await withdraw_email(at_two.context, send.id)
    assert (task.status, task.done_at) == (TaskStatus.OPEN, None)
    assert await Send.filter(by_hand=True).count() == 0
    assert await events("EMAIL_WITHDRAWN") == [("EMAIL_WITHDRAWN", {})]
    seen = await compose(at_two.context, task.id)
    assert (seen.subject, seen.html) == ("Mine", "<p>{{ mine }}</p>")
    assert await refusal(withdraw_email(at_two.context, send.id)) == ("NOT_FOUND", ("id",))
    if how == "held":
        await resume_campaign(at_two.context, (await Campaign.get()).id)
    world.channel.outcome = Outcome.SENT
    arrived = arrivals(world)
    again = await send_task(at_two.context, task.id, html="<p>other</p>")
    assert (again.subject, again.html) == ("Mine", "<p>other</p>"), "what is not given is what compose shows"
    await at_two.tick(TWO)
    assert ("Mine", "<p>other</p>") in [(subject, html.strip()[:12]) for subject, html in arrived]
    assert list(await execute("SELECT * FROM written_email")) == []


async def test_a_withdrawn_task_that_would_have_expired_has_its_days_again(world: World) -> None:
    await Campaign.all().update(task_expiry_days=1)
    await Task.all().update(expires_at=NOW + DAY)
    send = await by_hand(world)
    task = await withdraw_email(later(world, NOW + DAY).context, send.id)
    assert task.expires_at == NOW + 2 * DAY + 17 * HOUR, "at midnight, after a whole day"
    send = await by_hand(world)
    assert (await withdraw_email(later(world, NOW + DAY + HOUR).context, send.id)).expires_at == task.expires_at


@on_sqlite
@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (None, "The email of this task is already scheduled. Reschedule, edit or withdraw it."),
        (Outcome.FAILED, "The email of this task was not delivered. Retry it, or withdraw it to write another."),
        (
            Outcome.SOFT_BOUNCE,
            "The email of this task was not delivered. Retry it, or withdraw it to write another.",
        ),
        (Outcome.IN_DOUBT, "The email of this task is in doubt. Call resolveInDoubt first."),
    ],
)
async def test_a_second_email_of_a_task_is_refused_with_what_can_be_done(
    world: World, outcome: Outcome | None, told: str
) -> None:
    await by_hand(world)
    if outcome is not None:
        world.channel.outcome = outcome
        await later(world, TWO).tick(TWO)
    with pytest.raises(Refusal) as refused:
        await by_hand(later(world, TWO), TWO + HOUR)
    assert (refused.value.code, refused.value.message) == ("ALREADY_SCHEDULED", told)


@on_sqlite
async def test_a_cancelled_task_is_told_as_such(world: World) -> None:
    send = await by_hand(world)
    await end_enrollment(world.context, (await Enrollment.get()).id)
    with pytest.raises(Refusal, match="was cancelled with the person's campaign"):
        await withdraw_email(world.context, send.id)


@on_sqlite
async def test_a_task_s_email_that_was_sent_now_stays(world: World) -> None:
    send = await by_hand(world, None)
    assert await refusal(withdraw_email(world.context, send.id)) == ("TASK_NOT_OPEN", ("id",))


async def test_completing_withdraws(world: World) -> None:
    send = await by_hand(world)
    await complete_task(world.context, (await Task.get()).id)
    assert await Send.filter(by_hand=True).count() == 0
    assert [(kind, data) for kind, data in await events("EMAIL_WITHDRAWN", "TASK_COMPLETED")] == [
        ("EMAIL_WITHDRAWN", {"reason": "TASK_COMPLETED"}),
        ("TASK_COMPLETED", {"type": "EMAIL"}),
    ]
    assert (await Event.get(kind="EMAIL_WITHDRAWN")).send_id == send.id
    world.channel.left.clear()
    await later(world, TWO).tick(TWO)
    assert world.channel.left == ["ada@example.com"], "only the first email"
    assert await Send.filter(step__day=9, status=SendStatus.SCHEDULED).count() == 1
