"""The endpoint of webhooks: what it stores, what it refuses, and that a burst does not delay other requests."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from api.clock import system_clock
from api.http.webhooks import source_of
from api.store.engine.sql import execute
from plugins.webhooks import ses
from tests.client import new_client, serving
from tests.live import Live, until
from tests.plugins.webhooks import requests
from tests.plugins.webhooks.requests import SECRET, TOPIC, SendGridKey, SnsKey
from tests.raw import head, raw
from tests.served import NOW

KEY, SNS = SendGridKey(), SnsKey()
REPLY = {"id": "e1", "kind": "REPLIED", "messageId": "<a@example.com>"}
Answer = tuple[int, Any]


@pytest.fixture
def environment() -> dict[str, str]:
    return {
        "TOUCHLINE_WEBHOOK_GENERIC": SECRET,
        "TOUCHLINE_WEBHOOK_GENERIC_SALES": SECRET[::-1],
        "TOUCHLINE_WEBHOOK_MAILGUN": SECRET,
        "TOUCHLINE_WEBHOOK_SENDGRID": KEY.setting,
        "TOUCHLINE_WEBHOOK_SES": TOPIC,
    }


@pytest.fixture
async def http(
    database_url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A server without a tick loop, so that everything stays as it was stored."""
    monkeypatch.setattr(ses.SesWebhook.__init__, "__defaults__", (SNS.fetch,))
    async with serving(database_url, environment) as running:
        yield running


async def stored() -> list[tuple[str, str, str]]:
    rows = await execute("SELECT source, key, kind FROM incoming_event ORDER BY source, key")
    return [(row["source"], row["key"], row["kind"]) for row in rows]


