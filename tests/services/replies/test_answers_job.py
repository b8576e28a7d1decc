"""The job that works on incoming mails: failing rows, killed processes, two processes, and its end."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from asyncpg.exceptions import DeadlockDetectedError

from api.models import Event, IncomingEvent, Job, Reply, Send
from api.services.replies import answers_job, apply_incoming, bounces
from api.services.replies.answers_job import (
    ANSWERS,
    ENDED_BEFORE_WORKER,
    MAX_ATTEMPTS,
    MAX_ENDED,
    answer_chunks,
)
from api.services.replies.findings import read_rows
from api.services.replies.incoming import receive_mails
from api.states import IncomingResult, JobState
from api.store.replies import answered_emails, incoming
from api.tick import Ticker
from api.worker_processes.limits import Limit, LimitExceededError, Limits
from plugins import IncomingMail
from tests.databases import on_sqlite
from tests.services.jobs.runners import runner_of
from tests.services.jobs.test_poison import reject
from tests.services.replies.incoming_mails import DAY, HOUR, OWN, bounce, reply, runtime_of, sent_email, work
from tests.services.world import NOW, Killed, World, make_sent_world


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email."""
    return await make_sent_world(2)


async def store(*mails: bytes) -> None:
    received = [IncomingMail(str(number), data, NOW) for number, data in enumerate(mails)]
    await receive_mails("imap:TEST", received, NOW, OWN)


async def results() -> list[IncomingResult | None]:
    return [row.result for row in await IncomingEvent.all().order_by("id")]


async def test_a_row_that_always_fails_is_set_aside_and_delays_no_other(world: World) -> None:
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    await reject("reply", "INSERT", "NEW.text = 'poison'")
    await store(reply(first.message_id, text="poison"), reply(second.message_id))
    await work(world)
    assert await results() == [None, IncomingResult.APPLIED]
    waiting = await IncomingEvent.get(key="0")
    assert (waiting.attempts, waiting.errors, waiting.due_at) == (1, 1, NOW + timedelta(seconds=10))
    for hours in range(1, MAX_ATTEMPTS):
        await work(world, NOW + hours * HOUR)
    given_up = await IncomingEvent.get(key="0")
    assert (given_up.result, given_up.attempts) == (IncomingResult.FAILED, MAX_ATTEMPTS)
    assert "refused" in given_up.reason
    assert given_up.content is not None, "a mail that failed is kept"
    assert (await Send.get(id=first.id)).replied_at is None


async def test_an_outage_of_the_database_is_no_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(reply((await sent_email(world)).message_id))

    async def deadlock(*values: Any, **named: Any) -> Any:
        raise DeadlockDetectedError

    with monkeypatch.context() as patched:
        patched.setattr(answered_emails, "add_replies", deadlock)
        for _ in range(MAX_ATTEMPTS + 1):
            with pytest.raises(DeadlockDetectedError):
                await work(world)
    assert (await IncomingEvent.get()).attempts == 0
    await work(world)
    assert await results() == [IncomingResult.APPLIED]


def kills(rows: Any, *more: Any) -> Any:
    """End the process that reads a certain mail."""
    if any(b"killer" in row.content for row in rows):
        raise Killed
    return read_rows(rows, *more)


async def test_a_mail_that_ends_its_process_is_set_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    await store(reply(first.message_id, text="killer"), reply(second.message_id))

    async def in_worker(function: Any, *values: Any, limits: Limits) -> Any:
        try:
            return function(*values)
        except Killed:
            raise LimitExceededError(Limit.CRASH) from None

    monkeypatch.setattr(answers_job, "read_rows", kills)
    monkeypatch.setattr(answers_job, "run", in_worker)
    for _ in range(ENDED_BEFORE_WORKER):
        with pytest.raises(Killed):
            await work(world)
    await work(world)
    assert await results() == [None, IncomingResult.APPLIED], "it harms no more process, and no other mail"
    waiting = await IncomingEvent.get(key="0")
    assert (waiting.attempts, waiting.errors, waiting.due_at) == (3, 1, NOW + timedelta(seconds=10))
    for hours in range(1, MAX_ATTEMPTS):
        await work(world, NOW + hours * HOUR)
    assert await results() == [IncomingResult.FAILED, IncomingResult.APPLIED]
    assert "ended before it was done" in (await IncomingEvent.get(key="0")).reason


