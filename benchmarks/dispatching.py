"""Dispatch: to a channel that only records, to a mail server on this machine, and by two processes."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import aiosmtplib
import asyncpg

from api.clock import system_clock
from api.ids import new_id
from api.make_runtime import freeze_loaded_objects
from api.models import Send
from api.services.launches.launch import Choice
from api.states import SendStatus
from api.store.dispatch.transmissions import WAITING
from api.store.engine.sql import execute
from api.tick import Ticker
from benchmarks.world import empty, launched
from tests.faults.sink import Sink

CONNECTIONS = 100
"""To the mail server, for us and for what we are held against."""
BATCH = 500


async def dispatch(channel: str, count: int) -> float:
    """Return emails a second of one process: claim, check, render, build, mark, hand over, record, feed."""
    runtime, campaign = await launched(channel, count)
    done, left = asyncio.Event(), count

    def shown(_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    freeze_loaded_objects()  # as both commands do that run a tick loop
    ticker = Ticker(replace(runtime, show=shown, wake_own_loop=lambda: ticker.wake_here()), system_clock, 5.0)  # noqa: PLW0108 - not there yet
    began = time.perf_counter()
    loop = asyncio.create_task(ticker.run())
    await done.wait()
    rate = count / (time.perf_counter() - began)
    ticker.stop()
    await loop
    assert await Send.filter(sender_id=campaign.sender_id, status="SENT").count() == count
    await empty()
    return rate


async def processes(url: str, count: int, number: int, cores: int) -> float:
    """Return emails a second of so many processes of ``touchline tick``, which wait for the first to be due.

    They and the database have so many cores (Linux).
    """
    # On the second, as a send-at is kept: they begin just then, and so does the time that is taken.
    due = (system_clock() + timedelta(seconds=10 + count / 4_000)).replace(microsecond=0)
    _, campaign = await launched("record", count, Choice(due))
    environment = {**os.environ, "TOUCHLINE_DATABASE_URL": url, "TOUCHLINE_LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "api", "tick"]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(number)]
    await _bind([process.pid for process in started], cores)
    assert system_clock() + timedelta(seconds=3) < due, "the launch took too long"
    unsent = [SendStatus.SCHEDULED, SendStatus.CLAIMED, SendStatus.TRANSMITTING]
    left = Send.filter(workspace_id=campaign.workspace_id, status__in=unsent, due_at__lte=due)
    try:
        while await left.exists():  # by an index: looking must not slow down what is measured
            await asyncio.sleep(0.05)
        rate = count / (system_clock() - due).total_seconds()
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        await _bind([], None)
    await empty()
    return rate


async def _bind(processes: Sequence[int], cores: int | None) -> None:
    """Let processes and the database have so many cores; None: all."""
    servers = await execute(
        "SELECT pid FROM pg_stat_activity UNION SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int"
    )
    for pid in [*processes, *(row["pid"] for row in servers)]:
        with suppress(ProcessLookupError):  # a worker of the database's that has done its work
            os.sched_setaffinity(pid, sorted(os.sched_getaffinity(0))[:cores])


async def floor(url: str, count: int) -> float:
    """Return emails a second of a loop by hand with the same SQL: 500 at once, without an email, on asyncpg."""
    _, campaign = await launched("record", count)
    connection = await asyncpg.connect(url)
    began, sent = time.perf_counter(), 0
    while True:
        attempt, now = new_id("att"), system_clock()
        sends = await connection.fetch(
            "UPDATE send SET status = 'CLAIMED', attempt_id = $1, lease_until = $2 WHERE ctid = ANY(ARRAY("
            f"SELECT ctid FROM send WHERE sender_id = $3 AND {WAITING} AND due_at <= $4 ORDER BY due_at, id LIMIT $5"
            " FOR UPDATE SKIP LOCKED)) RETURNING id, workspace_id, enrollment_id, step_id, person_id, subject, html,"
            " zone, due_at",
            attempt, now + timedelta(minutes=1), campaign.sender_id, now, BATCH,
        )  # fmt: skip
        if not sends:
            break
        ids, enrollments = [each["id"] for each in sends], [each["enrollment_id"] for each in sends]
        async with connection.transaction():
            await connection.fetch(
                "UPDATE send SET status = 'TRANSMITTING', lease_until = $1, message_id = '<' || send.id || '@x>'"
                " FROM unnest($2::text[]) AS r(id) WHERE send.id = r.id AND send.attempt_id = $3"
                " AND send.status || '' = 'CLAIMED'"
                " AND (SELECT unsubscribed_at FROM suppression JOIN person ON person.email_key = suppression.email_key"
                " AND person.workspace_id = suppression.workspace_id WHERE person.id = send.person_id) IS NULL"
                " AND (SELECT status FROM enrollment WHERE enrollment.id = send.enrollment_id)"
                " IN ('ACTIVE', 'FINISHED') RETURNING send.id",
                now + timedelta(minutes=1), ids, attempt,
            )  # fmt: skip
        async with connection.transaction():
            await connection.fetch(
                "UPDATE send SET status = 'SENT', attempt_id = NULL, lease_until = NULL, sent_at = $1"
                " FROM unnest($2::text[]) AS r(id) WHERE send.id = r.id AND send.attempt_id = $3 RETURNING send.id",
                now, ids, attempt,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO event (id, workspace_id, kind, at, person_id, enrollment_id, step_id, send_id, data)"
                " SELECT r.id, $1, 'EMAIL_SENT', $2, r.p, r.e, r.s, r.d, '{}'"
                " FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS r(id, p, e, s, d)",
                campaign.workspace_id, now, [new_id("evt") for _ in ids], [each["person_id"] for each in sends],
                enrollments, [each["step_id"] for each in sends], ids,
            )  # fmt: skip
            await connection.fetch(
                "SELECT id FROM enrollment WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", enrollments
            )
            await connection.fetch(
                "UPDATE enrollment SET status = 'FINISHED', ended_at = $2 WHERE id = ANY($1::text[]) AND (SELECT"
                " count(*) FROM send WHERE enrollment_id = enrollment.id AND send.status IN ('SCHEDULED', 'DEFERRED',"
                " 'CLAIMED', 'TRANSMITTING')) = 0 RETURNING id",
                enrollments, now,
            )  # fmt: skip
        sent += len(ids)
    rate = sent / (time.perf_counter() - began)
    assert sent == count
    await connection.close()
    await empty()
    return rate


@contextmanager
def mail_server() -> Iterator[int]:
    """Run the sink in a process of its own; the channel's account is there. Gives its port."""
    command = [sys.executable, "-m", "benchmarks", "--sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        os.environ["TOUCHLINE_SMTP_URL"] = f"smtp://127.0.0.1:{port}?security=none&helo=x&connections={CONNECTIONS}"
        try:
            yield port
        finally:
            process.terminate()


async def sink() -> None:
    """Be the mail server, until the process is ended."""
    async with Sink().running() as running:
        print(running.port, flush=True)
        await asyncio.Event().wait()


async def bare_smtp(port: int, count: int) -> float:
    """Return messages a second of aiosmtplib alone: prepared bytes on as many connections."""
    message = b"Message-ID: <snd_x@example.com>\r\nSubject: x\r\n\r\n" + b"Lorem ipsum dolor sit amet.\r\n" * 60
    clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(client.connect() for client in clients))
    left = count

    async def work(client: aiosmtplib.SMTP) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await client.mail("g@example.com")
            await client.rcpt("ada@example.com")
            await client.data(message)

    began = time.perf_counter()
    await asyncio.gather(*map(work, clients))
    rate = count / (time.perf_counter() - began)
    await asyncio.gather(*(client.quit() for client in clients))
    return rate