async def post(http: httpx.AsyncClient, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    sent = {"content-type": "application/json"} | (headers or {})
    answer = await http.post(f"/webhooks/{path}", content=body, headers=sent)
    return answer.status_code, answer.json()


def generic(body: Any, secret: str = SECRET, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    return requests.generic(body, secret, at or system_clock())


def sendgrid(events: list[Any]) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(events).encode()
    return body, KEY.sign(body, system_clock())


def code(answer: Answer) -> tuple[int, str]:
    """Return the status and the code of an error, whose form is that of all errors."""
    status, body = answer
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"].endswith(".")
    return status, body["error"]["code"]


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_events_are_stored_before_the_answer_and_only_once(http: httpx.AsyncClient) -> None:
    given = {"events": [REPLY, REPLY | {"id": "e2"}], "mails": [{"id": "m1", "data": "U3ViamVjdDogeA0KDQp5"}]}
    assert await post(http, "generic", *generic(given)) == (200, {"received": 3, "new": 3, "ignored": 0})
    assert await post(http, "generic", *generic(given)) == (200, {"received": 3, "new": 0, "ignored": 0})
    assert await stored() == [
        ("webhook:generic", "e1", "REPLIED"),
        ("webhook:generic", "e2", "REPLIED"),
        ("webhook:generic", "m1", "MAIL"),
    ]
    assert await post(http, "generic/SALES", *generic(given, SECRET[::-1])) == (
        200,
        {"received": 3, "new": 3, "ignored": 0},
    )
    assert {source for source, _, _ in await stored()} == {"webhook:generic", "webhook:generic:SALES"}


async def test_each_built_in_webhook_has_its_path(http: httpx.AsyncClient) -> None:
    event = {"email": "a@example.com", "event": "open", "sg_event_id": "sg1", "timestamp": 1513299569}
    assert await post(http, "sendgrid", *sendgrid([event, {"event": "processed"}])) == (
        200,
        {"received": 1, "new": 1, "ignored": 1},
    )
    body = requests.mailgun({"event": "opened", "recipient": "a@example.com"}, at=system_clock(), token="t1")
    assert (await post(http, "mailgun", body))[1]["new"] == 1
    sent = (system_clock() - timedelta(seconds=1)).isoformat()
    given = {"eventType": "Open", "open": {}, "mail": {"destination": ["a@example.com"]}}
    message = json.dumps(SNS.message(given, "2", Timestamp=sent)).encode()
    assert (await post(http, "ses", message, {"content-type": "text/plain; charset=UTF-8"}))[1]["new"] == 1
    assert [source for source, _, _ in await stored()] == ["webhook:mailgun", "webhook:sendgrid", "webhook:ses"]


async def test_a_token_of_mailgun_counts_once_after_a_restart(
    database_url: str, environment: dict[str, str], http: httpx.AsyncClient
) -> None:
    opened = requests.mailgun({"event": "opened", "recipient": "a@example.com"}, at=system_clock(), token="t1")
    assert (await post(http, "mailgun", opened))[1]["new"] == 1
    forged = json.dumps(json.loads(opened) | {"event-data": {"event": "complained", "recipient": "a@example.com"}})
    assert code(await post(http, "mailgun", forged.encode())) == (403, "WEBHOOK_BAD_SIGNATURE")
    from api.app import make_app
    from api.settings import Settings

    other = make_app(Settings.read({"TOUCHLINE_DATABASE_URL": database_url}), environment, tick=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://test") as second:
        assert (await post(second, "mailgun", forged.encode()))[1]["new"] == 0
    assert await stored() == [("webhook:mailgun", "t1", "OPENED")]


@pytest.mark.parametrize(
    "path", ["postmark", "sendgrid/SALES", "generic/sales", "generic/", "nothing", "generic/SALES/x"]
)
async def test_a_webhook_without_a_setting_does_not_exist(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(f"/webhooks/{path}", content=b"{}", headers={"content-type": "application/json"})
    assert answer.status_code == 404
    assert await stored() == []


async def test_what_is_refused_is_not_stored(http: httpx.AsyncClient) -> None:
    body, headers = generic({"events": [REPLY]})
    assert code(await post(http, "generic", body)) == (401, "WEBHOOK_UNSIGNED")
    assert code(await post(http, "generic", body + b" ", headers)) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert code(await post(http, "generic/SALES", body, headers)) == (403, "WEBHOOK_BAD_SIGNATURE")
    old = generic({"events": [REPLY]}, at=system_clock() - timedelta(minutes=6))
    assert code(await post(http, "generic", *old)) == (403, "WEBHOOK_TOO_OLD")
    mixed = generic({"events": [REPLY, {"id": "", "kind": "REPLIED"}]})
    assert code(await post(http, "generic", *mixed)) == (400, "WEBHOOK_INVALID")
    assert code(await post(http, "generic", body, headers | {"content-type": "text/html"})) == (415, "WEBHOOK_INVALID")
    assert code(await post(http, "generic", body, headers | {"content-encoding": "gzip"})) == (415, "WEBHOOK_INVALID")
    assert code(await post(http, "generic", b"x" * 4_000_001, headers)) == (413, "WEBHOOK_TOO_LARGE")
    assert code(await post(http, "sendgrid", *sendgrid([{}] * 100_000))) == (413, "WEBHOOK_TOO_LARGE")
    many = [{"email": "a@b.example", "event": "open", "sg_event_id": str(number)} for number in range(10_001)]
    assert code(await post(http, "sendgrid", *sendgrid(many))) == (413, "WEBHOOK_TOO_LARGE")
    assert (await http.get("/webhooks/generic")).status_code == 405
    assert await stored() == []


def test_a_source_fits_its_column() -> None:
    assert source_of("sendgrid", "SALES") == "webhook:sendgrid:SALES"
    long = [source_of("k" * 64, account * 40) for account in ("A", "B")]
    assert len(set(long)) == 2
    assert all(len(source) <= 100 for source in long)


async def test_a_large_body_is_refused_before_it_is_read(live: Live) -> None:
    async with raw(live) as wire:
        await wire.send(head("", "Content-Length: 4000001", "Expect: 100-continue", path="/webhooks/generic"))
        status, body = await wire.answer()
        assert (status, json.loads(body)["error"]["code"]) == (413, "WEBHOOK_TOO_LARGE")
    async with raw(live) as wire:
        await wire.send(head("", "Content-Length: 1000", "Expect: 100-continue", path="/webhooks/postmark"))
        assert (await wire.answer())[0] == 404, "nothing is read for a webhook that does not exist"


async def test_bodies_that_never_end_stop_no_provider(live: Live) -> None:
    mail = {"id": "m1", "data": base64.b64encode(b"Subject: x\r\n\r\n" + b"y" * 1_000_000).decode()}
    unfinished = head("", "Content-Length: 4000000", "Expect: 100-continue", path="/webhooks/generic")
    async with AsyncExitStack() as opened:
        wires = [await opened.enter_async_context(raw(live, source="127.0.0.2")) for _ in range(4)]
        for wire in wires:
            await wire.send(unfinished)
        reading = [asyncio.create_task(wire.answer()) for wire in wires]
        await until(lambda: sum(task.done() for task in reading) >= 2)
        assert await post(live.http, "generic", *generic({"events": [REPLY]})) == (
            200,
            {"received": 1, "new": 1, "ignored": 0},
        )
        assert await post(live.http, "generic", *generic({"mails": [mail]})) == (
            200,
            {"received": 1, "new": 1, "ignored": 0},
        )
        for task in reading:
            task.cancel()


async def test_a_burst_of_events_is_stored_while_the_api_answers(http: httpx.AsyncClient) -> None:
    client = await new_client(http, NOW)

    async def burst(number: int) -> int:
        events = [REPLY | {"id": f"{number}-{index}"} for index in range(40)]
        status, body = await post(http, "generic", *generic({"events": events}))
        return int(body["new"]) if status == 200 else 0

    posting = asyncio.gather(*(burst(number) for number in range(250)))
    answered = 0
    while not posting.done():
        assert await client.ask("{ __typename }") == {"__typename": "Query"}
        answered += 1
        await asyncio.sleep(0)
    assert sum(await posting) == 10_000
    assert answered >= 5
    (row,) = await execute("SELECT count(*) AS number FROM incoming_event")
    assert row["number"] == 10_000
    (job,) = await execute("SELECT count(*) AS number FROM job WHERE kind = 'answers'")
    assert job["number"] == 1
