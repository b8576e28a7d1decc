"""Sent emails, replies and calls are logged in the CRM, each once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.codes.events.event_kinds import EventKind
from api.crm_task_states import CrmChangeKind
from api.models import CrmActivity, CrmChange, CrmConnection, CrmTask, Event, Task
from api.services.replies.replies import record_reply
from api.services.tasks.manual_tasks import create_task
from api.services.tasks.tasks import complete_task
from api.store.crm import changes
from api.store.crm.changes import Change
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityField, PersonKind, RelatedKind, RelatedRecord
from strategies import StepType
from tests.services.crm.connected import DOUBT, LATER, Connected, connect
from tests.services.world import NOW

ACTIVITY = CrmChangeKind.ACTIVITY
ONE = pytest.mark.parametrize("database_kind", ["sqlite"])
pytestmark = pytest.mark.usefixtures("database")
LOST = CrmError(CrmCode.ANSWER_LOST, in_doubt=True)


async def sent(**settings: object) -> Connected:
    """Return a workspace whose first emails are sent, and a CRM that knows both people."""
    connected = await connect(**settings)
    connected.crm.add("C1", "Ada@example.com")
    connected.crm.add("L1", "bob@example.com", PersonKind.LEAD)
    await connected.world.tick()
    return connected


async def test_an_email_its_reply_and_a_call_are_logged_once_and_kept_up_to_date() -> None:
    connected = await sent()
    crm = connected.crm
    crm.related["C1"] = [
        RelatedRecord("O1", RelatedKind.OPPORTUNITY, "Won", is_open=False),
        RelatedRecord("O2", RelatedKind.OPPORTUNITY, "Open"),
        RelatedRecord("A1", RelatedKind.ACCOUNT, "Acme"),
    ]
    ada = await connected.email()
    assert set(await connected.waiting()) == {f"ACTIVITY:{ada.id}", f"ACTIVITY:{(await connected.email('bob')).id}"}
    assert (await connected.log()).counts.logged == 2
    assert await connected.waiting() == {}
    email = next(each for each in crm.activities.values() if each.person_id == "C1")
    assert (email.marker, email.type, email.owner_id, email.related_id) == (f"log-{ada.id}", "Email", "USER", "O2")
    assert (email.subject, email.at, email.body.startswith("x")) == ("Email: Hi you", ada.sent_at, True)
    assert email.fields[ActivityField.CAMPAIGN_STEP] == "Day 1, step 1"
    assert (email.fields[ActivityField.EMAIL_STATUS], email.fields[ActivityField.REPLIED]) == ("sent", False)
    assert next(each for each in crm.activities.values() if each.person_id == "L1").related_id is None
    assert (await connected.link()).remote_id == "C1"  # type: ignore[union-attr]

    await record_reply(connected.world.context, str(ada.enrollment_id), text="Yes.\nPlease call.")
    counts = (await connected.log()).counts
    assert (counts.logged, counts.changed) == (1, 1)
    reply = next(each for each in crm.activities.values() if each.type == "Reply")
    assert (reply.subject, reply.body, reply.person_id) == ("Reply: Hi you", "Yes.\nPlease call.", "C1")
    changed = next(each for each in crm.activities.values() if each.marker == email.marker)
    assert changed.fields == {ActivityField.REPLIED: True}

    task = await create_task(
        connected.world.context,
        person_id=(await connected.person()).id,
        assignee_id=ada.sender_id,
        kind=StepType.CALL,
        name="Call Ada",
        due_date=NOW.date(),
    )
    await complete_task(connected.world.context, task.id, outcome="Connected", reason="Demo", note="Went well.")
    assert (await connected.log()).counts.logged == 1
    call = next(each for each in crm.activities.values() if each.type == "Call")
    assert (call.subject, call.body) == ("Call: Call Ada", "Went well.")
    assert (call.fields[ActivityField.CALL_OUTCOME], call.fields[ActivityField.CALL_REASON]) == ("Connected", "Demo")
    assert ActivityField.CAMPAIGN not in call.fields

    # Nothing has changed, so nothing is written.
    writes = len(crm.calls)
    await CrmChange.create(
        id=f"ACTIVITY:{ada.id}", workspace_id=connected.org.workspace_id, kind="ACTIVITY", object_id=ada.id,
        state="WAITING", changed_at=NOW, next_at=NOW,
    )  # fmt: skip
    await connected.log()
    assert ([each for each, _ in crm.calls[writes:]], await connected.waiting()) == ([], {})


async def test_only_workspaces_that_log_note_events() -> None:
    connected = await connect(log_emails=False, log_replies=False, log_calls=False)
    await connected.world.tick()
    email = await connected.email()
    await record_reply(connected.world.context, str(email.enrollment_id), text="Yes.")
    assert await connected.waiting() == {}
    await CrmConnection.all().update(state="DISCONNECTED")
    connected.org.settings.log_replies = True
    await connected.org.settings.save()
    await record_reply(connected.world.context, str(email.enrollment_id), text="Yes again.")
    assert await connected.waiting() == {}


@ONE
@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("per_record", [True, False])
async def test_a_lost_answer_makes_no_second_record(saved: bool, per_record: bool) -> None:
    connected = await sent()
    crm = connected.crm
    ada = await connected.email()
    if per_record:
        crm.refuse[f"log-{ada.id}"] = LOST
        await connected.log(LATER)
        if saved:
            crm.refuse.clear()
            (change,) = await connected.due(ACTIVITY, LATER + timedelta(days=1))
            await _write_without_answer(connected, change)
        assert await CrmActivity.filter(tried_at=LATER).count() == 1
    else:
        crm.breaks["log_activities"] = CrmError(CrmCode.ANSWER_LOST, in_doubt=saved)
        with pytest.raises(CrmError):
            await connected.log(LATER)
        assert await CrmActivity.filter(tried_at=LATER).count() == (2 if saved else 0)
    crm.refuse.clear()
    writes = len(crm.activities)
    await connected.log(LATER + timedelta(minutes=10))
    assert len(crm.activities) == (2 if not per_record and not saved else writes)
    await connected.log(LATER + DOUBT + timedelta(minutes=11))
    await connected.log(LATER + DOUBT + timedelta(minutes=12))  # the fields of a record that was found
    emails = [await connected.email(name) for name in ("ada", "bob")]
    assert sorted(each.marker for each in crm.activities.values()) == sorted(f"log-{each.id}" for each in emails)
    assert await connected.waiting() == {}
    assert await CrmActivity.filter(remote_id=None).count() == 0


@ONE
async def test_a_record_that_the_crm_has_already_is_found_and_not_written_over() -> None:
    """Its first request is carried out late, or it was logged after a backup that was restored."""
    connected = await sent()
    crm = connected.crm
    crm.capabilities = replace(crm.capabilities, marker_is_unique=True)
    await connected.log(LATER)
    before = dict(crm.activities)
    await CrmActivity.all().delete()
    ids = [(await connected.email(name)).id for name in ("ada", "bob")]
    await changes.add(connected.org.workspace_id, ACTIVITY, ids, LATER)
    await connected.log(LATER + timedelta(minutes=1))
    assert set((await connected.waiting()).values()) == {"DUPLICATE_VALUE"}
    await connected.log(LATER + timedelta(minutes=5))
    assert crm.activities == before
    assert await CrmActivity.filter(remote_id__in=list(before)).count() == 2
    await connected.log(LATER + timedelta(minutes=5))  # the fields of a record that was found
    assert await connected.waiting() == {}


async def _write_without_answer(connected: Connected, change: Change) -> None:
    """Let the CRM have a record whose answer Touchline did not get."""
    row = await CrmActivity.get(subject_id=change.object_id)
    other = next(iter(connected.crm.activities.values()))
    connected.crm.activities["LATE"] = type(other)(
        row.marker, None, other.kind, other.subject, other.body, other.at, None, "C1"
    )


@ONE
async def test_two_processes_log_nothing_twice() -> None:
    """One is interrupted after it has read what waits; another one logs it meanwhile."""
    connected = await sent()
    crm, original = connected.crm, connected.crm.find_people
    read = await connected.due(ACTIVITY)

    async def meanwhile(**named: object) -> object:
        crm.find_people = original  # type: ignore[method-assign]
        await connected.log()
        return await original(**named)  # type: ignore[arg-type]

    crm.find_people = meanwhile  # type: ignore[method-assign, assignment]
    pusher = await connected.log()
    assert (len(read), len(crm.activities), pusher.counts.logged) == (2, 2, 0)


@ONE
async def test_a_rejected_record_fails_alone_and_says_why() -> None:
    connected = await sent()
    ada, bob = await connected.email(), await connected.email("bob")
    rule = CrmError(CrmCode.FIELD_CUSTOM_VALIDATION_EXCEPTION, "No tasks on Sundays.")
    connected.crm.refuse[f"log-{ada.id}"] = rule
    connected.crm.refuse[f"log-{bob.id}"] = CrmError(CrmCode.UNABLE_TO_LOCK_ROW)
    await connected.log(LATER)
    failed = {row.object_id: row for row in await CrmChange.all()}
    row = failed[ada.id]
    assert (row.state, row.category, row.code, row.detail) == (
        "FAILED", "VALIDATION", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No tasks on Sundays.",
    )  # fmt: skip
    row = failed[bob.id]
    assert (row.state, row.attempts) == ("WAITING", 1)
    assert timedelta(minutes=1) <= row.next_at - LATER < timedelta(minutes=1.3)
    events = await Event.filter(kind=EventKind.CRM_WRITE_FAILED)
    assert [event.data for event in events] == [{"reason": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "count": 1}]
    connected.crm.refuse[f"log-{bob.id}"] = CrmError(CrmCode.REQUEST_LIMIT_EXCEEDED)
    with pytest.raises(CrmError):
        await connected.log(LATER + timedelta(minutes=2))
    assert (await CrmChange.get(object_id=bob.id)).state == "WAITING"


@ONE
async def test_a_converted_lead_is_followed_and_people_without_a_record_are_skipped() -> None:
    connected = await sent()
    crm = connected.crm
    await connected.log()
    assert (await connected.link("bob")).remote_id == "L1"  # type: ignore[union-attr]
    crm.add("C2", "bob@example.com")
    crm.change("L1", converted_to="C2")
    crm.refuse["L1"] = CrmError(CrmCode.CANNOT_UPDATE_CONVERTED_LEAD)
    email = await connected.email("bob")
    await record_reply(connected.world.context, str(email.enrollment_id), text="Yes.")
    await connected.log()
    await connected.log()
    reply = next(each for each in crm.activities.values() if each.type == "Reply")
    link = await connected.link("bob")
    assert link is not None
    assert (reply.person_id, link.remote_id, link.kind, link.matched_by) == ("C2", "C2", "CONTACT", "CONVERTED")
    moved = await Event.get(kind=EventKind.CRM_PERSON_MOVED)
    assert (moved.person_id, moved.data) == (link.person_id, {"from": "L1", "to": "C2", "kind": "CONTACT"})


@ONE
@pytest.mark.parametrize(
    ("settings", "records", "expected"),
    [
        ({}, [], "CRM_PERSON_UNKNOWN"),
        ({"on_duplicates": "SKIP"}, ["C1", "C2"], "CRM_PERSON_AMBIGUOUS"),
        ({"on_no_match": "CREATE_LEAD"}, [], None),
    ],
)
async def test_people_without_one_record(settings: dict[str, str], records: list[str], expected: str | None) -> None:
    connected = await connect(1, **settings)
    for record in records:
        connected.crm.add(record, "ada@example.com")
    await connected.world.tick()
    counts = (await connected.log()).counts
    link = await connected.link()
    assert link is not None
    assert (link.problem, counts.skipped, counts.logged) == (expected, int(bool(expected)), int(not expected))
    assert await connected.waiting() == {}
    if not expected:
        assert (link.matched_by, link.remote_id, link.kind) == ("CREATED", "LEAD0", "LEAD")


@ONE
async def test_a_synced_task_of_a_call_is_not_logged_a_second_time() -> None:
    connected = await sent()
    await connected.log()
    ada = await connected.email()
    task = await create_task(
        connected.world.context, person_id=(await connected.person()).id, assignee_id=ada.sender_id,
        kind=StepType.CALL, name="Call Ada", due_date=NOW.date(),
    )  # fmt: skip
    link = await CrmTask.create(id=task.id, workspace_id=task.workspace_id, org=connected.org.key, state="NEW")
    await complete_task(connected.world.context, task.id, outcome="Connected")
    await connected.log(LATER)
    assert len(connected.crm.activities) == 2
    link.state, link.remote_id = "SYNCED", "TASK0"  # type: ignore[assignment]
    await link.save()
    await connected.log(LATER + timedelta(minutes=1))
    assert len(connected.crm.activities) == 2
    assert connected.crm.activities["TASK0"].fields[ActivityField.CALL_OUTCOME] == "Connected"
    assert await Task.get(id=task.id).values_list("outcome", flat=True) == "Connected"
    assert [key for key in await connected.waiting() if key.startswith("ACTIVITY")] == []
