"""After a backup is restored: emails that may have left since it was made wait for a person instead of leaving again.

A backup knows nothing of what happened after it. Every email that it holds as unsent and that was due before the lost
database stopped may have left. Such an email is put in doubt. The log of a mail server decides for those that it
names: an email's Message-ID holds the email's id, and is the same at every attempt.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from api.ids import new_id
from api.models import Send, Workspace
from api.services.emails import settle_as_sent
from api.services.progress import finish_done
from api.services.scope import Scope
from api.services.settlement import RESTORED
from api.store import recovery
from api.store.events import Line, event, write
from api.store.sql import Row, instant
from api.store.transactions import transaction
from strategies import Refusal

EMAIL_ID = re.compile(r"snd_[0-9a-z]{26}")
AT_ONCE = 1_000
"""Emails that are put in doubt in one transaction."""


@dataclass(slots=True)
class Recovered:
    """What a recovery found, and did."""

    in_doubt: int = 0
    sent: int = 0
    """Emails that the mail server's log names."""
    unsent: int = 0
    """Emails that the log does not name, and that go out as scheduled."""
    paused_launches: int = 0
    open_tasks: int = 0


def email_ids(lines: Iterable[str]) -> set[str]:
    """Return the ids of the emails whose Message-IDs stand in a mail server's log."""
    return {found for line in lines for found in EMAIL_ID.findall(line)}


async def recover(
    scope_of: Callable[[Workspace], Scope],
    *,
    as_of: datetime,
    until: datetime,
    now: datetime,
    delivered: Collection[str] = (),
    resend_others: bool = False,
    dry_run: bool = False,
) -> Recovered:
    """Put in doubt what may have left between the backup (``as_of``) and the end of the lost database (``until``).

    ``delivered`` are ids of emails that a mail server took: they count as sent at their due time. ``resend_others``
    says that this list is complete: emails that are not in it stay scheduled. ``dry_run`` counts and writes nothing.
    All instants are UTC. Raises Refusal INVALID_INSTANT. No other process may use the database meanwhile.
    """
    await _check(as_of, until, now)
    # What a task's email schedules from here on may have left under another id, which no log can tell.
    start = new_id("snd")
    known, found = set(delivered), Recovered(open_tasks=await recovery.open_tasks())
    found.paused_launches = await (recovery.running_launches() if dry_run else recovery.pause_launches())
    detail = RESTORED.detail.format(moment=_shown(as_of))
    for workspace_id in await recovery.workspaces():
        scope, after = scope_of(await Workspace.get(id=workspace_id)), ""
        while ids := await recovery.unsent(workspace_id, until, after, AT_ONCE):
            after = ids[-1]
            sent = [each for each in ids if each in known]
            doubted = [each for each in ids if each not in known and not (resend_others and each < start)]
            found.sent, found.in_doubt = found.sent + len(sent), found.in_doubt + len(doubted)
            found.unsent += len(ids) - len(sent) - len(doubted)
            if not dry_run:
                await _mark(scope, sent, doubted, detail, now)
    return found


async def _check(as_of: datetime, until: datetime, now: datetime) -> None:
    if not as_of <= until <= now:
        told = (
            f"The backup ({_shown(as_of)}) must be older than the end of the lost database ({_shown(until)}),"
            " and neither may lie in the future."
        )
        raise Refusal("INVALID_INSTANT", told, ("as-of",))
    newest = await recovery.newest_event()
    if newest is not None and newest > as_of:
        told = (
            f"This database has an event of {_shown(newest)}, so the backup was made later than {_shown(as_of)}."
            " Give the moment of the backup, and make sure that this is the restored database."
        )
        raise Refusal("INVALID_INSTANT", told, ("as-of",))


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


async def _mark(scope: Scope, sent: list[str], doubted: list[str], detail: str, now: datetime) -> None:
    async with transaction():
        rows = await recovery.doubt([*sent, *doubted], RESTORED.code, detail)
        await write([_in_doubt(row, now) for row in rows if row["id"] not in set(sent)])
    for row in rows:
        if row["id"] in set(sent):
            await settle_as_sent(scope, await Send.get(id=row["id"]), instant(row["due_at"]))
    async with transaction():
        await finish_done([row["enrollment_id"] for row in rows], now)


def _in_doubt(row: Row, now: datetime) -> Line:
    about = {name: row[name] for name in ("person_id", "enrollment_id", "step_id")}
    return event(row["workspace_id"], "EMAIL_IN_DOUBT", now, data={"reason": RESTORED.code}, send_id=row["id"], **about)
