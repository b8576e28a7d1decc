"""Emails of campaigns that track opens and clicks, from the claim to the redirect, on both databases."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from api.mail.tracking.signed_urls import EmailTracking, TrackingLinks, clicked_target, encode_target, tracking_key
from api.models import Campaign, Send, Template
from api.states import SendStatus, Tracking
from api.store.engine.sql import execute
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.mail.tracking.test_links import TRACKED
from tests.services.world import NOW, World, make_world

KEY = tracking_key("x7Qp2mVz9LrTs4WkYb6NcJd8HgFe1AuR")
LINKS = TrackingLinks("https://go.example.com", KEY, "")
HTML = '<p>Hi {{ first_name }}, <a href="https://a.example/?who={{ email }}&amp;x=1">see</a></p>'
SIMPLE = '<p>Hi {{ first_name }}, <a href="https://a.example/?x=1">see</a></p>'
LOGIC = '{% if email %}<p><a href="https://a.example/?x=1">see</a></p>{% endif %}'


@pytest.fixture
async def world(database: str) -> World:
    world = await make_world(2)
    return replace(world, runtime=replace(world.runtime, tracking=LINKS))


async def sent(world: World) -> dict[str, str]:
    """Send what is due, and return the HTML of each email by recipient."""
    found: dict[str, str] = {}

    async def note(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        body = message.get_body(("html",))
        assert body is not None
        found[outgoing.recipient] = body.get_content()

    world.channel.during = note
    await world.tick()
    assert await Send.filter(status=SendStatus.SENT).count() == len(found) == 2
    return found


@pytest.mark.parametrize("html", [SIMPLE, HTML, LOGIC])
@pytest.mark.parametrize("tracking", list(Tracking))
async def test_links_lead_through_the_tracking_server(world: World, html: str, tracking: Tracking) -> None:
    await Template.all().update(html=html)
    await Campaign.all().update(tracking=tracking)
    for recipient, body in (await sent(world)).items():
        send = await Send.get(recipient=recipient, status=SendStatus.SENT)
        links = [match.groups()[1:] for match in TRACKED.finditer(body)]
        target = "https://a.example/?x=1" if html != HTML else f"https://a.example/?who={recipient}&x=1"
        if tracking is Tracking.OFF:
            assert "go.example.com" not in body
            assert target.replace("&", "&amp;") in body
        else:
            assert [link[0] for link in links] == [send.id]
            assert clicked_target([KEY], *links[0]) == target
        assert (f"https://go.example.com/open/{send.id}/" in body) is (tracking is Tracking.OPENS_AND_CLICKS)


@on_sqlite
async def test_without_a_tracking_url_nothing_is_tracked_and_nothing_is_asked(world: World) -> None:
    await Template.all().update(html=SIMPLE)
    await Campaign.all().update(tracking=Tracking.OPENS_AND_CLICKS)
    for body in (await sent(replace(world, runtime=replace(world.runtime, tracking=None)))).values():
        assert "go.example.com" not in body


async def test_a_pasted_link_counts_for_nobody_else(world: World) -> None:
    other = EmailTracking(LINKS, "snd_other", True)
    target = encode_target("https://a.example/?x=1&y=2")
    assert target is not None
    links = f'<a href="{other.click_url(target)}">see</a> <a href="https://b.example/">b</a>'
    pasted = f'<p>{links}</p><img src="{other.pixel_url}">'
    await Send.filter(status=SendStatus.SCHEDULED).update(html=pasted)
    for body in (await sent(world)).values():
        assert "go.example.com" not in body
        assert 'href="https://a.example/?x=1&amp;y=2"' in body
        assert 'href="https://b.example/"' in body


async def test_a_change_applies_to_emails_that_are_rendered_later(world: World) -> None:
    await Template.all().update(html=SIMPLE)
    await sent(world)
    await Campaign.all().update(tracking=Tracking.CLICKS)
    await execute("UPDATE send SET due_at = $1 WHERE status = 'SCHEDULED'", NOW)
    world.channel.during = None
    found: list[bytes] = []

    async def note(outgoing: Outgoing) -> None:
        found.append(outgoing.message)

    world.channel.during = note
    await world.tick()
    assert len(found) == 2
    assert all(b"go.example.com" in message for message in found)
