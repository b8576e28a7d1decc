"""The composition root: creates the server from settings, packages, database, tick loop and routes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from api import graphiql
from api.channel_processes.isolation import close_channels, isolated
from api.clock import Clock
from api.graphql.limits.budgets import Budgets
from api.graphql.schema import schema
from api.http import crm_callback, tracking_pages, webhooks
from api.http.access import cross_origin
from api.http.access.request_guard import RequestGuard
from api.http.access.trusted_documents import TrustedDocuments
from api.http.downloads import attachments, list_exports, sent_emails
from api.http.graphql.graphql_endpoint import GraphQLEndpoint, OtherMethods
from api.http.graphql.websocket_endpoint import WebSocketEndpoint
from api.http.headers import SecurityHeaders, respond_to_exception
from api.http.monitoring import health
from api.http.monitoring.access import Access
from api.http.unsubscribing import page_routes
from api.loop_watch import LoopWatch
from api.mail.worker_calls import preload
from api.make_runtime import make_ticker
from api.server.options import server_options
from api.services.dispatch.dispatcher import TerminalLine
from api.services.following.event_tail import EventTail
from api.services.following.row_watch import RowWatch
from api.services.replies.incoming import receive_events
from api.services.tracking.recorder import CLOSE_SECONDS, TRACKING_SOURCE, HitRecorder
from api.settings import Settings
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.database_clock import sync_clock
from api.store.events.event_wake import announcing
from api.worker_processes.pool import start_worker
from plugins.incoming import ReportedEvent
from plugins.loading.manager import Installed, load


def _report_end(loop: "asyncio.Task[None]", on_tick_end: Callable[[BaseException], None]) -> None:
    if not loop.cancelled() and (problem := loop.exception()) is not None:
        on_tick_end(problem)


def make_app(
    settings: Settings,
    environment: Mapping[str, str],
    clock: Clock | None = None,
    *,
    tick: bool = True,
    show: Callable[[TerminalLine], None] = lambda line: None,
    watch: RowWatch | None = None,
    tail: EventTail | None = None,
    on_tick_end: Callable[[BaseException], None] = lambda problem: None,
    installed: Installed | None = None,
) -> Starlette:
    """Return the ASGI application. At its start it opens and migrates the database and starts the tick loop.

    Signal handlers may call its ``state.stop_sending`` to stop the tick loop before the server. ``show`` is called for
    each outcome of an email. ``on_tick_end`` is called if the tick loop ends with an error, so that the process can end
    as well. ``installed`` are packages that are loaded already. Raises what loading the packages raises.
    """
    installed = installed or isolated(load(environment), environment)
    watch, tail = watch or RowWatch(), tail or EventTail()
    ticker = make_ticker(settings, installed, clock, show)

    async def store_hits(events: Sequence[ReportedEvent]) -> None:
        await receive_events(TRACKING_SOURCE, events, ticker.clock(), wake=ticker.wake)

    recorder = HitRecorder(store_hits, ticker.clock)
    running: list[asyncio.AbstractEventLoop] = []

    def stop_sending() -> None:
        for event_loop in running:
            event_loop.call_soon_threadsafe(ticker.stop)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        running.append(asyncio.get_running_loop())
        await open_database(settings.database_url)
        await migrate()
        await sync_clock(ticker.clock)
        start_worker(preload)
        recording = asyncio.create_task(recorder.run())
        loop = asyncio.create_task(ticker.run()) if tick else None
        if loop is not None:
            loop.add_done_callback(lambda done: _report_end(done, on_tick_end))
        internal = Access(token=settings.metrics_token)
        monitoring = health.routes(ticker.runtime, ticker if tick else None, internal)
        try:
            with LoopWatch(ticker.runtime.metrics).watching(), announcing():
                options = server_options(settings)
                async with health.monitoring_server(settings.host, settings.server_watch_port, monitoring, options):
                    yield
        finally:
            running.clear()
            ticker.stop()
            if loop is not None:
                await asyncio.wait([loop])
            recording.cancel()
            await asyncio.wait([recording], timeout=CLOSE_SECONDS)
            await recorder.close()
            await asyncio.gather(watch.close(), tail.close())
            close_channels(installed)
            await close_database()

    guard = RequestGuard(
        ticker.runtime,
        watch,
        int(settings.max_body_bytes),
        introspection=settings.graphiql == "on",
        budgets=Budgets(int(settings.request_cost), int(settings.minute_cost)),
        tail=tail,
        trusted=TrustedDocuments.read(settings.trusted_documents),
    )
    public = Access(internal=False, token=settings.metrics_token)
    endpoint = GraphQLEndpoint(schema, guard)

    async def graphql(request: Request) -> Response:
        return await endpoint(request)

    async def home(_request: Request) -> Response:
        return RedirectResponse("/graphiql")

    pages = (
        [Route("/", home), Route("/graphiql/", home), *graphiql.routes("/graphql")] if settings.graphiql == "on" else []
    )
    origins = settings.cors_origin_list
    websocket_origins = cross_origin.websocket_origins(settings.public_url, origins)
    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=["GET", "POST"], middleware=cross_origin.middleware(origins)),
            *cross_origin.options_routes("/graphql", origins),
            Route("/graphql", OtherMethods()),
            *list_exports.routes(schema, guard, origins),
            WebSocketRoute("/graphql", WebSocketEndpoint(schema, guard, websocket_origins)),
            *health.routes(ticker.runtime, ticker if tick else None, public),
            *page_routes.routes(settings, ticker.runtime),
            *webhooks.routes(ticker.runtime),
            *crm_callback.routes(ticker.runtime),
            *attachments.routes(guard, origins),
            *sent_emails.routes(guard, origins),
            *tracking_pages.routes(settings, recorder),
            *pages,
        ],
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={Exception: respond_to_exception},
    )
    # Starlette would build the redirect from the Host header, which the client controls.
    app.router.redirect_slashes = False
    app.state.stop_sending = stop_sending
    return app
