"""A one-off email that is sent again goes only to those whom it has not reached."""

from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest

from api.models import Event, Send
from api.services.common.request_context import WorkspaceContext
from api.services.emails.emails import resolve_in_doubt, retry_send
from api.services.one_off_emails.drafts import NewEmail, create_email, update_email
from api.services.one_off_emails.sending import one_off_warnings, send_email, withdraw_one_off
from api.services.people.merging import merge_people
from api.services.people.people import create_person
from api.services.people.suppressions import suppress_address
from api.services.replies.bounces import Returned, settle_returned
from api.states import BounceKind, SendStatus
from api.store.emails import one_off_emails
from api.store.engine.database import migrate
from api.store.engine.transactions import transaction
from plugins import ReportedKind
from plugins.contract import Outcome
from tests.databases import on_sqlite
from tests.migrations.migrating import before
from tests.services.emails.scheduled import refusal
from tests.services.one_off_emails.test_copies import outgoing
from tests.services.replies.incoming_mails import event, report
from tests.services.world import NOW, World

New = Callable[..., NewEmail]
KNOWN_AS_SENT = ("settled as sent", "proved")


async def returned(send: Send, address: str = "ada@example.com") -> None:
    """Let the server of the person in To return the email after it has accepted it."""
    async with transaction():
        row = Returned(await Send.get(id=send.id), address, BounceKind.SOFT, "5.2.2", "full", None)
        assert await settle_returned([row], NOW) == {send.id}


async def reached(send: Send) -> list[str]:
    return list((await one_off_emails.find([send.id]))[send.id].reached)


async def sentences(context: WorkspaceContext, send: Send) -> list[Any]:
    return [dict(note.values) for note in await one_off_warnings(context, send.id)]


async def test_a_returned_email_goes_only_to_whom_it_did_not_reach(world: World, new: New) -> None:
    context, sent = world.context, outgoing(world)
    send = await create_email(context, new(cc=["Carl@example.com"], bcc=["bea@example.com", "dan@example.com"]))
    world.channel.refused_copies = (("bea@example.com", "550 no such user"),)
    await send_email(context, send.id)
    await world.tick()
    assert await reached(send) == ["Carl@example.com", "dan@example.com"]
    await returned(send)
    await suppress_address(context, "carl@example.com")  # he gets no other copy, so this prevents nothing
    world.channel.refused_copies = ()
    await retry_send(context, send.id)
    assert await sentences(context, send) == [{"addresses": "Carl@example.com, dan@example.com"}]
    line = await Event.get(send_id=send.id, kind="EMAIL_RETRIED")
    assert line.data == {"withoutCopies": ["Carl@example.com", "dan@example.com"]}
    await world.tick()
    assert [(each.recipient, list(each.copies)) for each in sent[1:]] == [("ada@example.com", ["bea@example.com"])]
    assert message_from_bytes(sent[1].message, policy=policy.default)["Cc"] == "Carl@example.com"
    assert (await Send.get(id=send.id)).status is SendStatus.SENT
    assert await reached(send) == ["Carl@example.com", "dan@example.com", "bea@example.com"]
    assert await sentences(context, send) == []


async def test_a_withdrawn_email_keeps_whom_it_has_reached(world: World, new: New) -> None:
    context, sent = world.context, outgoing(world)
    send = await create_email(context, new(cc=["carl@example.com"]))
    await send_email(context, send.id)
    await world.tick()
    await returned(send)
    await withdraw_one_off(context, send.id)
    changed = update_email(context, send.id, to="CARL@example.com")
    assert await refusal(changed) == ("ALREADY_RECEIVED", ("to",))
    await update_email(context, send.id, to="new@example.com", cc=["carl@example.com", "eve@example.com"])
    await send_email(context, send.id)
    (line,) = await Event.filter(send_id=send.id, kind="EMAIL_SCHEDULED").order_by("-id").limit(1)
    assert line.data["withoutCopies"] == ["carl@example.com"]
    await world.tick()
    assert [(each.recipient, list(each.copies)) for each in sent[1:]] == [("new@example.com", ["eve@example.com"])]


@on_sqlite
async def test_a_person_who_takes_the_address_of_a_copy_does_not_get_the_email_again(world: World, new: New) -> None:
    context = world.context
    carl = await create_person(context, "carl@example.com")
    sends = [await create_email(context, new(cc=["carl@example.com"])) for _ in range(2)]
    for send in sends:
        await send_email(context, send.id)
    await world.tick()
    await returned(sends[0])
    await returned(sends[1])
    await retry_send(context, sends[0].id)
    ada = (await Send.get(id=sends[0].id)).person_id
    await merge_people(context, ada, carl.id)
    assert await refusal(retry_send(context, sends[1].id)) == ("ALREADY_RECEIVED", ("id",))
    left = list(world.channel.left)
    await world.tick()
    assert world.channel.left == left
    assert (await Send.get(id=sends[0].id)).reason == "ALREADY_RECEIVED"


@on_sqlite
@pytest.mark.parametrize("how", ["rejected", "in doubt", "settled as sent", "proved"])
async def test_who_has_got_it_if_the_transmission_fails(world: World, new: New, how: str) -> None:
    """A rejected recipient means that nobody got it. Only a rep knows it of an email in doubt."""
    context, sent = world.context, outgoing(world)
    send = await create_email(context, new(bcc=["bea@example.com"]))
    world.channel.outcome = Outcome.SOFT_BOUNCE if how == "rejected" else Outcome.IN_DOUBT
    await send_email(context, send.id)
    await world.tick()
    world.channel.outcome, before = Outcome.SENT, len(sent)
    if how in KNOWN_AS_SENT:
        if how == "proved":
            message_id = (await Send.get(id=send.id)).message_id
            await report(world, event(ReportedKind.DELIVERED, recipient="ada@example.com", message_id=message_id))
        else:
            await resolve_in_doubt(context, send.id, "SENT")
        assert await reached(send) == ["bea@example.com"]
        await returned(send)
        await retry_send(context, send.id)
    else:
        assert await reached(send) == []
        await (retry_send(context, send.id) if how == "rejected" else resolve_in_doubt(context, send.id, "RESEND"))
    await world.tick()
    (again,) = sent[before:]
    assert list(again.copies) == ([] if how in KNOWN_AS_SENT else ["bea@example.com"])


async def test_copies_of_the_release_before_count_as_sent(world: World, new: New) -> None:
    context, copies = world.context, {"cc": ["Carl@example.com"], "bcc": ["ada@example.com"]}
    sent, draft = [await create_email(context, new(**copies)) for _ in range(2)]
    await send_email(context, sent.id)
    await world.tick()
    names = await before("0056_reached_copies")
    assert await migrate() == names
    assert (await reached(sent), await reached(draft)) == (["Carl@example.com"], [])
