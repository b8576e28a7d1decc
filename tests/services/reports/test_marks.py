"""What an email's answers and a task's end add to the counts of reports, through the services that write them."""

from datetime import date, datetime, timedelta

import pytest

from api.models import Campaign, Person, Send, Sender, Step, Template, Workspace
from api.services.campaigns.ending.ending import succeed_by_email
from api.services.emails.emails import retry_send
from api.services.one_off_emails.drafts import NewEmail, create_email
from api.services.one_off_emails.sending import send_email
from api.services.people.recipient_choices import undo_unsubscribe, unsubscribe_recipient
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.tasks.closing import close_task
from api.services.tasks.manual_tasks import create_task, reopen_task
from api.states import BounceKind, OnReply, SuppressionSource, TaskStatus
from api.store.engine.transactions import transaction
from api.store.reports.counting import differences
from api.store.reports.folding import fold
from api.store.reports.measures import Scope
from api.store.reports.reading import Counts, counts
from api.store.reports.report_lines import CountsOf, Lines, ReportFilter, report
from plugins.contract import Outcome
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.tracking.test_effects import clicked, opened, record
from tests.services.world import NOW, World, make_world

TODAY = date(2026, 3, 2)
NOTHING = Counts({}, {})
EVERYTHING = ReportFilter()


@pytest.fixture
async def world(database: str) -> World:
    """Two people who are due."""
    return await make_world(2)


async def campaign_counts(world: World) -> Counts:
    campaign = await Campaign.get()
    return (await counts(world.context.workspace_id, Scope.CAMPAIGN, [campaign.id])).get(campaign.id, NOTHING)


async def days(world: World, chosen: ReportFilter = EVERYTHING) -> list[CountsOf]:
    return (await report(world.context.workspace_id, None, chosen, Lines(100)))[0]


async def test_an_email_counts_from_its_plan_to_its_answers(world: World) -> None:
    people = {"people_active": 2}
    assert await campaign_counts(world) == Counts({"scheduled": 4} | people, {})
    await world.tick()
    sent = await Send.filter(status="SENT").order_by("id")
    template = str((await Step.get(number=1)).template_id)
    assert {(row.attempted_on, row.template_id) for row in sent} == {(TODAY, template)}
    assert await campaign_counts(world) == Counts({"scheduled": 2, "delivered": 2} | people, {})
    await record(opened(sent[0]), opened(sent[0], NOW + timedelta(hours=9)), clicked(sent[1]))
    await Campaign.all().update(on_reply=OnReply.END_AS_SUCCESS)
    for _ in range(2):
        await record_reply(world.context, str(sent[0].enrollment_id), send_id=sent[0].id)
    answers = {"replied": 1, "replies": 2, "succeeded": 1, "opened": 1, "opens": 2, "clicked": 1, "clicks": 1}
    numbers = {"scheduled": 1, "delivered": 2, "failed": 1, "people_active": 1, "people_succeeded": 1} | answers
    assert await campaign_counts(world) == Counts(numbers, {"failed": {"CAMPAIGN_ENDED": 1}})
    of_template = await counts(world.context.workspace_id, Scope.TEMPLATE, [template])
    assert of_template[template].numbers == {"delivered": 2} | answers
    await fold()
    assert await campaign_counts(world) == Counts(numbers, {"failed": {"CAMPAIGN_ENDED": 1}})
    assert await differences(3) == []
    newest, oldest = await days(world)
    assert oldest == CountsOf("2026-03-02", {"delivered": 2} | answers)
    assert newest == CountsOf("2026-03-10", {"scheduled": 1, "failed": 1})
    assert await days(world, ReportFilter(sender_id=str(sent[0].sender_id))) == [newest, oldest]
    assert await days(world, ReportFilter(sender_id=str(sent[0].sender_id), template_id=template)) == [oldest]


