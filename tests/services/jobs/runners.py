"""Job runners, and kinds of jobs that note what they do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from api.background_jobs import JOB_KINDS
from api.models import Job
from api.services.jobs.job_kind import Chunks, JobKind, JobRuntime
from api.services.jobs.runner import JobRunner
from tests.services.world import NOW, World


def file(rows: int, name: str = "n") -> str:
    """Return a CSV file of so many people."""
    return "email\n" + "".join(f"{name}{number}@x.org\n" for number in range(rows))


def runner_of(world: World, now: datetime = NOW, kinds: Any = JOB_KINDS, **named: Any) -> JobRunner:
    """Return the job runner of a process that has just started."""
    return JobRunner(kinds, JobRuntime(world.runtime.context, lambda: now), world.runtime.metrics, **named)


def recorded(done: list[tuple[str, str]], after: Callable[[Job], Any] | None = None) -> list[JobKind]:
    """Return the kinds, with work that notes each chunk that wrote: its kind and subject. ``after`` follows it."""

    def noted(kind: JobKind) -> JobKind:
        async def work(job: Job, runtime: JobRuntime) -> Chunks:
            async for chunk in kind.work(job, runtime):
                if chunk:
                    done.append((kind.name, job.subject_id))
                    if after is not None:
                        await after(job)
                yield chunk

        return replace(kind, work=work)

    return [noted(kind) for kind in JOB_KINDS]


async def until_idle(runner: JobRunner) -> None:
    """Run jobs until none is waiting."""
    while await runner.run_next():
        pass
    await runner.close()
