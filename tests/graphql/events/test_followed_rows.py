"""The subscriptions to an import, to the clock and to changes of tasks."""

from contextlib import aclosing
from typing import Any

import pytest

from api.models import PeopleImport
from api.services.following.events import BEGINNING
from api.states import ImportStatus
from tests import story
from tests.client import Client
from tests.graphql.events.test_event_subscription import over_websocket
from tests.graphql.tasks.test_manual_tasks import CREATE
from tests.live import Live, until

pytestmark = pytest.mark.usefixtures("quiet")
IMPORT = """mutation { importPeople(csv: "email\\na@example.com\\nb@example.com") {
  peopleImport { id } errors { code } } }"""
SNOOZE = 'mutation($id: ID!) { snoozeTask(id: $id, until: "2026-03-09") { task { id } errors { code } } }'
PROGRESS = "subscription($id: ID!) { importProgress(id: $id) { status processed progress } }"
ADVANCE = "mutation($to: DateTime!) { advanceClock(to: $to) { dispatched errors { code } } }"
TASKS = """subscription($filter: EventFilter, $after: ID) { taskChanged(filter: $filter, after: $after) {
  kind task { name dueDate } actor { kind } } }"""


async def test_an_import_is_followed_to_its_end(live: Live, rep: Client) -> None:
    made = (await rep.do(IMPORT, "peopleImport"))["id"]
    async with aclosing(over_websocket(live, rep, PROGRESS, id=made)) as updates:
        seen = [(await anext(updates))["data"]["importProgress"]]
        await PeopleImport.filter(id=made).update(processed=1)
        live.gate.open()
        seen.append((await anext(updates))["data"]["importProgress"])
        await PeopleImport.filter(id=made).update(processed=2, status=ImportStatus.FINISHED)
        live.gate.open()
        seen.append((await anext(updates))["data"]["importProgress"])
        await until(lambda: live.watch.followers == 0)
    assert [(each["status"], each["processed"], each["progress"]) for each in seen] == [
        ("RUNNING", 0, 0.0),
        ("RUNNING", 1, 0.5),
        ("FINISHED", 2, 1.0),
    ]
    async with aclosing(over_websocket(live, rep, PROGRESS, id="imp_00000000000000000000000000")) as updates:
        assert (await anext(updates))["errors"][0]["extensions"] == {"code": "NOT_FOUND", "path": ["id"]}


async def test_the_clock_of_a_sandbox_is_followed(live: Live, rep: Client) -> None:
    async with aclosing(over_websocket(live, rep, "subscription { clock { now sandbox } }")) as updates:
        assert (await anext(updates))["data"]["clock"] == {"now": "2026-03-02T07:00:00Z", "sandbox": True}
        live.gate.open()  # it has not moved
        await rep.do(ADVANCE, "dispatched", to="2026-03-03T07:00:00Z")
        live.gate.open()
        assert (await anext(updates))["data"]["clock"]["now"] == "2026-03-03T07:00:00Z"


async def test_changes_of_tasks_are_followed(live: Live, rep: Client) -> None:
    person, sender = await story.person(rep), await story.sender(rep)
    given: dict[str, Any] = {"type": "CALL", "name": "Call Ada", "dueDate": "2026-03-05", "assigneeId": sender}
    task = (await rep.do(CREATE, "task", input={**given, "personId": person}))["id"]
    async with aclosing(over_websocket(live, rep, TASKS, after=BEGINNING, filter={"taskId": task})) as updates:
        found = [(await anext(updates))["data"]["taskChanged"]]
        await rep.do(SNOOZE, "task", id=task)
        await rep.do("mutation($id: ID!) { completeTask(id: $id) { task { id } errors { code } } }", "task", id=task)
        found += [(await anext(updates))["data"]["taskChanged"] for _ in range(2)]
    assert [(each["kind"], each["actor"]["kind"]) for each in found] == [
        ("TASK_CREATED", "TOKEN"),
        ("TASK_CHANGED", "TOKEN"),
        ("TASK_COMPLETED", "TOKEN"),
    ]
    assert found[0]["task"] == {"name": "Call Ada", "dueDate": "2026-03-05"}
    wanted = {"kinds": ["REPLIED", "TASK_COMPLETED"]}
    async with aclosing(over_websocket(live, rep, TASKS, after=BEGINNING, filter=wanted)) as updates:
        assert (await anext(updates))["data"]["taskChanged"]["kind"] == "TASK_COMPLETED"
