"""What was sent is kept byte for byte, whatever is edited later."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.mail.tracking.signed_urls import TrackingLinks, tracking_key
from api.models import Campaign, Person, Send, Sender, Step, Template, Workspace
from api.services.common.emails.recipient import Recipient
from api.services.common.emails.sent_messages import sent_messages
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.recovery.periodic_recovery import PeriodicRecovery
from api.services.emails.emails import resolve_in_doubt
from api.services.tasks.withdrawing import withdraw
from api.states import SendStatus, Tracking
from api.store.emails import sent_contents
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins.contract import Outcome, Outgoing, Receipt
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

TEMPLATE = {
    "subject": "Hi {{ first_name | default: 'you' }} in {{ city | default: 'town' }}",
    "html": "<p>Dear {{ first_name }}, it is {{ 'now' | date: '%Y-%m-%d' }}.</p>{% if city == 'Ulm' %}<p>Alaaf</p>"
    "{% endif %}<p><a href='https://example.com/{{ city | default: 'x' }}'>More</a></p>"
    + "<p>The same for all.</p>"
    * 30,
}


@pytest.fixture
async def world(database: str) -> World:
    """Three people with an email and a follow-up of it, tracked and with a link to unsubscribe."""
    world = await make_world(3, day=2, follow_up=True)
    await Campaign.all().update(tracking=Tracking.OPENS_AND_CLICKS)
    await Template.all().update(**TEMPLATE)
    for number, person in enumerate(await Person.all().order_by("id")):
        own = [{"city": "Köln"}, {"city": "Ulm"}, {"city": "Ulm", "a": "b"}]
        first_name = ["Ada", "Bo & <Co>", ""][number]
        await Person.filter(id=person.id).update(first_name=first_name, own_fields=own[number])

    def link(person: Person | Recipient) -> str:
        return f"https://t.example.com/unsubscribe/{person.workspace_id}/{person.email}"

    links = TrackingLinks("https://go.example.com", tracking_key("s" * 32), "https://t.example.com/unsubscribe/")
    world.runtime = replace(world.runtime, unsubscribe_url=link, tracking=links)
    return world


def recorded(world: World) -> dict[str, bytes]:
    """Return the messages that the channel gets, by the email's id."""
    arrived: dict[str, bytes] = {}

    async def arrives(outgoing: Outgoing) -> None:
        arrived[outgoing.send_id] = outgoing.message

    world.channel.during = arrives
    return arrived


async def kept(world: World, *ids: str) -> dict[str, bytes]:
    found = ids or await Send.all().values_list("id", flat=True)
    messages = await sent_messages(world.context.workspace_id, [str(each) for each in found])
    return {email_id: message.message for email_id, message in messages.items()}


async def rows(table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await execute(f"SELECT * FROM {table}")]


async def test_every_byte_stays_after_everything_was_edited(world: World) -> None:
    arrived = recorded(world)
    await world.tick()
    first = await world.send()
    written = {"subject": "Written {{ as it is }}", "html": "<p>By hand</p>"}
    await Send.filter(enrollment_id=first.enrollment_id, status="SCHEDULED").update(**written)
    await world.tick(NOW + timedelta(days=1))
    assert len(arrived) == 6
    await Template.all().update(subject="New", html="<p>New</p>", text="New")
    await Step.all().update(subject="New")
    await Person.all().update(first_name="New", email="new@example.com", own_fields={"city": "New"})
    await Sender.all().update(name="New", email="new@example.org")
    await Campaign.all().update(tracking=Tracking.OFF)
    await Workspace.all().update(unsubscribe_html="<a href='{{ unsubscribe_url }}'>New</a>")
    world.runtime = replace(world.runtime, tracking=None, unsubscribe_url=lambda _: None)
    assert await kept(world) == arrived
    other = await sent_messages("wsp_00000000000000000000000000", list(arrived))
    assert other == {}


