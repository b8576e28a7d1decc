"""What was sent, over HTTP: as it was rendered then, and null for what was not sent."""

from email import message_from_bytes
from email.policy import default
from typing import Any

from api.models import Person, Send, Sender, Template
from api.services.common.emails.sent_messages import sent_messages
from api.store.emails import sent_contents
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch

SENT = """query { emails(first: 10) { nodes { id status subject html text from { name address }
  to { name address } replyTo { address } headers { name value } writtenSubject } } }"""
NOTHING = dict.fromkeys(("subject", "html", "text", "from", "to", "replyTo", "headers"))


async def shown(client: Client) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.ask(SENT))["emails"]["nodes"]
    return nodes


async def test_a_sent_email_shows_what_was_sent_and_an_unsent_one_nothing(client: Client) -> None:
    campaign = await author(client, AT)
    person = await story.person(client)
    await Person.all().update(first_name="Zoë", last_name="O'Hara, Jr.")
    await Template.all().update(subject="Hi {{ first_name }}", html="<p>Dear {{ first_name }} &amp; co</p>", text=None)
    await launch(client, campaign, person)
    before = await shown(client)
    assert all(email["status"] == "SCHEDULED" for email in before)
    assert all({name: email[name] for name in NOTHING} == NOTHING for email in before)
    await client.ask(story.ADVANCE, to="2026-03-02T18:00:00Z")
    await Template.all().update(subject="New", html="<p>New</p>")
    await Person.all().update(first_name="New", email="new@example.com")
    await Sender.all().update(name="New")
    first = (await shown(client))[0]
    assert first["status"] == "SENT"
    message = (await sent_messages(str(client.workspace.id), [first["id"]]))[first["id"]].message
    parsed = message_from_bytes(message, policy=default)
    assert first["subject"] == parsed["subject"] == "Hi Zoë"
    assert first["html"] == parsed.get_body(("html",)).get_content().replace("\r\n", "\n")
    assert first["text"] == parsed.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert first["html"].startswith("<p>Dear Zoë &amp; co</p>")
    assert first["text"].startswith("Dear Zoë & co")
    (to,) = first["to"]
    assert to["name"] == "Zoë O'Hara, Jr."
    assert to["address"] != "new@example.com"
    assert first["from"]["name"] != "New"
    assert first["replyTo"] == []
    assert first["writtenSubject"] is None
    names = [header["name"] for header in first["headers"]]
    assert names[:5] == ["From", "To", "Subject", "Date", "Message-ID"]
    assert "Bcc" not in names
    assert first["headers"][4]["value"] == (await Send.get(id=first["id"])).message_id
    await sent_contents.erase([first["id"]])
    assert {name: (await shown(client))[0][name] for name in NOTHING} == NOTHING


async def test_another_workspace_does_not_see_it(client: Client, stranger: Client) -> None:
    campaign = await author(client, AT)
    await launch(client, campaign, await story.person(client))
    await client.ask(story.ADVANCE, to="2026-03-02T18:00:00Z")
    sent = (await shown(client))[0]["id"]
    assert (await client.ask("query($id: ID!) { email(id: $id) { subject } }", id=sent))["email"]["subject"]
    assert await stranger.ask("query($id: ID!) { email(id: $id) { subject } }", id=sent) == {"email": None}
