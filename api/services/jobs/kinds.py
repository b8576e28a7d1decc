"""What a kind of background job is: a row of the table in api/job_kinds.py."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

from tortoise.models import Model

from api.clock import Clock
from api.models import Job, Workspace
from api.services.common.context import WorkspaceContext


class Priority(IntEnum):
    """Jobs of a lower number go first. They interrupt others after the chunk at hand."""

    URGENT = 0
    """Emails wait for it, or must not leave before it: pauses, resumes and edits."""
    BULK = 10
    """It takes as long as it takes: imports and launches."""


@dataclass(frozen=True, slots=True)
class JobRuntime:
    """What a job needs from its surroundings."""

    context_of: Callable[[Workspace], WorkspaceContext]
    clock: Clock
    """Real time, UTC."""

    async def context(self, job: Job) -> WorkspaceContext:
        """Return the context of a job's workspace."""
        return self.context_of(await Workspace.get(id=job.workspace_id))


Chunks = AsyncGenerator[int | timedelta, None]
"""What the work of a job yields after each chunk, which is one committed transaction: how many people or rows it did.

0 means that nothing was written, and that others may have their turn. A timedelta means that there is nothing to do
for so long. Where the generator returns, the job is done. It may be closed after any chunk, and begins again from the
database: what it has written tells it where to go on.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job."""

    name: str
    """Stands in the column ``job.kind`` and in metrics. It never changes: open jobs are found by it."""
    priority: Priority
    work: Callable[[Job, JobRuntime], Chunks]
    give_up: Callable[[Job, str, JobRuntime], Awaitable[None]]
    """Ends what the job is for, with the reason that a user reads.

    It runs in the transaction that ends the job, and is undone where the job turns out to have begun again.
    """
    start_if_needed: Callable[[JobRuntime], Awaitable[None]] | None = None
    """Starts jobs that no mutation decides, such as after an upgrade. The runner of each process calls it once."""
    problem_column: tuple[type[Model], str] | None = None
    """Where GraphQL reads why the last attempt failed: a model, found by the job's ``subject_id``, and its column."""

    async def show_problem(self, subject_id: str, reason: str | None) -> None:
        """Show a user why the last attempt failed; None where there is progress again."""
        if self.problem_column is not None:
            model, column = self.problem_column
            values: dict[str, Any] = {column: reason}
            await model.filter(id=subject_id).update(**values)
