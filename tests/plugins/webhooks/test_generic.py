"""The webhook "generic": its signature, its format, and that the published JSON Schema says the same."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from plugins.incoming import BounceKind, ReportedKind
from plugins.webhooks.contract import WebhookRefusedError
from plugins.webhooks.generic import GenericWebhook
from plugins.webhooks.generic_schema import SCHEMA
from tests.plugins.webhooks.requests import NOW, OLD_SECRET, SECRET, generic, mutated, refused, request

ENVIRONMENT = {
    "TOUCHLINE_WEBHOOK_GENERIC": SECRET,
    "TOUCHLINE_WEBHOOK_GENERIC_SALES": f"{SECRET[::-1]}, {OLD_SECRET}",
}
REPLY = {"id": "e1", "kind": "REPLIED", "messageId": "<a@example.com>", "detail": "Yes, please."}
BOUNCE = {
    "id": "e2",
    "kind": "BOUNCED",
    "at": "2026-03-02T08:30:00+01:00",
    "recipient": "ada@example.com",
    "sender": "grace@example.com",
    "bounce": "HARD",
    "status": "5.1.1",
}


@pytest.fixture
def webhook() -> GenericWebhook:
    return GenericWebhook(ENVIRONMENT)


async def test_signed_events_are_received(webhook: GenericWebhook) -> None:
    mail = {"id": "m1", "data": base64.b64encode(b"Subject: Re: Hello\r\n\r\nYes").decode()}
    result = await webhook.receive(request(*generic({"events": [REPLY, BOUNCE], "mails": [mail]})))
    reply, bounce = result.events
    assert (reply.key, reply.kind, reply.message_id, reply.at) == ("e1", ReportedKind.REPLIED, "<a@example.com>", NOW)
    assert (bounce.bounce, bounce.recipient, bounce.status) == (BounceKind.HARD, "ada@example.com", "5.1.1")
    assert bounce.at == NOW - timedelta(minutes=30)
    assert [(each.key, each.data) for each in result.mails] == [("m1", b"Subject: Re: Hello\r\n\r\nYes")]


async def test_each_account_has_its_own_secrets_and_an_old_one_is_accepted(webhook: GenericWebhook) -> None:
    assert webhook.accounts() == ("", "SALES")
    for secret in (SECRET[::-1], OLD_SECRET):
        body, headers = generic({"events": [REPLY]}, secret)
        assert len((await webhook.receive(request(body, headers, "SALES"))).events) == 1
        assert await refused(webhook, request(body, headers)) == (403, "WEBHOOK_BAD_SIGNATURE")


async def test_a_request_that_is_not_signed_is_refused(webhook: GenericWebhook) -> None:
    body, headers = generic({"events": [REPLY]})
    for missing in headers:
        given = {name: value for name, value in headers.items() if name != missing}
        assert await refused(webhook, request(body, given)) == (401, "WEBHOOK_UNSIGNED")
    for wrong in ("sha256=", "sha256=" + "0" * 64, "sha256=é", f"sha256={headers['x-touchline-signature'][7:-1]}"):
        given = headers | {"x-touchline-signature": wrong}
        assert await refused(webhook, request(body, given)) == (403, "WEBHOOK_BAD_SIGNATURE")
    for timestamp in ("x", "-1", "1e9", "9" * 40, "٣"):
        given = headers | {"x-touchline-timestamp": timestamp}
        assert await refused(webhook, request(body, given)) == (401, "WEBHOOK_UNSIGNED")
    for changed in mutated(body):
        assert await refused(webhook, request(changed, headers)) == (403, "WEBHOOK_BAD_SIGNATURE")


@pytest.mark.parametrize("age", [timedelta(minutes=5, seconds=1), timedelta(days=400), -timedelta(minutes=6)])
async def test_an_old_or_future_signature_is_refused(webhook: GenericWebhook, age: timedelta) -> None:
    given = request(*generic({"events": [REPLY]}, at=NOW - age))
    assert await refused(webhook, given) == (403, "WEBHOOK_TOO_OLD")


async def test_a_signature_is_valid_for_five_minutes(webhook: GenericWebhook) -> None:
    given = request(*generic({"events": [REPLY]}, at=NOW - timedelta(minutes=5)))
    assert len((await webhook.receive(given)).events) == 1


INVALID: list[tuple[Any, str]] = [
    ([], "body"),
    ({"event": []}, "event"),
    ({"events": {}}, "list"),
    ({"events": [1]}, r"events\[0\] is not an object"),
    ({"events": [REPLY, {**REPLY, "id": ""}]}, r"events\[1\]"),
    ({"events": [{"kind": "REPLIED", "emailId": "snd_1"}]}, r"events\[0\]\.id"),
    ({"events": [{"id": "1", "recipient": "a@example.com"}]}, r"events\[0\]\.kind"),
    ({"events": [{**REPLY, "kind": ["REPLIED"]}]}, r"events\[0\]\.kind"),
    ({"events": [{"id": "1", "kind": "REPLIED"}]}, "emailId, messageId, or recipient and sender"),
    ({"events": [{"id": "1", "kind": "REPLIED", "recipient": "a@example.com"}]}, "recipient and sender"),
    ({"events": [{"id": "1", "kind": "UNSUBSCRIBED", "sender": "a@example.com"}]}, "emailId, messageId, or recipient"),
    ({"events": [{**BOUNCE, "bounce": "MEDIUM"}]}, "HARD or SOFT"),
    ({"events": [{**BOUNCE, "bounce": {}}]}, "bounce"),
    ({"events": [{key: value for key, value in BOUNCE.items() if key != "bounce"}]}, "bounce"),
    ({"events": [{**REPLY, "bounce": "HARD"}]}, "bounce"),
    ({"events": [{**REPLY, "color": "red"}]}, "color"),
    ({"events": [{**REPLY, "id": "x" * 256}]}, "256"),
    ({"events": [{**REPLY, "emailId": 7}]}, "emailId"),
    ({"events": [REPLY] * 1_001}, "1,000"),
    ({"mails": [{"id": "m"}]}, r"mails\[0\]\.data"),
    ({"mails": [{"id": "m", "data": ""}, {"id": "", "data": ""}]}, r"mails\[1\]"),
]


@pytest.mark.parametrize(("body", "fault"), INVALID)
async def test_one_event_of_another_form_refuses_all(webhook: GenericWebhook, body: Any, fault: str) -> None:
    with pytest.raises(WebhookRefusedError, match=fault) as caught:
        await webhook.receive(request(*generic(body)))
    assert (caught.value.status, caught.value.code) == (400, "WEBHOOK_INVALID")
    assert not Draft202012Validator(SCHEMA).is_valid(body), "the schema refuses it too"


@pytest.mark.parametrize(
    "event", [{**REPLY, "at": "yesterday"}, {**REPLY, "at": "2026-03-02T08:30:00"}, {**REPLY, "at": 5}]
)
async def test_a_time_needs_a_zone(webhook: GenericWebhook, event: dict[str, Any]) -> None:
    assert await refused(webhook, request(*generic({"events": [event]}))) == (400, "WEBHOOK_INVALID")


@pytest.mark.parametrize(
    ("at", "year"),
    [
        ("0001-01-01T00:00:00Z", 1970),
        ("0001-01-01T00:00:00+14:00", 1970),
        ("9999-12-31T23:59:59Z", NOW.year),
        ("9999-12-31T23:59:59-14:00", NOW.year),
    ],
)
async def test_an_unusual_time_is_brought_into_range(webhook: GenericWebhook, at: str, year: int) -> None:
    result = await webhook.receive(request(*generic({"events": [{**REPLY, "at": at}]})))
    assert [event.at.year for event in result.events] == [year]


async def test_unknown_kinds_are_ignored_and_counted(webhook: GenericWebhook) -> None:
    body = {"events": [REPLY, {"id": "x", "kind": "FORWARDED", "emailId": "snd_1"}]}
    result = await webhook.receive(request(*generic(body)))
    assert (len(result.events), result.ignored) == (1, 1)
    assert Draft202012Validator(SCHEMA).is_valid(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "WEBHOOK_INVALID")),
        (b"\xff\xfe{}", (400, "WEBHOOK_INVALID")),
        (b'{"events": [], "events": []}', (400, "WEBHOOK_INVALID")),
        (b'{"events": NaN}', (400, "WEBHOOK_INVALID")),
        (b"[" * 100_000, (400, "WEBHOOK_INVALID")),
        (b'{"events": [' + b"{}," * 100_000 + b"{}]}", (413, "WEBHOOK_TOO_LARGE")),
        (b'{"events": ' + b"9" * 5_000 + b"}", (400, "WEBHOOK_INVALID")),
        (b"{" * 300_000, (413, "WEBHOOK_TOO_LARGE")),
    ],
)
async def test_hostile_json_is_refused(webhook: GenericWebhook, body: bytes, expected: tuple[int, str]) -> None:
    assert await refused(webhook, request(*generic(body))) == expected


def test_the_schema_is_published() -> None:
    published = (Path(__file__).parents[3] / "docs" / "webhook.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", ["UNSUBSCRIBED", "COMPLAINED"])
async def test_an_event_about_an_address_needs_no_more(webhook: GenericWebhook, kind: str) -> None:
    body = {"events": [{"id": "1", "kind": kind, "recipient": "ada@example.com"}]}
    (event,) = (await webhook.receive(request(*generic(body)))).events
    assert event.recipient == "ada@example.com"
    assert Draft202012Validator(SCHEMA).is_valid(body)
