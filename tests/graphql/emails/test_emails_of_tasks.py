"""Emails that are scheduled, through GraphQL: seen from their task, rescheduled, edited and withdrawn."""

from typing import Any

from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS

TASK = """query($id: ID!) { task(id: $id) { status composition { subject html } email { id status dueAt writtenSubject
  writtenHtml byHand explanation(language: "de") { code sentence } composition { subject html } } } }"""
RESCHEDULE = f"""mutation($id: ID!, $at: DateTime) {{ rescheduleEmail(id: $id, at: $at) {{
  email {{ id dueAt plannedAt }} {story.ERRORS} }} }}"""
EDIT = f"""mutation($id: ID!, $subject: String, $html: String) {{ editEmail(id: $id, subject: $subject, html: $html) {{
  email {{ writtenSubject writtenHtml composition {{ subject html text }} }} {story.ERRORS} }} }}"""
EDIT_SUBJECT = f"""mutation($id: ID!, $subject: String) {{ editEmail(id: $id, subject: $subject) {{
  email {{ writtenSubject writtenHtml }} {story.ERRORS} }} }}"""
WITHDRAW = f"""mutation($id: ID!) {{ withdrawEmail(id: $id) {{
  task {{ id status email {{ id }} composition {{ subject html }} }} {story.ERRORS} }} }}"""
FEED = "{ events { nodes { kind data task { id } email { id } campaign { name } } } }"
CHANGE = """mutation($id: ID!, $subject: String, $ifVersion: Int) {
  editEmail(id: $id, subject: $subject, ifVersion: $ifVersion) {
    email { version writtenSubject } errors { code path currentVersion } } }"""
MOVE = f"""mutation($id: ID!, $at: DateTime, $ifVersion: Int) {{
  rescheduleEmail(id: $id, at: $at, ifVersion: $ifVersion) {{ email {{ version }} {story.ERRORS} }} }}"""
WEDNESDAY = "2026-03-04T10:00:00Z"


async def scheduled(client: Client) -> tuple[str, str, str]:
    """A task whose email is scheduled for Wednesday. Returns enrollment, task and email."""
    made = await story.campaign(client, await story.sender(client))
    template = await story.template(client)
    await story.step(client, made, day=1, type="EMAIL", sendOption="task", templateId=template)
    await story.step(client, made, day=3, type="EMAIL", sendOption="same_time_as_previous", templateId=template)
    given = {"campaignId": made, "personIds": [await story.person(client)]}
    (enrollment,) = await client.do(story.LAUNCH, "enrollments", input=given)
    task = (await story.progress(client, enrollment["id"]))["progress"][0]["task"]["id"]
    assert (await client.ask(TASK, id=task))["task"]["email"] is None
    sent = {"subject": "For {{ you }}", "html": "<p>Mine</p>", "at": WEDNESDAY}
    await client.do(MUTATIONS["sendTask"], "errors", id=task, **sent)
    return enrollment["id"], task, (await client.ask(TASK, id=task))["task"]["email"]["id"]


async def error(client: Client, mutation: str, **variables: Any) -> tuple[str, list[str]]:
    (payload,) = (await client.ask(mutation, **variables)).values()
    (refused,) = payload["errors"]
    return refused["code"], refused["path"]


async def test_a_task_shows_its_email_which_is_rescheduled_and_edited(client: Client) -> None:
    enrollment, task, email = await scheduled(client)
    seen = (await client.ask(TASK, id=task))["task"]
    assert (seen["status"], seen["email"]["status"], seen["email"]["dueAt"]) == ("OPEN", "SCHEDULED", WEDNESDAY)
    assert seen["composition"] == {"subject": "For {{ you }}", "html": "<p>Mine</p>"} == seen["email"]["composition"]
    moved = await client.do(RESCHEDULE, "email", id=email, at="2026-03-05T10:00:00.5Z")
    assert (moved["dueAt"], moved["plannedAt"]) == ("2026-03-05T10:00:00Z", "2026-03-05T10:00:00Z")
    edited = await client.do(EDIT_SUBJECT, "email", id=email, subject="Other")
    assert edited == {"writtenSubject": "Other", "writtenHtml": "<p>Mine</p>"}
    edited = await client.do(EDIT, "email", id=email, subject=None, html="<p>{{ x }}</p><script>x</script>")
    assert (edited["writtenSubject"], edited["writtenHtml"]) == (None, "<p>{{ x }}</p>")
    assert edited["composition"] == {"subject": "Hello Ada", "html": "<p>{{ x }}</p>", "text": "{{ x }}\n"}
    lines = (await client.ask(TASK, id=task))["task"]["email"]["explanation"]
    assert lines[-1]["sentence"] == "Eine Person hat eine andere Zeit gewählt: 11:00 am 2026-03-05."
    feed = (await client.ask(FEED))["events"]["nodes"]
    assert [event["kind"] for event in feed[:3]] == ["EMAIL_EDITED", "EMAIL_EDITED", "EMAIL_RESCHEDULED"]
    assert feed[2]["data"] == {"before": WEDNESDAY, "after": "2026-03-05T10:00:00Z"}
    assert (feed[2]["email"], feed[2]["campaign"]) == ({"id": email}, {"name": "Spring"})
    await client.do(story.ADVANCE, "now", to="2026-03-05T10:00:00Z")
    first, second = (await story.progress(client, enrollment))["progress"]
    assert (first["email"]["status"], first["task"]["status"]) == ("SENT", "COMPLETED")
    assert second["email"]["plannedAt"] == "2026-03-07T10:00:00Z"
    assert (await client.ask(TASK, id=task))["task"]["email"]["composition"] is None


