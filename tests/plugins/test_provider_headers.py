"""The header by which a provider's events name an email: the SMTP channel adds it, and no other bytes change."""

import email
import json
from email.message import Message
from typing import Any

import pytest

from plugins.channels.smtp.url import parse
from plugins.provider_headers import PROVIDERS, provider_headers
from tests.plugins.channels.test_smtp import Make, channel
from tests.plugins.scripted import ScriptedServer

ID = "snd_01jdabcdefghjkmnpqrstvwxyz"


def headers(provider: str) -> Message:
    return email.message_from_bytes(provider_headers(provider, ID) + b"Subject: x\r\n\r\nbody")


def test_each_provider_returns_the_id_under_the_name_that_its_webhook_reads() -> None:
    assert json.loads(headers("sendgrid")["X-SMTPAPI"]) == {"unique_args": {"touchline_email": ID}}
    assert json.loads(headers("mailgun")["X-Mailgun-Variables"]) == {"touchline_email": ID}
    assert headers("ses")["X-SES-MESSAGE-TAGS"] == f"touchline_email={ID}"
    assert headers("postmark")["X-PM-Metadata-touchline-email"] == ID
    assert headers("postmark")["X-PM-KeepID"] == "true"
    assert all(headers(provider)["Subject"] == "x" for provider in PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_channel_adds_the_header(outgoing: Make, permission: Any, provider: str) -> None:
    async with ScriptedServer({}).running() as server:
        async with channel(server, f"&provider={provider}").connect({}) as session:
            await session.deliver(outgoing(send_id=ID), permission)
        assert server.contents == [provider_headers(provider, ID) + b"Subject: Hello\r\n\r\nHi Ann\r\n.\r\n"]


def test_another_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="provider must be one of mailgun, postmark, sendgrid, ses"):
        parse("smtp://h?provider=gmail")
    assert parse("smtp://h").provider is None
