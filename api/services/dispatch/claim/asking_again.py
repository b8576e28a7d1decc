"""Ask send options again about emails whose last allowed time is over, as an edit does.

If an option allows no time, it is asked every hour, and after a week the email fails.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from api.codes.reasons.outcome_reasons import ReasonCode
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.dispatch.claim.allowed_time_waits import Explanation, no_time, postpone, wait_until, without_waits
from api.services.dispatch.claim.bisecting_claim import BisectingClaim
from api.services.dispatch.claim.delivery import Delivery
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.plan_again import plan_again
from api.store.dispatch import allowed_time_rows
from api.store.dispatch.allowed_time_rows import Wait
from plugins.contract import Outcome, Receipt
from strategies import Refusal
from strategies.calendar import shown_minute
from strategies.timeline import timeline_notes
from strategies.timeline.allowed_times import may_be_sent

log = logging.getLogger("touchline.dispatch")

QUESTION_SECONDS = 1.0
"""How long the options of one claim's emails are asked again.

It also ends with the first option that fails. The remaining emails wait for a minute.
"""
TURN_WAIT = timedelta(minutes=1)
QUESTION_INTERVAL = timedelta(hours=1)
"""How long an email waits before its send option is asked again."""
MAX_WAIT = timedelta(days=7)
"""How long a send option is asked that allows no time."""


async def ask_again(
    runtime: DispatchRuntime, deliveries: Sequence[Delivery], claim: BisectingClaim, *, may_ask: bool = True
) -> None:
    """Plan claimed emails again, and release them, or let them fail. ``claim`` counts them.

    Without ``may_ask``, they wait for a minute.
    """
    explanations = await allowed_time_rows.explanations([delivery.send.id for delivery in deliveries])
    waits: list[Wait] = []
    failed: list[Delivery] = []
    asked_since = time.monotonic()
    for delivery in deliveries:
        now, explanation = delivery.at(runtime.clock()), explanations.get(delivery.send.id, [])
        if not may_ask:
            why = no_time(now + TURN_WAIT, delivery.send.zone)
            allowed_id = delivery.send.allowed_times_id
            waits.append(Wait(delivery.send, now + TURN_WAIT, *why, allowed_id, explanation, is_new=False))
            continue
        wait, has_answer = await _ask_again(runtime, delivery, now, explanation)
        if wait is None:
            failed.append(delivery)
        else:
            waits.append(wait)
        # No time limit in a sandbox: only its own request waits, and postponed emails would stop its clock every
        # minute.
        in_time = has_answer and time.monotonic() - asked_since < QUESTION_SECONDS
        may_ask = delivery.send.sandbox or in_time
    await postpone(waits, claim)
    await claim.settle([(each.send, Receipt(Outcome.FAILED, *ReasonCode.NO_ALLOWED_TIME.message())) for each in failed])


async def _ask_again(
    runtime: DispatchRuntime, delivery: Delivery, now: datetime, explanation: Explanation
) -> tuple[Wait | None, bool]:
    """Ask the send option again. Returns until when the email waits, or None if it fails, and whether it answered."""
    send, next_question, has_answer = delivery.send, now + QUESTION_INTERVAL, False
    why = no_time(next_question, send.zone)
    try:
        planned = await plan_again(runtime.context(delivery.batch.workspace), send.enrollment_id, send.step_id, now)
    except Refusal as refusal:
        log.warning("cannot ask the send option of the email %s: %s", send.id, refusal.message)
        why = ReasonCode.NO_ALLOWED_TIME.message(
            "failed", error=refusal.message, until=shown_minute(next_question, send.zone)
        )
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.exception("cannot ask the send option of the email %s", send.id)
    else:
        has_answer = True
        if planned is not None and may_be_sent(planned.allowed, planned.instant):
            await allowed_time_rows.keep([planned.allowed], now.date())
            allowed_id = allowed_time_rows.allowed_times_id(planned.allowed)
            if planned.instant > now:
                return wait_until(delivery, planned.instant, explanation, allowed_id), True
            return Wait(send, now, None, "", allowed_id, without_waits(explanation)), True
    since: str | None = next((values["at"] for code, values in explanation if code == "NO_TIME_ALLOWED"), None)
    if since is None:
        explanation = [*without_waits(explanation), *notes_to_json(timeline_notes.no_allowed_time(now, send.zone))]
    elif now - datetime.fromisoformat(since) >= MAX_WAIT:
        return None, has_answer
    wait = Wait(send, next_question, *why, send.allowed_times_id, explanation, is_new=since is None)
    return wait, has_answer
