"""Sessions of a connection: its secrets, the share of the API limit, new tokens, and what a failure means."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from api.crm_states import CrmState
from api.models import CrmConnection, CrmUser
from api.services.common.encryption import DecryptionError, Encryption
from api.services.crm.connections import opening
from api.services.crm.connections.key_rotation import rotate_keys
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.pausing import pause, retry
from api.services.crm.connections.settings import update_settings
from api.services.workspaces.senders import create_sender
from api.store.crm import secrets
from api.store.engine.sql import execute
from plugins import ApiUse, CrmAccess, CrmCode, CrmError, RemoteUser
from tests.databases import on_sqlite
from tests.services.crm.stub_crm import KEY, NOW, OLD_KEY, SECRET, StubCrm, Time, connected, make_context

pytestmark = pytest.mark.usefixtures("database")


@on_sqlite
def test_secrets_are_bound_to_their_row_and_to_the_keys() -> None:
    old, both, new = Encryption([OLD_KEY]), Encryption([KEY, OLD_KEY]), Encryption([KEY])
    text = old.encrypt("crm_1", {"token": SECRET})
    assert SECRET not in text
    assert both.decrypt("crm_1", text) == old.decrypt("crm_1", text) == {"token": SECRET}
    assert not both.is_current(text)
    assert both.is_current(both.encrypt("crm_1", {}))
    for encryption, row_id, broken in (
        (new, "crm_1", text),
        (old, "crm_2", text),
        (old, "crm_1", text[:-9] + "AAAAAAAAA"),
        (old, "crm_1", ""),
        (old, "crm_1", "é"),
    ):
        with pytest.raises(DecryptionError) as raised:
            encryption.decrypt(row_id, broken)
        assert SECRET not in str(raised.value)
    state = old.sign("state")
    assert both.is_signed(state)
    for forged in ("state", "state.", f"x{state}", state[:-1], f"{state[:-1]}é", ""):
        assert not both.is_signed(forged)
    assert not new.is_signed(state)


async def test_calls_beyond_the_share_wait_in_all_processes(database: str) -> None:
    time = Time()
    crm = StubCrm(use=ApiUse(97, 200, NOW))
    context = await make_context(crm, time)
    await connected(context)
    await update_settings(context, "stub", {"api_share": 50})
    made = crm.calls
    row = await CrmConnection.get()
    assert (row.api_used, row.api_limit) == (98, 200)
    async with open_connection(context, row) as one, open_connection(context, row) as other:
        await one.identify()
        await other.identify()
        for session in (one, other):
            with pytest.raises(CrmError) as waits:
                await session.identify()
            assert waits.value.code is CrmCode.API_SHARE_USED
    assert crm.calls == made + 2, "the org has used 100 of 200"
    with pytest.raises(CrmError):
        async with open_connection(context, row) as session:
            await session.identify()
    row = await CrmConnection.get()
    assert (row.state, row.code) == (CrmState.FAILING, "API_SHARE_USED")
    assert row.retry_at is not None
    assert row.retry_at.replace(microsecond=0) == NOW + timedelta(minutes=15)
    assert opening.waits(row, time())
    time.pass_(minutes=15)
    assert not opening.waits(row, time())
    crm.use = ApiUse(10, 200, NOW)  # a day later; one call asks
    async with open_connection(context, row) as session:
        await session.identify()
        await session.identify()
    row = await CrmConnection.get()
    assert (row.state, row.code, row.failures, row.api_used) == (CrmState.CONNECTED, "", 0, 12)


async def test_one_process_at_a_time_gets_new_tokens(database: str) -> None:
    """A refresh token that the CRM exchanges at each use is used once, whoever comes first."""
    crm, used, valid = StubCrm(), [], ["r0"]
    context = await make_context(crm, Time())
    row = await connected(context)
    encryption = Encryption([KEY])
    await secrets.replace_secrets(row.id, 1, encryption.encrypt(row.id, {"refresh": "r0"}))

    async def refresh(session: Any) -> None:
        async with session.host.renewal() as stored:
            if stored["refresh"] != session.access.secrets["refresh"]:
                return
            used.append(stored["refresh"])
            assert valid == [stored["refresh"]], "a token is used twice"
            valid[:] = [f"r{len(used)}"]
            await asyncio.sleep(0)
            await session.host.renewed({"refresh": valid[0]})

    crm.during = refresh

    async def work() -> None:
        async with open_connection(context, row) as session:
            await session.identify()

    async with open_connection(context, row) as early:  # it has r0, and comes last
        await asyncio.gather(*(work() for _ in range(5)))
        await early.identify()
    assert sorted(set(used)) == sorted(used)
    stored = await secrets.secrets_of(row.id)
    assert stored is not None
    assert encryption.decrypt(row.id, stored["secrets"]) == {"refresh": valid[0]}
    (columns,) = await execute("SELECT renewing_by, renewing_until FROM crm_connection")
    assert set(columns.values()) == {None}


async def test_a_killed_process_delays_new_tokens_for_its_lease_only(database: str) -> None:
    context = await make_context(StubCrm())
    row = await connected(context)
    until = NOW + timedelta(seconds=90)
    assert await secrets.take_renewal(row.id, "killed", NOW, until)
    assert not await secrets.take_renewal(row.id, "other", NOW, until)
    for behind in (timedelta(microseconds=1), timedelta(seconds=20)):  # a process whose clock is behind takes nothing
        assert not await secrets.take_renewal(row.id, "other", NOW - behind, until - behind)
    later = until + timedelta(seconds=1)
    assert await secrets.take_renewal(row.id, "other", later, later + timedelta(seconds=90))
    await secrets.end_renewal(row.id, "killed")
    assert not await secrets.take_renewal(row.id, "third", later, later + timedelta(seconds=90))
    set_back = NOW - timedelta(hours=1)
    assert await secrets.take_renewal(row.id, "third", set_back, set_back + timedelta(seconds=90))
    assert not await secrets.replace_secrets(row.id, 0, "older"), "the number says that others were stored"


@on_sqlite
@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (CrmError(CrmCode.INVALID_GRANT, "ip restricted"), CrmState.RECONNECT, "INVALID_GRANT"),
        (CrmError(CrmCode.SERVER_UNAVAILABLE), CrmState.FAILING, "SERVER_UNAVAILABLE"),
        (CrmError(CrmCode.OTHER, "odd", name="APEX_ERROR"), CrmState.FAILING, "OTHER"),
        (ValueError(SECRET), CrmState.FAILING, "PLUGIN_FAILED"),
        (SystemExit(SECRET), CrmState.FAILING, "PLUGIN_FAILED"),
    ],
)
async def test_a_failure_says_when_the_connection_is_tried_again(
    database: str, error: BaseException, state: CrmState, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    crm = StubCrm()
    context = await make_context(crm)
    row = await connected(context)

    async def fail(_: object) -> None:
        raise error

    crm.during = fail
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            row = await CrmConnection.get()
            with pytest.raises(CrmError):
                async with open_connection(context, row) as session:
                    await session.identify()
    row = await CrmConnection.get()
    assert (row.state, row.code, row.failing_since) == (state, code, NOW)
    assert row.retry_at == (None if state is CrmState.RECONNECT else NOW + timedelta(seconds=60))
    assert SECRET not in caplog.text + row.detail
    assert row.state is CrmState.RECONNECT or opening.waits(row, NOW)
    crm.during = StubCrm().during
    await retry(context)
    async with open_connection(context, await CrmConnection.get()) as session:
        await session.identify()
    assert (await CrmConnection.get()).state is CrmState.CONNECTED


@on_sqlite
async def test_a_pause_stops_a_session_that_is_open(database: str) -> None:
    context = await make_context(StubCrm())
    row = await connected(context)
    with pytest.raises(CrmError):
        async with open_connection(context, row) as session:
            await session.identify()
            await pause(context)
            await session.identify()
    assert (await CrmConnection.get()).state is CrmState.PAUSED, "the pause is no failure"
    assert (await retry(context)).state is CrmState.CONNECTED


async def test_keys_are_rotated(database: str) -> None:
    context = await make_context(StubCrm(), Time(), OLD_KEY)
    row = await connected(context)
    both = Encryption([KEY, OLD_KEY])
    assert (await rotate_keys(both))[:2] == (1, 0)
    assert (await rotate_keys(both))[:2] == (0, 1)
    assert await rotate_keys(Encryption([OLD_KEY])) == (0, 0, [row.id])
    stored = await secrets.secrets_of(row.id)
    assert stored is not None
    assert Encryption([KEY]).decrypt(row.id, stored["secrets"]) == {"token": SECRET}
    with pytest.raises(CrmError, match="TOUCHLINE_ENCRYPTION_KEY") as wrong:
        async with open_connection(context, row):
            raise AssertionError("it was opened with the old key")
    assert wrong.value.name == "ENCRYPTION_KEY_WRONG"


async def test_senders_are_linked_to_users_by_their_address(database: str) -> None:
    users = [
        RemoteUser("U1", "Ada@Example.com", "Ada"),
        RemoteUser("U2", "bob@example.com", "Bob", is_active=False),
        RemoteUser("U3", "cy@example.com", "Cy"),
        RemoteUser("U4", "cy@example.com", "Cy again"),
    ]
    crm = StubCrm(users=users)
    context = await make_context(crm)
    for name in ("Ada@Example.com", "bob@example.com", "cy@example.com"):
        await create_sender(context, name=name, email=name, zone="UTC")
    await connected(context)
    assert [(row.user_id, row.org_id) for row in await CrmUser.all()] == [("U1", "ORG1")]


@on_sqlite
async def test_the_session_gets_the_secrets_and_the_chosen_fields(database: str) -> None:
    crm = StubCrm()
    context = await make_context(crm)
    row = await connected(context)
    assert SECRET not in row.secrets
    await update_settings(context, "stub", {"marker_field": "Our_Id__c"})
    async with open_connection(context, row) as session:
        await session.identify()
    values = {"url": "https://crm.example", "marker_field": "Our_Id__c"}
    assert crm.accesses[-1] == CrmAccess("token", values, {"token": SECRET})
