"""Rows are read by their ids also in a workspace that PostgreSQL has no statistics of, as after a large import.

It believes then that the workspace is empty. An index of the workspace looks as good as one of the ids, and would read
the whole workspace for each row, until autovacuum comes.
"""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from api.ids import new_id
from api.models import Campaign, CrmTask, Enrollment, Person, Send, Sender, Task
from api.services.workspaces.workspaces import create_workspace
from api.store.crm import failures
from api.store.crm import tasks as crm_tasks
from api.store.emails import attachments
from api.store.engine.listing.small_lists import own_ids
from api.store.engine.rows import by_ids, children, find
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.enrollments.enrollments import lock_open_enrollments
from api.store.events.event_feed import place_of
from api.store.launches import launches
from api.store.people import erasing
from benchmarks.populated import refresh_statistics
from tests.store.row_costs import recorded_costs

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
ROWS, PAGE = 1_500, 20


async def populated(name: str) -> tuple[str, dict[Any, list[str]]]:
    """Return a new workspace with many people, enrollments, emails and tasks, and their ids."""
    workspace_id = (await create_workspace(name, NOW)).id
    own: dict[str, Any] = {"workspace_id": workspace_id}
    sender = await Sender.create(
        id=new_id("sdr"), name="S", email=f"{name}@example.com", zone="UTC", channel="record", created_at=NOW, **own
    )
    campaign = await Campaign.create(id=new_id("cmp"), name="C", sender_id=sender.id, created_at=NOW, **own)
    rows: dict[Any, list[Any]] = {Person: [], Enrollment: [], Send: [], Task: [], CrmTask: []}
    for number in range(ROWS):
        address = f"p{number}@{name}.example"
        person = Person(id=new_id("per"), email=address, email_key=address, created_at=NOW, **own)
        about = {"person_id": person.id, "sender_id": sender.id, "created_at": NOW}
        enrollment = Enrollment(
            id=new_id("enr"), campaign_id=campaign.id, zone="UTC", launched_at=NOW, times={}, **about, **own
        )
        task = Task(
            id=new_id("tsk"), person_id=person.id, assignee_id=sender.id, type="CALL", name="Call", due_date=NOW.date(),
            **own,
        )  # fmt: skip
        link = CrmTask(id=task.id, org="crm:1", state="NEW", base={}, sent={}, conflicts=[], **own)
        send = Send(
            id=new_id("snd"), enrollment_id=enrollment.id, status="SCHEDULED", due_at=NOW, planned_at=NOW,
            planned_time="09:00", planned_date=NOW.date(), zone="UTC",
            **about, **own,
        )  # fmt: skip
        for row in (person, enrollment, send, task, link):
            rows[type(row)].append(row)
    for model, all_rows in rows.items():
        await model.bulk_create(all_rows)
    return workspace_id, {model: [row.id for row in all_rows] for model, all_rows in rows.items()}


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_rows_are_read_by_their_ids(database: str, caplog: pytest.LogCaptureFixture) -> None:
    await populated("known")
    await refresh_statistics()
    workspace_id, ids = await populated("new")
    page = {model: some[:PAGE] for model, some in ids.items()}
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        caplog.clear()
        for model in (Person, Enrollment, Send, Task):
            assert await find(model, workspace_id, ids[model][0])
            assert len(await by_ids(model, workspace_id, page[model])) == PAGE
            assert await own_ids(model, workspace_id, ids[model][0])
        assert len(await launches.people_with_ids(workspace_id, page[Person])) == PAGE
        assert len(await crm_tasks.links_with_changes(workspace_id, page[CrmTask])) == PAGE
        assert not await erasing.is_erased(workspace_id, ids[Person][0])
        for model, parent, of in ((Enrollment, "person_id", Person), (Send, "enrollment_id", Enrollment)):
            found = await children(model, workspace_id, parent, "id", page[of])
            assert [len(each) for each in found] == [1] * PAGE
        await attachments.find(workspace_id, ["att_1"])
        await failures.retry(workspace_id, "TASK:1", NOW)
        await place_of(workspace_id, "evt_1")
    costs = await recorded_costs(database, caplog)
    assert {statement: cost for statement, cost in costs.items() if cost > 4 * PAGE} == {}
    assert len(costs) > 15


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.usefixtures("database")
async def test_a_launch_looks_people_up_by_an_index_though_the_table_was_empty_before() -> None:
    await execute("VACUUM ANALYZE enrollment")
    async with transaction():
        for _ in range(10):  # PostgreSQL keeps a plan from the sixth time on
            await lock_open_enrollments("cmp_1", ["per_1"])
        _, ids = await populated("new")
        campaign = await Campaign.get()
        before = await scans()
        await lock_open_enrollments(campaign.id, ids[Person][:PAGE])
        assert await scans() == before


async def scans() -> int:
    """Return how often the present transaction has read the whole table of enrollments."""
    (row,) = await execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'enrollment'")
    return int(row["seq_scan"])
