"""What a rep wrote is sent as they saw it: never rendered a second time, and never with a field prompt in it."""

import importlib
from email import message_from_bytes, policy
from html import unescape
from typing import Any

import pytest

from api.models import Campaign, Person, Send, Task, Template
from api.services.campaigns.campaigns import add_step
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.composing import compose
from api.services.tasks.send_task_email import send_task
from api.services.templates.templates import create_template
from api.states import SendStatus
from api.store.engine.sql import execute
from plugins.contract import Outgoing
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.tasks.test_send_task_email import DAY, HOUR
from tests.services.world import NOW, World, make_world, make_world_with_task

HOSTILE = ["{% Agency %}", "{{ Brackets }} Inc", "{{ email }}", "{{! Inc }}", "{{ unclosed", "{% raw %}", 'A & <B> "C"']


@pytest.fixture
async def world(database: str) -> World:
    """One person whose first email has left, with an EMAIL task on day 2."""
    return await make_world_with_task(sent=True)


async def arriving(world: World, at: Any = NOW) -> list[tuple[str, str, str]]:
    """Return subject, text and HTML of what leaves."""
    arrived: list[tuple[str, str, str]] = []

    async def arrives(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        said = [part.get_content().replace("\r\n", "\n") for part in (text, html)]
        arrived.append((message["Subject"], said[0], said[1]))

    world.channel.during = arrives
    await later(world, at).tick(at)
    return arrived


@pytest.mark.parametrize("company", HOSTILE)
async def test_what_a_rep_saw_is_what_leaves(world: World, company: str) -> None:
    await Template.all().update(subject="For {{ company }}", html="<p>Dear {{ first_name }} of {{ company }}</p>")
    await Person.all().update(company=company, first_name="{{ email }}")
    task = await Task.get()
    seen = await compose(world.context, task.id)
    assert seen.subject == f"For {company}"
    assert seen.prompts == ()
    await send_task(world.context, task.id, subject=seen.subject, html=seen.html)
    ((subject, text, html),) = await arriving(world)
    assert (subject, text, unescape(html)) == (seen.subject, seen.text, unescape(seen.html) + "\n")
    assert f"Dear {{{{ email }}}} of {company}" in seen.text


@on_sqlite
@pytest.mark.parametrize("words", ["{{ anything", "{% if %}", "{{ city }}", "100 %} off {{"])
async def test_a_rep_may_write_what_is_no_template(world: World, words: str) -> None:
    await send_task(world.context, (await Task.get()).id, subject=f"About {words}", html=f"<p>{words}</p>")
    assert [(subject, words in text, words in html) for subject, text, html in await arriving(world)] == [
        (f"About {words}", True, True)
    ]


@on_sqlite
async def test_what_a_rep_wrote_is_made_safe(world: World) -> None:
    html = '<p onclick="x()">Hi<script>alert(1)</script> <a href="javascript:x()">go</a></p>'
    await send_task(world.context, (await Task.get()).id, html=html)
    ((_, _, left),) = await arriving(world)
    assert "Hi" in left
    assert not any(bad in left for bad in ("script", "onclick"))


@on_sqlite
async def test_only_what_was_not_edited_is_rendered(world: World) -> None:
    await Template.all().update(subject="For {{ email }}", html="<p>x</p>")
    await send_task(world.context, (await Task.get()).id, html="<p>{{ email }}</p>")
    ((subject, text, _),) = await arriving(world)
    assert (subject, text) == ("For ada@example.com", "{{ email }}\n")


async def test_a_follow_up_quotes_once_what_the_rep_saw_below_the_email(world: World) -> None:
    await Template.all().update(html="<p>template</p>")
    own = await create_template(world.context, name="Own", subject="", html="<p>mine</p>")
    campaign = (await Campaign.get()).id
    await add_step(world.context, campaign, day=2, position=2, send_option="task", follow_up=True, step_type="EMAIL",
                   template_id=own.id)  # fmt: skip
    await send_task(world.context, (await Task.get()).id, html="<p>edited</p>")
    await world.tick()
    task = await Task.get(step__template_id=own.id)
    seen = await compose(world.context, task.id)
    assert "template" not in seen.html
    assert "template" in (seen.quoted_html or "")
    assert "template" in (seen.quoted_text or "")
    await send_task(world.context, task.id, subject=seen.subject, html=seen.html)
    ((subject, text, html),) = await arriving(world)
    assert (subject, text.count("template"), html.count("template")) == ("Re: Hi you", 1, 1)
    assert text == f"{seen.text.rstrip()}\n\n{seen.quoted_text}"
    assert "edited" not in text + html


@on_sqlite
async def test_a_prompt_stops_an_automatic_email_with_a_reason(database: str) -> None:
    world = await make_world(1)
    await Template.all().update(
        html="<p>{{! Introduce yourself }} {% if title == 'VIP' %}{{! About the city }}{% endif %}</p>"
    )
    await world.tick()
    send = await world.send()
    assert (send.status, send.reason) == (SendStatus.FAILED, "FIELD_PROMPT_LEFT")
    assert "{{! Introduce yourself }}" in send.detail
    assert "city" not in send.detail
    assert world.channel.left == []


async def test_compose_shows_the_prompts_that_are_left_and_sending_now_is_refused(world: World) -> None:
    html = "<p>{{! Introduce&nbsp;<b>yourself</b> }} and {{! Say &quot;hi&quot; }} {{! Introduce yourself }}</p>"
    await create_template(world.context, name="With prompts", subject="{{! Subject }}", html=html)
    await Template.all().update(html=html, subject="{{! Subject }} for {{ email }}")
    task = await Task.get()
    seen = await compose(world.context, task.id)
    assert list(seen.prompts) == ["Subject", "Introduce yourself", 'Say "hi"']
    assert seen.subject == "{{! Subject }} for ada@example.com"
    before = await Send.all().count()
    for edited in ({}, {"html": seen.html, "subject": "x"}, {"html": "<p>x</p>"}):
        with pytest.raises(Refusal) as refused:
            await send_task(world.context, task.id, **edited)
        assert refused.value.code == "FIELD_PROMPT_LEFT"
    assert await Send.all().count() == before
    await send_task(world.context, task.id, subject="Hello", html="<p>I am Grace.</p>")
    assert [subject for subject, *_ in await arriving(world)] == ["Hello"]


@on_sqlite
async def test_a_prompt_stops_what_a_rep_scheduled(world: World) -> None:
    await send_task(world.context, (await Task.get()).id, html="<p>{{!\nMore&nbsp;}}</p>", at=NOW + DAY)
    assert await arriving(world, NOW + DAY + HOUR) == []
    send = await Send.get(by_hand=True)
    assert (send.status, send.reason) == (SendStatus.FAILED, "FIELD_PROMPT_LEFT")


async def test_what_is_quoted_is_not_stopped_by_a_prompt_that_the_rep_had_answered(database: str) -> None:
    world = await make_world(1, day=1, follow_up=True)
    own = await create_template(world.context, name="Own", subject="", html="<p>mine</p>")
    await Template.exclude(id=own.id).update(html="<p>One {{! Introduce yourself }} two</p>")
    await execute("UPDATE step SET template_id = $1 WHERE follow_up", own.id)
    await Send.filter(step__follow_up=False).update(status="SENT", message_id="<a@b>", sent_at=NOW)
    ((_, text, html),) = await arriving(world)
    assert "> One  two" in text or "> One two" in text
    assert "{{!" not in text + html


async def test_what_was_scheduled_by_hand_before_stays_a_template(world: World) -> None:
    person = await create_person(world.context, "grace@example.com")
    await launch(world.context, (await Campaign.get()).id, [person.id], Choice("NOW"), {})
    for task in await Task.all():
        await send_task(world.context, task.id, html="<p>To {{ email }}</p>", at=NOW + DAY)
    theirs = await Send.filter(by_hand=True).order_by("id")
    assert [send.written_as_template for send in theirs] == [False, False]
    migration = importlib.import_module("api.migrations.0009_rep_texts").Migration
    await execute(migration.operations[1].sql)
    changed = await Send.filter(written_as_template=True).values_list("id", flat=True)
    assert sorted(changed) == [send.id for send in theirs]
    await Send.filter(id=theirs[1].id).update(written_as_template=False)
    left = sorted(text.strip() for _, text, _ in await arriving(world, NOW + DAY))
    assert [text for text in left if text.startswith("To ")] == ["To ada@example.com", "To {{ email }}"]
