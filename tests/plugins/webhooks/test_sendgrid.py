"""The webhook "sendgrid": signatures, and the meaning of each kind of event. They follow its documentation."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.incoming import BounceKind, ReportedKind
from plugins.webhooks.sendgrid import SendGridWebhook
from tests.plugins.webhooks.requests import NOW, SECRET, SendGridKey, mutated, refused, request

KEY, OLD_KEY = SendGridKey(), SendGridKey()
BASE = {
    "email": "example@test.com",
    "timestamp": 1513299569,
    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
    "category": "cat facts",
    "sg_event_id": "sg_event_id",
    "sg_message_id": "sg_message_id",
}
HARD, SOFT = BounceKind.HARD, BounceKind.SOFT


@pytest.fixture
def webhook() -> SendGridWebhook:
    return SendGridWebhook({"TOUCHLINE_WEBHOOK_SENDGRID": f"{KEY.setting},{OLD_KEY.setting}"})


async def meaning(webhook: SendGridWebhook, **event: Any) -> Any:
    body = json.dumps([BASE | event]).encode()
    result = await webhook.receive(request(body, KEY.sign(body)))
    return result.events[0] if result.events else result.ignored


@pytest.mark.parametrize(
    ("event", "kind", "bounce"),
    [
        ({"event": "delivered", "response": "250 OK"}, ReportedKind.DELIVERED, None),
        ({"event": "spamreport"}, ReportedKind.COMPLAINED, None),
        ({"event": "unsubscribe"}, ReportedKind.UNSUBSCRIBED, None),
        ({"event": "group_unsubscribe", "asm_group_id": 10}, ReportedKind.UNSUBSCRIBED, None),
        ({"event": "bounce", "type": "bounce", "reason": "500 unknown recipient", "status": "5.0.0"}, "BOUNCED", HARD),
        ({"event": "bounce", "type": "bounce", "reason": "550 5.1.1 no such user", "status": "5.1.1"}, "BOUNCED", HARD),
        ({"event": "bounce", "type": "bounce", "reason": "552 5.2.2 mailbox full", "status": "5.2.2"}, "BOUNCED", SOFT),
        ({"event": "bounce", "type": "blocked", "reason": "550 5.1.1 unknown user"}, "BOUNCED", SOFT),
        ({"event": "bounce", "bounce_classification": "Invalid Address", "reason": "550"}, "BOUNCED", HARD),
        (
            {"event": "bounce", "bounce_classification": "Invalid Address", "reason": "550 5.7.1 policy"},
            "BOUNCED",
            SOFT,
        ),
        ({"event": "bounce", "bounce_classification": "Reputation", "reason": "550 rejected"}, "BOUNCED", SOFT),
        ({"event": "bounce", "bounce_classification": "Content", "reason": ""}, "BOUNCED", SOFT),
        ({"event": "bounce", "type": "expired", "reason": "unable to get mx info"}, "BOUNCED", SOFT),
        ({"event": "dropped", "reason": "Bounced Address", "status": "5.0.0"}, "BOUNCED", HARD),
        ({"event": "dropped", "reason": "Invalid"}, "BOUNCED", HARD),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, "COMPLAINED", None),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "UNSUBSCRIBED", None),
        ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, "BOUNCED", SOFT),
        ({"event": "dropped"}, "BOUNCED", SOFT),
    ],
)
async def test_what_an_event_says(
    webhook: SendGridWebhook, event: dict[str, Any], kind: str, bounce: BounceKind | None
) -> None:
    found = await meaning(webhook, **event)
    assert (found.kind, found.bounce) == (kind, bounce)
    assert (found.key, found.recipient) == ("sg_event_id", "example@test.com")
    assert found.message_id == "<14c5d75ce93.dfd.64b469@ismtpd-555>"
    assert found.at == datetime(2017, 12, 15, 0, 59, 29, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["processed", "deferred", "group_resubscribe", "account_status_change", "", 7, [], {}])
async def test_what_says_nothing_is_ignored(webhook: SendGridWebhook, kind: Any) -> None:
    assert await meaning(webhook, event=kind, response="400 try again later") == 1


async def test_opens_and_clicks_name_the_visitor(webhook: SendGridWebhook) -> None:
    visitor = {"useragent": "Mozilla/4.0", "ip": "255.255.255.255"}
    found = await meaning(webhook, event="open", sg_machine_open=True, touchline_email="snd_1", **visitor)
    assert (found.kind, found.machine, found.email_id) == (ReportedKind.OPENED, True, "snd_1")
    assert (found.user_agent, found.ip) == ("Mozilla/4.0", "255.255.255.255")
    assert found.details["machine"] is True
    found = await meaning(webhook, event="click", url="http://www.sendgrid.com/", **visitor)
    assert (found.kind, found.url, found.machine) == (ReportedKind.CLICKED, "http://www.sendgrid.com/", False)
    assert "machine" not in found.details


async def test_an_odd_entry_does_not_refuse_the_others(webhook: SendGridWebhook) -> None:
    odd = [None, 7, [], {}, BASE | {"event": "open", "sg_event_id": ""}, {"event": "open", "sg_event_id": "x"}]
    strange = BASE | {"event": "open", "timestamp": 1e400, "ip": {}, "url": [], "smtp-id": 5, "email": "x" * 5_000}
    body = json.dumps([*odd, strange, BASE | {"event": "open"}]).replace("Infinity", "1e400").encode()
    result = await webhook.receive(request(body, KEY.sign(body)))
    assert (len(result.events), result.ignored) == (2, 6)
    assert result.events[0].at == NOW
    assert result.events[0].recipient is None


async def test_the_old_key_is_accepted_and_no_other(webhook: SendGridWebhook) -> None:
    body = json.dumps([BASE | {"event": "open"}]).encode()
    assert len((await webhook.receive(request(body, OLD_KEY.sign(body)))).events) == 1
    assert await refused(webhook, request(body, SendGridKey().sign(body))) == (403, "WEBHOOK_BAD_SIGNATURE")


async def test_wrong_missing_and_old_signatures_are_refused(webhook: SendGridWebhook) -> None:
    body = json.dumps([BASE | {"event": "open"}]).encode()
    headers = KEY.sign(body)
    assert await refused(webhook, request(body)) == (401, "WEBHOOK_UNSIGNED")
    for name in headers:
        for wrong in ("x", "AAAA", "MEUCIQ==", "é"):
            assert (await refused(webhook, request(body, headers | {name: wrong})))[0] in {401, 403}
    for changed in mutated(body):
        assert await refused(webhook, request(changed, headers)) == (403, "WEBHOOK_BAD_SIGNATURE")
    for age in (timedelta(hours=27), -timedelta(minutes=6)):
        given = request(body, KEY.sign(body, NOW - age))
        assert await refused(webhook, given) == (403, "WEBHOOK_TOO_OLD")


async def test_a_body_that_is_not_a_list_is_refused(webhook: SendGridWebhook) -> None:
    for body in (b"{}", b"null", b"[", b"\xff", b'[{"a": 1, "a": 2}]'):
        assert await refused(webhook, request(body, KEY.sign(body))) == (400, "WEBHOOK_INVALID")


@pytest.mark.parametrize("value", ["x", SECRET, "é", f"{KEY.setting},{KEY.setting},{KEY.setting}"])
def test_a_setting_that_is_not_a_key_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^TOUCHLINE_WEBHOOK_SENDGRID_EU cannot be used") as caught:
        SendGridWebhook({"TOUCHLINE_WEBHOOK_SENDGRID_EU": value})
    assert value not in str(caught.value) or len(value) < 10
