"""Count, log and print committed outcomes."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from api.services.common.dispatch_runtime import DispatchRuntime, TerminalLine
from api.services.dispatch.claim.delivery import Delivery
from api.store.dispatch.send_outcome import SendOutcome
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

USUAL = (Outcome.SENT, Outcome.WITHDRAWN)
"""Outcomes that are logged at DEBUG, because they are normal."""


class OutcomeLog:
    """Reports committed outcomes to the operator. The log has ids only, no addresses and no content.

    ``outcomes`` counts the outcomes since the start. The outcome writer and the dispatcher write it. ``run_once`` and
    tests read it.
    """

    def __init__(self, runtime: DispatchRuntime) -> None:
        self._runtime = runtime
        self.outcomes: Counter[str] = Counter()

    def count(self, outcome: str, channel: str, number: int) -> None:
        """Count outcomes of emails of one channel."""
        self.outcomes[outcome] += number
        self._runtime.metrics.outcomes(outcome, channel).inc(number)

    def record(self, settled: Sequence[tuple[Delivery, SendOutcome]], real_now: datetime) -> None:
        """Count and log outcomes. Print those of emails that this process owned."""
        counted = Counter((outcome.outcome, delivery.batch.sender["channel"]) for delivery, outcome in settled)
        for (outcome, channel), number in counted.items():
            self.count(outcome, channel, number)
        logs_usual = log.isEnabledFor(logging.DEBUG)
        for delivery, settled_outcome in settled:
            outcome, send = settled_outcome.outcome, delivery.send
            if outcome is Outcome.SENT and not send.sandbox:
                self._runtime.metrics.latency.observe(max(0.0, (real_now - send.due_at).total_seconds()))
            if logs_usual or outcome not in USUAL:
                self._log(delivery, settled_outcome)
            if outcome is not Outcome.WITHDRAWN:
                self._print(delivery, settled_outcome, real_now)

    def _log(self, delivery: Delivery, settled_outcome: SendOutcome) -> None:
        send, outcome = delivery.send, settled_outcome.outcome
        level = logging.DEBUG if outcome in USUAL else logging.INFO
        about = {
            "send": send.id,
            "attempt": send.attempt_id,
            "workspace": send.workspace_id,
            "enrollment": send.enrollment_id,
            "outcome": str(outcome),
            "code": settled_outcome.receipt.code,
        }
        log.log(level, "the email %s: %s %s", send.id, outcome, settled_outcome.receipt.code, extra=about)

    def _print(self, delivery: Delivery, settled_outcome: SendOutcome, real_now: datetime) -> None:
        """Print one email's line. An error in the terminal does not undo the commit."""
        try:
            address = delivery.batch.people[delivery.send.person_id].email
            name, at = delivery.batch.workspace.name, delivery.at(real_now)
            detail = settled_outcome.receipt.detail
            self._runtime.show(TerminalLine(name, at, settled_outcome.outcome, address, delivery.subject, detail))
        except (Exception, SystemExit):  # rich exits when the terminal is closed
            log.debug("cannot print the line of the email %s", delivery.send.id, exc_info=True)
