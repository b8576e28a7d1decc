"""Limits the memory for emails with attachments."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MAX_LARGE_EMAILS = 2
"""Most emails with attachments that one process has in memory at the same time. Each may take about 110 MB: the email
itself, and the copies that the channel and the connection make of it."""
SLOT_WAIT_SECONDS = 60.0
"""How long an email waits for its turn before it is tried again later, so that the session is free for others."""


class NoSlotError(Exception):
    """Other emails with attachments are still being sent."""


@dataclass(slots=True)
class LargeEmails:
    """Lets a few emails with attachments be sent at the same time. Others wait in order.

    The trade-off is time for memory: with one slot for each session, 64 sessions would need 7 GB.
    """

    wait_seconds: float = SLOT_WAIT_SECONDS
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_LARGE_EMAILS))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Run the block when it is this email's turn. Raises NoSlotError if that takes too long."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise NoSlotError from None
        try:
            yield
        finally:
            self._slots.release()
