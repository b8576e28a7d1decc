"""What opens and clicks change: the counts of their email, and the Live Feed."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.models import Event, Send, Workspace
from api.services.tracking.apply_tracking import EmailHit, email_hit, record_hits
from api.services.tracking.machine_rules import Agent
from api.store.engagement import NO_ENGAGEMENT, Engagement, engagements
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins.incoming import ReportedEvent, ReportedKind
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_sent_world

LATER = NOW + timedelta(hours=1)
A, B = "https://a.example/?x=1&y=ü", "https://b.example/"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0 Safari/537.36"


@pytest.fixture
async def world(database: str) -> World:
    """Two people to whom an email was sent at NOW."""
    return await make_sent_world(2)


_numbers = iter(range(1_000_000))


def opened(send: Send, at: datetime = LATER, agent: Agent = Agent.BROWSER) -> EmailHit:
    return email_hit(f"inc_{next(_numbers):06}", ReportedKind.OPENED, at, send.id, {"detail": str(agent)})


def clicked(send: Send, url: str = A, at: datetime = LATER, agent: Agent = Agent.BROWSER) -> EmailHit:
    return email_hit(f"inc_{next(_numbers):06}", ReportedKind.CLICKED, at, send.id, {"detail": str(agent), "url": url})


async def record(*hits: EmailHit) -> set[str]:
    async with transaction():
        return await record_hits(hits)


async def engagement(send: Send) -> Engagement:
    return (await engagements(str(send.workspace_id), [send.id])).get(send.id, NO_ENGAGEMENT)


async def feed() -> list[tuple[str, datetime, Any]]:
    kinds = ("OPENED", "CLICKED", "CLICKS_CORRECTED")
    rows = await Event.filter(kind__in=kinds).order_by("id")
    return [(row.kind, row.at, row.data if isinstance(row.data, dict) else json.loads(row.data)) for row in rows]


async def test_a_person_opens_and_clicks(world: World) -> None:
    send = await world.send()
    first, second = LATER, LATER + timedelta(minutes=1)
    await record(opened(send, second), opened(send, first, Agent.GMAIL_PROXY), clicked(send, A, second))
    assert await engagement(send) == Engagement(first, 2, 0, second, 1, 0)
    assert await feed() == [
        ("OPENED", first, {"agent": "GMAIL_PROXY"}),
        ("CLICKED", second, {"agent": "BROWSER", "url": A}),
    ]
    event = await Event.filter(kind="CLICKED").get()
    assert (event.person_id, event.send_id, event.enrollment_id, event.step_id) == (
        send.person_id,
        send.id,
        send.enrollment_id,
        send.step_id,
    )
    assert event.campaign_id is not None
    other = await Send.exclude(person_id=send.person_id).first()
    assert other is not None
    assert await engagement(other) == NO_ENGAGEMENT


@on_sqlite
async def test_repeated_opens_and_clicks_are_reported_after_six_hours(world: World) -> None:
    send = await world.send()
    for hours in (0, 1, 5.9, 6, 7, 12):
        at = LATER + timedelta(hours=hours)
        await record(opened(send, at), clicked(send, A, at))
    assert await engagement(send) == Engagement(LATER, 6, 0, LATER, 6, 0)
    reported = [(kind, (at - LATER) / timedelta(hours=1)) for kind, at, _ in await feed()]
    assert reported == [(kind, hours) for hours in (0, 6, 12) for kind in ("OPENED", "CLICKED")]
    await record(clicked(send, B, LATER + timedelta(hours=12.5)))
    assert (await feed())[-1][2]["url"] == B


async def test_machines_are_counted_apart_and_reported_once(world: World) -> None:
    send = await world.send()
    await record(opened(send, agent=Agent.APPLE_PRIVACY), opened(send, agent=Agent.GMAIL_PREFETCH))
    await record(
        opened(send, agent=Agent.APPLE_PRIVACY),
        clicked(send, agent=Agent.GATEWAY),
        clicked(send, B, agent=Agent.PROGRAM),
    )
    await record(clicked(send, A, NOW + timedelta(seconds=3)))
    assert await engagement(send) == Engagement(None, 0, 3, None, 0, 3)
    assert [(kind, data["machine"]) for kind, _, data in await feed()] == [
        ("OPENED", "APPLE_PRIVACY"),
        ("CLICKED", "GATEWAY"),
    ]
    await record(opened(send), clicked(send, A, LATER + timedelta(minutes=5)))
    assert [kind for kind, _, data in await feed() if "machine" not in data] == ["OPENED", "CLICKED"]


@pytest.mark.parametrize("together", [True, False])
async def test_a_gateway_that_clicks_all_links_is_found_with_its_second_click(world: World, together: bool) -> None:
    send = await world.send()
    person = clicked(send, "https://c.example/", LATER - timedelta(minutes=10))
    first, second = clicked(send, A, LATER), clicked(send, B, LATER + timedelta(seconds=4))
    third = clicked(send, A, LATER + timedelta(seconds=8))
    await record(person)
    if together:
        await record(first, second, third)
    else:
        await record(first)
        assert (await engagement(send)).clicks == 2
        await record(second)
        await record(third)
    assert await engagement(send) == Engagement(None, 0, 0, LATER - timedelta(minutes=10), 1, 3)
    corrections = [data for kind, _, data in await feed() if kind == "CLICKS_CORRECTED"]
    assert corrections == [{"urls": [A], "machine": "SEVERAL_LINKS"}]


@on_sqlite
async def test_a_late_earlier_click_corrects_too(world: World) -> None:
    send = await world.send()
    await record(clicked(send, B, LATER + timedelta(seconds=4)))
    await record(clicked(send, A, LATER))
    assert await engagement(send) == Engagement(None, 0, 0, None, 0, 2)


async def test_a_click_that_is_recorded_twice_counts_once(world: World) -> None:
    send = await world.send()
    hit = clicked(send)
    await record(hit)
    await record(hit)
    assert (await engagement(send)).clicks == 1


async def test_unknown_emails_are_left_out(world: World) -> None:
    send = await world.send()
    unknown = EmailHit("snd_nobody", opened(send).hit)
    good = opened(send)
    assert await record(unknown, good) == {good.hit.key}
    assert await record(unknown) == set()
    assert await record() == set()
    assert (await engagement(send)).opens == 1
    (row,) = await execute("SELECT count(*) AS n FROM engagement")
    assert row["n"] == 1


@on_sqlite
async def test_events_of_providers_are_judged_by_their_user_agent(world: World) -> None:
    send = await world.send()
    for key, details in (
        ("a", {"user_agent": CHROME}),
        ("b", {"user_agent": "Mozilla/5.0"}),
        ("c", {"user_agent": "curl/8.1"}),
        ("d", {}),
        ("e", {"detail": "a provider's words"}),
    ):
        await record(email_hit(key, ReportedKind.OPENED, LATER, send.id, details))
    assert await engagement(send) == Engagement(LATER, 3, 2, None, 0, 0)
    await record(email_hit("f", ReportedKind.CLICKED, LATER, send.id, {"user_agent": CHROME}))
    assert (await engagement(send)).clicks == 1


@on_sqlite
async def test_a_provider_can_say_that_a_program_opened(world: World) -> None:
    send = await world.send()
    event = ReportedEvent("a", ReportedKind.OPENED, LATER, email_id=send.id, user_agent=CHROME, machine=True)
    await record(email_hit("a", event.kind, LATER, send.id, event.details))
    assert (await engagement(send)) == Engagement(None, 0, 1, None, 0, 0)
    event = ReportedEvent("b", ReportedKind.OPENED, LATER, email_id=send.id)
    await record(email_hit("b", event.kind, LATER, send.id, event.details))
    assert (await engagement(send)) == Engagement(LATER, 1, 1, None, 0, 0), "without a User-Agent, a person's"


async def test_a_sandbox_has_its_own_clock(world: World) -> None:
    send = await world.send()
    virtual = NOW - timedelta(days=300)
    await Workspace.filter(id=send.workspace_id).update(sandbox=True, virtual_now=virtual)
    await Send.filter(id=send.id).update(sandbox=True, sent_at=virtual)
    await record(opened(send, LATER), clicked(send, A, LATER))
    assert await engagement(send) == Engagement(virtual, 1, 0, virtual, 1, 0)


async def test_many_emails_in_one_batch(world: World) -> None:
    sends = await Send.filter(sent_at__isnull=False)
    await record(*(opened(send, LATER + timedelta(minutes=n)) for n in range(200) for send in sends))
    assert [(await engagement(send)).opens for send in sends] == [200, 200]


async def test_processes_that_record_at_once_lose_no_open(world: World) -> None:
    sends = await Send.filter(sent_at__isnull=False).order_by("id")

    async def process(order: int) -> None:
        for minute in range(5):
            hits = [opened(send, LATER + timedelta(minutes=minute)) for send in sends[::order]]
            await record(*hits, *(clicked(send, f"{B}{order}", LATER + timedelta(minutes=minute)) for send in sends))

    await asyncio.gather(process(1), process(-1))
    for send in sends:
        counts = await engagement(send)
        assert (counts.opens, counts.clicks + counts.machine_clicks) == (10, 10)
