"""Incoming mails and events are stored once, and starts one job."""

from datetime import datetime, timedelta

import pytest

from api.models import IncomingEvent, Job
from api.services.replies.incoming import ANSWERS_JOB, receive_events, receive_mails
from api.states import JobState
from api.store import jobs
from api.store.engine.transactions import transaction
from api.store.replies import incoming
from plugins import BounceKind, IncomingMail, ReportedEvent, ReportedKind
from plugins.incoming import MAX_MAIL_BYTES
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim
from tests.services.world import NOW

pytestmark = pytest.mark.usefixtures("database")


def mail(key: str, data: bytes = b"Subject: x\r\n\r\n\x00\xff") -> IncomingMail:
    return IncomingMail(key, data, NOW)


def event(key: str, kind: ReportedKind = ReportedKind.OPENED) -> ReportedEvent:
    return ReportedEvent(key, kind, NOW)


@on_sqlite
async def test_a_mail_is_stored_as_it_is() -> None:
    assert await receive_mails("imap:A", [mail("1")], NOW, ["g@example.com"]) == 1
    row = await IncomingEvent.get()
    assert (row.source, row.key, row.kind, row.at, row.due_at) == ("imap:A", "1", "MAIL", NOW, NOW)
    assert (row.content, row.details, row.result) == (mail("1").data, {"addresses": ["g@example.com"]}, None)


@on_sqlite
async def test_an_event_is_stored_with_what_it_says() -> None:
    reported = ReportedEvent("1", ReportedKind.BOUNCED, NOW, recipient="a@example.com", bounce=BounceKind.HARD)
    assert await receive_events("webhook:x", [reported], NOW) == 1
    row = await IncomingEvent.get()
    assert (row.kind, row.content) == ("BOUNCED", None)
    assert row.details == {"recipient": "a@example.com", "bounce": "HARD"}


@on_sqlite
async def test_the_same_source_and_key_count_once() -> None:
    assert await receive_mails("imap:A", [mail("1"), mail("2"), mail("1")], NOW) == 2
    assert await receive_mails("imap:A", [mail("1"), mail("3")], NOW) == 1
    assert await receive_mails("imap:B", [mail("1")], NOW) == 1
    assert await IncomingEvent.all().count() == 4


async def test_rows_keep_the_order_in_which_they_came() -> None:
    keys = ["b", "c", "a"]
    await receive_events("webhook:x", [event(key) for key in keys], NOW)
    assert [row.key for row in await incoming.take(NOW, 10, 1_000)] == keys


@on_sqlite
async def test_more_events_than_one_statement_takes() -> None:
    assert await receive_events("webhook:x", [event(str(number)) for number in range(1_201)], NOW) == 1_201


async def test_new_rows_start_one_job_and_wake_the_loop() -> None:
    woken: list[str] = []
    await receive_mails("imap:A", [mail("1")], NOW, wake=lambda: woken.append("mail"))
    await receive_events("webhook:x", [event("1")], NOW, wake=lambda: woken.append("event"))
    assert woken == ["mail", "event"]
    job = await Job.get()
    assert (job.kind, job.workspace_id, job.state) == (ANSWERS_JOB, None, JobState.WAITING)


@on_sqlite
async def test_what_is_known_starts_no_job() -> None:
    await receive_mails("imap:A", [mail("1")], NOW)
    await Job.all().delete()
    assert await receive_mails("imap:A", [mail("1")], NOW) == 0
    assert await receive_mails("imap:A", [], NOW) == 0
    assert await Job.all().count() == 0


async def test_a_process_that_works_on_the_job_keeps_it() -> None:
    await receive_mails("imap:A", [mail("1")], NOW)
    job = await claim(ANSWERS_JOB, NOW)
    assert job is not None
    await receive_mails("imap:A", [mail("2")], NOW)
    assert await jobs.renew(job, NOW + jobs.LEASE, 1)


@on_sqlite
async def test_a_job_that_waits_starts_at_once() -> None:
    await receive_mails("imap:A", [mail("1")], NOW)
    job = await claim(ANSWERS_JOB, NOW)
    assert job is not None
    await jobs.put_back(job, 1, NOW + timedelta(minutes=1))
    assert await claim(ANSWERS_JOB, NOW) is None
    await receive_mails("imap:A", [mail("2")], NOW)
    assert await claim(ANSWERS_JOB, NOW) is not None


@on_sqlite
async def test_a_job_ends_only_without_work() -> None:
    await receive_mails("imap:A", [mail("1")], NOW)
    job = await claim(ANSWERS_JOB, NOW)
    assert job is not None

    async def work() -> bool:
        return True

    async def none() -> bool:
        return False

    assert not await jobs.finish_when_done(job, NOW, work)
    assert (await Job.get()).finished_at is None
    assert await jobs.finish_when_done(job, NOW, none)
    assert (await Job.get()).state is JobState.DONE
    assert await jobs.finish_when_done(job, NOW, work), "it is over already"


async def test_nothing_is_stored_if_the_transaction_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await receive_mails("imap:A", [mail("1")], NOW)
            raise ZeroDivisionError
    assert await IncomingEvent.all().count() == await Job.all().count() == 0


@pytest.mark.parametrize("key", ["", "k" * 256, "a\x00", "\ud800"])
def test_a_key_that_cannot_be_stored_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        mail(key)
    with pytest.raises(ValueError):
        event(key)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 2)
    with pytest.raises(ValueError, match="time zone"):
        IncomingMail("1", b"", naive)
    with pytest.raises(ValueError, match="time zone"):
        ReportedEvent("1", ReportedKind.OPENED, naive)


@on_sqlite
def test_a_bounce_has_a_kind_and_nothing_else_has_one() -> None:
    with pytest.raises(ValueError, match="HARD or SOFT"):
        ReportedEvent("1", ReportedKind.BOUNCED, NOW)
    with pytest.raises(ValueError, match="HARD or SOFT"):
        ReportedEvent("1", ReportedKind.OPENED, NOW, bounce=BounceKind.SOFT)


def test_long_texts_are_cut_and_long_ids_refused() -> None:
    assert len(IncomingMail("1", b"x" * (MAX_MAIL_BYTES + 1), NOW).data) == MAX_MAIL_BYTES
    reported = ReportedEvent("1", ReportedKind.CLICKED, NOW, url="u" * 3_000, user_agent="a\x00\ud800")
    assert (len(reported.url), reported.user_agent) == (2_000, "a\ufffd?")
    with pytest.raises(ValueError, match="recipient"):
        ReportedEvent("1", ReportedKind.OPENED, NOW, recipient="r" * 321)
