"""Suppression through HTTP: the mutations, the history, and the links in emails."""

import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.make_runtime import make_runtime
from api.models import Person, Send, Suppression, SuppressionChange, Workspace
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.dispatcher import run_once
from api.settings import Settings
from plugins.loading.manager import load
from tests import story
from tests.client import SECRET as SIGNING_SECRET
from tests.client import Client, serving
from tests.served import NOW

SECRET = {"TOUCHLINE_PUBLIC_URL": "https://touchline.example", "TOUCHLINE_SECRET": SIGNING_SECRET}
E = story.ERRORS
UNSUBSCRIBE = f"""mutation($id: ID!, $reason: String! = "") {{ unsubscribe(personId: $id, reason: $reason) {{
  person {{ unsubscribedAt suppression {{ reason source }} }} {E} }} }}"""
SUPPRESS = f"""mutation($email: String!) {{ suppressAddress(email: $email) {{
  suppression {{ email unsubscribedAt person {{ id }} }} {E} }} }}"""
RESUBSCRIBE = f"""mutation($email: String!, $reason: String!) {{ resubscribe(email: $email, reason: $reason) {{
  suppression {{ unsubscribedAt history {{ kind at source reason actor }} person {{ unsubscribedAt }} }} {E} }} }}"""
RENAME = f"""mutation($id: ID!, $email: String!) {{ updatePerson(id: $id, input: {{email: $email}}) {{
  person {{ email unsubscribedAt }} {E} }} }}"""
LIST = "query($email: String) { suppressions(filter: {email: $email}) { totalCount nodes { email reason source } } }"
ONE = "query($email: String!) { suppression(email: $email) { unsubscribedAt history { kind } } }"
IMPORT = f"""mutation($csv: String!) {{ importSuppressions(csv: $csv, reason: "Old list") {{
  new known refused refusedRows {{ row code }} {E} }} }}"""


async def test_unsubscribed_at_tells_the_truth_about_the_present_address(client: Client) -> None:
    person = await story.person(client)
    done = await client.do(UNSUBSCRIBE, "person", id=person, reason="By phone")
    assert done == {"unsubscribedAt": "2026-03-02T07:00:00Z", "suppression": {"reason": "By phone", "source": "API"}}
    assert (await client.do(RENAME, "person", id=person, email="new@example.com"))["unsubscribedAt"] is None
    assert (await client.do(RENAME, "person", id=person, email="ADA@example.com"))["unsubscribedAt"] is not None
    assert (await client.do(RENAME, "person", id=person, email="new@example.com"))["unsubscribedAt"] is None
    await story.person(client, "Ada@example.com")
    people = (await client.ask("{ people { nodes { email unsubscribedAt } } }"))["people"]["nodes"]
    assert [(each["email"], each["unsubscribedAt"] is None) for each in people] == [
        ("new@example.com", True),
        ("Ada@example.com", False),
    ]


async def test_suppress_list_look_up_and_resubscribe(client: Client, stranger: Client) -> None:
    person = await story.person(client)
    done = await client.do(SUPPRESS, "suppression", email="Ada@EXAMPLE.com")
    assert done == {"email": "Ada@example.com", "unsubscribedAt": "2026-03-02T07:00:00Z", "person": {"id": person}}
    await client.do(SUPPRESS, "suppression", email="bob@example.com")
    listed = (await client.ask(LIST))["suppressions"]
    assert (listed["totalCount"], [each["email"] for each in listed["nodes"]]) == (
        2,
        ["Ada@example.com", "bob@example.com"],
    )
    assert (await client.ask(LIST, email="BOB"))["suppressions"]["totalCount"] == 1
    assert (await stranger.ask(LIST))["suppressions"]["totalCount"] == 0
    back = await client.do(RESUBSCRIBE, "suppression", email="ada@example.com", reason="At the fair")
    assert back["unsubscribedAt"] is back["person"]["unsubscribedAt"] is None
    assert [(each["kind"], each["reason"], each["actor"]) for each in back["history"]] == [
        ("UNSUBSCRIBED", "", "test"),
        ("RESUBSCRIBED", "At the fair", "test"),
    ]
    assert (await client.ask(LIST))["suppressions"]["totalCount"] == 1
    found = (await client.ask(ONE, email="ada@example.com"))["suppression"]
    assert (found["unsubscribedAt"], len(found["history"])) == (None, 2)
    assert (await client.ask(ONE, email="never@example.com"))["suppression"] is None


