"""An erased person leaves nothing but ids, times and numbers, and an unsubscribed address stays suppressed."""

import re
from datetime import timedelta
from typing import Any

import pytest

from api.ids import new_id
from api.models import (
    Enrollment,
    Event,
    GroupMember,
    IncomingEvent,
    Job,
    PeopleGroup,
    Person,
    Reply,
    Send,
    Sender,
    Suppression,
    Task,
)
from api.services.jobs.job_kind import Chunks
from api.services.launches.launch import Choice, launch
from api.services.one_off_emails.drafts import NewEmail, create_email
from api.services.one_off_emails.sending import send_email
from api.services.people import erasing, groups
from api.services.people.erasing import ERASE, erase_chunks, erase_person
from api.services.people.people import create_person
from api.services.people.person_reads import person as person_of
from api.services.people.suppressions import unsubscribe
from api.services.tasks.manual_tasks import create_task
from api.store import jobs
from api.store.emails import sent_contents
from api.store.engine.sql import execute
from api.store.replies import answered_emails
from api.store.reports import counting
from strategies import Refusal, StepType
from tests.services.jobs.test_poison import runner
from tests.services.world import NOW, Killed, World, make_world

TABLES = (
    *("person", "send", "task", "reply", "incoming_event", "event", "enrollment", "written_email", "first_email"),
    *("one_off_email", "sent_content", "group_member", "import_refusal", "suppression_change", "click", "suppression"),
)
SECRETS = ("ada", "lovelace", "secret")
ID = re.compile(r"\b[a-z]{3}_[0-9a-z]{26,32}\b")
"""Ids and hashes are random, and one in hundreds contains "ada"."""


@pytest.fixture
async def world(database: str) -> World:
    return await make_world()


async def leftovers() -> list[tuple[str, dict[str, Any]]]:
    """Return the rows that still contain something of the person."""
    found = []
    for table in TABLES:
        for row in await execute(f"SELECT * FROM {table}"):
            text = " ".join(str(value) for name, value in dict(row).items()).lower()
            if any(secret in ID.sub("", text) for secret in SECRETS):
                found.append((table, dict(row)))
    return found


async def full_of_data(world: World) -> Person:
    """Give ada an email, a reply, an incoming mail, tasks, a group and events."""
    await world.tick()
    ada = await Person.get(id=world.enrollments[0].person_id)
    await Person.filter(id=ada.id).update(first_name="Ada", last_name="Lovelace", own_fields={"code": "secret"})
    sent = await Send.get(person_id=ada.id, status="SENT")
    await Send.filter(id=sent.id).update(subject="secret", html="secret", detail="secret")
    about = {"workspace_id": ada.workspace_id, "send_id": sent.id, "at": NOW}
    await Reply.create(id=new_id("rpl"), kind="REPLY", sender=ada.email, subject="secret", text="secret", **about)
    await IncomingEvent.create(
        id=new_id("inc"), source="imap", key="1", kind="REPLY", stored_at=NOW, due_at=NOW, done_at=NOW,
        result="APPLIED", content=b"secret", details={"from": ada.email}, **about,
    )  # fmt: skip
    group = await groups.create_group(world.context, "Fair")
    await groups.add_person(world.context, ada.id, group.id)
    given: dict[str, Any] = {"kind": StepType.CALL, "name": "Call Ada", "due_date": NOW.date(), "details": "secret"}
    await create_task(world.context, person_id=ada.id, assignee_id=sent.sender_id, **given)
    await Event.create(
        id=new_id("evt"), workspace_id=ada.workspace_id, kind="REPLIED", at=NOW, person_id=ada.id,
        data={"email": ada.email, "reason": "REPLIED", "text": "secret"},
    )  # fmt: skip
    return ada


async def test_nothing_of_the_person_stays(world: World) -> None:
    ada = await full_of_data(world)
    assert {table for table, _ in await leftovers()} >= {"person", "send", "task", "reply", "event"}
    counts = {model: await model.all().count() for model in (Person, Send, Enrollment, Reply)}
    assert await erase_person(world.context, ada.id) == ada.id
    assert await leftovers() == []
    assert {model: await model.all().count() for model in counts} == counts
    gone = await Person.get(id=ada.id)
    assert (gone.email, gone.first_name, gone.own_fields, gone.erased_at) == ("", "", {}, NOW)
    enrollment = await Enrollment.get(person_id=ada.id)
    assert (enrollment.status, enrollment.end_reason) == ("ENDED", "REMOVED")
    assert sorted(await Send.filter(person_id=ada.id).values_list("status", flat=True)) == ["FAILED", "SENT"]
    assert await Task.filter(person_id=ada.id).values_list("status", "name") == [("CANCELLED", "CALL")]
    assert (await GroupMember.all().count(), (await PeopleGroup.get()).people) == (0, 0)
    (told,) = await Event.filter(kind="REPLIED")
    assert told.data == {"reason": "REPLIED"}
    # The other person is not touched.
    assert await Send.filter(recipient="bob@example.com").count() == 1
    # Answers match nothing, nobody launches or finds the person, and a second request changes nothing.
    assert await answered_emails.by_ids(await Send.filter(person_id=ada.id).values_list("id", flat=True)) == {}
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await launch(world.context, enrollment.campaign_id, [ada.id], Choice("NOW"), {}, again=True)
    assert await erase_person(world.context, ada.id) == ada.id
    assert await Event.filter(kind="PERSON_ERASED").count() == 1
    assert (await create_person(world.context, "ada@example.com")).id != ada.id


