"""Tasks that users create by hand, and changes of all tasks, on both databases."""

import asyncio
from typing import Any

import pytest

from tests import story
from tests.client import Client
from tests.graphql.authored import AT, BY_HAND, author, launch

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

ERRORS = "errors { code path message }"
TASK = """task { id type name details priority status dueDate byHand expiresAt doneAt outcome callReason note
  person { id } assignee { id } step { id } enrollment { id } campaign { id } email { id } composition { subject } }"""
CREATE = f"mutation($input: CreateTaskInput!) {{ createTask(input: $input) {{ {TASK} {ERRORS} }} }}"
UPDATE = f"mutation($id: ID!, $input: TaskChanges!) {{ updateTask(id: $id, input: $input) {{ {TASK} {ERRORS} }} }}"
SNOOZE = f"mutation($id: ID!, $until: Date!) {{ snoozeTask(id: $id, until: $until) {{ {TASK} {ERRORS} }} }}"
ASSIGN = f"mutation($id: ID!, $to: ID!) {{ assignTask(id: $id, assigneeId: $to) {{ {TASK} {ERRORS} }} }}"
COMPLETE = f"""mutation($id: ID!, $outcome: String, $reason: String, $note: String) {{
  completeTask(id: $id, outcome: $outcome, reason: $reason, note: $note) {{ {TASK} {ERRORS} }} }}"""
SKIP = f"mutation($id: ID!, $note: String) {{ skipTask(id: $id, note: $note) {{ {TASK} {ERRORS} }} }}"
REOPEN = f"mutation($id: ID!) {{ reopenTask(id: $id) {{ {TASK} {ERRORS} }} }}"
DELETE = f"mutation($id: ID!) {{ deleteTask(id: $id) {{ deletedId {ERRORS} }} }}"
SEND = f"mutation($id: ID!) {{ sendTask(id: $id) {{ email {{ id }} {ERRORS} }} }}"
EVENTS = "{ events(first: 100) { nodes { kind data task { id } person { id } } } }"
NOBODY = "per_00000000000000000000000000"


async def create(client: Client, **changes: Any) -> dict[str, Any]:
    """Create a CALL task, for a person and a sender of its own if none are given."""
    if "personId" not in changes:
        changes["personId"] = await story.person(client)
    if "assigneeId" not in changes:
        changes["assigneeId"] = await story.sender(client)
    given = {"type": "CALL", "name": "Call Ada", "dueDate": "2026-03-04"}
    return await client.do(CREATE, "task", input=given | changes)


async def refused(client: Client, mutation: str, **variables: Any) -> tuple[str, list[str]]:
    """Return the code and the path of the one error of a mutation."""
    (payload,) = (await client.ask(mutation, **variables)).values()
    (error,) = payload["errors"]
    assert error["message"]
    return error["code"], error["path"]


async def events(client: Client) -> list[dict[str, Any]]:
    """Return the events about tasks, oldest first."""
    found = (await client.ask(EVENTS))["events"]["nodes"]
    return [event for event in reversed(found) if event["kind"].startswith("TASK_")]


async def open_task(client: Client, *steps: dict[str, Any], **settings: Any) -> tuple[str, str]:
    """Launch a campaign that begins with a task; return the enrollment and the task."""
    enrollment = await launch(client, await author(client, *steps, **settings), await story.person(client))
    return enrollment, (await story.progress(client, enrollment))["progress"][0]["task"]["id"]


