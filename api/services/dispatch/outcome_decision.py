"""Decide the outcome of an attempt from its answer: the new values of the send's columns, and the event."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.channel_faults import CHANNEL_FAULTS
from api.codes.reasons.outcome_reasons import ReasonCode
from api.mail.text_checks import storable_text
from api.services.dispatch.dispatch_answers import POSTPONING, Answer, DispatchAnswer
from api.services.dispatch.public_detail import public_detail
from api.services.dispatch.retry_policy import next_retry_at, requested_wait, retries_exhausted, retries_used
from api.states import WAITING_STATUSES, SendStatus
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.dispatch.send_outcome import SendOutcome
from api.store.dispatch.transmissions import DOUBT_RESEND_WAIT, MAX_CODE_CHARACTERS
from api.store.events.events import Line, email_event
from plugins.contract import Outcome, Receipt
from strategies.calendar import shown_minute
from strategies.timeline.allowed_times import Ranges, next_allowed


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
            if receipt.refused_copies:
                detail = public_detail(" ".join((receipt.detail, *_refused_copies(receipt))))
            return SendOutcome(*about, SendStatus.SENT, None, tried, None, detail, EventKind.EMAIL_SENT)
        case Outcome.FAILED:
            return SendOutcome(*about, SendStatus.FAILED, None, tried, code, detail, EventKind.EMAIL_FAILED)
        case Outcome.HARD_BOUNCE | Outcome.SOFT_BOUNCE:
            return SendOutcome(*about, SendStatus.BOUNCED, None, tried, code, detail, EventKind.BOUNCED)
        case Outcome.IN_DOUBT:
            resend_at = now + DOUBT_RESEND_WAIT
            return SendOutcome(*about, SendStatus.IN_DOUBT, resend_at, tried, code, detail, EventKind.EMAIL_IN_DOUBT)
        case Outcome.DEFERRED:
            requested = requested_wait(receipt.retry_after, now)
            used = retries_used(tried, jitter, requested)
            if used and retries_exhausted(tried):
                return _give_up(send, answer, now)
            due_at = next_retry_at(now, tried, jitter, requested)
            event = EventKind.EMAIL_DEFERRED if used else None
            return SendOutcome(*about, SendStatus.DEFERRED, due_at, tried + used, code, detail, event)
        case Outcome.WITHDRAWN if answer not in POSTPONING:
            return SendOutcome(*about, waiting, None, tried)
        case _:
            return SendOutcome(*about, waiting, retry_at, tried, code, detail)


def within_allowed_times(outcome: SendOutcome, allowed: Ranges) -> SendOutcome:
    """Return an outcome whose next attempt is at a time that the send option allows.

    If the option has allowed no later time, the next claim asks it.
    """
    if outcome.due_at is None or outcome.status not in WAITING_STATUSES:
        return outcome
    due_at = next_allowed(allowed, outcome.due_at)
    if due_at is None or due_at == outcome.due_at:
        return outcome
    waits = ReasonCode.OUTSIDE_ALLOWED_TIMES.message("retry", until=shown_minute(due_at, outcome.send.zone)).sentence
    return outcome._replace(due_at=due_at, detail=public_detail(f"{outcome.detail} {waits}"))


def _give_up(send: ClaimedEmail, answer: Answer, now: datetime) -> SendOutcome:
    """Give up an email whose retries are used up: a soft bounce if the server deferred it, else a failure."""
    receipt, attempts = answer.receipt if isinstance(answer, DispatchAnswer) else answer, send.attempts + 1
    code = storable_text(receipt.code, MAX_CODE_CHARACTERS)
    detail = public_detail(f"Given up after {attempts} attempts. {receipt.detail}")
    if isinstance(answer, DispatchAnswer) or code in CHANNEL_FAULTS:
        failed = Outcome.FAILED, SendStatus.FAILED
        return SendOutcome(send, now, receipt, *failed, None, attempts, code, detail, EventKind.EMAIL_FAILED)
    bounced = Outcome.SOFT_BOUNCE, SendStatus.BOUNCED
    return SendOutcome(send, now, receipt, *bounced, None, attempts, code, detail, EventKind.BOUNCED)


def _refused_copies(receipt: Receipt) -> Iterable[str]:
    """Return a sentence for each copy that the server has rejected."""
    for address, answer in receipt.refused_copies:
        yield ReasonCode.COPY_REFUSED.message(email=address, answer=answer).sentence


def event_line(
    outcome: SendOutcome,
    *,
    transactional: bool = False,
    campaign_id: str | None = None,
    channel: Mapping[str, str] | None = None,
) -> Line | None:
    """Return the Live Feed event of an outcome, or None if the outcome has no event.

    The event of a sent email says whether the email was transactional. With ``campaign_id``, the campaign need not be
    looked up. ``channel`` has the names of the channel and its package, if the package's fault is the reason.
    """
    if outcome.event is None:
        return None
    data: dict[str, Any] = {"reason": outcome.reason, **(channel or {})} if outcome.reason else {}
    if outcome.receipt.refused_copies and outcome.sent_at is not None:
        data["refusedCopies"] = [storable_text(address, 320) for address, _ in outcome.receipt.refused_copies]
    if outcome.bounce:
        data = {"bounce": str(outcome.bounce), **data}
    if transactional and outcome.sent_at is not None:
        data = {"transactional": True, **data}
    return email_event(outcome.send, outcome.event, outcome.at, data=data, campaign_id=campaign_id)
