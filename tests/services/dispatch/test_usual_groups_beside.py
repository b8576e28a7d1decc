"""What changes while a group waits to be committed in one exchange counts, as it does statement by statement."""

from collections.abc import Awaitable, Callable

import pytest

from api.models import Campaign, Enrollment, Event, Send, Sender
from api.services.campaigns.campaigns import change_step
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.settle import outcome_transaction
from api.services.dispatch.settle.usual_group import is_usual
from api.services.people.suppressions import unsubscribe
from api.states import EnrollmentStatus, SendStatus
from api.store.dispatch import claims, transmissions
from api.store.engine.transactions import transaction
from tests.services.dispatch.test_usual_groups import LEASE, SENT, group
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_world

Change = Callable[[World, Send], Awaitable[object]]


@pytest.fixture
def database_kind() -> str:
    """SQLite has one writer at a time."""
    return "postgres"


async def paused(world: World, _: Send) -> object:
    return await pause_campaign(world.context, world.enrollments[0].campaign_id)


async def edited(world: World, send: Send) -> object:
    return await change_step(world.context, str(send.step_id), send_option="at_time", config={"at": "11:00"})


async def unsubscribed(world: World, send: Send) -> object:
    return await unsubscribe(world.context, send.person_id)


async def ended(world: World, send: Send) -> object:
    return await end_enrollment(world.context, str(send.enrollment_id))


@pytest.mark.parametrize(("change", "of_all"), [(paused, True), (edited, True), (unsubscribed, False), (ended, False)])
async def test_a_change_that_commits_first_counts(database: str, change: Change, of_all: bool) -> None:
    world = await make_world(12)
    done, asking = await group(world)
    asked = {delivery.send.id for delivery in asking}
    changed = await Send.get(id=min(asked))
    async with transaction():
        await change(world, changed)
        committing = beside(outcome_transaction.commit(world.runtime, [(each, SENT) for each, _ in done], asking))
        assert await waits_for_us(committing)
    outcomes, stages = await committing
    assert {outcome.status for outcome in outcomes} == {SendStatus.SENT}
    begun = {key for key, stage in stages.items() if stage is Stage.TRANSMITTING}
    assert begun == (set() if of_all else asked - {changed.id})
    assert set(await Send.filter(status=SendStatus.TRANSMITTING).values_list("id", flat=True)) == begun


async def test_two_groups_with_the_last_emails_of_a_person_finish_them_once(database: str) -> None:
    world = await make_world(1)
    await Send.all().update(due_at=NOW)
    sender = (await Sender.filter(workspace_id=world.context.workspace_id).values())[0]
    claimed = await claims.claim(sender["id"], NOW, LEASE, 2)
    assert len(claimed) == 2
    await transmissions.begin_transmission([(send, f"<{send.id}@x>") for send in claimed], LEASE)
    batch = await Batch.load(world.runtime, NOW, sender, claimed, "scripted")
    first, last = (Delivery(send, batch, Stage.TRANSMITTING) for send in claimed)
    assert is_usual([(first, outcome_transaction.decide(first, SENT, NOW))], (), NOW)
    async with transaction():
        await outcome_transaction.commit(world.runtime, [(first, SENT)], ())
        committing = beside(outcome_transaction.commit(world.runtime, [(last, SENT)], ()))
        assert await waits_for_us(committing)
    await committing
    assert (await Enrollment.get()).status is EnrollmentStatus.FINISHED
    assert await Event.filter(kind="CAMPAIGN_FINISHED").count() == 1
    assert (await Campaign.get()).finished_at == NOW