async def test_a_task_is_created_and_completed_outside_campaigns(client: Client) -> None:
    task = await create(client, type="EMAIL", priority="HIGH", details="Ask about\nthe offer")
    assert (task["type"], task["name"], task["priority"], task["status"]) == ("EMAIL", "Call Ada", "HIGH", "OPEN")
    assert (task["dueDate"], task["details"], task["byHand"]) == ("2026-03-04", "Ask about\nthe offer", True)
    nothing = ("step", "enrollment", "campaign", "email", "expiresAt", "outcome", "callReason")
    assert [task[name] for name in nothing] == [None] * len(nothing)
    assert await refused(client, SEND, id=task["id"]) == ("REQUIRED", ["html"]), "nothing is written yet"
    done = await client.do(COMPLETE, "task", id=task["id"], note="Sent it by hand")
    assert (done["status"], done["doneAt"], done["note"]) == ("COMPLETED", "2026-03-02T07:00:00Z", "Sent it by hand")
    assert await refused(client, COMPLETE, id=task["id"]) == ("TASK_NOT_OPEN", ["id"])
    assert await refused(client, UPDATE, id=task["id"], input={"name": "Late"}) == ("TASK_NOT_OPEN", ["id"])
    kinds = [(event["kind"], event["data"].get("actor")) for event in await events(client)]
    assert kinds == [("TASK_CREATED", "test"), ("TASK_COMPLETED", "test")]


BAD_VALUES = [
    ({"name": ""}, "REQUIRED", ["name"]),
    ({"name": "  "}, "REQUIRED", ["name"]),
    ({"name": "a\nb"}, "INVALID_TEXT", ["name"]),
    ({"name": "a" * 301}, "TOO_LONG", ["name"]),
    ({"details": "\x00"}, "INVALID_TEXT", ["details"]),
    ({"details": "\ud800"}, "INVALID_TEXT", ["details"]),
    ({"dueDate": "2026-03-01"}, "DUE_DATE_IN_PAST", ["dueDate"]),
    ({"dueDate": "0001-01-01"}, "DUE_DATE_IN_PAST", ["dueDate"]),
    ({"dueDate": "9999-12-31"}, "INVALID_INSTANT", ["dueDate"]),
    ({"personId": NOBODY}, "NOT_FOUND", ["personId"]),
    ({"personId": "\x00"}, "NOT_FOUND", ["personId"]),
    ({"assigneeId": "sdr_\ud800"}, "NOT_FOUND", ["assigneeId"]),
]


async def test_bad_values_are_refused(client: Client) -> None:
    task = await create(client)
    given = {
        "personId": task["person"]["id"], "assigneeId": task["assignee"]["id"], "type": "CALL", "name": "Call",
        "dueDate": "2026-03-04",
    }  # fmt: skip
    for change, code, path in BAD_VALUES:
        assert await refused(client, CREATE, input=given | change) == (code, path), change
        assert await refused(client, UPDATE, id=task["id"], input=change) == (code, path), change
    assert (await client.ask("{ tasks { totalCount } }"))["tasks"]["totalCount"] == 1
    assert [event["kind"] for event in await events(client)] == ["TASK_CREATED"]


async def test_rows_of_another_workspace_are_not_found(client: Client, stranger: Client) -> None:
    task, other = await create(client), await create(stranger)
    for name in ("person", "assignee"):
        change = {f"{name}Id": other[name]["id"]}
        assert await refused(client, UPDATE, id=task["id"], input=change) == ("NOT_FOUND", [f"{name}Id"])
    for mutation, more in (
        (UPDATE, {"input": {"name": "Mine"}}), (SNOOZE, {"until": "2026-03-09"}), (COMPLETE, {}), (SKIP, {}),
        (ASSIGN, {"to": task["assignee"]["id"]}), (REOPEN, {}), (DELETE, {}),
    ):  # fmt: skip
        assert await refused(client, mutation, id=other["id"], **more) == ("NOT_FOUND", ["id"])
    assert [event["kind"] for event in await events(stranger)] == ["TASK_CREATED"]


async def test_today_is_that_of_the_assignee(client: Client) -> None:
    await client.do(story.ADVANCE, "now", to="2026-03-02T23:30:00Z")  # Tuesday in Berlin, Monday in New York
    new_york = await story.sender(client, email="ny@example.com", zone="America/New_York")
    person = await story.person(client)
    assert (await create(client, personId=person, assigneeId=new_york, dueDate="2026-03-02"))["status"] == "OPEN"
    berlin = await story.sender(client)
    given = {"personId": person, "assigneeId": berlin, "type": "CALL", "name": "Call", "dueDate": "2026-03-02"}
    assert await refused(client, CREATE, input=given) == ("DUE_DATE_IN_PAST", ["dueDate"])


