"""A one-off email from an upload over HTTP to a real mail server, which rejects one of the copies."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from api.clock import system_clock
from api.make_runtime import make_runtime
from api.services.dispatch.dispatcher import run_once
from api.settings import Settings
from plugins.loading.manager import load
from tests import story
from tests.acceptance.test_real_mail import Mailbox, mail_server
from tests.client import SECRET, Client, new_client, serving
from tests.graphql.emails.test_one_off_emails import CREATE, SEND

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SENT = """query($id: ID!) { email(id: $id) { status detail messageId recipient html campaign { id } sender { id }
  oneOff { cc bcc attachments { name size } } }
  emails(filter: {folder: SENT}) { nodes { id } } events(last: 20) { nodes { kind } } }"""


@pytest.fixture
def database_kind() -> str:
    """The embedded default."""
    return "sqlite"


class PickyMailbox(Mailbox):
    """Accepts emails for everyone but one address, and remembers the envelopes."""

    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[list[str]] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.recipients.append(list(envelope.rcpt_tos))
        return await super().handle_DATA(server, session, envelope)


async def sent(client: Client, environment: dict[str, str], email_id: str) -> dict[str, Any]:
    """Dispatch what is due, and return the email."""
    await run_once(make_runtime(Settings.read(environment), load(environment)), system_clock())
    return (await client.ask(SENT, id=email_id))["email"]


async def test_an_email_with_copies_and_files_and_its_follow_up(database_url: str, tmp_path: Path) -> None:
    mailbox, file = PickyMailbox(), bytes(range(256)) * 4_000
    async with mail_server(mailbox, tmp_path) as url:
        environment = {"TOUCHLINE_SMTP_URL": url, "TOUCHLINE_SECRET": SECRET}
        async with serving(database_url, environment) as http:
            client = await new_client(http, MONDAY, sandbox=False)
            headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/pdf"}
            answer = await http.post("/attachments", params={"name": "Angebot ü.pdf"}, content=file, headers=headers)
            given = {
                "to": "ada@example.com", "senderId": await story.sender(client, channel="smtp"), "subject": "Grüße",
                "html": "<p>See the offer.</p>", "cc": ["carl@example.com"],
                "bcc": ["bea@example.org", "gone@example.com"], "attachmentIds": [answer.json()["attachment"]["id"]],
            }  # fmt: skip
            first = await client.do(CREATE, "email", input=given)
            await client.do(SEND, "email", id=first["id"])
            found = await sent(client, environment, first["id"])
            assert (found["status"], found["recipient"], found["campaign"]) == ("SENT", "ada@example.com", None)
            assert "No copy was sent to gone@example.com" in found["detail"]
            assert "5.1.1 no such user" in found["detail"]
            assert "See the offer." in found["html"]
            assert found["oneOff"]["attachments"] == [{"name": "Angebot ü.pdf", "size": len(file)}]
            follow = {"followsEmailId": first["id"], "html": "<p>Any questions?</p>"}
            second = await client.do(CREATE, "email", input=follow)
            await client.do(SEND, "email", id=second["id"])
            assert (await sent(client, environment, second["id"]))["status"] == "SENT"
    assert mailbox.recipients == [["ada@example.com", "carl@example.com", "bea@example.org"], ["ada@example.com"]]
    offer, reply = (message_from_bytes(data, policy=default) for data in mailbox.received)
    assert (offer["To"], offer["Cc"], offer["Bcc"]) == ("ada@example.com", "carl@example.com", None)
    assert b"bea@" not in mailbox.received[0]
    (attached,) = offer.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("Angebot ü.pdf", file)
    assert (reply["Subject"], reply["In-Reply-To"]) == ("Re: Grüße", offer["Message-ID"])
    html = reply.get_body(("html",)).get_content()
    assert html.index("Any questions?") < html.index("See the offer.")
    assert list(reply.iter_attachments()) == []
