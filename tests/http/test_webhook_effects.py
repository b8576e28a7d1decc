"""From the request of a provider to its effect: only the email that it names, in the workspace of that email."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.clock import system_clock
from api.models import Enrollment, IncomingEvent, Person, Sender
from api.services.replies.answers_job import answer_chunks
from api.states import IncomingResult, SendStatus
from tests.client import serving
from tests.plugins.webhooks import requests
from tests.plugins.webhooks.requests import SECRET, SendGridKey
from tests.services.replies.incoming_mails import runtime_of
from tests.services.world import World, make_world

KEY = SendGridKey()
ENVIRONMENT = {
    "TOUCHLINE_WEBHOOK_GENERIC": SECRET,
    "TOUCHLINE_WEBHOOK_MAILGUN": SECRET,
    "TOUCHLINE_WEBHOOK_POSTMARK": SECRET,
    "TOUCHLINE_WEBHOOK_SENDGRID": KEY.setting,
}


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(database_url, ENVIRONMENT) as running:
        yield running


@pytest.fixture
async def worlds(http: httpx.AsyncClient) -> tuple[World, World]:
    """Two workspaces with the same sender and the same person, to whom each has sent an email."""
    both = await make_world(1), await make_world(1)
    for world in both:
        await world.tick()
    return both


async def post(http: httpx.AsyncClient, key: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    sent = {"content-type": "application/json"} | (headers or {})
    answer = await http.post(f"/webhooks/{key}", content=body, headers=sent)
    assert answer.json() == {"received": 1, "new": 1, "ignored": 0}


async def work(world: World) -> IncomingEvent:
    async for _ in answer_chunks(runtime_of(world, system_clock())):
        pass
    return await IncomingEvent.all().order_by("-id").first()  # type: ignore[return-value]


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_a_bounce_of_each_provider_marks_only_its_email(
    http: httpx.AsyncClient, worlds: tuple[World, World]
) -> None:
    mine, other = worlds
    send = await mine.send()
    details = {"email": send.recipient, "reason": "550 5.1.1 no such user", "status": "5.1.1", "type": "bounce"}
    body = json.dumps([details | {"event": "bounce", "sg_event_id": "1", "touchline_email": send.id}]).encode()
    await post(http, "sendgrid", body, KEY.sign(body, system_clock()))
    row = await work(mine)
    assert (row.result, row.send_id, row.workspace_id) == (IncomingResult.APPLIED, send.id, send.workspace_id)
    assert (await mine.send()).status is SendStatus.BOUNCED
    assert (await Person.get(id=send.person_id)).bounced_at is not None
    assert (await other.send()).status is SendStatus.SENT
    assert (await Person.get(id=(await other.send()).person_id)).bounced_at is None


async def test_a_complaint_with_a_message_id_unsubscribes_in_its_workspace(
    http: httpx.AsyncClient, worlds: tuple[World, World]
) -> None:
    mine, other = worlds
    send = await mine.send()
    headers = {"message-id": str(send.message_id).strip("<>")}
    event = {"event": "complained", "recipient": send.recipient, "message": {"headers": headers}}
    await post(http, "mailgun", requests.mailgun(event, at=system_clock()))
    assert (await work(mine)).result is IncomingResult.APPLIED
    assert str((await Enrollment.get(id=send.enrollment_id)).status) == "ENDED"
    assert str((await Enrollment.get(id=(await other.send()).enrollment_id)).status) == "ACTIVE"


async def test_an_event_without_an_id_is_matched_by_sender_and_recipient(
    http: httpx.AsyncClient, worlds: tuple[World, World]
) -> None:
    mine, other = worlds
    await Sender.filter(workspace_id=other.context.workspace_id).update(
        email="o@example.com", email_key="o@example.com"
    )
    send = await mine.send()
    sender = await Sender.get(id=send.sender_id)
    sent = str(send.sent_at.isoformat() if send.sent_at else "")
    record: dict[str, Any] = {"RecordType": "Bounce", "ID": 1, "Type": "HardBounce", "Email": send.recipient}
    record |= {"From": sender.email, "BouncedAt": sent, "Details": "smtp;550 5.1.1 no such user"}
    login = {"authorization": "Basic " + base64.b64encode(f"p:{SECRET}".encode()).decode()}
    await post(http, "postmark", json.dumps(record).encode(), login)
    row = await work(mine)
    assert (row.result, row.send_id, str(row.matched_by)) == (IncomingResult.APPLIED, send.id, "RECIPIENT")


async def test_an_unknown_email_changes_nothing(http: httpx.AsyncClient, worlds: tuple[World, World]) -> None:
    event = {"id": "1", "kind": "BOUNCED", "bounce": "HARD", "emailId": "snd_00000000000000000000000000"}
    await post(http, "generic", *requests.generic({"events": [event]}, at=system_clock()))
    assert (await work(worlds[0])).result is IncomingResult.UNMATCHED
    assert {str((await world.send()).status) for world in worlds} == {"SENT"}
