"""``touchline serve`` and ``tick``."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

import uvicorn
from rich.text import Text

from api.channel_processes.isolation import channel_processes, isolated
from api.cli.common import console, database
from api.cli.lazy import importing
from api.cli.serving.lifecycle import Server, exit_on_sigterm, kill_after_timeout, log_start_and_stop
from api.cli.serving.logs import set_up_logs
from api.cli.workspaces.workspaces import server_url
from api.clock import system_clock
from api.http.monitoring import health
from api.http.monitoring.access import Access
from api.loop_watch import LoopWatch
from api.mail.worker_calls import preload
from api.make_runtime import freeze_loaded_objects, make_ticker
from api.printable import printable
from api.server.options import server_options
from api.services.dispatch.dispatcher import TerminalLine
from api.settings import Settings, environment
from api.store.engine.database_home import check_home
from api.store.engine.opening.database_url import redacted_url
from api.store.engine.opening.durability import durability_warnings
from api.tick import Ticker
from api.worker_processes.pool import start_worker
from plugins.channels.smtp import channel as smtp
from plugins.loading.manager import load
from plugins.mailboxes.imap import mailbox as imap
from plugins.webhooks.check import check_webhooks

log = logging.getLogger("touchline.service")

SHUTDOWN_SECONDS = 20
"""How long a stopping server waits for running requests and for websockets whose client has stopped reading."""
CRM_MODULES = ("plugins.crms.salesforce.session", "plugins.crms.salesforce.connection", "httpcore",
               "anyio._backends._asyncio")  # fmt: skip
"""Modules that the first request to a CRM needs. To import them takes 0.2 s, during which the event loop is blocked."""


def preload_crms(settings: Settings) -> None:
    """Import what requests to CRMs need, if this server can be connected with one."""
    for name in CRM_MODULES if settings.encryption_keys else ():
        import_module(name)


def show(line: TerminalLine) -> None:
    """Print the outcome of one email, never its content."""
    colour = {"SENT": "green", "FAILED": "red", "HARD_BOUNCE": "red", "SOFT_BOUNCE": "red", "IN_DOUBT": "red"}.get(
        line.outcome, "yellow"
    )
    # Text instead of markup, because names and server answers may contain brackets.
    outcome, detail = Text(f"{line.outcome:<8}", style=colour), Text(printable(line.detail), style="dim")
    # The date is shown only if it is not today, as with the clock of a sandbox.
    day = "" if line.at.date() == system_clock().date() else f"{line.at:%Y-%m-%d} "
    texts = (line.workspace, line.recipient, line.subject)
    columns = (*(Text(printable(text), style="dim" if text is texts[0] else "") for text in texts), detail)
    console.print(f"{day}{line.at:%H:%M:%S}", outcome, *columns, highlight=False, soft_wrap=True)


def limits(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options: the limits of connections, and how long the server may take to stop."""
    return server_options(settings) | {"timeout_graceful_shutdown": SHUTDOWN_SECONDS}


def free_port(host: str, port: int, setting: str = "TOUCHLINE_PORT") -> int:
    """Check that a port is free, and return it; for 0, return any free port.

    Raises OSError. Its message names the setting to change.
    """
    try:
        for family, kind, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                free = int(probe.getsockname()[1])
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        wrong_host = isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL
        advice = (
            "Set TOUCHLINE_HOST to an address of this machine." if wrong_host else f"Set {setting} to another port."
        )
        raise OSError(f"Cannot listen on {host}:{port}: {reason}. {advice}") from problem
    return free


def _check_plugin_settings() -> None:
    """Check URLs of accounts and secrets of webhooks. Raises ValueError with a sentence that names the variable."""
    smtp.check_accounts(environment())
    imap.check_accounts(environment())
    check_webhooks(environment())


@asynccontextmanager
async def _checked_database(settings: Settings, *, sends: bool) -> AsyncIterator[None]:
    """Open the migrated database, and warn of settings with which it can lose commits.

    Raises ConnectionError if this process ``sends`` emails and the database is a copy, which does not know what was
    sent since it was made.
    """
    async with database(settings):
        if sends:
            await check_home()
        for warning in await durability_warnings():
            log.warning("%s", warning)
        yield


async def _check_database(settings: Settings, *, sends: bool) -> None:
    """Open the database once, so that an error is reported in one sentence before the server starts."""
    async with _checked_database(settings, sends=sends):
        pass


def serve(settings: Settings, *, no_tick: bool) -> int:
    """Run the server until it is stopped."""
    set_up_logs(settings)
    shown, url = redacted_url(settings.database_url), server_url(settings.host, settings.port)
    log.info("opening %s and loading the packages. Then the server listens on %s", shown, url)
    with importing():
        from api.app import make_app  # with GraphQL, which the tick loop alone does not need

    _check_plugin_settings()
    free_port(settings.host, int(settings.port))
    if settings.server_watch_port:
        free_port(settings.host, int(settings.server_watch_port), "TOUCHLINE_SERVER_WATCH_PORT")
    asyncio.run(_check_database(settings, sends=not no_tick))
    problems: list[BaseException] = []

    def on_tick_end(problem: BaseException) -> None:
        problems.append(problem)
        server.should_exit = True

    app = make_app(settings, environment(), tick=not no_tick, on_tick_end=on_tick_end)
    config = uvicorn.Config(app, host=settings.host, port=int(settings.port), log_config=None, **limits(settings))
    page = ("GraphiQL", "graphiql") if settings.graphiql == "on" else ("GraphQL", "graphql")

    def on_ready(port: int) -> None:
        log.info("the server is ready. %s: %s/%s", page[0], server_url(settings.host, port), page[1])

    server = Server(config, app.state.stop_sending, on_ready)
    preload_crms(settings)
    freeze_loaded_objects()
    exit_on_sigterm()
    with log_start_and_stop("the server" if no_tick else "the server with its tick loop", settings):
        with suppress(KeyboardInterrupt):
            server.run()
        if problems:
            raise problems[0]
        if not server.started:
            raise ConnectionError("the server could not start; see the lines above")
    return 0


async def tick(settings: Settings, *, once: bool) -> int:
    """Run the tick loop until it is stopped; with ``once``, until nothing is due."""
    _check_plugin_settings()
    if settings.watch_port:
        free_port(settings.host, int(settings.watch_port), "TOUCHLINE_WATCH_PORT")
    set_up_logs(settings)
    # Recipients are printed only to a terminal, because the output of a service is stored.
    show_line = show if console.is_terminal else lambda line: None
    installed = isolated(load(environment()), environment())
    ticker = make_ticker(settings, installed, show=show_line)
    if not once:
        # Set before the database is opened, so that a process stopped during its start also ends cleanly.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _stop, ticker, number)
    with log_start_and_stop("the tick loop", settings):
        async with _checked_database(settings, sends=True), channel_processes(installed):
            if once:
                await ticker.until_idle()
                return 0
            freeze_loaded_objects()
            start_worker(preload)
            log.info("the tick loop is ready")
            pages = health.routes(ticker.runtime, ticker, Access(token=settings.metrics_token))
            async with health.monitoring_server(settings.host, settings.watch_port, pages, server_options(settings)):
                with LoopWatch(ticker.runtime.metrics).watching():
                    await ticker.run()
    return 0


def _stop(ticker: Ticker, received: signal.Signals) -> None:
    log.info("received %s: finishing the emails in transmission, then stopping", received.name)
    kill_after_timeout()
    ticker.stop()
