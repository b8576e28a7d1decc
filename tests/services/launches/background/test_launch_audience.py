"""Whom a launch for everyone means: the people who are committed when it starts, whatever any clock shows."""

import importlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.ids import new_id
from api.models import Enrollment, Event, Launch, LeftOut, Person
from api.services.campaigns.campaigns import add_step, change_step, create_campaign
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing.launch_control import pause_launch, resume_launch
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.launches.background import background_enrolling
from api.services.launches.background.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice
from api.services.people.imports import start_import
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import LaunchStatus
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.launches import background_enrolling as store_enrolling
from plugins.loading.manager import load
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.jobs.claims import run_import, run_launch
from tests.services.locks import beside, waits_for_us

REAL = datetime(2026, 11, 28, 7, 0, 0, 600_000, tzinfo=UTC)
"""What the real clock shows: not a whole second."""
VIRTUAL = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def clock() -> datetime:
    return REAL


POST = DispatchRuntime(load({}), clock, lambda person: None, lambda: None)


@pytest.fixture
async def context(database: str, monkeypatch: pytest.MonkeyPatch) -> WorkspaceContext:
    monkeypatch.setattr(background_enrolling, "PEOPLE_PER_CHUNK", 10)
    return POST.context(await create_workspace("Acme", REAL))


async def author(context: WorkspaceContext) -> tuple[str, str]:
    """A campaign of one email, and the email's step."""
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC", channel="record")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    made = await create_campaign(context, name="C", sender_id=sender.id)
    content: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, made.id, day=1, send_option="choose_at_launch", **content)
    step = await add_step(context, made.id, day=2, send_option="at_time", config={"at": "09:00"}, **content)
    return made.id, step.id


async def imported(context: WorkspaceContext, count: int, name: str = "p") -> None:
    source = "email\n" + "\n".join(f"{name}{number}@example.com" for number in range(count))
    await run_import(await start_import(context, source), clock)


async def done(launch: Launch, context: WorkspaceContext) -> Launch:
    return await run_launch(await Launch.get(id=launch.id), lambda _: context, clock)


def adds_up(launch: Launch) -> bool:
    return launch.total == launch.enrolled + launch.left_out


@pytest.mark.parametrize("sandbox", [True, False])
async def test_people_imported_a_moment_before_are_launched(database: str, sandbox: bool) -> None:
    context = POST.context(await create_workspace("Acme", VIRTUAL, sandbox=sandbox))
    campaign, _ = await author(context)
    await create_person(context, "first@example.com")
    await imported(context, 24)
    launch = await done(await start_launch(context, campaign, None, Choice("NOW")), context)
    assert (launch.status, launch.total, launch.processed) == (LaunchStatus.FINISHED, 25, 25)
    assert (launch.enrolled, launch.left_out, await Enrollment.all().count()) == (25, 0, 25)
    present = VIRTUAL if sandbox else REAL.replace(microsecond=0)
    assert set(await Person.all().values_list("created_at", flat=True)) == {present}
    (told,) = await Event.filter(kind="PEOPLE_IMPORTED")
    assert told.at == present


async def test_a_sandbox_s_people_are_created_when_its_clock_says_so(database: str) -> None:
    context = POST.context(await create_workspace("Acme", VIRTUAL, sandbox=True))
    started = await start_import(context, "email\nada@example.com")
    await advance_clock(context, POST, VIRTUAL + timedelta(days=3))
    await run_import(started, clock)
    assert (await Person.get()).created_at == VIRTUAL + timedelta(days=3)


