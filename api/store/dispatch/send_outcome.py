"""The outcome of one attempt at an email."""

from datetime import datetime
from typing import NamedTuple

from api.codes.events.event_kinds import EventKind
from api.states import BounceKind, SendStatus
from api.store.dispatch.claimed_email import ClaimedEmail
from plugins.contract import Outcome, Receipt

BOUNCES = {Outcome.HARD_BOUNCE: BounceKind.HARD, Outcome.SOFT_BOUNCE: BounceKind.SOFT}
ENDED = frozenset({SendStatus.SENT, SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.IN_DOUBT})


class SendOutcome(NamedTuple):
    """The outcome of one attempt at an email. The ledger, the Live Feed, the metrics and the log read it.

    ``services/dispatch/outcome_decision.py`` makes it from the channel's answer. It does not change afterwards, except
    that an outcome that the ledger does not accept becomes WITHDRAWN.
    """

    send: ClaimedEmail
    at: datetime
    """When the attempt ended (UTC), by the workspace's clock."""
    receipt: Receipt
    """The answer that decided the outcome, for the operator's log and terminal."""
    outcome: Outcome
    status: SendStatus
    """The new status of the email."""
    due_at: datetime | None = None
    """When the email is due next (UTC). None keeps its due time."""
    attempts: int = 0
    """The number of attempts that count."""
    reason: str | None = None
    detail: str = ""
    """The sentence that users read. It has no paths of the server."""
    event: EventKind | None = None
    """The kind of the Live Feed event. None means no event."""

    @property
    def sent_at(self) -> datetime | None:
        """When the email was sent (UTC), or None if it was not."""
        return self.at if self.status is SendStatus.SENT else None

    @property
    def failed_at(self) -> datetime | None:
        """When the email failed (UTC), or None if it did not."""
        return self.at if self.status is SendStatus.FAILED else None

    @property
    def ended(self) -> bool:
        """Whether no further attempt follows automatically."""
        return self.status in ENDED

    @property
    def bounce(self) -> BounceKind | None:
        """The kind of bounce, or None if the outcome is not a bounce."""
        return BOUNCES.get(self.outcome)
