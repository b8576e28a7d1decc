"""Find the row that makes a chunk of work fail, by bisection, and set it aside so that the work can finish.

A chunk that fails twice is halved until one row is left. That row is set aside with its reason, and the other rows are
processed. Background jobs, dispatch and the expiry of tasks use it.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from asyncpg.exceptions import DeadlockDetectedError, SerializationError

from api.mail.text_checks import storable_text
from api.store.engine.faults.availability import database_unavailable
from api.store.engine.faults.database_faults import fault_of
from strategies import Refusal

log = logging.getLogger("touchline.jobs")

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_SET_ASIDE = 20
"""The most rows of one chunk that are set aside. If more rows fail, the rows are not the cause, and the job fails."""
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)


def is_transient(problem: BaseException) -> bool:
    """Say whether the work may succeed later: the database is unavailable, or another transaction conflicted."""
    return database_unavailable(problem) or isinstance(problem, DeadlockDetectedError | SerializationError)


def is_database_fault(problem: BaseException) -> bool:
    """Say whether the state of the database is the cause, not a row: it is unavailable, damaged, or too slow."""
    fault = fault_of(problem)
    return is_transient(problem) or (fault is not None and fault.is_operational)


def reason_of(problem: BaseException) -> str:
    """Return the reason that users read: the sentence of a refusal, or the type of an error that is in the log."""
    if isinstance(problem, Refusal):
        return storable_text(problem.message)
    return f"The database or an extension refused it ({type(problem).__name__}). The server's log has more."


async def bisect_failures(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Awaitable[Result]],
    set_aside: Callable[[Item, str], Awaitable[Result]],
    max_set_aside: int = MAX_SET_ASIDE,
    reraise: Callable[[BaseException], bool] = is_transient,
) -> list[Result]:
    """Do ``work`` on items in their order, and set aside those on which it fails. Returns the results.

    ``work`` is one transaction. If it fails twice, it is called again with each half of the items, until the failing
    items are found. ``set_aside`` gets each of them and the reason. If more than ``max_set_aside`` items fail, the last
    error is raised. If ``reraise`` returns True for an error, no item is its cause, and it is raised at once.
    """
    return await _Bisection(work, set_aside, max_set_aside, reraise).run(items)


@dataclass(slots=True)
class _Bisection:
    work: Callable[[Sequence[Any]], Awaitable[Any]]
    set_aside: Callable[[Any, str], Awaitable[Any]]
    max_set_aside: int
    reraise: Callable[[BaseException], bool]
    aside: int = 0

    async def run(self, items: Sequence[Any]) -> list[Any]:
        for last_try in (False, True):
            try:
                return [await self.work(items)]
            except Exception as problem:
                too_many = len(items) <= 1 and self.aside >= self.max_set_aside
                if self.reraise(problem) or (last_try and too_many):
                    raise
                failed = problem
        if not items:
            raise failed
        if len(items) > 1:
            middle = len(items) // 2
            return [*await self.run(items[:middle]), *await self.run(items[middle:])]
        log.error("a row of a background job fails and is skipped", exc_info=failed)
        self.aside += 1
        return [await self.set_aside(items[0], reason_of(failed))]
