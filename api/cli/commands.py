"""What each command does."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from api.app import freeze_loaded_objects, make_app, make_ticker
from api.cli.lifecycle import Server, end_in_time, end_on_sigterm, logged
from api.cli.logs import set_up_logs
from api.clock import system_clock
from api.graphql.schema import schema_text
from api.http import health
from api.loop_watch import LoopWatch
from api.mail.worker_jobs import preload
from api.printable import printable
from api.server.options import server_options
from api.services.common.inputs import line
from api.services.dispatch.dispatcher import TerminalLine
from api.services.workspaces.workspaces import create_workspace, issue_token
from api.settings import Settings, environment
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.upgrade_report import collect_reports
from api.store.workspaces import has_token, workspace_by_name
from api.tick import Ticker
from api.workers.pool import warm
from plugins.channels.smtp.channel import check_accounts
from plugins.extension_points import EXTENSION_POINTS
from plugins.manager import load
from strategies import Refusal

console = Console()
log = logging.getLogger("touchline.service")

TOKEN_NAME = "command line"  # noqa: S105 - how the token is called
SHUTDOWN_SECONDS = 20
"""How long a server that stops waits for requests that run, and for websockets whose client reads no more."""

UNFOLDED_WIDTH = 10_000
"""Columns of an output that is no terminal: nothing is folded."""


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[None]:
    """Open the migrated database for one command."""
    await open_database(settings.database_url)
    try:
        await migrate()
        yield
    finally:
        await close_database()


def show(line: TerminalLine) -> None:
    """Print what became of one email, never its content."""
    colour = {"SENT": "green", "FAILED": "red", "HARD_BOUNCE": "red", "SOFT_BOUNCE": "red", "IN_DOUBT": "red"}.get(
        line.outcome, "yellow"
    )
    # Texts and not markup: what people and servers write may have brackets.
    outcome, detail = Text(f"{line.outcome:<8}", style=colour), Text(printable(line.detail), style="dim")
    # A sandbox's clock may show another day.
    day = "" if line.at.date() == system_clock().date() else f"{line.at:%Y-%m-%d} "
    texts = (line.workspace, line.recipient, line.subject)
    about = (*(Text(printable(text), style="dim" if text is texts[0] else "") for text in texts), detail)
    console.print(f"{day}{line.at:%H:%M:%S}", outcome, *about, highlight=False, soft_wrap=True)


def limits(settings: Settings) -> dict[str, Any]:
    """Return what uvicorn is told of every server: the limits of connections, and how long it waits at its end."""
    return server_options(settings) | {"timeout_graceful_shutdown": SHUTDOWN_SECONDS}


def free_port(host: str, port: int) -> int:
    """Return a port that can be listened on: any for 0. Raises OSError with a sentence where this one cannot be."""
    try:
        for family, kind, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                found = int(probe.getsockname()[1])
    except OSError as problem:
        raise OSError(f"port {port} of {host} cannot be listened on: {problem.strerror or problem}") from problem
    return found


async def _check_database(settings: Settings) -> None:
    """Open the database once: what is wrong with it is told in a sentence, as by the other commands."""
    async with database(settings):
        pass


def serve(settings: Settings, *, no_tick: bool) -> int:
    """Run the server until it is stopped."""
    check_accounts(environment())
    free_port(settings.host, int(settings.port))
    if settings.server_watch_port:
        free_port(settings.host, int(settings.server_watch_port))
    asyncio.run(_check_database(settings))
    set_up_logs(settings)
    problems: list[BaseException] = []

    def ended(problem: BaseException) -> None:
        problems.append(problem)
        server.should_exit = True

    app = make_app(settings, environment(), tick=not no_tick, ended=ended)
    config = uvicorn.Config(app, host=settings.host, port=int(settings.port), log_config=None, **limits(settings))
    server = Server(config, app.state.stop_sending)
    freeze_loaded_objects()
    # Uvicorn's own lines go through the same logs as ours.
    end_on_sigterm()
    with logged("the server" if no_tick else "the server with its tick loop", settings):
        with suppress(KeyboardInterrupt):
            server.run()
        if problems:
            raise problems[0]
        if not server.started:
            raise ConnectionError("the server could not start; the lines above say why")
    return 0


async def tick(settings: Settings, *, once: bool) -> int:
    """Run the tick loop until it is stopped, or do what is due now."""
    check_accounts(environment())
    if settings.watch_port:
        free_port(settings.host, int(settings.watch_port))
    set_up_logs(settings)
    # Recipients are shown in a terminal only: what a service prints is kept.
    shown = show if console.is_terminal else lambda line: None
    ticker = make_ticker(settings, load(environment()), show=shown)
    if not once:
        # Before the database is opened: a process that is stopped while it starts ends in good order as well.
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, _stop, ticker, each)
    with logged("the tick loop", settings):
        async with database(settings):
            if once:
                await ticker.until_idle()
                return 0
            freeze_loaded_objects()
            warm(preload)
            pages = health.routes(ticker.runtime, ticker, health.Access(token=settings.metrics_token))
            async with health.monitoring_server(settings.host, settings.watch_port, pages, server_options(settings)):
                with LoopWatch(ticker.runtime.metrics).watching():
                    await ticker.run()
    return 0


def _stop(ticker: Ticker, received: signal.Signals) -> None:
    log.info("%s: the tick loop finishes the emails that are being handed over, then stops", received.name)
    end_in_time()
    ticker.stop()


async def migrate_database(settings: Settings) -> int:
    """Bring the tables up to date and say what was applied."""
    await open_database(settings.database_url)
    try:
        with collect_reports() as reports:
            applied = await migrate()
    finally:
        await close_database()
    for sentence in reports:
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    console.print(f"Applied: {', '.join(applied)}." if applied else "Nothing to do: the tables are up to date.")
    return 0


def print_schema(_settings: Settings) -> int:
    """Print the schema as it is committed."""
    sys.stdout.write(schema_text())
    return 0


def list_plugins(_settings: Settings) -> int:
    """List the packages that work, and those that do not."""
    installed = load(environment())
    # Keys are for copying: folded in a narrow terminal, whole where a program reads them.
    titles = ("package", "version", "module", *(f"{point.noun}s" for point in EXTENSION_POINTS))
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for package in installed.packages:
        keys = (", ".join(package.keys[point.hook]) for point in EXTENSION_POINTS)
        table.add_row(package.distribution, package.version, package.module, *keys)
    (console if console.is_terminal else Console(width=UNFOLDED_WIDTH)).print(table)
    for broken in installed.broken:
        console.print(
            Text.assemble(
                ("broken", "red"), printable(f" {broken.distribution} ({broken.entry_point}): {broken.error}")
            ),
            highlight=False,
            soft_wrap=True,
        )
    return 1 if installed.broken else 0


def graphiql_link(host: str, port: int | str, token: str) -> str:
    """Return the link that opens GraphiQL with a token."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphiql#token={token}"


