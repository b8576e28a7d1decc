"""Leads that the CRM does not create at once: each is created once, and the activities reach it without a user."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from api.models import CrmChange, CrmPerson
from plugins import CrmCode, CrmError
from plugins.crms.people_and_activities import NewPerson
from plugins.crms.tasks import WriteResult
from tests.services.crm.connected import LATER, Connected, connect
from tests.services.crm.memory_crm import MemoryCrm
from tests.services.world import NOW

pytestmark = pytest.mark.usefixtures("database")
LOST = CrmError(CrmCode.ANSWER_LOST, in_doubt=True)


async def one_email() -> Connected:
    """Return a workspace with an email to a person whom the CRM does not have."""
    connected = await connect(1, on_no_match="CREATE_LEAD")
    await connected.world.tick()
    return connected


async def log(connected: Connected, minutes: float) -> None:
    """Log what is due some minutes after a time when all is due. The clock of the workspace shows the same."""
    at = NOW + timedelta(minutes=minutes)
    connected.org = replace(connected.org, context=replace(connected.org.context, clock=lambda: at))
    await connected.log(LATER + timedelta(minutes=minutes))


@pytest.mark.parametrize(("doubt", "waits"), [(660, (1, 10, 50)), (10_000, (1, 10, 50, 130))])
async def test_a_lead_whose_answer_was_lost_is_not_created_again_before_the_crm_has_it(
    doubt: int, waits: Sequence[int]
) -> None:
    connected = await one_email()
    connected.org = replace(connected.org, doubt=timedelta(seconds=doubt))
    connected.crm.breaks["create_people"] = LOST
    with pytest.raises(CrmError, match="ANSWER_LOST"):
        await log(connected, 0)
    (lead,) = connected.crm.people.values()
    connected.crm.people.clear()  # the CRM carries out the request later
    for minutes in waits:
        await log(connected, minutes)
    assert connected.crm.people == {}, "no second lead"
    (change,) = await CrmChange.all()
    assert (change.state, change.code) == ("WAITING", "CRM_PERSON_NOT_CREATED_YET")
    connected.crm.people[lead.remote_id] = lead
    for minutes in (250, 600):
        await log(connected, minutes)
    assert [each.person_id for each in connected.crm.activities.values()] == [lead.remote_id]
    assert await connected.waiting() == {}


@pytest.mark.parametrize("code", [CrmCode.UNABLE_TO_LOCK_ROW, CrmCode.REQUEST_LIMIT_EXCEEDED, CrmCode.UNREACHABLE])
async def test_a_lead_that_cannot_be_created_now_is_created_later(code: CrmCode) -> None:
    connected = await one_email()
    connected.crm.refuse["ada@example.com"] = error = CrmError(code)
    for minutes in (0, 130):
        if error.stops_all:
            with pytest.raises(CrmError, match=code):
                await log(connected, minutes)
        else:
            await log(connected, minutes)
        assert (await CrmChange.get()).state == "WAITING"
    connected.crm.refuse.clear()
    for minutes in (260, 600):
        await log(connected, minutes)
    assert (len(connected.crm.people), len(connected.crm.activities)) == (1, 1)
    assert await connected.waiting() == {}


async def test_a_lead_that_makes_the_package_fail_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = await connect(3, on_no_match="CREATE_LEAD")
    await connected.world.tick()
    create, groups = MemoryCrm.create_people, list[int]()

    async def fail(crm: MemoryCrm, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        groups.append(len(people))
        if any(each.address == "bob@example.com" for each in people):
            raise CrmError(CrmCode.PLUGIN_FAILED, "KeyError", in_doubt=True)
        return await create(crm, people)

    monkeypatch.setattr(MemoryCrm, "create_people", fail)
    for minutes in (0, 130, 600):
        await log(connected, minutes)
    assert groups == [3, 1, 1, 1, 1]
    assert len(connected.crm.activities) == len(connected.crm.people) == 2
    change = await CrmChange.get()
    assert (change.state, change.code) == ("WAITING", "CRM_PERSON_NOT_CREATED_YET")
    assert "KeyError" in change.detail


async def test_leads_that_were_created_before_the_crm_refused_more_are_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = await connect(3, on_no_match="CREATE_LEAD")
    await connected.world.tick()
    connected.crm.breaks["create_people"] = LOST
    with pytest.raises(CrmError, match="ANSWER_LOST"):
        await log(connected, 0)
    connected.crm.people.clear()  # the CRM did not carry out the request
    create = MemoryCrm.create_people

    async def once(crm: MemoryCrm, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        if crm.people:
            raise CrmError(CrmCode.SERVER_UNAVAILABLE)
        return await create(crm, people)

    monkeypatch.setattr(MemoryCrm, "create_people", once)
    with pytest.raises(CrmError, match="SERVER_UNAVAILABLE"):
        await log(connected, 130)
    assert await CrmPerson.filter(remote_id__isnull=False).count() == len(connected.crm.people) == 1
    monkeypatch.undo()
    for minutes in (260, 600):
        await log(connected, minutes)
    assert (len(connected.crm.people), len(connected.crm.activities)) == (3, 3)


async def test_a_refused_lead_waits_for_a_user() -> None:
    connected = await one_email()
    connected.crm.refuse["ada@example.com"] = CrmError(CrmCode.DUPLICATES_DETECTED)
    await log(connected, 0)
    change = await CrmChange.get()
    assert (change.state, change.code) == ("FAILED", "CRM_PERSON_NOT_CREATED")
