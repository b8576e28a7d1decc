"""A real server in a process of its own, the client that attacks it, and the client that is measured meanwhile."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.clock import system_clock
from api.ids import new_id
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import close_database, migrate, open_database
from benchmarks.hostile.neighbour import PAUSE_SECONDS
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 240.0
HANG_SECONDS = 60.0
"""A request that is not answered by then counts as never answered."""


@dataclass(frozen=True)
class Outcome:
    """What became of one request."""

    seconds: float
    status: int
    """0: no answer came, or the connection was closed."""
    codes: tuple[str, ...] = ()
    data: Any = None

    @property
    def told(self) -> str:
        """In a few words, for a table."""
        if self.status == 0:
            return "closed"
        if self.codes:
            return "`" + "`, `".join(sorted(set(self.codes))[:3]) + "`"
        return "done" if self.status == 200 else str(self.status)

    @property
    def wrong(self) -> bool:
        """Whether no client may get such an answer."""
        return self.status >= 500 or "INTERNAL_ERROR" in self.codes or "" in self.codes


def body_of(query: str, variables: dict[str, Any] | None = None) -> bytes:
    """Return the body of a request. Halves of characters are escaped."""
    asked = {"query": query, "variables": variables or {}}
    try:
        return json.dumps(asked, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(asked).encode()


def codes_of(answer: Any) -> tuple[str, ...]:
    """Return the codes of all errors of an answer; an error without a code counts as an empty one."""
    if not isinstance(answer, dict):
        return ("",)
    found = [str((error.get("extensions") or {}).get("code", "")) for error in answer.get("errors") or ()]
    for payload in (answer.get("data") or {}).values():
        if isinstance(payload, dict):
            found += [str(error.get("code", "")) for error in payload.get("errors") or ()]
    return tuple(found)


@dataclass
class Neighbour:
    """The other client, which asks small things all the time."""

    process: "subprocess.Popen[str]"

    def worst(self) -> float:
        """Return its worst wait in seconds since this was asked the last time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        worst, _, _ = self.process.stdout.readline().split()
        return float(worst)


@dataclass
class Server:
    """The running server."""

    url: str
    port: int
    token: str
    """Of the workspace that attacks."""
    process: "subprocess.Popen[bytes]"
    log: Path
    neighbour: Neighbour
    _connection: http.client.HTTPConnection | None = field(default=None)

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the attacker has."""
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> Outcome:
        """Send a body to /graphql, and wait for the answer."""
        began = time.perf_counter()
        for _ in range(2):
            connection = self._connection = self._connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=HANG_SECONDS
            )
            try:
                # A server that refuses early closes while we still write: its answer is there all the same.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request("POST", "/graphql", body, self.headers if headers is None else headers)
                answer = connection.getresponse()
                text = answer.read()
            except (http.client.HTTPException, OSError) as problem:
                connection.close()
                self._connection = None
                if isinstance(problem, http.client.RemoteDisconnected) and time.perf_counter() - began < 1:
                    continue  # an idle connection that the server had closed
                return Outcome(time.perf_counter() - began, 0)
            seconds = time.perf_counter() - began
            if answer.getheader("connection", "").lower() == "close":
                connection.close()
                self._connection = None
            with suppress(ValueError):
                read = json.loads(text)
                return Outcome(seconds, answer.status, codes_of(read), read.get("data"))
            return Outcome(seconds, answer.status, ("",) if answer.status == 200 else ())
        return Outcome(time.perf_counter() - began, 0)

    def ask(self, query: str, **variables: Any) -> Outcome:
        """Send a query with its variables."""
        return self.send(body_of(query, variables))

    def do(self, query: str, of: str, **variables: Any) -> str:
        """Return the id of what a mutation made; it must not be refused."""
        outcome = self.ask(query, **variables)
        assert outcome.status == 200 and not outcome.codes, (query, outcome)  # noqa: PT018
        (payload,) = outcome.data.values()
        return str(payload[of]["id"])

    def stalls(self) -> list[str]:
        """Return what the server has logged of its event loop."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if "event loop was blocked" in line]

    def alive(self) -> bool:
        """Say whether the process runs."""
        return self.process.poll() is None


async def two_tokens(url: str) -> tuple[str, str]:
    """Make two workspaces in a database, and return a token of each."""
    await open_database(url)
    try:
        await migrate()
        now = system_clock()
        attacker, other = await create_workspace(new_id("w"), now), await create_workspace(new_id("w"), now)
        return await issue_token(attacker, "attacker", now), await issue_token(other, "other", now)
    finally:
        await close_database()


@contextmanager
def running(
    url: str, tokens: tuple[str, str], folder: Path, *, pause_seconds: float = PAUSE_SECONDS, **settings: str
) -> Iterator[Server]:
    """Run ``touchline serve`` on a database, with its tick loop, and the other client beside it.

    The other client pauses between its requests.
    """
    port, log = free_port(), folder / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")} | {
        "TOUCHLINE_DATABASE_URL": url,
        "TOUCHLINE_PORT": str(port),
        "TOUCHLINE_OUTBOX": str(folder / "outbox"),
        "TOUCHLINE_POLL_SECONDS": "0.5",
        # The budget of a minute would refuse most of what is to be measured.
        "TOUCHLINE_MINUTE_COST": "1000000000",
        **settings,
    }
    command = [sys.executable, "-m", "benchmarks.hostile.served", "serve"]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
    other = None
    try:
        _wait(process, port, log)
        other = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.hostile.neighbour", str(port), tokens[1], str(pause_seconds)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        yield Server(url, port, tokens[0], process, log, Neighbour(other))
    finally:
        for each in (other, process):
            if each is not None:
                each.kill()
                each.wait()
        if other is not None:
            for pipe in (other.stdin, other.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, "the server does not start"
        time.sleep(0.05)
