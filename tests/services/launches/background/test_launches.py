"""Launches in the background: everyone once, exactly resumed, exactly cancelled, the same as a launch at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.ids import new_id
from api.models import Campaign, Enrollment, Event, Launch, LeftOut, Person, Send, Step, Task, Template
from api.services.campaigns.campaigns import add_step, change_step, create_campaign
from api.services.campaigns.ending.ending import end_campaign
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.request_context import WorkspaceContext
from api.services.launches.background import background_enrolling, background_launch
from api.services.launches.background.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.suppressions import unsubscribe
from api.services.templates.templates import create_template, update_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import LaunchStatus
from api.store.campaigns.campaign_state import lock_campaign
from api.store.engine.transactions import transaction
from api.store.launches import background_enrolling as store_enrolling
from plugins.loading.manager import load
from strategies import Refusal, SendAt, StepContext, StepType
from strategies.options.same_time_as_previous import SameTimeAsPrevious
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.locks import beside, waits_for_us
from tests.services.world import Killed

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/New_York", None]


def clock() -> datetime:
    return NOW


@pytest.fixture
async def context(database: str) -> WorkspaceContext:
    """Twenty-five people in three zones."""
    runtime = DispatchRuntime(load({}), clock, lambda person: None, lambda: None)
    context = runtime.context(await create_workspace("Acme", NOW))
    rows = [
        Person(
            id=new_id("per"), workspace_id=context.workspace_id, email=f"p{number}@example.com",
            email_key=f"p{number}@example.com", zone=ZONES[number % 3], created_at=NOW,
        )
        for number in range(25)
    ]  # fmt: skip
    await Person.bulk_create(rows)
    return context


@pytest.fixture
async def campaign(context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch) -> str:
    """Emails on three days and a call, in recipients' zones."""
    monkeypatch.setattr(background_enrolling, "PEOPLE_PER_CHUNK", 10)
    return await author(context)


async def author(context: WorkspaceContext) -> str:
    sender = await create_sender(context, name="G", email=f"{new_id('g')}@example.com", zone="UTC")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    made = await create_campaign(context, name="C", sender_id=sender.id, use_recipient_zone=True)
    email: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, made.id, day=1, send_option="choose_at_launch", **email)
    await add_step(context, made.id, day=2, send_option="same_time_as_previous", **email)
    await add_step(context, made.id, day=3, step_type=StepType.CALL)
    await add_step(context, made.id, day=4, send_option="same_time_as_previous", **email)
    return made.id


async def rows(campaign: str) -> list[tuple[Any, ...]]:
    """All that a launch wrote, but for the identifiers that it made."""
    people = dict(await Enrollment.filter(campaign_id=campaign).values_list("id", "person_id"))
    numbers = dict(await Step.filter(campaign_id=campaign).values_list("id", "number"))
    found: list[tuple[Any, ...]] = []
    for model in (Enrollment, Send, Task):
        for row in await model.filter(**({"campaign_id": campaign} if model is Enrollment else {})):
            if model is not Enrollment and row.enrollment_id not in people:  # type: ignore[attr-defined]
                continue
            made = {"id", "enrollment_id", "campaign_id", "sender_id", "assignee_id"}
            values = {name: getattr(row, name) for name in set(row._meta.fields_db_projection) - made}
            if "step_id" in values:
                values["step_id"] = numbers[values["step_id"]]
            found.append((model.__name__, *sorted((name, repr(value)) for name, value in values.items())))
    events = await Event.filter(campaign_id=campaign).exclude(kind="LAUNCH_FINISHED")
    found += [
        ("Event", row.kind, row.at, row.person_id, row.data, people.get(row.enrollment_id or "")) for row in events
    ]
    return sorted(found, key=repr)


async def test_it_writes_what_a_launch_at_once_writes(context: WorkspaceContext, campaign: str) -> None:
    other = await author(context)
    ids = list(await Person.all().values_list("id", flat=True))
    await launch(context, other, ids, Choice("NOW"), {})
    done = await run_launch(await start_launch(context, campaign, None, Choice("NOW")), lambda _: context, clock)
    assert (done.status, done.total, done.processed, done.enrolled) == (LaunchStatus.FINISHED, 25, 25, 25)
    assert await rows(campaign) == await rows(other)
    assert await Send.filter(enrollment__campaign_id=campaign).count() == 50


