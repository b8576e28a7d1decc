"""The state transitions of emails. Each is one conditional UPDATE that checks which attempt owns the email.

An email that becomes due again is put on hold if its campaign is paused. Each statement reads the campaign's row and
(on PostgreSQL) locks it until the commit, so that a pause happens either before or after the whole transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from api.states import WAITING_STATUSES, SendStatus
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.dispatch.send_outcome import SendOutcome
from api.store.emails.transactional import TRANSACTIONAL_EMAIL
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, execute, in_list, instant_or_past
from api.store.enrollments.fact_changes import FACTS_CHANGED
from api.store.enrollments.waiting_people import WAITS, WAITS_FOR_OPTION
from api.store.people.suppressions import UNSUBSCRIBED_AT
from strategies.calendar import known_zone, local

WAITING = "status IN ('SCHEDULED', 'DEFERRED') AND NOT held"
"""The condition of the partial index, word for word, so that PostgreSQL uses the index."""
LEASED = "send.status IN ('CLAIMED', 'TRANSMITTING')"
"""The condition of the partial index ``send_leased``. SQLite uses the index only for statements that repeat it."""
CLAIMED = f"{LEASED} AND send.status = 'CLAIMED'"
UNSENT_STATUS = "CASE WHEN attempts > 0 THEN 'DEFERRED' ELSE 'SCHEDULED' END"
"""The status that a claimed send gets when it was not sent."""
MAX_CODE_CHARACTERS = 64
"""Characters of a reason's code that the ``reason`` column keeps."""
DOUBT_RESEND_WAIT = timedelta(minutes=15)
"""How long an email in doubt waits before its campaign resends it. A late answer may settle it until then."""

NOT_RECALCULATED = (
    "(SELECT enrollment.status = 'ACTIVE' AND enrollment.revision <> campaign.revision FROM enrollment"
    " JOIN campaign ON campaign.id = enrollment.campaign_id WHERE enrollment.id = send.enrollment_id)"
)
"""SQL condition: the last edit of the campaign has not been applied to the email's person yet."""

FACTS_HAVE_CHANGED = (
    f"(SELECT enrollment.ended_at IS NULL AND enrollment.revision = {FACTS_CHANGED} FROM enrollment"
    " WHERE enrollment.id = send.enrollment_id)"
)
"""SQL condition: a fact has changed that a send option reads, and the person has not been recalculated yet."""

MAY_BE_SENT = (
    f"(SELECT r.recipient IN ('', person.email) AND ({UNSUBSCRIBED_AT} IS NULL OR {TRANSACTIONAL_EMAIL})"
    " AND bounced_at IS NULL"
    " FROM person WHERE person.id = send.person_id)"
    " AND (send.enrollment_id IS NULL OR (SELECT enrollment.status IN ('ACTIVE', 'FINISHED')"
    f" AND (enrollment.ended_at IS NOT NULL OR enrollment.revision <> {FACTS_CHANGED})"
    f" AND (enrollment.waits_from IS NULL OR NOT coalesce({WAITS}, false)) FROM enrollment"
    " WHERE enrollment.id = send.enrollment_id))"
)
"""SQL condition: the person's address is the rendered one (``r.recipient``); it has not unsubscribed, or the email is
transactional; it has not bounced; the campaign, if it has one, has not ended for the person; no fact has changed for
which the person is to be recalculated; and the email does not wait for a send option that failed. With
``_step_remains``, this is the last check before an email is sent; ``dispatch/claim/checks_before_rendering.py`` asks
the same before rendering, except for changed facts and failed options."""

SENDER_COLUMNS = (
    "id, workspace_id, name, email, channel, channel_config, throttle_emails, throttle_seconds, daily_cap,"
    " limited_until, limited_emails, limited_seconds"
)
"""The columns of a sender that dispatch needs."""

TRANSMISSION_COLUMNS = {
    "id": "text",
    "attempt": "text",
    "message_id": "text",
    "recipient": "text",
    "attempted_on": "date",
    "template_id": "text",
}


OUTCOME_COLUMNS = {
    "id": "text",
    "attempt": "text",
    "status": "text",
    "due_at": "timestamptz",
    "attempts": "int",
    "reason": "text",
    "detail": "text",
    "sent_at": "timestamptz",
    "late": "boolean",
    "held": "boolean",
    "failed_at": "timestamptz",
    "attempted_on": "date",
    "template_id": "text",
}
"""The columns of an outcome. ``late`` says that the email was sent, so the outcome may settle a doubt."""


COUNTED = ", ".join(f"{name} = coalesce(r.{name}, send.{name})" for name in ("attempted_on", "template_id"))
REFUSED_STATUSES = frozenset({SendStatus.FAILED, SendStatus.BOUNCED})
"""Statuses of an email that may have been rejected before its transmission."""


