"""Compose windows through GraphQL: the operations of docs/screens.md, drafts, and local times."""

import re
from pathlib import Path
from typing import Any

from tests import story
from tests.client import Client

ROOT = Path(__file__).parents[3]
SCREENS = (ROOT / "docs" / "screens.md").read_text(encoding="utf-8")
LOCAL = {"date": "2026-03-29", "time": "02:30", "zone": "Europe/Berlin"}


def operation(name: str) -> str:
    """Return an operation of docs/screens.md."""
    (text,) = re.findall(rf"```graphql\n((?:query|mutation) {name}\b.*?)```", SCREENS, re.DOTALL)
    return text


async def errors(client: Client, name: str, **variables: Any) -> list[tuple[str, list[str]]]:
    (payload,) = (await client.ask(operation(name), **variables)).values()
    return [(error["code"], error["path"]) for error in payload["errors"]]


async def email_task(client: Client) -> str:
    """Launch a campaign whose first step is an EMAIL task. Returns the task."""
    made = await story.campaign(client, await story.sender(client))
    html = "<p>Hi {{ first_name }} of {{ city }}</p>"
    template = await story.template(client, html=html)
    await story.step(client, made, day=1, type="EMAIL", sendOption="task", templateId=template)
    given = {"campaignId": made, "personIds": [await story.person(client)]}
    (enrollment,) = await client.do(story.LAUNCH, "enrollments", input=given)
    return (await story.progress(client, enrollment["id"]))["progress"][0]["task"]["id"]


async def test_a_rep_opens_saves_schedules_and_edits_an_email(client: Client) -> None:
    task = await email_task(client)
    window = (await client.ask(operation("ComposeWindow"), task=task))["task"]
    shown = window["composition"]
    assert (shown["to"], shown["subject"], shown["draft"], shown["draftVersion"]) == (
        "ada@example.com", "Hello Ada", None, 0,
    )  # fmt: skip
    assert (shown["html"], shown["prompts"]) == ("<p>Hi Ada of {{! city }}</p>", ["city"])
    assert shown["unresolvedFields"] == ["city"]
    assert await errors(client, "SendTask", task=task) == [("UNRESOLVED_FIELD", ["id"])]
    draft = await client.do(operation("SaveDraft"), "draft", task=task, subject="For you", html="<p>a</p>", ifVersion=0)
    assert draft["version"] == 1
    stale = {"task": task, "subject": "x", "html": "<p>b</p>", "ifVersion": 0}
    assert await errors(client, "SaveDraft", **stale) == [("VERSION_CONFLICT", ["ifVersion"])]
    listed = (await client.ask("{ tasks { nodes { id draft { subject version } } } }"))["tasks"]["nodes"]
    assert listed == [{"id": task, "draft": {"subject": "For you", "version": 1}}]
    reopened = (await client.ask(operation("ComposeWindow"), task=task))["task"]["composition"]
    assert (reopened["draft"], reopened["html"]) == (draft, "<p>a</p>")
    both = {"task": task, "at": "2026-03-29T10:00:00Z", "atLocal": LOCAL}
    assert await errors(client, "ScheduleTask", **both) == [("SEND_AT_AMBIGUOUS", ["atLocal"])]
    email = await client.do(operation("ScheduleTask"), "email", task=task, atLocal=LOCAL, ifVersion=1)
    assert (email["dueAt"], email["status"]) == ("2026-03-29T01:30:00Z", "SCHEDULED")
    assert email["chosenTime"] == {**LOCAL, "time": "02:30:00", "skipped": True, "repeated": False}
    assert "does not exist on 2026-03-29" in email["explanation"][-1]["sentence"]
    moved = await client.do(
        operation("RescheduleEmail"), "email", email=email["id"], atLocal={**LOCAL, "time": "04:00"}
    )
    assert (moved["dueAt"], moved["chosenTime"]["skipped"]) == ("2026-03-29T02:00:00Z", False)
    edited = await client.do(operation("EditEmail"), "email", email=email["id"], subject="Better", html="<p>c</p>")
    assert edited["composition"]["subject"] == "Better"
    opened = await client.do(operation("WithdrawEmail"), "task", email=email["id"])
    assert opened["composition"]["draft"]["subject"] == "Better"
    version = opened["composition"]["draftVersion"]
    back = await client.do(operation("DiscardDraft"), "task", task=task, ifVersion=version)
    assert (back["composition"]["draft"], back["composition"]["subject"]) == (None, "Hello Ada")
    sent = await client.do(operation("SendTask"), "email", task=task, html="<p>Hi Ada</p>", subject="Now")
    assert sent["chosenTime"] is None
    assert (await client.ask(operation("ComposeWindow"), task=task))["task"]["composition"] is None


