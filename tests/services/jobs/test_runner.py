"""The runner of background jobs, on both databases: priorities, fairness, crashes, cancellation."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.job_kinds import JOB_KINDS
from api.models import Campaign, Enrollment, Event, Job, Launch, PeopleImport, Person, Send
from api.services.campaigns.pausing import hold_job, pausing
from api.services.campaigns.pausing.launch_control import LAUNCH_JOB
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.context import WorkspaceContext
from api.services.jobs import runner as running
from api.services.jobs.kinds import Chunks, JobRuntime, Kind, Priority
from api.services.jobs.runner import JobRunner
from api.services.launches import enrolling
from api.services.launches.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice
from api.services.people import imports
from api.services.people.imports import start_import
from api.services.workspaces.workspaces import create_workspace
from api.states import ImportStatus, JobState, LaunchStatus
from api.store import jobs
from tests.services.jobs.claims import job_of
from tests.services.world import NOW, Killed, World, make_world


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", 2)
    monkeypatch.setattr(enrolling, "PEOPLE_PER_CHUNK", 2)
    monkeypatch.setattr(hold_job, "PEOPLE_HELD_PER_CHUNK", 2)
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 1)
    return await make_world(7)


def file(rows: int, name: str = "n") -> str:
    return "email\n" + "".join(f"{name}{number}@x.org\n" for number in range(rows))


def runner_of(world: World, now: datetime = NOW, kinds: Any = JOB_KINDS, **named: Any) -> JobRunner:
    return JobRunner(kinds, JobRuntime(world.runtime.context, lambda: now), world.runtime.metrics, **named)


def recorded(done: list[tuple[str, str]], after: Callable[[Job], Any] | None = None) -> list[Kind]:
    """Return the kinds, with work that notes each chunk that wrote: its kind and subject. ``after`` follows it."""

    def noted(kind: Kind) -> Kind:
        async def work(job: Job, runtime: JobRuntime) -> Chunks:
            async for chunk in kind.work(job, runtime):
                if chunk:
                    done.append((kind.name, job.subject_id))
                    if after is not None:
                        await after(job)
                yield chunk

        return replace(kind, work=work)

    return [noted(kind) for kind in JOB_KINDS]


async def other_workspace(world: World, name: str) -> WorkspaceContext:
    return world.runtime.context(await create_workspace(name, NOW))


async def until_idle(runner: JobRunner) -> None:
    while await runner.turn():
        pass
    await runner.close()


async def test_a_pause_goes_next_after_one_chunk_of_a_large_import(world: World) -> None:
    done: list[tuple[str, str]] = []
    campaign = world.enrollments[0].campaign_id

    async def pauses(job: Job) -> None:
        if len(done) == 2:
            await pause_campaign(world.context, campaign)

    await start_import(world.context, file(20))
    runner = runner_of(world, kinds=recorded(done, pauses))
    assert await runner.turn()
    assert [kind for kind, _ in done] == ["import"] * 2, "the import lets the pause go on after its chunk"
    assert (await job_of(campaign, "hold")).state is JobState.WAITING
    assert await runner.turn()
    assert {kind for kind, _ in done[2:]} == {"hold"}
    assert (await job_of(campaign, "hold")).state is JobState.DONE
    assert await Send.filter(held=True).count() == 14
    assert (await PeopleImport.get()).processed == 4
    await until_idle(runner)
    row = await PeopleImport.get()
    assert (row.status, row.created, row.updated, row.failed) == (ImportStatus.FINISHED, 20, 0, 0)


@pytest.mark.parametrize("urgent", [0, 1])
async def test_the_most_urgent_job_is_taken_first_whatever_is_older(world: World, urgent: int) -> None:
    done: list[tuple[str, str]] = []
    await start_launch(world.context, world.enrollments[0].campaign_id, None, Choice("NOW"))
    await start_import(world.context, file(6))
    if urgent:
        await pause_campaign(world.context, world.enrollments[0].campaign_id)
        await until_idle(runner_of(world, kinds=recorded(done)))
        assert (done[0][0], {kind for kind, _ in done}) == ("hold", {"hold", "import"}), "its launch is paused with it"
    else:
        await until_idle(runner_of(world, kinds=recorded(done)))
        assert {kind for kind, _ in done} == {"launch", "import"}


async def test_workspaces_take_turns_however_many_jobs_one_has(world: World) -> None:
    done: list[tuple[str, str]] = []
    many = [await start_import(world.context, file(60, f"a{number}")) for number in range(4)]
    other = await start_import(await other_workspace(world, "B"), file(30, "b"))
    third = await start_import(await other_workspace(world, "C"), file(30, "c"))
    await until_idle(runner_of(world, kinds=recorded(done)))
    turns = [subject for number, (_, subject) in enumerate(done) if number % running.CHUNKS_OF_A_TURN == 0]
    assert len(done) == 4 * 30 + 15 + 15
    first = {row.id for row in many}
    assert [subject if subject not in first else "A" for subject in turns[:9]] == ["A", other.id, third.id] * 3
    assert set(turns[9:]) == first
    assert {turns[at] for at in (0, 3, 6, 9)} == first, "jobs of one workspace take turns as well"
    assert await PeopleImport.filter(status=ImportStatus.FINISHED).count() == 6
    assert await Person.filter(workspace_id=other.workspace_id).count() == 30


async def test_an_interrupted_job_goes_on_without_beginning_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNKS_OF_A_TURN", 1)
    opened: list[str] = []

    def counted(kind: Kind) -> Kind:
        def work(job: Job, runtime: JobRuntime) -> Chunks:
            opened.append(job.subject_id)
            return kind.work(job, runtime)

        return replace(kind, work=work)

    started = [await start_import(world.context, file(9, f"a{number}")) for number in range(3)]
    await until_idle(runner_of(world, kinds=[counted(kind) for kind in JOB_KINDS]))
    assert sorted(opened) == sorted(row.id for row in started)
    await PeopleImport.all().delete()
    opened.clear()
    monkeypatch.setattr(running, "MAX_OPEN", 1)
    [await start_import(world.context, file(9, f"b{number}")) for number in range(3)]
    await until_idle(runner_of(world, kinds=[counted(kind) for kind in JOB_KINDS]))
    assert len(opened) > 3, "memory is bounded, and the database knows where each stands"
    assert await Person.all().count() == 7 + 27 + 27


async def test_a_job_goes_on_where_a_killed_process_left_it(world: World) -> None:
    done: list[tuple[str, str]] = []
    started = await start_import(world.context, file(9))
    launch = await start_launch(world.context, world.enrollments[0].campaign_id, None, Choice("NOW"))

    async def killed(job: Job) -> None:
        if len(done) == 2:
            raise Killed

    now = NOW
    for _ in range(40):
        done.clear()
        runner = runner_of(world, now, recorded(done, killed))
        with suppress(Killed):
            while await runner.turn():
                pass
        if not await Job.filter(finished_at=None).exists():
            break
        now += timedelta(minutes=3)
    row, over = await PeopleImport.get(id=started.id), await Launch.get(id=launch.id)
    assert (row.status, row.created, row.processed) == (ImportStatus.FINISHED, 9, 9)
    assert (over.status, over.enrolled, over.left_out) == (LaunchStatus.FINISHED, 0, 7)
    assert await Person.all().count() == 7 + 9
    assert await Event.filter(kind__in=["PEOPLE_IMPORTED", "LAUNCH_FINISHED"]).count() == 2


async def test_a_killed_process_keeps_its_lease_and_the_attempt_counts(world: World) -> None:
    started = await start_import(world.context, file(9))

    async def dies(job: Job, runtime: JobRuntime) -> Chunks:
        raise Killed
        yield 1

    kind = next(kind for kind in JOB_KINDS if kind.name == "import")
    with pytest.raises(Killed):
        await runner_of(world, kinds=[replace(kind, work=dies)]).turn()
    job = await job_of(started.id)
    assert (job.state, job.failures, job.lease_until) == (JobState.RUNNING, 1, NOW + jobs.LEASE)
    assert not await runner_of(world, NOW + jobs.LEASE / 2).turn(), "somebody may still work on it"
    assert await runner_of(world, NOW + jobs.LEASE).turn()
    assert (await job_of(started.id)).state is JobState.DONE


async def test_what_only_reads_again_proves_no_progress(world: World) -> None:
    """A turn that is interrupted before it has written anything forgets no earlier failure."""
    started = await start_import(world.context, file(2))
    await Job.filter(subject_id=started.id).update(failures=3, problem="again")

    async def reads(job: Job, runtime: JobRuntime) -> Chunks:
        yield 0

    kind = next(kind for kind in JOB_KINDS if kind.name == "import")
    await runner_of(world, kinds=[replace(kind, work=reads)], stopping=lambda: True).turn()
    job = await job_of(started.id)
    assert (job.state, job.failures, job.problem, job.lease_until) == (JobState.WAITING, 3, "again", None)


async def test_a_process_that_stops_puts_its_job_back(world: World) -> None:
    started = await start_import(world.context, file(9))
    assert await runner_of(world, stopping=lambda: True).turn()
    job = await job_of(started.id)
    assert (job.state, job.lease_until, job.progress) == (JobState.WAITING, None, 2)
    await until_idle(runner_of(world))
    job = await job_of(started.id)
    assert (job.state, job.progress, await Person.all().count()) == (JobState.DONE, 9, 7 + 9)


async def test_a_cancelled_launch_ends_its_job_between_two_chunks(world: World) -> None:
    done: list[tuple[str, str]] = []
    await start_import(world.context, file(4))
    await until_idle(runner_of(world))
    launch = await start_launch(world.context, world.enrollments[0].campaign_id, None, Choice("NOW"))

    async def cancels(job: Job) -> None:
        if len(done) == 5:
            await cancel_launch(world.context, launch.id)

    await until_idle(runner_of(world, kinds=recorded(done, cancels)))
    row = await Launch.get()
    assert (row.status, row.processed, row.enrolled, row.left_out) == (LaunchStatus.CANCELLED, 10, 3, 8)
    assert await Enrollment.all().count() == 7 + 3
    job = await job_of(launch.id, LAUNCH_JOB)
    assert (job.state, job.lease_until) == (JobState.CANCELLED, None)
    assert len(done) == 5


async def test_a_job_that_gives_up_undoes_no_new_decision(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone resumes while the job of the pause fails for the last time: the resume stays to be carried out."""
    campaign = world.enrollments[0].campaign_id
    await pause_campaign(world.context, campaign)
    await Job.filter(subject_id=campaign).update(failures=4)

    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 0)

    async def resumed(job: Job, runtime: JobRuntime) -> Chunks:
        await resume_campaign(world.context, campaign)
        raise RuntimeError("too late")
        yield 1

    await runner_of(world, kinds=[replace(hold_job.HOLD, work=resumed)]).turn()
    row, job = await Campaign.get(id=campaign), await job_of(campaign)
    assert (row.paused_at, row.holds is not None, row.job_problem) == (None, True, None)
    assert job.finished_at is None
    await until_idle(runner_of(world))
    assert ((await Campaign.get(id=campaign)).holds, await Send.filter(held=True).count()) == (None, 0)