@on_sqlite
async def test_a_base_is_kept_once_for_all_and_has_nobody_in_it(world: World) -> None:
    recorded(world)
    await world.tick()
    bases = await rows("message_base")
    (base,) = bases
    assert b"The same for all." in base["body"]
    assert not any(word in base["body"] for word in (b"ada@", b"Ada", b"snd_", b"K=C3=B6ln"))
    assert str(base["used_on"]) == str(NOW.date())
    sizes = [len(row["packed"]) for row in await rows("sent_content")]
    assert max(sizes) < 800


@on_sqlite
@pytest.mark.parametrize("outcome", [Outcome.IN_DOUBT, Outcome.SENT])
async def test_a_later_attempt_replaces_what_was_perhaps_sent(world: World, outcome: Outcome) -> None:
    arrived = recorded(world)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    assert await kept(world) == arrived
    email = await world.send()
    before = arrived[email.id]
    await Template.all().update(html="<p>Another</p>")
    world.channel.outcome = outcome
    await resolve_in_doubt(world.context, email.id, "RESEND")
    await world.tick()
    assert arrived[email.id] != before
    assert await kept(world) == arrived


@on_sqlite
async def test_what_is_not_transmitted_is_not_kept(world: World) -> None:
    await Sender.all().update(throttle_emails=1, throttle_seconds=60)
    arrived = recorded(world)
    world.channel.outcome = Outcome.DEFERRED  # before it asks to transmit
    await world.tick()
    assert await rows("sent_content") == []
    world.channel.outcome = Outcome.SENT
    await world.tick(NOW + timedelta(hours=1))
    assert len(arrived) == 1
    assert await kept(world) == arrived


@on_sqlite
async def test_a_channel_that_does_not_ask_is_kept_as_well(world: World) -> None:
    arrived: list[bytes] = []

    async def deliver(outgoing: Outgoing, _: object) -> Receipt:
        arrived.append(outgoing.message)
        return Receipt(Outcome.SENT, "SMTP_TEST", "Sent.")

    world.channel.deliver = deliver  # type: ignore[method-assign]
    await world.tick()
    assert sorted((await kept(world)).values()) == sorted(arrived)


async def test_contents_expire_and_their_bases_after_them(world: World) -> None:
    runtime = replace(world.runtime, content_days=30)
    arrived = recorded(world)
    await world.tick()
    for days, contents, bases in ((29, 3, 1), (31, 0, 1), (33, 0, 0)):
        later = replace(runtime, clock=lambda days=days: NOW + timedelta(days=days))
        await PeriodicRecovery(later, Backoff(), 0.0).run()
        assert (len(await rows("sent_content")), len(await rows("message_base"))) == (contents, bases)
    # The process remembers a base for a day only, so that it writes it again for the next email.
    await run_once(replace(runtime, clock=lambda: NOW + timedelta(days=34)), NOW + timedelta(days=34))
    assert len(await kept(world)) == 3
    assert set((await kept(world)).values()) < set(arrived.values())


async def test_without_the_setting_nothing_expires(world: World) -> None:
    await world.tick()
    later = replace(world.runtime, clock=lambda: NOW + timedelta(days=9_999))
    await PeriodicRecovery(later, Backoff(), 0.0).run()
    assert len(await rows("sent_content")) == 3


async def test_erasing_and_withdrawing_delete_the_content(world: World) -> None:
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    first, second, third = await Send.filter(status=SendStatus.IN_DOUBT).order_by("id")
    await sent_contents.erase([first.id])
    assert set(await kept(world)) == {second.id, third.id}
    async with transaction():
        await withdraw(world.enrollments[1], second, NOW)
    assert [row["send_id"] for row in await rows("sent_content")] == [third.id]


@on_sqlite
async def test_many_emails_expire_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_contents, "MAX_EXPIRED_ROWS", 2)
    await world.tick()
    after = NOW + timedelta(days=1)
    assert [await sent_contents.delete_expired(after) for _ in range(2)] == [True, False]
    assert await rows("sent_content") == []


async def test_a_large_email_is_kept(world: World) -> None:
    arrived = recorded(world)
    email = await world.send()
    await Send.filter(id=email.id).update(html=f"<p>{'é' * 70_000}</p>")
    await world.tick()
    assert len(arrived[email.id]) > 400_000
    assert await kept(world) == arrived
