"""A person who is erased or merged while another request writes something for them: nothing is written for nobody."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, GroupMember, Person, Send, Sender, Task
from api.services.emails import emails
from api.services.launches import launch as launches
from api.services.launches.launch_planner import Choice
from api.services.one_off_emails import drafts
from api.services.one_off_emails.drafts import NewEmail
from api.services.people import groups, people
from api.services.people.erasing import erase_person
from api.services.people.merging import merge_people
from api.services.tasks import manual_tasks
from plugins.contract import Outgoing
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

Act = Callable[[], Awaitable[Any]]


@pytest.fixture
async def world(database: str) -> World:
    return await make_world()


def before_transaction(monkeypatch: pytest.MonkeyPatch, module: ModuleType, act: Act) -> None:
    """Let something happen before the first transaction of a module, when it has read what it needs."""
    begin, acts = module.transaction, [act]

    @asynccontextmanager
    async def later(*args: Any) -> AsyncIterator[Any]:
        if acts:
            await acts.pop()()
        async with begin(*args) as opened:
            yield opened

    monkeypatch.setattr(module, "transaction", later)


@pytest.mark.parametrize("how", ["erased", "merged"])
async def test_nothing_is_written_for_a_person_who_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    sender, campaign, context = await Sender.get(), await Campaign.get(), world.context
    group, ada = await groups.create_group(context, "G"), await Person.get(email="ada@example.com")

    def new(person_id: str) -> NewEmail:
        return NewEmail(person_id=person_id, sender_id=sender.id, subject="Hello", html="<p>Hello</p>")

    draft = await drafts.create_email(context, new(ada.id))
    task: dict[str, Any] = {"assignee_id": sender.id, "kind": StepType.CALL, "name": "x", "due_date": date(2026, 3, 3)}
    requests: list[tuple[ModuleType, tuple[str, ...], Callable[[str], Awaitable[Any]]]] = [
        (launches, ("personIds", "0"), lambda id_: launches.launch(context, campaign.id, [id_], Choice("NOW"), {})),
        (drafts, ("personId",), lambda id_: drafts.create_email(context, new(id_))),
        (drafts, ("personId",), lambda id_: drafts.update_email(context, draft.id, person_id=id_)),
        (manual_tasks, ("personId",), lambda id_: manual_tasks.create_task(context, person_id=id_, **task)),
        (groups, ("id",), lambda id_: groups.add_person(context, id_, group.id)),
        (people, ("id",), lambda id_: people.update_person(context, id_, email="new@example.com")),
    ]
    for module, path, request in requests:
        eve, other = [await people.create_person(context, f"{name}@example.com") for name in ("eve", "other")]

        async def leave(eve: str = eve.id, other: str = other.id) -> None:
            await (erase_person(context, eve) if how == "erased" else merge_people(context, eve, other))

        with monkeypatch.context() as patches, pytest.raises(Refusal) as refused:
            before_transaction(patches, module, leave)
            await request(eve.id)
        assert (refused.value.code, refused.value.path) == ("NOT_FOUND", path)
        for model in (Enrollment, Send, Task, GroupMember):
            assert not await model.filter(person_id__in=[eve.id, other.id]).exists()
        assert not await Person.filter(id=eve.id, email__not="").exists()
        await Person.filter(id=other.id).delete()
    assert (await Send.get(id=draft.id)).person_id == ada.id


async def test_an_email_whose_person_is_merged_while_it_is_retried_or_edited(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, context = await Sender.get(), world.context
    eve, other = [await people.create_person(context, f"{name}@example.com") for name in ("eve", "other")]
    new = NewEmail(person_id=eve.id, sender_id=sender.id, subject="Hello", html="<p>Hello</p>")
    draft, failed = [await drafts.create_email(context, new) for _ in range(2)]
    await Send.filter(id=failed.id).update(status="FAILED")

    async def merge() -> None:
        await merge_people(context, eve.id, other.id)

    before_transaction(monkeypatch, drafts, merge)
    assert (await drafts.update_email(context, draft.id, subject="New")).person_id == other.id
    again = await people.create_person(context, "eve@example.com")
    await Send.filter(id=failed.id).update(person_id=again.id)

    async def merge_again() -> None:
        await merge_people(context, again.id, other.id)

    before_transaction(monkeypatch, emails, merge_again)
    with pytest.raises(Refusal, match="CHANGED_MEANWHILE"):
        await emails.retry_send(context, failed.id)
    assert (await emails.retry_send(context, failed.id)).person_id == other.id


@on_sqlite
async def test_nobody_is_merged_while_an_email_to_them_is_transmitted(world: World) -> None:
    ada = world.enrollments[0].person_id
    other = await people.create_person(world.context, "other@example.com")
    codes: list[str] = []

    async def merge(_: Outgoing) -> None:
        with pytest.raises(Refusal) as refused:
            await merge_people(world.context, ada, other.id)
        codes.append(refused.value.code)
        world.channel.during = None

    world.channel.during = merge
    await world.tick()
    assert codes == ["EMAIL_LEAVING"]
    await merge_people(world.context, ada, other.id)
    assert await Event.filter(kind="EMAIL_SENT", person_id=other.id).count() == 1
    assert world.channel.left.count("ada@example.com") == 1
    await world.tick(NOW + timedelta(days=1))
    assert "other@example.com" not in world.channel.left
