"""Senders with their own login to the CRM: their records are written with it, and only theirs wait when it is lost."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from api.codes.events.event_kinds import EventKind
from api.crm_states import CrmState, CrmWaitingChanges
from api.models import CrmChange, CrmConnection, Event, Sender, Task
from api.services.common.encryption import Encryption
from api.services.crm.connections.connecting import AcceptedAccess, store_access
from api.services.crm.connections.disconnecting import disconnect
from api.services.crm.connections.own_logins import OwnLogins
from api.services.crm.connections.pausing import pause, retry
from api.services.crm.connections.settings import update_settings
from api.services.crm.connections.users import set_user
from api.services.tasks.manual_tasks import create_task
from api.services.workspaces.senders import create_sender
from plugins import CrmAccess, CrmCode, CrmError, CrmHost, CrmSession
from plugins.crms.access import CrmCapabilities
from plugins.crms.people_and_activities import ActivityKind, ActivityPush
from plugins.crms.tasks import TaskField, TaskPush, WriteResult
from strategies import StepType
from tests.services.crm.memory_org import MemorySession, task_values
from tests.services.crm.stub_crm import IDENTITY, KEY
from tests.services.crm.sync_server import Server, Session, SyncedCrm, start
from tests.services.crm.synced_world import real_now

ONE = pytest.mark.parametrize("database_kind", ["sqlite"])
pytestmark = [pytest.mark.usefixtures("database"), ONE]
UNIQUE = CrmCapabilities(marker_is_unique=True)


@dataclass
class OwnCrm(SyncedCrm):
    """Notes with which login each record is written. ``fault`` is the answer to the sender's login."""

    writes: list[tuple[str, list[str]]] = field(default_factory=list)
    fault: CrmError | None = None
    own: CrmCapabilities = UNIQUE

    @asynccontextmanager
    async def open(self, access: CrmAccess, host: CrmHost) -> AsyncIterator[CrmSession]:
        yield LoginSession(self, access.way, host)


class LoginSession(Session):
    """A session of the workspace's token or of the sender's login."""

    def __init__(self, crm: OwnCrm, way: str, host: CrmHost) -> None:
        super().__init__(crm.org, host)
        self.crm, self.way = crm, way

    async def describe(self) -> CrmCapabilities:
        return self.crm.own if self.way == "login" else UNIQUE

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        self._note([push.marker for push in pushes])
        return await super().push_tasks(pushes)

    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        self._note([push.marker for push in activities])
        return [WriteResult(push.marker, f"00T{push.marker}") for push in activities]

    def _note(self, markers: list[str]) -> None:
        self.crm.writes.append((self.way, sorted(markers)))
        if self.way == "login" and self.crm.fault is not None:
            raise self.crm.fault


async def begin(crm: OwnCrm) -> tuple[Server, Sender]:
    """Return a workspace with two senders, of whom the second has an own login."""
    server = await start(crm)
    other = await create_sender(server.context, name="H", email="h@example.com", zone="UTC", channel="outbox")
    await set_user(server.context, other.id, {"user_id": "005H"})
    await log_in(server, other)
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()
    return server, other


async def log_in(server: Server, sender: Sender) -> CrmConnection:
    """Let a sender log in."""
    identity = replace(IDENTITY, user_id="005H", user_name="Hedy")
    accepted = AcceptedAccess(CrmAccess("login", {"app": "x"}, {"refresh_token": "r"}), identity, None)
    return await store_access(server.context, server.crm, Encryption([KEY]), accepted, sender.id)


async def task_of(server: Server, sender: Sender, name: str) -> Task:
    return await create_task(
        server.context, person_id=server.person.id, assignee_id=sender.id, kind=StepType.CALL, name=name,
        due_date=server.context.now.date(),
    )  # fmt: skip


async def events() -> list[tuple[str, Any]]:
    """Return the events of connections, the oldest first."""
    kinds = [EventKind.CRM_CONNECTION_LOST, EventKind.CRM_CONNECTION_RESTORED]
    return [(str(row.kind), row.data) for row in await Event.filter(kind__in=kinds).order_by("id")]


async def test_records_are_written_with_the_login_of_their_owner() -> None:
    crm = OwnCrm()
    server, other = await begin(crm)
    shared = await server.task("shared")
    own = await task_of(server, other, "own")
    await server.run(seconds=11)
    assert crm.writes == [("token", [shared.id]), ("login", [own.id])]
    assert {task.values.owner_id for task in crm.org.tasks.values()} == {"005G", "005H"}
    rows = {row.sender_id: row.api_used for row in await CrmConnection.all()}
    assert (rows[None] or 0) > 0
    assert rows[other.id] is None, "the workspace's connection counts the calls of all"

    # A new owner is written with the workspace's connection, because the user may not see the task before.
    crm.writes.clear()
    await Task.filter(id=shared.id).update(assignee_id=other.id)
    await server.run(seconds=11)
    assert crm.writes == [("token", [shared.id])]
    activity = ActivityPush("log-a", None, ActivityKind.CALL, "Call", "", real_now(), "005H", None)
    workspace = await CrmConnection.get(sender_id=None)
    logins = OwnLogins(server.context, workspace, crm_session(server), UNIQUE)
    (result,) = await logins.log_activities([activity])
    assert (result.remote_id, crm.writes[-1]) == ("00Tlog-a", ("login", ["log-a"]))


def crm_session(server: Server) -> Any:
    """Return the workspace's session; this test writes nothing with it."""

    class Own:
        crm = server.crm

    return Own()


