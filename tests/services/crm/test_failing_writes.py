"""A package that fails in the middle of a write may have sent it. Nothing is created twice, and the others go on."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import CrmChange, CrmConnection
from api.services.crm.connections.guarded_session import GuardedSession
from api.services.crm.connections.settings import update_settings
from api.services.crm.failures.failures import retry_write
from plugins import CrmCode, CrmError
from plugins.crms.tasks import TaskPush
from tests.databases import on_sqlite
from tests.services.crm.connected import LATER, connect
from tests.services.crm.memory_org import MemorySession
from tests.services.crm.stub_crm import StubCrm, Unused
from tests.services.crm.sync_server import Server, start

pytestmark = pytest.mark.usefixtures("database")
each_kind_of_marker = pytest.mark.parametrize("unique", [True, False])


async def syncing(*, unique: bool) -> Server:
    server = await start()
    server.crm.org.marker_is_unique = unique
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()
    return server


@each_kind_of_marker
@pytest.mark.parametrize("count", [1, 8])
async def test_tasks_that_were_created_before_the_package_failed_are_found(unique: bool, count: int) -> None:
    server = await syncing(unique=unique)
    org = server.crm.org
    tasks = [await server.task(str(number)) for number in range(count)]
    org.late_faults.append(KeyError("id"))  # type: ignore[arg-type]
    await server.run(seconds=11)
    assert {row.code for row in await CrmChange.all()} == {"PLUGIN_FAILED"}
    for _ in range(5):
        await server.run(minutes=5)
    assert [len(org.by_marker(task.id)) for task in tasks] == [1] * count
    assert not await CrmChange.exists()
    assert (await CrmConnection.get()).failures == 0


@pytest.mark.parametrize(
    ("unique", "minutes", "error"),
    [
        (True, 11, KeyError("id")),
        (False, 11, KeyError("id")),
        (False, 24 * 60, KeyError("id")),
        (True, 11, CrmError(CrmCode.PLUGIN_FAILED, name="BAD_ANSWER")),
    ],
)
async def test_a_task_that_always_makes_the_package_fail_is_found_and_waits_for_a_user(
    unique: bool, minutes: int, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StubCrm, "doubt_seconds", minutes * 60)
    server = await syncing(unique=unique)
    org = server.crm.org
    tasks = [await server.task(str(number)) for number in range(30)]
    bad, push = tasks[17].id, MemorySession._push

    def fail(session: MemorySession, each: TaskPush) -> Any:
        if each.marker == bad:
            raise error
        return push(session, each)

    monkeypatch.setattr(MemorySession, "_push", fail)
    calls = [call for _ in range(30) for call in await server.run(minutes=minutes / 3)]
    assert [len(org.by_marker(task.id)) for task in tasks] == [task.id != bad for task in tasks]
    assert [(row.object_id, row.state, row.code) for row in await CrmChange.all()] == [(bad, "FAILED", "PLUGIN_FAILED")]
    assert calls.count("push_tasks") < 20
    monkeypatch.undo()
    await retry_write(server.context, f"TASK:{bad}")
    for _ in range(5):
        await server.run(minutes=3)
    assert (len(org.by_marker(bad)), await CrmChange.exists()) == (1, False)


async def test_activities_that_were_logged_before_the_package_failed_are_found() -> None:
    connected = await connect()
    for name in ("ada", "bob"):
        connected.crm.add(name, f"{name}@example.com")
    await connected.world.tick()
    assert len(await connected.waiting()) == 2
    connected.crm.breaks["log_activities"] = CrmError(CrmCode.PLUGIN_FAILED, in_doubt=True)
    await connected.log()
    assert {row.code for row in await CrmChange.all()} == {"PLUGIN_FAILED"}
    for days in (1, 2):  # the second time writes the custom fields of those that were found
        await connected.log(LATER + timedelta(days=days))
    assert len({each.marker for each in connected.crm.activities.values()}) == len(connected.crm.activities) == 2
    assert await connected.waiting() == {}


@on_sqlite
async def test_only_a_failure_of_the_package_itself_becomes_doubtful() -> None:
    def fail(error: Exception) -> Any:
        async def method(*_: object) -> None:
            raise error

        return method

    for given, in_doubt in ((KeyError("id"), True), (CrmError(CrmCode.INVALID_FIELD), False)):
        methods = {"push_tasks": fail(given), "log_activities": fail(given), "create_people": fail(given)}
        session = GuardedSession(StubCrm(), type("Wrong", (Unused,), methods)())
        for write in (session.push_tasks, session.log_activities, session.create_people):
            with pytest.raises(CrmError) as raised:
                await write([])
            assert raised.value.in_doubt is in_doubt
