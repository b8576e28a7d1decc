"""The answers that dispatch itself, not the channel, gives to an attempt."""

from enum import Enum

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.templates import TemplateCode
from plugins.contract import Outcome, Receipt
from strategies.codes import Message


class DispatchAnswer(Enum):
    """An answer of dispatch. Like a channel's ``Receipt``, it has an outcome, a code and a detail.

    The codes are in ``api/codes/reasons/outcome_reasons.py``.
    """

    LOST_IN_TRANSMISSION = Outcome.IN_DOUBT, ReasonCode.IN_DOUBT.message()
    RESENT = Outcome.DEFERRED, ReasonCode.RESENT_IN_DOUBT.message()
    PROCESS_STOPS = Outcome.WITHDRAWN, ReasonCode.STOPPED.message()
    SETTLED_BEFORE = Outcome.WITHDRAWN, ReasonCode.SETTLED.message()
    CHANNEL_BROKE = Outcome.DEFERRED, ReasonCode.UNEXPECTED.message()
    CHANNEL_BROKE_IN_TRANSMISSION = Outcome.IN_DOUBT, ReasonCode.UNEXPECTED.message("transmitting")
    ACCOUNT_BROKE = Outcome.ACCOUNT_UNAVAILABLE, ReasonCode.UNEXPECTED.message("opening")
    DOUBTS_IN_A_ROW = Outcome.ACCOUNT_UNAVAILABLE, ReasonCode.DOUBTS_IN_A_ROW.message()
    NOT_PREPARED = Outcome.DEFERRED, ReasonCode.UNEXPECTED.message("preparing")
    THROTTLED = Outcome.WITHDRAWN, ReasonCode.THROTTLED.message()
    WAITS_FOR_EARLIER_EMAIL = Outcome.WITHDRAWN, ReasonCode.FOLLOWS_UNSENT.message()
    ATTACHMENTS_BUSY = Outcome.WITHDRAWN, ReasonCode.ATTACHMENTS_BUSY.message()
    RENDERERS_BUSY = Outcome.WITHDRAWN, TemplateCode.TOO_BUSY.message("dispatch")

    def __init__(self, outcome: Outcome, message: Message) -> None:
        self.outcome = outcome
        self.code, self.detail = message
        self.receipt = Receipt(outcome, *message)


POSTPONING = frozenset(
    {DispatchAnswer.WAITS_FOR_EARLIER_EMAIL, DispatchAnswer.RENDERERS_BUSY, DispatchAnswer.ATTACHMENTS_BUSY}
)
"""Answers after which the email is due again at ``Delivery.retry_at``."""
Answer = Receipt | DispatchAnswer
"""The answer to an attempt, which decides its outcome: the channel's receipt, or an answer of dispatch."""
