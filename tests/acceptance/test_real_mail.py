"""From GraphQL to a folder and to a real mail server: what arrives is what was authored."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from api.clock import system_clock
from api.make_runtime import make_runtime
from api.services.dispatch.dispatcher import run_once
from api.settings import Settings
from plugins.loading.manager import load
from tests import story
from tests.client import SECRET, Client, new_client, serving

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def database_kind() -> str:
    """The embedded default."""
    return "sqlite"


class Mailbox:
    """What the mail server received."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.received.append(envelope.content)
        return "250 OK"


def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    """Let one user in."""
    ok = isinstance(given, LoginPassword) and (given.login, given.password) == (b"rep", b"p@ss")
    return AuthResult(success=ok, handled=False)


@asynccontextmanager
async def mail_server(mailbox: Mailbox, folder: Path) -> AsyncIterator[str]:
    """A real SMTP server on loopback, with STARTTLS and login; yields its URL."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        options = {"tls_context": context, "require_starttls": True, "authenticator": login, "auth_required": True}
        return SMTP(mailbox, hostname="test", loop=loop, **options)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"smtp://rep:p%40ss@127.0.0.1:{port}?security=starttls&cafile={folder / 'ca.pem'}"
    finally:
        server.close()
        await server.wait_closed()


async def deliver(client: Client, environment: dict[str, str]) -> None:
    """Author two emails, launch them for one person, and dispatch both."""
    installed = load(environment)
    sender = await story.sender(client, channel=environment["CHANNEL"])
    first = await story.template(client, subject="Grüße, {{ first_name }}", html="<p>Hi {{ first_name }} &amp; co</p>")
    nudge = await story.template(client, name="Nudge", subject="", html="<p>And {{ company }}?</p>")
    campaign = await story.campaign(client, sender)
    email = {"type": "EMAIL"}
    await story.step(client, campaign, day=1, sendOption="choose_at_launch", templateId=first, **email)
    option = {"sendOption": "same_time_as_previous", "followUp": True}
    await story.step(client, campaign, day=2, templateId=nudge, **option, **email)
    person = await story.person(client, firstName="Zoë")
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person], "sendNow": True})
    runtime = make_runtime(Settings.read(environment), installed)
    for due in (system_clock(), datetime(2100, 1, 1, tzinfo=UTC)):
        await run_once(runtime, due)


def check(messages: list[bytes]) -> EmailMessage:
    """Check the two emails and return the second."""
    first, second = (message_from_bytes(data, policy=default) for data in messages)
    assert first["Subject"] == "Grüße, Zoë"
    assert second["Subject"] == "Re: Grüße, Zoë"
    assert first["To"] == "Zoë Lovelace <ada@example.com>"
    assert first["Date"]
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    text, html = (first.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.startswith("Hi Zoë & co")
    assert "<p>Hi Zoë &amp; co</p>" in html
    body = second.get_body(("plain",)).get_content()
    assert body.index("And your company?") < body.index("> Hi Zoë & co")
    return second


async def test_the_outbox(database_url: str, tmp_path: Path) -> None:
    environment = {"TOUCHLINE_OUTBOX": str(tmp_path / "outbox"), "CHANNEL": "outbox"}
    async with serving(database_url, environment) as http:
        await deliver(await new_client(http, MONDAY, sandbox=False), environment)
    files = sorted((tmp_path / "outbox").glob("*.eml"))
    second = check([file.read_bytes() for file in files])
    assert second["List-Unsubscribe"] == "<mailto:grace@example.com?subject=unsubscribe>"


async def test_a_mail_server_and_unsubscribing(database_url: str, tmp_path: Path) -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, tmp_path) as url:
        environment = {"TOUCHLINE_SMTP_URL": url, "CHANNEL": "smtp", "TOUCHLINE_SECRET": SECRET}
        environment["TOUCHLINE_PUBLIC_URL"] = "https://touchline.example/"
        async with serving(database_url, environment) as http:
            client = await new_client(http, MONDAY, sandbox=False)
            await deliver(client, environment)
            second = check(mailbox.received)
            assert second["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            link = second["List-Unsubscribe"].strip("<>").removeprefix("https://touchline.example")
            assert (await http.get(link)).status_code == 200
            assert await unsubscribed(client) == [None]
            assert (await http.post(link[:-1] + ("0" if link[-1] != "0" else "1"))).status_code == 404
            assert await unsubscribed(client) == [None]
            assert (await http.post(link, data={"List-Unsubscribe": "One-Click"})).status_code == 200
            assert await unsubscribed(client) != [None]


async def unsubscribed(client: Client) -> list[str | None]:
    """Return when each person unsubscribed."""
    people = await client.ask("{ people { nodes { unsubscribedAt } } }")
    return [person["unsubscribedAt"] for person in people["people"]["nodes"]]
