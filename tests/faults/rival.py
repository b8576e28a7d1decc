"""A server with a package that misbehaves, and the measurement of other emails and requests beside it."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from api.clock import system_clock
from api.models import Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.request_context import WorkspaceContext
from api.services.launches.launch import Choice, launch
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.states import PENDING_STATUSES
from api.store.engine.database import close_database, open_database
from plugins.loading.manager import load
from strategies import StepType
from tests.channel_processes.installing import install
from tests.faults.authoring import _people
from tests.faults.evil_row import Period
from tests.faults.sink import Sink
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
QUERY = "{ campaigns(first: 20) { edges { node { name status } } } senders(first: 50) { edges { node { name } } } }"
PEOPLE_AT_ONCE = 5
USUAL_PERIODS = 3
"""How much longer than an evil the usual period is, because all are compared with it."""


class Rival:
    """The server with its senders, and the measurements of one period."""

    def __init__(self, context: WorkspaceContext, url: str, token: str, steps: dict[str, Any], sink: Sink) -> None:
        self.context, self.url, self.token, self.steps, self.sink = context, url, token, steps, sink
        self.good = ""

    async def sender(self, name: str, channel: str, config: dict[str, Any]) -> str:
        """Create a sender with a campaign. Returns the campaign's id."""
        sender = await create_sender(
            self.context, name=name, email=f"{name}@example.com", zone="UTC", channel=channel, channel_config=config
        )
        campaign = await create_campaign(self.context, name=name, sender_id=sender.id)
        await add_step(self.context, campaign.id, **self.steps)
        return str(campaign.id)

    async def launch(self, campaign: str, number: int) -> None:
        """Launch for new people, now."""
        await launch(self.context, campaign, await _people(self.context, number), Choice("NOW"), {})

    async def usual(self, seconds: float) -> Period:
        """Measure without an evil."""
        await self.measure(seconds)  # the first emails wait for connections and caches
        return (await self.measure(USUAL_PERIODS * seconds)).period

    async def measure(self, seconds: float) -> "Measured":
        """Send through the good channel and ask the API."""
        began, until = system_clock(), time.monotonic() + seconds
        asking = asyncio.create_task(self._ask(until))
        while time.monotonic() < until:
            await self.launch(self.good, PEOPLE_AT_ONCE)
            await asyncio.sleep(0.5)
        answers = await asking
        emails = await self._sent(began)
        lags = [(each.sent_at - each.planned_at).total_seconds() for each in emails if each.sent_at is not None]
        received = [self.sink.received[each.id] for each in emails]
        lost, twice = received.count(0), sum(number > 1 for number in received)
        return Measured(Period(_percentile(lags, 0.99), _percentile(answers, 0.99)), lost, twice)

    async def _ask(self, until: float) -> list[float]:
        found: list[float] = []
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(timeout=60) as client:
            while not found or time.monotonic() < until:
                began = time.monotonic()
                answer = await client.post(f"{self.url}/graphql", json={"query": QUERY}, headers=headers)
                found.append(time.monotonic() - began)
                assert "errors" not in answer.json(), answer.text
                await asyncio.sleep(0.05)
        return found

    async def _sent(self, began: datetime) -> list[Send]:
        """Wait until no good email of the period waits. Returns them."""
        mine = Send.filter(enrollment__campaign_id=self.good, planned_at__gte=began, planned_at__lte=system_clock())
        while await mine.filter(status__in=PENDING_STATUSES).exists():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.2)
        return await mine


class Measured(NamedTuple):
    """A period, and how many of its good emails the mail server has not received, or more than once."""

    period: Period
    lost: int
    twice: int


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


@asynccontextmanager
async def rival_of(url: str, sink: Sink, module: Path) -> AsyncIterator[tuple[Rival, Path]]:
    """Run a server with a package of one module. Returns it, and the file to which channels of the package write."""
    with tempfile.TemporaryDirectory(prefix="touchline-evil-") as folder:
        packages, log, port = Path(folder) / "packages", Path(folder) / "sent", free_port()
        install(packages, module)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (packages, ROOT, ROOT / "plugins" / "public"))),
            "TOUCHLINE_DATABASE_URL": url,
            "TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?security=none",
            "TOUCHLINE_PORT": str(port),
            "TOUCHLINE_POLL_SECONDS": "0.5",
            "EVIL_LOG": str(log),
            "EVIL_EACH": "yes",
        }
        sys.path.insert(0, str(packages))
        await open_database(url)
        try:
            installed = load(environment)
            runtime = DispatchRuntime(installed, system_clock, lambda person: None, lambda: None)
            workspace = await create_workspace("Evil", system_clock())
            context = runtime.context(workspace)
            template = await create_template(context, name="T", subject="Hi {{ first_name }}", html="<p>Hi</p>")
            steps = {
                "day": 1,
                "step_type": StepType.EMAIL,
                "send_option": "choose_at_launch",
                "template_id": template.id,
            }
            token = await issue_token(workspace, "evil", system_clock())
            rival = Rival(context, f"http://127.0.0.1:{port}", token, steps, sink)
            rival.good = await rival.sender("good", "smtp", {})
            process = await asyncio.to_thread(_start, environment, Path(folder) / "server.log")
            try:
                await _answers(rival.url, process)
                yield rival, log
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait)
        finally:
            sys.path.remove(str(packages))
            await close_database()


def _start(environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    program = [sys.executable, "-m", "tests.faults.evil_server", "serve"]
    with log.open("wb") as output:
        return subprocess.Popen(program, env=dict(environment), cwd=ROOT, stdout=output, stderr=output)


async def _answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers."""
    async with asyncio.timeout(120), httpx.AsyncClient() as client:
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"{url}/health")).status_code == 200:
                    return
            assert process.poll() is None, "the server has ended"
            await asyncio.sleep(0.2)
