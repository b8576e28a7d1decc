"""Why dispatch itself decides the outcome of an attempt, where no channel has decided it."""

from enum import Enum

from api.codes.reasons import ReasonCode
from api.codes.templates import TemplateCode
from plugins.contract import Outcome, Receipt


class Reason(Enum):
    """A reason of dispatch's own. Each member has the outcome, code and detail of a channel's ``Receipt``."""

    LOST_IN_TRANSMISSION = (
        Outcome.IN_DOUBT,
        ReasonCode.IN_DOUBT,
        "The process stopped while it transmitted this email. It may or may not have arrived.",
    )
    RESENT = Outcome.DEFERRED, ReasonCode.RESENT_IN_DOUBT, "It was in doubt; the campaign's settings send it again."
    RESTORED = (
        Outcome.IN_DOUBT,
        ReasonCode.RESTORED,
        "The database was restored from a backup of {moment}. This email may have been sent since.",
    )
    PROCESS_STOPS = Outcome.WITHDRAWN, ReasonCode.STOPPED, "The process was asked to stop before this email was sent."
    SETTLED_BEFORE = (
        Outcome.WITHDRAWN,
        ReasonCode.SETTLED,
        "Dispatch settled this email before it was given to the channel.",
    )
    CHANNEL_BROKE = (
        Outcome.DEFERRED,
        ReasonCode.UNEXPECTED,
        "The channel failed unexpectedly before the email was sent. The server's log has the error.",
    )
    CHANNEL_BROKE_IN_TRANSMISSION = (
        Outcome.IN_DOUBT,
        ReasonCode.UNEXPECTED,
        "The channel failed unexpectedly after it began to transmit the email. The server's log has the error.",
    )
    ACCOUNT_BROKE = (
        Outcome.ACCOUNT_UNAVAILABLE,
        ReasonCode.UNEXPECTED,
        "The channel failed unexpectedly when it opened the account. The server's log has the error.",
    )
    DOUBTS_IN_A_ROW = (
        Outcome.ACCOUNT_UNAVAILABLE,
        ReasonCode.DOUBTS_IN_A_ROW,
        "The connection broke after the content of each of the last emails, so they are in doubt. The account waits.",
    )
    NOT_PREPARED = (
        Outcome.DEFERRED,
        ReasonCode.UNEXPECTED,
        "This email could not be prepared because of an unexpected error. The server's log has the error.",
    )
    THROTTLED = (
        Outcome.WITHDRAWN,
        ReasonCode.THROTTLED,
        "The sender's throttle is used up. The email goes out once it allows it.",
    )
    WAITS_FOR_EARLIER_EMAIL = (
        Outcome.WITHDRAWN,
        ReasonCode.FOLLOWS_UNSENT,
        "This follow-up waits until the email that it answers is sent or has failed.",
    )
    RENDERERS_BUSY = (
        Outcome.WITHDRAWN,
        TemplateCode.TOO_BUSY,
        "Too many templates are being rendered at the moment. This email is rendered in a few seconds.",
    )

    def __init__(self, outcome: Outcome, code: str, detail: str) -> None:
        self.outcome = outcome
        self.code = code
        self.detail = detail
        self.receipt = Receipt(outcome, code, detail)


Answer = Receipt | Reason
"""What decides the outcome of an attempt: the channel's receipt, or a reason of dispatch's own."""