async def test_a_task_is_edited_assigned_and_snoozed(client: Client) -> None:
    task = await create(client)
    ben = await story.person(client, "ben@example.com")
    given = {"type": "INMAIL", "name": " Write ", "details": "x", "priority": "HIGH", "personId": ben}
    changed = await client.do(UPDATE, "task", id=task["id"], input=given)
    found = [changed[name] for name in ("type", "name", "details", "priority")]
    assert (found, changed["person"]["id"]) == (["INMAIL", "Write", "x", "HIGH"], ben)
    other = await story.sender(client, email="other@example.com")
    assert (await client.do(ASSIGN, "task", id=task["id"], to=other))["assignee"]["id"] == other
    assert (await client.do(SNOOZE, "task", id=task["id"], until="2026-03-09"))["dueDate"] == "2026-03-09"
    assert await refused(client, SNOOZE, id=task["id"], until="2026-03-01") == ("DUE_DATE_IN_PAST", ["until"])
    await client.do(UPDATE, "task", id=task["id"], input={"priority": "HIGH"})  # nothing changes, so no event
    for name in ("name", "dueDate", "priority", "assigneeId", "personId", "type", "details"):
        assert await refused(client, UPDATE, id=task["id"], input={name: None}) == ("REQUIRED", [name])
    changes = [event["data"]["changes"] for event in await events(client) if event["kind"] == "TASK_CHANGED"]
    assert changes == [
        {
            "type": ["CALL", "INMAIL"], "name": ["Call Ada", "Write"], "details": None,
            "priority": ["NORMAL", "HIGH"], "personId": [task["person"]["id"], ben],
        },
        {"assigneeId": [task["assignee"]["id"], other]},
        {"dueDate": ["2026-03-04", "2026-03-09"]},
    ]  # fmt: skip


async def test_an_overdue_task_can_be_edited(client: Client) -> None:
    task = await create(client)
    await client.do(story.ADVANCE, "now", to="2026-03-09T12:00:00Z")
    same = {"name": "Call at last", "dueDate": "2026-03-04"}
    assert (await client.do(UPDATE, "task", id=task["id"], input=same))["name"] == "Call at last"


async def test_a_task_is_opened_again_and_deleted(client: Client) -> None:
    task = await create(client)
    assert await refused(client, REOPEN, id=task["id"]) == ("TASK_NOT_OPEN", ["id"])
    await client.do(COMPLETE, "task", id=task["id"], outcome="Busy", note="Again")
    again = await client.do(REOPEN, "task", id=task["id"])
    assert [again[name] for name in ("status", "doneAt", "outcome", "note")] == ["OPEN", None, None, ""]
    await client.do(SKIP, "task", id=task["id"], note="No phone")
    assert await client.do(DELETE, "deletedId", id=task["id"]) == task["id"]
    assert await refused(client, DELETE, id=task["id"]) == ("NOT_FOUND", ["id"])
    found = await events(client)
    kinds = ["TASK_CREATED", "TASK_COMPLETED", "TASK_REOPENED", "TASK_SKIPPED", "TASK_DELETED"]
    assert [event["kind"] for event in found] == kinds
    assert {event["task"] for event in found} == {None}
    assert found[1]["data"] == {"type": "CALL", "outcome": "Busy", "note": "Again", "actor": "test"}


async def test_the_end_of_a_campaign_leaves_it_open(client: Client) -> None:
    person = await story.person(client)
    campaign = await author(client, AT)
    enrollment = await launch(client, campaign, person)
    sender = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"][0]["id"]
    task = await create(client, personId=person, assigneeId=sender)
    unsubscribe = f'mutation($id: ID!) {{ unsubscribe(personId: $id, reason: "Asked") {{ person {{ id }} {ERRORS} }} }}'
    await client.do(unsubscribe, "person", id=person)
    assert (await story.progress(client, enrollment))["status"] == "ENDED"
    assert (await client.do(COMPLETE, "task", id=task["id"]))["status"] == "COMPLETED"


