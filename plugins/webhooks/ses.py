"""The webhook "ses": the events of Amazon SES, which Amazon SNS delivers.

``TOUCHLINE_WEBHOOK_SES`` has the ARNs of the topics, with commas between them. Messages of other topics are refused,
and only subscriptions to these topics are confirmed. With raw message delivery, SNS signs nothing: it is accepted only
if the setting also has ``password=…`` and the endpoint's URL has that password, ``https://any:PASSWORD@host/…``.

- https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
- ``ses_events.py`` names the pages of the events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from plugins import hookimpl
from plugins.webhooks import json_bodies as read
from plugins.webhooks.accounts import MIN_SECRET_CHARACTERS, ConfiguredWebhook
from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import Webhook, WebhookRefusedError, WebhookRequest, WebhookResult, WebhookStatus
from plugins.webhooks.events import collect
from plugins.webhooks.https_reading import read_https
from plugins.webhooks.passwords import basic_password, check_password
from plugins.webhooks.ses_events import drafts
from plugins.webhooks.signatures import MAX_AHEAD, PROVIDER_WINDOW, check_age, unsigned
from plugins.webhooks.sns import SIGNED_FIELDS, TOPIC, Fetch, SnsMessages

PASSWORD = "password="  # noqa: S105 - the name of an entry


@dataclass(frozen=True, slots=True)
class SesSettings:
    """The topics of one account, and the password of its endpoint if there is one."""

    topics: frozenset[str]
    password: bytes = field(default=b"", repr=False)


class SesWebhook(ConfiguredWebhook[SesSettings]):
    """Events of Amazon SES, through Amazon SNS."""

    key: ClassVar[str] = "ses"
    labels: ClassVar[Mapping[str, str]] = {"en": "Amazon SES"}
    content_types: ClassVar[Sequence[str]] = ("text/plain", "application/json")
    variable: ClassVar[str] = "SES"

    def __init__(self, environment: Mapping[str, str], fetch: Fetch = read_https) -> None:
        super().__init__(environment)
        self._sns = SnsMessages(fetch)

    def parse(self, value: str) -> SesSettings:
        """Read the topics and the password."""
        entries = [entry.strip() for entry in value.split(",")]
        passwords = [entry.removeprefix(PASSWORD).encode() for entry in entries if entry.startswith(PASSWORD)]
        topics = [entry for entry in entries if not entry.startswith(PASSWORD)]
        if not topics or not all(TOPIC.fullmatch(topic) for topic in topics):
            raise ValueError("It must name the ARNs of topics, such as arn:aws:sns:eu-west-1:123456789012:bounces.")
        if len(passwords) > 1 or any(len(password) < MIN_SECRET_CHARACTERS for password in passwords):
            raise ValueError(f"The password must have {MIN_SECRET_CHARACTERS} characters or more.")
        return SesSettings(frozenset(topics), *passwords)

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Check the signature, or the password, and read the events."""
        settings = self.settings(request.account)
        if settings.password:
            check_password(basic_password(request.headers), [settings.password])
        body = read.read_object(request.body)
        if request.headers.get("x-amz-sns-rawdelivery") == "true":
            if not settings.password:
                raise unsigned("a message of SNS: switch off raw message delivery, or set a password")
            _check_topic(settings, request.headers.get("x-amz-sns-topic-arn"))
            return _events(body, request.headers.get("x-amz-sns-message-id"), request)
        topic, kind = _check_topic(settings, body.get("TopicArn")), read.text(body.get("Type"))
        if kind not in SIGNED_FIELDS:
            raise read.invalid("The Type of the message is unknown")
        signed_at = read.instant(body.get("Timestamp"), request.received_at + 2 * MAX_AHEAD)
        await self._sns.check_signature(body, topic, request.received_at)
        check_age(signed_at, request.received_at, PROVIDER_WINDOW)
        if kind == "SubscriptionConfirmation":
            await self._sns.confirm(topic, read.text(body.get("Token")))
            return WebhookResult()
        if kind != "Notification":
            return WebhookResult(ignored=1)
        try:
            event = read.read_object(read.text(body.get("Message"), len(request.body)).encode())
        except WebhookRefusedError:
            return WebhookResult(ignored=1)  # "Successfully validated SNS topic for Amazon SES event publishing."
        return _events(event, body.get("MessageId"), request)


def _events(event: Mapping[str, Any], sns_id: object, request: WebhookRequest) -> WebhookResult:
    return collect([event], lambda item: drafts(item, read.key(sns_id), request.received_at))


def _check_topic(settings: SesSettings, topic: object) -> str:
    if not isinstance(topic, str) or topic not in settings.topics:
        raise WebhookRefusedError(WebhookStatus.FORBIDDEN, *WebhookCode.WEBHOOK_BAD_SIGNATURE.message("topic"))
    return topic


@hookimpl
def touchline_register_webhooks(environment: Mapping[str, str]) -> list[Webhook]:
    """Register the webhook."""
    return [SesWebhook(environment)]
