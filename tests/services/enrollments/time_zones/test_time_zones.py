"""A new tz database moves the UTC times of unsent emails by a background job, and no local time."""

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.models import Campaign, Event, Job, Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.enrollments.time_zones import zone_rules, zones_job
from api.services.enrollments.time_zones.zones_job import RETRY_AFTER, ZONES
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import JobState
from api.store import jobs
from plugins.loading.manager import load
from strategies import Refusal, StepType
from tests.services.jobs.runners import until_idle
from tests.services.world import Killed

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def runtime(database: str, monkeypatch: pytest.MonkeyPatch) -> DispatchRuntime:
    """Two people with an email today and on days 3 and 5, scheduled by the rules of 2026a."""
    runtime = DispatchRuntime(load({}), lambda: NOW, lambda person: None, lambda: None)
    context = runtime.context(await create_workspace("Acme", NOW))
    await create_workspace("Other", NOW)
    sender = await create_sender(context, name="G", email="g@example.com", zone="Europe/Berlin", channel="record")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    content = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **content)
    for day in (3, 5):
        await add_step(context, campaign.id, day=day, send_option="at_time", config={"at": "09:00"}, **content)
    people = [(await create_person(context, f"{name}@example.com")).id for name in ("ada", "bob")]
    await launch(context, campaign.id, people, Choice(NOW + timedelta(days=1)), {})
    rules(monkeypatch, "2026a")
    assert not await runner(runtime).run_next(), "nothing was scheduled by other rules"
    return runtime


def rules(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Install a tz database."""
    monkeypatch.setattr(zones_job, "installed_rules", lambda: name)


def runner(runtime: DispatchRuntime, now: datetime = NOW) -> JobRunner:
    """Return the job runner of a process that has just started."""
    return JobRunner([ZONES], JobRuntime(runtime.context, lambda: now), runtime.metrics)


async def times() -> list[datetime]:
    return [row.planned_at for row in await Send.all().order_by("enrollment_id", "planned_date")]


async def as_of_other_rules() -> list[datetime]:
    """Move the emails of days 3 and 5 as if Berlin had been an hour further west. Returns the right times."""
    right = await times()
    for row in await Send.filter(step__day__gt=1):
        await Send.filter(id=row.id).update(planned_at=row.planned_at + HOUR, due_at=row.due_at + HOUR)
    return right


async def test_unsent_emails_are_resolved_again_when_the_rules_change(
    runtime: DispatchRuntime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    right = await as_of_other_rules()
    assert not await runner(runtime).run_next(), "the rules are the same"
    rules(monkeypatch, "2026b")
    with caplog.at_level(logging.INFO):
        await until_idle(runner(runtime))
    assert [row.due_at for row in await Send.all().order_by("enrollment_id", "planned_date")] == right
    assert await times() == right
    days = [date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 7)] * 2
    assert await Send.all().order_by("enrollment_id", "planned_date").values_list("planned_date", flat=True) == days
    walls = await Send.all().order_by("enrollment_id", "planned_date").values_list("planned_time", flat=True)
    assert walls == ["08:00:00", "09:00:00", "09:00:00"] * 2
    assert "the unsent emails of 2 workspaces are recalculated" in caplog.text
    progress = sorted(await Job.all().values_list("kind", "state", "progress"))
    assert progress == [("zones", JobState.DONE, 0), ("zones", JobState.DONE, 2)]
    assert not await runner(runtime).run_next(), "once"
    moved = await Event.filter(kind="EMAIL_MOVED").order_by("id")
    wrong = {each.planned_at + HOUR: each.planned_at for each in await Send.filter(step__day__gt=1)}
    assert len(moved) == 4, "the email of day 1 keeps its instant"
    for each in moved:
        before, after = (datetime.fromisoformat(each.data[name]) for name in ("before", "after"))
        assert wrong[before] == after
    assert {each.campaign_id for each in moved} == {(await Campaign.get()).id}


async def test_each_of_several_processes_starts_the_jobs_once(
    runtime: DispatchRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(monkeypatch, "2026b")
    await asyncio.gather(*(runner(runtime)._start_needed_jobs() for _ in range(3)))
    assert await Job.filter(turns=0).count() == await Job.all().count() == 2


async def test_a_process_with_the_old_rules_leaves_the_jobs_to_another(
    runtime: DispatchRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = runner(runtime, NOW)
    await old.run_next()
    right = await as_of_other_rules()
    rules(monkeypatch, "2026b")
    await runner(runtime)._start_needed_jobs()
    rules(monkeypatch, "2026a")
    await until_idle(old)
    assert await times() != right
    assert await Job.filter(lease_until=NOW + RETRY_AFTER, failures=0).count() == 2
    rules(monkeypatch, "2026b")
    await until_idle(runner(runtime, NOW + RETRY_AFTER))
    assert await times() == right


async def test_another_process_continues_after_a_kill(
    runtime: DispatchRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = await as_of_other_rules()
    rules(monkeypatch, "2026b")
    recalculate, recalculated = zones_job.schedule_next_steps, 0

    async def killed(*args: Any, **named: Any) -> None:
        nonlocal recalculated
        recalculated += 1
        await recalculate(*args, **named)
        if recalculated == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(zones_job, "schedule_next_steps", killed)
        with pytest.raises(Killed):
            await until_idle(runner(runtime))
    assert len([at for at, wanted in zip(await times(), right, strict=True) if at != wanted]) == 2
    await until_idle(runner(runtime, NOW + 2 * jobs.LEASE))
    assert await times() == right
    assert await Event.filter(kind="EDIT_NOT_APPLIED").count() == 0


def test_the_fingerprint_is_that_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    before = zone_rules.fingerprint()
    assert zone_rules.fingerprint() == before
    monkeypatch.setattr(zone_rules, "_rules", lambda zone: b"other rules")
    assert zone_rules.fingerprint() != before


async def test_an_email_in_a_zone_that_was_removed_delays_no_other(
    runtime: DispatchRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = await as_of_other_rules()
    removed = await Send.all().order_by("enrollment_id", "planned_date").last()
    assert removed is not None
    await Send.filter(enrollment_id=removed.enrollment_id).update(zone="US/Pacific-New")
    original = zones_job._recalculate

    async def fails_for_removed(context: Any, enrollment_id: str) -> None:
        if enrollment_id == removed.enrollment_id:
            raise Refusal("INVALID_ZONE", "US/Pacific-New is no time zone.")
        await original(context, enrollment_id)

    monkeypatch.setattr(zones_job, "_recalculate", fails_for_removed)
    rules(monkeypatch, "2026b")
    await until_idle(runner(runtime))
    assert (await times())[:3] == right[:3]
    assert await Job.exclude(state=JobState.DONE).count() == 0
    assert await Event.filter(kind="EDIT_NOT_APPLIED").values_list("enrollment_id", flat=True) == [
        removed.enrollment_id
    ]


async def test_a_chosen_time_that_cannot_be_read_delays_no_other(
    runtime: DispatchRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Send.all().update(by_hand=True)
    seen: list[str] = []

    async def keeps(_: Any, send: Send) -> bool:
        if send.id not in seen:
            seen.append(send.id)
        if send.id == seen[0]:
            raise OverflowError(send.id)
        return True

    monkeypatch.setattr(zones_job, "_keep_chosen_time", keeps)
    rules(monkeypatch, "2026b")
    await until_idle(runner(runtime))
    assert len(seen) == 6
    assert await Job.exclude(state=JobState.DONE).count() == 0
