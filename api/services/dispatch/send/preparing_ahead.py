"""Prepare the next emails of an account while its sessions wait for a commit or for the mail server."""

import asyncio
import logging

from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.send.delivery_queue import DeliveryQueue

log = logging.getLogger("touchline.dispatch")

MAX_PREPARED_EMAILS = 200
"""The most emails of an account that are prepared before a session needs them. They are in memory until then."""
EMAILS_PER_TURN = 4
"""The most emails that are prepared in one turn of the event loop. Sessions wait for less than a millisecond."""
MAX_PREPARED_BYTES = 50_000
"""Largest email that is prepared ahead, in bytes."""


class PreparingAhead:
    """Prepares the first deliveries of a queue: a few in each turn of the event loop, so that it delays no session.

    All sessions of an account wait for the same commits. Without this, the process would have no work meanwhile.
    Deliveries stay in the queue. ``prepare`` in ``attempt`` uses what is prepared, and does what is not.
    """

    def __init__(self, queue: DeliveryQueue) -> None:
        self._queue = queue
        self._is_scheduled = False

    def wake(self) -> None:
        """Prepare deliveries until enough of them are ready."""
        if not self._is_scheduled and self._queue.has_unprepared(MAX_PREPARED_EMAILS):
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._prepare_some)

    def _prepare_some(self) -> None:
        self._is_scheduled = False
        for _ in range(EMAILS_PER_TURN):
            delivery = self._queue.next_unprepared(MAX_PREPARED_EMAILS)
            if delivery is None:
                return
            prepare_ahead(delivery)
        self.wake()


def prepare_ahead(delivery: Delivery) -> None:
    """Check, render and pack one email if that is quick. A session repeats what cannot be done here."""
    batch, send = delivery.batch, delivery.send
    try:
        if batch.waits_until(send) is not None:
            return
        written = batch.write_ahead(send)
        if written is not None and len(written.message) <= MAX_PREPARED_BYTES:
            delivery.content = batch.contents.pack_small(send, written.message)
            delivery.prepared = written
    except Exception:  # the session meets the same error and handles it
        log.debug("cannot prepare the email %s ahead", send.id, exc_info=True)
