"""A PostgreSQL of the run's own, with durable commits, and campaigns in it for as many people as it takes."""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.clock import system_clock
from api.ids import new_id
from api.models import Campaign, Launch, Workspace
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.metrics import Metrics
from api.services.launches.background import background_launch
from api.services.launches.background.background_enrolling import launch_chunks
from api.services.launches.launch import Choice
from api.services.option_calls.isolation import isolated
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from plugins.loading.manager import load
from strategies import StepType

HTML = "<p>Hi {{ first_name | default: 'there' }},</p><p>how is {{ company }}?</p>" + "<p>Lorem ipsum.</p>" * 20


def row(what: str, ours: str, against: str, ratio: float, bar: str) -> None:
    """Print a line of the table."""
    print(f"| {what} | {ours} | {against} | {ratio:.2f} | {bar} |", flush=True)


def spread(values: Sequence[float]) -> str:
    """Return the median, and beside it the lowest and the highest."""
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})"


async def author(channel: str, steps: int) -> tuple[DispatchRuntime, Campaign]:
    """Make a campaign of so many emails, on as many days. Options of packages run in other processes, as in a server."""
    options = isolated(load(dict(os.environ)), system_clock, Metrics())
    runtime = DispatchRuntime(options, system_clock, lambda person: None, lambda: None)
    context = runtime.context(await create_workspace(new_id("bench"), system_clock()))
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC", channel=channel)
    template = await create_template(context, name="T", subject="Hi {{ first_name }}", html=HTML)
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    email: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **email)
    for day in range(2, steps + 1):
        await add_step(context, campaign.id, day=day, send_option="same_time_as_previous", **email)
    return runtime, campaign


async def people(workspace_id: str, count: int) -> None:
    """Fill a workspace by one statement."""
    numbers, past = "generate_series(1, $2::int) AS n", "now() - interval '1 minute'"
    if not is_postgres():
        numbers = "(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < $2) SELECT n FROM r)"
        past = "datetime('now', '-1 minute') || '+00:00'"
    await execute(
        "INSERT INTO person (id, workspace_id, email, email_key, first_name, last_name, title, company, own_fields,"
        " created_at) SELECT 'per_' || $1 || n, $1, n || '@example.com', n || '@example.com', 'Ada', 'L', '', 'Acme',"
        f" '{{}}', {past} FROM {numbers}",
        workspace_id,
        count,
    )


async def enroll_all(launch: Launch, runtime: DispatchRuntime) -> Launch:
    """Carry out a launch to its end."""
    async for _ in launch_chunks(launch, runtime.context):
        pass
    return await Launch.get(id=launch.id)


async def launched(channel: str, count: int, choice: Choice | None = None) -> tuple[DispatchRuntime, Campaign]:
    """Launch a campaign of two emails for so many people, the first due now or as chosen, the second tomorrow."""
    runtime, campaign = await author(channel, 2)
    await people(campaign.workspace_id, count)
    context = runtime.context(await Workspace.get(id=campaign.workspace_id))
    started = await background_launch.start_launch(context, campaign.id, None, choice or Choice("NOW"))
    await enroll_all(started, runtime)
    await execute("ANALYZE")
    return runtime, campaign


async def cpu_seconds() -> float:
    """Return the CPU time of this process, of its worker processes that have ended, and of the present PostgreSQL's."""
    own = sum(os.times()[:4])
    return own + sum([_cpu_seconds_of(found["pid"]) for found in await execute("SELECT pid FROM pg_stat_activity")])


def _cpu_seconds_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def truncate() -> None:
    """Delete what launches, their jobs and dispatches wrote."""
    await execute("TRUNCATE launch, event, enrollment, job CASCADE")


async def empty() -> None:
    """Delete what launches and dispatches wrote, and let PostgreSQL look at the tables again."""
    await truncate()
    await execute("VACUUM ANALYZE")
