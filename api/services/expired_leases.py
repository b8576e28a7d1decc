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


@undeadlocked
async def free_expired(real_now: datetime) -> tuple[Sequence[Row], int]:
    """Free expired claims, put unfinished transmissions in doubt, and send again the doubts that have rested.

    Leases are real time; what follows from them goes by each workspace's clock. Returns what is in doubt now, and how
    many other emails wait again.
    """
    async with transaction():
        lost = await doubts.doubt_expired(real_now, LOST.code, LOST.detail)
        clocks = await sandbox_clocks(row["workspace_id"] for row in lost)
        for now, rows in _by_moment(lost, clocks, real_now).items():
            ids = [row["id"] for row in rows]
            await doubts.rest_in_doubt(ids, now)
            await throttles.arrive(ids, now)
            await finish_done([row["enrollment_id"] for row in rows], now)
        again = await doubts.resend_doubts(real_now, RESENT.code, RESENT.detail, RESTORED.code)
        clocks |= await sandbox_clocks(row["workspace_id"] for row in again)
        lines = [
            _line(row, "EMAIL_IN_DOUBT", clocks.get(row["workspace_id"], real_now), {"reason": LOST.code})
            for row in lost
        ]
        lines += [
            _line(row, "EMAIL_RETRIED", clocks.get(row["workspace_id"], real_now), {"automatic": row["doubts"]})
            for row in again
        ]
        await write(lines)
        released = await ledger.release_expired(real_now)
    return lost, released + len(again)


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
