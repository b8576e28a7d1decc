"""The migrations of people, activities, opt-outs and failures of a CRM on populated tables of both databases."""

from datetime import timedelta
from typing import Any

from api.models import CrmActivity, CrmChange, CrmConnection, CrmPerson, CrmSettings, CrmTaskSync, Enrollment, Send
from api.services.people.suppressions import suppress_address
from api.services.replies.replies import record_reply
from api.store.crm import failures
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import before
from tests.services.crm.connected import connect
from tests.services.world import NOW

KEPT = ("crm_connection", "crm_user", "crm_change", "crm_task_sync", "person", "sender")
NEW = {"restored_as_of", "opt_outs_since", "pulled_opt_outs_at", "all_opt_outs_at", "crm_source"}


async def kept() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of tables that were there before, without the columns that are added."""
    found = {}
    for table in KEPT:
        rows = await execute(f"SELECT * FROM {table} ORDER BY id")
        found[table] = [{name: value for name, value in dict(row).items() if name not in NEW} for row in rows]
    return found


async def test_rows_stay_and_new_ones_are_noted(database: str) -> None:
    connected = await connect(3)
    context = connected.world.context
    await connected.world.tick()
    ada, bob = await connected.email(), await connected.email("bob")
    assert len(await connected.waiting()) == 3
    times = {"began_at": NOW, "changes_since": NOW, "deletions_since": NOW}
    await CrmTaskSync.create(id=context.workspace_id, org=connected.org.key, is_on=True, **times)
    failed = {"state": "FAILED", "category": "VALIDATION", "code": "X", "detail": "d", "failed_at": NOW}
    await CrmChange.filter(object_id=ada.id).update(**failed)
    counts = {table: await table.all().count() for table in (Send, Enrollment)}
    earlier = await kept()
    names = await before("0062_crm_people")
    assert await migrate() == names
    assert await kept() == earlier
    assert {table: await table.all().count() for table in counts} == counts
    # What is new has its defaults.
    connection, state = await CrmConnection.get(), await CrmTaskSync.get()
    assert (connection.restored_as_of, (await CrmSettings.get()).log_related) == (None, True)
    assert (state.opt_outs_since, state.pulled_opt_outs_at, state.all_opt_outs_at) == (None, None, None)
    assert (await CrmPerson.exists(), await CrmActivity.exists()) == (False, False)
    # The triggers note events and opt-outs again, and only once each.
    await record_reply(context, str(bob.enrollment_id), text="Yes.")
    await suppress_address(context, "ada@example.com")
    kinds = sorted(each.split(":")[0] for each in await connected.waiting())
    assert kinds == ["ACTIVITY"] * 4 + ["OPT_OUT"]
    # Old failures are in the list, and can be tried again.
    change = await CrmChange.get(object_id=ada.id)
    assert await failures.retry(context.workspace_id, change.id, NOW + timedelta(days=1))
    connected.crm.add("C1", "ada@example.com")
    await connected.log()
    assert (await CrmActivity.get()).subject_id == ada.id
