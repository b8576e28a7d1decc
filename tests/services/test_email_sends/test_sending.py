"""Test emails go to senders only, once for each key, and leave the ledger as it is."""

import asyncio
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from api.models import AccountPause, Event, Person, Send, Sender, Template, TestEmail, Workspace
from api.services.common.inputs.request_keys import once
from api.services.emails.email_reads import folder_counts
from api.services.emails.template_preview import PreviewRequest
from api.services.people.suppressions import suppress_address
from api.services.test_email_sends import delivery, sending
from api.services.test_email_sends.sending import send_test_email
from api.services.workspaces.senders import create_sender
from api.store.dispatch import account_pauses
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Receipt
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

HTML = "<p>Dear {{ first_name }} of {{ city }}</p><a href='https://example.com'>More</a>"
REQUEST = PreviewRequest(html=HTML, subject="Hi", sample={"first_name": "Ada"})


@pytest.fixture
async def world(database: str) -> World:
    """A workspace with one sender, g@example.com."""
    return await make_world(1)


def recorded(world: World) -> list[Outgoing]:
    arrived: list[Outgoing] = []

    async def arrives(outgoing: Outgoing) -> None:
        arrived.append(outgoing)

    world.channel.during = arrives
    return arrived


async def refusal_of(world: World, request: PreviewRequest = REQUEST, to: str | None = None) -> tuple[str, Any]:
    with pytest.raises(Refusal) as refused:
        await send_test_email(world.context, request, to)
    return refused.value.code, refused.value.path


async def test_it_says_what_the_email_would_say_and_changes_nothing_else(world: World) -> None:
    await Workspace.all().update(unsubscribe_html="<a href='{{ unsubscribe_url }}'>Leave</a>")
    world.context.workspace.unsubscribe_html = "<a href='{{ unsubscribe_url }}'>Leave</a>"
    arrived, folders = recorded(world), await folder_counts(world.context)
    rows = [await model.all().count() for model in (Send, Event)]
    sent = await send_test_email(world.context, REQUEST)
    assert (sent.outcome, sent.reason, sent.detail) == ("SENT", "SMTP_TEST", "The server's words.")
    (outgoing,) = arrived
    assert (outgoing.recipient, outgoing.envelope_from) == ("g@example.com", "g@example.com")
    message = message_from_bytes(outgoing.message, policy=default)
    assert (message["Subject"], message["To"], message["From"]) == ("[Test] Hi", "g@example.com", "G <g@example.com>")
    html = message.get_body(("html",)).get_content()
    assert "Dear Ada of {{! city }}" in html
    assert 'href="https://example.com"' in html
    assert '<a href="mailto:g@example.com?subject=unsubscribe"' in html
    assert await folder_counts(world.context) == folders
    assert [await model.all().count() for model in (Send, Event)] == rows


@on_sqlite
async def test_it_goes_to_senders_of_the_workspace_only(world: World) -> None:
    arrived = recorded(world)
    other = await make_world(1)
    await create_sender(other.context, name="H", email="h@example.com", zone="UTC", channel="scripted")
    for stranger in ("ada@example.com", "h@example.com", "g@example.org"):
        assert await refusal_of(world, to=stranger) == ("TEST_RECIPIENT", ("to",))
    assert await refusal_of(world, to="g@example.com, ada@example.com") == ("INVALID_ADDRESS", ("to",))
    assert await refusal_of(world, to="g@example.com\r\nBcc: ada@example.com") == ("INVALID_ADDRESS", ("to",))
    assert (arrived, await TestEmail.all().count()) == ([], 0)
    await create_sender(world.context, name="K", email="k@example.com", zone="UTC", channel="scripted")
    await send_test_email(world.context, REQUEST, "K@Example.com")
    assert [each.recipient for each in arrived] == ["k@example.com"]


async def test_it_takes_a_slot_of_the_senders_throttle(world: World) -> None:
    await Sender.all().update(throttle_emails=1, throttle_seconds=60)
    await send_test_email(world.context, REQUEST)
    assert await refusal_of(world) == ("SENDER_NOT_READY", ("senderId",))
    await world.tick()
    assert world.channel.left == ["g@example.com"], "the campaign's email waits for the window"


async def test_paused_and_forbidden_accounts(world: World) -> None:
    await account_pauses.pause("scripted", NOW, "CONNECTION_FAILED", "")
    assert await refusal_of(world) == ("SENDER_NOT_READY", ("senderId",))
    await AccountPause.all().delete()
    world.context.workspace.accounts = ["smtp"]
    assert await refusal_of(world) == ("ACCOUNT_NOT_ALLOWED", ("senderId",))


