"""The tick loop: it sleeps until something is due or someone wakes it, and calls one pass."""

import asyncio
import logging
from contextlib import suppress

from api.clock import Clock
from api.services.dispatch import Post, run_once
from api.services.imports import claim_import, run_import
from api.services.zones import fingerprint, resolve_again_if_changed
from api.store import ledger

log = logging.getLogger("touchline.tick")


class Ticker:
    """Runs passes until it is stopped. ``poll`` bounds its sleep, in seconds, for what other machines schedule."""

    def __init__(self, post: Post, clock: Clock, poll: float) -> None:
        self.post = post
        self.clock = clock
        self.poll = poll
        self._awake = asyncio.Event()
        self._import_waits = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look at once: something may be due earlier than it was."""
        self._awake.set()
        self._import_waits.set()

    def stop(self) -> None:
        """Finish the present pass, then end."""
        self._stopping = True
        self.wake()

    async def until_idle(self) -> None:
        """Do all that is due now, imports included."""
        await self._heed_zones()
        while not (await run_once(self.post, self.clock())).idle or await self._import_once():
            pass

    async def run(self) -> None:
        """Run until ``stop``. A pass that fails is logged and tried again after ``poll`` seconds."""
        await self._heed_zones()
        importing = asyncio.create_task(self._run_imports())
        try:
            while not self._stopping:
                self._awake.clear()
                pause = self.poll
                try:
                    if not (await run_once(self.post, self.clock())).idle:
                        continue
                    due = await ledger.next_due(None)
                    if due is not None:
                        pause = min(self.poll, max(0.0, (due - self.clock()).total_seconds()))
                except Exception:
                    log.exception("a pass failed; the next one is in %s seconds", self.poll)
                await _sleep(self._awake, pause)
        finally:
            # What an import has done is committed chunk by chunk; the next process goes on behind it.
            importing.cancel()
            await asyncio.gather(importing, return_exceptions=True)

    async def _heed_zones(self) -> None:
        """Resolve unsent emails again where the tz database is not the one that they were resolved with."""
        if moved := await resolve_again_if_changed(self.post.scope, await asyncio.to_thread(fingerprint)):
            log.info("the tz database has changed: the emails of %s people were resolved again", moved)

    async def _run_imports(self) -> None:
        """Import beside the passes, so that a long file delays no email."""
        # The flag, not the cancelling alone: on Python 3.11 a wait that ends as it is cancelled swallows that.
        while not self._stopping:
            self._import_waits.clear()
            try:
                if await self._import_once():
                    continue
            except Exception:
                log.exception("an import failed; it is tried again when its lease has expired")
            await _sleep(self._import_waits, self.poll)

    async def _import_once(self) -> bool:
        waiting = await claim_import(self.clock())
        if waiting is not None:
            await run_import(waiting, self.clock)
        return waiting is not None


async def _sleep(until: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)