async def create(settings: Settings, *, name: str, sandbox: bool) -> int:
    """Create a workspace, or find it, and print a new token: the only time that it can be read.

    The token alone goes to standard output, for scripts; what there is to know about it goes to standard error.
    """
    name = line(name, ("name",))
    if "\t" in name:  # the one control character that a line may have
        raise Refusal("INVALID_TEXT", "A workspace's name may have no tabs.", ("name",))
    async with database(settings):
        workspace = await workspace_by_name(name)
        if workspace and sandbox and not workspace.sandbox:
            print(f"touchline: {name!r} exists and is no sandbox; choose another name for a sandbox.", file=sys.stderr)
            return 1
        if workspace is None:
            workspace = await create_workspace(name, system_clock(), sandbox=sandbox)
            about = "is new"
        elif await has_token(workspace.id, TOKEN_NAME):
            about = "has a new token; the one that this command printed before opens nothing any more"
        else:
            about = "has a new token"
        token = await issue_token(workspace, TOKEN_NAME, system_clock())
    kind = "The sandbox" if workspace.sandbox else "The workspace"
    print(f"{kind} {name!r} {about}.", file=sys.stderr)
    print(f"GraphiQL, while the server runs: {graphiql_link(settings.host, settings.port, token)}", file=sys.stderr)
    print(token)
    return 0