@pytest.mark.parametrize(
    ("mutation", "given", "code", "path"),
    [
        (SUPPRESS, {"email": "nobody"}, "INVALID_ADDRESS", ["email"]),
        (SUPPRESS, {"email": "\x00@example.com"}, "INVALID_ADDRESS", ["email"]),
        (RESUBSCRIBE, {"email": "ada@example.com", "reason": "x"}, "NOT_UNSUBSCRIBED", ["email"]),
        (RESUBSCRIBE, {"email": "", "reason": "x"}, "INVALID_ADDRESS", ["email"]),
        (RESUBSCRIBE, {"email": "ada@example.com", "reason": " "}, "REQUIRED", ["reason"]),
        (RESUBSCRIBE, {"email": "ada@example.com", "reason": "\ud800"}, "INVALID_TEXT", ["reason"]),
        (UNSUBSCRIBE, {"id": "per_1"}, "NOT_FOUND", ["personId"]),
        (UNSUBSCRIBE, {"id": "$person", "reason": "x" * 501}, "TOO_LONG", ["reason"]),
        (IMPORT, {"csv": "email\n"}, "CSV_EMPTY", ["csv"]),
        (IMPORT, {"csv": "email\n\x00\n"}, "CSV_INVALID", ["csv"]),
    ],
    ids=str,
)
async def test_what_cannot_be_done_is_refused_and_writes_nothing(
    client: Client, mutation: str, given: dict[str, Any], code: str, path: list[str]
) -> None:
    person = await story.person(client)
    given = {key: person if value == "$person" else value for key, value in given.items()}
    ((name, payload),) = (await client.ask(mutation, **given)).items()
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)], name
    assert await Suppression.all().count() == await SuppressionChange.all().count() == 0


async def test_lists_come_in_and_go_out(client: Client) -> None:
    done = await client.ask(IMPORT, csv="email\nada@example.com\nnobody\n")
    expected = {
        "new": 1,
        "known": 0,
        "refused": 1,
        "refusedRows": [{"row": 3, "code": "INVALID_ADDRESS"}],
        "errors": [],
    }
    assert done["importSuppressions"] == expected
    exported = (await client.ask("{ suppressionsCsv }"))["suppressionsCsv"]
    assert exported.splitlines()[1] == "ada@example.com,2026-03-02T07:00:00Z,CSV,Old list"


