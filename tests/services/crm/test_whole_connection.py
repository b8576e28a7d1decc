"""Failures that concern every request: the connection waits, and records lose no attempt."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from api.crm_states import CrmState
from api.models import CrmChange, CrmConnection, Event
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.settings import update_settings
from plugins import CrmCode, CrmError
from tests.databases import on_sqlite
from tests.services.crm.memory_org import MemorySession
from tests.services.crm.stub_crm import NOW, StubCrm, connected, make_context
from tests.services.crm.sync_server import Server, start

pytestmark = pytest.mark.usefixtures("database")
LIMIT = CrmCode.REQUEST_LIMIT_EXCEEDED


async def syncing() -> Server:
    server = await start()
    await update_settings(server.context, "stub", {"sync_tasks": True})
    await server.run()
    return server


@on_sqlite
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (600, 600),
        (0.5, 30),
        (-5, 30),
        (NOW + timedelta(minutes=20), 1200),
        (datetime(2026, 3, 2, 9, 10, tzinfo=timezone(timedelta(hours=2))), 600),
        (NOW - timedelta(days=9), 30),
        (86_400, 3600),
        (float("inf"), 3600),
        (10**400, 3600),
        (datetime.max.replace(tzinfo=UTC), 3600),
        (None, 30),
    ],
)
async def test_a_crm_says_when_it_accepts_requests_again(retry_after: Any, seconds: int) -> None:
    crm = StubCrm()
    context = await make_context(crm)
    row = await connected(context)

    async def fail(_: object) -> None:
        raise CrmError(LIMIT, retry_after=retry_after)

    crm.during = fail
    with pytest.raises(CrmError):
        async with open_connection(context, row) as session:
            await session.identify()
    assert (await CrmConnection.get()).retry_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("120", TypeError),
        (True, TypeError),
        (NOW.replace(tzinfo=None), ValueError),
        (float("nan"), ValueError),
    ],
)
def test_a_value_that_is_not_a_time_is_refused(value: Any, fault: type[Exception]) -> None:
    with pytest.raises(fault, match="retry_after"):
        CrmError(LIMIT, retry_after=value)


async def test_the_sync_waits_as_long_as_the_crm_says_and_then_sends_all_of_it_once() -> None:
    server = await syncing()
    org = server.crm.org
    tasks = [await server.task(name) for name in "abc"]
    org.faults.append(CrmError(LIMIT, retry_after=1800))
    await server.run(seconds=11)
    row = await CrmConnection.get()
    assert (row.state, row.code) == (CrmState.FAILING, LIMIT)
    assert await server.run(minutes=29) == []
    await server.run(minutes=2)
    assert (await CrmConnection.get()).state is CrmState.CONNECTED
    assert [len(org.by_marker(task.id)) for task in tasks] == [1, 1, 1]


@pytest.mark.parametrize("code", [LIMIT, CrmCode.UNREACHABLE])
async def test_a_failure_of_all_requests_in_one_result_is_no_attempt_of_the_record(code: CrmCode) -> None:
    server = await syncing()
    org = server.crm.org
    task = await server.task("a")
    org.rejects[task.id] = CrmError(code, retry_after=60)
    for _ in range(9):
        await server.run(minutes=31)
        row, change = await CrmConnection.get(), await CrmChange.get()
        assert (row.state, row.code, change.attempts, change.state) == (CrmState.FAILING, code, 0, "WAITING")
        assert change.code == code
    org.rejects.clear()
    assert await server.run(minutes=31), "the record does not wait longer than the connection"
    assert (len(org.by_marker(task.id)), await CrmChange.exists()) == (1, False)
    assert (await CrmConnection.get()).state is CrmState.CONNECTED


async def test_a_request_that_the_crm_never_answers_does_not_stop_the_others_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = await syncing()
    task = await server.task("a")

    async def fail(*_: object) -> Any:
        raise CrmError(CrmCode.SERVER_UNAVAILABLE, "HTTP 500")

    monkeypatch.setattr(MemorySession, "changed_opt_outs", fail)
    assert await server.run(minutes=16) == [], "it can be an outage of the whole CRM"
    for _ in range(5):
        await server.run(minutes=31)
    assert len(server.crm.org.by_marker(task.id)) == 1
    row = await CrmConnection.get()
    assert (row.state, row.code) == (CrmState.FAILING, "SERVER_UNAVAILABLE")


@pytest.mark.parametrize("code", [CrmCode.INVALID_FIELD, CrmCode.SERVER_UNAVAILABLE])
async def test_a_query_that_always_fails_does_not_make_the_others_wait_for_half_an_hour(
    code: CrmCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await syncing()

    async def fail(*_: object) -> Any:
        raise CrmError(code, "HasOptedOut")

    monkeypatch.setattr(MemorySession, "changed_opt_outs", fail)
    for _ in range(9):
        await server.run(minutes=16)
    row = await CrmConnection.get()
    assert (row.state, row.code) == (CrmState.FAILING, code)
    task = await server.task("a")
    await server.run(minutes=2)
    assert len(server.crm.org.by_marker(task.id)) == 1
    server.crm.org.faults = [CrmError(CrmCode.SERVER_UNAVAILABLE) for _ in range(99)]
    for _ in range(3):
        await server.run(minutes=16)
    assert await server.run(minutes=16) == [], "an outage of all requests makes all of them wait longer"


@on_sqlite
@pytest.mark.parametrize(
    ("error", "state"),
    [
        (CrmError(CrmCode.NOT_FOUND), CrmState.CONNECTED),
        (CrmError(CrmCode.SERVER_UNAVAILABLE), CrmState.CONNECTED),
        (CrmError(CrmCode.ANSWER_LOST), CrmState.CONNECTED),
        (CrmError(CrmCode.ANSWER_INVALID), CrmState.CONNECTED),
        (KeyError("rows"), CrmState.CONNECTED),
        (CrmError(CrmCode.UNREACHABLE), CrmState.FAILING),
        (CrmError(LIMIT, retry_after=60), CrmState.FAILING),
        (CrmError(CrmCode.EXPIRED_ACCESS), CrmState.RECONNECT),
    ],
)
async def test_a_query_of_a_user_fails_the_connection_only_if_all_would_fail(error: Exception, state: CrmState) -> None:
    crm = StubCrm()
    context = await make_context(crm)
    await connected(context)

    async def fail(_: object) -> None:
        raise error

    crm.during = fail
    for _ in range(9):
        row = await CrmConnection.get()
        with pytest.raises(CrmError):
            async with open_connection(context, row, asked_by_user=True) as session:
                await session.identify()
        row = await CrmConnection.get()
        assert (row.state, row.failures) == (state, state is not CrmState.CONNECTED)
    assert row.retry_at is None or row.retry_at <= NOW + timedelta(minutes=1), "repeated queries delay the sync no more"
    assert await Event.filter(kind="CRM_CONNECTION_LOST").count() == (state is CrmState.RECONNECT)


@on_sqlite
async def test_a_package_that_cannot_be_opened_fails_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    crm = StubCrm()
    context = await make_context(crm)
    row = await connected(context)
    crm.open = None  # type: ignore[assignment, method-assign]
    with pytest.raises(CrmError):
        async with open_connection(context, row, asked_by_user=True):
            raise AssertionError("it was opened")
    row = await CrmConnection.get()
    assert (row.state, row.code) == (CrmState.FAILING, "PLUGIN_FAILED")
    assert "the CRM stub failed" in caplog.text
