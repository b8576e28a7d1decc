"""What is claimed when an edit comes has not left: it follows the edit as everything that waits does."""

from datetime import timedelta

import pytest

from api.models import Campaign, Enrollment, Send
from api.services.campaigns.campaigns import move_step, remove_step
from api.services.campaigns.editing import edit_job
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.outcome_decision import decide_outcome
from api.services.emails.emails import retry_send
from api.states import EnrollmentStatus, SendStatus
from api.store.dispatch import claims, transmissions
from api.store.dispatch.send_outcome import SendOutcome
from plugins.contract import Outcome, Outgoing, Receipt
from tests.databases import on_sqlite
from tests.services.campaigns.edited import due, later, step, taken_up
from tests.services.world import NOW, World, make_sent_world

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Seven people whose first email has left, and whose second is due on day 9; edited by two at a time."""
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 2)
    made = await make_sent_world(7)
    made.channel.left.clear()
    return later(made, NOW + 8 * DAY)


async def test_a_claimed_email_of_a_removed_step_does_not_leave(world: World) -> None:
    async def remove(outgoing: Outgoing) -> None:
        world.channel.before = None
        await remove_step(world.context, (await step(2)).id)

    world.channel.before = remove
    await world.tick(NOW + 8 * DAY)
    await world.tick(NOW + 8 * DAY)
    assert world.channel.left == []
    assert await Send.filter(reason="STEP_REMOVED", status=SendStatus.FAILED).count() == 7
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7


async def test_a_claimed_email_leaves_when_its_step_says_now(world: World) -> None:
    async def move(outgoing: Outgoing) -> None:
        world.channel.before = None
        await move_step(world.context, (await step(2)).id, day=20)

    world.channel.before = move
    await world.tick(NOW + 8 * DAY)
    await world.tick(NOW + 8 * DAY)
    assert world.channel.left == []
    assert await due(2) == {NOW + 19 * DAY}
    await world.tick(NOW + 19 * DAY)
    assert len(world.channel.left) == 7


async def test_a_claim_that_comes_back_after_an_edit_has_the_new_time(world: World) -> None:
    claimed = await claims.claim((await world.send()).sender_id, NOW + 8 * DAY, NOW + 8 * DAY + HOUR, 7)
    assert len(claimed) == 7
    await move_step(world.context, (await step(2)).id, day=20)
    await claims.release_expired_claims(NOW + 9 * DAY)
    assert await due(2) == {NOW + 19 * DAY}
    assert (await Campaign.get()).editing is False
    assert (
        await transmissions.begin_transmission([(send, "<1@example.com>") for send in claimed], NOW + 10 * DAY) == set()
    )


async def leaving(world: World, number: int) -> list[transmissions.ClaimedEmail]:
    """Claim everyone's second email, and begin to transmit so many of them."""
    claimed = await claims.claim((await world.send()).sender_id, NOW + 8 * DAY, NOW + 8 * DAY + HOUR, 7)
    begun = [(send, f"<{send.id}@example.com>") for send in claimed[:number]]
    assert len(await transmissions.begin_transmission(begun, NOW + 8 * DAY + HOUR)) == number
    return claimed[:number]


def became(send: transmissions.ClaimedEmail, outcome: Outcome) -> SendOutcome:
    return decide_outcome(send, Receipt(outcome, "TEST", "The server's words."), NOW + 8 * DAY)


@pytest.mark.parametrize("outcome", [Outcome.ACCOUNT_UNAVAILABLE, Outcome.WITHDRAWN])
async def test_an_email_that_comes_back_unsent_follows_the_edit(world: World, outcome: Outcome) -> None:
    begun = await leaving(world, 3)
    await move_step(world.context, (await step(2)).id, day=20)
    assert await due(2) == {NOW + 8 * DAY, NOW + 19 * DAY}
    assert await Send.filter(step__number=2, due_at=NOW + 19 * DAY).count() == 4
    assert not await taken_up(world, NOW + 8 * DAY), "its people are waited for"
    again = NOW + 8 * DAY + edit_job.RETRY_AFTER
    assert await taken_up(world, again)
    assert (await Campaign.get()).editing is True, "and nothing has changed meanwhile"
    await transmissions.settle([became(send, outcome) for send in begun])
    await world.tick(NOW + 8 * DAY)
    assert world.channel.left == [], "nothing leaves by the old plan"
    assert await taken_up(world, again)
    assert await due(2) == {NOW + 19 * DAY}
    assert not await Send.filter(held=True).exists()
    assert (await Campaign.get()).editing is False


@on_sqlite
async def test_an_email_of_a_removed_step_that_comes_back_unsent_fails(world: World) -> None:
    (begun,) = await leaving(world, 1)
    await remove_step(world.context, (await step(2)).id)
    await transmissions.settle([became(begun, Outcome.ACCOUNT_UNAVAILABLE)])
    assert await taken_up(world, NOW + 8 * DAY + edit_job.RETRY_AFTER)
    assert await Send.filter(reason="STEP_REMOVED", status=SendStatus.FAILED).count() == 7
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7


async def test_an_email_that_has_left_meanwhile_stays_as_it_was(world: World) -> None:
    (begun,) = await leaving(world, 1)
    await move_step(world.context, (await step(2)).id, day=20)
    before = await Send.get(id=begun.id)
    await transmissions.settle([became(begun, Outcome.SENT)])
    assert await taken_up(world, NOW + 8 * DAY + edit_job.RETRY_AFTER)
    sent = await Send.get(id=begun.id)
    assert (sent.status, sent.due_at, sent.explanation) == (SendStatus.SENT, before.due_at, before.explanation)
    assert (await Enrollment.get(id=begun.enrollment_id)).status is EnrollmentStatus.FINISHED
    assert (await Campaign.get()).editing is False


async def test_a_removed_step_is_not_retried_for_who_has_finished(world: World) -> None:
    """Nobody is left whom an edit could come to, but an email that a person retries is on its way."""
    await world.tick(NOW + 8 * DAY)
    world.channel.left.clear()
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7
    now = NOW + 8 * DAY
    await Send.filter(step_id=(await step(2)).id).update(status=SendStatus.FAILED, sent_at=None)
    for send in await Send.filter(status=SendStatus.FAILED):
        await retry_send(world.context, send.id)

    async def remove(outgoing: Outgoing) -> None:
        world.channel.before = None
        await remove_step(world.context, (await step(2)).id)

    world.channel.before = remove
    while not (await run_once(world.runtime, now)).idle:
        pass
    assert world.channel.left == []
    assert await Send.filter(reason="STEP_REMOVED", status=SendStatus.FAILED).count() == 7