async def test_a_rep_marks_a_task_as_sent(client: Client) -> None:
    task = await email_task(client)
    assert await errors(client, "MarkTaskSent", task=task, messageId="abc") == [("INVALID_TEXT", ["messageId"])]
    sent = await client.do(operation("MarkTaskSent"), "email", task=task, messageId="<a@b.example>", subject="Hi")
    assert (sent["status"], sent["sentElsewhere"], sent["messageId"]) == ("SENT", True, "<a@b.example>")
    window = (await client.ask(operation("ComposeWindow"), task=task))["task"]
    assert (window["status"], window["composition"], window["email"]["id"]) == ("COMPLETED", None, sent["id"])


async def test_a_stranger_changes_no_draft(client: Client, stranger: Client) -> None:
    task = await email_task(client)
    given = {"task": task, "subject": "x", "html": "<p>x</p>"}
    for name in ("SaveDraft", "DiscardDraft", "SendTask", "MarkTaskSent"):
        mine = given if name in ("SaveDraft", "SendTask") else {"task": task}
        assert await errors(stranger, name, **mine) == [
            ("NOT_FOUND", ["id" if name in ("SendTask", "MarkTaskSent") else "taskId"])
        ]
    assert (await client.ask(operation("ComposeWindow"), task=task))["task"]["composition"]["draft"] is None


async def test_a_launch_has_first_emails_of_single_people(client: Client) -> None:
    made = await story.campaign(client, await story.sender(client))
    template = await story.template(client)
    await story.step(client, made, day=1, type="EMAIL", sendOption="choose_at_launch", templateId=template)
    ada, bob = await story.person(client), await story.person(client, "bob@example.com")
    own = {"personId": bob, "subject": "For {{ you }}", "html": "<p>Dear Bob</p>"}
    given: dict[str, Any] = {"campaignId": made, "personIds": [ada, bob], "sendNow": True, "perPerson": [own]}
    wrong = {**given, "perPerson": [{**own, "subject": "a\nb"}]}
    assert await errors(client, "Launch", input=wrong) == [("INVALID_TEXT", ["perPerson", "0", "subject"])]
    seen = (await client.ask(operation("LaunchPreview"), input=given))["launchPreview"]
    assert (seen["acceptedCount"], seen["refusedCount"], seen["errors"]) == (2, 0, [])
    enrolled = await client.do(operation("Launch"), "enrollments", input=given)
    query = "query($id: ID!) { enrollment(id: $id) { progress { email { id writtenSubject writtenHtml } } } }"
    texts = [(await client.ask(query, id=each["id"]))["enrollment"]["progress"][0]["email"] for each in enrolled]
    assert [each["writtenSubject"] for each in texts] == [None, "For {{ you }}"]
    assert [each["writtenHtml"] for each in texts] == [None, "<p>Dear Bob</p>"]
    twice = {"campaignId": made, "everyone": True, "sendNow": True, "firstEmails": [own, {**own, "personId": ada}, own]}
    assert await errors(client, "StartLaunch", input=twice) == [("NAMED_TWICE", ["firstEmails", "2", "personId"])]
    empty = {"campaignId": made, "everyone": True, "sendNow": True, "firstEmails": [{"personId": ada}]}
    assert await errors(client, "StartLaunch", input=empty) == [
        ("FIRST_EMAIL_NOT_WRITTEN", ["firstEmails", "0", "html"])
    ]
