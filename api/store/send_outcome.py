"""The outcome of one attempt at an email."""

from datetime import datetime
from typing import NamedTuple

from api.codes.event_kinds import EventKind
from api.states import BounceKind, SendStatus
from api.store.claimed_email import ClaimedEmail
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
    """When, by the workspace's clock."""
    receipt: Receipt
    """The answer that decided it, for the operator's log and terminal."""
    outcome: Outcome
    status: SendStatus
    """The status that the send gets."""
    due_at: datetime | None = None
    """When the send is due next; None keeps the time that it has."""
    attempts: int = 0
    """How many attempts count by now."""
    reason: str | None = None
    detail: str = ""
    """What users read of it, without paths of the server."""
    event: EventKind | None = None
    """The kind of the Live Feed's event; None writes none."""

    @property
    def sent_at(self) -> datetime | None:
        """When the email was sent, if it was."""
        return self.at if self.status is SendStatus.SENT else None

    @property
    def ended(self) -> bool:
        """Whether no further attempt follows by itself."""
        return self.status in ENDED

    @property
    def bounce(self) -> BounceKind | None:
        """Which kind of bounce it is, if it is one."""
        return BOUNCES.get(self.outcome)
