"""A sandbox's rows go by its own clock, also where a real lease has run out or the real clock is months ahead."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Send, ThrottleSlot, Workspace
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.recovery.periodic_recovery import PeriodicRecovery
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import SendStatus
from api.store.dispatch import throttles
from plugins.loading.manager import load
from strategies import StepType

REAL = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def runtime(now: datetime = REAL) -> DispatchRuntime:
    return DispatchRuntime(load({}), lambda: now, lambda person: None, lambda: None)


@pytest.fixture(params=[datetime(2026, 3, 2, 7, 0, tzinfo=UTC), datetime(2027, 3, 1, 7, 0, tzinfo=UTC)])
async def context(database: str, request: pytest.FixtureRequest) -> WorkspaceContext:
    """A sandbox whose clock is behind the real one, or ahead, with a throttled sender and an email that is due."""
    context = runtime().context(await create_workspace("Acme", request.param, sandbox=True))
    about: dict[str, Any] = {"throttle": (2, 3_600), "daily_cap": 100}
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC", channel="record", **about)
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    made = await create_campaign(context, name="C", sender_id=sender.id, in_doubt_resends=1)
    await add_step(
        context, made.id, day=1, send_option="choose_at_launch", step_type=StepType.EMAIL, template_id=template.id
    )
    people = [(await create_person(context, f"p{number}@example.com")).id for number in range(5)]
    await launch(context, made.id, people, Choice("NOW"), {})
    return context


def present(context: WorkspaceContext) -> datetime:
    assert context.workspace.virtual_now is not None
    return context.workspace.virtual_now


async def test_a_lost_transmission_rests_by_the_sandbox_s_clock(context: WorkspaceContext) -> None:
    virtual = present(context)
    send = await Send.all().order_by("id").first()
    assert send is not None
    await Send.exclude(id=send.id).update(status=SendStatus.SENT)
    await Campaign.all().update(in_doubt_resends=1)
    gone = {"status": SendStatus.TRANSMITTING, "attempt_id": "att_gone", "lease_until": REAL - MINUTE}
    await Send.filter(id=send.id).update(**gone)
    slot = {"sender_id": send.sender_id, "send_id": send.id, "began_at": virtual}
    await ThrottleSlot.create(id="dep_1", **slot)
    await PeriodicRecovery(runtime(), Backoff(), 0.0).run()
    send = await Send.get(id=send.id)
    assert (send.status, send.due_at) == (SendStatus.IN_DOUBT, virtual + 15 * MINUTE)
    assert (await ThrottleSlot.get()).ended_at == virtual
    assert (await Event.get(kind="EMAIL_IN_DOUBT")).at == virtual
    assert (await Enrollment.get(id=send.enrollment_id)).ended_at == virtual
    await PeriodicRecovery(runtime(REAL + HOUR), Backoff(), 0.0).run()
    assert (await Send.get(id=send.id)).status is SendStatus.IN_DOUBT, "its clock stands still"
    await advance_clock(context, runtime(), virtual + 16 * MINUTE)
    await advance_clock(context, runtime(), virtual + 2 * HOUR)
    assert (await Send.get(id=send.id)).status is SendStatus.SENT
    assert (await Event.get(kind="EMAIL_RETRIED")).at == virtual + 16 * MINUTE


async def test_the_throttle_of_a_sandbox_forgets_by_its_own_clock(context: WorkspaceContext) -> None:
    virtual = present(context)
    assert await advance_clock(context, runtime(), virtual) == 2
    recovery = PeriodicRecovery(runtime(), Backoff(), 0.0)
    recovery._cleaned_at = time.monotonic() - 4_000
    await recovery.run()
    assert await ThrottleSlot.all().count() == 2
    await run_once(runtime(), virtual, await Workspace.get())
    assert await Send.filter(status=SendStatus.SENT).count() == 2, "two in any hour"
    await advance_clock(context, runtime(), virtual + HOUR)
    assert await Send.filter(status=SendStatus.SENT).count() == 4
    await advance_clock(context, runtime(), virtual + 40 * HOUR)
    assert await Send.filter(status=SendStatus.SENT).count() == 5
    recovery._cleaned_at = time.monotonic() - 4_000
    await recovery.run()
    assert await ThrottleSlot.all().count() == 0


async def test_slots_of_real_workspaces_are_deleted_by_the_real_clock(context: WorkspaceContext) -> None:
    sandbox = await advance_clock(context, runtime(), present(context))
    real = runtime().context(await create_workspace("Real", REAL))
    sender = await create_sender(real, name="R", email="r@example.com", zone="UTC", channel="record")
    old = {"sender_id": sender.id, "send_id": "snd_x", "began_at": REAL - 30 * HOUR, "ended_at": REAL - 30 * HOUR}
    await ThrottleSlot.create(id="dep_old", **old)
    await throttles.delete_old_slots(REAL)
    assert await ThrottleSlot.all().count() == sandbox


async def test_a_sandbox_s_clock_never_goes_back(context: WorkspaceContext) -> None:
    other = replace(context, workspace=await Workspace.get())
    await advance_clock(context, runtime(), present(context) + 3 * HOUR)
    await advance_clock(other, runtime(), present(other) + HOUR)
    assert (await Workspace.get()).virtual_now == present(context)
