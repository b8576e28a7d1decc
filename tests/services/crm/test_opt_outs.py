"""Who opts out on one side gets nothing from the other."""

from datetime import timedelta
from typing import Any

import pytest

from api.crm_states import CrmState
from api.crm_task_states import CrmChangeKind
from api.models import CrmChange, CrmPerson, Enrollment, Event, Person, Suppression, SuppressionChange
from api.services.crm.people.opt_outs import OptOutCounts, apply_opt_outs, push_opt_outs
from api.services.people import merging, suppressions
from api.services.people.erasing import erase_person
from api.services.people.people import create_person
from api.services.people.recipient_choices import recipient_status, undo_unsubscribe, unsubscribe_recipient
from api.states import SuppressionSource
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import PersonKind
from strategies import Refusal
from tests.services.crm.connected import LATER, Connected, connect
from tests.services.world import NOW

ADA = "ada@example.com"
ONE = pytest.mark.parametrize("database_kind", ["sqlite"])
pytestmark = pytest.mark.usefixtures("database")


async def push(connected: Connected, now: Any = LATER) -> OptOutCounts:
    counts = OptOutCounts()
    await push_opt_outs(connected.org, connected.crm, await connected.due(CrmChangeKind.OPT_OUT, now), now, counts)
    return counts


async def pull(connected: Connected, since: Any = NOW) -> OptOutCounts:
    counts, cursor, more = OptOutCounts(), None, True
    while more:
        page = await connected.crm.changed_opt_outs(since, cursor)
        await apply_opt_outs(connected.org, connected.crm, page.opt_outs, NOW, counts)
        cursor, more = page.cursor, page.cursor is not None
    return counts


async def test_an_unsubscribe_reaches_every_record_of_the_address_and_is_no_echo() -> None:
    connected = await connect()
    crm = connected.crm
    for name, kind in (("C1", PersonKind.CONTACT), ("C2", PersonKind.CONTACT), ("L1", PersonKind.LEAD)):
        crm.add(name, "Ada@Example.com", kind)
    crm.add("C3", "bob@example.com")
    crm.change("C2", opted_out=True)
    await suppressions.unsubscribe(connected.world.context, (await connected.person()).id, "Asked by phone")
    assert (await push(connected)).pushed == 2
    assert {key for key, each in crm.people.items() if each.opted_out} == {"C1", "C2", "L1"}
    assert await connected.waiting() == {}
    assert await pull(connected) == OptOutCounts()
    assert await SuppressionChange.all().count() == 1
    # Both sides must be cleared. What comes from the CRM alone does not let emails through.
    for key in ("C1", "C2", "L1"):
        crm.change(key, opted_out=False)
    await pull(connected)
    assert await Suppression.filter(unsubscribed_at=None).count() == 0
    await suppressions.resubscribe(connected.world.context, ADA, "Asked for emails again")
    assert (await push(connected)).pushed == 0
    assert await pull(connected) == OptOutCounts()
    assert await Suppression.filter(unsubscribed_at=None).count() == 1


async def test_an_opt_out_in_the_crm_suppresses_the_address_whoever_has_it() -> None:
    connected = await connect()
    crm = connected.crm
    crm.add("C1", "ADA@example.com", opted_out=True)
    crm.add("L2", "carl@example.com", PersonKind.LEAD, opted_out=True)
    crm.add("L3", "no address", PersonKind.LEAD, opted_out=True)
    crm.add("C4", "bob@example.com")
    assert (await pull(connected, None)).pulled == 2
    assert await connected.waiting() == {}  # it is not written back
    change = await SuppressionChange.filter(source=SuppressionSource.CRM).first()
    assert change is not None
    assert change.reason.startswith("Opted out in Memory (record ")
    ada = await connected.person()
    assert await Enrollment.filter(person_id=ada.id, status="ENDED", end_reason="UNSUBSCRIBED").count() == 1
    assert [event.person_id for event in await Event.filter(kind="UNSUBSCRIBED")] == [ada.id]
    carl = await create_person(connected.world.context, "Carl@example.com")
    assert await Suppression.filter(email_key=carl.email_key).exclude(unsubscribed_at=None).count() == 1
    # A person who said no there cannot be resubscribed here alone.
    with pytest.raises(Refusal) as refused:
        await suppressions.resubscribe(connected.world.context, ADA, "Please")
    assert (refused.value.code, refused.value.path) == ("CRM_OPTED_OUT", ("email",))
    assert "C1" in refused.value.message
    crm.change("C1", opted_out=False, changed_at=NOW + timedelta(hours=1))
    await pull(connected)
    await suppressions.resubscribe(connected.world.context, ADA, "Please")
    # It opts out again, and once more counts.
    crm.change("C1", opted_out=True, changed_at=NOW + timedelta(hours=2))
    assert (await pull(connected)).pulled == 1


