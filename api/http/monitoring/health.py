"""The pages ``/health`` and ``/ready``, and the server that offers all pages of monitoring on their own port."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api import version
from api.http.monitoring.access import Access
from api.http.monitoring.metrics_page import metrics_page
from api.http.monitoring.timed_checks import TimedCheck
from api.server.server import Server
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.package_tasks import in_own_task
from api.store.engine.faults.availability import one_line
from api.store.engine.faults.corruption import is_corrupt
from api.store.engine.faults.database_faults import is_read_only
from api.store.engine.write_probe import is_disk_full, probe_write
from api.store.senders import channels_in_use
from plugins.contract import Channel
from strategies.package_options.plain_values import plain_string

if TYPE_CHECKING:
    from api.tick import Ticker

log = logging.getLogger("touchline.watching")


def database_problem(problem: Exception) -> str:
    """Describe in one sentence what is wrong with the database."""
    if is_corrupt(problem):
        return "It is damaged, or its file is missing."
    if is_disk_full(problem):
        return "Its disk is full."
    return "It is read-only." if is_read_only(problem) else "It does not answer."


async def channel_problems(runtime: DispatchRuntime) -> dict[str, str]:
    """Return the problems of the channels that senders use, by ``channel KEY``.

    The channels are asked at the same time. A package's channel that fails in its own process causes no problem here.
    The health of plugins shows it.
    """
    channels = runtime.installed.channels
    keys = [key for key in await channels_in_use() if key in channels]
    problems = await asyncio.gather(*(_trouble_of(channels[key]) for key in keys))
    return {f"channel {key}": problem for key, problem in zip(keys, problems, strict=True) if problem is not None}


async def _trouble_of(channel: Channel) -> str | None:
    try:
        problem = await in_own_task(channel.trouble)
        return None if problem is None else plain_string(problem)
    except BaseException as error:  # even SystemExit of a package must not end the process
        if isinstance(error, asyncio.CancelledError) and asyncio.current_task().cancelling():  # type: ignore[union-attr]
            raise
        log.exception("the channel %s failed in trouble()", channel.key)
        return "Its health check failed; see the log."


async def _check_channels(check: TimedCheck[dict[str, str]]) -> dict[str, str]:
    try:
        return await check()
    except TimeoutError:
        return {"channels": "The health check of a channel timed out."}
    except Exception as problem:
        log.warning("not ready: cannot read the channels of senders: %s", one_line(problem))
        return {"database": database_problem(problem)}


def routes(runtime: DispatchRuntime, ticker: "Ticker | None", access: Access) -> list[Route]:
    """Return the three pages. ``ticker`` is the tick loop of this process, if it has one.

    Everyone may read whether the process is alive and ready; only requests that ``access`` allows get details.
    """
    current_version = version()
    database = TimedCheck(lambda: probe_write())  # noqa: PLW0108 - tests replace the function
    channels = TimedCheck(lambda: channel_problems(runtime))

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"} | ({"version": current_version} if access.allows(request) else {}))

    async def ready(request: Request) -> Response:
        problems = {}
        try:
            await database()
        except Exception as problem:
            log.warning("not ready: cannot write to the database: %s", one_line(problem))
            problems["database"] = database_problem(problem)
        else:
            if ticker is not None:
                problems |= await _check_channels(channels)
        if ticker is not None and not ticker.alive:
            problems["tick"] = "The tick loop has made no progress for a while; see the log."
        if problems:
            details = {"problems": problems} if access.allows(request) else {}
            return JSONResponse({"status": "not ready", **details}, 503)
        return JSONResponse({"status": "ready"})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics_page(runtime, access))]


@asynccontextmanager
async def monitoring_server(
    host: str, port: str, pages: list[Route], options: Mapping[str, Any]
) -> AsyncIterator[None]:
    """Serve the monitoring pages on their own port inside the block. An empty ``port`` serves nothing."""
    if not port:
        yield
        return
    app = Starlette(routes=pages)
    app.router.redirect_slashes = False
    config = uvicorn.Config(app, host=host, port=int(port), log_config=None, **options)
    server = Server(config)
    # The main server handles signals; this one ends with it.
    task = asyncio.create_task(server._serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task
