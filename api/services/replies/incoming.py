"""Store incoming mails and events, and start the job that processes them.

A plugin or an HTTP handler calls these functions with mails and events. They only store, because reading a mail and
applying its effects take longer, and must survive a crash. The pair of source and key identifies a row, so that it is
safe to hand over the same mail or event twice.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from api.store import jobs
from api.store.engine.transactions import after_transaction, retry_on_deadlock, transaction
from api.store.replies import incoming
from api.store.replies.incoming import MAIL, NewIncoming
from plugins.incoming import IncomingMail, ReportedEvent

ANSWERS_JOB = "answers"
"""The kind of the job that processes incoming mails and events."""
ANSWERS_SUBJECT = "server"
"""The subject of the job. There is one job for the whole server."""
MAX_SOURCE_CHARACTERS = 100


async def receive_mails(
    source: str,
    mails: Sequence[IncomingMail],
    now: datetime,
    own_addresses: Collection[str] = (),
    *,
    wake: Callable[[], None] = lambda: None,
) -> int:
    """Store mails of a mailbox, such as "imap:SALES", in one transaction. Returns how many are new.

    ``now`` is real time (UTC). ``own_addresses`` are the addresses of the mailbox: a mail without Message-IDs of
    Touchline can only be an answer to an email of a sender with one of them. ``wake`` wakes the tick loop after the
    commit; without it, the loop finds the mails at its next poll.
    """
    details: dict[str, Any] = {"addresses": sorted(own_addresses)} if own_addresses else {}
    rows = [NewIncoming(mail.key, MAIL, mail.received_at.astimezone(UTC), mail.data, details) for mail in mails]
    return await _receive(source, rows, now, wake)


async def receive_events(
    source: str, events: Sequence[ReportedEvent], now: datetime, *, wake: Callable[[], None] = lambda: None
) -> int:
    """Store reported events of a provider, such as "webhook:sendgrid", in one transaction. Returns how many are new.

    ``now`` is real time (UTC). ``wake`` wakes the tick loop after the commit.
    """
    rows = [NewIncoming(each.key, str(each.kind), each.at.astimezone(UTC), None, each.details) for each in events]
    return await _receive(source, rows, now, wake)


@retry_on_deadlock
async def _receive(source: str, rows: Sequence[NewIncoming], now: datetime, wake: Callable[[], None]) -> int:
    if not 0 < len(source) <= MAX_SOURCE_CHARACTERS:
        raise ValueError(f"a source has 1 to {MAX_SOURCE_CHARACTERS} characters, not {len(source)}")
    if not rows:
        return 0
    async with transaction():
        new = await incoming.add(source, rows, now)
        if new:
            await jobs.keep_open(ANSWERS_JOB, None, ANSWERS_SUBJECT, now)
            after_transaction(wake)
    return new


async def has_unprocessed(now: datetime) -> bool:
    """Say whether mails or events are due to be processed. Those that failed and are tried again later do not count."""
    due = await incoming.next_due()
    return due is not None and due <= now


@retry_on_deadlock
async def retry_failed(ids: Sequence[str] | None, now: datetime) -> int:
    """Process again mails and events that were set aside: those of ``ids``, or all. Returns their number."""
    async with transaction():
        found = await incoming.reopen_failed(ids, now)
        if found:
            await jobs.keep_open(ANSWERS_JOB, None, ANSWERS_SUBJECT, now)
    return found
