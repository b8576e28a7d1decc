"""Collect opens and clicks in memory, and store them in batches.

A mail to many people is opened in a burst. One transaction for each open would delay emails on SQLite, so opens wait
for a batch. The trade-off: if the process is killed, the opens of the last MAX_WAIT_SECONDS are lost. A click is stored
at once, together with all waiting events, and its redirect waits for that for a short time.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from api.clock import Clock
from api.ids import new_id
from api.services.tracking.machine_rules import Agent
from api.store.engine.faults.availability import log_database_outage
from plugins.incoming import ReportedEvent, ReportedKind

log = logging.getLogger("touchline.tracking")

TRACKING_SOURCE = "tracking"
"""The source of opens and clicks of Touchline's own links, among all incoming events."""
MAX_WAIT_SECONDS = 0.25
"""How long an open waits for more opens, so that they are stored together."""
CLICK_WAIT_SECONDS = 0.25
"""How long a redirect waits until its click is stored. Then the person is redirected anyway."""
RETRY_SECONDS = 1.0
"""How long the recorder waits after the database has failed."""
MAX_BATCH_EVENTS = 500
MAX_WAITING_EVENTS = 20_000
"""Opens and clicks in memory while the database does not respond. Further ones are dropped."""
REPEATED_WITHIN = timedelta(seconds=10)
"""The same open, or the same click, of the same kind of program within this time counts once.

Mail programs often load an image twice.
"""
MAX_REMEMBERED = 20_000
"""The most hits that are kept to detect repeated ones."""
CLOSE_SECONDS = 2.0
"""How long storing the last hits may take when the process stops."""

Store = Callable[[Sequence[ReportedEvent]], Awaitable[object]]


class HitRecorder:
    """Stores the opens and clicks of one process. ``store`` writes a batch in one transaction.

    - ``_waiting``: events that are not stored yet, the oldest first. ``record`` adds them, and ``_store_batch`` removes
      them once they are stored.
    - ``_urgent``: set while a click or a whole batch waits. ``run`` waits for it, or for MAX_WAIT_SECONDS.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[ReportedEvent] = []
        self._dropped = 0
        """Events that were dropped since the last batch. ``_add`` counts them, and ``_store_batch`` logs them."""
        self._filled = asyncio.Event()
        self._urgent = asyncio.Event()
        self._clicks: dict[str, asyncio.Future[None]] = {}
        """The futures of clicks that wait until they are stored, by key. ``record_click`` adds and removes them."""
        self._recent: OrderedDict[tuple[str, str, Agent], datetime] = OrderedDict()
        """When (UTC) each email, link and agent last hit. Only ``_is_repeated`` changes it."""

    def record_open(self, email_id: str, agent: Agent) -> None:
        """Record an open. It is stored within MAX_WAIT_SECONDS."""
        self._add(ReportedKind.OPENED, email_id, agent, "")

    async def record_click(self, email_id: str, agent: Agent, url: str) -> None:
        """Record a click, and wait until it is stored, up to CLICK_WAIT_SECONDS."""
        key = self._add(ReportedKind.CLICKED, email_id, agent, url)
        if key is None:
            return
        stored_future = self._clicks[key] = asyncio.get_running_loop().create_future()
        self._urgent.set()
        try:
            await asyncio.wait([stored_future], timeout=CLICK_WAIT_SECONDS)
        finally:
            self._clicks.pop(key, None)

    def _add(self, kind: ReportedKind, email_id: str, agent: Agent, url: str) -> str | None:
        """Add an event, and return its key. Returns None for a repeated one, and if too many wait."""
        now = self._clock()
        if self._is_repeated((email_id, url, agent), now):
            return None
        if len(self._waiting) >= MAX_WAITING_EVENTS:
            self._dropped += 1
            return None
        key = new_id("hit")
        self._waiting.append(ReportedEvent(key, kind, now, email_id=email_id, detail=str(agent), url=url))
        self._filled.set()
        if len(self._waiting) >= MAX_BATCH_EVENTS:
            self._urgent.set()
        return key

    def _is_repeated(self, hit: tuple[str, str, Agent], now: datetime) -> bool:
        before = self._recent.get(hit)
        if before is not None and now - before < REPEATED_WITHIN:
            return True
        self._recent[hit] = now
        self._recent.move_to_end(hit)
        if len(self._recent) > MAX_REMEMBERED:
            self._recent.popitem(last=False)
        return False

    async def run(self) -> None:
        """Store recorded opens and clicks, until the task is cancelled.

        They are kept while the database is unavailable.
        """
        while True:
            await self._filled.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(MAX_WAIT_SECONDS):
                    await self._urgent.wait()
            try:
                await self._store_batch()
            except Exception as problem:
                if not log_database_outage(problem):
                    log.exception("cannot store opens and clicks; trying again later")
                await asyncio.sleep(RETRY_SECONDS)

    async def _store_batch(self) -> None:
        """Store the oldest events. If that fails, they stay, and are stored later under the same keys."""
        self._urgent.clear()
        batch = self._waiting[:MAX_BATCH_EVENTS]
        if batch:
            await self._store(batch)
        del self._waiting[: len(batch)]
        if self._dropped:
            log.warning("%s opens and clicks were dropped, because too many waited for the database", self._dropped)
            self._dropped = 0
        for event in batch:
            if (waiting := self._clicks.get(event.key)) is not None and not waiting.done():
                waiting.set_result(None)
        if not self._waiting:
            self._filled.clear()
        elif self._clicks or len(self._waiting) >= MAX_BATCH_EVENTS:
            self._urgent.set()

    async def close(self) -> None:
        """Store the rest. Call after ``run`` has ended."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._waiting:
                    await self._store_batch()
        except Exception as problem:
            log.warning(
                "%s opens and clicks cannot be stored and are lost: %s",
                len(self._waiting),
                " ".join(str(problem).split()),
            )
