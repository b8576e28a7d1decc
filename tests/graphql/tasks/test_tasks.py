"""Tasks by due date, their emails, and their expiry."""

import pytest

from tests import story
from tests.client import Client
from tests.graphql.authored import AT, BY_HAND, author, launch

OPEN = """query($id: ID!) { task(id: $id) { composition { to subject html text gmailUrl outlookUrl mailtoUrl } } }"""


@pytest.mark.parametrize(
    ("clock", "due", "count"),
    [
        ("2026-03-03T22:30:00Z", "TODAY", 0),
        ("2026-03-03T23:30:00Z", "TODAY", 1),
        ("2026-03-03T22:30:00Z", "TOMORROW", 1),
        ("2026-03-03T22:30:00Z", "TODAY_AND_TOMORROW", 1),
        ("2026-03-02T08:00:00Z", "NEXT_SEVEN_DAYS", 1),
        ("2026-03-04T22:30:00Z", "OVERDUE", 0),
        ("2026-03-04T23:30:00Z", "OVERDUE", 1),
    ],
)
async def test_tasks_by_when_they_are_due(client: Client, clock: str, due: str, count: int) -> None:
    await launch(client, await author(client, {"day": 3}), await story.person(client))
    await client.do(story.ADVANCE, "now", to=clock)
    assert (await client.ask(f"{{ tasks(filter: {{due: {due}}}) {{ totalCount }} }}"))["tasks"]["totalCount"] == count


async def test_opening_and_sending_a_task(client: Client) -> None:
    campaign = await author(client, BY_HAND, {"day": 2, "sendOption": "same_time_as_previous", "followUp": True})
    enrollment = await launch(client, campaign, await story.person(client))
    task = (await story.progress(client, enrollment))["progress"][0]["task"]["id"]
    made = (await client.ask(OPEN, id=task))["task"]["composition"]
    assert (made["to"], made["subject"], made["text"]) == ("ada@example.com", "Hello Ada", "Hi Ada\n")
    assert made["mailtoUrl"] == "mailto:ada@example.com?subject=Hello%20Ada&body=Hi%20Ada%0D%0A"
    send = """mutation($id: ID!, $at: DateTime) {
      sendTask(id: $id, at: $at, html: "<p>My own words</p>") { errors { code } } }"""
    await client.do(send, "errors", id=task, at="2026-03-02T12:00:05Z")
    before = (await story.progress(client, enrollment))["progress"]
    assert (before[0]["task"]["status"], before[1]["state"]) == ("OPEN", "WAITING")
    await client.do(story.ADVANCE, "now", to="2026-03-02T13:00:00Z")
    after = (await story.progress(client, enrollment))["progress"]
    assert (after[0]["task"]["status"], after[0]["email"]["status"]) == ("COMPLETED", "SENT")
    assert after[1]["email"]["plannedAt"] == "2026-03-03T12:00:05Z"


@pytest.mark.parametrize(
    ("rule", "state", "status"), [("WAIT", "WAITING", "ACTIVE"), ("SKIP", "EMAIL", "ACTIVE"), ("END", "NEVER", "ENDED")]
)
async def test_a_task_expires(client: Client, rule: str, state: str, status: str) -> None:
    campaign = await author(client, {"day": 1}, AT | {"day": 9}, taskExpiryDays=1, onTaskExpiry=rule)
    enrollment = await launch(client, campaign, await story.person(client))
    await client.do(story.ADVANCE, "now", to="2026-03-04T12:00:00Z")
    found = await story.progress(client, enrollment)
    assert found["progress"][0]["task"]["status"] == "EXPIRED"
    assert (found["progress"][1]["state"], found["status"]) == (state, status)


async def test_the_explanation_of_a_task_that_a_rep_moved_ends_with_its_due_date(client: Client) -> None:
    enrollment = await launch(client, await author(client, {"day": 2}), await story.person(client))
    task = (await story.progress(client, enrollment))["progress"][0]["task"]
    assert [each["code"] for each in task["explanation"]][-1] == "HUMAN_WORK"
    snooze = "mutation($id: ID!, $until: Date!) { snoozeTask(id: $id, until: $until) { errors { code } } }"
    for until, last in (
        ("2026-03-09", "A person gave it another due date: 2026-03-09."),
        (task["dueDate"], task["explanation"][-1]["sentence"]),
    ):
        await client.do(snooze, "errors", id=task["id"], until=until)
        moved = (await story.progress(client, enrollment))["progress"][0]["task"]
        assert (moved["dueDate"], moved["explanation"][-1]["sentence"]) == (until, last)
