"""Decide the outcome of an attempt from its answer: the new values of the send's columns, and the event."""

from datetime import datetime
from typing import Any

from api.codes.event_kinds import EventKind
from api.mail.text_checks import storable_text
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.public_detail import public_detail
from api.services.dispatch.retry_policy import next_retry_at, retries_exhausted
from api.states import SendStatus
from api.store.claimed_email import ClaimedEmail
from api.store.events import Line, email_event
from api.store.send_outcome import SendOutcome
from api.store.transmissions import DOUBT_RESEND_WAIT, MAX_CODE_CHARACTERS
from plugins.contract import Outcome


def decide_outcome(
    send: ClaimedEmail, answer: Answer, now: datetime, jitter: float = 0.0, retry_at: datetime | None = None
) -> SendOutcome:
    """Return the outcome of an attempt that ended at ``now`` (UTC).

    ``jitter`` (0 to 1) spreads retries; see ``next_retry_at``. ``retry_at`` (UTC) is when an email is due again whose
    wait does not count as an attempt: a follow-up whose earlier email is unsent, or an email whose account failed.
    """
    receipt = answer.receipt if isinstance(answer, DispatchAnswer) else answer
    outcome, code, detail = (
        receipt.outcome,
        storable_text(receipt.code, MAX_CODE_CHARACTERS),
        public_detail(receipt.detail),
    )
    tried = send.attempts
    waiting = SendStatus.DEFERRED if tried else SendStatus.SCHEDULED
    about = send, now, receipt, outcome
    match outcome:
        case Outcome.SENT:
            return SendOutcome(*about, SendStatus.SENT, None, tried, None, detail, EventKind.EMAIL_SENT)
        case Outcome.FAILED:
            return SendOutcome(*about, SendStatus.FAILED, None, tried, code, detail, EventKind.EMAIL_FAILED)
        case Outcome.HARD_BOUNCE | Outcome.SOFT_BOUNCE:
            return SendOutcome(*about, SendStatus.BOUNCED, None, tried, code, detail, EventKind.BOUNCED)
        case Outcome.IN_DOUBT:
            resend_at = now + DOUBT_RESEND_WAIT
            return SendOutcome(*about, SendStatus.IN_DOUBT, resend_at, tried, code, detail, EventKind.EMAIL_IN_DOUBT)
        case Outcome.DEFERRED:
            if retries_exhausted(tried):
                return _give_up(send, answer, now)
            due_at = next_retry_at(now, tried, jitter)
            return SendOutcome(*about, SendStatus.DEFERRED, due_at, tried + 1, code, detail, EventKind.EMAIL_DEFERRED)
        case Outcome.WITHDRAWN if (
            answer is not DispatchAnswer.WAITS_FOR_EARLIER_EMAIL and answer is not DispatchAnswer.RENDERERS_BUSY
        ):
            return SendOutcome(*about, waiting, None, tried)
        case _:
            return SendOutcome(*about, waiting, retry_at, tried, code, detail)


def _give_up(send: ClaimedEmail, answer: Answer, now: datetime) -> SendOutcome:
    """Give up an email whose retries are used up: a soft bounce if the server deferred it, else a failure."""
    receipt, attempts = answer.receipt if isinstance(answer, DispatchAnswer) else answer, send.attempts + 1
    code = storable_text(receipt.code, MAX_CODE_CHARACTERS)
    detail = public_detail(f"Given up after {attempts} attempts. {receipt.detail}")
    if isinstance(answer, DispatchAnswer):
        failed = Outcome.FAILED, SendStatus.FAILED
        return SendOutcome(send, now, receipt, *failed, None, attempts, code, detail, EventKind.EMAIL_FAILED)
    bounced = Outcome.SOFT_BOUNCE, SendStatus.BOUNCED
    return SendOutcome(send, now, receipt, *bounced, None, attempts, code, detail, EventKind.BOUNCED)


def event_line(outcome: SendOutcome, *, transactional: bool = False) -> Line | None:
    """Return the Live Feed event of an outcome, or None if the outcome has no event.

    The event of a sent email says whether the email was transactional.
    """
    if outcome.event is None:
        return None
    data: dict[str, Any] = {"reason": outcome.reason} if outcome.reason else {}
    if outcome.bounce:
        data = {"bounce": str(outcome.bounce), **data}
    if transactional and outcome.sent_at is not None:
        data = {"transactional": True, **data}
    return email_event(outcome.send, outcome.event, outcome.at, data=data)
