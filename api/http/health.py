"""What an operator watches: ``/health``, ``/ready`` and Prometheus' ``/metrics``."""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import uvicorn
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from api import version
from api.server.server import Server
from api.services.common.runtime import DispatchRuntime
from api.store.backlog import backlog
from api.store.engine.availability import one_line
from api.store.engine.corruption import is_corrupt
from api.store.engine.database_faults import is_read_only
from api.store.engine.write_probe import is_disk_full, probe_write
from api.store.senders import channels_in_use
from strategies.plain_values import plain_text

if TYPE_CHECKING:
    from api.tick import Ticker

log = logging.getLogger("touchline.watching")

Answer = TypeVar("Answer")

CHECK_TIMEOUT_SECONDS = 5.0
"""Seconds that the database gets to answer."""
GAUGE_DESCRIPTIONS = {
    "due": "Emails that are due and wait to be claimed.",
    "oldest_due_seconds": "For how many seconds the oldest of them has been due.",
    "claimed": "Emails that processes have claimed.",
    "transmitting": "Emails that are being handed over.",
    "on_hold": "Emails of paused campaigns, and of those who wait for an edit to come to them.",
    "in_doubt": "Emails that wait for a person to say whether they arrived.",
    "paused_accounts": "Accounts of channels that wait because they were in trouble.",
    "running_launches": "Launches in the background that enroll people.",
    "running_edits": "Edits of running campaigns that still come to some people.",
    "running_imports": "Imports of people that are not over.",
}


METRICS_DENIED = (
    "These numbers are on TOUCHLINE_SERVER_WATCH_PORT, or need TOUCHLINE_METRICS_TOKEN as a bearer token.\n"
)


class TimedCheck(Generic[Answer]):
    """Asks the database, and waits no longer than CHECK_TIMEOUT_SECONDS, whatever the database does.

    Where a server is frozen even the cancelling of a query waits for it: so nobody waits for that, and whoever asks
    meanwhile is told by the same look, lest hung ones take all connections.
    """

    def __init__(self, ask: Callable[[], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None

    async def __call__(self) -> Answer:
        """Return what the database says. Raises TimeoutError, and what the asking raises."""
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = asyncio.create_task(self._asked())
            asking.add_done_callback(_consume_result)
        await asyncio.wait({asking}, timeout=CHECK_TIMEOUT_SECONDS)
        if not asking.done():
            asking.cancel()
        if not asking.done() or asking.cancelled():
            raise TimeoutError(f"no answer within {CHECK_TIMEOUT_SECONDS:g} s")
        return asking.result()

    async def _asked(self) -> Answer:
        return await self._ask()


def database_problem(problem: Exception) -> str:
    """Say in a sentence what is wrong with the database."""
    if is_corrupt(problem):
        return "It is damaged, or its file was taken away."
    if is_disk_full(problem):
        return "Its disk is full."
    return "It is read-only." if is_read_only(problem) else "It does not answer."


async def channel_problems(runtime: DispatchRuntime) -> dict[str, str]:
    """Return why this process cannot use channels of its senders, by ``channel KEY``."""
    found = {}
    for key in await channels_in_use():
        channel = runtime.installed.channels.get(key)
        try:
            problem = await channel.trouble() if channel is not None else None
            problem = None if problem is None else plain_text(problem)
        except BaseException as broken:  # an exit is no way out for a package
            if isinstance(broken, asyncio.CancelledError) and asyncio.current_task().cancelling():  # type: ignore[union-attr]
                raise
            log.exception("the channel %s could not be asked whether it can be used", key)
            problem = "It cannot say whether it can be used; see the log."
        if problem is not None:
            found[f"channel {key}"] = problem
    return found


async def _checked_channel_problems(look: TimedCheck[dict[str, str]]) -> dict[str, str]:
    try:
        return await look()
    except TimeoutError:
        return {"channels": "One of them did not say within a few seconds whether it can be used."}
    except Exception as problem:
        log.warning("not ready: the senders' channels cannot be read: %s", one_line(problem))
        return {"database": database_problem(problem)}


def _consume_result(asking: "asyncio.Task[Answer]") -> None:
    """Take what a look ended with that nobody waits for any more."""
    if not asking.cancelled():
        asking.exception()


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read what an operator watches. ``inside``: this port is for the monitoring alone."""

    inside: bool = True
    token: str = ""
    """Where it is set, /metrics wants it as a bearer token, also inside."""

    def allows(self, request: Request) -> bool:
        """Say whether a request may read numbers and causes. Compares in constant time."""
        if not self.token:
            return self.inside
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and same


def routes(runtime: DispatchRuntime, ticker: "Ticker | None", access: Access) -> list[Route]:
    """Return the three pages. ``ticker`` is the tick loop of this process, if it has one.

    Everybody may read whether the process lives and is ready; only whom ``access`` allows reads more.
    """
    running = version()
    trial = TimedCheck(lambda: probe_write())  # noqa: PLW0108 - looked up each time: tests replace it
    channels = TimedCheck(lambda: channel_problems(runtime))
    counting = TimedCheck(lambda: backlog(runtime.clock()))

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"} | ({"version": running} if access.allows(request) else {}))

    async def ready(request: Request) -> Response:
        problems = {}
        try:
            await trial()
        except Exception as problem:
            log.warning("not ready: the database cannot be used: %s", one_line(problem))
            problems["database"] = database_problem(problem)
        else:
            if ticker is not None:
                problems |= await _checked_channel_problems(channels)
        if ticker is not None and not ticker.alive:
            problems["tick"] = "The tick loop has not done a step for a while; see the log."
        if problems:
            about = {"problems": problems} if access.allows(request) else {}
            return JSONResponse({"status": "not ready", **about}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(request: Request) -> Response:
        if not access.allows(request):
            return PlainTextResponse(METRICS_DENIED, 401 if access.token else 404, {"WWW-Authenticate": "Bearer"})
        shared = CollectorRegistry()
        try:
            numbers = await counting()
        except Exception as problem:  # what this process counts is told all the same
            log.warning("the backlog could not be counted: %s", one_line(problem))
            numbers = {}
        for name, value in numbers.items():
            Gauge(f"touchline_{name}", GAUGE_DESCRIPTIONS[name], registry=shared).set(value)
        text = generate_latest(shared) + generate_latest(runtime.metrics.registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]


@asynccontextmanager
async def monitoring_server(
    host: str, port: str, pages: list[Route], options: Mapping[str, Any]
) -> AsyncIterator[None]:
    """Answer an operator's questions on a port of its own, where the settings name one."""
    if not port:
        yield
        return
    app = Starlette(routes=pages)
    app.router.redirect_slashes = False
    config = uvicorn.Config(app, host=host, port=int(port), log_config=None, **options)
    server = Server(config)
    # The process itself heeds signals; this server ends with it.
    serving = asyncio.create_task(server._serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
