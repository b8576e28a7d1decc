"""Deliver one email by a channel, outside the ledger. A failure of the channel becomes an outcome."""

import asyncio
import logging
from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from api.codes.reasons.outcome_reasons import ReasonCode
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt

log = logging.getLogger("touchline.test_email_sends")

DELIVERY_SECONDS = 30.0
"""How long a channel may take. Then the email is in doubt, or failed if its transmission had not begun."""
CLOSING_SECONDS = 1.0
"""How long the user waits for the channel to close the session after that. It continues in the background."""

_closing: set["asyncio.Task[Receipt]"] = set()
"""Deliveries that were cancelled and have not ended."""


async def deliver(channel: Channel, config: Mapping[str, Any], outgoing: Outgoing) -> Receipt:
    """Deliver an email, and return the receipt. Never raises an error of the channel, which is a partner's code."""
    delivery = _Delivery(channel)
    task = asyncio.create_task(delivery.run(config, outgoing))
    await asyncio.wait({task}, timeout=DELIVERY_SECONDS)
    if task.done():
        return delivery.failure() if task.cancelled() else task.result()
    log.warning("the channel %s takes more than %g s for a test email", channel.key, DELIVERY_SECONDS)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    task.cancel()
    await asyncio.wait({task}, timeout=CLOSING_SECONDS)
    values = {"channel": channel.key, "seconds": DELIVERY_SECONDS}
    if delivery.transmitting:
        return Receipt(Outcome.IN_DOUBT, *ReasonCode.NO_ANSWER.message("transmitting", **values))
    return Receipt(Outcome.FAILED, *ReasonCode.NO_ANSWER.message(**values))


class _Delivery:
    """One delivery of a test email.

    - ``transmitting``: whether the channel may have sent the email.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.transmitting = False

    async def run(self, config: Mapping[str, Any], outgoing: Outgoing) -> Receipt:
        """Deliver the email."""
        try:
            async with self.channel.connect(config) as session:
                handed = session.deliver(outgoing, self._begin)
                answer = await handed if isawaitable(handed) else handed
            if isinstance(answer, Receipt) and isinstance(answer.outcome, Outcome):
                return Receipt(answer.outcome, str(answer.code), str(answer.detail))
            log.error("the channel %s returned a %s for a test email", self.channel.key, type(answer).__name__)
        except AccountUnavailableError as error:
            outcome = Outcome.IN_DOUBT if self.transmitting else Outcome.ACCOUNT_UNAVAILABLE
            return Receipt(outcome, str(error.code), str(error.detail))
        except (Exception, SystemExit):
            log.exception("the channel %s failed while it delivered a test email", self.channel.key)
        return self.failure()

    def failure(self) -> Receipt:
        """Return the receipt after a failure: in doubt, or failed if the transmission had not begun."""
        if self.transmitting:
            return Receipt(Outcome.IN_DOUBT, *ReasonCode.UNEXPECTED.message("transmitting"))
        return Receipt(Outcome.FAILED, *ReasonCode.UNEXPECTED.message())

    async def _begin(self) -> bool:
        self.transmitting = True
        return True
