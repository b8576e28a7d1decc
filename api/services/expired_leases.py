"""Free what a process that stopped has left behind."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from api.services.progress import finish_done
from api.services.scope import sandbox_clocks
from api.services.settlement import LOST, RESENT, RESTORED
from api.store import doubts, ledger, throttles
from api.store.events import Line, event, write
from api.store.sql import Row
from api.store.transactions import transaction, undeadlocked


async def free_expired(real_now: datetime) -> tuple[Sequence[Row], int]:
    """Free expired claims, put unfinished transmissions in doubt, and send again the doubts that have rested.

    Leases are real time; what follows from them goes by each workspace's clock. Returns what is in doubt now, and how
    many other emails wait again. Each of the three is tried, whatever happens to the others; then raises the failure.
    """
    lost: Sequence[Row] = ()
    freed, trouble = 0, None
    try:
        lost = await _doubt(real_now)
    except Exception as problem:
        trouble = problem
    for free in (_send_again, _release):
        try:
            freed += await free(real_now)
        except Exception as problem:
            trouble = problem
    if trouble is not None:
        raise trouble
    return lost, freed


@undeadlocked
async def _doubt(real_now: datetime) -> Sequence[Row]:
    """Put in doubt what a process that stopped had begun to transmit."""
    async with transaction():
        lost = await doubts.doubt_expired(real_now, LOST.code, LOST.detail)
        clocks = await sandbox_clocks(row["workspace_id"] for row in lost)
        for now, rows in _by_moment(lost, clocks, real_now).items():
            ids = [row["id"] for row in rows]
            await doubts.rest_in_doubt(ids, now)
            await throttles.arrive(ids, now)
            await finish_done([row["enrollment_id"] for row in rows], now)
        reason = {"reason": LOST.code}
        await write([_line(row, "EMAIL_IN_DOUBT", clocks.get(row["workspace_id"], real_now), reason) for row in lost])
    return lost


@undeadlocked
async def _send_again(real_now: datetime) -> int:
    """Send again the doubts that have rested, where their campaigns say so. Returns how many."""
    async with transaction():
        again = await doubts.resend_doubts(real_now, RESENT.code, RESENT.detail, RESTORED.code)
        clocks = await sandbox_clocks(row["workspace_id"] for row in again)
        lines = [
            _line(row, "EMAIL_RETRIED", clocks.get(row["workspace_id"], real_now), {"automatic": row["doubts"]})
            for row in again
        ]
        await write(lines)
    return len(again)


@undeadlocked
async def _release(real_now: datetime) -> int:
    """Give back expired claims. Returns how many."""
    async with transaction():
        return await ledger.release_expired(real_now)


def _by_moment(
    rows: Iterable[Mapping[str, Any]], clocks: Mapping[str, datetime], real_now: datetime
) -> dict[datetime, list[Mapping[str, Any]]]:
    """Group rows by what their workspace's clock shows."""
    found: dict[datetime, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(clocks.get(row["workspace_id"], real_now), []).append(row)
    return found


def _line(row: Mapping[str, Any], kind: str, now: datetime, data: dict[str, Any]) -> Line:
    about = {name: row[name] for name in ("person_id", "enrollment_id", "step_id")}
    return event(row["workspace_id"], kind, now, data=data, send_id=row["id"], **about)
