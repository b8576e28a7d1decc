"""The download of a sent email: who gets it, by token or by a signed link, and under which name."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.http.downloads.sent_emails import content_disposition
from api.models import Person, Template
from api.services.common.emails.eml_links import VALID_FOR, EmlLinks
from api.services.common.emails.sent_messages import sent_messages
from api.store.emails import sent_contents
from tests import story
from tests.client import SECRET, Client
from tests.graphql.authored import AT, author, launch
from tests.http.downloads.test_attachments import CREATE, upload

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LINKS = EmlLinks("https://t.example.com", [SECRET, "old"])
EMAIL = "query($id: ID!) { email(id: $id) { emlUrl headers { name value } html } }"
FIRST = "{ emails(first: 1) { nodes { id emlUrl } } }"


def bearer(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"}


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def sent(client: Client) -> str:
    """Send an email by a campaign, and return its id."""
    campaign = await author(client, AT)
    await launch(client, campaign, await story.person(client))
    (email,) = (await client.ask(FIRST))["emails"]["nodes"]
    assert email["emlUrl"] is None
    assert refused(await client.http.get(f"/emails/{email['id']}.eml", headers=bearer(client))) == (
        404, "CONTENT_NOT_KEPT",
    )  # fmt: skip
    await client.ask(story.ADVANCE, to="2026-03-02T18:00:00Z")
    return str(email["id"])


def test_a_link_is_for_one_email_and_for_ten_minutes() -> None:
    url = urlsplit(LINKS.url("snd_1", NOW))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.netloc, url.path, set(query)) == ("t.example.com", "/emails/snd_1.eml", {"until", "signature"})
    until, signature = query["until"], query["signature"]
    assert LINKS.is_valid("snd_1", until, signature, NOW + VALID_FOR)
    assert EmlLinks("", ["new", SECRET]).is_valid("snd_1", until, signature, NOW)
    assert not LINKS.is_valid("snd_1", until, signature, NOW + VALID_FOR + timedelta(seconds=1))
    assert not LINKS.is_valid("snd_2", until, signature, NOW)
    for wrong in (str(int(until) + 1), f" {until}", f"{until}0", "-1", "", "٣", "1e9", "9" * 40):
        assert not LINKS.is_valid("snd_1", wrong, signature, NOW)
    for wrong in ("", signature[:-1], signature + "=", "ü"):
        assert not LINKS.is_valid("snd_1", until, wrong, NOW)
    assert not EmlLinks("", ["other"]).is_valid("snd_1", until, signature, NOW)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Hello Ada", "Hello%20Ada"),
        ("Grüße", "Gr%C3%BC%C3%9Fe"),
        ("../../etc/passwd", "etc%20passwd"),
        ('a"; filename=evil.exe', "a%20%3B%20filename%3Devil.exe"),
        ("\u202egpj.exe\x00\r\n", "gpj.exe"),
        ("C:\\x|y<z>*?%41", "C%20x%20y%20z%2041"),
        ("  ...  ", "snd_1"),
        ("", "snd_1"),
        ("é" * 300, "%C3%A9" * 80),
    ],
)
def test_the_name_of_the_file_is_safe(subject: str, name: str) -> None:
    header = content_disposition(subject, "snd_1")
    assert header == f"attachment; filename=\"snd_1.eml\"; filename*=UTF-8''{name}.eml"
    assert header.isascii()


@pytest.mark.parametrize("environment", [{"TOUCHLINE_SECRET": SECRET}])
async def test_the_file_has_what_was_sent(client: Client, stranger: Client) -> None:
    email = await sent(client)
    await Template.all().update(html="<p>New</p>")
    await Person.all().update(email="new@example.com")
    message = (await sent_messages(str(client.workspace.id), [email]))[email].message
    url = (await client.ask(EMAIL, id=email))["email"]["emlUrl"]
    assert url.startswith(f"/emails/{email}.eml?until=")
    for answer in (
        await client.http.get(f"/emails/{email}.eml", headers=bearer(client)),
        await client.http.get(url),
    ):
        assert (answer.status_code, answer.content) == (200, message)
        assert answer.headers["content-type"] == "message/rfc822"
        assert answer.headers["content-disposition"].endswith("Hello%20Ada.eml")
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert message_from_bytes(message, policy=default)["Bcc"] is None
    assert refused(await client.http.get(f"/emails/{email}.eml", headers=bearer(stranger))) == (404, "NOT_FOUND")
    assert refused(await client.http.get(f"/emails/{email}.eml")) == (401, "UNAUTHENTICATED")
    assert refused(await client.http.get(f"{url}x")) == (401, "UNAUTHENTICATED")
    assert refused(await client.http.get(url.replace("until=", "until=9"))) == (401, "UNAUTHENTICATED")
    other = url.replace(email, f"{email[:-1]}{'0' if email[-1] != '0' else '1'}")
    assert refused(await client.http.get(other)) == (401, "UNAUTHENTICATED")
    for id_ in ("snd_unknown", "%00", "..%2f..%2fx"):
        answer = await client.http.get(f"/emails/{id_}.eml", headers=bearer(client))
        assert answer.status_code == 404
    assert (await client.http.post(f"/emails/{email}.eml", headers=bearer(client))).status_code == 405
    await sent_contents.erase([email])
    assert refused(await client.http.get(url)) == (404, "CONTENT_NOT_KEPT")
    assert (await client.ask(EMAIL, id=email))["email"] == {"emlUrl": None, "headers": None, "html": None}


async def test_without_a_secret_there_are_no_links(client: Client) -> None:
    email = await sent(client)
    assert (await client.ask(EMAIL, id=email))["email"]["emlUrl"] is None
    assert (await client.http.get(f"/emails/{email}.eml", headers=bearer(client))).status_code == 200
    forged = EmlLinks("", [""]).url(email, NOW + timedelta(days=9_999))
    assert refused(await client.http.get(forged)) == (401, "UNAUTHENTICATED")


async def test_attachments_are_in_the_file_and_not_stored_again(client: Client) -> None:
    file = await upload(client, b"%PDF" * 1_000)
    given = {"personId": await story.person(client), "senderId": await story.sender(client), "subject": "Hi"}
    draft = await client.do(CREATE, "email", input={**given, "html": "<p>x</p>", "attachmentIds": [file["id"]]})
    send = f"mutation($id: ID!) {{ sendEmail(id: $id) {{ email {{ id }} {story.ERRORS} }} }}"
    email = (await client.do(send, "email", id=draft["id"]))["id"]
    await client.ask(story.ADVANCE, to="2026-03-02T18:00:00Z")
    answer = await client.http.get(f"/emails/{email}.eml", headers=bearer(client))
    message = message_from_bytes(answer.content, policy=default)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("offer.pdf", b"%PDF" * 1_000)
    shown = (await client.ask(EMAIL, id=email))["email"]
    assert shown["headers"][-1]["value"].startswith("multipart/mixed")
    assert shown["html"].startswith("<p>x</p>")
    stored = (await sent_messages(str(client.workspace.id), [email]))[email].message
    assert len(stored) < 2_000 < len(answer.content)
