"""One-off emails over HTTP: written, saved, sent, followed and deleted, as a compose window does it."""

import asyncio
from typing import Any

import pytest

from api.models import Send
from api.states import SendStatus
from tests import story
from tests.client import Client

CREATE = f"""mutation($input: CreateEmailInput!, $key: String) {{ createEmail(input: $input, key: $key) {{
  email {{ id status subject: writtenSubject writtenHtml campaign {{ id }} step {{ id }} enrollment {{ id }} byHand
    person {{ email }} sender {{ id }} composition {{ subject html quotedHtml prompts }}
    oneOff {{ version cc bcc tracking template {{ id }} follows {{ id }} attachments {{ id }} createdAt updatedAt }} }}
  warnings {{ code }} {story.ERRORS} }} }}"""
UPDATE = f"""mutation($id: ID!, $input: EmailChanges!, $ifVersion: Int) {{
  updateEmail(id: $id, input: $input, ifVersion: $ifVersion) {{
    email {{ id writtenSubject oneOff {{ version cc tracking }} }} warnings {{ code }} {story.ERRORS} }} }}"""
SEND = f"""mutation($id: ID!, $at: DateTime, $atLocal: LocalTimeInput, $key: String) {{
  sendEmail(id: $id, at: $at, atLocal: $atLocal, key: $key) {{
    email {{ id status dueAt explanation {{ sentence }} }} {story.ERRORS} }} }}"""
WITHDRAW = f"mutation($id: ID!) {{ withdrawEmail(id: $id) {{ task {{ id }} email {{ id status }} {story.ERRORS} }} }}"
DELETE = f"mutation($id: ID!) {{ deleteEmail(id: $id) {{ deletedId {story.ERRORS} }} }}"
DRAFTS = """{ emails(filter: {folder: DRAFT}) { nodes { id status } totalCount }
  emailFolders { folder emails } }"""
RECORD_REPLY = f"""mutation($emailId: ID, $text: String) {{ recordReply(emailId: $emailId, text: $text) {{
  enrollment {{ id }} email {{ id repliedAt replies {{ text }} }} {story.ERRORS} }} }}"""
RECORD_BOUNCE = f"""mutation($emailId: ID, $kind: BounceKind) {{ recordBounce(emailId: $emailId, kind: $kind) {{
  email {{ status oneOff {{ reached }} }} {story.ERRORS} }} }}"""
RETRY = f"mutation($id: ID!) {{ retrySend(id: $id) {{ warnings {{ code values }} {story.ERRORS} }} }}"
BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)


async def errors(client: Client, document: str, **variables: Any) -> list[tuple[str, list[str]]]:
    (payload,) = (await client.ask(document, **variables)).values()
    return [(error["code"], error["path"]) for error in payload["errors"]]


@BOTH
async def test_the_life_of_a_one_off_email(client: Client) -> None:
    sender = await story.sender(client)
    given = {"to": "ada@example.com", "senderId": sender, "cc": ["Carl@example.com"], "bcc": ["bea@example.com"],
             "subject": "Offer", "html": "<p>Hi</p><script>x</script>"}  # fmt: skip
    both = await asyncio.gather(*(client.ask(CREATE, input=given, key="k1") for _ in range(2)))
    assert both[0] == both[1]
    payload = both[0]["createEmail"]
    email = payload["email"]
    assert ([warning["code"] for warning in payload["warnings"]], await Send.all().count()) == (["HTML_REMOVED"], 1)
    assert (email["status"], email["subject"], email["writtenHtml"]) == ("DRAFT", "Offer", "<p>Hi</p>")
    assert (email["campaign"], email["step"], email["enrollment"], email["byHand"]) == (None, None, None, False)
    assert email["composition"] == {"subject": "Offer", "html": "<p>Hi</p>", "quotedHtml": None, "prompts": []}
    own = email["oneOff"]
    assert (own["version"], own["cc"], own["bcc"]) == (1, ["Carl@example.com"], ["bea@example.com"])
    found = await client.ask(DRAFTS)
    assert found["emails"] == {"nodes": [{"id": email["id"], "status": "DRAFT"}], "totalCount": 1}
    assert {each["folder"]: each["emails"] for each in found["emailFolders"] if each["emails"]} == {
        "DRAFT": 1, "PENDING": 1,
    }  # fmt: skip
    saved = await client.do(UPDATE, "email", id=email["id"], input={"subject": "Better", "cc": []}, ifVersion=1)
    assert saved["oneOff"] == {"version": 2, "cc": [], "tracking": "OFF"}
    assert await errors(client, UPDATE, id=email["id"], input={"subject": "x"}, ifVersion=1) == [
        ("VERSION_CONFLICT", ["ifVersion"])
    ]
    at = {"date": "2150-03-02", "time": "09:30", "zone": "America/New_York"}
    sent = await client.do(SEND, "email", id=email["id"], atLocal=at, key="k2")
    assert (sent["status"], sent["dueAt"]) == ("SCHEDULED", "2150-03-02T14:30:00Z")
    assert "chose 9:30 on" in sent["explanation"][0]["sentence"]
    assert await client.do(SEND, "email", id=email["id"], atLocal=at, key="k2") == sent
    back = (await client.ask(WITHDRAW, id=email["id"]))["withdrawEmail"]
    assert back == {"task": None, "email": {"id": email["id"], "status": "DRAFT"}, "errors": []}
    assert await client.do(DELETE, "deletedId", id=email["id"]) == email["id"]
    assert await errors(client, DELETE, id=email["id"]) == [("NOT_FOUND", ["id"])]


