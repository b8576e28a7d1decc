"""The unsubscribe page over HTTP: unsubscribe, undo, say why, in the recipient's language."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import httpx
import pytest

from api.http.unsubscribing.page_routes import link_maker
from api.http.unsubscribing.sentences import SENTENCES
from api.mail.unsubscribing.links import changes_token, sign
from api.models import Event, Person, Suppression, SuppressionChange, Workspace
from api.services.people.recipient_choices import UNDO_PERIOD
from api.settings import Settings
from tests import story
from tests.client import SECRET, Client, new_client, serving
from tests.databases import on_sqlite
from tests.services.world import NOW

PUBLIC = "https://touchline.example"
ENVIRONMENT = {"TOUCHLINE_PUBLIC_URL": PUBLIC, "TOUCHLINE_SECRET": SECRET}
HISTORY = """query($email: String!, $first: Int! = 50, $after: String) {
  suppressionHistory(email: $email, first: $first, after: $after) {
    nodes { id kind source reason actor recipientReason recipientComment } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@dataclass
class Visitor:
    """A recipient with the link of an email to ada@example.com."""

    client: Client
    link: str

    async def get(self, **headers: str) -> httpx.Response:
        return await self.client.http.get(self.link, headers=headers)

    async def post(self, **fields: str) -> httpx.Response:
        return await self.client.http.post(self.link, data=fields)

    async def unsubscribe(self) -> httpx.Response:
        return await self.post(action="unsubscribe")

    async def after(self, passed: timedelta) -> None:
        """Move the sandbox's clock."""
        await Workspace.filter(id=self.client.workspace.id).update(virtual_now=NOW + passed)

    async def history(self) -> list[tuple[str, str]]:
        found = await self.client.ask(HISTORY, email="ada@example.com")
        return [(each["kind"], each["source"]) for each in found["suppressionHistory"]["nodes"]]


@pytest.fixture
async def visitor(database_url: str) -> AsyncIterator[Visitor]:
    async with serving(database_url, ENVIRONMENT) as http:
        client = await new_client(http, NOW)
        person = await Person.get(id=await story.person(client, "ada@example.com"))
        link = str(link_maker(Settings.read(ENVIRONMENT))(person)).removeprefix(PUBLIC)
        yield Visitor(client, link)


def token_in(answer: httpx.Response) -> str:
    return unescape(re.findall(r'name="token" value="([^"]+)"', answer.text)[0])


@on_sqlite
async def test_a_link_unsubscribes_once_and_says_so(visitor: Visitor) -> None:
    asked = await visitor.get()
    assert "Do you want to receive no more emails from <bdi>Test</bdi>" in asked.text
    assert '<html lang="en">' in asked.text
    assert 'name="viewport"' in asked.text
    assert await Suppression.all().count() == 0
    done = await visitor.unsubscribe()
    assert "<h1>You are unsubscribed</h1>" in done.text
    assert "<bdi>ada@example.com</bdi>" in done.text
    for again in (await visitor.unsubscribe(), await visitor.get()):
        assert "<h1>You are already unsubscribed</h1>" in again.text
    assert await visitor.history() == [("UNSUBSCRIBED", "LINK")]


@on_sqlite
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_one_click_by_a_mail_program_needs_no_page(visitor: Visitor, content: bytes, kind: str) -> None:
    answer = await visitor.client.http.post(visitor.link, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert await visitor.history() == [("UNSUBSCRIBED", "ONE_CLICK")]


@on_sqlite
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"a=b&" * 30, b"{}", "action=\ud800".encode("utf-8", "replace")]
)
async def test_any_other_post_unsubscribes_as_well(visitor: Visitor, body: bytes) -> None:
    assert (await visitor.client.http.post(visitor.link, content=body)).status_code == 200
    assert await visitor.history() == [("UNSUBSCRIBED", "LINK")]


@on_sqlite
async def test_undo_allows_emails_again_but_starts_no_campaign(visitor: Visitor) -> None:
    token = token_in(await visitor.unsubscribe())
    await visitor.after(UNDO_PERIOD - timedelta(seconds=1))
    undone = await visitor.post(action="undo", token=token)
    assert "<h1>You are subscribed again</h1>" in undone.text
    assert "does not start again" in undone.text
    assert await visitor.history() == [("UNSUBSCRIBED", "LINK"), ("RESUBSCRIBED", "UNDO")]
    assert (await Suppression.get()).unsubscribed_at is None
    assert [str(row.kind) for row in await Event.filter(kind__in=["UNSUBSCRIBED", "RESUBSCRIBED"]).order_by("id")] == [
        "UNSUBSCRIBED",
        "RESUBSCRIBED",
    ]


@on_sqlite
async def test_a_replayed_undo_leaves_a_second_unsubscribe_alone(visitor: Visitor) -> None:
    token = token_in(await visitor.unsubscribe())
    assert (await visitor.post(action="undo", token=token)).status_code == 200
    replayed = await visitor.post(action="undo", token=token)
    assert (replayed.status_code, "can no longer be undone" in replayed.text) == (409, True)
    assert token_in(await visitor.unsubscribe()) != token
    assert (await visitor.post(action="undo", token=token)).status_code == 409
    assert (await Suppression.get()).unsubscribed_at is not None


async def test_after_ten_minutes_nothing_can_be_undone(visitor: Visitor) -> None:
    token = token_in(await visitor.unsubscribe())
    await visitor.after(UNDO_PERIOD)
    assert (await visitor.post(action="undo", token=token)).status_code == 409
    assert 'value="undo"' not in (await visitor.get()).text
    assert await visitor.history() == [("UNSUBSCRIBED", "LINK")]


async def test_what_others_decided_cannot_be_undone_on_the_page(visitor: Visitor) -> None:
    await visitor.client.ask('mutation { suppressAddress(email: "ada@example.com") { errors { code } } }')
    page = await visitor.unsubscribe()
    assert "already unsubscribed" in page.text
    assert "<form" not in page.text
    (change,) = await SuppressionChange.all()
    path = visitor.link.split("/unsubscribe/")[1].rpartition("/")[0]
    forged = changes_token(SECRET, path, [change.id])
    assert (await visitor.post(action="undo", token=forged)).status_code == 409
    assert (await Suppression.get()).unsubscribed_at is not None


@on_sqlite
async def test_the_token_of_another_address_undoes_nothing(visitor: Visitor) -> None:
    token = token_in(await visitor.unsubscribe())
    bob = await Person.get(id=await story.person(visitor.client, "bob@example.com"))
    other = Visitor(visitor.client, str(link_maker(Settings.read(ENVIRONMENT))(bob)).removeprefix(PUBLIC))
    await other.unsubscribe()
    for wrong in (token, "", ":", token + "0", token.partition(":")[0] + ":" + sign("x" * 40, "changes"), "\u2028é"):
        assert (await other.post(action="undo", token=wrong)).status_code == 409
    assert await Suppression.filter(unsubscribed_at=None).count() == 0


@on_sqlite
async def test_the_reason_is_kept_in_the_history(visitor: Visitor) -> None:
    token = token_in(await visitor.unsubscribe())
    fields = {"action": "explain", "token": token, "reason": "TOO_MANY", "comment": "<b>Stop</b> \x00 it\r\n\r\nnow"}
    assert "Thank you for your answer" in (await visitor.post(**fields)).text
    found = await visitor.client.ask(HISTORY, email="ADA@example.com")
    (change,) = found["suppressionHistory"]["nodes"]
    assert (change["recipientReason"], change["recipientComment"]) == ("TOO_MANY", "<b>Stop</b> \ufffd it\n\nnow")
    assert change["reason"] == "The recipient used the unsubscribe link in an email."
    assert "<b>Stop" not in (await visitor.get()).text
    await visitor.post(action="explain", token=token, reason="NONSENSE", comment="")
    assert (await SuppressionChange.get()).recipient_reason is None
    assert "You are subscribed again" in (await visitor.post(action="undo", token=token)).text
    await visitor.post(action="explain", token=token, reason="OTHER", comment="late")
    assert [row.recipient_comment for row in await SuppressionChange.all()] == ["", ""]


@pytest.mark.parametrize("comment", ["x" * 501, "x" * 1_000_000, "\U0001f600" * 300_000])
async def test_a_text_that_is_too_long_is_refused_on_a_page(visitor: Visitor, comment: str) -> None:
    token = token_in(await visitor.unsubscribe())
    answer = await visitor.post(action="explain", token=token, comment=comment)
    assert (answer.status_code, "Please shorten it" in answer.text) == (413, True)
    assert (await SuppressionChange.get()).recipient_comment == ""
    content = urlencode({"action": "explain", "token": token, "comment": "\U0001f600" * 500})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await visitor.client.http.post(visitor.link, content=content, headers=kind)).status_code == 200
    assert len((await SuppressionChange.get()).recipient_comment) == 500


