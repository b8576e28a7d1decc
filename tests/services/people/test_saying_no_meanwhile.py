"""A person who unsubscribes, bounces, is erased or merged after a request has read them gets none of its emails."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from api.models import Campaign, Person, Send, Sender, Task, TestEmail
from api.services.emails import emails
from api.services.emails.template_preview import PreviewRequest
from api.services.launches.launch import Choice, launch
from api.services.one_off_emails import sending as one_offs
from api.services.one_off_emails.drafts import NewEmail, create_email
from api.services.people.erasing import erase_person
from api.services.people.merging import merge_people
from api.services.people.people import create_person
from api.services.people.suppressions import suppress_address
from api.services.tasks import send_task_email
from api.services.test_email_sends import sending as test_sending
from strategies import Refusal
from tests.services.people.test_gone_meanwhile import before_transaction
from tests.services.world import NOW, World, make_world_with_task

CODES = {
    "unsubscribed": [("UNSUBSCRIBED", "to"), ("UNSUBSCRIBED", "id"), ("UNSUBSCRIBED", "id")],
    "bounced": [("BOUNCED", "to"), ("BOUNCED", "id"), ("BOUNCED", "id")],
    "erased": [("NOT_SCHEDULED", "id"), ("PERSON_ERASED", "id"), ("PERSON_ERASED", "id")],
    "merged": [("UNSUBSCRIBED", "to"), ("CHANGED_MEANWHILE", "id"), ("UNSUBSCRIBED", "id")],
}


@pytest.fixture
async def world(database: str) -> World:
    """A campaign with an EMAIL task on day 2, in which nothing is due."""
    world = await make_world_with_task()
    await Send.all().update(due_at=NOW + timedelta(days=9))
    return world


async def say_no(world: World, how: str, eve: Person, other: Person) -> None:
    context = world.context
    if how == "unsubscribed":
        await suppress_address(context, eve.email)
    elif how == "bounced":
        await Person.filter(id=eve.id).update(bounced_at=NOW)
    elif how == "erased":
        await erase_person(context, eve.id)
    else:
        await suppress_address(context, other.email)
        await merge_people(context, eve.id, other.id)


@pytest.mark.parametrize("how", CODES)
async def test_no_request_schedules_an_email_to_them(world: World, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    context, sender, campaign = world.context, await Sender.get(), await Campaign.get()
    requests: list[tuple[ModuleType, Callable[[list[str]], Awaitable[Any]]]] = [
        (one_offs, lambda ids: one_offs.send_email(context, ids[0])),
        (emails, lambda ids: emails.retry_send(context, ids[1])),
        (send_task_email, lambda ids: send_task_email.send_task(context, ids[2])),
    ]
    refused = []
    for module, request in requests:
        eve, other = [await create_person(context, f"{name}{len(refused)}@example.com") for name in ("eve", "other")]
        await launch(context, campaign.id, [eve.id], Choice(NOW + timedelta(hours=1)), {})
        new = NewEmail(person_id=eve.id, sender_id=sender.id, subject="Hello", html="<p>Hello</p>")
        draft, failed = [await create_email(context, new) for _ in range(2)]
        await Send.filter(id=failed.id).update(status="FAILED")
        ids = [draft.id, failed.id, (await Task.get(person_id=eve.id)).id]

        async def change(eve: Person = eve, other: Person = other) -> None:
            await say_no(world, how, eve, other)

        with monkeypatch.context() as patches, pytest.raises(Refusal) as problem:
            before_transaction(patches, module, change)
            await request(ids)
        refused.append((problem.value.code, *problem.value.path))
    assert refused == CODES[how]
    await world.tick(NOW + timedelta(hours=2))
    assert world.channel.left == [], "nor does the email of the campaign that was scheduled before"
    assert not await Send.filter(by_hand=True).exists()


async def test_no_test_email_goes_to_an_address_that_says_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unsubscribe() -> None:
        await suppress_address(world.context, "g@example.com")

    before_transaction(monkeypatch, test_sending, unsubscribe)
    with pytest.raises(Refusal) as refused:
        request = PreviewRequest(html="<p>x</p>", subject="Hi")
        await test_sending.send_test_email(world.context, request, "g@example.com")
    assert (refused.value.code, refused.value.path) == ("UNSUBSCRIBED", ("to",))
    assert (world.channel.left, await TestEmail.all().count()) == ([], 0)
