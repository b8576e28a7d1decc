"""Prepare the next emails of accounts while their sessions wait for a commit or for the mail server."""

import asyncio
import logging

from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.send.delivery_queue import DeliveryQueue

log = logging.getLogger("touchline.dispatch")

MAX_PREPARED_EMAILS = 200
"""The most emails of an account that are prepared before a session needs them. They are in memory until then."""
EMAILS_PER_TURN = 4
"""The most emails that are prepared in one turn of the event loop, which takes about a millisecond."""
MAX_PREPARED_BYTES = 50_000
"""Largest email that is prepared ahead, in bytes."""


class PreparingAhead:
    """Prepares the first deliveries of the queues of all accounts: a few in each turn of the event loop.

    All sessions of an account wait for the same commits. Without this, the process would have no work meanwhile. The
    trade-off is memory for emails that no session needs yet.
    Deliveries stay in their queue. ``prepare`` in ``attempt`` uses what is prepared, and does what is not.
    ``_queues`` has the queues with deliveries to prepare. ``wake`` adds them, and accounts take turns.
    """

    def __init__(self) -> None:
        self._queues: dict[DeliveryQueue, None] = {}
        self._is_scheduled = False

    def wake(self, queue: DeliveryQueue) -> None:
        """Prepare deliveries of a queue until enough of them are ready."""
        if queue.has_unprepared(MAX_PREPARED_EMAILS):
            self._queues[queue] = None
            self._schedule()

    def _schedule(self) -> None:
        if self._queues and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._prepare_some)

    def _prepare_some(self) -> None:
        self._is_scheduled = False
        for _ in range(EMAILS_PER_TURN):
            if not self._queues:
                return
            queue = next(iter(self._queues))
            del self._queues[queue]
            delivery = queue.next_unprepared(MAX_PREPARED_EMAILS)
            if delivery is not None:
                prepare_ahead(delivery)
                self._queues[queue] = None
        self._schedule()


def prepare_ahead(delivery: Delivery) -> None:
    """Check, render and pack one email if that is quick. A session repeats what cannot be done here."""
    batch, send = delivery.batch, delivery.send
    try:
        if batch.waits_until(send) is not None:
            return
        written = batch.write_ahead(send)
        if written is not None and len(written.message) <= MAX_PREPARED_BYTES:
            delivery.content = batch.contents.pack_small(send, written.message, batch.placeholder_order)
            delivery.prepared = written
    except Exception:  # the session meets the same error and handles it
        log.debug("cannot prepare the email %s ahead", send.id, exc_info=True)
