"""What changes while an email is claimed and has not begun to leave changes the email as well."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy

import pytest

from api.models import Campaign, Person, Send, Sender, Step, Template
from api.services.campaigns.pausing.pausing import pause_campaign
from api.services.people.imports import start_import
from api.services.people.people import update_person
from api.services.templates.templates import create_template, update_template
from api.services.workspaces.senders import update_sender
from api.services.workspaces.workspaces import set_blocked_domains
from api.states import SendStatus
from plugins.contract import Outgoing
from tests.services.jobs.claims import run_import
from tests.services.world import NOW, World, make_world

SOON = NOW + timedelta(seconds=10)


@pytest.fixture
async def world(database: str) -> World:
    """Three people who are due now."""
    return await make_world(3)


async def arrives_after(
    world: World, change: Callable[[], Awaitable[object]], at: datetime = NOW
) -> list[tuple[str, str, str]]:
    """Change something while the first email is about to leave. Returns sender, recipient and body of what arrives."""
    arrived: list[tuple[str, str, str]] = []
    todo = [change]

    async def about_to_leave(_: Outgoing) -> None:
        if todo:
            await todo.pop()()

    async def arrives(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        body = message.get_body(("html",))
        assert body is not None
        arrived.append((outgoing.envelope_from, outgoing.recipient, body.get_content()))

    world.channel.before, world.channel.during = about_to_leave, arrives
    await world.tick(at)
    await world.tick(at + timedelta(seconds=10))
    return arrived


async def test_a_template(world: World) -> None:
    template = await Template.get()
    arrived = await arrives_after(world, lambda: update_template(world.context, template.id, html="<p>new</p>"))
    assert len(arrived) == 3
    assert all("new" in body for *_, body in arrived)


async def test_a_sender(world: World) -> None:
    sender = await Sender.get()
    arrived = await arrives_after(world, lambda: update_sender(world.context, sender.id, email="new@example.com"))
    assert [sender for sender, *_ in arrived] == ["new@example.com"] * 3


async def test_a_person_and_nobody_else(world: World) -> None:
    bob = await Person.get(email="bob@example.com")
    arrived = await arrives_after(world, lambda: update_person(world.context, bob.id, email="robert@example.com"))
    assert sorted(recipient for _, recipient, _ in arrived) == [
        "ada@example.com",
        "p2@example.com",
        "robert@example.com",
    ]


async def test_people_who_are_imported_again(world: World) -> None:
    await Template.all().update(html="<p>{{ city | default: 'nowhere' }}</p>")

    async def imported() -> None:
        started = await start_import(world.context, "email,city\nbob@example.com,Bonn\nnew@example.com,Ulm\n")
        await run_import(started, lambda: NOW)

    arrived = await arrives_after(world, imported)
    assert sorted((recipient[:3], "Bonn" in body) for _, recipient, body in arrived) == [
        ("ada", False),
        ("bob", True),
        ("p2@", False),
    ]


async def test_a_blocked_domain(world: World) -> None:
    arrived = await arrives_after(world, lambda: set_blocked_domains(world.context, ["example.com"]))
    assert arrived == []
    failed = await Send.filter(due_at__lte=SOON)
    assert {(send.status, send.reason) for send in failed} == {(SendStatus.FAILED, "BLOCKED_DOMAIN")}


async def test_what_comes_back_in_a_paused_campaign_is_on_hold(world: World) -> None:
    template = await Template.get()

    async def changed() -> None:
        await pause_campaign(world.context, (await Campaign.get()).id)
        await update_template(world.context, template.id, html="<p>new</p>")

    assert await arrives_after(world, changed) == []
    assert await Send.filter(held=True, status=SendStatus.SCHEDULED).count() == await Send.all().count()


async def test_what_was_given_back_costs_the_mail_server_nothing(world: World) -> None:
    template, tried = await Template.get(), list[str]()

    async def about_to_leave(outgoing: Outgoing) -> None:
        tried.append(outgoing.recipient)
        if len(tried) == 1:
            await update_template(world.context, template.id, subject="New")

    world.channel.before = about_to_leave
    await world.tick()
    assert (len(tried), world.channel.left) == (1, [])
    await world.tick(SOON)
    assert (len(tried), len(world.channel.left)) == (4, 3)


async def test_a_change_that_no_email_says_gives_nothing_back(world: World) -> None:
    template = await Template.get()
    other = await create_template(world.context, name="Unused", subject="x", html="<p>x</p>")

    async def changed() -> None:
        await update_template(world.context, template.id, name="Renamed")
        await update_template(world.context, other.id, html="<p>other</p>")

    async def about_to_leave(_: Outgoing) -> None:
        world.channel.before = None
        await changed()

    world.channel.before = about_to_leave
    await world.tick()
    assert len(world.channel.left) == 3


async def test_a_follow_up_is_written_anew_with_the_email_below_it(database: str) -> None:
    world = await make_world(1, day=1, follow_up=True)
    await world.tick()
    second = await create_template(world.context, name="Own", subject="", html="<p>body</p>")
    await Step.filter(follow_up=True).update(template_id=second.id)
    template = await Template.get(name="T")
    arrived = await arrives_after(world, lambda: update_template(world.context, template.id, html="<p>below</p>"), SOON)
    assert ["below" in body for *_, body in arrived] == [True]
