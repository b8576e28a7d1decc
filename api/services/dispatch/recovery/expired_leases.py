"""Release the leases of a process that stopped.

Each of the three kinds is one transaction. Only where it fails is the row looked for by halves: the others are freed,
and that one waits, in this process, for longer each time.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from api.codes.event_kinds import EventKind
from api.codes.reasons import ReasonCode
from api.services.common.context import sandbox_clocks
from api.services.dispatch.reasons import Reason
from api.services.enrollments.progress import finish_done
from api.services.jobs.back_off import Backoff
from api.services.jobs.bisection import bisect_failures, is_database_fault
from api.store import doubts, send_ledger, throttles
from api.store.engine.sql import Row
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import Line, row_event, write

log = logging.getLogger("touchline.dispatch")

MAX_POSTPONED_ROWS = 100
"""Rows of one kind that are put off at once. Where more fail, the rest is looked at the next time."""


class LeaseFilter(NamedTuple):
    """The sends that are freed: all but ``excluded_ids``, or those of ``ids``."""

    ids: Sequence[str] | None = None
    excluded_ids: Sequence[str] = ()


Free = Callable[[datetime, LeaseFilter], Awaitable[Sequence[Row]]]


async def free_expired(real_now: datetime, backoff: Backoff | None = None) -> tuple[Sequence[Row], int]:
    """Free expired claims, put unfinished transmissions in doubt, and send again the doubts that have rested.

    Leases are real time; what follows from them goes by each workspace's clock. Returns what is in doubt now, and how
    many other emails wait again. Each of the three is tried, whatever happens to the others; then raises the failure.
    What ``backoff`` has is left alone, and what cannot be freed is added to it.
    """
    backoff = backoff or Backoff()
    found: list[Sequence[Row]] = []
    trouble: Exception | None = None
    for kind, free in enumerate((_doubt, _send_again, _release)):
        freed: list[Row] = []
        found.append(freed)
        try:
            await _free(free, kind, real_now, backoff, freed)
        except Exception as problem:
            trouble = problem
    if trouble is not None:
        raise trouble
    return found[0], len(found[1]) + len(found[2])


async def _free(free: Free, kind: int, real_now: datetime, backoff: Backoff, freed: list[Row]) -> None:
    """Free all of one kind, or by halves what can be freed. What was freed is appended."""
    excluded_ids = backoff.waiting(real_now)
    try:
        freed += await free(real_now, LeaseFilter(excluded_ids=excluded_ids))
        return
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.warning("what a process left behind could not be freed together", exc_info=problem)

    async def free_part(ids: Sequence[str]) -> None:
        freed.extend(await free(real_now, LeaseFilter(ids)))

    async def free_alone(send_id: str, _: str) -> None:
        try:
            if free is _doubt:
                freed.extend(await _doubt(real_now, LeaseFilter([send_id]), alone=True))
                return
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("the email %s cannot be put in doubt", send_id)
        until = backoff.add(send_id, real_now)
        log.error("the email %s cannot be freed; it waits until %s", send_id, until.isoformat())

    left_out = set(excluded_ids)
    ids = [each for each in (await doubts.ids_to_free(real_now))[kind] if each not in left_out]
    if ids:
        await bisect_failures(ids, free_part, free_alone, max_set_aside=MAX_POSTPONED_ROWS, reraise=is_database_fault)


@retry_on_deadlock
async def _doubt(real_now: datetime, which: LeaseFilter, *, alone: bool = False) -> Sequence[Row]:
    """Put in doubt what a process that stopped had begun to transmit.

    ``alone``: whatever follows from it. It is in doubt then, also where something of that cannot be written.
    """
    reason = Reason.LOST_IN_TRANSMISSION
    async with transaction():
        lost = await doubts.put_expired_in_doubt(real_now, reason.code, reason.detail, *which)
        clocks = await sandbox_clocks(row["workspace_id"] for row in lost)
        consequences: list[Callable[[], Awaitable[object]]] = []
        for now, rows in _by_moment(lost, clocks, real_now).items():
            ids = [row["id"] for row in rows]
            consequences.append(partial(doubts.start_resend_wait, ids, now))
            consequences.append(partial(throttles.start_windows, ids, now))
            consequences.append(partial(finish_done, [row["enrollment_id"] for row in rows], now))
        lines = [
            row_event(
                row,
                EventKind.EMAIL_IN_DOUBT,
                clocks.get(row["workspace_id"], real_now),
                data={"reason": reason.code},
                send_id=row["id"],
            )
            for row in lost
        ]
        consequences.append(partial(write, lines))
        for write_consequence in consequences:
            await (_try(write_consequence) if alone else write_consequence())
    return lost


async def _try(write_consequence: Callable[[], Awaitable[object]]) -> None:
    """Write one consequence of an email that is in doubt, where it can be written."""
    try:
        async with transaction():
            await write_consequence()
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.exception("a consequence of an email in doubt was set aside")


@retry_on_deadlock
async def _send_again(real_now: datetime, which: LeaseFilter) -> Sequence[Row]:
    """Send again the doubts that have rested, where their campaigns say so. Returns them."""
    async with transaction():
        again = await doubts.schedule_resends(
            real_now, Reason.RESENT.code, Reason.RESENT.detail, ReasonCode.RESTORED, *which
        )
        clocks = await sandbox_clocks(row["workspace_id"] for row in again)
        lines = [
            row_event(
                row,
                EventKind.EMAIL_RETRIED,
                clocks.get(row["workspace_id"], real_now),
                data={"automatic": row["doubts"]},
                send_id=row["id"],
            )
            for row in again
        ]
        await write(lines)
    return again


@retry_on_deadlock
async def _release(real_now: datetime, which: LeaseFilter) -> Sequence[Row]:
    """Give back expired claims. Returns them."""
    async with transaction():
        return await send_ledger.release_expired_claims(real_now, *which)


def _by_moment(
    rows: Iterable[Mapping[str, Any]], clocks: Mapping[str, datetime], real_now: datetime
) -> dict[datetime, list[Mapping[str, Any]]]:
    """Group rows by what their workspace's clock shows."""
    found: dict[datetime, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(clocks.get(row["workspace_id"], real_now), []).append(row)
    return found


def _event(row: Row, kind: EventKind, now: datetime, data: dict[str, Any]) -> Line:
    return row_event(row, kind, now, data=data, send_id=row["id"])
