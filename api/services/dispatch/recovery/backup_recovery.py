"""After the restore of a backup, put emails in doubt that may have been sent since the backup was made.

A backup does not know what happened after it. Every unsent email in it that was due before the lost database stopped
may have been sent. Touchline puts such an email in doubt, and a user decides. The log of a mail server decides for the
emails that it names: the Message-ID of an email contains its id, and is the same for every attempt.

A user also decides about everything else that the lost database may have done: automatic resends of emails in doubt,
expired tasks and background launches. A pending edit or changed fact is applied first, because it may move emails to an
earlier time.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import Campaign, Send, Workspace
from api.services.campaigns.editing.edit_job import EDIT_JOB, edit_chunks
from api.services.campaigns.editing.fact_changes_job import begin_all
from api.services.common.request_context import WorkspaceContext
from api.services.emails.emails import settle_as_sent
from api.services.enrollments.progress import finish_done
from api.services.jobs.caller_chunks import carry_out
from api.store import jobs
from api.store.dispatch import backup_recovery
from api.store.engine.sql import Row, instant
from api.store.engine.transactions import transaction
from api.store.enrollments.fact_changes import workspaces_to_recalculate
from api.store.events.events import Line, email_event, task_event, write
from strategies import Refusal

EMAIL_ID = re.compile(r"snd_[0-9a-z]{26}")
EMAILS_PER_TRANSACTION = 1_000
"""Emails that are put in doubt in one transaction."""


@dataclass(slots=True)
class RecoveryCounts:
    """The numbers of emails, tasks and launches that a recovery has found and changed."""

    in_doubt: int = 0
    sent: int = 0
    """Emails that the mail server's log contains."""
    unsent: int = 0
    """Emails that the log does not contain, and that are sent as scheduled."""
    paused_launches: int = 0
    expired_tasks: int = 0
    """Tasks whose expiry time was before the end of the lost database. They wait for a rep."""
    open_tasks: int = 0


def email_ids(lines: Iterable[str]) -> set[str]:
    """Return the ids of the emails whose Message-IDs are in a mail server's log."""
    return {found for line in lines for found in EMAIL_ID.findall(line)}


async def recover(
    scope_of: Callable[[Workspace], WorkspaceContext],
    *,
    as_of: datetime,
    until: datetime,
    now: datetime,
    delivered: Collection[str] = (),
    resend_others: bool = False,
    dry_run: bool = False,
) -> RecoveryCounts:
    """Put emails in doubt that may have been sent between the backup and the end of the lost database.

    ``as_of`` is the time of the backup, and ``until`` the end of the lost database (both UTC). ``delivered`` are the
    ids of emails that a mail server has accepted. They count as sent at their due time, but not later than ``until``.
    ``resend_others`` says that ``delivered`` is complete: other emails stay scheduled. ``dry_run`` counts and writes
    nothing. It does not include emails that a pending edit would move. A recovery can be repeated, for example with a
    log that is found later. No other process may use the database meanwhile. Raises Refusal INVALID_INSTANT.
    """
    await _check(as_of, until, now)
    work = _Recovery(
        scope_of=scope_of,
        as_of=as_of,
        until=until,
        now=now,
        detail=ReasonCode.RESTORED.message(as_of=_shown(as_of)).sentence,
        named=frozenset(delivered),
        resend_others=resend_others,
        dry_run=dry_run,
    )
    found = work.found
    if not dry_run:
        await backup_recovery.note_in_connections(as_of)
    found.paused_launches = await (
        backup_recovery.count_open_launches() if dry_run else backup_recovery.pause_launches()
    )
    await work.settle_named()
    await work.doubt()
    if not dry_run and await work.carry_out_edits():
        await work.doubt()
    found.expired_tasks = await (backup_recovery.count_expiring_tasks(until) if dry_run else work.expire_tasks())
    found.open_tasks = await backup_recovery.count_open_tasks() - (found.expired_tasks if dry_run else 0)
    return found