@on_sqlite
@pytest.mark.parametrize("language", SENTENCES)
async def test_each_page_is_in_the_language_of_the_browser(visitor: Visitor, language: str) -> None:
    sentences = SENTENCES[language]
    asked = await visitor.get(**{"Accept-Language": f"xx, {language}-XX;q=0.9, en;q=0.1"})
    assert f'<html lang="{language}">' in asked.text
    assert f"<h1>{sentences.ask_title}</h1>" in asked.text
    assert (asked.headers["Content-Language"], asked.headers["Vary"]) == (language, "Accept-Language")
    headers = {"Accept-Language": language}
    wrong = await visitor.client.http.get(visitor.link + "0", headers=headers)
    assert (wrong.status_code, sentences.wrong_link in wrong.text) == (404, True)


@on_sqlite
async def test_a_wrong_link_says_nothing_about_anybody(visitor: Visitor) -> None:
    await visitor.unsubscribe()
    before = visitor.link.rpartition("/")[0]
    for link in (visitor.link + "0", f"{before}/{'0' * 64}", f"/unsubscribe/wsp_x/YQ/{sign('y' * 40, 'wsp_x/YQ')}"):
        for method in ("GET", "POST"):
            answer = await visitor.client.http.request(method, link)
            assert answer.status_code == 404
            assert "Test" not in answer.text
            assert "ada" not in answer.text
            assert "<form" not in answer.text


