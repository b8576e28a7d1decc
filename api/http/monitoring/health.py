"""Pages for monitoring: ``/health``, ``/ready`` and Prometheus ``/metrics``."""

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
from api.codes.requests.http_answers import HttpCode
from api.http.monitoring.crm_metrics import add_crms
from api.http.monitoring.mailbox_metrics import add_mailboxes
from api.http.monitoring.plugin_metrics import add_plugins
from api.job_kinds import JOB_KINDS
from api.server.server import Server
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.mailboxes.queries import mailbox_numbers
from api.services.plugin_health.channels import health_of_packages
from api.states import OPEN_JOB_STATES
from api.store.crm.numbers import crm_numbers
from api.store.dispatch.backlog import backlog_numbers
from api.store.engine.faults.availability import one_line
from api.store.engine.faults.corruption import is_corrupt
from api.store.engine.faults.database_faults import is_read_only
from api.store.engine.write_probe import is_disk_full, probe_write
from api.store.jobs import job_numbers
from api.store.senders import channels_in_use
from plugins.contract import Channel
from strategies.plain_values import plain_string

if TYPE_CHECKING:
    from api.tick import Ticker

log = logging.getLogger("touchline.watching")

Answer = TypeVar("Answer")

CHECK_TIMEOUT_SECONDS = 5.0
"""Longest time that a check may take."""
GAUGE_DESCRIPTIONS = {
    "due": "Due emails that no process has claimed yet.",
    "oldest_due_seconds": "How long the oldest unclaimed email has been due, in seconds.",
    "claimed": "Emails that processes have claimed and not yet sent.",
    "transmitting": "Emails that are being transmitted to a mail server.",
    "on_hold": "Emails on hold because their campaign is paused or an edit is still being applied.",
    "in_doubt": "Emails in doubt: nobody knows whether the mail server accepted them.",
    "oldest_incoming_seconds": "How long the oldest unprocessed incoming mail or event has been due, in seconds.",
    "incoming_set_aside": "Incoming mails and events of the last 30 days that could not be processed.",
    "paused_accounts": "Channel accounts that are paused after errors.",
}
JOB_GAUGES = {
    "jobs": ("Unfinished background jobs.", ("kind", "state")),
    "oldest_job_seconds": ("Age of the oldest unfinished background job that has an end, in seconds.", ("kind",)),
}
"""Description and labels of each gauge of background jobs. services/common/metrics.py has their other metrics."""


class TimedCheck(Generic[Answer]):
    """Runs a check and waits at most CHECK_TIMEOUT_SECONDS for it.

    When a database server hangs, even cancelling a query can hang. So the check is cancelled without waiting for it,
    and requests that arrive meanwhile share the running check: hung checks cannot use up all connections.
    """

    def __init__(self, check: Callable[[], Awaitable[Answer]]) -> None:
        self._check = check
        self._running: asyncio.Task[Answer] | None = None

    async def __call__(self) -> Answer:
        """Return the result of the check. Raises TimeoutError, and what the check raises."""
        running_check = self._running
        if running_check is None or running_check.done():
            running_check = self._running = asyncio.create_task(self._run())
            running_check.add_done_callback(_consume_result)
        await asyncio.wait({running_check}, timeout=CHECK_TIMEOUT_SECONDS)
        if not running_check.done():
            running_check.cancel()
        if not running_check.done() or running_check.cancelled():
            raise TimeoutError(f"no answer within {CHECK_TIMEOUT_SECONDS:g} s")
        return running_check.result()

    async def _run(self) -> Answer:
        return await self._check()


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
        problem = await channel.trouble()
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


def _consume_result(running_check: "asyncio.Task[Answer]") -> None:
    """Retrieve the exception of a check for which nobody waits, so that asyncio does not log it."""
    if not running_check.cancelled():
        running_check.exception()


@dataclass(frozen=True, slots=True)
class Access:
    """Decides which requests may read metrics and the causes of problems."""

    internal: bool = True
    """Whether the port serves only the monitoring."""
    token: str = ""
    """If set, /metrics requires it as a bearer token, on an internal port as well."""

    def allows(self, request: Request) -> bool:
        """Say whether a request may read metrics and causes. Compares the token in constant time."""
        if not self.token:
            return self.internal
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        is_equal = hmac.compare_digest(token.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and is_equal


def _add_jobs(registry: CollectorRegistry, counts: Mapping[tuple[str, str], int], ages: Mapping[str, float]) -> None:
    """Add the gauges of background jobs. Kinds without jobs have the value 0, so that alerts can refer to them."""
    jobs, oldest = (
        Gauge(f"touchline_{name}", description, list(labels), registry=registry)
        for name, (description, labels) in JOB_GAUGES.items()
    )
    for kind in JOB_KINDS:
        if not kind.is_standing:
            oldest.labels(kind.name).set(ages.get(kind.name, 0.0))
        for state in OPEN_JOB_STATES:
            jobs.labels(kind.name, state.value).set(counts.get((kind.name, state.value), 0))


def routes(runtime: DispatchRuntime, ticker: "Ticker | None", access: Access) -> list[Route]:
    """Return the three pages. ``ticker`` is the tick loop of this process, if it has one.

    Everyone may read whether the process is alive and ready; only requests that ``access`` allows get details.
    """
    current_version = version()
    database = TimedCheck(lambda: probe_write())  # noqa: PLW0108 - tests replace the function
    channels = TimedCheck(lambda: channel_problems(runtime))
    counts = TimedCheck(lambda: backlog_numbers(runtime.clock()))
    job_counts = TimedCheck(lambda: job_numbers(runtime.clock()))
    crms = TimedCheck(lambda: crm_numbers(runtime.clock()))
    mailboxes = TimedCheck(lambda: mailbox_numbers(runtime.installed, runtime.clock()))
    plugins = TimedCheck(lambda: health_of_packages(runtime.installed, runtime.clock()))
    gauges: tuple[tuple[str, TimedCheck[Any], Callable[[CollectorRegistry, Any], None]], ...] = (
        ("count the background jobs", job_counts, lambda registry, found: _add_jobs(registry, *found)),
        ("read the state of the mailboxes", mailboxes, add_mailboxes),
        ("count the changes that wait for CRMs", crms, add_crms),
        (
            "read the health of packages",
            plugins,
            lambda registry, found: add_plugins(registry, found, runtime.clock()),
        ),
    )

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

    async def metrics(request: Request) -> Response:
        if not access.allows(request):
            denied = HttpCode.METRICS_DENIED.message().sentence
            return PlainTextResponse(denied + "\n", 401 if access.token else 404, {"WWW-Authenticate": "Bearer"})
        database_registry = CollectorRegistry()
        try:
            numbers = await counts()
        except Exception as problem:  # the metrics of this process are still served
            log.warning("cannot count the backlog: %s", one_line(problem))
            numbers = {}
        for what, check, add in gauges:
            try:
                add(database_registry, await check())
            except Exception as problem:
                log.warning("cannot %s: %s", what, one_line(problem))
        for name, value in numbers.items():
            Gauge(f"touchline_{name}", GAUGE_DESCRIPTIONS[name], registry=database_registry).set(value)
        text = generate_latest(database_registry) + generate_latest(runtime.metrics.registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]


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
