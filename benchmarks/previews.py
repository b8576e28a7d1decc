"""How long previews of an edit and of a resume take in a campaign with many people, and for how long they block."""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from api.make_runtime import freeze_loaded_objects
from api.models import Campaign, Send, Step, Workspace
from api.services.campaigns import edit_drafts
from api.services.campaigns.editing.edit_preview import edit_preview
from api.services.campaigns.pausing.resume_preview import resume_preview
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_groups import MAX_GROUPS
from api.services.launches.background import background_launch
from api.services.launches.launch import Choice
from api.states import SendStatus
from api.store.engine.sql import execute
from benchmarks.world import author, enroll_all, people, row

STEPS = 5
MAX_SECONDS = 3
MAX_BLOCK_MS = 20
Preview = Callable[[], Awaitable[Any]]


async def measure(count: int) -> None:
    """Print the time of each preview: first of people with equal times, then of people with times of their own."""
    runtime, campaign = await author("record", STEPS)
    await people(campaign.workspace_id, count)
    context = runtime.context(await Workspace.get(id=campaign.workspace_id))
    started = await background_launch.start_launch(context, campaign.id, None, Choice("NOW"))
    await enroll_all(started, runtime)
    await _pause(campaign, context)
    # As in the server. Otherwise garbage collection takes longer than any part of a preview.
    freeze_loaded_objects()
    await _print(context, campaign, f"{count:,} people with equal times")
    # Everyone was launched at another moment.
    await execute(
        "UPDATE enrollment SET launched_at = launched_at - n * interval '1 second' FROM (SELECT id AS key,"
        " row_number() OVER (ORDER BY id) AS n FROM enrollment WHERE campaign_id = $1) AS row WHERE id = key",
        campaign.id,
    )
    await execute("VACUUM ANALYZE")
    await _print(context, campaign, f"{count:,} people with times of their own, the first {MAX_GROUPS:,}")


async def _pause(campaign: Campaign, context: WorkspaceContext) -> None:
    """Pause the campaign two days ago, as if the job had put all emails on hold."""
    since = context.now - timedelta(days=2)
    await Campaign.filter(id=campaign.id).update(paused_at=since, last_paused_at=since)
    ours = Send.filter(workspace_id=campaign.workspace_id)
    await ours.filter(step__number=1).update(status=SendStatus.SENT)
    await ours.exclude(status=SendStatus.SENT).update(held=True)
    await execute("VACUUM ANALYZE")


async def _print(context: WorkspaceContext, campaign: Campaign, who: str) -> None:
    step = await Step.get(campaign_id=campaign.id, number=3)

    async def of_an_edit() -> Any:
        return await edit_preview(context, await edit_drafts.move_step(context, step.id, day=9))

    async def of_a_resume() -> Any:
        later = context.now + timedelta(days=2)
        return await resume_preview(replace(context, clock=lambda: later), campaign.id)

    for what, preview in (("editPreview", of_an_edit), ("resumePreview", of_a_resume)):
        await _measure(what, preview, who)


async def _measure(what: str, preview: Preview, who: str) -> None:
    before, began = _memory(), time.perf_counter()
    block, found = await _longest_block(preview)
    seconds = time.perf_counter() - began
    row(f"{what}, {who}", f"{seconds:.1f} s", f"{_memory() - before} MiB more, blocks for up to {block:.0f} ms of CPU,"
        f" {'exact' if found.exact else 'not exact'}", seconds / MAX_SECONDS,
        f"≤ 1 ({MAX_SECONDS} s), ≤ {MAX_BLOCK_MS} ms")  # fmt: skip


async def _longest_block(preview: Preview) -> tuple[float, Any]:
    """Return the longest CPU time (ms) of the event loop's thread between two of its turns, and the preview."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            last = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - last)

    watching = asyncio.create_task(watch())
    try:
        found = await preview()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return longest * 1000, found


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
