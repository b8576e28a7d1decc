"""A delivery: one claimed email while dispatch processes it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from api.mail.message.email_rendering import RenderedEmail
from api.services.dispatch.claim.batch import Batch
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.emails.sent_contents import PackedContent
from strategies.timeline.allowed_times import Ranges, may_be_sent


class Stage(Enum):
    """The progress of a delivery. Each stage says which code sets it."""

    CLAIMED = auto()
    """It waits or is being rendered. The claim sets it, and a session that puts the delivery back into the queue."""
    HANDED_OVER = auto()
    """The channel has the email and has not asked to transmit it yet. ``attempt`` sets it."""
    REQUESTED = auto()
    """The channel has asked, and the transaction that allows it is not committed yet. The outcome writer sets it."""
    TRANSMITTING = auto()
    """The permission is committed. From now on the email may have been sent. The outcome writer sets it."""
    REFUSED = auto()
    """This attempt may not send the email. The outcome writer sets it, and the account worker after a cut-off."""
    THROTTLED = auto()
    """Like REFUSED, because the sender's throttle is used up. The outcome writer sets it."""
    ENDED = auto()
    """Its outcome is committed, or another process owns the email. Its lease is not renewed. The lease keeper sets it.

    This is the last stage. A channel that asks to transmit after it is refused.
    """

    __hash__ = object.__hash__  # Enum's own is Python code, and sets of stages are read several times for each email


MAY_REQUEST = frozenset({Stage.CLAIMED, Stage.HANDED_OVER})
"""The stages in which a channel may ask to transmit, once in an attempt."""
HAS_REQUESTED = frozenset({Stage.REQUESTED, Stage.TRANSMITTING, Stage.REFUSED, Stage.THROTTLED})


@dataclass(slots=True)
class Delivery:
    """One claimed email, from its claim until its outcome is committed.

    ``send`` and ``batch`` come from the claim. ``Stage`` says which code sets ``stage``. The session that takes the
    delivery writes ``session`` and ``account_failed``. The outcome writer reads ``session`` to keep the entries of one
    session in order. ``attempt`` writes ``retry_at``, ``subject`` and ``content``, and the outcome writer reads them.
    """

    send: ClaimedEmail
    batch: Batch
    stage: Stage = Stage.CLAIMED
    session: int = 0
    """The number of the session that has the delivery."""
    account_failed: bool = False
    """Whether the account failed on this email. Then it waits longer, because it may be the cause."""
    retry_at: datetime | None = None
    """When (UTC) it is due again, if it waits for an earlier email or for a renderer."""
    subject: str = ""
    prepared: RenderedEmail | None = None
    """The email, rendered before a session took the delivery. The queue's preparer writes it, ``attempt`` takes it."""
    content: PackedContent | None = None
    """The rendered email, packed. The transaction that begins the transmission stores it."""

    @property
    def allowed(self) -> Ranges | None:
        """The ranges in which its send option lets it be sent; None: at any time. Without a known range it waits."""
        ranges_id = self.send.allowed_times_id
        return None if ranges_id is None else self.batch.allowed_times.get(ranges_id, ())

    def is_allowed_at(self, real_now: datetime) -> bool:
        """Say whether its send option lets it be sent now, by the clock of its workspace."""
        return self.send.allowed_times_id is None or may_be_sent(self.allowed, self.at(real_now))

    def at(self, real_now: datetime) -> datetime:
        """Return the current time (UTC) of the delivery's workspace. A sandbox has its own clock."""
        return self.batch.now if self.send.sandbox else max(self.batch.now, real_now)
