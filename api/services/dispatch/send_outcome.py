"""What follows from a channel's answer: the columns of the send that change, and the event that tells it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from api.codes.event_kinds import EventKind
from api.mail.clean import storable
from api.services.dispatch.public_detail import public_detail
from api.states import BounceKind, SendStatus
from api.store.claimed import Claimed
from api.store.events import Line, event
from api.store.send_ledger import MAX_CODE_CHARACTERS, RESEND_AFTER, Became
from plugins.contract import Outcome, Receipt

RETRY_AFTER = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
RETRY_THEN = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=4)
JITTER = 0.1
LOST = Receipt(
    Outcome.IN_DOUBT,
    "IN_DOUBT",
    "The process stopped while this email was being handed over. It may or may not have arrived.",
)
RESENT = Receipt(Outcome.DEFERRED, "RESENT_IN_DOUBT", "It was in doubt; the campaign's settings send it again.")
RESTORED = Receipt(
    Outcome.IN_DOUBT,
    "RESTORED",
    "The database was restored from a backup of {moment}. This email may have left since.",
)
STOPPED = Receipt(Outcome.WITHDRAWN, "STOPPED", "The process was asked to stop before this email left.")
BROKE = Receipt(
    Outcome.DEFERRED,
    "UNEXPECTED",
    "The channel failed in a way that nobody foresaw before the email left; see the log.",
)
UNTOLD = Receipt(
    Outcome.IN_DOUBT,
    "UNEXPECTED",
    "The channel failed in a way that nobody foresaw, after it had begun to hand the email over; see the log.",
)
ACCOUNT_BROKE = Receipt(
    Outcome.ACCOUNT_UNAVAILABLE, "UNEXPECTED", "The channel failed in a way that nobody foresaw; see the log."
)
DOUBTS_IN_A_ROW = Receipt(
    Outcome.ACCOUNT_UNAVAILABLE,
    "DOUBTS_IN_A_ROW",
    "The last emails were all cut off after their content, and are in doubt: before more are, the account waits.",
)
UNPREPARED = Receipt(
    Outcome.DEFERRED, "UNEXPECTED", "This email could not be prepared, for a reason that nobody foresaw; see the log."
)
THROTTLED = Receipt(Outcome.WITHDRAWN, "THROTTLED", "The sender's throttle is used up; it goes out as soon as it may.")
FOLLOWS = Receipt(
    Outcome.WITHDRAWN, "FOLLOWS_UNSENT", "It waits until the email that it follows up has left, or has failed."
)
BUSY = Receipt(
    Outcome.WITHDRAWN, "TOO_BUSY", "Too many templates are being rendered just now; it is rendered in a moment."
)

BOUNCES = {Outcome.HARD_BOUNCE: BounceKind.HARD, Outcome.SOFT_BOUNCE: BounceKind.SOFT}


class Settlement(NamedTuple):
    """How a send is settled, and the outcome that is counted. ``kind`` None writes no event."""

    outcome: Outcome
    status: SendStatus
    due_at: datetime | None = None
    attempts: int = 0
    reason: str | None = None
    detail: str = ""
    sent_at: datetime | None = None
    kind: EventKind | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the email by itself."""
        return self.status in {SendStatus.SENT, SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.IN_DOUBT}

    @property
    def bounce(self) -> BounceKind | None:
        """What kind of bounce it is, if it is one."""
        return BOUNCES.get(self.outcome)

    def row(self, send: Claimed) -> Became:
        """Return the outcome as the ledger takes it."""
        late = self.status is SendStatus.SENT
        return Became(
            send.id, send.attempt_id, send.step_id, str(self.status), self.due_at, self.attempts, self.reason,
            self.detail, self.sent_at, late,
        )  # fmt: skip

    def line(self, send: Claimed, now: datetime) -> Line | None:
        """Return the event that tells it."""
        if self.kind is None:
            return None
        return event(
            send.workspace_id,
            self.kind,
            now,
            person_id=send.person_id,
            enrollment_id=send.enrollment_id,
            step_id=send.step_id,
            send_id=send.id,
            data=self._told(),
        )

    def _told(self) -> dict[str, str]:
        told = {"reason": self.reason} if self.reason else {}
        return {"bounce": str(self.bounce), **told} if self.bounce else told


def wait_after(attempts: int) -> timedelta:
    """Return how long an email waits that has been refused for now, after this many earlier attempts."""
    return RETRY_AFTER[attempts] if attempts < len(RETRY_AFTER) else RETRY_THEN


def settlement(
    send: Claimed, receipt: Receipt, now: datetime, jitter: float = 0.0, again_at: datetime | None = None
) -> Settlement:
    """Return what a receipt makes of a send, all instants UTC.

    ``jitter`` (0 to 1) spreads what is tried again, by up to a tenth. ``again_at`` is when an email is due that goes
    behind others: a follow-up that waits for its email, or what the account had in hand when trouble came.
    """
    outcome, code, detail = receipt.outcome, storable(receipt.code, MAX_CODE_CHARACTERS), public_detail(receipt.detail)
    tried = send.attempts
    waiting = SendStatus.DEFERRED if tried else SendStatus.SCHEDULED
    match outcome:
        case Outcome.SENT:
            return Settlement(
                outcome, SendStatus.SENT, attempts=tried, detail=detail, sent_at=now, kind=EventKind.EMAIL_SENT
            )
        case Outcome.FAILED:
            return Settlement(outcome, SendStatus.FAILED, None, tried, code, detail, kind=EventKind.EMAIL_FAILED)
        case Outcome.HARD_BOUNCE | Outcome.SOFT_BOUNCE:
            return Settlement(outcome, SendStatus.BOUNCED, None, tried, code, detail, kind=EventKind.BOUNCED)
        case Outcome.IN_DOUBT:
            rest = now + RESEND_AFTER
            return Settlement(outcome, SendStatus.IN_DOUBT, rest, tried, code, detail, kind=EventKind.EMAIL_IN_DOUBT)
        case Outcome.DEFERRED:
            # Counted from the first attempt: an email that is tried late has its four days as well.
            if sum(map(wait_after, range(tried + 1)), timedelta()) > GIVE_UP_AFTER:
                return _given_up(receipt, tried + 1)
            again = now + wait_after(tried) * (1 + JITTER * jitter)
            return Settlement(
                outcome, SendStatus.DEFERRED, again, tried + 1, code, detail, kind=EventKind.EMAIL_DEFERRED
            )
        case Outcome.WITHDRAWN if receipt is FOLLOWS or receipt is BUSY:
            return Settlement(outcome, waiting, again_at, tried, code, detail)
        case Outcome.WITHDRAWN:
            return Settlement(outcome, waiting, attempts=tried)
        case _:
            return Settlement(outcome, waiting, again_at, tried, code, detail)


def _given_up(receipt: Receipt, attempts: int) -> Settlement:
    """Give up an email that was put off for four days: a soft bounce, unless the fault was never the server's."""
    code = storable(receipt.code, MAX_CODE_CHARACTERS)
    detail = public_detail(f"Given up after {attempts} attempts. {receipt.detail}")
    if code == BROKE.code:
        return Settlement(Outcome.FAILED, SendStatus.FAILED, None, attempts, code, detail, kind=EventKind.EMAIL_FAILED)
    return Settlement(Outcome.SOFT_BOUNCE, SendStatus.BOUNCED, None, attempts, code, detail, kind=EventKind.BOUNCED)