async def test_a_good_mail_survives_a_crash_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes end while they work on it, for another reason. Then a real worker process reads it."""
    await store(reply((await sent_email(world)).message_id))

    async def kill(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(answers_job, "_match", kill)
        for _ in range(3 * MAX_ATTEMPTS):
            with pytest.raises(Killed):
                await work(world)
    await work(world)
    assert await results() == [IncomingResult.APPLIED]


async def test_a_mail_that_ends_its_process_after_it_is_read_is_set_aside_at_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(reply((await sent_email(world)).message_id))
    await IncomingEvent.all().update(attempts=MAX_ENDED)
    await work(world)
    assert await results() == [IncomingResult.FAILED]
    assert "ended before it was done" in (await IncomingEvent.get()).reason


async def test_an_error_after_ended_processes_waits_as_the_first_one_does(world: World) -> None:
    email = await sent_email(world)
    await reject("reply", "INSERT", "NEW.text = 'poison'")
    await store(reply(email.message_id, text="poison"))
    await IncomingEvent.all().update(attempts=MAX_ATTEMPTS)
    await work(world)
    row = await IncomingEvent.get()
    assert (row.result, row.errors, row.due_at) == (None, 1, NOW + timedelta(seconds=10))


async def test_the_stop_of_a_process_is_no_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(reply((await sent_email(world)).message_id))
    begun = asyncio.Event()

    async def hang(*_: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(answers_job, "_match", hang)
    for _ in range(2):
        begun.clear()
        running = asyncio.create_task(runner_of(world, kinds=[ANSWERS]).run_next())
        await begun.wait()
        assert ((await IncomingEvent.get()).attempts, (await Job.get(kind="answers")).failures) == (1, 1)
        running.cancel()
        await asyncio.wait([running])
        job = await Job.get(kind="answers")
        assert ((await IncomingEvent.get()).attempts, job.failures, job.lease_until) == (0, 0, None)


POINTS: list[tuple[ModuleType, str]] = [
    (incoming, "lock_open"),
    (answered_emails, "by_ids"),
    (answered_emails, "add_replies"),
    (answered_emails, "mark_replied"),
    (answered_emails, "endings_by_reply"),
    (answered_emails, "mark_bounced"),
    (bounces, "settle_bounces"),
    (apply_incoming, "record_hits"),
    (incoming, "write_results"),
]
"""Functions in which the process is killed, in the order in which they are called."""


@pytest.mark.parametrize(("module", "name"), POINTS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_process_that_is_killed_anywhere_counts_nothing_twice(
    world: World, module: ModuleType, name: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    await store(reply(first.message_id), bounce(second.message_id, "bob@example.com"))
    real: Callable[..., Any] = getattr(module, name)

    async def kill(*values: Any, **named: Any) -> Any:
        if after:
            await real(*values, **named)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, name, kill)
        with pytest.raises(Killed):
            await work(world)
    assert await Reply.all().count() == await Event.filter(kind__in=["REPLIED", "BOUNCED"]).count() == 0
    await work(world)
    assert await results() == [IncomingResult.APPLIED] * 2
    assert await Reply.all().count() == 1
    kinds = await Event.filter(kind__in=["REPLIED", "BOUNCED", "CAMPAIGN_ENDED"]).values_list("kind", flat=True)
    assert sorted(kinds) == ["BOUNCED", "CAMPAIGN_ENDED", "CAMPAIGN_ENDED", "REPLIED"]


async def test_two_processes_count_a_row_once(world: World) -> None:
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    await store(reply(first.message_id), bounce(second.message_id, "bob@example.com"))
    rows = await incoming.take(NOW, 10, 1_000_000)
    await asyncio.gather(*(answers_job._process(rows, runtime=runtime_of(world)) for _ in range(2)))
    assert await Event.filter(kind="REPLIED").count() == await Event.filter(kind="BOUNCED").count() == 1
    assert await results() == [IncomingResult.APPLIED] * 2


@on_sqlite
async def test_large_mails_are_taken_in_smaller_batches(world: World) -> None:
    await store(*(b"Subject: x\r\n\r\n" + b"x" * 1_000 for _ in range(5)))
    assert [row.key for row in await incoming.take(NOW, 10, 2_500)] == ["0", "1"]
    assert [row.key for row in await incoming.take(NOW, 10, 10)] == ["0"], "it was attempted before, so it comes alone"


async def test_the_job_ends_and_starts_again_with_the_next_mail(world: World) -> None:
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    ticker = Ticker(world.runtime, lambda: NOW, 1)
    for number, email in enumerate((first, second), 1):
        await receive_mails("imap:TEST", [IncomingMail(str(number), reply(email.message_id), NOW)], NOW, OWN)
        await ticker.until_idle()
        assert await Job.filter(kind="answers", state=JobState.DONE).count() == number
    assert await results() == [IncomingResult.APPLIED] * 2


async def test_a_process_starts_the_job_for_rows_that_are_left(world: World) -> None:
    await store(reply((await sent_email(world)).message_id))
    await Job.filter(kind="answers").update(state=JobState.FAILED, finished_at=NOW)
    assert ANSWERS.start_if_needed is not None
    await ANSWERS.start_if_needed(runtime_of(world))
    await Ticker(world.runtime, lambda: NOW, 1).until_idle()
    assert await results() == [IncomingResult.APPLIED]


async def test_processed_rows_are_kept_for_30_days(world: World) -> None:
    await store(reply((await sent_email(world)).message_id))
    await work(world)
    await work(world, NOW + 30 * DAY)
    assert await IncomingEvent.all().count() == 1
    await work(world, NOW + 30 * DAY + HOUR)
    assert await IncomingEvent.all().count() == 0
    assert await Reply.all().count() == 1, "the reply stays"
    assert [rows async for rows in answer_chunks(runtime_of(world))] == []
