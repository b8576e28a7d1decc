"""Values of every shape at full size, sent to a real server: each is answered or refused, and nobody waits for long.

The places and shapes are a fixed choice of what ``python -m benchmarks.hostile`` sends. That command holds the strict
limits on time, on a quiet machine. Here the times are only printed: a machine that runs tests is not quiet.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.hostile.generated import Wire, known, rotated
from benchmarks.hostile.named import NAMED
from benchmarks.hostile.server import HANG_SECONDS, Outcome, Server, running, two_tokens
from benchmarks.hostile.work import Workplace

OVER_HTTP, OVER_WEBSOCKET, LARGE = 190, 40, 20
"""How many values are sent: the first number gives each open-ended place a turn."""
SIZE, LARGE_SIZE = 200_000, 900_000
PAUSE_SECONDS = 0.1
"""The other client asks less often than in the benchmark: its times are printed here, and take no part in the test."""
POISON = [each for each in NAMED if "a launch for" in each.name or "casefold" in each.name or "such an" in each.name]
STUCK = {"LAUNCH_STAYS_RUNNING", "IMPORT_STAYS_RUNNING", "EMAIL_STAYS"}


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both: what a database refuses, and how long it takes, differs."""
    return str(request.param)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server in a process of its own, with its tick loop, and another client that is measured."""
    tokens = asyncio.run(two_tokens(database_url))
    with running(database_url, tokens, tmp_path, pause_seconds=PAUSE_SECONDS) as started:
        yield started
        assert started.alive(), started.log.read_text(encoding="utf-8")
        log = started.log.read_text(encoding="utf-8")
        assert "Traceback" not in log, log


def report(what: str, server: Server, outcomes: dict[str, Outcome], waited: float) -> None:
    """Print what was measured: ``pytest -s`` shows it."""
    slowest = max(outcomes, key=lambda name: outcomes[name].seconds)
    print(
        f"\n{what}: {len(outcomes)} answers, the slowest {outcomes[slowest].seconds * 1000:.0f} ms ({slowest}), another"
        f" client waited {waited * 1000:.0f} ms at most, {len(server.stalls())} stalls of the loop"
    )
    assert waited < HANG_SECONDS


def test_jobs_and_values(server: Server, database_url: str) -> None:
    """One server takes all: its start costs as much as what it is sent."""
    jobs_with_poison_come_to_their_end(server)
    values_of_every_shape(server, database_url)


def values_of_every_shape(server: Server, database_url: str) -> None:
    other = asyncio.run(two_tokens(database_url))[0]
    ids = known(server, other)
    server.neighbour.worst()
    for what, count, size in (("over HTTP", OVER_HTTP, SIZE), ("large ones", LARGE, LARGE_SIZE)):
        outcomes = {str(trial): server.send(trial.body(ids)) for trial in rotated(count, size)}
        report(what, server, outcomes, server.neighbour.worst())
        assert {name: told for name, told in outcomes.items() if told.wrong or told.status == 0} == {}
    wire = Wire(server)
    outcomes = {str(trial): wire.send(trial.body(ids)) for trial in rotated(OVER_WEBSOCKET, SIZE)}
    wire.close()
    report("over a websocket", server, outcomes, server.neighbour.worst())
    # A frame that is too large closes the connection, with a reason: that is no hang.
    hung = {name: told for name, told in outcomes.items() if told.wrong or told.seconds >= HANG_SECONDS}
    assert hung == {}


def jobs_with_poison_come_to_their_end(server: Server) -> None:
    work = Workplace(server)
    outcomes = {each.name: each.run(server, work) for each in POISON}
    report("poison", server, outcomes, server.neighbour.worst())
    assert {name: told for name, told in outcomes.items() if told.wrong or STUCK & set(told.codes)} == {}
