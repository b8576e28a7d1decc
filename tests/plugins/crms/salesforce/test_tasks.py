"""Tasks in both directions: created once, changed, deleted, and found again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityKind, ActivityPush
from plugins.crms.salesforce.records.tasks import with_marker, without_marker
from plugins.crms.tasks import (
    RemotePriority,
    RemoteStatus,
    RemoteTaskKind,
    TaskField,
    TaskPush,
    TaskValues,
    WriteResult,
)
from tests.plugins.crms.salesforce.connecting import LIMITS, connected
from tests.salesforce.errors import ApiError
from tests.salesforce.faults import BROKEN, LIMIT_EXCEEDED, MAINTENANCE, UNAVAILABLE, FaultKind
from tests.salesforce.org import START
from tests.salesforce.server import SalesforceServer
from tests.salesforce.standard_objects import EXTERNAL_ID

VALUES = TaskValues(
    "Call Ada", RemoteStatus.OPEN, RemotePriority.HIGH, date(2026, 3, 2), "Ask about it", owner_id=None, person_id=None
)
ALL = frozenset(TaskField)


def push(marker: str, remote_id: str | None = None, fields: frozenset[TaskField] = ALL, **values: Any) -> TaskPush:
    return TaskPush(marker, remote_id, replace(VALUES, **values), fields)


def by_key(results: Sequence[WriteResult]) -> dict[str, WriteResult]:
    assert len({each.key for each in results}) == len(results)
    return {each.key: each for each in results}


async def test_tasks_are_written_and_read(server: SalesforceServer) -> None:
    org = server.org
    lead = org.create("Lead", {"LastName": "Byron", "Company": "Acme"})
    async with connected(server) as (session, _):
        assert (await session.describe()).marker_is_unique
        server.calls.clear()
        made = by_key(await session.push_tasks([push("tsk_1", person_id=lead[:15]), push("tsk_2", due=None)]))
        assert [made[key].created for key in ("tsk_1", "tsk_2")] == [True, True]
        first = str(made["tsk_1"].remote_id)
        row = org.find(first)
        assert row is not None
        assert (row["Subject"], row["Status"], row["Priority"]) == ("Call Ada", "Not Started", "High")
        assert (row["ActivityDate"], row["Description"], row["WhoId"]) == ("2026-03-02", "Ask about it", lead)
        assert (row["Touchline_Id__c"], row["OwnerId"], row["Type"]) == ("tsk_1", org.admin, None)
        # Only the named fields are written. A second creation is refused, and changes nothing.
        org.update(first, {"Priority": "Low", "Description": "Theirs"})
        done = push(
            "tsk_1", first, frozenset({TaskField.STATUS, TaskField.DUE}), status=RemoteStatus.COMPLETED, due=None
        )
        late = push("tsk_2", subject="late")
        again = by_key(await session.push_tasks([done, late, push("tsk_3", "00T5g00000zzzzz")]))
        assert again["tsk_1"].created is False
        codes = [each.error.code for key in ("tsk_2", "tsk_3") if (each := again[key]).error]
        assert codes == [CrmCode.DUPLICATE_VALUE, CrmCode.NOT_FOUND]
        assert {row["Subject"] for row in org.records("Task")} == {"Call Ada"}
        assert len(org.records("Task")) == 2
        (task, other) = (await session.changed_tasks(START, None)).tasks
        assert (task.marker, task.values.status, task.values.due) == ("tsk_1", RemoteStatus.COMPLETED, None)
        assert (task.values.priority, task.values.details) == (RemotePriority.OTHER, "Theirs")
        assert (task.values.person_id, task.kind, task.changed_at) == (lead, RemoteTaskKind.TASK, START)
        assert await session.find_tasks(markers={"tsk_2": push("tsk_2")}, since=START) == [other]
        assert (await session.push_tasks([push("tsk_1", first, frozenset())]))[0].remote_id == first
        removed = by_key(await session.delete_tasks([first, first[:15], "00T5g00000zzzzz", "nonsense"]))
        assert [bool(each.error) for each in removed.values()] == [False, False, False, True]
        (gone,) = await session.find_tasks(remote_ids=[first, lead], since=START)
        assert (gone.is_deleted, gone.remote_id) == (True, first)
        assert session.record_url(first) == f"{server.url}/{first}"
    assert server.calls["describe"] == 0


async def test_an_org_without_a_field_for_the_marker(plain_server: SalesforceServer) -> None:
    org = plain_server.org
    async with connected(plain_server) as (session, _):
        found = await session.describe()
        assert (found.marker_is_unique, found.has_marker_field, found.email_objects) == (False, False, False)
        assert "Touchline_Id__c" in found.problems[0]
        made = by_key(await session.push_tasks([push("tsk_1"), push("tsk_2", details="")]))
        row = org.find(str(made["tsk_1"].remote_id))
        assert row
        assert row["Description"] == "Ask about it\n\nTouchline id: tsk_1"
        org.create("Task", {"Subject": "Another"}, user=org.add_user("b@acme.example"))
        tasks = await session.find_tasks(markers={"tsk_1": push("tsk_1"), "tsk_9": push("tsk_9")}, since=START)
        assert [(task.marker, task.values.details) for task in tasks] == [("tsk_1", "Ask about it")]
        changed = push("tsk_1", made["tsk_1"].remote_id, frozenset({TaskField.DETAILS}), details="New\n\nTwo")
        await session.push_tasks([changed])
        (task,) = await session.find_tasks(remote_ids=[str(made["tsk_1"].remote_id)], since=START)
        assert (task.marker, task.values.details) == ("tsk_1", "New\n\nTwo")
    assert without_marker(with_marker("x" * 40_000, "tsk_1", 32_000)) == ("x" * (32_000 - 21), "tsk_1")


async def test_a_field_for_the_marker_that_the_user_cannot_write(server: SalesforceServer) -> None:
    server.org.objects["Task"].add(replace(EXTERNAL_ID, createable=False, updateable=False))
    async with connected(server) as (session, _):
        found = await session.describe()
        assert (found.marker_is_unique, found.has_marker_field) == (False, False)
        (made,) = await session.push_tasks([push("tsk_1")])
        assert made.error is None
        (task,) = await session.find_tasks(markers={"tsk_1": push("tsk_1")}, since=START)
        assert (task.remote_id, task.marker) == (made.remote_id, "tsk_1")
        call = ActivityPush("log-1", None, ActivityKind.CALL, "Call", "Notes", START, None, None)
        (logged,) = await session.log_activities([call])
        assert logged.error is None
        assert await session.find_activities({"log-1": call}, START) == {"log-1": logged.remote_id}


async def test_changes_are_paged_and_survive_a_forgotten_cursor(server: SalesforceServer) -> None:
    org = server.org
    for number in range(450):
        org.clock.at = START + timedelta(seconds=number)
        org.create("Task", {"Subject": str(number)})
    async with connected(server) as (session, _):
        first = await session.changed_tasks(START + timedelta(seconds=10), None)
        assert (len(first.tasks), first.tasks[0].values.subject, first.server_time) == (200, "10", org.clock.at)
        second = await session.changed_tasks(START, first.cursor)
        server.queries.cursors.clear()
        third = await session.changed_tasks(START, second.cursor)
        subjects = [task.values.subject for page in (first, second, third) for task in page.tasks]
        assert sorted(set(subjects), key=int) == [str(number) for number in range(10, 450)]
        assert third.cursor is None
        assert len((await session.changed_tasks(START, "nonsense")).tasks) == 200


@pytest.mark.parametrize("hours", [-3, 3])
async def test_changes_are_found_if_the_clocks_of_answers_and_records_differ(
    server: SalesforceServer, hours: int
) -> None:
    org, overlap = server.org, timedelta(minutes=5)
    server.date_skew = timedelta(hours=hours)
    since = START - timedelta(days=1)
    async with connected(server) as (session, _):
        for number in range(3):
            org.clock.at += timedelta(minutes=1)
            task = org.create("Task", {"Subject": str(number)})
            page = await session.changed_tasks(since - overlap, None)
            assert page.tasks[-1].remote_id == task
            since = max(since, page.server_time)
        org.clock.at += timedelta(hours=1)
        assert len((await session.changed_tasks(since - overlap, None)).tasks) <= 3


async def test_deleted_tasks(server: SalesforceServer) -> None:
    org = server.org
    task = org.create("Task", {"Subject": "x"})
    org.clock.at += timedelta(minutes=5, seconds=30)
    org.delete(task)
    async with connected(server) as (session, _):
        found = await session.deleted_tasks(START, org.clock.at)
        assert (found.tasks, found.covered_until) == ([], START + timedelta(minutes=5))
        org.clock.at += timedelta(minutes=1)
        org.transactions_since = START + timedelta(minutes=2)
        assert (await session.deleted_tasks(START, org.clock.at)).covered_until == START + timedelta(minutes=2)
        org.transactions_since = None
        found = await session.deleted_tasks(found.covered_until, org.clock.at)
        assert [each.remote_id for each in found.tasks] == [task]
        assert (await session.deleted_tasks(org.clock.at, org.clock.at)).covered_until == START + timedelta(minutes=6)
        with pytest.raises(CrmError, match="DELETIONS_EXPIRED"):
            await session.deleted_tasks(START - timedelta(days=16), org.clock.at)


async def test_records_fail_by_themselves(server: SalesforceServer) -> None:
    def rule(name: str, record: dict[str, Any], old: dict[str, Any] | None) -> None:
        if name == "Task" and record["Subject"] == "no":
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Subject must not be no", ("Subject",))

    org = server.org
    org.rules.append(rule)
    inactive = org.add_user("c@acme.example", active=False)
    lead = org.create("Lead", {"LastName": "Byron", "Company": "Acme"})
    org.convert(lead)
    async with connected(server) as (session, _):
        pushes = [
            push("a"),
            push("b", subject="no"),
            push("c", owner_id=inactive),
            push("d", person_id=lead),
            push("e", person_id="00Q5g00000zzzzz"),
            push("f", owner_id="nobody"),
        ]
        found = by_key(await session.push_tasks(pushes))
        codes = {key: (each.error.code, each.error.in_doubt) for key, each in found.items() if each.error}
        assert codes == {
            "b": (CrmCode.FIELD_CUSTOM_VALIDATION_EXCEPTION, False),
            "c": (CrmCode.FIELD_INTEGRITY_EXCEPTION, False),
            "d": (CrmCode.CANNOT_UPDATE_CONVERTED_LEAD, False),
            "e": (CrmCode.INVALID_CROSS_REFERENCE_KEY, False),
            "f": (CrmCode.INVALID_CROSS_REFERENCE_KEY, False),
        }
        assert found["c"].error
        assert found["c"].error.name == "INACTIVE_OWNER_OR_USER"
        server.faults.add(FaultKind.FAIL_ROWS, rows=(0,))
        server.faults.add(FaultKind.FAIL_ROWS, rows=(0,), error=MAINTENANCE)
        for code in (CrmCode.UNABLE_TO_LOCK_ROW, CrmCode.of(MAINTENANCE.code)):
            (result,) = await session.push_tasks([push("a")])
            assert result.error
            assert (result.error.code, result.error.code.is_retried) == (code, True)


@pytest.mark.parametrize(
    ("fault", "code", "in_doubt", "written"),
    [
        (FaultKind.DROP_BEFORE, CrmCode.ANSWER_LOST, True, 0),
        (FaultKind.DROP_AFTER, CrmCode.ANSWER_LOST, True, 1),
        (FaultKind.TRUNCATE, CrmCode.ANSWER_LOST, True, 1),
        (FaultKind.GARBAGE, CrmCode.ANSWER_INVALID, True, 1),
        (FaultKind.HUGE, CrmCode.ANSWER_INVALID, True, 1),
        (UNAVAILABLE, CrmCode.SERVER_UNAVAILABLE, False, 0),
        (BROKEN, CrmCode.UNKNOWN_EXCEPTION, True, 0),
        (LIMIT_EXCEEDED, CrmCode.REQUEST_LIMIT_EXCEEDED, False, 0),
    ],
)
async def test_a_request_that_fails(
    server: SalesforceServer, fault: Any, code: CrmCode, in_doubt: bool, written: int
) -> None:
    async with connected(server) as (session, _):
        known = server.org.create("Task", {"Subject": "old"})
        await session.push_tasks([push("b", known)])
        server.faults.add(fault, on="collection_create")
        # The update in another request of the same call has its own result.
        found = by_key(await session.push_tasks([push("a"), push("b", known)]))
        assert found["b"].remote_id == known
        error = found["a"].error
        assert error
        assert (error.code, error.in_doubt, len(server.org.records("Task"))) == (code, in_doubt, written + 1)
        # Repeated, there is one task.
        (result,) = await session.push_tasks([push("a")])
        assert (result.created, result.error and result.error.code) == (
            (False, CrmCode.DUPLICATE_VALUE) if written else (True, None)
        )
        assert len(server.org.records("Task")) == 2
        server.faults.add(fault, on="collection_create")
        with pytest.raises(CrmError) as caught:
            await session.push_tasks([push("a")])
        assert (caught.value.code, caught.value.in_doubt) == (code, in_doubt)
        server.faults.add(fault, on="query")
        with pytest.raises(CrmError) as caught:
            await session.changed_tasks(START, None)
        assert (caught.value.code, caught.value.in_doubt) == (code, False)


@pytest.mark.parametrize(
    ("fault", "written"), [(FaultKind.HANG_BEFORE, 0), (FaultKind.HANG_AFTER, 1), (FaultKind.SLOW, 1)]
)
async def test_an_answer_that_does_not_come(server: SalesforceServer, fault: FaultKind, written: int) -> None:
    async with connected(server) as (session, _):
        await session.describe()
        server.faults.add(fault, on="collection_create")
        session.rest.limits = replace(LIMITS, total_seconds=0.6)
        with pytest.raises(CrmError) as caught:
            await session.push_tasks([push("a")])
        assert (caught.value.code, caught.value.in_doubt) == (CrmCode.ANSWER_LOST, True)
        assert len(server.org.records("Task")) == written
        session.rest.limits = LIMITS
        (result,) = await session.push_tasks([push("a")])
        assert result.created is not bool(written)
        assert len(server.org.records("Task")) == 1
