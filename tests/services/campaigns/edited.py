"""What tests of edits ask of the one campaign that there is."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from api.models import Event, Send, Step
from strategies import StepType
from tests.services.jobs.claims import claim_edit, run_edit
from tests.services.world import World


def later(world: World, now: datetime) -> World:
    """The same world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


async def step(number: int) -> Step:
    return await Step.get(number=number, removed_at=None)


async def content() -> dict[str, Any]:
    return {"step_type": StepType.EMAIL, "template_id": (await step(1)).template_id}


async def due(number: int) -> set[datetime]:
    return {send.due_at for send in await Send.filter(step__number=number, step__removed_at=None)}


async def kinds(prefix: str) -> list[str]:
    return [event.kind for event in await Event.filter(kind__startswith=prefix).order_by("id")]


async def taken_up(world: World, now: datetime) -> bool:
    """Go on with an edit, as a tick loop does at ``now``. Returns whether there was one to be taken up."""
    row = await claim_edit(now)
    if row is not None:
        await run_edit(row, world.runtime.context)
    return row is not None
