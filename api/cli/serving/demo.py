"""``touchline demo``: a server with people and campaigns that sends a first email immediately."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import uvicorn

from api.app import make_app
from api.cli.common import console, database
from api.cli.errors import DemoRunsError
from api.cli.serving.demo_content import fill
from api.cli.serving.serve import free_port, limits, show
from api.cli.workspaces.workspaces import graphiql_link
from api.clock import system_clock
from api.make_runtime import make_runtime
from api.models import Workspace
from api.server.server import Server
from api.services.dispatch.dispatcher import TerminalLine
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings, environment
from api.store.engine.opening.database_url import redacted_url
from plugins.loading.manager import load

DEMO_FOLDER = Path("touchline-data/demo")


async def demo(settings: Settings, *, keep: bool, exit_after_first: bool) -> int:
    """Set up the demo workspaces, print their links, and run the server until it is stopped."""
    uses_demo_database = "TOUCHLINE_DATABASE_URL" not in environment()
    with _locked_folder() if uses_demo_database else nullcontext():
        if uses_demo_database:
            if not keep:
                await asyncio.to_thread(_delete_database)
            settings = replace(settings, database_url=f"sqlite://{DEMO_FOLDER / 'touchline.db'}")
        return await _run(settings, exit_after_first=exit_after_first)


async def _run(settings: Settings, *, exit_after_first: bool) -> int:
    console.print(f"Preparing the demo in {redacted_url(settings.database_url)} …", highlight=False, soft_wrap=True)
    variables = dict(environment())
    outbox = variables.setdefault("TOUCHLINE_OUTBOX", str(DEMO_FOLDER / "outbox"))
    preferred_port = int(settings.port)
    port = _choose_port(settings.host, preferred_port)
    tokens = await _prepare(settings)
    if port != preferred_port:
        console.print(f"Port {preferred_port} is in use: the demo listens on port {port}.", highlight=False)
    _welcome({name: (graphiql_link(settings.host, port, token), token) for name, token in tokens.items()}, outbox)

    first_sent = asyncio.Event()

    def show_and_note(line: TerminalLine) -> None:
        show(line)
        first_sent.set()

    problems: list[BaseException] = []

    def on_tick_end(problem: BaseException) -> None:
        problems.append(problem)
        server.should_exit = True

    app = make_app(settings, variables, show=show_and_note, on_tick_end=on_tick_end)
    config = uvicorn.Config(app, host=settings.host, port=port, log_level="warning", **limits(settings))
    server = Server(config)
    if exit_after_first:
        asyncio.get_running_loop().create_task(_stop_after(first_sent, server))
    await server.serve()
    if problems:
        raise problems[0]
    return 0 if server.started else 1


@contextmanager
def _locked_folder() -> Iterator[None]:
    """Lock the folder while this demo runs. Raises DemoRunsError if another demo has locked it."""
    DEMO_FOLDER.mkdir(parents=True, exist_ok=True)
    # SQLite locks files on every system. The system releases the lock when the process ends.
    lock = sqlite3.connect(DEMO_FOLDER / "running.lock", timeout=0)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise DemoRunsError(
                f"a demo is already running in {DEMO_FOLDER.resolve()}. Stop it with Ctrl+C first."
            ) from None
        yield
    finally:
        lock.close()


def _delete_database() -> None:
    for file in DEMO_FOLDER.glob("touchline.db*"):
        file.unlink()


async def _prepare(settings: Settings) -> dict[str, str]:
    """Create the workspaces if they do not exist. Returns a new token for each, by name."""
    tokens = {}
    async with database(settings):
        runtime = make_runtime(settings, load(environment()))
        now = system_clock()
        for name, sandbox in (("Demo", False), ("Demo sandbox", True)):
            workspace = await Workspace.get_or_none(name=name, sandbox=sandbox)
            if workspace is None:
                workspace = await create_workspace(name, now.replace(microsecond=0), sandbox=sandbox)
                await fill(runtime.context(workspace), interval=timedelta(seconds=20))
            tokens[name] = await issue_token(workspace, "demo", now)
    return tokens


def _welcome(access: dict[str, tuple[str, str]], outbox: str) -> None:
    """Print the links and tokens. ``access`` has a GraphiQL link and a token by workspace name."""
    console.print("[bold]Touchline demo[/]: three campaigns, a dozen people, and the tick loop inside.\n")
    for name, about in (("Demo", "real time"), ("Demo sandbox", "a mutation moves its clock")):
        console.print(f"[bold]{name}[/] ({about})")
        for title, text in zip(("GraphiQL", "token"), access[name], strict=True):
            console.print(f"  {title:<9}{text}", highlight=False, soft_wrap=True)
    console.print(f"\nEmails are written to [bold]{outbox}[/] as .eml files. Open one with your mail program.")
    console.print("Sent emails are listed below. Stop with Ctrl+C.\n")


def _choose_port(host: str, preferred: int) -> int:
    """Return the preferred port, or a free one if it is in use."""
    try:
        return free_port(host, preferred)
    except OSError:
        return free_port(host, 0)


async def _stop_after(event: asyncio.Event, server: uvicorn.Server) -> None:
    await event.wait()
    server.should_exit = True
