"""Replies and incoming mails as clients see them. The campaign is in a sandbox."""

from datetime import UTC, datetime

from api.make_runtime import make_runtime
from api.models import Send
from api.services.jobs.job_kind import JobRuntime
from api.services.replies.answers_job import answer_chunks
from api.services.replies.incoming import receive_mails
from api.settings import Settings
from plugins import IncomingMail
from plugins.loading.manager import load
from tests import story
from tests.client import Client
from tests.services.replies.incoming_mails import auto_reply, bounce, reply

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RECORD = f"""mutation($id: ID!, $email: ID, $text: String) {{
  recordReply(enrollmentId: $id, emailId: $email, text: $text) {{ enrollment {{ status }} {story.ERRORS} }} }}"""
REPLIES = """{ emails(filter: {folder: SENT}) { nodes { repliedAt
  replies { kind at sender subject text messageId matchedBy } } } }"""
FEED = "{ events(first: 200) { nodes { kind data email { id } reply { text sender } } } }"
INCOMING = """{ incomingEvents { totalCount
  nodes { source kind at storedAt result reason matchedBy email { status } } } }"""


async def receive(*mails: bytes) -> None:
    """Receive mails as if they came from a mailbox, and work on them."""
    received = [IncomingMail(str(number), data, NOW) for number, data in enumerate(mails)]
    await receive_mails("imap:SALES", received, NOW)
    runtime = make_runtime(Settings.read({}), load({}))
    async for _ in answer_chunks(JobRuntime(runtime.context, lambda: NOW)):
        pass


async def sent_emails(client: Client) -> list[Send]:
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    return await Send.filter(status="SENT").order_by("id")


async def test_a_reply_is_seen_at_its_email_and_in_the_feed(client: Client, campaign: str) -> None:
    first, second = (await sent_emails(client))[:2]
    await receive(reply(first.message_id, own_id="<r1@mail.example>"), auto_reply(second.message_id))
    emails = (await client.ask(REPLIES))["emails"]["nodes"]
    by_kind = {email["replies"][0]["kind"]: email for email in emails if email["replies"]}
    assert by_kind["REPLY"] == {
        "repliedAt": "2026-03-02T09:00:00Z",
        "replies": [
            {
                "kind": "REPLY",
                "at": "2026-03-02T09:00:00Z",
                "sender": "ada@example.com",
                "subject": "Re: Hi you",
                "text": "Yes, let us talk.",
                "messageId": "<r1@mail.example>",
                "matchedBy": "MESSAGE_ID",
            }
        ],
    }
    assert by_kind["AUTO_REPLY"]["repliedAt"] is None
    feed = (await client.ask(FEED))["events"]["nodes"]
    (replied,) = [event for event in feed if event["kind"] == "REPLIED"]
    assert replied["reply"] == {"text": "Yes, let us talk.", "sender": "ada@example.com"}
    assert replied["email"] == {"id": first.id}
    assert {event["reply"] is None for event in feed if event["kind"] not in {"REPLIED", "AUTO_REPLIED"}} == {True}


async def test_incoming_mails_are_listed_with_their_result(client: Client, stranger: Client, campaign: str) -> None:
    (first, *_) = await sent_emails(client)
    await receive(bounce(first.message_id, str(first.recipient)), reply("<other@example.org>"))
    listed = (await client.ask(INCOMING))["incomingEvents"]
    assert listed["totalCount"] == 1, "a mail that matches no email belongs to no workspace"
    (incoming,) = listed["nodes"]
    assert incoming.pop("reason").startswith("A delivery report")
    assert incoming == {
        "source": "imap:SALES",
        "kind": "BOUNCE",
        "at": "2026-03-02T09:00:00Z",
        "storedAt": "2026-03-02T09:00:00Z",
        "result": "APPLIED",
        "matchedBy": "MESSAGE_ID",
        "email": {"status": "BOUNCED"},
    }
    assert (await stranger.ask(INCOMING))["incomingEvents"] == {"totalCount": 0, "nodes": []}


async def test_a_rep_records_a_reply(client: Client, stranger: Client, campaign: str) -> None:
    (first, *_) = await sent_emails(client)
    values = {"id": first.enrollment_id, "email": first.id, "text": "Call me in May."}
    assert await client.do(RECORD, "enrollment", **values) == {"status": "ENDED"}
    email = next(each for each in (await client.ask(REPLIES))["emails"]["nodes"] if each["replies"])
    assert email["replies"][0]["text"] == "Call me in May."
    assert (email["replies"][0]["sender"], email["replies"][0]["matchedBy"]) == ("", None)


async def test_a_recorded_reply_is_refused(client: Client, campaign: str) -> None:
    (first, *_) = await sent_emails(client)
    refused = {
        "unknown": ({"id": "enr_x"}, "NOT_FOUND", ["enrollmentId"]),
        "no email": ({"id": first.enrollment_id, "email": "snd_x"}, "NOT_FOUND", ["emailId"]),
        "long": ({"id": first.enrollment_id, "text": "x" * 20_001}, "TOO_LONG", ["text"]),
    }
    for values, code, path in refused.values():
        answer = await client.raw(RECORD, values)
        error = answer["errors"][0]["extensions"] if "errors" in answer else answer["data"]["recordReply"]["errors"][0]
        assert (error["code"], error["path"]) == (code, path)
    assert {email["repliedAt"] for email in (await client.ask(REPLIES))["emails"]["nodes"]} == {None}


async def test_a_refusal_says_why_the_email_cannot_have_an_answer(client: Client, campaign: str) -> None:
    first, second = (await sent_emails(client))[:2]
    waiting = await Send.filter(status="SCHEDULED", enrollment_id=first.enrollment_id).first()
    assert waiting is not None
    bounced = RECORD.replace("recordReply", "recordBounce").replace("$text: String", "$detail: String")
    bounced = bounced.replace("text: $text", "detail: $detail")
    of_other = f"{second.id!r} is not an email of this enrollment."
    for mutation, query, sentence in (
        ("recordReply", RECORD, "This email was not sent, so nobody can have answered it."),
        ("recordBounce", bounced, "This email was not sent, or it has bounced already."),
    ):
        for email, code, message in ((waiting.id, "NOTHING_SENT", sentence), (second.id, "NOT_FOUND", of_other)):
            answer = (await client.ask(query, id=first.enrollment_id, email=email))[mutation]
            assert answer["errors"] == [{"code": code, "message": message, "path": ["emailId"]}]