@on_sqlite
async def test_people_who_come_while_it_runs_are_not_meant(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, _ = await author(context)
    await imported(context, 25)
    launch = await start_launch(context, campaign, None, Choice("NOW"))
    right = background_enrolling._Enroller.chunk

    async def and_someone_comes(job: Any) -> bool:
        more = await right(job)
        number = await Person.all().count()
        await create_person(context, f"new{number}@example.com")
        await imported(context, 3, f"late{number}x")
        return more

    monkeypatch.setattr(background_enrolling._Enroller, "chunk", and_someone_comes)
    launch = await done(launch, context)
    assert (launch.total, launch.processed, launch.enrolled, launch.left_out) == (25, 25, 25, 0)
    assert await Person.all().count() == 25 + 3 * 4


async def test_ids_decide_nothing(context: WorkspaceContext) -> None:
    """A process whose clock is ahead made someone before; one whose clock is behind makes someone afterwards."""
    campaign, _ = await author(context)
    for name, person_id in (("ahead", f"per_z{new_id('x')}"), ("between", new_id("per"))):
        email = f"{name}@example.com"
        about = {"workspace_id": context.workspace_id, "email": email, "email_key": email}
        await Person.create(id=person_id, created_at=REAL + timedelta(hours=1), **about)
    launch = await start_launch(context, campaign, None, Choice("NOW"))
    email = "behind@example.com"
    about = {"workspace_id": context.workspace_id, "email": email, "email_key": email}
    await Person.create(id=f"per_0{new_id('x')}", created_at=REAL - timedelta(hours=1), **about)
    launch = await done(launch, context)
    assert (launch.total, launch.enrolled) == (2, 2)
    enrolled = await Enrollment.all().values_list("person__email", flat=True)
    assert sorted(map(str, enrolled)) == ["ahead@example.com", "between@example.com"]


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_the_commit_decides_between_processes(context: WorkspaceContext) -> None:
    """Someone whose row was written before the launch, by another process, and is committed after it."""
    campaign, _ = await author(context)
    await create_person(context, "ada@example.com")
    async with transaction():
        await create_person(context, "uncommitted@example.com")
        launch = await beside(start_launch(context, campaign, None, Choice("NOW")))
    launch = await done(launch, context)
    assert (launch.total, launch.enrolled, launch.left_out) == (1, 1, 0)
    assert await Enrollment.filter(person__email="ada@example.com").count() == 1


async def test_people_who_are_gone_are_left_out(context: WorkspaceContext) -> None:
    campaign, _ = await author(context)
    await imported(context, 25)
    launch = await start_launch(context, campaign, None, Choice("NOW"))
    await Person.filter(email="p7@example.com").delete()
    launch = await done(launch, context)
    assert (launch.total, launch.processed, launch.enrolled, launch.left_out) == (25, 25, 24, 1)
    assert await LeftOut.all().values_list("code", flat=True) == ["NOT_FOUND"]


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("by_ending", [True, False])
async def test_a_cancelled_launch_leaves_out_the_rest(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch, by_id: bool, by_ending: bool
) -> None:
    campaign, _ = await author(context)
    await imported(context, 25)
    ids = [str(each) for each in await Person.all().order_by("-id").values_list("id", flat=True)]
    launch = await start_launch(context, campaign, ids if by_id else None, Choice("NOW"))
    right = background_enrolling._Enroller.chunk

    async def once(job: Any) -> bool:
        more = await right(job)
        if (await Launch.get()).status is LaunchStatus.RUNNING:
            await (end_campaign(context, campaign) if by_ending else cancel_launch(context, launch.id))
        return more

    monkeypatch.setattr(background_enrolling._Enroller, "chunk", once)
    launch = await done(launch, context)
    assert (launch.status, launch.total, launch.processed) == (LaunchStatus.CANCELLED, 25, 10)
    assert (launch.enrolled, launch.left_out) == (10, 15)
    rest = ids[10:] if by_id else sorted(ids)[10:]
    left_out = await LeftOut.all().order_by("id").values_list("person_id", "code")
    assert left_out == [(person_id, "LAUNCH_CANCELLED") for person_id in rest]
    assert await execute("SELECT * FROM launch_audience") == []


async def test_it_adds_up_after_a_pause_an_edit_and_a_resume(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, step = await author(context)
    await imported(context, 25)
    launch = await start_launch(context, campaign, None, Choice("NOW"))
    right = background_enrolling._Enroller.chunk

    async def once(job: Any) -> bool:
        await right(job)
        await pause_launch(context, launch.id)
        return False

    with monkeypatch.context() as patch:
        patch.setattr(background_enrolling._Enroller, "chunk", once)
        launch = await done(launch, context)
    assert (launch.status, launch.total, launch.processed, launch.enrolled) == (LaunchStatus.PAUSED, 25, 10, 10)
    await imported(context, 9, "late")
    await change_step(context, step, config={"at": "10:00"})
    await resume_launch(context, launch.id)
    launch = await done(launch, context)
    assert (launch.status, launch.processed, launch.enrolled) == (LaunchStatus.FINISHED, 25, 25)
    assert adds_up(launch)
    assert await execute("SELECT * FROM launch_audience") == [], "what is over keeps no audience"


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_cancel_waits_for_the_chunk_that_is_under_way(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, _ = await author(context)
    await imported(context, 25)
    launch = await start_launch(context, campaign, None, Choice("NOW"))
    right, cancels = store_enrolling.insert, []

    async def and_cancel(table: str, *args: Any, **options: Any) -> set[str]:
        if not cancels:
            cancels.append(beside(cancel_launch(context, launch.id)))
            assert await waits_for_us(cancels[0])
        return await right(table, *args, **options)

    monkeypatch.setattr(store_enrolling, "insert", and_cancel)
    async for _ in background_enrolling.launch_chunks(launch, lambda _: context):
        await cancels[0]  # PostgreSQL could give the row to the next chunks before it wakes the cancel
    after = await Launch.get()
    assert after.status is LaunchStatus.CANCELLED
    assert (after.processed, after.enrolled, after.left_out) == (10, 10, 15)


async def test_ids_that_no_database_keeps_are_left_out(context: WorkspaceContext) -> None:
    campaign, _ = await author(context)
    person = await create_person(context, "ada@example.com")
    ids = [person.id, "per_\x00", "\ud800", "x" * 5_000]
    launch = await done(await start_launch(context, campaign, ids, Choice("NOW")), context)
    assert (launch.status, launch.total, launch.enrolled, launch.left_out) == (LaunchStatus.FINISHED, 4, 1, 3)


async def test_a_launch_that_is_under_way_keeps_its_people_through_the_migration(context: WorkspaceContext) -> None:
    migration = importlib.import_module("api.migrations.0008_launch_audience")
    campaign, _ = await author(context)
    await imported(context, 25)
    ids = sorted(map(str, await Person.all().values_list("id", flat=True)))
    everyone = await start_launch(context, campaign, None, Choice("NOW"))
    given = await start_launch(context, campaign, [ids[3], "per_nobody", ids[1]], Choice("NOW"))
    over = await start_launch(context, campaign, None, Choice("NOW"))
    await create_person(context, "later@example.com")
    await Person.filter(email="later@example.com").update(created_at=REAL + timedelta(minutes=1))
    await execute("DELETE FROM launch_audience")
    await execute("ALTER TABLE launch ADD COLUMN audience TEXT NOT NULL DEFAULT 'null'")
    await execute("ALTER TABLE launch ADD COLUMN cursor VARCHAR(40) NOT NULL DEFAULT ''")
    await execute("UPDATE launch SET audience = $1, processed = 1 WHERE id = $2",
              f'["{ids[3]}","per_nobody","{ids[1]}"]', given.id)  # fmt: skip
    await execute("UPDATE launch SET processed = 10, enrolled = 10, cursor = $1 WHERE id = $2", ids[9], everyone.id)
    await execute("UPDATE launch SET status = 'CANCELLED' WHERE id = $1", over.id)
    await migration.keep_people(None, SimpleNamespace(client=get_connection("default")))
    for statement in ("ALTER TABLE launch DROP COLUMN audience", "ALTER TABLE launch DROP COLUMN cursor"):
        await execute(statement)
    rows = await execute("SELECT launch_id, position, person_id FROM launch_audience ORDER BY launch_id, position")
    found = [tuple(row.values()) for row in rows]
    assert found == [
        *((everyone.id, position, ids[position - 1]) for position in range(11, 26)),
        (given.id, 2, "per_nobody"),
        (given.id, 3, ids[1]),
    ]
    launch = await done(everyone, context)
    assert (launch.status, launch.total, launch.enrolled) == (LaunchStatus.FINISHED, 25, 25)
