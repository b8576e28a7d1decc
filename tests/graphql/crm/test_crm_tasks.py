"""What GraphQL shows of a task in the CRM, and that a list of tasks reads it by one query."""

from datetime import UTC, datetime
from typing import Any

from api.models import CrmChange, CrmTask, Task
from tests import story
from tests.client import Client
from tests.graphql.tasks.test_manual_tasks import create

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CRM = """{ tasks(first: 10) { nodes { name crm { state remoteId url lastSyncedAt
  error { code category message whatToDo detail attempts failedAt retryAt }
  conflicts { field here there wins at } } } } }"""


async def test_a_task_shows_its_state_its_error_and_its_conflicts_in_the_crm(client: Client) -> None:
    names = ("none", "new", "synced", "waiting", "failed", "gone")
    given = {"personId": await story.person(client), "assigneeId": await story.sender(client)}
    tasks = {name: await create(client, name=name, **given) for name in names}
    workspace = (await Task.first()).workspace_id  # type: ignore[union-attr]
    conflict = {"field": "DUE", "here": "2026-03-04", "there": "2026-03-05", "wins": "THERE", "at": AT.isoformat()}
    states = {"new": "NEW", "synced": "SYNCED", "waiting": "SYNCED", "failed": "SENDING", "gone": "GONE"}
    for name, state in states.items():
        remote = None if name in {"new", "failed"} else f"00T{name}"
        await CrmTask.create(
            id=tasks[name]["id"], workspace_id=workspace, org="memory:1", state=state, remote_id=remote,
            url="" if remote is None else f"https://crm.example/{remote}", synced_at=None if remote is None else AT,
            conflicts=[conflict] if name == "synced" else [],
        )  # fmt: skip
    for name, values in {
        "waiting": {"state": "WAITING", "category": "INTERMITTENT", "code": "UNABLE_TO_LOCK_ROW", "detail": ""},
        "failed": {"state": "FAILED", "category": "VALIDATION", "code": "A_RULE", "detail": "Say why"},
    }.items():
        key = tasks[name]["id"]
        await CrmChange.create(
            id=f"TASK:{key}", object_id=key, workspace_id=workspace, kind="TASK", changed_at=AT, next_at=AT,
            failed_at=AT, attempts=2, **values,
        )  # fmt: skip
    nodes: list[Any] = (await client.ask(CRM))["tasks"]["nodes"]
    found = {node["name"]: node["crm"] for node in nodes}
    assert found["none"] is None
    assert {name: found[name]["state"] for name in states} == {
        "new": "ONLY_HERE", "synced": "SYNCED", "waiting": "WAITING", "failed": "FAILED", "gone": "DELETED",
    }  # fmt: skip
    assert found["synced"] == {
        "state": "SYNCED", "remoteId": "00Tsynced", "url": "https://crm.example/00Tsynced", "error": None,
        "lastSyncedAt": found["synced"]["lastSyncedAt"],
        "conflicts": [conflict | {"at": found["synced"]["lastSyncedAt"]}],
    }  # fmt: skip
    assert datetime.fromisoformat(found["synced"]["lastSyncedAt"]) == AT
    assert (found["failed"]["remoteId"], found["failed"]["url"], found["failed"]["lastSyncedAt"]) == (None, None, None)
    error = found["waiting"]["error"]
    assert (error["message"], error["attempts"]) == ("Another change in the CRM is using the record.", 2)
    assert datetime.fromisoformat(error["retryAt"]) == AT
    error = found["failed"]["error"]
    assert (error["code"], error["message"], error["detail"]) == ("A_RULE", "Say why", "Say why")
    assert (error["category"], error["retryAt"]) == ("VALIDATION", None)
    assert error["whatToDo"]
