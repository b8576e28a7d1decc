"""Follow the Live Feed: one reader for each process, whatever the number of clients.

Notifications wake it, and it reads the new events of all followed workspaces at once. For each group of clients with
the same request, the result of an event is made once. A client that is behind the reader, because it resumes from an
earlier place or reads slowly, reads the missing events from memory or from the database at its own pace.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from api.services.following.event_filter_index import EventFilter
from api.services.following.event_follower import EventFollower, EventGroup, EventMaker
from api.services.following.follower_group import Result
from api.services.following.workspace_tail import WorkspaceTail
from api.store.engine.faults.availability import one_line
from api.store.engine.notifications import EVENTS, listen
from api.store.events.event_feed import Place, read_after, read_each
from api.store.events.event_order import settled
from api.store.events.event_wake import woken

log = logging.getLogger("touchline.feed")

PAGE = 500
"""Events that are read at once for each workspace."""
POLL_SECONDS = 1.0
"""Longest pause between two reads. It limits the delay when a notification is lost."""
UNSETTLED_SECONDS = 0.1
"""Longest pause while events are held back by a transaction that is still open."""
MIN_GAP_SECONDS = 0.05
"""Shortest pause between two reads. The events of this time are read at once."""
SENDERS = 4
"""Groups for which results are made at the same time. The others wait in order."""
MAX_PENDING = 20
"""Pages that wait for a group. With more, its clients read from the database."""
MAX_BEHIND = 10_000
"""Events that may happen while a client has not reached the newest one. Then it is cut off."""

Pause = Callable[["EventTail", bool], Awaitable[object]]


class TooSlowError(Exception):
    """A client reads events more slowly than they happen."""


class EventTail:
    """Reads the new events of the workspaces that clients of this process follow. Without clients it reads nothing."""

    def __init__(self) -> None:
        self._workspaces: dict[str, WorkspaceTail] = {}
        self._queue: asyncio.Queue[EventGroup[Any]] = asyncio.Queue()
        """Groups with pending events. A group is in it once, or is with a sender."""
        self._tasks: list[asyncio.Task[None]] = []
        self._awake = asyncio.Event()

    @property
    def clients(self) -> int:
        """The number of clients that follow the Live Feed."""
        return sum(workspace.clients for workspace in self._workspaces.values())

    def wake(self) -> None:
        """Read new events now."""
        self._awake.set()

    async def follow(
        self, workspace_id: str, key: Hashable, maker: EventMaker[Result], chosen: EventFilter, place: Place, token: str
    ) -> AsyncGenerator[tuple[Result, bool], None]:
        """Yield the results of the events after a place, and whether the token is valid. Raises TooSlowError.

        Clients with the same key get the same results, which the first one's ``maker`` makes.
        """
        with self._joined(workspace_id, key, maker) as (workspace, group):
            del maker  # thousands of clients must not keep theirs
            await workspace.started.wait()
            behind_since = workspace.count
            while True:
                follower: EventFollower[Result] = EventFollower(chosen, place, token, lambda: workspace.count)
                async with aclosing(self._catch_up(workspace, group, follower, behind_since)) as missed:
                    async for update in missed:
                        yield update
                try:
                    while (found := await follower.next()) is not None:
                        yield found
                finally:
                    group.followers.remove(follower)
                place, behind_since = follower.place, follower.behind_since

    async def _catch_up(
        self, workspace: WorkspaceTail, group: EventGroup[Result], follower: EventFollower[Result], behind_since: int
    ) -> AsyncGenerator[tuple[Result, bool], None]:
        """Yield the events between a client's place and the tail. Then the client follows the tail."""
        while follower.place < (reached := workspace.place):
            if workspace.count - behind_since > MAX_BEHIND:
                raise TooSlowError
            rows = workspace.recent_after(follower.place, PAGE)
            if rows is None:
                rows = await read_after(workspace.id, follower.place, reached.position, PAGE)
                rows = [row for row in rows if (row.position, row.id) <= reached]
            matching = [row for row in rows if follower.filter.matches(row)]
            results, valid = await group.results(matching, {follower.token}) if matching else ({}, frozenset())
            for row in matching:
                yield results[row.id], follower.token in valid
                follower.place = Place(row.position, row.id)
            follower.place = Place(rows[-1].position, rows[-1].id) if len(rows) == PAGE else reached
        group.followers.add(follower)  # the tail has not moved since the comparison

    @contextmanager
    def _joined(
        self, workspace_id: str, key: Hashable, maker: EventMaker[Result]
    ) -> Iterator[tuple[WorkspaceTail, EventGroup[Result]]]:
        workspace = self._workspaces.get(workspace_id)
        if workspace is None:
            workspace = self._workspaces[workspace_id] = WorkspaceTail(workspace_id)
        group: EventGroup[Result] | None = workspace.groups.get(key)
        if group is None:
            group = workspace.groups[key] = EventGroup(maker)
        group.clients += 1
        if not self._tasks:
            self._start()
        self.wake()
        try:
            yield workspace, group
        finally:
            group.clients -= 1
            if not group.clients:
                del workspace.groups[key]
            if not workspace.groups:
                del self._workspaces[workspace_id]
            if not self._workspaces:
                self._stop()

    async def close(self) -> None:
        """Stop reading. Call before the database is closed."""
        if stopped := self._stop():
            await asyncio.wait(stopped)

    def _start(self) -> None:
        self._queue, self._awake = asyncio.Queue(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for work in (self._read(), listen(self.wake, EVENTS), *(self._send() for _ in range(SENDERS))):
            # An empty context: the task serves all clients, so it must not inherit the first one's transaction.
            self._tasks.append(loop.create_task(work, context=contextvars.Context()))

    def _stop(self) -> list[asyncio.Task[None]]:
        stopped, self._tasks = self._tasks, []
        for task in stopped:
            task.cancel()
        return stopped

    async def _read(self) -> None:
        with woken(self.wake):
            while True:
                self._awake.clear()
                pause = POLL_SECONDS
                try:
                    more, unsettled = await self._look()
                    if more:
                        continue
                    pause = UNSETTLED_SECONDS if unsettled else POLL_SECONDS
                except Exception as problem:
                    log.warning("cannot read the events that clients follow; trying again: %s", one_line(problem))
                await asyncio.sleep(MIN_GAP_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._awake.wait()

    async def _look(self) -> tuple[bool, bool]:
        """Read new events. Return whether more follow, and whether some are held back by open transactions."""
        upto, unsettled = await settled()
        for workspace in self._workspaces.values():
            if not workspace.started.is_set():
                workspace.start(Place(upto))
        tails = dict(self._workspaces)
        more = False
        for key, rows in (await read_each({key: tail.place for key, tail in tails.items()}, upto, PAGE)).items():
            more = more or len(rows) == PAGE
            for group in tails[key].add(rows, Place(upto) if len(rows) < PAGE else None):
                self._enqueue(group)
        return more, unsettled

    def _enqueue(self, group: EventGroup[Any]) -> None:
        if len(group.pending) > MAX_PENDING:
            group.drop_all()
        elif not group.busy:
            group.busy = True
            self._queue.put_nowait(group)

    async def _send(self) -> None:
        while True:
            group = await self._queue.get()
            try:
                while group.pending:
                    await group.send(*group.pending.popleft())
            except Exception as problem:
                log.warning("cannot send events; clients read them again: %s", one_line(problem))
                group.drop_all()
            finally:
                group.busy = False
