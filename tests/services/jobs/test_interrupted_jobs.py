"""A job that was interrupted, killed or cancelled continues where it was, or ends, and begins nothing again."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from api.background_jobs import JOB_KINDS
from api.models import Campaign, Enrollment, Event, Job, Launch, PeopleImport, Person, Send
from api.services.campaigns.pausing import pause_job, pausing
from api.services.campaigns.pausing.launch_control import LAUNCH_JOB
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.jobs import runner as running
from api.services.jobs.job_kind import Chunks, JobKind, JobRuntime
from api.services.launches.background.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice
from api.services.people.imports import start_import
from api.states import ImportStatus, JobState, LaunchStatus
from api.store import jobs
from tests.services.jobs.claims import job_of
from tests.services.jobs.runners import file, recorded, runner_of, until_idle
from tests.services.world import NOW, Killed, World


async def test_an_interrupted_job_goes_on_without_beginning_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNKS_PER_SLICE", 1)
    opened: list[str] = []

    def counted(kind: JobKind) -> JobKind:
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
            while await runner.run_next():
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
        await runner_of(world, kinds=[replace(kind, work=dies)]).run_next()
    job = await job_of(started.id)
    assert (job.state, job.failures, job.lease_until) == (JobState.RUNNING, 1, NOW + jobs.LEASE)
    assert not await runner_of(world, NOW + jobs.LEASE / 2).run_next(), "somebody may still work on it"
    assert await runner_of(world, NOW + jobs.LEASE).run_next()
    assert (await job_of(started.id)).state is JobState.DONE


async def test_what_only_reads_again_proves_no_progress(world: World) -> None:
    """A turn that is interrupted before it has written anything forgets no earlier failure."""
    started = await start_import(world.context, file(2))
    await Job.filter(subject_id=started.id).update(failures=3, problem="again")

    async def reads(job: Job, runtime: JobRuntime) -> Chunks:
        yield 0

    kind = next(kind for kind in JOB_KINDS if kind.name == "import")
    await runner_of(world, kinds=[replace(kind, work=reads)], stopping=lambda: True).run_next()
    job = await job_of(started.id)
    assert (job.state, job.failures, job.problem, job.lease_until) == (JobState.WAITING, 3, "again", None)


async def test_a_process_that_stops_puts_its_job_back(world: World) -> None:
    started = await start_import(world.context, file(9))
    assert await runner_of(world, stopping=lambda: True).run_next()
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

    await runner_of(world, kinds=[replace(pause_job.HOLD, work=resumed)]).run_next()
    row, job = await Campaign.get(id=campaign), await job_of(campaign)
    assert (row.resume_requested_at is not None, row.holds is not None, row.job_problem) == (True, True, None)
    assert job.finished_at is None
    await until_idle(runner_of(world))
    row = await Campaign.get(id=campaign)
    assert (row.paused_at, row.holds, await Send.filter(held=True).count()) == (None, None, 0)
