"""The counts of reports: after any changes, on both databases, they are what a count over the rows finds."""

import random
from datetime import date, timedelta

import pytest
from tortoise.expressions import F

from api.models import Enrollment, Send, Task
from api.states import BounceKind, EnrollmentStatus, SendStatus, TaskStatus
from api.store.engine.database import migrate
from api.store.engine.sql import execute, in_list
from api.store.engine.transactions import transaction
from api.store.reports.counting import differences, rebuild
from api.store.reports.folding import fold
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before
from tests.services.world import NOW

SIZE = Size(500)
DAYS = [date(2026, 3, 2) + timedelta(days=each) for each in range(3)]


@pytest.fixture
async def workspaces(database: str) -> list[str]:
    """Two workspaces with emails, tasks and people."""
    return [(await populate(SIZE, mark)).id for mark in "ab"]


async def change(chance: random.Random, ids: list[str], tasks: list[str], enrollments: list[str]) -> None:
    """Change some rows in one way that Touchline changes them."""
    emails = Send.filter(id__in=chance.sample(ids, chance.choice([1, 2, 50])))
    some_tasks = Task.filter(id__in=chance.sample(tasks, 3))
    people = Enrollment.filter(id__in=chance.sample(enrollments, chance.choice([1, 20])))
    kind = chance.randrange(12)
    if kind == 0:
        await emails.delete()
    elif kind == 1:
        await emails.update(archived=True, detail="Nothing that a report counts.")
    elif kind == 2:
        status = chance.choice(list(SendStatus))
        await emails.update(status=status, reason=chance.choice([None, "CAMPAIGN_ENDED", "UNSUBSCRIBED"]))
    elif kind == 3:
        template = chance.choice([None, "", F("workspace_id")])  # any id, of one workspace
        await emails.update(attempted_on=chance.choice([None, *DAYS]), template_id=template)
    elif kind == 4:
        await emails.update(planned_date=chance.choice(DAYS), message_id=chance.choice([None, "<m@example.com>"]))
    elif kind == 5:
        await emails.update(status=SendStatus.BOUNCED, bounce=chance.choice([None, *BounceKind]), bounced_at=NOW)
    elif kind == 6:
        await emails.update(replied_at=chance.choice([None, NOW]), replies=chance.randrange(3))
    elif kind == 7:
        name = chance.choice(["succeeded_at", "unsubscribed_at", "complained_at"])
        await emails.update(**{name: chance.choice([None, NOW])})
    elif kind == 8:
        keys = [str(each) for each in await emails.values_list("id", flat=True)]
        await execute(
            "INSERT INTO engagement (id, workspace_id, person_id, campaign_id, step_id, sender_id, template_id, day)"
            " SELECT id, workspace_id, person_id, NULL, step_id, sender_id, workspace_id, planned_date FROM send"
            f" WHERE {in_list('id', 1)} ON CONFLICT DO NOTHING",
            keys,
        )
        await execute(
            f"UPDATE engagement SET opens = opens + 1, clicks = $2, machine_clicks = $3 WHERE {in_list('id', 1)}",
            keys,
            chance.randrange(3),
            chance.randrange(3),
        )
        if chance.random() < 0.2:
            await execute(f"DELETE FROM engagement WHERE {in_list('id', 1)}", keys)
    elif kind == 9:
        await some_tasks.update(status=chance.choice(list(TaskStatus)), done_on=chance.choice([None, *DAYS]))
    elif kind == 10:
        await some_tasks.delete()
    else:
        await people.update(status=chance.choice(list(EnrollmentStatus)), end_reason=chance.choice([None, "REPLIED"]))


async def test_every_change_is_counted(workspaces: list[str]) -> None:
    chance = random.Random(23)
    ids = [str(each) for each in await Send.all().values_list("id", flat=True)]
    tasks = [str(each) for each in await Task.all().values_list("id", flat=True)]
    enrollments = [str(each) for each in await Enrollment.all().values_list("id", flat=True)]
    for number in range(120):
        try:
            async with transaction():
                await change(chance, ids, tasks, enrollments)
                if chance.random() < 0.2:
                    raise InterruptedError
        except InterruptedError:
            pass
        if chance.random() < 0.2:
            await fold()
        if number % 20 == 0:
            assert await differences(3) == []
    assert await differences(3) == []
    await fold()
    assert await fold() == 0
    assert await differences(3) == []


async def test_wrong_counts_are_found_and_made_again(workspaces: list[str]) -> None:
    await fold()
    await execute(
        "UPDATE report_cell SET delivered = delivered + 7 WHERE delivered > 0 AND workspace_id = $1", workspaces[0]
    )
    await execute("UPDATE report_reason SET number = number - 1 WHERE scope = 'SENDER'")
    found = await differences(1_000)
    assert any("measure=delivered" in each.key and each.counted == each.rows + 7 for each in found)
    assert any("scope=SENDER" in each.key and each.counted == each.rows - 1 for each in found)
    await Send.filter(workspace_id=workspaces[0]).limit(5).delete()
    await rebuild()
    assert await differences(3) == []
    (row,) = await execute("SELECT sum(delivered) AS number FROM report_cell WHERE workspace_id = $1", workspaces[0])
    assert row["number"] == await Send.filter(workspace_id=workspaces[0], status=SendStatus.SENT).count()


async def test_a_populated_database_is_counted_when_it_is_upgraded(workspaces: list[str]) -> None:
    names = await before("0041_reports")
    assert list(await migrate()) == names
    assert await differences(3) == []
    template = f"tpl_a{1:025d}"
    await Send.filter(workspace_id=workspaces[0], status=SendStatus.SENT).update(message_id="<m@example.com>")
    assert await differences(3) == []
    await fold()
    (row,) = await execute(
        "SELECT delivered FROM report_count WHERE scope = 'TEMPLATE' AND subject_id = $1 AND day = '0001-01-01'",
        template,
    )
    assert row["delivered"] == await Send.filter(workspace_id=workspaces[0], status=SendStatus.SENT).count()
