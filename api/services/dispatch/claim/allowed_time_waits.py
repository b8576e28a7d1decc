"""Release claimed emails that wait for a time that their send option allows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.services.dispatch.claim.bisecting_claim import BisectingClaim
from api.services.dispatch.claim.delivery import Delivery
from api.services.enrollments.timelines.explanations import notes_to_json
from api.store.dispatch import allowed_time_rows
from api.store.dispatch.allowed_time_rows import Wait
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write
from plugins.contract import Outcome
from strategies.calendar import shown_minute
from strategies.codes import Message
from strategies.timeline import timeline_notes

WAIT_CODES = frozenset({"NO_TIME_ALLOWED", "WAITS_FOR_ALLOWED_TIME"})
"""Codes of the notes that dispatch adds to the explanation of an email that waits."""
Explanation = Sequence[Sequence[Any]]


def wait_until(delivery: Delivery, until: datetime, explanation: Explanation, allowed_id: str | None) -> Wait:
    """Return the wait of an email until the next time that its send option allows."""
    notes = notes_to_json(timeline_notes.at_allowed_time("WAITS_FOR_ALLOWED_TIME", until, delivery.send.zone))
    why = ReasonCode.OUTSIDE_ALLOWED_TIMES.message(until=shown_minute(until, delivery.send.zone))
    return Wait(delivery.send, until, *why, allowed_id, [*without_waits(explanation), *notes])


def no_time(until: datetime, zone: str) -> Message:
    """Return the reason of an email that waits because its send option allows no time, or was not called again."""
    return ReasonCode.NO_ALLOWED_TIME.message("waits", until=shown_minute(until, zone))


def without_waits(explanation: Explanation) -> Explanation:
    """Return an explanation without the notes that dispatch has added about allowed times."""
    kept: list[Sequence[Any]] = []
    of_wait = False
    for line in explanation:
        of_wait = line[0] in WAIT_CODES or (of_wait and line[0] == "CLOCKS_GO_BACK")
        if not of_wait:
            kept.append(line)
    return kept


async def postpone(waits: Sequence[Wait], claim: BisectingClaim) -> None:
    """Release these emails with an event of the Live Feed, and count those that the claim still owned."""
    if waits:
        claim.count([Outcome.WITHDRAWN] * await _write(waits, claim.now))


@retry_on_deadlock
async def _write(waits: Sequence[Wait], now: datetime) -> int:
    new = {wait.send.id: wait for wait in waits if wait.reason is not None and wait.is_new}
    async with transaction():
        rows = await allowed_time_rows.postpone(waits)
        lines = []
        for row in rows:
            if wait := new.get(row["id"]):
                data = {"reason": wait.reason, "until": timeline_notes.utc(wait.until)}
                lines.append(email_event(row, EventKind.EMAIL_WAITS, now, data=data))
        await write(lines)
    return len(rows)
