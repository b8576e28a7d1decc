"""The job runner takes the most urgent job, chunk by chunk, and lets workspaces take turns."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.background_jobs import JOB_KINDS
from api.models import Event, Job, PeopleImport, Person, Send
from api.services.campaigns.pausing.pausing import pause_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.jobs import runner as running
from api.services.jobs.job_kind import JobPriority, JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice
from api.services.people.imports import start_import
from api.services.workspaces.workspaces import create_workspace
from api.states import ImportStatus, JobState
from api.store import jobs
from tests.databases import on_sqlite
from tests.services.jobs.claims import job_of
from tests.services.jobs.runners import file, recorded, runner_of, until_idle
from tests.services.world import NOW, World


async def other_workspace(world: World, name: str) -> WorkspaceContext:
    return world.runtime.context(await create_workspace(name, NOW))


@on_sqlite
async def test_a_pause_goes_next_after_one_chunk_of_a_large_import(world: World) -> None:
    done: list[tuple[str, str]] = []
    campaign = world.enrollments[0].campaign_id

    async def pauses(job: Job) -> None:
        if len(done) == 2:
            await pause_campaign(world.context, campaign)

    await start_import(world.context, file(20))
    runner = runner_of(world, kinds=recorded(done, pauses))
    assert await runner.run_next()
    assert [kind for kind, _ in done] == ["import"] * 2, "the import lets the pause go on after its chunk"
    assert (await job_of(campaign, "hold")).state is JobState.WAITING
    assert await runner.run_next()
    assert {kind for kind, _ in done[2:]} == {"hold"}
    assert (await job_of(campaign, "hold")).state is JobState.DONE
    assert await Send.filter(held=True).count() == 14
    assert (await PeopleImport.get()).processed == 4
    await until_idle(runner)
    row = await PeopleImport.get()
    assert (row.status, row.created, row.updated, row.failed) == (ImportStatus.FINISHED, 20, 0, 0)


@on_sqlite
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
    turns = [subject for number, (_, subject) in enumerate(done) if number % running.CHUNKS_PER_SLICE == 0]
    assert len(done) == 4 * 30 + 15 + 15
    first = {row.id for row in many}
    assert [subject if subject not in first else "A" for subject in turns[:9]] == ["A", other.id, third.id] * 3
    assert set(turns[9:]) == first
    assert {turns[at] for at in (0, 3, 6, 9)} == first, "jobs of one workspace take turns as well"
    assert await PeopleImport.filter(status=ImportStatus.FINISHED).count() == 6
    assert await Person.filter(workspace_id=other.workspace_id).count() == 30


async def test_a_second_process_takes_another_job(world: World) -> None:
    await start_import(world.context, file(9, "a"))
    await start_import(world.context, file(9, "b"))
    other, taken = runner_of(world), []

    async def beside(job: Job) -> None:
        if not taken:
            taken.append(job.subject_id)
            await other.run_next()

    await until_idle(runner_of(world, kinds=recorded([], beside)))
    await other.close()
    assert await PeopleImport.filter(status=ImportStatus.FINISHED, created=9).count() == 2
    assert await Event.filter(kind="PEOPLE_IMPORTED").count() == 2


@on_sqlite
async def test_jobs_of_a_kind_that_is_not_known_are_left_alone(world: World) -> None:
    await jobs.start("of_a_newer_release", world.context.workspace_id, "x", NOW)
    assert not await runner_of(world).run_next()
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
    await runner_of(world, stopping=lambda: True).run_next()
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
    assert {kind.priority for kind in JOB_KINDS} == set(JobPriority)


async def test_a_start_that_fails_delays_no_job_and_is_tried_again(world: World) -> None:
    calls: list[str] = []

    def start(name: str, failures: int = 0) -> Any:
        async def call(runtime: JobRuntime) -> None:
            calls.append(name)
            if calls.count(name) <= failures:
                raise OverflowError(name)

        return call

    kinds = [
        replace(kind, start_if_needed=start(kind.name, failures=2 * (kind.name == "hold")))
        for kind in JOB_KINDS
        if kind.name in {"import", "hold"}
    ]
    await start_import(world.context, file(2))
    now = [NOW]
    runner = JobRunner(kinds, JobRuntime(world.runtime.context, lambda: now[0]), world.runtime.metrics)
    await until_idle(runner)
    assert (await PeopleImport.get()).status is ImportStatus.FINISHED
    assert sorted(calls) == ["hold", "import"]
    for minutes, expected in ((0, 1), (1, 2), (-60, 3), (9, 3)):
        now[0] = NOW + timedelta(minutes=minutes)
        await runner.run_next()
        assert (calls.count("hold"), calls.count("import")) == (expected, 1)