@ONE
async def test_a_recipient_who_undoes_a_click_takes_back_only_what_it_has_written() -> None:
    connected = await connect()
    crm, context = connected.crm, connected.world.context
    crm.add("C1", ADA)
    await unsubscribe_recipient(context, [ADA], SuppressionSource.LINK)
    await push(connected)
    assert crm.people["C1"].opted_out
    status = await recipient_status(context, [ADA])
    assert await undo_unsubscribe(context, [ADA], status.change_ids)
    await push(connected)
    assert not crm.people["C1"].opted_out
    # Undone before it was written: the CRM gets nothing.
    status, _ = await unsubscribe_recipient(context, [ADA], SuppressionSource.LINK)
    await undo_unsubscribe(context, [ADA], status.change_ids)
    assert (await push(connected)).pushed == 0
    # Somebody in the CRM has opted the person out meanwhile: that stays, and so does the unsubscribe here.
    status, _ = await unsubscribe_recipient(context, [ADA], SuppressionSource.LINK)
    crm.change("C1", opted_out=True)
    await pull(connected)
    assert not await undo_unsubscribe(context, [ADA], status.change_ids)
    await push(connected)
    assert crm.people["C1"].opted_out


@ONE
async def test_a_refused_opt_out_is_shown_and_tried_again() -> None:
    connected = await connect()
    connected.crm.add("C1", ADA)
    connected.crm.refuse["C1"] = CrmError(CrmCode.INSUFFICIENT_ACCESS_OR_READONLY, "No access.")
    await suppressions.unsubscribe(connected.world.context, (await connected.person()).id)
    counts = await push(connected)
    assert (counts.pushed, counts.failed) == (0, {"VALIDATION": 1})
    change = await CrmChange.get()
    assert (change.state, change.code, change.detail) == ("FAILED", "INSUFFICIENT_ACCESS_OR_READONLY", "No access.")
    connected.crm.refuse.clear()
    await CrmChange.all().update(state="WAITING")
    assert (await push(connected)).pushed == 1
    assert (await CrmPerson.get()).opted_out_by_us
    connected.org.settings.sync_opt_outs = False
    await connected.org.settings.save()
    await suppressions.suppress_address(connected.world.context, "bob@example.com")
    assert await connected.waiting() == {}


async def test_merged_and_erased_people_keep_no_record_of_their_own() -> None:
    connected = await connect()
    crm, context = connected.crm, connected.world.context
    crm.add("C1", ADA)
    crm.add("C2", "bob@example.com", opted_out=True)
    crm.add("C3", "carl@example.com")
    await connected.world.tick()
    await connected.log()
    carl = await create_person(context, "carl@example.com")
    await merging.merge_people(context, (await connected.person()).id, carl.id)
    assert await CrmPerson.filter(person_id=carl.id).values_list("remote_id", flat=True) == ["C1"]
    dora = await create_person(context, "dora@example.com")
    row = await CrmPerson.get(remote_id="C1")
    await CrmPerson.create(id="crp_d", workspace_id=row.workspace_id, org=row.org, remote_id="C9", person_id=dora.id,
                           kind="LEAD", matched_at=NOW, opted_out=True)  # fmt: skip
    await merging.merge_people(context, dora.id, carl.id)
    assert {each.remote_id: each.person_id for each in await CrmPerson.filter(remote_id__in=["C1", "C9"])} == {
        "C1": carl.id, "C9": None,
    }  # fmt: skip
    await erase_person(context, carl.id)
    assert not await CrmPerson.filter(person_id=carl.id).exists()
    assert await Person.filter(id=carl.id).exclude(erased_at=None).exists()


