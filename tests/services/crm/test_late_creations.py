"""A creation that Salesforce carries out late, after it was repeated, changes nothing that was changed there since."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.models import CrmChange, CrmTask, Task
from plugins.crms.errors import CrmError
from tests.salesforce.faults import FaultKind
from tests.services.crm.test_with_salesforce import LIMITS, Both, both

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.parametrize("database_kind", ["sqlite"])]
CREATION = "collection_create"


async def create_late(found: Both) -> Task:
    """Create a task whose first request is neither answered nor carried out yet."""
    task = await found.world.task("Call Ada")
    found.rest.limits = replace(LIMITS, total_seconds=0.2)
    found.server.faults.add(FaultKind.LATE, on=CREATION)
    with pytest.raises(CrmError):
        await found.push()
    found.rest.limits = LIMITS
    return task


async def test_a_late_creation_overwrites_no_newer_value() -> None:
    async with both() as found:
        task = await create_late(found)
        found.world.later = timedelta(minutes=2)
        await found.push()
        (row,) = found.server.org.records("Task")
        found.server.org.update(row["Id"], {"Priority": "High", "ActivityDate": "2030-01-01"})
        found.server.carry_out_late()
        await found.settle()
        (row,) = found.server.org.records("Task")
        assert (row["Priority"], row["ActivityDate"]) == ("High", "2030-01-01")
        task = await Task.get(id=task.id)
        assert (task.priority, str(task.due_date)) == ("HIGH", "2030-01-01")
        assert not await CrmChange.exists()


async def test_a_creation_that_is_carried_out_while_it_is_repeated_is_found() -> None:
    async with both() as found:
        task = await create_late(found)
        found.world.later = timedelta(minutes=2)
        found.before(CREATION, found.server.carry_out_late)
        await found.push()
        (row,) = found.server.org.records("Task")
        assert (await CrmTask.get(id=task.id)).remote_id is None
        found.server.org.update(row["Id"], {"Priority": "High"})
        found.world.later = timedelta(minutes=5)
        await found.push()
        assert (await CrmTask.get(id=task.id)).remote_id == row["Id"]
        await found.settle()
        assert (await Task.get(id=task.id)).priority == "HIGH"
        assert not await CrmChange.exists()
