"""CC and BCC: who gets a copy, who must not, and what happens if the server rejects one."""

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from api.models import Event, Person, Send, Workspace
from api.services.one_off_emails.drafts import NewEmail, create_email, update_email
from api.services.one_off_emails.sending import send_email
from api.services.people.suppressions import suppress_address
from api.states import SendStatus
from api.store.emails import one_off_emails
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.emails.scheduled import refusal
from tests.services.world import World

New = Callable[..., NewEmail]
CC, BCC = ["Carl@example.com", "carl@EXAMPLE.com"], ["bea@example.com", "CARL@example.com", "ada@example.com"]


def outgoing(world: World) -> list[Outgoing]:
    sent: list[Outgoing] = []

    async def arrives(each: Outgoing) -> None:
        sent.append(each)

    world.channel.during = arrives
    return sent


async def status(send: Send) -> tuple[SendStatus, str | None]:
    found = await Send.get(id=send.id)
    return found.status, found.reason


async def test_each_copy_goes_out_once_and_bcc_is_in_no_header(world: World, new: New) -> None:
    sent = outgoing(world)
    send = await create_email(world.context, new(cc=CC, bcc=BCC))
    row = (await one_off_emails.find([send.id]))[send.id]
    assert (row.cc, row.bcc) == (("Carl@example.com",), ("bea@example.com", "ada@example.com"))
    world.channel.refused_copies = (("bea@example.com", "550 no such user"),)
    await send_email(world.context, send.id)
    await world.tick()
    (one,) = sent
    assert (one.recipient, one.copies) == ("ada@example.com", ("Carl@example.com", "bea@example.com"))
    message = message_from_bytes(one.message, policy=policy.default)
    assert (message["To"], message["Cc"], message["Bcc"]) == ("ada@example.com", "Carl@example.com", None)
    assert b"bea@" not in one.message
    found = await Send.get(id=send.id)
    assert found.status is SendStatus.SENT
    assert found.detail.endswith("No copy was sent to bea@example.com: 550 no such user")
    (event,) = await Event.filter(send_id=send.id, kind="EMAIL_SENT")
    assert event.data == {"refusedCopies": ["bea@example.com"]}


@on_sqlite
@pytest.mark.parametrize("kind", ["unsubscribed", "bounced", "blocked"])
async def test_an_address_that_must_get_nothing_is_refused_with_its_path(world: World, new: New, kind: str) -> None:
    code = {"unsubscribed": "UNSUBSCRIBED", "bounced": "BOUNCED", "blocked": "BLOCKED_DOMAIN"}[kind]
    early = await create_email(world.context, new(bcc=["x@example.com", "bob@example.com"]))
    due = await create_email(world.context, new(cc=["bob@example.com"]))
    await send_email(world.context, due.id)
    if kind == "unsubscribed":
        await suppress_address(world.context, "BOB@example.com")
    elif kind == "bounced":
        await Person.filter(email="bob@example.com").update(bounced_at=world.context.now)
    else:
        await Workspace.filter(id=world.context.workspace_id).update(blocked_domains=["example.com"])
        blocked = await Workspace.get(id=world.context.workspace_id)
        world.context = replace(world.context, workspace=blocked)
        await Person.filter(email="ada@example.com").update(email="ada@example.org", email_key="ada@example.org")
    place = "0" if kind == "blocked" else "1"
    assert await refusal(send_email(world.context, early.id)) == (code, ("bcc", place))
    assert await refusal(create_email(world.context, new(cc=["bob@example.com"]))) == (code, ("cc", "0"))
    assert await refusal(update_email(world.context, early.id, subject="x")) == (code, ("bcc", place))
    await world.tick()
    assert await status(due) == (SendStatus.FAILED, code)
    assert world.channel.left == []


@on_sqlite
@pytest.mark.parametrize("code", ["UNSUBSCRIBED", "BOUNCED"])
async def test_an_address_that_says_no_while_the_email_is_handed_over(world: World, new: New, code: str) -> None:
    send = await create_email(world.context, new(cc=["bob@example.com"]))
    await send_email(world.context, send.id)

    async def says_no(each: Outgoing) -> None:
        if code == "UNSUBSCRIBED":
            await suppress_address(world.context, "bob@example.com")
        else:
            await Person.filter(email="bob@example.com").update(bounced_at=world.context.now)
        world.channel.before = None

    world.channel.before = says_no
    await world.tick()
    assert world.channel.left == []
    await world.tick()
    assert await status(send) == (SendStatus.FAILED, code)


@on_sqlite
async def test_a_channel_that_sends_no_copies(world: World, new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    send = await create_email(world.context, new(cc=["bob@example.com"]))
    await send_email(world.context, send.id)
    monkeypatch.setattr(type(world.channel), "supports_copies", False)
    assert await refusal(create_email(world.context, new(cc=["x@example.com"]))) == (
        "COPIES_NOT_SUPPORTED", ("senderId",),
    )  # fmt: skip
    await world.tick()
    assert await status(send) == (SendStatus.FAILED, "COPIES_NOT_SUPPORTED")
    assert (await create_email(world.context, new())).status is SendStatus.DRAFT


@on_sqlite
async def test_at_most_fifty_recipients(world: World, new: New) -> None:
    many = [f"p{number}@example.com" for number in range(50)]
    assert await refusal(create_email(world.context, new(cc=many[:25], bcc=many[25:]))) == (
        "TOO_MANY_RECIPIENTS", ("cc",),
    )  # fmt: skip
    send = await create_email(world.context, new(cc=many[:25], bcc=many[25:49]))
    assert len((await one_off_emails.find([send.id]))[send.id].copies) == 49
