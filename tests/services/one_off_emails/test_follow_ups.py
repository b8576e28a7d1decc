"""Follow-ups of emails that were sent: the thread, the subject and the quoted text."""

from collections.abc import Callable
from email import message_from_bytes, policy

from api.models import Send, Sender, Template
from api.services.one_off_emails.drafts import NewEmail, create_email, update_email
from api.services.one_off_emails.sending import delete_email, send_email
from api.services.tasks.composing import compose_email
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.emails.scheduled import refusal
from tests.services.world import NOW, World

New = Callable[..., NewEmail]


async def test_a_thread_of_a_campaign_email_and_two_follow_ups(world: World, new: New) -> None:
    sent: list[Outgoing] = []

    async def arrives(each: Outgoing) -> None:
        sent.append(each)

    world.channel.during = arrives
    first = await world.send()
    assert await refusal(create_email(world.context, new(follows_email_id=first.id))) == (
        "NOT_SENT", ("followsEmailId",),
    )  # fmt: skip
    await Send.filter(id=first.id).update(due_at=NOW)
    await world.tick()
    follow = NewEmail(follows_email_id=first.id, html="<p>Second</p>")
    second = await create_email(world.context, follow)
    assert (second.person_id, second.sender_id, second.subject) == (first.person_id, first.sender_id, "Re: Hi you")
    shown = await compose_email(world.context, second.id)
    assert shown.html == "<p>Second</p>"
    assert "<p>x</p>" in (shown.quoted_html or "")
    # What a rep has seen is sent, whatever becomes of the template.
    await Template.all().update(html="<p>changed</p>")
    await send_email(world.context, second.id)
    await world.tick()
    third = await create_email(world.context, NewEmail(follows_email_id=second.id, html="<p>Third</p>", subject=""))
    assert third.subject == "Re: Hi you"
    await Sender.all().update(name="Grace")
    await send_email(world.context, third.id)
    await world.tick()
    messages = [message_from_bytes(each.message, policy=policy.default) for each in sent]
    ids = [message["Message-ID"] for message in messages]
    assert messages[1]["In-Reply-To"] == ids[0]
    assert messages[2]["In-Reply-To"] == ids[1]
    assert messages[2]["References"].split() == ids[:2]
    body = messages[2].get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert [html.index(text) for text in ("Third", "Second", "<p>x</p>")] == sorted(
        html.index(text) for text in ("Third", "Second", "<p>x</p>")
    )
    assert "On 2026-03-02 G wrote:" in html
    assert "changed" not in html


@on_sqlite
async def test_a_follow_up_outlives_the_email_that_it_follows(world: World, new: New) -> None:
    send = await create_email(world.context, new())
    await send_email(world.context, send.id)
    await world.tick()
    follow = await create_email(world.context, NewEmail(follows_email_id=send.id, html="<p>Two</p>"))
    await update_email(world.context, follow.id, subject="Own")
    await Send.filter(id=send.id).update(status="FAILED")
    await delete_email(world.context, send.id)
    assert "One" in ((await compose_email(world.context, follow.id)).quoted_html or "")
