"""Find the row that makes a chunk of a background job fail, set it aside, and let the job come to its end.

A chunk that fails twice is halved until one row is left. That row is set aside with its reason, and the others are
done. A job that fails as a whole waits longer each time; after ``MAX_FAILURES`` attempts without progress it ends, and
its reason can be read by GraphQL. Attempts are counted in the database when a job is taken, so that a job that ends
its process counts as well: runner.py.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from asyncpg.exceptions import DeadlockDetectedError, SerializationError

from api.mail.clean import storable
from api.store.engine.availability import database_unavailable
from api.store.engine.database_faults import fault_of
from strategies import Refusal

log = logging.getLogger("touchline.jobs")

Item = TypeVar("Item")
Answer = TypeVar("Answer")

ROW_FAILED = "ROW_FAILED"
"""The code of a row that was set aside."""
MAX_FAILURES = 5
"""Attempts without progress after which a job ends."""
MAX_SET_ASIDE = 20
"""Rows of one chunk that are set aside. Where more fail, the rows are not the cause, and the job fails."""
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
LOST = "The process that worked on it ended each time."


def passing(problem: BaseException) -> bool:
    """Say whether a failure tells nothing of the work: the database is away, or another transaction was in the way."""
    return database_unavailable(problem) or isinstance(problem, DeadlockDetectedError | SerializationError)


def of_database(problem: BaseException) -> bool:
    """Say whether the state of the database is the cause, and no row: it is away, damaged, or too slow."""
    fault = fault_of(problem)
    return passing(problem) or (fault is not None and fault.is_operational)


def reason_of(problem: BaseException) -> str:
    """Return what a user reads of a failure: a refusal's sentence, or the kind of an error that is in the log."""
    if isinstance(problem, Refusal):
        return storable(problem.message)
    return f"The database or an extension refused it ({type(problem).__name__}). The server's log has more."


async def in_halves(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Awaitable[Answer]],
    set_aside: Callable[[Item, str], Awaitable[Answer]],
    most: int = MAX_SET_ASIDE,
    raises: Callable[[BaseException], bool] = passing,
) -> list[Answer]:
    """Do work on items, in their order, and set aside those on which it fails. Returns the answers.

    ``work`` is one transaction, and is called again for parts of the items where it fails. ``most`` is how many items
    are set aside; it raises where more fail. ``raises`` says of a failure that no item is its cause: it is raised.
    """
    return await _Halves(work, set_aside, most, raises).of(items)


@dataclass(slots=True)
class _Halves:
    work: Callable[[Sequence[Any]], Awaitable[Any]]
    set_aside: Callable[[Any, str], Awaitable[Any]]
    most: int
    raises: Callable[[BaseException], bool]
    aside: int = 0

    async def of(self, items: Sequence[Any]) -> list[Any]:
        for last in (False, True):
            try:
                return [await self.work(items)]
            except Exception as problem:
                if self.raises(problem) or (last and len(items) <= 1 and self.aside >= self.most):
                    raise
                failed = problem
        if not items:
            raise failed
        if len(items) > 1:
            middle = len(items) // 2
            return [*await self.of(items[:middle]), *await self.of(items[middle:])]
        log.error("a row was set aside", exc_info=failed)
        self.aside += 1
        return [await self.set_aside(items[0], reason_of(failed))]
