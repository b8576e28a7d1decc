"""Worker processes: their limits, their queue, and how they end."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.worker_processes import pool as module
from api.worker_processes.limits import (
    Limit,
    LimitExceededError,
    Limits,
    WorkerFaultError,
    WorkersBusyError,
    WorkersClosedError,
)
from api.worker_processes.pool import Pool, close_pool, run
from tests.worker_processes import jobs

SHORT = Limits(cpu_seconds=0.3, wall_seconds=30.0)
GUARD = 60.0
"""Seconds after which a test is taken for hung."""


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    yield made
    made.close()


def broken(pool: Pool, job: Callable[..., object], limits: Limits, *args: object) -> Limit:
    with pytest.raises(LimitExceededError) as caught:
        pool.submit(job, "", limits, *args).result(GUARD)
    return caught.value.limit


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + GUARD
    while not true():
        assert time.monotonic() < until
        threading.Event().wait(0.01)


def test_a_call_gives_its_value_and_the_process_is_used_again(pool: Pool) -> None:
    first = pool.submit(jobs.pid, "", SHORT).result(GUARD)
    assert pool.submit(jobs.add, "", SHORT, 2, 3).result(GUARD) == 5
    assert pool.submit(jobs.pid, "", SHORT).result(GUARD) == first
    assert pool.pids == [first]


@pytest.mark.parametrize("job", [jobs.spin, jobs.spin_in_c, jobs.sort_in_c])
def test_computing_time_is_limited_also_within_c_code(pool: Pool, job: Callable[[], object]) -> None:
    before = pool.submit(jobs.pid, "", SHORT).result(GUARD)
    roomy = Limits(cpu_seconds=0.3, memory_bytes=4_000_000_000)
    assert broken(pool, job, roomy) is Limit.CPU
    assert gone(before)
    assert pool.submit(jobs.pid, "", SHORT).result(GUARD) != before


def test_computing_time_is_counted_for_each_call(pool: Pool) -> None:
    limits = Limits(cpu_seconds=0.2)
    pids = {pool.submit(jobs.compute, "", limits, 0.1).result(GUARD) for _ in range(6)}
    assert len(pids) == 1


def test_a_call_that_hangs_is_ended_by_the_wall_clock(pool: Pool) -> None:
    before = pool.submit(jobs.pid, "", SHORT).result(GUARD)
    assert broken(pool, jobs.hang, Limits(wall_seconds=0.2)) is Limit.TIME
    assert gone(before)


@pytest.mark.parametrize("job", [jobs.eat, jobs.eat_slowly])
def test_memory_is_limited(pool: Pool, job: Callable[[], object]) -> None:
    assert broken(pool, job, Limits(cpu_seconds=20.0, memory_bytes=100_000_000)) is Limit.MEMORY
    assert pool.submit(jobs.add, "", SHORT, 2, 3).result(GUARD) == 5


def test_a_worker_that_keeps_memory_is_replaced(pool: Pool) -> None:
    limits = Limits(memory_bytes=100_000_000)
    before = pool.submit(jobs.pid, "", limits).result(GUARD)
    assert pool.submit(jobs.keep, "", limits, 80_000_000).result(GUARD) == before
    assert pool.submit(jobs.pid, "", limits).result(GUARD) != before


def test_threads_reserve_little_of_the_memory_limit(pool: Pool) -> None:
    """A thread has a stack of 8 MB on most systems. Beside it, glibc would reserve 64 MB for each."""
    limits = Limits(memory_bytes=200_000_000)
    assert pool.submit(jobs.work_in_threads, "", limits, 8).result(GUARD) == 8


def test_output_is_limited(pool: Pool) -> None:
    limits = Limits(output_bytes=1_000)
    assert pool.submit(jobs.long_answer, "", limits, 500).result(GUARD) == b"x" * 500
    assert broken(pool, jobs.long_answer, limits, 1_001) is Limit.OUTPUT


def test_large_arguments_and_answers_pass(pool: Pool) -> None:
    assert pool.submit(jobs.same, "", Limits(), "ä" * 3_000_000).result(GUARD) == "ä" * 3_000_000


def test_what_a_function_raises_is_raised(pool: Pool) -> None:
    with pytest.raises(KeyError, match="CODE"):
        pool.submit(jobs.refuse, "", SHORT, "CODE").result(GUARD)
    with pytest.raises(WorkerFaultError, match="PickyError"):
        pool.submit(jobs.refuse_pickily, "", SHORT).result(GUARD)


def test_a_worker_killed_from_outside_does_its_call_again(pool: Pool, tmp_path: Path) -> None:
    assert pool.submit(jobs.die_once, "", SHORT, str(tmp_path / "died")).result(GUARD) == "done"


def test_an_idle_worker_that_was_killed_is_replaced(pool: Pool) -> None:
    pid = pool.submit(jobs.pid, "", SHORT).result(GUARD)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: gone(pid))
    assert pool.submit(jobs.add, "", SHORT, 2, 3).result(GUARD) == 5


def test_a_call_that_ends_its_process_each_time_is_given_up(pool: Pool) -> None:
    assert broken(pool, jobs.die, SHORT) is Limit.CRASH


def test_workers_see_no_secrets_and_no_open_files(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_SECRET", "s3cret")
    with open(tmp_path / "database", "w", encoding="ascii") as file:
        os.set_inheritable(file.fileno(), True)
        assert "TOUCHLINE_SECRET" not in pool.submit(jobs.environment, "", SHORT).result(GUARD)
        assert not [each for each in pool.submit(jobs.files, "", SHORT).result(GUARD) if "database" in each]


def test_a_terminal_or_a_service_manager_does_not_end_workers(pool: Pool) -> None:
    pid = pool.submit(jobs.pid, "", SHORT).result(GUARD)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, each)
    assert pool.submit(jobs.pid, "", SHORT).result(GUARD) == pid
    assert os.getpgid(pid) != os.getpgid(0)


def test_no_workspace_has_every_worker(pool: Pool, tmp_path: Path) -> None:
    go = str(tmp_path / "go")
    greedy = [pool.submit(jobs.wait_for, "greedy", Limits(), go) for _ in range(5)]
    assert pool.submit(jobs.add, "modest", SHORT, 2, 3).result(GUARD) == 5
    assert not any(each.done() for each in greedy)
    open(go, "w", encoding="ascii").close()
    assert [each.result(GUARD) for each in greedy] == [go] * 5


def test_workspaces_take_turns(tmp_path: Path) -> None:
    pool, go = Pool(1), str(tmp_path / "go")
    try:
        pool.submit(jobs.wait_for, "first", Limits(), go)
        done: list[str] = []
        calls = []
        for key in ("a", "a", "a", "b", "b", "c"):
            call = pool.submit(jobs.add, key, SHORT, 1, 1)
            call.add_done_callback(lambda _, key=key: done.append(key))
            calls.append(call)
        open(go, "w", encoding="ascii").close()
        for call in calls:
            call.result(GUARD)
        wait_until(lambda: len(done) == 6)
        assert done == ["a", "b", "c", "a", "b", "a"]
    finally:
        pool.close()


def test_the_queue_is_bounded(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_CALLS_PER_KEY", 3)
    go = str(tmp_path / "go")
    running = pool.submit(jobs.wait_for, "greedy", Limits(), go)
    wait_until(running.running)
    for _ in range(3):
        pool.submit(jobs.wait_for, "greedy", Limits(), go)
    with pytest.raises(WorkersBusyError):
        pool.submit(jobs.wait_for, "greedy", Limits(), go)
    assert pool.submit(jobs.add, "modest", SHORT, 2, 3).result(GUARD) == 5
    open(go, "w", encoding="ascii").close()


def test_closing_ends_the_processes_and_the_calls(tmp_path: Path) -> None:
    pool = Pool(1)
    running = pool.submit(jobs.wait_for, "", Limits(), str(tmp_path / "never"))
    waiting = pool.submit(jobs.add, "", SHORT, 2, 3)
    wait_until(lambda: running.running() and bool(pool.pids))
    pids = pool.pids
    pool.close()
    assert all(map(gone, pids))
    for call in (running, waiting):
        with pytest.raises(WorkersClosedError):
            call.result(GUARD)
    with pytest.raises(WorkersClosedError):
        pool.submit(jobs.add, "", SHORT, 2, 3)


async def test_a_cancelled_caller_leaves_the_pool_as_it_was(tmp_path: Path) -> None:
    go = str(tmp_path / "go")
    calls = [asyncio.create_task(run(jobs.wait_for, go, key="greedy")) for _ in range(20)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*calls, return_exceptions=True)
    )
    Path(go).touch()  # noqa: ASYNC240 - at once
    assert await run(jobs.add, 2, 3, key="greedy") == 5


async def test_many_calls_at_once_are_answered_each_with_its_own() -> None:
    assert await asyncio.gather(*(run(jobs.add, n, n) for n in range(100))) == [2 * n for n in range(100)]


async def test_after_closing_new_processes_start() -> None:
    assert await run(jobs.add, 2, 3) == 5
    close_pool()
    assert await run(jobs.add, 3, 4) == 7


PARENT = """
import sys, time
from api.worker_processes.limits import Limits
from api.worker_processes.pool import Pool
from tests.worker_processes import jobs
pool = Pool(3)
idle = pool.submit(jobs.pid, "a", Limits()).result()
busy = [pool.submit(jobs.wait_for, "b", Limits(), "/nowhere") for _ in range(2)]
while len(pool.pids) < 2:
    time.sleep(0.01)
print(*pool.pids, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_their_parent(how: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert parent.stdout is not None
    pids = [int(each) for each in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.send_signal(how)
    _, errors = parent.communicate(timeout=GUARD)
    for pid in pids:
        wait_until(lambda pid=pid: gone(pid))
    assert errors.count("Traceback") == (how is signal.SIGINT)  # the parent's own
