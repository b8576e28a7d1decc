"""Two people become one: everything of the first belongs to the second, whose address gets what still waits."""

from datetime import timedelta
from itertools import pairwise

import pytest

from api.ids import new_id
from api.models import Enrollment, Event, GroupMember, Job, PeopleGroup, Person, Send, Sender, Suppression, Task
from api.services.campaigns.ending.ending import end_enrollment
from api.services.one_off_emails.drafts import NewEmail, create_email
from api.services.one_off_emails.sending import send_email
from api.services.people import groups, merging
from api.services.people.erasing import erase_person
from api.services.people.merging import MERGE, merge_people, move_chunks
from api.services.people.people import create_person, update_person
from api.services.people.suppressions import unsubscribe
from api.services.tasks.manual_tasks import create_task
from api.store import jobs
from api.store.engine.rows import find
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.jobs.test_poison import runner
from tests.services.world import NOW, Killed, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world()


async def test_everything_moves_to_the_other_person(world: World) -> None:
    await world.tick()
    ada = world.enrollments[0].person_id
    await update_person(world.context, ada, first_name="Ada", fields={"city": "Rome", "a": "1"})
    other = await create_person(world.context, "new@example.com", company="Acme", fields={"a": "2"})
    both, one = [await groups.create_group(world.context, name) for name in ("Both", "One")]
    for person_id, group in ((ada, both), (other.id, both), (ada, one)):
        await groups.add_person(world.context, person_id, group.id)
    merged = await merge_people(world.context, ada, other.id)
    assert (merged.email, merged.first_name, merged.company) == ("new@example.com", "Ada", "Acme")
    assert merged.own_fields == {"city": "Rome", "a": "2"}
    assert await find(Person, world.context.workspace_id, ada) is None
    assert (await Enrollment.get(id=world.enrollments[0].id)).person_id == other.id
    emails = await Send.filter(person_id=other.id).order_by("due_at").values_list("recipient", "status")
    assert emails == [("ada@example.com", "SENT"), (None, "SCHEDULED")]
    assert await Event.filter(person_id=ada).count() == 0
    assert await GroupMember.filter(person_id=other.id).count() == 2
    assert sorted(await PeopleGroup.all().values_list("people", flat=True)) == [1, 1]
    await world.tick(NOW.replace(day=11))
    assert world.channel.left.count("new@example.com") == 1


@on_sqlite
async def test_people_in_one_campaign_are_not_merged(world: World) -> None:
    ada, bob = (row.person_id for row in world.enrollments)
    for pair, path in (((ada, bob), ("from",)), ((ada, ada), ("into",))):
        with pytest.raises(Refusal) as refused:
            await merge_people(world.context, *pair)
        assert (refused.value.code, refused.value.path) == ("MERGE_CONFLICT", path)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await merge_people(world.context, ada, "per_x")
    assert await Person.all().count() == 2


@on_sqlite
async def test_a_suppressed_address_ends_what_moves_to_it(world: World) -> None:
    ada = world.enrollments[0].person_id
    gone = await create_person(world.context, "gone@example.com")
    await unsubscribe(world.context, gone.id)
    await merge_people(world.context, ada, gone.id)
    assert (await Enrollment.get(id=world.enrollments[0].id)).end_reason == "UNSUBSCRIBED"
    await world.tick()
    assert "gone@example.com" not in world.channel.left


async def test_who_has_said_no_with_the_other_address_gets_nothing_at_the_remaining_one(world: World) -> None:
    ada, sender = world.enrollments[0].person_id, await Sender.get()
    new = NewEmail(person_id=ada, sender_id=sender.id, subject="Hello", html="<p>Hello</p>")
    draft, later = [await create_email(world.context, new) for _ in range(2)]
    await send_email(world.context, later.id, at=NOW + timedelta(hours=1))
    other = await create_person(world.context, "new@example.com")
    await unsubscribe(world.context, ada)
    await merge_people(world.context, ada, other.id)
    for address in ("ada@example.com", "new@example.com"):
        assert (await Suppression.get(email_key=address)).unsubscribed_at is not None
    with pytest.raises(Refusal, match="UNSUBSCRIBED"):
        await send_email(world.context, draft.id)
    await world.tick(NOW + timedelta(hours=2))
    assert ((await Send.get(id=later.id)).status, (await Send.get(id=later.id)).reason) == ("FAILED", "UNSUBSCRIBED")
    assert "new@example.com" not in world.channel.left
    assert await Event.filter(kind="UNSUBSCRIBED", person_id=other.id).count() == 2  # that of the other one moved


