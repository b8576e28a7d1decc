"""The definition of one kind of background job. api/background_jobs.py lists all kinds."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from typing import Any

from tortoise.models import Model

from api.clock import Clock
from api.mail.return_address import ReturnAddresses
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses
from api.models import Job, Workspace
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext


class JobPriority(IntEnum):
    """Jobs with a lower number run first. They interrupt other jobs after the present chunk."""

    URGENT = 0
    """For jobs that decide when emails are sent: pauses, resumes, edits and new time zone rules."""
    BULK = 10
    """For long jobs that may wait: imports, launches and endings."""


@dataclass(frozen=True, slots=True)
class JobRuntime:
    """The context and the clock with which jobs run."""

    context_of: Callable[[Workspace], WorkspaceContext]
    clock: Clock
    """Real time, UTC."""
    return_addresses: ReturnAddresses | None = None
    """Reads the return addresses of emails, if TOUCHLINE_RETURN_PATH is set."""
    unsubscribe_addresses: UnsubscribeAddresses | None = None
    """Reads the addresses by which recipients unsubscribe, if TOUCHLINE_UNSUBSCRIBE_ADDRESS is set."""

    metrics: Metrics = field(default_factory=Metrics)
    """The metrics of the process."""

    async def context(self, job: Job) -> WorkspaceContext:
        """Return the context of a job's workspace. A job of the server has none, and raises ValueError."""
        if job.workspace_id is None:
            raise ValueError(f"the job {job.kind} belongs to no workspace")
        return self.context_of(await Workspace.get(id=job.workspace_id))


Chunks = AsyncGenerator[int | timedelta, None]
"""The work of a job. After each chunk, which is one committed transaction, it yields the number of people or rows.

0 means that the chunk wrote nothing, and that other jobs may run. A timedelta means that the job has nothing to do for
that time. When the generator returns, the job is done. The runner may close it after any chunk. A new generator reads
from the database where to continue.
"""


GiveUp = Callable[[Job, str, JobRuntime], Awaitable[None]]
"""Ends the subject of a job that failed too often. The text is the reason that users read."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job."""

    name: str
    """The value of the column ``job.kind``, and the label in metrics. Do not change it: open jobs have it."""
    priority: JobPriority
    work: Callable[[Job, JobRuntime], Chunks]
    give_up: GiveUp | None
    """Runs in the transaction that ends the job. The transaction is rolled back if the job has been started again.

    None if the job is tried until it succeeds, because no request would start it again.
    """
    start_if_needed: Callable[[JobRuntime], Awaitable[None]] | None = None
    """Work at the start of a process, such as to start jobs that no mutation starts. The runner calls it once.

    It may also delete the remains of a killed process, or report changes since the last process ran.
    """
    calls_others: bool = False
    """Whether it waits for external servers. Several such jobs run at once, beside those of other kinds."""
    is_standing: bool = False
    """Whether it runs as long as its subject exists. The metrics leave out its age."""
    problem_column: tuple[type[Model], str] | None = None
    """The column that shows users why the last attempt failed: a model, and its column. Its key is ``subject_id``."""

    async def show_problem(self, subject_id: str, reason: str | None) -> None:
        """Show users why the last attempt failed. None removes the reason after progress."""
        if self.problem_column is not None:
            model, column = self.problem_column
            values: dict[str, Any] = {column: reason}
            await model.filter(id=subject_id).update(**values)
