"""Work that can never succeed is set aside, and jobs end: on both databases, with rows that the database refuses."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.codes.refusals.jobs import JobCode
from api.models import Campaign, Event, ImportRefusal, Job, Launch, LeftOut, PeopleImport, Person, Send
from api.services.campaigns.campaigns import add_step, change_step, create_campaign
from api.services.campaigns.editing.edit_job import EDIT
from api.services.campaigns.pausing.pause_job import HOLD
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.job_chunks import bisection
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.enrollments.time_zones.zones_job import ZONES, zone_chunks
from api.services.jobs.job_kind import Chunks, JobKind, JobRuntime
from api.services.jobs.runner import MAX_FAILURES, JobRunner
from api.services.launches.background.background_launch import start_launch
from api.services.launches.background.launch_job import LAUNCH
from api.services.launches.launch import Choice
from api.services.people.erasing import ERASE
from api.services.people.import_job import IMPORT
from api.services.people.imports import start_import
from api.services.people.suppression_files import import_suppressions
from api.states import ImportStatus, JobState, LaunchStatus
from api.store import jobs
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from api.store.people.imports import read_source
from strategies import Refusal, StepType
from tests.services.jobs.claims import claim, claim_import, job_of, run_import, run_launch
from tests.services.world import NOW, World, make_world


def clock() -> datetime:
    return NOW


async def reject(table: str, event: str, condition: str) -> None:
    """Let the database refuse one row. ``condition`` is about NEW."""
    if is_postgres():
        await execute("CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'poison'; END $$ LANGUAGE plpgsql")
        await execute(f"CREATE TRIGGER poison BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition})"
                  " EXECUTE FUNCTION refuse()")  # fmt: skip
    else:
        await execute(f"CREATE TRIGGER poison BEFORE {event} ON {table} WHEN {condition}"
                  " BEGIN SELECT RAISE(ABORT, 'poison'); END")  # fmt: skip


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(5)


async def test_bisection_finds_each_row_that_fails_and_keeps_the_order() -> None:
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

    await bisect_failures(range(16), work, set_aside)
    assert (done, aside) == (list(range(16)), [3, 11])


async def test_where_every_row_fails_the_rows_are_not_the_cause() -> None:
    aside: list[int] = []

    async def work(items: Any) -> None:
        raise ValueError("no")

    async def set_aside(item: int, reason: str) -> None:
        aside.append(item)

    with pytest.raises(ValueError, match="no"):
        await bisect_failures(range(1_000), work, set_aside)
    assert len(aside) == bisection.MAX_SET_ASIDE


async def test_an_import_refuses_the_row_that_the_database_refuses(world: World) -> None:
    await reject("person", "INSERT", "NEW.email = 'p7@x.org'")
    started = await start_import(world.context, "email\n" + "\n".join(f"p{number}@x.org" for number in range(10)))
    done = await run_import(started, clock)
    assert (done.status, done.created, done.failed, done.processed) == (ImportStatus.FINISHED, 9, 1, 10)
    (refused,) = await ImportRefusal.all()
    assert (refused.row, refused.code) == (9, JobCode.ROW_FAILED)


async def test_suppressions_refuse_the_row_that_the_database_refuses(world: World) -> None:
    await reject("suppression", "INSERT", "NEW.email = 'p7@x.org'")
    done = await import_suppressions(world.context, "\n".join(f"p{number}@x.org" for number in range(10)))
    assert (done.new, [(each.row, each.code) for each in done.refused]) == (9, [(8, JobCode.ROW_FAILED)])


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
    assert sorted(await LeftOut.all().values_list("code", flat=True)) == [*["NOT_FOUND"] * 2, JobCode.ROW_FAILED]  # type: ignore[arg-type]


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
    assert [tuple(each) for each in told] == [(poisoned, {"reason": JobCode.ROW_FAILED})]


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
    failed = await Send.filter(status="FAILED").values_list("enrollment_id", "reason", "failed_at")
    assert {tuple(each) for each in failed} == {(poisoned, JobCode.ROW_FAILED, NOW + timedelta(days=20))}


async def test_a_changed_tz_database_passes_over_whom_the_database_refuses(world: World) -> None:
    await Send.filter(planned_at__gt=NOW).update(planned_at=NOW + timedelta(days=3), due_at=NOW + timedelta(days=3))
    poisoned = world.enrollments[1].id
    await reject("send", "UPDATE OF due_at", f"NEW.enrollment_id = '{poisoned}'")
    assert sum([people async for people in zone_chunks(world.context) if isinstance(people, int)]) == 5
    stale = Send.filter(planned_at=NOW + timedelta(days=3))
    assert await stale.values_list("enrollment_id", flat=True) == [poisoned]
    assert await Event.filter(kind="EDIT_NOT_APPLIED").values_list("enrollment_id", flat=True) == [poisoned]


async def broken(job: Job, runtime: JobRuntime) -> Chunks:
    raise RuntimeError("secret")
    yield 1


async def succeeds(job: Job, runtime: JobRuntime) -> Chunks:
    yield 1


async def refused(job: Job, runtime: JobRuntime) -> Chunks:
    raise Refusal("NO_STEPS", "This campaign has no steps.")
    yield 1


def runner(world: World, kind: JobKind, now: datetime, work: Any = None) -> JobRunner:
    """Return a runner of one kind at a moment. ``work`` takes the place of the kind's own."""
    kind = replace(kind, work=work) if work is not None else kind
    return JobRunner([kind], JobRuntime(world.runtime.context, lambda: now), world.runtime.metrics)