@pytest.mark.parametrize("way_back", ["log in", "disconnect", "retry"])
async def test_only_the_records_of_a_lost_login_wait(way_back: str) -> None:
    crm = OwnCrm(fault=CrmError(CrmCode.INVALID_GRANT, "ip restricted"))
    server, other = await begin(crm)
    shared = await server.task("shared")
    own = await task_of(server, other, "own")
    await server.run(seconds=11)
    row = await CrmConnection.get(sender_id=other.id)
    assert (row.state, (await CrmConnection.get(sender_id=None)).state) == (CrmState.RECONNECT, CrmState.CONNECTED)
    assert [task.marker for task in crm.org.tasks.values()] == [shared.id]
    (change,) = await CrmChange.all()
    assert (change.object_id, change.state, change.code) == (own.id, "FAILED", "OWN_LOGIN_LOST")
    assert (change.category, change.detail) == ("AUTHENTICATION", "INVALID_GRANT: ip restricted")
    data = {"sender": other.id, "user": "Hedy"}
    lost = ("CRM_CONNECTION_LOST", {"reason": "INVALID_GRANT"} | data)
    assert await events() == [lost]

    failed = {"kind": "TASK", "category": "AUTHENTICATION"}
    assert server.metrics.registry.get_sample_value("touchline_crm_failures_total", failed) == 1

    # The next record does not call the CRM with the lost login.
    crm.writes.clear()
    await task_of(server, other, "own, too")
    await server.run(seconds=11)
    assert (crm.writes, await CrmChange.filter(code="OWN_LOGIN_LOST").count()) == ([], 2)

    crm.fault = None
    if way_back == "log in":
        await log_in(server, other)
    elif way_back == "retry":
        await retry(server.context, other.id)
    else:
        await disconnect(server.context, CrmWaitingChanges.KEEP, sender_id=other.id)
    await server.run(seconds=11)
    assert (len(crm.org.tasks), await CrmChange.exists()) == (3, False)
    assert crm.writes[-1][0] == ("token" if way_back == "disconnect" else "login")
    assert await events() == [lost, *([] if way_back == "disconnect" else [("CRM_CONNECTION_RESTORED", data)])]


async def test_a_paused_login_and_one_that_fails_for_a_while_wait_alone() -> None:
    crm = OwnCrm()
    server, other = await begin(crm)
    await server.task("shared")
    own = await task_of(server, other, "own")
    await pause(server.context, other.id)
    await server.run(seconds=11)
    assert (await CrmChange.get()).code == "OWN_LOGIN_LOST"
    crm.fault = CrmError(CrmCode.SERVER_UNAVAILABLE)
    await retry(server.context, other.id)
    await server.run(seconds=11)
    change = await CrmChange.get()
    assert (change.object_id, change.state, change.code) == (own.id, "WAITING", "SERVER_UNAVAILABLE")
    assert (await CrmConnection.get(sender_id=None)).state is CrmState.CONNECTED
    crm.fault = None
    await server.run(minutes=5)
    assert (len(crm.org.tasks), await CrmChange.exists()) == (2, False)
    assert (await CrmConnection.get(sender_id=other.id)).state is CrmState.CONNECTED


async def test_a_login_that_sees_another_field_for_the_id_creates_nothing() -> None:
    crm = OwnCrm(own=CrmCapabilities(marker_is_unique=False))
    server, other = await begin(crm)
    await server.task("shared")
    await task_of(server, other, "own")
    await server.run(seconds=11)
    change = await CrmChange.get()
    assert (change.state, change.code, len(crm.org.tasks)) == ("FAILED", "INVALID_FIELD", 1)
    assert "Touchline's id" in change.detail


async def test_a_record_that_makes_the_package_fail_does_not_stop_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    crm = OwnCrm()
    server, other = await begin(crm)
    await server.task("shared")
    tasks = [await task_of(server, other, str(number)) for number in range(20)]
    bad, push = tasks[7].id, MemorySession._push

    def fail(session: MemorySession, each: TaskPush) -> Any:
        if each.marker == bad:
            raise KeyError("id")
        return push(session, each)

    monkeypatch.setattr(MemorySession, "_push", fail)
    for _ in range(6):
        await server.run(minutes=5)
        assert (await CrmConnection.get(sender_id=other.id)).state is CrmState.CONNECTED
    assert [len(crm.org.by_marker(task.id)) for task in tasks] == [task.id != bad for task in tasks]
    change = await CrmChange.get()
    assert (change.object_id, change.state, change.code) == (bad, "FAILED", "PLUGIN_FAILED")
    assert max(len(markers) for _, markers in crm.writes[3:]) <= 13, "fewer at a time after a failure"


async def test_what_a_login_rejects_as_a_whole_is_sent_in_halves() -> None:
    crm = OwnCrm()
    server, _ = await begin(crm)
    workspace = await CrmConnection.get(sender_id=None)
    values = task_values(owner_id="005H")
    pushes = [TaskPush(f"t{number}", None, values, frozenset(TaskField)) for number in range(4)]

    class Bad(LoginSession):
        async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
            if any(push.marker == "t2" for push in pushes):
                raise CrmError(CrmCode.REQUEST_INVALID, "t2")
            return await super().push_tasks(pushes)

    @asynccontextmanager
    async def open_(access: CrmAccess, host: CrmHost) -> AsyncIterator[CrmSession]:
        yield Bad(crm, access.way, host)

    crm.open = open_  # type: ignore[method-assign]
    results = await OwnLogins(server.context, workspace, crm_session(server), UNIQUE).push_tasks(pushes)
    assert {each.key: each.error and each.error.code for each in results} == {
        "t0": None, "t1": None, "t2": CrmCode.REQUEST_INVALID, "t3": None,
    }  # fmt: skip
    assert [each.key for each in results if each.remote_id] == ["t0", "t1", "t3"]