@BOTH
async def test_answers_are_recorded_and_a_retry_names_the_copies_that_it_leaves_out(client: Client) -> None:
    given = {"to": "ada@example.com", "senderId": await story.sender(client), "cc": ["carl@example.com"]}
    email = await client.do(CREATE, "email", input=given | {"subject": "Offer", "html": "<p>Hi</p>"})
    assert await errors(client, RECORD_BOUNCE, emailId=email["id"]) == [("NOTHING_SENT", ["emailId"])]
    await client.do(SEND, "email", id=email["id"])
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    replied = (await client.ask(RECORD_REPLY, emailId=email["id"], text="Yes."))["recordReply"]
    assert replied == {
        "enrollment": None,
        "email": {"id": email["id"], "repliedAt": "2026-03-02T09:00:00Z", "replies": [{"text": "Yes."}]},
        "errors": [],
    }
    bounced = (await client.ask(RECORD_BOUNCE, emailId=email["id"], kind="SOFT"))["recordBounce"]
    assert bounced["email"] == {"status": "BOUNCED", "oneOff": {"reached": ["carl@example.com"]}}
    retried = (await client.ask(RETRY, id=email["id"]))["retrySend"]
    assert retried["warnings"] == [{"code": "COPIES_NOT_REPEATED", "values": {"addresses": "carl@example.com"}}]
    assert await errors(client, RECORD_REPLY, text="x") == [("REQUIRED", ["enrollmentId"])]
    assert await errors(client, RECORD_REPLY, emailId="snd_none") == [("NOT_FOUND", ["emailId"])]


@BOTH
async def test_what_is_wrong_has_a_path(client: Client, stranger: Client) -> None:
    sender, ada = await story.sender(client), await story.person(client)
    given = {"personId": ada, "senderId": sender, "subject": "x"}
    for wrong, expected in (
        ({"senderId": None}, ("REQUIRED", ["senderId"])),
        ({"senderId": "sdr_1"}, ("NOT_FOUND", ["senderId"])),
        ({"personId": None}, ("ONE_RECIPIENT", ["to"])),
        ({"to": "b@example.com"}, ("ONE_RECIPIENT", ["to"])),
        ({"personId": None, "to": "no"}, ("INVALID_ADDRESS", ["to"])),
        ({"cc": ["b@example.com", "b@"]}, ("INVALID_ADDRESS", ["cc", "1"])),
        ({"bcc": ["a@x.example\r\nBcc: c@x.example"]}, ("INVALID_ADDRESS", ["bcc", "0"])),
        ({"subject": "a\r\nb"}, ("INVALID_TEXT", ["subject"])),
        ({"subject": "x" * 901}, ("TOO_LONG", ["subject"])),
        ({"templateId": "tpl_1"}, ("NOT_FOUND", ["templateId"])),
        ({"followsEmailId": "snd_1"}, ("NOT_FOUND", ["followsEmailId"])),
        ({"attachmentIds": ["att_1"]}, ("NOT_FOUND", ["attachmentIds", "0"])),
    ):
        assert await errors(client, CREATE, input={**given, **wrong}) == [expected], wrong
    assert await Send.all().count() == 0
    email = await client.do(CREATE, "email", input=given)
    for null in ("senderId", "subject", "html", "tracking"):
        assert await errors(client, UPDATE, id=email["id"], input={null: None}) == [("REQUIRED", [null])]
    for document in (UPDATE, SEND, DELETE):
        more = {"input": {"subject": "y"}} if document is UPDATE else {}
        assert await errors(stranger, document, id=email["id"], **more) == [("NOT_FOUND", ["id"])]
    assert (await Send.get()).status is SendStatus.DRAFT
    tracked = await client.ask(UPDATE, id=email["id"], input={"tracking": "CLICKS"})
    assert tracked["updateEmail"]["warnings"] == [{"code": "NOT_TRACKED"}]