def with_paused_campaigns(condition: str, *, one_off: bool = False) -> str:
    """Return the SQL of a table ``campaign_pause``: for each send, whether its campaign is paused. Locks campaigns.

    With ``one_off``, the table also has the emails without a campaign. No campaign can pause them.
    """
    lock = "FOR SHARE OF campaign" if is_postgres() else ""
    of_campaigns = (
        "SELECT send.id, campaign.paused_at IS NOT NULL AS paused FROM send"
        " JOIN enrollment ON enrollment.id = send.enrollment_id"
        f" JOIN campaign ON campaign.id = enrollment.campaign_id WHERE {condition} {lock}"
    )
    if not one_off:
        return f"WITH campaign_pause AS ({of_campaigns})"
    others = f"SELECT send.id, false AS paused FROM send WHERE {condition} AND send.enrollment_id IS NULL"
    return f"WITH campaign_pause AS (SELECT * FROM ({of_campaigns}) AS of_campaigns UNION ALL {others})"


class Counted(NamedTuple):
    """The values that reports count for an attempt."""

    attempted_on: date
    """The date of the attempt in the email's time zone."""
    template_id: str
    """The template of the email; "" if it has none."""


async def begin_transmission(
    sends: Iterable[tuple[ClaimedEmail, str]],
    lease_until: datetime,
    recipients: Mapping[str, str] | None = None,
    counted: Mapping[str, Counted] | None = None,
) -> set[str]:
    """Begin to transmit emails, and write their Message-IDs. Returns the ids of emails that may be sent.

    An email may not be sent if its attempt does not own it any more, if its address is unsubscribed (unless the email
    is transactional) or bounced, if the campaign has ended for its person or is being ended, or if its step was
    removed. If the campaign is paused, or an edit or a changed fact has not been applied to the person yet, or a send
    option failed when it was, the email is put on hold, so that no process claims it again.
    ``recipients`` has the address in each rendered email, by the email's id. Such an email may not be sent if the
    person's address has changed. An email that is not in ``recipients`` goes to the person's current address.
    ``counted`` is by the email's id too.
    """
    leaving, addresses, counts = list(sends), recipients or {}, counted or {}
    paused, edited, ending = await _blocked_steps({send.step_id for send, _ in leaving})
    holding = [(send.id, send.attempt_id) for send, _ in leaving if send.step_id in paused]
    stale = [(send.id, send.attempt_id) for send, _ in leaving if send.step_id in edited - paused]
    held = await _put_on_hold(holding) | await _put_on_hold(stale, NOT_RECALCULATED)
    going = Records(
        TRANSMISSION_COLUMNS,
        [
            (send.id, send.attempt_id, message_id, addresses.get(send.id, ""), *counts.get(send.id, (None, None)))
            for send, message_id in leaving
            if send.id not in held and send.step_id not in ending
        ],
    )
    began = await execute(
        "UPDATE send SET status = 'TRANSMITTING', lease_until = $1, message_id = r.message_id,"
        f" {COUNTED},"
        " recipient = CASE WHEN r.recipient <> '' THEN r.recipient"
        " ELSE (SELECT email FROM person WHERE person.id = send.person_id) END"
        f" FROM {going.table(3, fenced=True)}"
        # Look up each row by its key. With a bare ``status``, PostgreSQL may read all leased rows instead. With EXISTS,
        # it may read whole tables.
        " WHERE send.id = r.id AND send.attempt_id = r.attempt AND send.status || '' = 'CLAIMED'"
        f" AND {MAY_BE_SENT} AND {_step_remains(2)} RETURNING send.id",
        lease_until,
        sorted({send.step_id for send, _ in leaving if send.step_id is not None}),
        going,
    )
    may = {row["id"] for row in began}
    refused = [(send.id, send.attempt_id) for send, _ in leaving if send.id not in may | held]
    # The job that recalculates the person releases them. It waits for this commit.
    await _put_on_hold(refused, f"({FACTS_HAVE_CHANGED} OR {WAITS_FOR_OPTION})")
    return may


def _step_remains(number: int) -> str:
    """Return the SQL condition that an email's step was not removed. ``$number`` has the ids of all their steps.

    The removed ones are read once for the statement, not once for each email.
    """
    removed = f"SELECT step.id FROM step WHERE {in_list('step.id', number)} AND removed_at IS NOT NULL"
    return f"(send.step_id IS NULL OR send.step_id NOT IN ({removed}))"


async def _put_on_hold(sends: Sequence[tuple[str, str]], where: str = "true") -> set[str]:
    """Put claimed emails on hold. Returns their ids."""
    if not sends:
        return set()
    records = Records({"id": "text", "attempt": "text"}, sends)
    held = await execute(
        f"UPDATE send SET status = {UNSENT_STATUS}, held = true, attempt_id = NULL, lease_until = NULL"
        f" FROM {records.table(1, fenced=True)}"
        " WHERE send.id = r.id AND send.attempt_id = r.attempt AND send.status || '' = 'CLAIMED'"
        f" AND {where} RETURNING send.id",
        records,
    )
    return {row["id"] for row in held}


async def paused_steps(step_ids: Iterable[str | None]) -> set[str]:
    """Return the steps with a paused campaign. No campaign is paused or resumed before the transaction ends.

    Ids may be None, as are those of emails outside campaigns.
    """
    return (await _blocked_steps(step_ids)).paused


