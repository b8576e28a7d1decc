"""Every statement that receives and applies incoming mails and events finds its rows by an index."""

from datetime import timedelta

import pytest

from api.clock import system_clock
from api.models import Send
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.jobs.job_kind import JobRuntime
from api.services.replies.answers_job import answer_chunks
from api.services.replies.incoming import receive_events, receive_mails
from api.states import SendStatus
from api.store.dispatch import backlog
from api.store.engine.sql import execute
from api.store.replies import incoming
from benchmarks.populated import Size, populate, refresh_statistics
from plugins import IncomingMail, ReportedEvent, ReportedKind
from plugins.loading.manager import load
from tests.services.replies.incoming_mails import auto_reply, bounce, complaint, reply
from tests.store.plans import problems, recorded

OLD = 5_000
"""Rows that are processed, beside the new ones."""


async def fill(now: str) -> None:
    """Add processed rows, as a server has them after some weeks."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {OLD})"
    await execute(
        f"{numbers} INSERT INTO incoming_event (id, source, key, kind, at, stored_at, due_at, details, attempts,"
        f" result, reason, done_at) SELECT 'inc_old' || i, 'imap:A', 'old' || i, 'OTHER', {now}, {now}, {now}, '{{}}',"
        f" 1, 'IGNORED', '', {now} FROM n"
    )


async def test_incoming_mails_and_events(database: str, caplog: pytest.LogCaptureFixture) -> None:
    await populate(Size(20_000), "a")
    await fill("CURRENT_TIMESTAMP")
    await refresh_statistics()
    now = system_clock()
    emails = await Send.filter(status=SendStatus.SENT).order_by("-id").limit(8)
    for email in emails:
        await Send.filter(id=email.id).update(message_id=f"<{email.id}@example.com>", sent_at=now - timedelta(hours=1))
    ids = [f"<{email.id}@example.com>" for email in emails]
    mails = [reply(ids[0]), auto_reply(ids[1]), bounce(ids[2]), complaint(ids[3]), bounce(None, "p1@example.com")]
    mails.append(complaint("<gone@isp.example>", "p4@example.com"))
    events = [
        ReportedEvent("1", ReportedKind.OPENED, now, email_id=emails[4].id),
        ReportedEvent("2", ReportedKind.CLICKED, now, email_id=emails[5].id, url="https://example.com"),
        ReportedEvent("3", ReportedKind.UNSUBSCRIBED, now, email_id=emails[6].id),
        ReportedEvent("4", ReportedKind.UNSUBSCRIBED, now, recipient="p2@example.com"),
        ReportedEvent("5", ReportedKind.COMPLAINED, now, recipient="p3@example.com", sender="g@example.com"),
    ]
    runtime = DispatchRuntime(load({}), system_clock, lambda person: None, lambda: None)
    with recorded(caplog) as statements:
        received = [IncomingMail(str(number), data, now) for number, data in enumerate(mails)]
        await receive_mails("imap:A", received, now, ["g@example.com"])
        await receive_events("webhook:x", events, now)
        processed = [rows async for rows in answer_chunks(JobRuntime(runtime.context, system_clock))]
        await incoming.next_due()
        await backlog.backlog_numbers(system_clock())
    assert sum(processed) == len(mails) + len(events)
    assert await problems(statements, sorts=False) == set()