async def test_people_on_whom_a_send_option_breaks_are_left_out_and_nobody_else(
    context: WorkspaceContext, campaign: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    right = SameTimeAsPrevious.resolve

    def breaks(self: SameTimeAsPrevious, step: StepContext) -> SendAt:
        if step.calendar.zone == "America/New_York":
            raise RuntimeError("a partner's bug")
        if step.calendar.zone == "Europe/Berlin":
            raise Refusal("X\x00" * 70, "Not in Berlin.")
        return right(self, step)

    monkeypatch.setattr(SameTimeAsPrevious, "resolve", breaks)
    done = await run_launch(await start_launch(context, campaign, None, Choice("NOW")), lambda _: context, clock)
    assert (done.status, done.processed, done.enrolled, done.left_out) == (LaunchStatus.FINISHED, 25, 8, 17)
    codes = await background_launch.left_out_by_code(done.id)
    assert codes == {"SEND_OPTION_FAILED": 8, "X\ufffd" * 32: 9}
    logged = [line for line in caplog.records if line.levelname == "ERROR"]
    assert ["a partner's bug" in str(line.exc_info) for line in logged] == [True]


@pytest.mark.parametrize("by_id", [True, False])
async def test_who_cannot_be_enrolled_is_left_out_and_listed(
    context: WorkspaceContext, campaign: str, by_id: bool
) -> None:
    ids = list(await Person.all().order_by("id").values_list("id", flat=True))
    await unsubscribe(context, ids[3])
    await Person.filter(id=ids[4]).update(bounced_at=NOW)
    await launch(context, campaign, [ids[5]], Choice("NOW"), {})
    given = [*ids, ids[0], "per_nobody"] if by_id else None
    done = await run_launch(await start_launch(context, campaign, given, Choice("NOW")), lambda _: context, clock)
    assert (done.enrolled, done.left_out) == (22, 4 if by_id else 3)
    told = {(row.person_id, row.code) for row in await LeftOut.filter(launch_id=done.id)}
    assert told - {("per_nobody", "NOT_FOUND")} == {
        (ids[3], "UNSUBSCRIBED"),
        (ids[4], "BOUNCED"),
        (ids[5], "ALREADY_ENROLLED"),
    }
    assert (("per_nobody", "NOT_FOUND") in told) is by_id
    assert await Enrollment.all().count() == 23
    (event,) = await Event.filter(kind="LAUNCH_FINISHED")
    assert event.data == {"launch": done.id, "enrolled": 22, "leftOut": done.left_out}


async def test_a_crash_in_the_middle_enrolls_everyone_once(
    context: WorkspaceContext, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, calls = store_enrolling.insert, []

    async def crash(table: str, *args: Any, **options: Any) -> set[str]:
        calls.append(table)
        if calls.count("task") == 2 and table == "task":
            raise Killed
        return await right(table, *args, **options)

    await start_launch(context, campaign, None, Choice("NOW"))
    monkeypatch.setattr(store_enrolling, "insert", crash)
    first = await claim_launch(NOW)
    assert first is not None
    with pytest.raises(Killed):
        await run_launch(first, lambda _: context, clock)
    assert (await Launch.get()).processed == 10, "what the crash cut short is undone"
    assert await claim_launch(NOW) is None, "its lease holds"
    again = await claim_launch(NOW + timedelta(minutes=3))
    assert again is not None
    done = await run_launch(again, lambda _: context, clock)
    assert (done.status, done.enrolled, done.left_out) == (LaunchStatus.FINISHED, 25, 0)
    assert await Enrollment.all().count() == 25
    assert await Send.all().count() == 50


async def test_two_processes_at_once_enroll_everyone_once(context: WorkspaceContext, campaign: str) -> None:
    row = await start_launch(context, campaign, None, Choice("NOW"))
    twin = await Launch.get(id=row.id)
    await run_launch(row, lambda _: context, clock)
    await run_launch(twin, lambda _: context, clock)
    assert await Enrollment.all().count() == 25
    assert (await Launch.get()).enrolled == 25


@pytest.mark.parametrize("by_ending", [True, False])
async def test_it_is_cancelled_exactly(context: WorkspaceContext, campaign: str, by_ending: bool) -> None:
    row = await start_launch(context, campaign, None, Choice("NOW"))
    calls = 0

    async def chunk_then_stop() -> None:
        right = background_enrolling._Enroller.chunk

        async def once(job: Any) -> bool:
            nonlocal calls
            calls += 1
            more = await right(job)
            if calls == 1:
                await (end_campaign(context, campaign) if by_ending else cancel_launch(context, row.id))
            return more

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(background_enrolling._Enroller, "chunk", once)
            await run_launch(row, lambda _: context)

    await chunk_then_stop()
    done = await Launch.get()
    assert (done.status, done.processed, done.enrolled) == (LaunchStatus.CANCELLED, 10, 10)
    assert await Enrollment.all().count() == 10
    assert await Enrollment.filter(ended_at=None).count() == (0 if by_ending else 10)
    with pytest.raises(Refusal, match="finished"):
        await cancel_launch(context, row.id)


async def test_who_is_left_gets_the_steps_as_they_are_edited(
    context: WorkspaceContext, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_launch(context, campaign, None, Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    second = await Step.get(campaign_id=campaign, number=2)
    right, revision = background_enrolling._Enroller.chunk, (await Campaign.get(id=campaign)).revision

    async def edited(self: background_enrolling._Enroller) -> bool:
        if self.row.processed == 10 and self.campaign.revision == revision:
            await change_step(context, second.id, send_option="at_time", config={"at": "11:00"})
        return await right(self)

    monkeypatch.setattr(background_enrolling._Enroller, "chunk", edited)
    done = await run_launch(row, lambda _: context, clock)
    assert (done.status, done.enrolled) == (LaunchStatus.FINISHED, await Enrollment.all().count())
    assert await Enrollment.filter(revision=revision + 1).count() == done.enrolled > 10
    assert set(await Send.filter(step_id=second.id).values_list("planned_time", flat=True)) == {"11:00:00"}
    assert await Send.filter(step_id=second.id).count() == done.enrolled


@pytest.mark.parametrize(
    ("ids", "choice", "code"),
    [
        ([], Choice("NOW"), "NO_PEOPLE"),
        (None, Choice(), "SEND_AT_REQUIRED"),
        (None, Choice(NOW - timedelta(days=1)), "SEND_AT_IN_PAST"),
        (None, Choice("NOW", {1: "25:00"}), "INVALID_TIME"),
    ],
)
async def test_what_makes_no_sense_is_refused_at_once(
    context: WorkspaceContext, campaign: str, ids: list[str] | None, choice: Choice, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await start_launch(context, campaign, ids, choice)
    assert refused.value.code == code
    assert await Launch.all().count() == 0


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_launch_and_an_emptied_subject_come_one_after_the_other(
    context: WorkspaceContext, at_once: bool
) -> None:
    campaign = await author(context)
    template, person = await Template.get(), await Person.all().first()
    assert person is not None

    def started() -> Any:
        if at_once:
            return launch(context, campaign, [person.id], Choice("NOW"), {})
        return start_launch(context, campaign, None, Choice("NOW"))

    async with transaction():
        await lock_campaign(campaign)
        late = beside(started())
        assert await waits_for_us(late)
        await update_template(context, template.id, subject="")
    with pytest.raises(Refusal) as refused:
        await late
    assert refused.value.code == "SUBJECT_REQUIRED", "it must not go by the subject that was there when it began"
    assert (await Enrollment.all().count(), await Launch.all().count()) == (0, 0)
    await update_template(context, template.id, subject="Hi")
    async with transaction():
        await started()
        emptied = beside(update_template(context, template.id, subject=""))
        assert await waits_for_us(emptied), "it must see who is being launched"
    with pytest.raises(Refusal) as refused:
        await emptied
    assert (refused.value.code, refused.value.path) == ("SUBJECT_REQUIRED", ("subject",))
    assert (await Template.get()).subject == "Hi"


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_two_updates_of_a_template_keep_each_other_s_values(context: WorkspaceContext) -> None:
    await author(context)
    template = await Template.get()
    async with transaction():
        await update_template(context, template.id, subject="New")
        late = beside(update_template(context, template.id, html="<p>new</p>"))
        assert await waits_for_us(late)
    await late
    after = await Template.get()
    assert (after.subject, after.html) == ("New", "<p>new</p>")