async def test_an_unsubscribed_address_stays_suppressed(world: World) -> None:
    ada = await Person.get(id=world.enrollments[0].person_id)
    await unsubscribe(world.context, ada.id, "secret")
    await erase_person(world.context, ada.id)
    row = await Suppression.get(workspace_id=ada.workspace_id)
    assert (row.email_key, row.reason, row.unsubscribed_at) == ("ada@example.com", "", NOW)
    again = await create_person(world.context, "Ada@example.com")
    with pytest.raises(Refusal, match="UNSUBSCRIBED"):
        await launch(world.context, world.enrollments[0].campaign_id, [again.id], Choice("NOW"), {})


async def test_a_person_whose_email_is_leaving_is_erased_later(world: World) -> None:
    ada = world.enrollments[0].person_id
    await Send.filter(person_id=ada, step__number=1).update(status="TRANSMITTING")
    with pytest.raises(Refusal, match="EMAIL_LEAVING"):
        await erase_person(world.context, ada)
    assert (await Person.get(id=ada)).email == "ada@example.com"
    for unknown in ("per_x", "a\x00b"):
        with pytest.raises(Refusal, match="NOT_FOUND"):
            await erase_person(world.context, unknown)


async def with_many_rows(world: World) -> tuple[str, int]:
    """Give ada one-off emails, tasks and events. Returns her id, and how many emails she then has."""
    ada = await full_of_data(world)
    about: dict[str, Any] = {"person_id": ada.id}
    sender = (await Sender.get()).id
    given: dict[str, Any] = {"kind": StepType.CALL, "name": "Call Ada", "due_date": NOW.date(), "details": "secret"}
    for number in range(4):
        new = NewEmail(sender_id=sender, subject="secret", html="<p>secret</p>", **about)
        draft = await create_email(world.context, new)
        if number:
            await send_email(world.context, draft.id, at=NOW + timedelta(hours=number - 1))
        await create_task(world.context, assignee_id=sender, **about, **given)
    await world.tick(NOW)
    return ada.id, await Send.filter(person_id=ada.id).count()


async def killed_after(chunks: int, person_id: str) -> None:
    """Carry out some chunks, and stop as if the process had ended."""
    work = erase_chunks(person_id)
    for _ in range(chunks):
        await anext(work)
    await work.aclose()


async def test_an_erasure_that_is_killed_between_chunks_continues(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "ROWS_PER_CHUNK", 1)
    ada, emails = await with_many_rows(world)
    counts = {model: await model.all().count() for model in (Person, Send, Enrollment, Reply, Task, Event)}
    sent = await Send.filter(person_id=ada, status="SENT").values_list("id", flat=True)
    assert set(await sent_contents.find(world.context.workspace_id, [str(each) for each in sent])) == set(sent)

    async def kill(*_: object) -> bool:
        raise Killed

    monkeypatch.setattr(erasing, "carry_out", kill)
    with pytest.raises(Killed):
        await erase_person(world.context, ada)
    # The decision holds at once: nobody writes to the person, whose name and contents nobody can read.
    assert await person_of(world.context, ada) is None
    gone = await Person.get(id=ada)
    assert (gone.email, gone.first_name, gone.own_fields, gone.erased_at) == ("", "", {}, NOW)
    assert await sent_contents.find(world.context.workspace_id, [str(each) for each in sent]) == {}
    assert set(await Send.filter(person_id=ada).values_list("status", flat=True)) == {"SENT", "FAILED"}
    one_offs = await Send.filter(person_id=ada, enrollment_id=None)
    assert {(each.html, each.subject, each.recipient) for each in one_offs} == {("", "", None)}
    assert await Task.filter(person_id=ada, status="OPEN").count() == 0
    assert (await Enrollment.get(person_id=ada)).end_reason == "REMOVED"
    left = world.channel.left.copy()
    await world.tick(NOW.replace(day=11))
    assert [each for each in world.channel.left[len(left) :] if each != "bob@example.com"] == []
    assert await leftovers() != []

    later = NOW + jobs.LEASE + timedelta(seconds=1)
    for chunks in (1, 2, emails):
        await killed_after(chunks, ada)
    while await runner(world, ERASE, later).run_next():
        pass
    assert await leftovers() == []
    (job,) = await Job.filter(kind=ERASE.name)
    assert (job.state, job.progress > emails) == ("DONE", True)
    expected = {**counts, Event: await Event.all().count()}
    assert {model: await model.all().count() for model in counts} == expected
    assert await Event.filter(kind="PERSON_ERASED").count() == 1
    assert await counting.differences(10) == []
    # A request for an erased person looks for rows that an earlier release has left.
    monkeypatch.undo()
    await Send.filter(person_id=ada).update(detail="secret")
    await erase_person(world.context, ada)
    assert await leftovers() == []


async def test_a_request_answers_when_the_last_chunk_is_erased(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, _ = await with_many_rows(world)
    small: list[int] = []

    async def counted(person_id: str, places: erasing.Places) -> Chunks:
        async for chunk in erase_chunks(person_id, places):
            small.append(await Job.filter(kind=ERASE.name, state="RUNNING").count())
            yield chunk

    monkeypatch.setattr(erasing, "erase_chunks", counted)
    monkeypatch.setattr(erasing, "ROWS_PER_CHUNK", 3)
    await erase_person(world.context, ada)
    assert len(small) >= 3
    assert set(small) == {1}, "a job is there for the case that the process ends"
    assert await leftovers() == []
    assert (await Job.get(kind=ERASE.name)).state == "DONE"
    # All rows of a person with few are erased with the decision.
    monkeypatch.setattr(erasing, "ROWS_PER_CHUNK", 1_000)
    await erase_person(world.context, world.enrollments[1].person_id)
    assert await Job.filter(kind=ERASE.name).count() == 1
