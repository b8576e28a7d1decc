"""The jobs of one account that wait for a session, and the sessions that wait for a job."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable

from api.services.dispatch.claim.job import Job


class JobQueue:
    """First in, first out. A session that finds it empty stays open for ``linger_seconds``, for jobs that come later.

    The account worker adds jobs, sessions take them and put back what a fresh session should try. The last session
    that began to wait is woken first, so that sessions that nobody needs any more time out.
    """

    def __init__(self, linger_seconds: float) -> None:
        self._linger_seconds = linger_seconds
        self._jobs: deque[Job] = deque()
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, jobs: Iterable[Job]) -> None:
        """Append jobs. Nobody is woken yet."""
        self._jobs.extend(jobs)

    def put_back(self, job: Job) -> None:
        """Append a job that another session is to try, and wake one."""
        self._jobs.append(job)
        self.wake(1)

    def take_all(self) -> list[Job]:
        """Remove and return all jobs."""
        jobs, self._jobs = list(self._jobs), deque()
        return jobs

    def remove(self, jobs: Iterable[Job]) -> list[Job]:
        """Remove these jobs. Returns those that were still waiting."""
        ids = {id(job) for job in jobs}
        removed = [job for job in self._jobs if id(job) in ids]
        self._jobs = deque(job for job in self._jobs if id(job) not in ids)
        return removed

    def jobs(self) -> list[Job]:
        """Return the waiting jobs in their order."""
        return list(self._jobs)

    async def next(self) -> Job | None:
        """Take the first job, or wait for one. None when none comes in time, or the queue is closed."""
        until = time.monotonic() + self._linger_seconds
        while not self._jobs and not self._closed and (left := until - time.monotonic()) > 0:
            await self._wait(left)
        return self._jobs.popleft() if self._jobs else None

    def wake(self, most: int) -> int:
        """Wake up to so many waiting sessions. Returns how many."""
        number = min(most, len(self._waiting))
        for _ in range(number):
            _set(self._waiting.popitem()[0])
        return number

    def close(self) -> list[Job]:
        """Let sessions end that find no job. Returns the jobs that were waiting."""
        self._closed = True
        self.wake(len(self._waiting))
        return self.take_all()

    async def _wait(self, seconds: float) -> None:
        """Wait until somebody wakes this session, or the time is over."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._waiting[woken] = None
        timer = loop.call_later(seconds, _set, woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._waiting.pop(woken, None)


def _set(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