async def test_of_a_campaigns_task_only_assignee_and_due_date_change(client: Client) -> None:
    _, task = await open_task(client, {"day": 1}, AT | {"day": 3})
    for name, value in (("name", "X"), ("details", "X"), ("priority", "HIGH"), ("type", "EMAIL"), ("personId", NOBODY)):
        assert await refused(client, UPDATE, id=task, input={name: value}) == ("TASK_OF_CAMPAIGN", [name])
    assert await refused(client, DELETE, id=task) == ("TASK_OF_CAMPAIGN", ["id"])
    assert await refused(client, REOPEN, id=task) == ("TASK_OF_CAMPAIGN", ["id"])
    other = await story.sender(client, email="other@example.com")
    assert (await client.do(ASSIGN, "task", id=task, to=other))["assignee"]["id"] == other


async def test_a_snoozed_task_of_a_campaign_still_shifts_what_follows(client: Client) -> None:
    """The email on day 3, two days after the task, keeps this distance from the day on which the task is done."""
    enrollment, task = await open_task(client, {"day": 1}, AT | {"day": 3}, taskExpiryDays=2)
    snoozed = await client.do(SNOOZE, "task", id=task, until="2026-03-05")
    assert (snoozed["dueDate"], snoozed["expiresAt"]) == ("2026-03-05", "2026-03-07T23:00:00Z")
    await client.do(story.ADVANCE, "now", to="2026-03-05T12:00:00Z")
    await client.do(COMPLETE, "task", id=task)
    after = (await story.progress(client, enrollment))["progress"]
    assert after[1]["email"]["plannedAt"] == "2026-03-07T08:30:00Z"


async def test_an_edit_keeps_a_later_date_of_a_rep(client: Client) -> None:
    enrollment, _ = await open_task(client, {"day": 1}, {"day": 2}, AT | {"day": 5})
    before = (await story.progress(client, enrollment))["progress"]
    await client.do(COMPLETE, "task", id=before[0]["task"]["id"])
    (task,) = [each["task"]["id"] for each in (await story.progress(client, enrollment))["progress"][1:2]]
    await client.do(SNOOZE, "task", id=task, until="2026-03-06")
    move = f"mutation($id: ID!, $day: Int!) {{ moveStep(id: $id, day: $day) {{ step {{ id }} {ERRORS} }} }}"
    await client.do(move, "step", id=before[1]["step"]["id"], day=3)
    due = (await client.ask("query($id: ID!) { task(id: $id) { dueDate } }", id=task))["task"]["dueDate"]
    assert due == "2026-03-06"
    await client.do(story.ADVANCE, "now", to="2026-03-06T12:00:00Z")
    await client.do(COMPLETE, "task", id=task)  # day 3 is Friday now, so day 5 is Sunday
    after = (await story.progress(client, enrollment))["progress"]
    assert after[2]["email"]["plannedAt"] == "2026-03-08T08:30:00Z"


async def test_the_email_of_an_assigned_task_comes_from_the_assignee(client: Client) -> None:
    _, task = await open_task(client, BY_HAND)
    other = await story.sender(client, email="other@example.com")
    await client.do(ASSIGN, "task", id=task, to=other)
    send = (
        f"mutation($id: ID!, $at: DateTime) {{ sendTask(id: $id, at: $at) {{ email {{ sender {{ id }} }} {ERRORS} }} }}"
    )
    sent = await client.do(send, "email", id=task, at="2026-03-02T12:00:00Z")
    assert sent["sender"]["id"] == other
    third = await story.sender(client, email="third@example.com")
    assert await refused(client, ASSIGN, id=task, to=third) == ("ALREADY_SCHEDULED", ["id"])


async def test_of_two_completions_at_once_one_counts(client: Client) -> None:
    task = await create(client)
    answers = await asyncio.gather(
        client.ask(COMPLETE, id=task["id"], note="one"), client.ask(COMPLETE, id=task["id"], note="two")
    )
    codes = sorted(error["code"] for each in answers for error in each["completeTask"]["errors"])
    assert codes == ["TASK_NOT_OPEN"]
    assert [event["kind"] for event in await events(client)] == ["TASK_CREATED", "TASK_COMPLETED"]
