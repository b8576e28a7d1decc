"""Send options of packages get the facts that they declare, the same in every place, and follow their changes."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, time, timedelta

import pytest

from api.models import Campaign, Enrollment, Event, Job, Send, Step
from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.enrollments.facts.history_job import count_after_move
from api.services.enrollments.facts.option_facts import FactSource, example_person
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.people.imports import start_import
from api.services.people.merging import merge_people
from api.services.people.people import create_person, update_person
from api.services.workspaces.workspaces import create_workspace
from api.store.dispatch.send_history import histories, last_checked, store_history
from api.store.engine.sql import execute
from plugins.loading.manager import load
from strategies import (
    History,
    HourCounts,
    Reads,
    Refusal,
)
from strategies.timeline.records import PlannedSend
from tests.services.enrollments.facts.facts_world import (
    LATER,
    NOW,
    author,
    context_at,
    jobs_done,
    people,
    reading_runtime,
    times,
)


@pytest.fixture
async def runtime(database: str) -> DispatchRuntime:
    return reading_runtime()


@pytest.fixture
async def context(runtime: DispatchRuntime) -> WorkspaceContext:
    return runtime.context(await create_workspace("Acme", NOW))


async def test_a_preview_and_all_ways_to_launch_give_a_person_the_same_times(
    runtime: DispatchRuntime, context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await author(context), await author(context)
    ids = [person.id for person in await people(context)]
    shown = await preview(context, first.id, ids, Choice("NOW"), {})
    foretold = {
        each.person.id: [f"{one.instant:%d %H:%M}" for one in each.planned if isinstance(one, PlannedSend)]
        for each in shown.people
    }
    local_times = ("03 00:00", "03 08:00", "03 00:00")
    minutes = [hashlib.sha256(each.encode()).digest()[0] % 60 for each in ids]
    assert foretold == {
        person_id: ["02 07:00", local, f"04 11:{minute:02}", f"05 0{hour}:00", f"06 0{hour}:00"]
        for person_id, local, minute, hour in zip(ids, local_times, minutes, (7, 8, 7), strict=True)
    }
    await launch(context, first.id, ids, Choice("NOW"), {})
    assert await times(first.id) == foretold
    nobody = await create_person(context, "nobody@example.com")
    launched = await start_launch(context, second.id, None, Choice("NOW"))
    await jobs_done(runtime)
    assert await times(second.id) == foretold
    await launched.refresh_from_db()
    assert (launched.enrolled, launched.left_out) == (3, 1)
    with pytest.raises(Refusal, match="NO_HOUR"):
        await launch(context, first.id, [nobody.id], Choice("NOW"), {})


async def test_changes_of_facts_move_unsent_emails_and_no_others(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context)
    ada, bob, cy = await people(context)
    await launch(context, campaign.id, [ada.id, bob.id, cy.id], Choice("NOW"), {})
    await run_once(runtime, NOW)
    before = await times(campaign.id)

    await update_person(context, bob.id, zone="America/New_York", fields={"hour": "11"})
    assert not await Send.filter(status="CLAIMED").exists()
    assert await Enrollment.filter(revision=-2).count() == 1, "no email of theirs is sent by the old plan"
    await jobs_done(runtime)
    moved = await times(campaign.id)
    assert moved[bob.id] == [before[bob.id][0], "03 14:00", before[bob.id][2], "05 10:00", "06 10:00"]
    assert (moved[ada.id], moved[cy.id]) == (before[ada.id], before[cy.id])
    told = await Send.get(person_id=bob.id, step__number=2)
    assert told.explanation[-1] == ["PERSON_CHANGED", {"date": "2026-03-03", "time": "09:00:00"}]
    assert await Event.filter(kind="EMAIL_MOVED", person_id=bob.id).count() == 3
    events = await Event.all().count()

    await update_person(context, bob.id, zone="America/New_York", title="CTO")
    await start_import(context, "email,hour\np0@example.com,8\np2@example.com,14\n")
    await jobs_done(runtime)
    assert await Event.filter(kind="EMAIL_MOVED").count() == 5, "again, nothing of Bob moves"
    after = await times(campaign.id)
    assert (after[ada.id], after[bob.id]) == (before[ada.id], moved[bob.id])
    assert after[cy.id][3:] == ["05 13:00", "06 13:00"]
    assert await Event.all().count() > events
    assert not await Campaign.filter(editing=True).exists()
    assert not await Enrollment.filter(revision=-2).exists()

    eve = await create_person(context, "eve@example.com", zone="Asia/Tokyo")
    await merge_people(context, cy.id, eve.id)
    await jobs_done(runtime)
    minute = hashlib.sha256(eve.id.encode()).digest()[0] % 60
    assert (await times(campaign.id))[eve.id] == [*after[cy.id][:2], f"04 11:{minute:02}", *after[cy.id][3:]]


async def test_the_history_of_the_workspace_is_counted_once_a_day_and_stays_the_same_for_a_launch(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context)
    ada, bob, cy = await people(context)
    await launch(context, campaign.id, [ada.id, bob.id, cy.id], Choice("NOW"), {})
    await run_once(runtime, NOW)
    await Send.filter(person_id=ada.id, status="SENT").update(replied_at=NOW, zone="Asia/Kolkata")
    opened = await Send.get(person_id=ada.id, status="SENT")
    await execute(
        "INSERT INTO engagement (id, workspace_id, person_id, opens) VALUES ($1, $2, $3, 3)",
        opened.id,
        context.workspace_id,
        ada.id,
    )
    await jobs_done(runtime)
    (counted,) = await histories(context.workspace_id)
    counts = History(tuple(HourCounts(*hour) for hour in json.loads(counted.counts)))
    assert counts.at(0, 8) == HourCounts(sent=2), "two were sent at 8:00 in Berlin"
    assert counts.at(0, 12) == HourCounts(sent=1, opened=1, replied=1), "one at 12:30 in Kolkata"
    assert counts.total == counts.weekday(0) == HourCounts(3, 1, 0, 1)

    second = await author(context)
    await Step.filter(campaign_id=second.id, number=3).update(send_option="best_hour")
    later = context_at(context, LATER)
    await launch(later, second.id, [bob.id], Choice("NOW"), {})
    email = await Send.get(step__campaign_id=second.id, step__number=3)
    assert f"{email.due_at.astimezone(UTC):%d %H:%M}" == "05 11:00"
    assert [row["counts"] for row in await execute("SELECT counts FROM send_history")] == [counted.counts]
    await Send.filter(person_id=bob.id, status="SENT").update(replied_at=NOW)
    await Send.filter(person_id=cy.id, status="SENT").update(replied_at=NOW)
    for now in (NOW + timedelta(days=1), NOW + timedelta(days=2)):
        await jobs_done(replace(runtime, clock=lambda now=now: now), now)
    assert len(await histories(context.workspace_id)) == 2, "a count that changes nothing adds none"
    steps = await steps_of(second)
    found = await EditPlanner.load(later, second, steps, LATER)
    changes = await found.changes([row.id for row in await Enrollment.filter(campaign_id=second.id)])
    assert (changes.moved, changes.unresolved) == ([], []), "this launch keeps the history that it began with"
    shown = await preview(context_at(context, NOW + timedelta(days=3)), second.id, [cy.id], Choice("NOW"), {})
    assert [each.time for each in shown.people[0].planned if isinstance(each, PlannedSend)][2] == time(8)


async def test_counts_that_nobody_needs_are_deleted_after_a_month(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context, "best_hour")
    ada, bob, cy = await people(context)

    async def at_day(day: int, *launched: str) -> list[int]:
        """Count on a day, and launch after it. Return the days of the counts that are left."""
        now = NOW + timedelta(days=day)
        await store_history(context.workspace_id, [[day, 0, 0, 0]] * 168, now)
        if launched:
            late = context_at(context, now + timedelta(hours=1))
            await launch(late, campaign.id, list(launched), Choice("NOW"), {})
        return await left()

    async def left() -> list[int]:
        return [(each.counted_at - NOW).days for each in await histories(context.workspace_id)]

    for day in (0, 1, 2, 3):
        await at_day(day, *{1: [ada.id], 3: [bob.id]}.get(day, []))
    await jobs_done(runtime, NOW + timedelta(days=30))
    assert (await left())[:4] == [0, 1, 2, 3], "a month is not over"
    await jobs_done(runtime, NOW + timedelta(days=40))
    assert (await left())[:3] == [1, 3, 30], "those of people who are active stay, and those of the last month"
    await Enrollment.filter(person_id=ada.id).update(ended_at=NOW, status="ENDED")
    await start_launch(context_at(context, NOW + timedelta(days=30, hours=1)), campaign.id, [cy.id], Choice("NOW"))
    await Job.all().delete()

    # The option is removed. At the next start its old counts go, once nobody needs them.
    without = replace(runtime, installed=load({}))
    await jobs_done(without, NOW + timedelta(days=80))
    assert await left() == [3, 30], "bob needs 3, and the latest stays"
    assert (await Job.get(kind="history")).state == "DONE"


async def test_moving_the_clock_of_a_sandbox_counts_once_a_day(runtime: DispatchRuntime) -> None:
    context = runtime.context(await create_workspace("Sandbox", NOW, sandbox=True))
    campaign = await author(context)
    steps = await steps_of(campaign)
    await Step.filter(id=steps[0].id).update(send_option="best_hour")
    steps = await steps_of(campaign)

    async def known() -> History:
        source = await FactSource.load(context, campaign, steps)
        found: History = source.facts(source.own(example_person(context)), context.now).value(Reads.HISTORY)
        return found

    async def move(hours: int) -> None:
        before = context.now
        await advance_clock(context, runtime, before + timedelta(hours=hours))
        await count_after_move(context, before)

    await move(0)
    assert (await known()).counted_at is None, "not counted yet"
    await move(1)
    first = await known()
    assert (first.total.sent, first.counted_at) == (0, NOW + timedelta(hours=1, seconds=-1))
    other = await author(context)
    await launch(context, other.id, [(await people(context))[0].id], Choice("NOW"), {})
    await move(2)
    assert await known() == first, "less than a day has passed"
    await move(24)
    assert (await known()).total.sent > 0, "a launch at this moment has the new count"


async def test_a_workspace_whose_emails_cannot_be_counted_delays_no_other(
    runtime: DispatchRuntime, context: WorkspaceContext, caplog: pytest.LogCaptureFixture
) -> None:
    campaign = await author(context)
    (ada, *_) = await people(context)
    await launch(context, campaign.id, [ada.id], Choice("NOW"), {})
    await run_once(runtime, NOW)
    await Send.filter(status="SENT").update(zone="US/Pacific-New")  # a new tz database can have removed it
    other = await create_workspace("Zulu", NOW)
    await jobs_done(runtime)
    assert set(await last_checked()) == {other.id}
    assert (await Job.get(kind="history")).failures == 0
    assert caplog.text.count(f"cannot count the emails of the workspace {context.workspace_id}") == 1