async def test_a_second_process_takes_another_job(world: World) -> None:
    await start_import(world.context, file(9, "a"))
    await start_import(world.context, file(9, "b"))
    other, taken = runner_of(world), []

    async def beside(job: Job) -> None:
        if not taken:
            taken.append(job.subject_id)
            await other.turn()

    await until_idle(runner_of(world, kinds=recorded([], beside)))
    await other.close()
    assert await PeopleImport.filter(status=ImportStatus.FINISHED, created=9).count() == 2
    assert await Event.filter(kind="PEOPLE_IMPORTED").count() == 2


async def test_jobs_of_a_kind_that_is_not_known_are_left_alone(world: World) -> None:
    await jobs.start("of_a_newer_release", world.context.workspace_id, "x", NOW)
    assert not await runner_of(world).turn()
    assert (await job_of("x")).state is JobState.WAITING


async def test_jobs_that_are_over_are_kept_for_a_month(world: World) -> None:
    first = await start_import(world.context, file(1, "a"))
    await until_idle(runner_of(world))
    for days, left in ((29, 2), (31, 2)):
        await start_import(world.context, file(1, f"b{days}"))
        await until_idle(runner_of(world, NOW + timedelta(days=days)))
        assert await Job.all().count() == left
    assert not await Job.filter(subject_id=first.id).exists()


async def test_open_jobs_are_counted_by_kind_and_state(world: World) -> None:
    await start_import(world.context, file(9, "a"))
    await start_import(world.context, file(9, "b"))
    await runner_of(world, stopping=lambda: True).turn()
    first = await Job.filter(kind="import").first()
    assert first is not None
    await jobs.take(first.id, first.turns, NOW)
    counts, ages = await jobs.job_numbers(NOW + timedelta(minutes=1))
    assert counts == {("import", "WAITING"): 1, ("import", "RUNNING"): 1}
    assert ages == {"import": 60.0}


def test_each_kind_has_a_name_of_its_own() -> None:
    names = [kind.name for kind in JOB_KINDS]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 40 for name in names)
    assert {kind.priority for kind in JOB_KINDS} == set(Priority)