async def test_withdrawing_opens_the_task_and_completing_withdraws(client: Client) -> None:
    enrollment, task, email = await scheduled(client)
    opened = await client.do(WITHDRAW, "task", id=email)
    composition = {"subject": "For {{ you }}", "html": "<p>Mine</p>"}
    assert opened == {"id": task, "status": "OPEN", "email": None, "composition": composition}
    await client.do(MUTATIONS["sendTask"], "errors", id=task, at=WEDNESDAY)
    again = (await client.ask(TASK, id=task))["task"]["email"]
    assert (again["writtenSubject"], again["writtenHtml"]) == ("For {{ you }}", "<p>Mine</p>")
    await client.do(MUTATIONS["completeTask"], "errors", id=task)
    done = (await client.ask(TASK, id=task))["task"]
    assert (done["status"], done["email"]) == ("COMPLETED", None)
    assert await client.do(story.ADVANCE, "dispatched", to="2026-03-04T12:00:00Z") == 1, "that of day 3"
    first, second = (await story.progress(client, enrollment))["progress"]
    assert (first["email"], second["email"]["status"]) == (None, "SENT")


async def test_what_is_refused(client: Client, stranger: Client) -> None:
    _, task, email = await scheduled(client)
    for mutation in (RESCHEDULE, EDIT_SUBJECT, WITHDRAW):
        given = {"subject": "x"} if mutation is EDIT_SUBJECT else {}
        assert await error(stranger, mutation, id=email, **given) == ("NOT_FOUND", ["id"])
        assert await error(client, mutation, id="snd_\x00", **given) == ("NOT_FOUND", ["id"])
    assert await error(client, RESCHEDULE, id=email, at="2026-03-01T10:00:00Z") == ("SEND_AT_IN_PAST", ["at"])
    assert await error(client, RESCHEDULE, id=email, at="2300-03-01T10:00:00Z") == ("INVALID_INSTANT", ["at"])
    assert await error(client, EDIT, id=email, subject="a\nb", html="x") == ("INVALID_TEXT", ["subject"])
    assert await error(client, EDIT, id=email, subject="a", html="<script>x</script>") == ("REQUIRED", ["html"])
    assert await error(client, f"mutation($id: ID!) {{ editEmail(id: $id) {{ {story.ERRORS} }} }}", id=email) == (
        "REQUIRED",
        ["html"],
    )
    assert await error(client, MUTATIONS["sendTask"], id=task) == ("ALREADY_SCHEDULED", ["id"])
    seen = (await client.ask(TASK, id=task))["task"]["email"]
    assert (seen["dueAt"], seen["writtenSubject"], seen["writtenHtml"]) == (WEDNESDAY, "For {{ you }}", "<p>Mine</p>")


async def test_two_windows_that_change_one_email(client: Client) -> None:
    """The second one learns the present version, and nothing of its change is written."""
    _, _, of_task = await scheduled(client)
    own = (await client.ask("{ senders { nodes { id } } templates { nodes { id } } }")).values()
    sender, template = [each["nodes"][0]["id"] for each in own]
    campaign = await story.campaign(client, sender)
    await story.step(client, campaign, day=1, type="EMAIL", sendOption="choose_at_launch", templateId=template)
    eve = await story.person(client, "eve@example.com")
    given = {"campaignId": campaign, "personIds": [eve], "sendAt": WEDNESDAY}
    await client.do(story.LAUNCH, "enrollments", input=given)
    emails = "query($id: ID!) { emails(filter: {personId: $id}) { nodes { id version } } }"
    automatic = (await client.ask(emails, id=eve))["emails"]["nodes"][0]
    assert automatic["version"] == 1
    for email in (automatic["id"], of_task):
        shown = await client.do(CHANGE, "email", id=email, subject="First", ifVersion=1)
        assert shown == {"version": 2, "writtenSubject": "First"}
        payload = (await client.ask(CHANGE, id=email, subject="Second", ifVersion=1))["editEmail"]
        assert payload["errors"] == [{"code": "VERSION_CONFLICT", "path": ["ifVersion"], "currentVersion": 2}]
        assert await error(client, MOVE, id=email, at="2026-03-05T10:00:00Z", ifVersion=1) == (
            "VERSION_CONFLICT", ["ifVersion"],
        )  # fmt: skip
        assert await client.do(MOVE, "email", id=email, at="2026-03-05T10:00:00Z", ifVersion=2) == {"version": 3}
        assert (await client.do(CHANGE, "email", id=email, subject="Third"))["version"] == 4, "any version"
    withdraw = "mutation($id: ID!, $v: Int) { withdrawEmail(id: $id, ifVersion: $v) { errors { code path } } }"
    assert await error(client, withdraw, id=of_task, v=1) == ("VERSION_CONFLICT", ["ifVersion"])