@on_sqlite
@pytest.mark.parametrize("ended", [0, 1])
async def test_a_campaign_that_one_of_them_has_left_is_not_sent_to_the_person_again(world: World, ended: int) -> None:
    await world.tick()
    await end_enrollment(world.context, world.enrollments[ended].id)
    ada, bob = (row.person_id for row in world.enrollments)
    with pytest.raises(Refusal, match="MERGE_CONFLICT"):
        await merge_people(world.context, ada, bob)
    await end_enrollment(world.context, world.enrollments[1 - ended].id)
    await merge_people(world.context, ada, bob)
    await world.tick(NOW.replace(day=11))
    assert sorted(world.channel.left) == ["ada@example.com", "bob@example.com"]


async def with_events(world: World, number: int) -> tuple[str, str]:
    """Give ada many events. Returns her id, and that of another person."""
    ada = world.enrollments[0].person_id
    for count in range(number):
        await Event.create(
            id=new_id("evt"), workspace_id=world.context.workspace_id, kind="REPLIED", at=NOW, person_id=ada,
            data={"text": f"secret {count}"},
        )  # fmt: skip
    return ada, (await create_person(world.context, "new@example.com")).id


async def kill(*_: object) -> bool:
    raise Killed


async def test_no_transaction_moves_more_than_a_chunk_of_events(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, other = await with_events(world, 9)
    events = await Event.filter(person_id=ada).count()
    monkeypatch.setattr(merging, "ROWS_PER_CHUNK", 2)
    moved: list[int] = []
    running: set[int] = set()

    async def counted(person_id: str) -> merging.Chunks:
        moved.append(await Event.filter(person_id=other).count())
        async for chunk in move_chunks(person_id):
            moved.append(await Event.filter(person_id=other).count())
            running.add(await Job.filter(kind=MERGE.name, state="RUNNING").count())
            yield chunk

    monkeypatch.setattr(merging, "move_chunks", counted)
    await merge_people(world.context, ada, other)
    assert moved[0] == 2 + 1, "the first chunk moves with the decision, which writes one event"
    assert {after - before for before, after in pairwise(moved)} <= {1, 2}
    assert running == {1}, "a job is there for the case that the process ends"
    assert (await Event.filter(person_id=ada).count(), moved[-1]) == (0, events + 1)
    assert (await Job.get(kind=MERGE.name)).state == "DONE"


async def with_history(world: World, number: int) -> tuple[str, str]:
    """Give ada many sent emails outside campaigns and done tasks, one waiting email and one open task."""
    ada, sender = world.enrollments[0].person_id, await Sender.get()
    new = NewEmail(person_id=ada, sender_id=sender.id, subject="Hello", html="<p>Hello</p>")
    for _ in range(number + 1):
        email = await create_email(world.context, new)
        await create_task(
            world.context, person_id=ada, assignee_id=sender.id, kind=StepType.CALL, name="Call", due_date=NOW.date()
        )
    await Send.filter(enrollment_id=None).exclude(id=email.id).update(status="SENT", sent_at=NOW)
    waiting = await Task.filter(enrollment_id=None).first()
    assert waiting is not None
    await Task.filter(enrollment_id=None).exclude(id=waiting.id).update(status="COMPLETED", done_at=NOW)
    return ada, (await create_person(world.context, "new@example.com")).id


async def left_with(person_id: str) -> list[int]:
    return [await each.filter(person_id=person_id).count() for each in (Send, Task, Event)]


async def test_past_emails_and_tasks_move_in_chunks_and_what_waits_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, other = await with_history(world, 5)
    before = await left_with(ada)
    monkeypatch.setattr(merging, "ROWS_PER_CHUNK", 2)
    with monkeypatch.context() as killing:
        killing.setattr(merging, "carry_out", kill)
        with pytest.raises(Killed):
            await merge_people(world.context, ada, other)
    assert await Send.filter(person_id=ada).exclude(status="SENT").count() == 0
    assert await Task.filter(person_id=ada).exclude(status="COMPLETED").count() == 0
    assert await Enrollment.filter(person_id=ada).count() == 0
    assert await left_with(ada) == [5 - 2, 5, before[2]]
    # Nobody finds the person meanwhile, and nobody erases what belongs to the other one.
    for change in (erase_person(world.context, ada), update_person(world.context, ada, first_name="A")):
        with pytest.raises(Refusal, match="NOT_FOUND"):
            await change
    left = [sum(await left_with(ada))]
    left += [sum(await left_with(ada)) async for _ in move_chunks(other)]
    assert all(0 < first - second <= 2 for first, second in pairwise(left))
    assert await left_with(ada) == [0, 0, 0]
    assert await left_with(other) == [before[0], before[1], before[2] + 1]
    # An address of the person who was merged is free.
    assert (await create_person(world.context, "ada@example.com")).id != ada


async def test_a_merge_that_is_killed_between_chunks_continues(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, other = await with_events(world, 9)
    events = await Event.filter(person_id=ada).count()
    monkeypatch.setattr(merging, "ROWS_PER_CHUNK", 2)
    with monkeypatch.context() as killing:
        killing.setattr(merging, "carry_out", kill)
        with pytest.raises(Killed):
            await merge_people(world.context, ada, other)
    # The decision holds at once.
    assert await find(Person, world.context.workspace_id, ada) is None
    assert (await Enrollment.get(id=world.enrollments[0].id)).person_id == other
    work = move_chunks(other)
    await anext(work)
    await work.aclose()
    assert await Event.filter(person_id=ada).count() == events - 4
    later = NOW + jobs.LEASE + timedelta(seconds=1)
    while await runner(world, MERGE, later).run_next():
        pass
    assert await Event.filter(person_id=ada).count() == 0
    assert await Event.filter(person_id=other).count() == events + 1
    assert (await Job.get(kind=MERGE.name)).state == "DONE"


async def test_what_a_killed_merge_left_follows_the_next_merge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, other = await with_events(world, 9)
    events = await Event.filter(person_id=ada).count()
    last = (await create_person(world.context, "last@example.com")).id
    monkeypatch.setattr(merging, "ROWS_PER_CHUNK", 2)
    with monkeypatch.context() as killing:
        killing.setattr(merging, "carry_out", kill)
        with pytest.raises(Killed):
            await merge_people(world.context, ada, other)
    await merge_people(world.context, other, last)
    assert await Event.filter(person_id=last).count() == events + 2
    assert await Event.filter(person_id__in=[ada, other]).count() == 0
    # The job of the killed merge finds nothing to do.
    later = NOW + jobs.LEASE + timedelta(seconds=1)
    while await runner(world, MERGE, later).run_next():
        pass
    assert set(await Job.filter(kind=MERGE.name).values_list("state", flat=True)) == {"DONE"}


async def test_what_a_killed_merge_left_is_erased_with_the_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, other = await with_events(world, 9)
    monkeypatch.setattr(merging, "ROWS_PER_CHUNK", 2)
    with monkeypatch.context() as killing:
        killing.setattr(merging, "carry_out", kill)
        with pytest.raises(Killed):
            await merge_people(world.context, ada, other)
    await erase_person(world.context, other)
    assert await Event.filter(person_id=ada).count() == 0
    assert not [row for row in await Event.all() if "secret" in str(row.data)]
