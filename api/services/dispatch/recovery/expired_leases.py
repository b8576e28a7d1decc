"""Recover the emails of processes that stopped, by their expired leases.

Interrupted transmissions, emails in doubt (``in_doubt_resends`` resends them) and claims are three kinds. Each is one
transaction. If it fails, bisection finds the emails that are the cause. They wait, longer each time, and the others
are recovered.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.services.common.job_chunks.bisection import bisect_failures, is_database_fault
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.common.request_context import sandbox_clocks
from api.services.dispatch.dispatch_answers import DispatchAnswer
from api.services.dispatch.recovery.in_doubt_resends import RecoveryFilter, resend_doubts
from api.services.enrollments.progress import finish_done
from api.store.dispatch import claims, in_doubt, throttles
from api.store.engine.sql import Row
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write

log = logging.getLogger("touchline.dispatch")

MAX_SET_ASIDE_EMAILS = 100
"""The most emails of one kind that are set aside in one recovery. The next recovery tries the rest."""


Recover = Callable[[datetime, RecoveryFilter], Awaitable[Sequence[Row]]]


async def recover_expired(real_now: datetime, backoff: Backoff | None = None) -> tuple[Sequence[Row], int]:
    """Put interrupted transmissions in doubt, resend emails in doubt, and release expired claims.

    Leases are in real time. The consequences happen at the time of each workspace's clock. Returns the emails that are
    in doubt now, and the number of other emails that are scheduled again. Without such emails, it only reads. If one of
    the three kinds fails, the others are still tried, and then the error is raised. Emails in ``backoff`` are skipped.
    Emails that cannot be recovered are added to it.
    """
    backoff = backoff or Backoff()
    found: list[Sequence[Row]] = []
    fault: Exception | None = None
    kinds = await in_doubt.to_recover(real_now, ReasonCode.RESTORED)
    for kind, (recover, has_emails) in enumerate(zip((_doubt, resend_doubts, _release), kinds, strict=True)):
        recovered: list[Row] = []
        found.append(recovered)
        if not has_emails:
            continue
        try:
            await _recover(recover, kind, real_now, backoff, recovered)
        except Exception as problem:
            fault = problem
    if fault is not None:
        raise fault
    return found[0], len(found[1]) + len(found[2])


async def _recover(recover: Recover, kind: int, real_now: datetime, backoff: Backoff, recovered: list[Row]) -> None:
    """Recover all emails of one kind. If that fails, recover those that can be. Appends them to ``recovered``."""
    excluded_ids = backoff.waiting(real_now)
    try:
        recovered += await recover(real_now, RecoveryFilter(excluded_ids=excluded_ids))
        return
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.warning(
            "cannot recover the emails of a stopped process together; recovering them in parts", exc_info=problem
        )

    async def recover_part(ids: Sequence[str]) -> None:
        recovered.extend(await recover(real_now, RecoveryFilter(ids)))

    async def recover_alone(send_id: str, _: str) -> None:
        try:
            if recover is _doubt:
                recovered.extend(await _doubt(real_now, RecoveryFilter([send_id]), alone=True))
                return
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("cannot put the email %s in doubt", send_id)
        until = backoff.add(send_id, real_now)
        log.error("cannot recover the email %s; trying again at %s", send_id, until.isoformat())

    skipped = set(excluded_ids)
    ids = [each for each in (await in_doubt.ids_to_recover(real_now))[kind] if each not in skipped]
    if ids:
        await bisect_failures(
            ids, recover_part, recover_alone, max_set_aside=MAX_SET_ASIDE_EMAILS, reraise=is_database_fault
        )


@retry_on_deadlock
async def _doubt(real_now: datetime, selection: RecoveryFilter, *, alone: bool = False) -> Sequence[Row]:
    """Put the emails in doubt that a stopped process had begun to transmit. Returns them.

    With ``alone``, each consequence has its own transaction. Then the email is in doubt even if a consequence cannot be
    written.
    """
    reason = DispatchAnswer.LOST_IN_TRANSMISSION
    async with transaction():
        lost = await in_doubt.put_expired_in_doubt(real_now, reason.code, reason.detail, *selection)
        clocks = await sandbox_clocks(row["workspace_id"] for row in lost)
        consequences: list[Callable[[], Awaitable[object]]] = []
        for now, rows in _by_workspace_time(lost, clocks, real_now).items():
            ids = [row["id"] for row in rows]
            consequences.append(partial(in_doubt.start_resend_wait, ids, now))
            consequences.append(partial(throttles.start_windows, ids, now))
            consequences.append(partial(finish_done, [row["enrollment_id"] for row in rows], now))
        lines = [
            email_event(
                row, EventKind.EMAIL_IN_DOUBT, clocks.get(row["workspace_id"], real_now), data={"reason": reason.code}
            )
            for row in lost
        ]
        consequences.append(partial(write, lines))
        for write_consequence in consequences:
            await (_try(write_consequence) if alone else write_consequence())
    return lost


async def _try(write_consequence: Callable[[], Awaitable[object]]) -> None:
    """Write one consequence of an email in doubt, if it can be written."""
    try:
        async with transaction():
            await write_consequence()
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.exception("cannot write an effect of an email in doubt; continuing without it")


@retry_on_deadlock
async def _release(real_now: datetime, selection: RecoveryFilter) -> Sequence[Row]:
    """Release expired claims. Returns the emails."""
    async with transaction():
        return await claims.release_expired_claims(real_now, *selection)


def _by_workspace_time(
    rows: Iterable[Mapping[str, Any]], clocks: Mapping[str, datetime], real_now: datetime
) -> dict[datetime, list[Mapping[str, Any]]]:
    """Group rows by the time (UTC) of their workspace's clock."""
    found: dict[datetime, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(clocks.get(row["workspace_id"], real_now), []).append(row)
    return found
