"""Emails of templates that are more than text and fields: worker processes render them, within limits."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from api.mail.message import message
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest
from api.models import Person, Send, Template
from api.services.dispatch.claim import batch_rendering
from api.services.dispatch.dispatcher import Dispatcher
from api.services.templates import rendering
from api.services.templates.rendering import write_slowly
from api.states import SendStatus
from api.worker_processes.limits import Limit, LimitExceededError, Limits, WorkersBusyError
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.parsing import watch
from tests.services.world import NOW, World, make_world

LONG = (
    "{% if city == 'long' %}{% for i in (1..900) %}A sentence of forty characters, or so. {% endfor %}{% endif %}"
    "<p>Dear {{ first_name | upcase }} of {{ city }}</p>"
)
"""An email of 35 KB for the people of a city that is called long."""
SMALL = Limits(output_bytes=20_000)
HANG = ("{% assign a = 'x' %}" + "{% for i in (1..900) %}{% assign a = a | append: a %}{% endfor %}") * 3
"""As it may have been stored by a release without limits."""


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Twelve people who are due now, on both databases."""
    world = await make_world(12)
    await Template.all().update(html=LONG)
    await Person.all().update(own_fields={"city": "Rome"})
    monkeypatch.setattr(rendering, "RENDER_LIMITS", SMALL)
    return world


def arrived(world: World) -> dict[str, str]:
    """Return the dictionary in which the text of emails arrives, by recipient."""
    texts: dict[str, str] = {}

    async def arrives(outgoing: Outgoing) -> None:
        body = message_from_bytes(outgoing.message, policy=policy.default).get_body(("plain",))
        assert body is not None
        texts[outgoing.recipient] = body.get_content().splitlines()[0]

    world.channel.during = arrives
    return texts


async def now_sends(world: World) -> list[Send]:
    return await Send.filter(workspace_id=world.context.workspace_id, due_at__lt=NOW + timedelta(days=1)).order_by("id")


async def test_each_gets_their_own_email_in_few_calls(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    async def counted(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        calls.append(len(orders))
        return await write_slowly(key, orders)

    monkeypatch.setattr(batch_rendering, "write_slowly", counted)
    for person in await Person.all():
        await Person.filter(id=person.id).update(first_name=person.email.partition("@")[0])
    texts, here = arrived(world), watch(monkeypatch)
    await world.tick()
    names = ["ada", "bob", *(f"p{number}" for number in range(2, 12))]
    assert texts == {f"{name}@example.com": f"Dear {name.upper()} of Rome" for name in names}
    assert sum(calls) == 12
    assert len(calls) <= 2
    assert not [source for source in here if "{%" in source]


async def test_one_persons_values_break_a_limit_for_that_person_only(world: World) -> None:
    await Person.filter(email__in=["bob@example.com", "p7@example.com"]).update(own_fields={"city": "long"})
    texts = arrived(world)
    await world.tick()
    assert len(texts) == 10
    failed = [send for send in await now_sends(world) if send.status is SendStatus.FAILED]
    assert {send.reason for send in failed} == {"TEMPLATE_LIMIT"}
    assert len(failed) == 2
    assert "Its result has more than" in failed[0].detail


@on_sqlite
async def test_what_breaks_a_limit_never_comes_back_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await Template.all().update(html=HANG)
    # One was being rendered when its process was killed.
    (first, *_) = await now_sends(world)
    killed = {"status": SendStatus.CLAIMED, "attempt_id": "att_killed", "lease_until": NOW - timedelta(minutes=1)}
    await Send.filter(id=first.id).update(**killed)
    here = watch(monkeypatch)
    for minutes in (0, 10, 600):
        await world.tick(NOW + timedelta(minutes=minutes))
        assert {(each.status, each.reason) for each in await now_sends(world)} == {
            (SendStatus.FAILED, "TEMPLATE_LIMIT")
        }
    assert world.channel.left == []
    assert not [source for source in here if "{%" in source]


@on_sqlite
async def test_stopping_gives_back_what_is_being_rendered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def never(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        begun.set()
        await asyncio.Event().wait()
        return []

    with monkeypatch.context() as patch:
        patch.setattr(batch_rendering, "write_slowly", never)
        dispatcher = Dispatcher(world.runtime)
        await dispatcher.step(NOW)
        async with asyncio.timeout(30):
            await begun.wait()
        await dispatcher.stop()
    waiting = await now_sends(world)
    assert {(send.status, send.attempts, send.lease_until) for send in waiting} == {(SendStatus.SCHEDULED, 0, None)}
    await world.tick()
    assert len(world.channel.left) == 12


@on_sqlite
async def test_emails_wait_while_the_workers_are_busy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        raise WorkersBusyError

    with monkeypatch.context() as patch:
        patch.setattr(batch_rendering, "write_slowly", busy)
        await world.tick()
    waiting = await now_sends(world)
    assert {(send.status, send.attempts, send.reason) for send in waiting} == {(SendStatus.SCHEDULED, 0, "TOO_BUSY")}
    await world.tick(NOW + timedelta(seconds=5))
    assert len(world.channel.left) == 12


@on_sqlite
async def test_a_machine_that_stalls_fails_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stalled(*_: object, **__: object) -> list[RenderedEmail | RenderFailure]:
        raise LimitExceededError(Limit.TIME)

    with monkeypatch.context() as patch:
        patch.setattr(rendering, "run", stalled)
        await world.tick()
    assert {send.status for send in await now_sends(world)} == {SendStatus.DEFERRED}
    await world.tick(NOW + timedelta(minutes=10))
    assert len(world.channel.left) == 12


@on_sqlite
async def test_a_long_template_of_text_and_fields_is_read_by_a_worker_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "RENDER_LIMITS", replace(SMALL, output_bytes=1))  # no email is rendered by a worker
    paragraphs = "<p>A paragraph of a long letter.</p>" * 900
    await Template.all().update(html=f"<p>Dear {{{{ first_name }}}} of {{{{ city }}}}</p>{paragraphs}")
    texts, here = arrived(world), watch(monkeypatch)
    await world.tick()
    assert set(texts.values()) == {"Dear of Rome"}
    assert len(texts) == 12
    assert not [source for source in here if len(source) > 1_000]


async def test_an_email_that_is_too_large_fails_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await Template.all().update(html="<p>Dear {{ first_name }}</p>" + "<p>\u20ac</p>" * 100)
    arrived_there = arrived(world)
    monkeypatch.setattr(message, "MAX_EMAIL_BYTES", 1_000)
    for minutes in (0, 90):
        await world.tick(NOW + timedelta(minutes=minutes))
        sends = await now_sends(world)
        assert {(send.status, send.reason) for send in sends} == {(SendStatus.FAILED, "EMAIL_TOO_LARGE")}
    assert not arrived_there
