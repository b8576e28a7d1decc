"""How many people or rows one transaction of a job processes.

A transaction blocks all other writers on SQLite, and the event loop builds its rows. So the limit is a number of rows,
not a number of people, and on SQLite also a time.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.store.engine.database import is_postgres
from api.store.engine.transactions import transaction

RESOLVED_ROWS_PER_TRANSACTION = 400
"""Emails and tasks that one transaction reads and calculates."""
INSERTED_ROWS_PER_TRANSACTION = 2_000
"""Emails and tasks of one transaction that only inserts or updates them."""
MIN_PEOPLE = 10
WRITE_SLICE_SECONDS = 0.02
"""How long one transaction of a job should block the other writers of a SQLite file."""
SMALL_CHUNK = 25
"""The size below which chunks never shrink, because each transaction has fixed costs."""


def people_per_transaction(max_people: int, steps: int, rows: int = RESOLVED_ROWS_PER_TRANSACTION) -> int:
    """Return how many people have about ``rows`` rows in a campaign with ``steps`` steps, at most ``max_people``."""
    return min(max_people, max(MIN_PEOPLE, rows // max(1, steps)))


class ChunkSize:
    """The number of people or rows in the next chunk of a job.

    On SQLite, each transaction is measured from its begin to its commit, and the next chunk is sized to take
    WRITE_SLICE_SECONDS. So a user's change waits only that long for a job. The trade-off: fixed costs are paid more
    often, so a chunk never has less than a tenth of ``most``. PostgreSQL writes concurrently, so there the size is
    always ``most``.

    The job sets ``most`` and reads ``size``. Only ``transaction`` changes the measured size.
    """

    def __init__(self, most: int, timer: Callable[[], float] = time.perf_counter) -> None:
        self.most = most
        self._timer = timer
        self._measured = most // 4
        """The size that fits the slice. The first chunk has a quarter of ``most``."""

    @property
    def size(self) -> int:
        """How many people or rows the next transaction may process."""
        if is_postgres():
            return self.most
        return max(self.smallest, min(self._measured, self.most))

    @property
    def smallest(self) -> int:
        """The smallest size, which a slow machine gets."""
        return max(self.most // 10, min(self.most, SMALL_CHUNK))

    @asynccontextmanager
    async def transaction(self, size: int) -> AsyncIterator[None]:
        """Run the block, which processes ``size`` people or rows, in one transaction, and measure it.

        The wait for other transactions does not count. The block processes ``size`` people or rows. If it fails, the
        measured size stays.
        """
        async with transaction():
            began = self._timer()
            yield
        seconds = max(self._timer() - began, WRITE_SLICE_SECONDS / 100)
        # At most twice as many, because a chunk without work does not predict the time of the next one.
        self._measured = min(round(size * WRITE_SLICE_SECONDS / seconds), 2 * max(size, self._measured))