async def test_the_name_and_words_of_a_workspace_are_text(visitor: Visitor) -> None:
    await Workspace.filter(id=visitor.client.workspace.id).update(
        name='<script>alert("{address}")</script>', unsubscribe_page_text="We are <b>sorry</b> {workspace}\nBye"
    )
    for page in (await visitor.get(), await visitor.unsubscribe()):
        assert "<script" not in page.text
        assert "<b>" not in page.text
        assert "&lt;script&gt;alert(&quot;{address}&quot;)" in page.text
        assert "We are &lt;b&gt;sorry&lt;/b&gt; {workspace}\nBye" in page.text


async def test_the_history_of_an_address_has_pages(visitor: Visitor) -> None:
    for _ in range(3):
        token = token_in(await visitor.unsubscribe())
        await visitor.post(action="undo", token=token)
    first = (await visitor.client.ask(HISTORY, email="ada@example.com", first=4))["suppressionHistory"]
    after = first["pageInfo"]["endCursor"]
    rest = (await visitor.client.ask(HISTORY, email="ada@example.com", after=after))["suppressionHistory"]
    kinds = [each["source"] for each in first["nodes"] + rest["nodes"]]
    assert kinds == ["LINK", "UNDO"] * 3
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    nobody = await visitor.client.ask(HISTORY, email="nobody@example.com")
    assert nobody["suppressionHistory"]["nodes"] == []
    wrong = await visitor.client.raw(HISTORY, {"email": "x"})
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_ADDRESS"
    other = await new_client(visitor.client.http, NOW)
    assert (await other.ask(HISTORY, email="ada@example.com"))["suppressionHistory"]["nodes"] == []
