"""What an operator watches: ``/health``, ``/ready`` and Prometheus' ``/metrics``."""

import asyncio
import logging
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.services.post import Post
from api.store.backlog import backlog
from api.store.sql import run

if TYPE_CHECKING:
    from api.tick import Ticker

log = logging.getLogger("touchline.watching")

PATIENCE = 5.0
"""Seconds that the database gets to answer."""
ABOUT = {
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


def routes(post: Post, ticker: "Ticker | None") -> list[Route]:
    """Return the three pages. ``ticker`` is the tick loop of this process, if it has one."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        problems = {}
        try:
            async with asyncio.timeout(PATIENCE):
                await run("SELECT count(*) AS found FROM workspace WHERE id = ''")
        except Exception as problem:
            log.warning("not ready: the database does not answer: %s", problem)
            problems["database"] = "It does not answer."
        if ticker is not None and not ticker.alive:
            problems["tick"] = "The tick loop has not done a step for a while; see the log."
        if problems:
            return JSONResponse({"status": "not ready", "problems": problems}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(_request: Request) -> Response:
        shared = CollectorRegistry()
        try:
            async with asyncio.timeout(PATIENCE):
                numbers = await backlog(post.clock())
        except Exception as problem:  # what this process counts is told all the same
            log.warning("the backlog could not be counted: %s", problem)
            numbers = {}
        for name, value in numbers.items():
            Gauge(f"touchline_{name}", ABOUT[name], registry=shared).set(value)
        text = generate_latest(shared) + generate_latest(post.meter.registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