@on_sqlite
async def test_a_workspace_sends_a_limited_number_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MAX_TESTS_PER_HOUR", 2)
    await asyncio.gather(*(TestEmail.all().count() for _ in range(6)))  # opens the connections
    asked = (send_test_email(world.context, REQUEST) for _ in range(6))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [(each.code, each.path) for each in answers if isinstance(each, Refusal)]
    assert refused == [("SENDER_NOT_READY", ())] * 4, "requests at the same time are counted one by one"
    assert await refusal_of(world) == ("SENDER_NOT_READY", ())
    assert await TestEmail.all().count() == 2


async def test_a_double_click_sends_one(world: World) -> None:
    arrived = recorded(world)

    async def request() -> TestEmail:
        found: TestEmail = await once(
            world.context, "sendTestEmail", "k1", [REQUEST, None],
            lambda key: send_test_email(world.context, REQUEST, key=key),
        )  # fmt: skip
        return found

    first, second = await asyncio.gather(request(), request())
    third = await request()
    assert first.id == second.id == third.id
    assert {third.outcome} | {first.outcome, second.outcome} <= {"SENT", None}
    assert third.outcome == "SENT"
    assert len(arrived) == 1


@pytest.mark.parametrize(
    ("fault", "during", "outcome", "code"),
    [
        (AccountUnavailableError("LOGIN_FAILED", "Wrong password in /etc/secret/file."), False,
         "ACCOUNT_UNAVAILABLE", "LOGIN_FAILED"),
        (AccountUnavailableError("CONNECTION_LOST", "Gone."), True, "IN_DOUBT", "CONNECTION_LOST"),
        (RuntimeError("a partner's bug"), False, "FAILED", "UNEXPECTED"),
        (SystemExit(1), True, "IN_DOUBT", "UNEXPECTED"),
        (TimeoutError(), False, "FAILED", "UNEXPECTED"),
    ],
)  # fmt: skip
async def test_a_channel_that_fails(
    world: World, fault: BaseException, during: bool, outcome: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_: Outgoing) -> None:
        raise fault

    if during:
        world.channel.during = fails
    else:
        world.channel.before = fails
    sent = await send_test_email(world.context, REQUEST)
    assert (sent.outcome, sent.reason) == (outcome, code)
    assert "/etc/secret" not in sent.detail
    assert (await TestEmail.get(id=sent.id)).outcome == outcome
    caplog.clear()


@on_sqlite
async def test_answers_of_the_mail_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.channel.outcome = Outcome.HARD_BOUNCE
    sent = await send_test_email(world.context, REQUEST)
    assert (sent.outcome, sent.reason, sent.detail) == ("HARD_BOUNCE", "SMTP_TEST", "The server's words.")
    monkeypatch.setattr(delivery, "DELIVERY_SECONDS", 0.01)

    async def hangs(_: Outgoing) -> None:
        await asyncio.Event().wait()

    world.channel.outcome, world.channel.during = Outcome.SENT, hangs
    late = await send_test_email(world.context, REQUEST)
    assert (late.outcome, late.reason) == ("IN_DOUBT", "NO_ANSWER")
    world.channel.before = hangs
    late = await send_test_email(world.context, REQUEST)
    assert (late.outcome, late.reason) == ("FAILED", "NO_ANSWER")
    assert late.detail == "The channel scripted did not answer within 0.01 s. The test email was not sent."
    closing = asyncio.Event()

    async def ignores_cancellation(_: Outgoing) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await closing.wait()

    monkeypatch.setattr(delivery, "CLOSING_SECONDS", 0.01)
    world.channel.before = ignores_cancellation
    assert (await send_test_email(world.context, REQUEST)).outcome == "FAILED", "nobody waits for the closing session"
    closing.set()
    await asyncio.wait(delivery._closing)
    world.channel.before = None

    async def wrong(*_: object) -> Receipt:
        return "sent"  # type: ignore[return-value]

    world.channel.deliver = wrong  # type: ignore[method-assign]
    assert (await send_test_email(world.context, REQUEST)).outcome == "FAILED"


async def test_a_transactional_template_has_no_line_to_unsubscribe(world: World) -> None:
    arrived = recorded(world)
    await Template.all().update(transactional=True)
    template = await Template.first()
    assert template is not None
    await send_test_email(world.context, PreviewRequest(template_id=template.id))
    assert b"unsubscribe" not in arrived[0].message.lower()


async def test_a_sender_with_the_address_of_somebody_who_said_no_gets_none(world: World) -> None:
    """A sender can be created with any address."""
    await create_sender(world.context, name="H", email="ada@example.com", zone="UTC", channel="scripted")
    await Person.filter(email="ada@example.com").update(bounced_at=NOW)
    assert await refusal_of(world, to="ADA@example.com") == ("BOUNCED", ("to",))
    await suppress_address(world.context, "ada@example.com")
    assert await refusal_of(world, to="ADA@example.com") == ("UNSUBSCRIBED", ("to",))
    await suppress_address(world.context, "g@example.com")
    assert await refusal_of(world) == ("UNSUBSCRIBED", ("senderId",))
    assert (world.channel.left, await TestEmail.all().count()) == ([], 0)
