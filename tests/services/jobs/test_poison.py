"""Work that can never succeed is set aside, and jobs end: on both databases, with rows that the database refuses."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.models import Campaign, Event, ImportRefusal, Launch, LeftOut, PeopleImport, Person, Send
from api.services.campaigns.authoring import add_step, change_step, create_campaign
from api.services.campaigns.editing import edit_job
from api.services.campaigns.editing.edit_job import claim_edit
from api.services.campaigns.pausing import pausing
from api.services.campaigns.pausing.pausing import claim_holds, pause_campaign, resume_campaign
from api.services.enrollments.time_zones import resolve_again_if_changed
from api.services.jobs import halving
from api.services.jobs.halving import MAX_FAILURES, ROW_FAILED, attempt, in_halves
from api.services.launches import launch_failures
from api.services.launches.background_launch import claim_launch, run_launch, start_launch
from api.services.launches.launch import Choice
from api.services.people import imports
from api.services.people.imports import claim_import, run_import, start_import
from api.services.people.suppression_files import import_suppressions
from api.states import ImportStatus, LaunchStatus
from api.store.engine.database import is_postgres
from api.store.engine.sql import run
from strategies import Refusal, StepType
from tests.services.world import NOW, World, make_world


def clock() -> datetime:
    return NOW


async def reject(table: str, event: str, condition: str) -> None:
    """Let the database refuse one row. ``condition`` is about NEW."""
    if is_postgres():
        await run("CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'poison'; END $$ LANGUAGE plpgsql")
        await run(f"CREATE TRIGGER poison BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition})"
                  " EXECUTE FUNCTION refuse()")  # fmt: skip
    else:
        await run(f"CREATE TRIGGER poison BEFORE {event} ON {table} WHEN {condition}"
                  " BEGIN SELECT RAISE(ABORT, 'poison'); END")  # fmt: skip


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(5)


async def test_halves_find_each_row_that_fails_and_keep_the_order() -> None:
    done: list[int] = []
    aside: list[int] = []

    async def work(items: Any) -> None:
        if set(items) & {3, 11}:
            raise ValueError("no")
        done.extend(items)

    async def set_aside(item: int, reason: str) -> None:
        assert "ValueError" in reason
        aside.append(item)
        done.append(item)

    await in_halves(range(16), work, set_aside)
    assert (done, aside) == (list(range(16)), [3, 11])


async def test_where_every_row_fails_the_rows_are_not_the_cause() -> None:
    aside: list[int] = []

    async def work(items: Any) -> None:
        raise ValueError("no")

    async def set_aside(item: int, reason: str) -> None:
        aside.append(item)

    with pytest.raises(ValueError, match="no"):
        await in_halves(range(1_000), work, set_aside)
    assert len(aside) == halving.MAX_SET_ASIDE


async def test_an_import_refuses_the_row_that_the_database_refuses(world: World) -> None:
    await reject("person", "INSERT", "NEW.email = 'p7@x.org'")
    started = await start_import(world.context, "email\n" + "\n".join(f"p{number}@x.org" for number in range(10)))
    done = await run_import(started, clock)
    assert (done.status, done.created, done.failed, done.processed) == (ImportStatus.FINISHED, 9, 1, 10)
    (refused,) = await ImportRefusal.all()
    assert (refused.row, refused.code) == (9, ROW_FAILED)


async def test_suppressions_refuse_the_row_that_the_database_refuses(world: World) -> None:
    await reject("suppression", "INSERT", "NEW.email = 'p7@x.org'")
    done = await import_suppressions(world.context, "\n".join(f"p{number}@x.org" for number in range(10)))
    assert (done.new, [(each.row, each.code) for each in done.refused]) == (9, [(8, ROW_FAILED)])


async def new_launch(world: World, people: list[str]) -> Launch:
    sender = (await Campaign.first()).sender_id  # type: ignore[union-attr]
    made = await create_campaign(world.context, name="D", sender_id=sender)
    await add_step(world.context, made.id, day=1, step_type=StepType.CALL)
    return await start_launch(world.context, made.id, people, Choice())


async def test_a_launch_leaves_out_whom_the_database_refuses(world: World) -> None:
    people = [row.id for row in await Person.all().order_by("id")]
    await reject("enrollment", "INSERT", f"NEW.person_id = '{people[3]}'")
    started = await new_launch(world, ["\x00", "\ud800", "x" * 201, *people])
    done = await run_launch(started, lambda workspace: world.context, clock)
    assert (done.status, done.enrolled, done.left_out) == (LaunchStatus.FINISHED, 4, 3)
    assert sorted(await LeftOut.all().values_list("code", flat=True)) == [*["NOT_FOUND"] * 2, ROW_FAILED]  # type: ignore[arg-type]


async def test_an_edit_passes_over_whom_the_database_refuses(world: World) -> None:
    poisoned = world.enrollments[2].id
    await reject("send", "UPDATE OF due_at", f"NEW.enrollment_id = '{poisoned}' AND NEW.due_at <> OLD.due_at")
    step = await Send.filter(status="SCHEDULED").order_by("-due_at").first()
    await change_step(world.context, step.step_id, day=12)  # type: ignore[union-attr]
    campaign = await Campaign.first()
    assert campaign is not None
    assert not campaign.editing
    moved = await Send.filter(step_id=step.step_id).values_list("enrollment_id", "planned_date")  # type: ignore[union-attr]
    assert len({day for _, day in moved}) == 2
    told = await Event.filter(kind="EDIT_NOT_APPLIED").values_list("enrollment_id", "data")
    assert [tuple(each) for each in told] == [(poisoned, {"reason": ROW_FAILED})]


async def test_resuming_fails_the_emails_that_the_database_refuses_to_move(world: World) -> None:
    poisoned = world.enrollments[2].id
    campaign = world.enrollments[0].campaign_id
    await pause_campaign(world.context, campaign)
    await reject("send", "UPDATE OF due_at", f"NEW.enrollment_id = '{poisoned}' AND NEW.due_at <> OLD.due_at")
    later = world.runtime.context(world.context.workspace)
    object.__setattr__(later, "clock", lambda: NOW + timedelta(days=20))
    await resume_campaign(later, campaign)
    row = await Campaign.get(id=campaign)
    assert (row.holds, await Send.filter(held=True).count()) == (None, 0)
    failed = await Send.filter(status="FAILED").values_list("enrollment_id", "reason")
    assert {tuple(each) for each in failed} == {(poisoned, ROW_FAILED)}


async def test_a_changed_tz_database_passes_over_whom_the_database_refuses(world: World) -> None:
    await resolve_again_if_changed(lambda workspace: world.context, "one")
    await Send.filter(planned_at__gt=NOW).update(planned_at=NOW + timedelta(days=3), due_at=NOW + timedelta(days=3))
    poisoned = world.enrollments[1].id
    await reject("send", "UPDATE OF due_at", f"NEW.enrollment_id = '{poisoned}'")
    assert await resolve_again_if_changed(lambda workspace: world.context, "two") == 5
    assert await resolve_again_if_changed(lambda workspace: world.context, "two") == 0
    assert await Event.filter(kind="EDIT_NOT_APPLIED").values_list("enrollment_id", flat=True) == [poisoned]


async def broken() -> None:
    raise RuntimeError("secret")


async def test_a_job_that_fails_is_tried_later_each_time_and_ends(world: World) -> None:
    started = await start_import(world.context, "email\na@x.org")
    now, waits = NOW, []
    for _ in range(MAX_FAILURES):
        taken = await claim_import(now)
        assert taken is not None
        await attempt(imports.JOB, taken, lambda: now, broken)  # noqa: B023 - called at once
        row = await PeopleImport.get(id=started.id)
        if row.lease_until is not None:
            assert await claim_import(now) is None
            waits.append(row.lease_until - now)
            now = row.lease_until
    assert waits == sorted(set(waits))
    assert len(waits) == MAX_FAILURES - 1
    assert (row.status, row.source, await claim_import(now)) == (ImportStatus.FAILED, "", None)
    assert "RuntimeError" in str(row.problem)
    assert "secret" not in str(row.problem)


JOBS: list[tuple[halving.Job, Callable[[datetime], Awaitable[Any]]]] = [
    (launch_failures.JOB, claim_launch),
    (pausing.JOB, claim_holds),
    (edit_job.JOB, claim_edit),
]


@pytest.mark.parametrize(("job", "claim"), JOBS, ids=["launch", "holds", "edit"])
async def test_each_kind_of_job_ends_with_its_reason(
    world: World, job: halving.Job, claim: Callable[[datetime], Awaitable[Any]]
) -> None:
    people = [row.id for row in await Person.all()]
    launch = await new_launch(world, people)
    ours = Campaign.filter(id=world.enrollments[0].campaign_id)
    await ours.update(holds="hld_1", editing=True, edited_at=NOW, revision=1)
    taken = await claim(NOW)
    await attempt(job, taken, clock, broken)
    assert await claim(NOW) is None
    # A process that was killed each time has written nothing but the attempt.
    for number in range(1, MAX_FAILURES + 1):
        taken = await claim(NOW + timedelta(hours=number))
    await attempt(job, taken, clock, broken)
    assert await claim(NOW + timedelta(days=9)) is None
    if job is launch_failures.JOB:
        row = await Launch.get(id=launch.id)
        assert (row.status, row.left_out, row.problem is None) == (LaunchStatus.FAILED, 5, False)
    else:
        assert await ours.filter(job_problem=None).count() == 0


async def test_what_a_refusal_says_is_told_at_once(world: World) -> None:
    started = await start_import(world.context, "email\na@x.org")

    async def refused() -> None:
        raise Refusal("NO_STEPS", "This campaign has no steps.")

    await attempt(imports.JOB, await claim_import(NOW), clock, refused)
    row = await PeopleImport.get(id=started.id)
    assert (row.status, row.problem) == (ImportStatus.FAILED, "This campaign has no steps.")


async def test_success_forgets_earlier_failures(world: World) -> None:
    started = await start_import(world.context, "email\na@x.org")
    await attempt(imports.JOB, await claim_import(NOW), clock, broken)
    taken = await claim_import(NOW + timedelta(hours=1))
    assert taken is not None
    await attempt(imports.JOB, taken, clock, lambda: run_import(taken, clock))
    row = await PeopleImport.get(id=started.id)
    assert (row.status, row.failures, row.problem) == (ImportStatus.FINISHED, 0, None)
