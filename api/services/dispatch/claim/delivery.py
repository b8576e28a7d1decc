"""A delivery: one claimed email on its way through dispatch."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from api.services.dispatch.claim.batch import Batch
from api.store.claimed_email import ClaimedEmail


class Stage(Enum):
    """How far a delivery has come. Each stage names who sets it."""

    CLAIMED = auto()
    """It waits, or is being written. The claim sets it, and the session that puts a delivery back into the queue."""
    HANDED_OVER = auto()
    """The channel has the email and has not asked yet whether it may transmit. ``attempt`` sets it."""
    ASKED = auto()
    """The channel has asked, and the transaction that allows it is not committed yet. The outcome writer sets it."""
    TRANSMITTING = auto()
    """It is committed that the email may be sent: from here on it may have been. The outcome writer sets it."""
    REFUSED = auto()
    """This attempt may not send the email. The outcome writer sets it, and the account worker that cuts it off."""
    THROTTLED = auto()
    """As REFUSED, because the sender's throttle is used up. The outcome writer sets it."""
    ENDED = auto()
    """Its outcome is committed, or another process owns the email: its lease is not renewed. The lease keeper sets it.

    It is the last stage. A channel that goes on nevertheless is refused.
    """


MAY_ASK = frozenset({Stage.CLAIMED, Stage.HANDED_OVER})
"""The stages in which a channel may ask whether it may transmit: once an attempt."""
HAS_ASKED = frozenset({Stage.ASKED, Stage.TRANSMITTING, Stage.REFUSED, Stage.THROTTLED})


@dataclass(slots=True)
class Delivery:
    """One claimed email, from its claim until its outcome is committed.

    ``send`` and ``batch`` come from the claim. ``stage`` is how far it has come; see there who sets it. The session
    that takes the delivery writes ``session``, which selects the group commit that keeps its reports in order, and
    ``account_failed``, which sends it behind others the next time. ``attempt`` writes ``retry_at`` and ``subject``;
    the outcome writer reads both.
    """

    send: ClaimedEmail
    batch: Batch
    stage: Stage = Stage.CLAIMED
    session: int = 0
    """The number of the account's session that has it."""
    account_failed: bool = False
    """Whether the account failed on this email: it waits longer then, because it may be the cause."""
    retry_at: datetime | None = None
    """When it is due again, where it waits for an earlier email or for a renderer."""
    subject: str = ""

    def at(self, real_now: datetime) -> datetime:
        """Return the present by the clock of the delivery's workspace: a sandbox has its own."""
        return self.batch.now if self.send.sandbox else max(self.batch.now, real_now)