# -- links


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The running server, which recipients reach."""
    async with serving(database_url, SECRET) as running:
        yield running


async def link_of_an_email(client: Client, person: str) -> str:
    """Send an email to a person and return the link in its header."""
    campaign = await story.campaign(client, await story.sender(client, email=f"{person}@example.com"))
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, campaign, day=1, sendOption="choose_at_launch", **email)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person], "sendNow": True})
    left: list[Any] = []
    write = Batch.write

    async def written(*given: Any) -> Any:
        left.append(await write(*given))
        return left[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batch, "write", written)
        runtime = make_runtime(Settings.read(SECRET), load({}), lambda: NOW)
        await run_once(runtime, NOW, await Workspace.get(id=client.workspace.id))
    text = re.sub(rb"\r\n\s+", b"", left[0].message).decode()
    found = re.search(r"List-Unsubscribe: <https://touchline.example(/unsubscribe/[^>]+)>", text)
    assert found is not None, text
    return found[1]


def old_link(person: str) -> str:
    """Return a link as emails had it that carried the person alone."""
    return f"/unsubscribe/{person}/{hmac.new(SIGNING_SECRET.encode(), person.encode(), hashlib.sha256).hexdigest()}"


async def suppressed() -> set[str]:
    return {row.email for row in await Suppression.exclude(unsubscribed_at=None)}


async def test_a_link_suppresses_the_address_that_its_email_went_to(client: Client) -> None:
    person = await story.person(client)
    link = await link_of_an_email(client, person)
    await client.do(RENAME, "person", id=person, email="new@example.com")
    await story.person(client, "ada@example.com")
    assert (await client.http.get(link)).status_code == 200
    assert await suppressed() == set()
    answer = await client.http.post(link, data={"List-Unsubscribe": "One-Click"})
    assert "<bdi>ada@example.com</bdi></strong> will receive no more emails from" in answer.text
    assert await suppressed() == {"ada@example.com"}
    (change,) = await SuppressionChange.all()
    assert (str(change.source), change.actor) == ("ONE_CLICK", "")
    assert (await client.http.post(link)).status_code == 200, "twice is as good as once"
    assert await SuppressionChange.all().count() == 1


async def test_a_link_works_when_nobody_has_the_address_any_more(client: Client) -> None:
    person = await story.person(client)
    link = await link_of_an_email(client, person)
    await client.do(RENAME, "person", id=person, email="new@example.com")
    await client.http.post(link)
    done = await client.ask('mutation { importPeople(csv: "email\\nada@example.com") { peopleImport { id } } }')
    assert done["importPeople"]["peopleImport"]
    assert await suppressed() == {"ada@example.com"}


async def test_an_old_link_suppresses_the_present_address_and_those_that_were_written_to(client: Client) -> None:
    person = await story.person(client)
    await link_of_an_email(client, person)
    await Send.all().update(recipient=None)  # it left before recipients were recorded
    await client.do(RENAME, "person", id=person, email="second@example.com")
    await client.do(RENAME, "person", id=person, email="third@example.com")
    answer = await client.http.post(old_link(person))
    assert answer.status_code == 200
    assert await suppressed() == {"ada@example.com", "third@example.com"}
    assert "second@example.com" not in answer.text
    token = re.findall(r'name="token" value="([^"]+)"', answer.text)[0]
    undone = await client.http.post(old_link(person), data={"action": "undo", "token": token})
    assert "You are subscribed again" in undone.text
    assert await suppressed() == set()


async def test_undoing_an_old_link_leaves_what_others_suppressed(client: Client) -> None:
    person = await story.person(client)
    await link_of_an_email(client, person)
    await client.ask('mutation { suppressAddress(email: "ada@example.com") { errors { code } } }')
    await client.do(RENAME, "person", id=person, email="new@example.com")
    answer = await client.http.post(old_link(person))
    token = re.findall(r'name="token" value="([^"]+)"', answer.text)[0]
    await client.http.post(old_link(person), data={"action": "undo", "token": token})
    assert await suppressed() == {"ada@example.com"}


async def test_links_of_others_and_forged_ones_do_nothing(client: Client, stranger: Client) -> None:
    person = await Person.get(id=await story.person(client))
    link = await link_of_an_email(client, str(person.id))
    _, _, workspace, address, signature = link.split("/")
    other = base64.urlsafe_b64encode(b"bob@example.com").decode().rstrip("=")
    forged = [
        f"/unsubscribe/{workspace}/{other}/{signature}",
        f"/unsubscribe/{stranger.workspace.id}/{address}/{signature}",
        f"/unsubscribe/{workspace}/{address}/{signature[:-1]}x",
        f"/unsubscribe/{workspace}/%00/{signature}",
        f"/unsubscribe/{workspace}/{address}/é",
        f"/unsubscribe/{person.id}/{signature}",
        old_link("per_nobody"),
        old_link("\x00").replace("\x00", "%00"),
    ]
    for each in forged:
        assert (await client.http.post(each)).status_code == 404, each
    assert await suppressed() == set()