@ONE
async def test_an_opt_out_counts_for_the_present_address_of_the_record_and_for_its_person() -> None:
    connected = await connect(sync_opt_outs=False)
    crm, context = connected.crm, connected.world.context
    crm.add("C1", ADA, opted_out=True)
    crm.add("C2", ADA, created_at=NOW)
    await connected.world.tick()
    await connected.log()  # links ada with C1, while opt-outs are not synced
    await pull(connected, None)
    assert not await Suppression.exists()
    connected.org.settings.sync_opt_outs = True
    assert (await pull(connected, None)).pulled == 1
    # The record gets another address. It belongs to somebody who said no.
    crm.change("C1", address="ada@new.example", changed_at=NOW + timedelta(hours=1))
    assert (await pull(connected)).pulled == 1
    assert {row.email_key for row in await Suppression.all()} == {ADA, "ada@new.example"}
    # A person who has another address here is the same person.
    bob = await connected.person("bob")
    crm.add("C3", "robert@example.com")
    await CrmPerson.filter(person_id=bob.id).delete()
    await CrmPerson.create(id="crp_b", workspace_id=context.workspace_id, org=connected.org.key, remote_id="C3",
                           person_id=bob.id, kind="CONTACT", matched_at=NOW)  # fmt: skip
    crm.change("C3", opted_out=True, changed_at=NOW + timedelta(hours=2))
    assert (await pull(connected)).pulled == 2
    with pytest.raises(Refusal, match="C3"):
        await suppressions.resubscribe(context, bob.email, "Please")
    # The records of an organization with which the workspace is not connected any more decide nothing.
    connected.org.connection.state = CrmState.DISCONNECTED
    await connected.org.connection.save()
    await suppressions.resubscribe(context, bob.email, "Please")


@ONE
async def test_every_duplicate_of_a_person_that_has_opted_out_counts() -> None:
    connected = await connect()
    connected.crm.add("C1", ADA, created_at=NOW - timedelta(days=30))
    connected.crm.add("C2", ADA, opted_out=True)
    await connected.world.tick()
    await connected.log()
    link = await connected.link()
    assert link is not None
    assert link.remote_id == "C1"
    assert await Suppression.filter(email_key=ADA).exists()


@ONE
async def test_touchline_clears_no_opt_out_that_another_address_needs() -> None:
    connected = await connect()
    crm, context = connected.crm, connected.world.context
    crm.add("C1", ADA)
    await connected.world.tick()
    await connected.log()
    crm.change("C1", address="ada@home.example")
    for address in (ADA, "ada@home.example"):
        status, _ = await unsubscribe_recipient(context, [address], SuppressionSource.LINK)
    await push(connected)
    assert crm.people["C1"].opted_out
    assert await undo_unsubscribe(context, ["ada@home.example"], status.change_ids)
    await push(connected)
    assert crm.people["C1"].opted_out  # ada@example.com, which the person has here, still says no


@ONE
async def test_a_resubscribe_needs_both_sides_also_if_touchline_wrote_the_opt_out() -> None:
    connected = await connect()
    crm, context = connected.crm, connected.world.context
    crm.add("C1", ADA)
    await suppressions.unsubscribe(context, (await connected.person()).id)
    await push(connected)
    with pytest.raises(Refusal, match="C1"):
        await suppressions.resubscribe(context, ADA, "Please")
    crm.change("C1", opted_out=False, changed_at=NOW + timedelta(hours=1))
    await pull(connected)
    await suppressions.resubscribe(context, ADA, "Please")


@ONE
async def test_an_erased_person_leaves_only_the_no_of_the_address() -> None:
    connected = await connect()
    crm, context = connected.crm, connected.world.context
    crm.add("C1", ADA, opted_out=True, account_id="A1")
    await connected.world.tick()
    email = await connected.email()
    await pull(connected, None)
    await connected.log()
    await CrmChange.create(id=f"ACTIVITY:{email.id}", workspace_id=context.workspace_id, kind="ACTIVITY", version=1,
                           object_id=email.id, state="FAILED", detail="Ada is a duplicate", changed_at=NOW,
                           next_at=NOW)  # fmt: skip
    bob = await connected.person("bob")
    linked = f"The record C1 belongs to {ADA}."
    await CrmPerson.filter(person_id=bob.id).update(problem="CRM_PERSON_LINKED", detail=linked)
    await erase_person(context, (await connected.person()).id)
    row = await CrmPerson.get(remote_id="C1")
    assert (row.person_id, row.account_id, row.url, row.opted_out) == (None, None, "", True)
    assert {row.detail for row in await CrmChange.all()} == {""}
    assert (await CrmPerson.get(person_id=bob.id)).detail == ""
    with pytest.raises(Refusal, match="C1"):
        await suppressions.resubscribe(context, ADA, "Please")