async def test_a_job_that_fails_is_tried_later_each_time_and_ends(world: World) -> None:
    started = await start_import(world.context, "email\na@x.org")
    now, waits = NOW, []
    for _ in range(MAX_FAILURES):
        assert await runner(world, IMPORT, now, broken).run_next()
        job, row = await job_of(started.id), await PeopleImport.get(id=started.id)
        assert "RuntimeError" in str(row.problem)
        if job.lease_until is not None:
            assert job.state is JobState.RETRYING
            assert await claim_import(now) is None
            waits.append(job.lease_until - now)
            now = job.lease_until
    assert waits == sorted(set(waits))
    assert len(waits) == MAX_FAILURES - 1
    assert (row.status, await read_source(row.id), await claim_import(now)) == (ImportStatus.FAILED, "", None)
    assert (job.state, job.finished_at, job.problem) == (JobState.FAILED, now, row.problem)
    assert "RuntimeError" in str(row.problem)
    assert "secret" not in str(row.problem)


@pytest.mark.parametrize("kind", [ERASE, ZONES], ids=lambda kind: kind.name)
async def test_a_job_that_nobody_would_start_again_never_ends_by_failures(world: World, kind: JobKind) -> None:
    await jobs.start(kind.name, world.context.workspace_id, "per_1", NOW)
    now = NOW
    for work in [broken] * (MAX_FAILURES + 2) + [refused]:
        assert await runner(world, kind, now, work).run_next()
        job = await job_of("per_1")
        assert (job.state, job.finished_at) == (JobState.RETRYING, None)
        assert job.lease_until is not None
        now = job.lease_until
    assert now - NOW < (MAX_FAILURES + 3) * jobs.LONGEST_REST
    assert await runner(world, kind, now, succeeds).run_next()
    assert (await job_of("per_1")).state is JobState.DONE


@pytest.mark.parametrize("kind", [LAUNCH, HOLD, EDIT], ids=lambda kind: kind.name)
async def test_each_kind_of_job_ends_with_its_reason(world: World, kind: JobKind) -> None:
    people = [row.id for row in await Person.all()]
    launch = await new_launch(world, people)
    ours = Campaign.filter(id=world.enrollments[0].campaign_id)
    await ours.update(holds="hld_1", editing=True, edited_at=NOW, revision=1)
    for name in (HOLD.name, EDIT.name):
        await jobs.start(name, world.context.workspace_id, world.enrollments[0].campaign_id, NOW)
    assert await runner(world, kind, NOW, broken).run_next()
    assert await claim(kind.name, NOW) is None
    # A process that was killed each time has written nothing but the attempt.
    for number in range(1, MAX_FAILURES + 1):
        assert await claim(kind.name, NOW + timedelta(hours=number)) is not None
    assert await runner(world, kind, NOW + timedelta(hours=MAX_FAILURES + 1), succeeds).run_next()
    assert await claim(kind.name, NOW + timedelta(days=9)) is None
    if kind is LAUNCH:
        row = await Launch.get(id=launch.id)
        assert (row.status, row.left_out, row.problem is None) == (LaunchStatus.FAILED, 5, False)
    else:
        assert await ours.filter(job_problem=None).count() == 0


@pytest.mark.parametrize("kind", [IMPORT, ZONES], ids=lambda kind: kind.name)
async def test_an_error_after_ended_processes_waits_as_the_first_one_does(world: World, kind: JobKind) -> None:
    await jobs.start(kind.name, world.context.workspace_id, "imp_1", NOW)
    await Job.filter(subject_id="imp_1").update(failures=MAX_FAILURES - 1)
    assert await runner(world, kind, NOW, broken).run_next()
    job = await job_of("imp_1")
    assert (job.state, job.errors, job.failures) == (JobState.RETRYING, 1, MAX_FAILURES)
    assert job.lease_until == NOW + timedelta(seconds=10)


async def test_a_crash_loop_of_some_minutes_ends_no_job(world: World) -> None:
    """A job is left alone for longer after each end of its process, if it can end by that. Others are not."""
    for kind, seconds in ((IMPORT, [30, 60, 120, 240, 240]), (ZONES, [30] * MAX_FAILURES)):
        await jobs.start(kind.name, world.context.workspace_id, "imp_1", NOW)
        now = NOW
        for wait in seconds:
            job = await runner(world, kind, now).take_next()
            assert job is not None
            assert job.lease_until == now + timedelta(seconds=wait)
            now = job.lease_until
        assert await runner(world, kind, now).take_next() is not None


async def test_what_a_refusal_says_is_told_at_once(world: World) -> None:
    started = await start_import(world.context, "email\na@x.org")
    assert await runner(world, IMPORT, NOW, refused).run_next()
    row = await PeopleImport.get(id=started.id)
    assert (row.status, row.problem) == (ImportStatus.FAILED, "This campaign has no steps.")


async def test_success_forgets_earlier_failures(world: World) -> None:
    started = await start_import(world.context, "email\na@x.org")
    assert await runner(world, IMPORT, NOW, broken).run_next()
    assert (await PeopleImport.get(id=started.id)).problem is not None
    assert await runner(world, IMPORT, NOW + timedelta(hours=1)).run_next()
    row, job = await PeopleImport.get(id=started.id), await job_of(started.id)
    assert (row.status, row.problem) == (ImportStatus.FINISHED, None)
    assert (job.state, job.failures, job.problem, job.progress) == (JobState.DONE, 0, None, 1)
