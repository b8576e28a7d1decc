"""An email whose consequences the database refuses is settled alone, and no other waits: on both databases."""

from datetime import timedelta

import pytest

from api.models import Campaign, Event, Send
from api.services.dispatch.dispatcher import run_once
from api.store.dispatch.in_doubt import schedule_resends
from plugins.contract import Outcome
from tests.services.jobs.test_poison import reject
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(5)


async def first_emails() -> list[Send]:
    return await Send.filter(due_at__lte=NOW).order_by("id")


async def test_an_event_that_is_refused_keeps_no_email_from_being_sent(world: World) -> None:
    poisoned, *others = await first_emails()
    await reject("event", "INSERT", f"NEW.send_id = '{poisoned.id}'")
    await run_once(world.runtime, NOW)
    assert {row.status for row in await Send.filter(id__in=[each.id for each in others])} == {"SENT"}
    row = await Send.get(id=poisoned.id)
    assert row.status == "SENT"
    assert "could not be recorded" in row.detail
    assert await Event.filter(kind="EMAIL_SENT").count() == len(others)


async def test_an_outcome_that_is_refused_is_in_doubt_and_never_sent_again(world: World) -> None:
    poisoned, *others = await first_emails()
    await reject("send", "UPDATE", f"NEW.id = '{poisoned.id}' AND NEW.status = 'SENT'")
    await run_once(world.runtime, NOW)
    assert {row.status for row in await Send.filter(id__in=[each.id for each in others])} == {"SENT"}
    row = await Send.get(id=poisoned.id)
    assert (row.status, row.reason) == ("IN_DOUBT", "ROW_FAILED")
    assert row.detail.startswith("SENT: ")
    await Campaign.all().update(in_doubt_resends=3)
    assert not await schedule_resends(NOW + timedelta(days=9), "RESENT", "", "RESTORED")


async def test_what_cannot_be_recorded_at_all_holds_up_no_other(world: World) -> None:
    poisoned, *others = await first_emails()
    await reject("send", "UPDATE", f"NEW.id = '{poisoned.id}' AND NEW.status NOT IN ('CLAIMED', 'TRANSMITTING')")
    await run_once(world.runtime, NOW)
    assert {row.status for row in await Send.filter(id__in=[each.id for each in others])} == {"SENT"}
    assert (await Send.get(id=poisoned.id)).status == "TRANSMITTING"


@pytest.mark.parametrize("outcome", [Outcome.HARD_BOUNCE, Outcome.SOFT_BOUNCE])
async def test_a_bounce_that_is_refused_leaves_the_others_theirs(world: World, outcome: Outcome) -> None:
    poisoned, *others = await first_emails()
    await reject("send", "UPDATE OF bounce", f"NEW.id = '{poisoned.id}' AND NEW.bounce IS NOT NULL")
    world.channel.outcome = outcome
    await run_once(world.runtime, NOW)
    assert {row.status for row in await Send.filter(id__in=[each.id for each in [poisoned, *others]])} == {"BOUNCED"}
    assert await Send.exclude(bounce=None).count() == len(others)


async def test_what_cannot_be_freed_stops_nobody_elses_emails(world: World) -> None:
    poisoned, claimed, *others = await first_emails()
    gone = {"attempt_id": "att_gone", "lease_until": NOW - timedelta(minutes=1)}
    await Send.filter(id=poisoned.id).update(status="TRANSMITTING", **gone)
    await Send.filter(id=claimed.id).update(status="CLAIMED", **gone)
    await reject("send", "UPDATE", f"NEW.id = '{poisoned.id}'")
    await run_once(world.runtime, NOW)
    assert {row.status for row in await Send.filter(id__in=[each.id for each in [claimed, *others]])} == {"SENT"}
    assert (await Send.get(id=poisoned.id)).status == "TRANSMITTING"
