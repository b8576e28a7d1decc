"""An email that belongs to no campaign goes through the same ledger, with the same checks."""

from datetime import timedelta

import pytest

from api.ids import new_id
from api.models import Event, Person, Send
from api.services.dispatch.recovery.expired_leases import recover_expired
from api.services.emails.emails import resolve_in_doubt, retry_send
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.services.people.suppressions import unsubscribe
from api.services.replies.findings import ReplyText
from api.services.replies.replies import Replied, settle_replies
from api.services.tracking.apply_tracking import EmailHit, record_hits
from api.services.tracking.machine_rules import Agent, Hit
from api.states import MatchedBy, ReplyKind, SendStatus
from api.store.dispatch import claims
from api.store.dispatch.transmissions import begin_transmission
from api.store.engine.transactions import transaction
from api.store.people.suppressions import recipients_of
from api.store.replies import answered_emails
from plugins.contract import Outcome
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    """A workspace of which only one email is due: one outside campaigns."""
    world = await make_world(1)
    await Send.filter(enrollment_id__isnull=False).update(due_at=NOW + timedelta(days=9))
    return world


async def one_off(world: World, **values: object) -> Send:
    first = await world.send()
    return await Send.create(
        id=new_id("snd"), workspace_id=world.context.workspace_id, person_id=first.person_id,
        sender_id=first.sender_id, subject="Hello", html="<p>One {{ word }}</p>",
        **{**chosen_columns(NOW, "UTC"), **values},
    )  # fmt: skip


async def found(send: Send) -> Send:
    return await Send.get(id=send.id)


async def test_it_is_sent_as_it_was_written(world: World) -> None:
    send = await one_off(world)
    await world.tick()
    send = await found(send)
    assert (send.status, send.recipient, send.sent_at) == (SendStatus.SENT, "ada@example.com", NOW)
    (event,) = await Event.filter(send_id=send.id)
    assert (event.kind, event.campaign_id, event.enrollment_id, event.step_id) == ("EMAIL_SENT", None, None, None)
    assert await recipients_of(send.person_id) == ["ada@example.com"]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.HARD_BOUNCE, Outcome.IN_DOUBT])
async def test_it_can_be_retried(world: World, outcome: Outcome) -> None:
    send = await one_off(world)
    world.channel.outcome = outcome
    await world.tick()
    assert (await found(send)).status in (SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.IN_DOUBT)
    await Person.all().update(bounced_at=None)
    world.channel.outcome = Outcome.SENT
    if outcome is Outcome.IN_DOUBT:
        await resolve_in_doubt(world.context, send.id, "RESEND")
    else:
        await retry_send(world.context, send.id)
    await world.tick()
    assert (await found(send)).status is SendStatus.SENT


@on_sqlite
async def test_it_is_deferred(world: World) -> None:
    send = await one_off(world)
    world.channel.outcome = Outcome.DEFERRED
    await world.tick()
    assert ((await found(send)).status, (await found(send)).attempts) == (SendStatus.DEFERRED, 1)


@on_sqlite
async def test_an_unsubscribe_stops_it_before_and_during_transmission(world: World) -> None:
    before, during = await one_off(world), await one_off(world, due_at=NOW + timedelta(hours=1))
    person = await Person.get(id=before.person_id)
    await unsubscribe(world.context, person.id)
    await world.tick()
    assert ((await found(before)).status, (await found(before)).reason) == (SendStatus.FAILED, "UNSUBSCRIBED")
    (claimed,) = await claims.claim(during.sender_id, during.due_at, during.due_at, 10)
    async with transaction():
        assert await begin_transmission([(claimed, "<m@example.com>")], during.due_at) == set()


async def test_leases_that_end_release_or_doubt_it(world: World) -> None:
    claimed, left = await one_off(world), await one_off(world)
    await Send.filter(id=claimed.id).update(status="CLAIMED", attempt_id="att_1", lease_until=NOW)
    await Send.filter(id=left.id).update(
        status="TRANSMITTING", attempt_id="att_1", lease_until=NOW, message_id=f"<{left.id}@example.com>"
    )
    doubted, others = await recover_expired(NOW + timedelta(minutes=1))
    assert ([row["id"] for row in doubted], others) == ([left.id], 1)
    assert (await found(claimed)).status is SendStatus.SCHEDULED
    assert await recover_expired(NOW + timedelta(days=30)) == ([], 0)  # nothing resends it without a person


async def test_answers_find_it(world: World) -> None:
    send = await one_off(world)
    await world.tick()
    key = "ada@example.com"
    sender_key = "g@example.com"
    (match,) = await answered_emails.sent_to([sender_key], [key], NOW - timedelta(days=1))
    assert (match.id, match.enrollment_id) == (send.id, None)
    assert [each.id for each in await answered_emails.may_have_reached([key], [sender_key])] == [send.id]
    async with transaction():
        email = (await answered_emails.by_ids([send.id], lock=True))[send.id]
        reply = Replied(email, ReplyKind.REPLY, NOW, ReplyText(text="Yes"), MatchedBy.MESSAGE_ID)
        assert await settle_replies([reply], NOW) == [None]
        assert await record_hits([EmailHit(send.id, Hit("evt", NOW, Agent.BROWSER, False, ""))]) == {"evt"}
    assert (await found(send)).replied_at == NOW
    kinds = await Event.filter(send_id=send.id).order_by("id").values_list("kind", flat=True)
    assert sorted(kinds) == ["EMAIL_SENT", "OPENED", "REPLIED"]
    assert (await world.enrollments[0].__class__.get(id=world.enrollments[0].id)).ended_at is None
