"""An unsubscribe at the same moment as a launch, an import, a rename or a transmission: one comes first."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.models import Enrollment, Person, Send, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.emails.emails import retry_send
from api.services.launches.background import background_enrolling, background_launch
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.imports import start_import
from api.services.people.people import create_person, update_person
from api.services.people.suppressions import suppress_address, unsubscribe
from api.services.tasks.send_task_email import send_task
from api.states import SendStatus
from api.store.dispatch import claims, transmissions
from api.store.engine.transactions import transaction
from plugins.contract import Outcome
from strategies import Refusal, StepType
from tests.services.jobs.claims import claim_import, claim_launch, run_import, run_launch
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)


on_postgres = pytest.mark.parametrize("database_kind", ["postgres"])


async def other_campaign(world: World) -> str:
    """A campaign of two calls."""
    campaign = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    for day in (1, 2):
        await add_step(world.context, campaign.id, day=day, step_type=StepType.CALL)
    return campaign.id


async def nothing_goes_on(email_key: str) -> None:
    """Whoever has the address is in no campaign that could send."""
    person = await Person.get(email_key=email_key)
    assert await Enrollment.filter(person_id=person.id, status="ACTIVE").count() == 0
    assert await Send.filter(person_id=person.id, status__in=["SCHEDULED", "DEFERRED", "CLAIMED"]).count() == 0
    assert await Task.filter(person_id=person.id, status="OPEN").count() == 0


@on_postgres
async def test_a_rename_beside_an_unsubscribe_comes_before_or_after_it(database: str, database_kind: str) -> None:
    world = await make_world(1)
    person = world.enrollments[0].person_id
    async with transaction():
        await suppress_address(world.context, "new@example.com")
        late = beside(update_person(world.context, person, email="new@example.com"))
        assert await waits_for_us(late)
    await late
    await nothing_goes_on("new@example.com")


@on_postgres
async def test_an_unsubscribe_beside_a_rename_comes_before_or_after_it(database: str, database_kind: str) -> None:
    world = await make_world(1)
    person = world.enrollments[0].person_id
    async with transaction():
        await update_person(world.context, person, email="new@example.com")
        late = beside(suppress_address(world.context, "new@example.com"))
        assert await waits_for_us(late)
    await late
    await nothing_goes_on("new@example.com")


@on_postgres
@pytest.mark.parametrize("imported", [True, False])
async def test_who_is_added_and_launched_beside_an_unsubscribe_is_ended(
    database: str, database_kind: str, imported: bool
) -> None:
    world = await make_world(1)
    campaign = await other_campaign(world)
    await start_import(world.context, "email\neve@example.com\n")
    row = await claim_import(NOW)
    assert row is not None
    async with transaction():
        if imported:
            await run_import(row, lambda: NOW)
            eve = (await Person.get(email="eve@example.com")).id
        else:
            eve = (await create_person(world.context, "eve@example.com")).id
        late = beside(suppress_address(world.context, "eve@example.com"))
        assert await waits_for_us(late)
        await launch(world.context, campaign, [eve], Choice(), {})
    await late
    await nothing_goes_on("eve@example.com")


@on_postgres
async def test_who_is_imported_beside_an_unsubscribe_is_reported(database: str, database_kind: str) -> None:
    world = await make_world(1)
    await start_import(world.context, "email\neve@example.com\n")
    row = await claim_import(NOW)
    assert row is not None
    async with transaction():
        await suppress_address(world.context, "eve@example.com")
        late = beside(run_import(row, lambda: NOW))
        assert await waits_for_us(late)
    assert (await late).suppressed == 1


@on_postgres
async def test_an_unsubscribe_beside_a_chunk_of_a_launch_ends_whom_it_enrolls(
    database: str, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(1)
    campaign = await other_campaign(world)
    eve = await create_person(world.context, "eve@example.com")
    await start_launch(world.context, campaign, [eve.id], Choice())
    row = await claim_launch(NOW)
    assert row is not None
    enroll, late = background_enrolling.enroll, []

    async def then_unsubscribes(*given: Any) -> Any:
        late.append(beside(unsubscribe(world.context, eve.id)))
        assert await waits_for_us(late[0])
        return await enroll(*given)

    monkeypatch.setattr(background_enrolling, "enroll", then_unsubscribes)
    await run_launch(row, world.runtime.context, lambda: NOW)
    await late[0]
    assert (await Enrollment.get(person_id=eve.id)).end_reason == "UNSUBSCRIBED"
    await nothing_goes_on("eve@example.com")


@on_postgres
async def test_a_chunk_of_a_launch_beside_an_unsubscribe_leaves_them_out(database: str, database_kind: str) -> None:
    world = await make_world(1)
    campaign = await other_campaign(world)
    eve = await create_person(world.context, "eve@example.com")
    await start_launch(world.context, campaign, [eve.id], Choice())
    row = await claim_launch(NOW)
    assert row is not None
    async with transaction():
        await unsubscribe(world.context, eve.id)
        late = beside(run_launch(row, world.runtime.context, lambda: NOW))
        assert await waits_for_us(late)
    await late
    assert await background_launch.left_out_by_code(row.id) == {"UNSUBSCRIBED": 1}


@on_postgres
async def test_an_email_that_is_about_to_leave_beside_an_unsubscribe_stays(database: str, database_kind: str) -> None:
    world = await make_world(1)
    send = await world.send()
    (mine,) = await claims.claim(send.sender_id, NOW, NOW + DAY, 10)
    async with transaction():
        await suppress_address(world.context, "ada@example.com")
        late = beside(transmissions.begin_transmission([(mine, "<m>")], NOW + DAY, {mine.id: "ada@example.com"}))
        assert await waits_for_us(late)
    assert await late == set()
    assert (await world.send()).reason == "UNSUBSCRIBED"


@on_postgres
async def test_an_unsubscribe_waits_for_an_email_that_begins_to_leave(database: str, database_kind: str) -> None:
    world = await make_world(1)
    send = await world.send()
    (mine,) = await claims.claim(send.sender_id, NOW, NOW + DAY, 10)
    async with transaction():
        await transmissions.begin_transmission([(mine, "<m>")], NOW + DAY, {mine.id: "ada@example.com"})
        late = beside(suppress_address(world.context, "ada@example.com"))
        assert await waits_for_us(late)
    await late
    assert (await world.send()).status is SendStatus.TRANSMITTING
    assert await Send.filter(status="SCHEDULED").count() == 0


@on_postgres
async def test_a_retry_beside_an_unsubscribe_is_refused(database: str, database_kind: str) -> None:
    world = await make_world(1)
    world.channel.outcome = Outcome.FAILED
    await world.tick()
    failed = await Send.get(status=SendStatus.FAILED)
    async with transaction():
        await suppress_address(world.context, "ada@example.com")
        late = beside(retry_send(world.context, failed.id))
        assert await waits_for_us(late)
    with pytest.raises(Refusal) as refused:
        await late
    assert (refused.value.code, refused.value.path) == ("UNSUBSCRIBED", ("id",))
    await nothing_goes_on("ada@example.com")


@on_postgres
@pytest.mark.parametrize("first", ["send_task", "unsubscribe"])
async def test_a_task_s_email_beside_an_unsubscribe_does_not_leave(
    database: str, database_kind: str, first: str
) -> None:
    world = await make_world(1)
    step = await (await world.send()).step
    campaign = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    email = {"step_type": StepType.EMAIL, "send_option": "task", "template_id": step.template_id}
    await add_step(world.context, campaign.id, day=1, **email)
    await launch(world.context, campaign.id, [world.enrollments[0].person_id], Choice(), {})
    task = await Task.get()
    works: list[Callable[[], Awaitable[Any]]] = [
        lambda: send_task(world.context, task.id),
        lambda: suppress_address(world.context, "ada@example.com"),
    ]
    works = works if first == "send_task" else works[::-1]
    async with transaction():
        await works[0]()
        late = beside(works[1]())  # type: ignore[arg-type]
        assert await waits_for_us(late)
    if first == "unsubscribe":
        with pytest.raises(Refusal):
            await late
    await late if first == "send_task" else None
    await nothing_goes_on("ada@example.com")
    await world.tick()
    assert world.channel.left == []