async def test_a_rejected_email_counts_for_its_template_and_day_until_it_is_sent_again(world: World) -> None:
    world.channel.outcome = Outcome.SOFT_BOUNCE
    await world.tick(NOW + timedelta(days=3))
    template = str((await Step.get(number=1)).template_id)
    assert await days(world, ReportFilter(template_id=template)) == [CountsOf("2026-03-05", {"bounced_soft": 2})]
    world.channel.outcome = Outcome.SENT
    context = world.runtime.context(await Workspace.get())
    bounced = (await Send.filter(status="BOUNCED").order_by("id"))[0]
    await retry_send(context, bounced.id)
    assert (await campaign_counts(world)).numbers == {"scheduled": 3, "bounced_soft": 1, "people_active": 2}
    await world.tick(NOW + timedelta(days=4))
    assert await days(world, ReportFilter(template_id=template)) == [
        CountsOf("2026-03-06", {"delivered": 1}),
        CountsOf("2026-03-05", {"bounced_soft": 1}),
    ]
    await record_bounce(context, str(bounced.enrollment_id), send_id=bounced.id, kind=BounceKind.HARD)
    numbers = {"scheduled": 1, "failed": 1, "bounced_soft": 1, "bounced_hard": 1, "people_active": 1, "people_ended": 1}
    assert await campaign_counts(world) == Counts(
        numbers, {"failed": {"CAMPAIGN_ENDED": 1}, "people_ended": {"BOUNCED": 1}}
    )
    assert await differences(3) == []


async def test_the_link_of_an_email_counts_for_the_last_email_to_the_address(world: World) -> None:
    await world.tick()
    person = await Person.get(id=world.enrollments[0].person_id)
    status, _ = await unsubscribe_recipient(world.context, [person.email], SuppressionSource.LINK)
    assert (await campaign_counts(world)).number("unsubscribed") == 1
    assert await Send.filter(unsubscribed_at=world.context.now).values_list("person_id", flat=True) == [person.id]
    await undo_unsubscribe(world.context, [person.email], status.change_ids)
    assert (await campaign_counts(world)).number("unsubscribed") == 0
    assert await differences(3) == []


async def test_a_one_off_email_counts_for_its_template_once_it_is_sent(world: World) -> None:
    await Send.all().update(due_at=NOW + timedelta(days=9))
    sender, template = await Sender.get(), await Template.get()
    person = await Person.get(id=world.enrollments[0].person_id)
    new = NewEmail(person_id=person.id, sender_id=sender.id, template_id=template.id, subject="Hello", html="<p>x</p>")
    before = await days(world)
    draft = await create_email(world.context, new)
    assert await days(world) == before, "a draft counts nowhere"
    await send_email(world.context, draft.id)
    await world.tick()
    await unsubscribe_recipient(world.context, [person.email], SuppressionSource.LINK)
    of_template = ReportFilter(template_id=template.id)
    assert await days(world, of_template) == [CountsOf("2026-03-02", {"delivered": 1, "unsubscribed": 1})]
    assert (await campaign_counts(world)).number("delivered") == 0
    assert await differences(3) == []


@on_sqlite
async def test_an_email_that_a_rep_marks_as_a_success_counts(world: World) -> None:
    await world.tick()
    await succeed_by_email(world.context, (await world.send()).id)
    found = await campaign_counts(world)
    assert (found.number("succeeded"), found.number("people_succeeded"), found.number("replied")) == (1, 1, 0)
    assert await differences(3) == []


async def test_a_task_counts_on_the_day_of_its_end_in_its_zone(world: World) -> None:
    await Sender.all().update(zone="Asia/Tokyo")
    sender, person = str((await Sender.get()).id), str(world.enrollments[0].person_id)
    task = await create_task(
        world.context, person_id=person, assignee_id=sender, kind=StepType.CALL, name="Call", due_date=TODAY
    )
    due = ReportFilter(sender_id=sender, last=TODAY)
    assert [each.numbers["tasks_open"] for each in await days(world, due)] == [1]
    late = datetime.fromisoformat("2026-03-04T23:30:00+00:00")
    async with transaction():
        await close_task(world.context, task, TaskStatus.COMPLETED, late)
    that_day = ReportFilter(first=date(2026, 3, 5), last=date(2026, 3, 5))
    assert await days(world, that_day) == [CountsOf("2026-03-05", {"tasks_done": 1})]
    await reopen_task(world.context, task.id)
    assert [each.numbers["tasks_open"] for each in await days(world, due)] == [1]
    assert await differences(3) == []