class _BlockedSteps(NamedTuple):
    """Steps with emails that must not be sent, because of the state of their campaigns."""

    paused: set[str]
    edited: set[str]
    """Only emails of people to whom the edit has not been applied are blocked."""
    ending: set[str]


async def _blocked_steps(step_ids: Iterable[str | None]) -> _BlockedSteps:
    """Return the steps whose campaign is paused, edited or being ended. It stays so until the commit."""
    ids = sorted(step_id for step_id in step_ids if step_id is not None)
    if not ids:
        return _BlockedSteps(set(), set(), set())
    rows = await execute(
        "SELECT step.id, paused_at IS NOT NULL AS paused, editing, ending_at IS NOT NULL AS ending FROM step"
        f" JOIN campaign ON campaign.id = step.campaign_id WHERE {in_list('step.id', 1)}"
        f" ORDER BY campaign.id {'FOR SHARE OF campaign' if is_postgres() else ''}",
        ids,
    )
    return _BlockedSteps(*({row["id"] for row in rows if row[name]} for name in ("paused", "editing", "ending")))


async def settle(outcomes: Sequence[SendOutcome], templates: Mapping[str, str] | None = None) -> set[str]:
    """Write the outcomes of attempts. Returns the ids of emails that their attempts still owned.

    The outcome of a sent email is written even after its lease has ended, unless another attempt owns the email.
    ``templates`` has the template of each email whose status is in ``REFUSED_STATUSES``, by the email's id.
    """
    waiting = {outcome.send.step_id for outcome in outcomes if outcome.status in WAITING_STATUSES}
    paused = await paused_steps(waiting) if waiting else set()
    rows = Records(OUTCOME_COLUMNS, [_columns(outcome, paused, templates or {}) for outcome in outcomes])
    settled = await execute(
        "UPDATE send SET status = r.status, held = r.held, attempt_id = NULL, lease_until = NULL,"
        " due_at = coalesce(r.due_at, send.due_at), attempts = r.attempts, reason = r.reason, detail = r.detail,"
        f" sent_at = r.sent_at, failed_at = coalesce(r.failed_at, send.failed_at), {COUNTED}"
        f" FROM {rows.table(1, fenced=True)} WHERE send.id = r.id AND send.attempt_id = r.attempt"
        " AND (send.status IN ('CLAIMED', 'TRANSMITTING')"
        " OR (r.late AND send.status IN ('IN_DOUBT', 'SCHEDULED', 'DEFERRED')))"
        " RETURNING send.id",
        rows,
    )
    return {row["id"] for row in settled}


def _columns(outcome: SendOutcome, paused: set[str], templates: Mapping[str, str]) -> tuple[Any, ...]:
    send, status = outcome.send, outcome.status
    held = send.step_id in paused and status in WAITING_STATUSES
    # The transmission of an email that is sent or in doubt has begun, which has stored this already.
    counted: tuple[date | None, str | None] = (None, None)
    if status in REFUSED_STATUSES:
        counted = (local(outcome.at, known_zone(send.zone)).date(), templates.get(send.id))
    return (
        send.id, send.attempt_id, str(status), outcome.due_at, outcome.attempts, outcome.reason, outcome.detail,
        outcome.sent_at, status is SendStatus.SENT, held, outcome.failed_at, *counted,
    )  # fmt: skip


async def renew_leases(attempts: list[str], lease_until: datetime) -> None:
    """Renew the leases of a process's own attempts."""
    # Skip rows that another transaction writes. It settles them or renews their leases.
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    await execute(
        f"UPDATE send SET lease_until = $2 WHERE id IN (SELECT id FROM send WHERE {in_list('attempt_id', 1)}"
        f" AND status IN ('CLAIMED', 'TRANSMITTING') {lock})",
        attempts,
        lease_until,
    )


async def senders_with_waiting_emails(
    workspace_id: str | None, excluded_ids: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return the senders that have a waiting email, of one workspace or of all except sandboxes.

    Each row has ``first_due``, the due time (UTC) of the sender's first email. A due time that cannot be read counts as
    1970, so that the claim finds its email. Senders and emails in ``excluded_ids`` are left out.
    """
    where = "workspace_id = $1" if workspace_id else "workspace_id IN (SELECT id FROM workspace WHERE NOT sandbox)"
    values: list[Any] = [workspace_id] if workspace_id else []
    others = ""
    if excluded_ids:
        values.append(list(excluded_ids))
        where += f" AND NOT ({in_list('sender.id', len(values))})"
        others = f"AND NOT ({in_list('send.id', len(values))})"
    first = f"SELECT min(due_at) FROM send WHERE send.sender_id = sender.id AND {WAITING} {others}"
    readable = "greatest(first_due, timestamptz 'epoch')" if is_postgres() else "first_due"
    rows = await execute(
        f"SELECT {SENDER_COLUMNS}, {readable} AS first_due FROM (SELECT {SENDER_COLUMNS}, ({first}) AS first_due"
        f" FROM sender WHERE {where}) AS found WHERE first_due IS NOT NULL ORDER BY first_due, id",
        *values,
    )
    return [{**row, "first_due": instant_or_past(row["first_due"])} for row in rows]
