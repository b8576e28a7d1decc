"""The job of a connected workspace: it begins with the connection, syncs in rounds, and waits while the CRM fails."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from api.crm_states import CrmState, CrmWaitingChanges
from api.models import CrmChange, CrmConnection, CrmTask, CrmTaskSync, Event, Job, Suppression, Task
from api.services.crm.connections.disconnecting import disconnect
from api.services.crm.connections.pausing import pause, retry
from api.services.crm.connections.settings import update_settings
from api.services.crm.connections.users import set_user
from api.services.people.suppressions import suppress_address
from api.services.tasks.tasks import complete_task
from api.services.workspaces.senders import create_sender
from api.states import JobState
from plugins import CrmCode, CrmError
from plugins.crms.people_and_activities import OptOut, PersonKind
from plugins.crms.tasks import RemoteStatus
from tests.services.crm.memory_org import task_values
from tests.services.crm.stub_crm import connected
from tests.services.crm.sync_server import start
from tests.services.crm.synced_world import real_now

pytestmark = pytest.mark.usefixtures("database")


async def test_the_job_syncs_in_rounds_as_long_as_the_workspace_is_connected() -> None:
    server = await start()
    await server.task("before")
    assert (await Job.get()).kind == "crm_sync"
    assert (await CrmTaskSync.get()).is_on is False
    await server.run()
    assert server.crm.org.tasks == {}

    await update_settings(server.context, "stub", {"sync_tasks": True})
    task = await server.task("after")
    recent = server.crm.org.add(task_values(person_id="003ADA", subject="Theirs"))
    calls = await server.run(seconds=11)
    assert calls == ["changed_tasks", "find_people", "deleted_tasks", "push_tasks"]
    pushed = server.crm.org.by_marker(task.id)[0].values
    assert (pushed.subject, pushed.owner_id, pushed.person_id) == ("Call: after", "005G", "003ADA")
    assert sorted([row.name for row in await Task.all()]) == ["Theirs", "after", "before"]
    assert await server.run(seconds=11) == []  # nothing is due
    assert (await CrmConnection.get()).synced_at is not None

    await complete_task(server.context, task.id)
    server.crm.org.edit(recent, due=date(2026, 5, 6))
    assert await server.run(seconds=11) == ["find_tasks", "push_tasks"]
    assert server.crm.org.by_marker(task.id)[0].values.status is RemoteStatus.COMPLETED
    assert await server.run(minutes=2) == ["changed_tasks"]
    assert (await Task.get(name="Theirs")).due_date == date(2026, 5, 6)
    assert await server.run(minutes=11) == ["changed_tasks", "deleted_tasks"]

    await disconnect(server.context, CrmWaitingChanges.KEEP)
    assert (await CrmTaskSync.get()).is_on is False
    await server.run(seconds=11)
    assert (await Job.get()).state is JobState.DONE
    server.crm.org.delete(recent)
    await connected(server.context)
    assert await Job.filter(finished_at=None).count() == 1
    await server.run(minutes=1)
    assert not await Task.filter(name="Theirs").exists()  # what was deleted meanwhile is deleted here


async def test_a_failing_crm_waits_and_a_revoked_access_stops_until_it_is_connected_again() -> None:
    server = await start()
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()
    task = await server.task("a")
    server.crm.org.late_faults.append(CrmError(CrmCode.ANSWER_LOST, in_doubt=True))
    await server.run(seconds=11)
    row = await CrmConnection.get()
    assert (row.state, row.code, (await CrmTask.get()).state) == (CrmState.FAILING, "ANSWER_LOST", "SENDING")
    assert await server.run(seconds=11) == []  # it waits longer after each failure
    assert await server.run(minutes=1) == ["find_tasks"]
    assert ((await CrmConnection.get()).state, (await CrmTask.get()).state) == (CrmState.CONNECTED, "SYNCED")
    assert len(server.crm.org.by_marker(task.id)) == 1

    await server.task("b")
    server.crm.org.faults.append(CrmError(CrmCode.EXPIRED_ACCESS))
    await server.run(seconds=11)
    assert ((await CrmConnection.get()).state, await server.run(hours=9)) == (CrmState.RECONNECT, [])
    assert await CrmChange.all().count() == 1
    server.restart()
    await connected(server.context)
    await server.run(seconds=11)
    assert (len(server.crm.org.tasks), await CrmChange.exists()) == (2, False)

    await pause(server.context)
    await server.task("c")
    assert await server.run(hours=1) == []
    await retry(server.context)
    await server.run(seconds=11)
    assert len(server.crm.org.tasks) == 3

    # A failure that a wrong clock has stored delays nothing longer than a failure of now.
    await server.task("e")
    await CrmConnection.all().update(state=CrmState.FAILING, retry_at=server.now() + timedelta(days=365))
    assert "push_tasks" in await server.run(seconds=11)
    assert (len(server.crm.org.tasks), (await CrmConnection.get()).state) == (4, CrmState.CONNECTED)

    # A step that the CRM rejects does not keep the others from running.
    await server.task("d")
    server.crm.org.faults.append(CrmError(CrmCode.INVALID_FIELD, "No such column"))
    calls = await server.run(minutes=3)
    assert calls[0] == "changed_tasks"
    assert "push_tasks" in calls
    assert ((await CrmConnection.get()).code, len(server.crm.org.tasks)) == ("INVALID_FIELD", 5)


async def test_one_sender_may_sync_while_the_others_do_not() -> None:
    server = await start()
    other = await create_sender(server.context, name="H", email="h@example.com", zone="UTC", channel="outbox")
    await set_user(server.context, other.id, {"sync_tasks": True, "user_id": "005H"})
    assert (await CrmTaskSync.get()).is_on is True
    own = await server.task("not synced")
    synced = await server.task("synced")
    await Task.filter(id=synced.id).update(assignee_id=other.id)
    await server.run()
    assert [task.marker for task in server.crm.org.tasks.values()] == [synced.id]
    assert (await CrmTask.get(id=own.id)).state == "NEW"

    # While it is off for a sender, nothing of theirs goes either way. Then all of it does.
    await set_user(server.context, other.id, {"sync_tasks": False})
    await update_settings(server.context, "stub", {"sync_tasks": True})
    (remote,) = server.crm.org.by_marker(synced.id)
    server.crm.org.edit(remote.remote_id, details="Theirs")
    await server.run(minutes=3)
    assert (await Task.get(id=synced.id)).details == ""
    await set_user(server.context, other.id, {"sync_tasks": None})
    await server.run(minutes=1)
    assert (await Task.get(id=synced.id)).details == "Theirs"
    assert not server.crm.org.by_marker(own.id)  # it is older than the sync of its assignee


async def test_nothing_goes_either_way_while_the_sync_is_off_and_all_of_it_afterwards() -> None:
    server = await start()
    await update_settings(server.context, "stub", {"sync_tasks": True})
    here, there = await server.task("here"), await server.task("there")
    await server.run()
    await update_settings(server.context, "stub", {"sync_tasks": False})
    await complete_task(server.context, here.id)
    await server.task("while it is off")
    server.crm.org.edit(server.crm.org.by_marker(there.id)[0].remote_id, status=RemoteStatus.COMPLETED)
    assert await server.run(minutes=3) == []
    assert (await CrmChange.exists(), (await Task.get(id=there.id)).done_at) == (False, None)
    assert server.crm.org.by_marker(here.id)[0].values.status is RemoteStatus.OPEN

    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run(seconds=11)
    assert server.crm.org.by_marker(here.id)[0].values.status is RemoteStatus.COMPLETED
    assert (await Task.get(id=there.id)).status == "COMPLETED"
    assert len(server.crm.org.tasks) == 2
    calls = await server.run(seconds=11)
    assert (calls, await CrmChange.exists()) == ([], False)


async def test_the_live_feed_says_when_the_connection_is_lost_and_when_it_works_again() -> None:
    server = await start()
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()

    async def feed() -> list[str]:
        kinds = ["CRM_CONNECTION_LOST", "CRM_CONNECTION_RESTORED"]
        return [str(row.kind) for row in await Event.filter(kind__in=kinds).order_by("id")]

    for again in (retry, connected):
        await Event.all().delete()
        server.crm.org.faults.append(CrmError(CrmCode.EXPIRED_ACCESS))
        await server.run(minutes=11)
        assert ((await CrmConnection.get()).state, await feed()) == (CrmState.RECONNECT, ["CRM_CONNECTION_LOST"])
        server.crm.org.faults.append(CrmError(CrmCode.EXPIRED_ACCESS))
        await retry(server.context)
        await server.run(seconds=11)
        assert await feed() == ["CRM_CONNECTION_LOST"], "it is told once"
        await again(server.context)
        await server.run(seconds=11)
        assert (await CrmConnection.get()).state is CrmState.CONNECTED
        assert await feed() == ["CRM_CONNECTION_LOST", "CRM_CONNECTION_RESTORED"]


async def test_who_opted_out_is_read_before_all_else_and_all_of_them_when_the_field_changes() -> None:
    server = await start()
    org, workspace_id = server.crm.org, server.context.workspace_id
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()
    assert org.looks_for_opt_outs == [None]
    org.opt_outs = [OptOut("003ZOE", True, real_now(), "zoe@example.com", PersonKind.CONTACT)]
    org.faults += [CrmError(CrmCode.SERVER_UNAVAILABLE)] * 20  # nothing about tasks works
    await server.task("waits")
    await server.run(minutes=16)
    assert len(org.faults) < 20
    org.faults.clear()
    assert await Suppression.filter(email_key="zoe@example.com").exists()
    org.looks_for_opt_outs.clear()
    await server.run(minutes=16)
    assert len(org.looks_for_opt_outs) == 1
    assert org.looks_for_opt_outs[0] is not None
    for change in ({"opt_out_field": "No_Emails__c"}, {"sync_opt_outs": False}, {"sync_opt_outs": True}):
        org.looks_for_opt_outs.clear()
        await update_settings(server.context, "stub", change)
        await server.run(seconds=30)
        assert (None in org.looks_for_opt_outs) == (change != {"sync_opt_outs": False})
    org.looks_for_opt_outs.clear()
    await server.run(hours=25)
    assert None in org.looks_for_opt_outs  # who became visible meanwhile
    # Who unsubscribes while the workspace is not connected is written afterwards.
    await disconnect(server.context, CrmWaitingChanges.KEEP)
    await suppress_address(server.context, "yan@example.com")
    assert not await CrmChange.filter(kind="OPT_OUT").exists()
    await connected(server.context)
    yan = await Suppression.get(email_key="yan@example.com", workspace_id=workspace_id)
    assert await CrmChange.filter(kind="OPT_OUT").values_list("object_id", flat=True) == [yan.id]


async def test_a_task_that_is_restored_in_the_crm_comes_back_as_one_task_by_hand() -> None:
    server = await start()
    org = server.crm.org
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()
    here = await server.task("here")
    await server.run(seconds=11)
    (remote,) = org.by_marker(here.id)
    for _ in range(2):
        org.delete(remote.remote_id)
        await server.run(minutes=11)
        assert not await Task.exists()
        org.tasks[remote.remote_id] = replace(remote, changed_at=org.clock)
        del org.deleted_at[remote.remote_id]
        for _ in range(2):
            await server.run(minutes=3)
            task = await Task.get()
            assert (task.name, str(task.status), len(org.tasks)) == ("Call: here", "OPEN", 1)
    link = await CrmTask.get(id=task.id)
    assert (link.remote_id, str(link.state)) == (remote.remote_id, "SYNCED")
    org.edit(remote.remote_id, status=RemoteStatus.COMPLETED)
    await server.run(minutes=3)
    assert str((await Task.get()).status) == "COMPLETED"
    assert await CrmTask.filter(remote_id=remote.remote_id).count() == 1