@dataclass(slots=True)
class _Recovery:
    """A running recovery and its counts so far. Its arguments are those of ``recover``."""

    scope_of: Callable[[Workspace], WorkspaceContext]
    as_of: datetime
    until: datetime
    now: datetime
    detail: str
    named: frozenset[str]
    resend_others: bool
    dry_run: bool
    found: RecoveryCounts = field(default_factory=RecoveryCounts)
    # Later ids belong to emails that this recovery schedules. The lost database may have sent them under other ids.
    start: str = field(default_factory=lambda: new_id("snd"))

    async def settle_named(self) -> None:
        """Record the emails in the logs as sent, even if they are due later: the lost database may have moved them."""
        ids = sorted(self.named)
        for at in range(0, len(ids), EMAILS_PER_TRANSACTION):
            rows = await backup_recovery.unsettled_emails(ids[at : at + EMAILS_PER_TRANSACTION])
            self.found.sent += len(rows)
            if self.dry_run:
                continue
            async with transaction():
                doubted = await backup_recovery.put_in_doubt(
                    [row["id"] for row in rows], ReasonCode.RESTORED, self.detail
                )
            for row in rows:
                context = self.scope_of(await Workspace.get(id=row["workspace_id"]))
                at_most = min(instant(row["due_at"]), self.until)
                await settle_as_sent(context, await Send.get(id=row["id"]), at_most, ReasonCode.RESTORED)
            async with transaction():
                await finish_done([row["enrollment_id"] for row in doubted], self.now)

    async def doubt(self) -> None:
        """Put the possibly sent emails in doubt that are not in a log."""
        for workspace_id in await backup_recovery.real_workspace_ids():
            after = ""
            while rows := await backup_recovery.possibly_sent_emails(
                workspace_id, self.until, ReasonCode.RESTORED, after, EMAILS_PER_TRANSACTION
            ):
                after = rows[-1]["id"]
                rows = [row for row in rows if row["id"] not in self.named]
                unsent = {row["id"] for row in rows if row["status"] != "IN_DOUBT"}
                still_scheduled = {each for each in unsent if self.resend_others and each < self.start}
                doubted = [row["id"] for row in rows if row["id"] not in still_scheduled]
                self.found.in_doubt += len(doubted)
                self.found.unsent += len(still_scheduled)
                if not self.dry_run:
                    await self._put_in_doubt(doubted, unsent)

    async def _put_in_doubt(self, ids: list[str], reported: Collection[str]) -> None:
        """Put emails in doubt. Write events of those in ``reported``: the others have such an event already."""
        async with transaction():
            rows = await backup_recovery.put_in_doubt(ids, ReasonCode.RESTORED, self.detail)
            await write([_in_doubt(row, self.now) for row in rows if row["id"] in reported])
            await finish_done([row["enrollment_id"] for row in rows], self.now)

    async def carry_out_edits(self) -> bool:
        """Apply edits and changed facts that were pending when the backup was made. Returns whether there was one."""
        for workspace_id in await workspaces_to_recalculate():
            await begin_all(self.scope_of(await Workspace.get(id=workspace_id)))
        rows = await backup_recovery.campaigns_with_open_edit()
        for row in rows:
            context = self.scope_of(await Workspace.get(id=row["workspace_id"]))
            chunks = edit_chunks(context, await Campaign.get(id=row["id"]), self.as_of)
            await carry_out(await jobs.open_job(EDIT_JOB, row["id"]), chunks, context.clock)
        return bool(rows)

    async def expire_tasks(self) -> int:
        """Mark tasks as expired without the consequences for their campaigns, because a rep may have done them."""
        async with transaction():
            rows = await backup_recovery.expire_tasks(self.until)
            await write([_expired(row, self.now) for row in rows])
        return len(rows)


async def _check(as_of: datetime, until: datetime, now: datetime) -> None:
    if not as_of <= until <= now:
        raise Refusal.of(
            InputCode.INVALID_INSTANT, ("as-of",), case="backup_order", as_of=_shown(as_of), until=_shown(until)
        )
    newest = await backup_recovery.newest_event(as_of, ReasonCode.RESTORED)
    if newest is not None and newest > as_of:
        raise Refusal.of(
            InputCode.INVALID_INSTANT, ("as-of",), case="backup_too_early", newest=_shown(newest), as_of=_shown(as_of)
        )


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _in_doubt(row: Row, now: datetime) -> Line:
    reason = {"reason": ReasonCode.RESTORED}
    return email_event(row, EventKind.EMAIL_IN_DOUBT, now, data=reason)


def _expired(row: Row, now: datetime) -> Line:
    data, campaign_id = {"type": row["type"]}, row["campaign_id"]
    return task_event(row, EventKind.TASK_EXPIRED, now, data=data, campaign_id=campaign_id)
