"""Launching a campaign for a large audience, against sending the same rows by COPY."""

import statistics
import time
from pathlib import Path
from typing import Any

import asyncpg

from api.ids import new_id
from api.models import Campaign, Launch, Sender, Step, Workspace
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, FactSource
from api.services.launches.background import background_launch
from api.services.launches.background.enrollment_planner import EnrollmentPlanner
from api.services.launches.launch import Choice
from api.services.option_calls.workers import close_pools
from api.store.engine.sql import execute
from api.store.launches.background_enrolling import EnrollmentPlan
from benchmarks.person_option import SpreadByPerson, installed
from benchmarks.world import author, cpu_seconds, empty, enroll_all, people, row, truncate
from strategies.timeline.records import ZoneOf

STEPS = 5


async def measure(url: str, count: int, times: int) -> None:
    """Print the time and the memory of a launch."""
    ours, copies, peak, by_person = [], [], 0.0, []
    cpu: dict[str, list[float]] = {"ours": [], "by person": []}
    for _ in range(times):
        seconds, used = await _launch_by_person(count)
        by_person.append(seconds)
        cpu["by person"].append(used)
        await empty()
        runtime, campaign = await author("record", STEPS)
        await people(campaign.workspace_id, count)
        await execute("ANALYZE")
        context = runtime.context(await Workspace.get(id=campaign.workspace_id))
        idle = memory("VmRSS", forget=True)
        began, used = time.perf_counter(), await cpu_seconds()
        started = await background_launch.start_launch(context, campaign.id, None, Choice("NOW"))
        done = await enroll_all(started, runtime)
        ours.append(time.perf_counter() - began)
        cpu["ours"].append(await cpu_seconds() - used)
        peak = max(peak, memory("VmHWM") - idle)
        assert done.enrolled == count
        ids = [
            found["person_id"]
            for found in await execute("SELECT person_id FROM enrollment WHERE campaign_id = $1", campaign.id)
        ]
        await truncate()
        copies.append(await copied(url, done, campaign, context, ids))
        await empty()
    mine, theirs = statistics.median(ours), statistics.median(copies)
    what = f"launch {count:,} people × {STEPS} steps"
    row(
        what,
        f"{mine:.1f} s, {peak:.0f} MB over idle",
        f"the same rows by COPY: {theirs:.1f} s",
        mine / theirs,
        "≤ 3, ≤ 150 MB",
    )
    what += ", one by a package's option that reads PERSON"
    theirs = statistics.median(by_person)
    row(what, f"{theirs:.1f} s", f"all built in: {mine:.1f} s", theirs / mine, "≤ 2")
    mine, theirs = statistics.median(cpu["ours"]), statistics.median(cpu["by person"])
    row(f"{what}, CPU time", f"{theirs:.1f} s", f"all built in: {mine:.1f} s", theirs / mine, "none")


async def _launch_by_person(count: int) -> tuple[float, float]:
    """Launch a campaign in which each person has a plan of their own. Returns seconds, and seconds of CPU time."""
    with installed():
        runtime, campaign = await author("record", STEPS)
        await Step.filter(campaign_id=campaign.id, number=3).update(send_option=SpreadByPerson.key)
        await people(campaign.workspace_id, count)
        await execute("ANALYZE")
        context = runtime.context(await Workspace.get(id=campaign.workspace_id))
        began, used = time.perf_counter(), await cpu_seconds()
        started = await background_launch.start_launch(context, campaign.id, None, Choice("NOW"))
        done = await enroll_all(started, runtime)
        seconds = time.perf_counter() - began
        close_pools()  # the CPU time of a process counts when it has ended
    assert done.enrolled == count
    return seconds, await cpu_seconds() - used


def memory(what: str, *, forget: bool = False) -> float:
    """Return what Linux says of this process's memory, in MB; ``forget`` sets its peak back to the present."""
    if forget:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))


async def copied(url: str, done: Launch, campaign: Campaign, context: Any, ids: list[str]) -> float:
    """Make the same rows and send them by COPY, in one transaction. Returns seconds."""
    sender = await Sender.get(id=campaign.sender_id)
    steps = await Step.filter(campaign_id=campaign.id).order_by("number")
    source = await FactSource.load(context, campaign, steps)
    planner = EnrollmentPlanner(context, done, campaign, steps, source, sender, choices={}, senders={})
    plan = planner.plan(((sender.zone, ZoneOf.SENDER), "", NO_OWN_FACTS))
    assert isinstance(plan, EnrollmentPlan)
    connection = await asyncpg.connect(url)
    began = time.perf_counter()
    enrollments = [(new_id("enr"), person) for person in ids]
    constant = tuple(plan.enrollment.values())
    sent = [
        (new_id("snd"), enrollment, person, *send.shared.values(), *send.own.values())
        for enrollment, person in enrollments
        for send in plan.emails
    ]
    events = [
        (new_id("evt"), enrollment, person, campaign.workspace_id, "CAMPAIGN_LAUNCHED", done.launched_at, "{}")
        for enrollment, person in enrollments
    ]
    async with connection.transaction():
        for table, columns, records in (
            ("enrollment", ["id", "person_id", *plan.enrollment], [(*pair, *constant) for pair in enrollments]),
            ("send", ["id", "enrollment_id", "person_id", *plan.emails[0].shared, *plan.emails[0].own], sent),
            ("event", ["id", "enrollment_id", "person_id", "workspace_id", "kind", "at", "data"], events),
        ):
            await connection.copy_records_to_table(table, columns=columns, records=records)
    seconds = time.perf_counter() - began
    await connection.close()
    return seconds
