"""The tick loop: it sleeps until something is due or someone wakes it, and calls one pass."""

import asyncio
import logging
from contextlib import suppress

from api.clock import Clock
from api.services.dispatch import Post, run_once
from api.services.imports import claim_import, run_import
from api.store import ledger

log = logging.getLogger("touchline.tick")


class Ticker:
    """Runs passes until it is stopped. ``poll`` bounds its sleep, in seconds, for what other machines schedule."""

    def __init__(self, post: Post, clock: Clock, poll: float) -> None:
        self.post = post
        self.clock = clock
        self.poll = poll
        self._awake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look at once: something may be due earlier than it was."""
        self._awake.set()

    def stop(self) -> None:
        """Finish the present pass, then end."""
        self._stopping = True
        self._awake.set()

    async def pass_once(self) -> bool:
        """Do one pass, and one claimed import. Returns whether there was anything to do."""
        counts = await run_once(self.post, self.clock())
        waiting = await claim_import(self.clock())
        if waiting is not None:
            await run_import(waiting, self.clock)
        return not counts.idle or waiting is not None

    async def run(self) -> None:
        """Run until ``stop``. A pass that fails is logged and tried again after ``poll`` seconds."""
        while not self._stopping:
            self._awake.clear()
            pause = self.poll
            try:
                if await self.pass_once():
                    continue
                due = await ledger.next_due(None)
                if due is not None:
                    pause = min(self.poll, max(0.0, (due - self.clock()).total_seconds()))
            except Exception:
                log.exception("a pass failed; the next one is in %s seconds", self.poll)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), pause)
