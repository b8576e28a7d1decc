"""The signature and the other texts of a sender, in the emails that are sent and in compose windows."""

from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from api.models import Campaign, Person, Send, Sender, Task, Template
from api.services.campaigns.campaigns import add_step
from api.services.dispatch.dispatcher import run_once
from api.services.emails.scheduled_emails import edit_email
from api.services.tasks.composing import compose
from api.services.tasks.send_task_email import send_task
from api.services.workspaces.senders import create_sender, update_sender
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content
from tests.services.dispatch.test_unsubscribe_links import link_of
from tests.services.emails.scheduled import refusal
from tests.services.world import NOW, World, make_world

SIGNATURE = '<p>Grace Hopper<br><a href="https://acme.example/">ACME</a></p>'


@pytest.fixture
async def world(database: str) -> World:
    """One person with a first email that is due now, and a follow-up."""
    world = await make_world(1, day=1, follow_up=True)
    await update_sender(world.context, (await Sender.get()).id, title="Head of Sales", signature=SIGNATURE)
    return world


async def sent(world: World) -> list[tuple[str, str]]:
    """Send what is due. Returns text and HTML of each email."""
    parts: list[tuple[str, str]] = []

    async def arrives(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        found = [message.get_body((kind,)) for kind in ("plain", "html")]
        text, html = (part.get_content().replace("\r\n", "\n") for part in found if part is not None)
        parts.append((text, html))

    world.channel.during = arrives
    for seconds in (0, 5):  # a follow-up waits for the email before it
        await run_once(world.runtime, NOW + timedelta(seconds=seconds))
    return parts


async def test_an_email_ends_with_the_signature_above_the_quote_and_the_line_to_unsubscribe(world: World) -> None:
    await Template.all().update(html="<p>Hi {{ first_name }}</p>", text=None)
    object.__setattr__(world.runtime, "unsubscribe_url", link_of)
    (text, html), (second, _) = await sent(world)
    assert html.startswith("<p>Hi ")
    assert "Grace Hopper<br>" in html
    assert text.index("Hi") < text.index("Grace Hopper") < text.index("Unsubscribe")
    assert second.count("Grace Hopper") == 2, "its own signature, and that of the quoted email"
    assert second.index("Grace Hopper") < second.index("wrote:") < second.index("> Grace Hopper")


async def test_a_template_places_it_with_the_other_fields_of_the_sender(world: World) -> None:
    source = (
        "<p>{{ my_name }}, {{ my_title }}, {{ my_email }} for {{ company_friendly }}.</p>"
        "<div>{{ my_signature }}</div><p>PS</p>"
    )
    await Template.all().update(html=source, text="{{ my_signature | upcase }}|{{ company_friendly }}", subject="x")
    await Person.all().update(company="Engines, Inc.")
    (text, html), *_ = await sent(world)
    name = (await Sender.get()).name
    assert f"{name}, Head of Sales, {(await Sender.get()).email} for Engines." in html
    assert html.index("</div>") > html.index("Grace Hopper")
    assert html.count("ACME") == 1
    assert "GRACE HOPPER" in text
    assert text.splitlines()[-1].endswith("|Engines") or "|Engines" in text


@on_sqlite
async def test_fields_of_a_sender_without_texts_are_blank(world: World) -> None:
    await update_sender(world.context, (await Sender.get()).id, title=None, signature="")
    await Template.all().update(html="<p>[{{ my_title }}{{ my_signature }}] {{ company_friendly }}</p>", text=None)
    (text, _), *_ = await sent(world)
    assert text.startswith("[] your company")


async def test_compose_shows_it_and_a_written_text_stays_as_it_is(world: World) -> None:
    await Template.all().update(html="<p>Hi</p>", text=None, subject="x")
    first = await Send.filter(step__number=1).get()
    await edit_email(world.context, first.id, html="<p>Mine</p>")
    await add_step(world.context, (await Campaign.get()).id, day=1, send_option="task", **await content())
    (text, _), (second, _) = await sent(world)
    assert "Grace Hopper" not in text
    assert "> Grace" in second, "a follow-up quotes the template"
    task = await Task.get()
    seen = await compose(world.context, task.id)
    assert "Grace Hopper<br>" in seen.html
    assert "Grace Hopper<br>" in seen.signature
    await update_sender(world.context, (await Sender.get()).id, signature="<p>New</p>")
    sending = await send_task(world.context, task.id, html=seen.html)
    assert "Grace Hopper" in (sending.html or "")
    assert "New" not in (sending.html or "")


async def test_a_new_signature_is_in_emails_that_are_rendered_later(world: World) -> None:
    await update_sender(world.context, (await Sender.get()).id, signature="<p>New words</p>", append_signature=None)
    (text, _), *_ = await sent(world)
    assert "New words" in text
    off = await update_sender(world.context, (await Sender.get()).id, append_signature=False)
    assert off.signature == "<p>New words</p>"


@on_sqlite
@pytest.mark.parametrize("html", ["{{ my_name }}", "a {% if %}", "&#123;&#123; x }}", "<p>{<b>{ x</b></p>", "{# x #}"])
async def test_a_signature_is_no_template(world: World, html: str) -> None:
    sender = await Sender.get()
    assert await refusal(update_sender(world.context, sender.id, signature=html)) == ("INVALID_TEXT", ("signature",))
    assert (await Sender.get()).signature == sender.signature


@on_sqlite
async def test_what_a_signature_can_be(world: World) -> None:
    given: dict[str, Any] = {"name": "A", "email": "a@example.com", "zone": "UTC", "channel": "record"}
    made = await create_sender(world.context, **given, signature="<p onclick='x()'>A<script>b</script></p>")
    assert made.signature == "<p>A</p>"
    too_long = update_sender(world.context, made.id, signature="x" * 8_001)
    assert await refusal(too_long) == ("TOO_LONG", ("signature",))
    assert await refusal(update_sender(world.context, made.id, title="a\nb")) == ("INVALID_TEXT", ("title",))
