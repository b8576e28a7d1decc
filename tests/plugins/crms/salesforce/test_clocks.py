"""Salesforce's clock and this server's differ: sessions know it before they ask about times."""

from dataclasses import replace
from datetime import timedelta

import pytest

from plugins.crms.errors import CrmError
from plugins.crms.salesforce.crm import Salesforce
from tests.plugins.crms.salesforce.connecting import LIMITS, Host, access
from tests.plugins.crms.salesforce.test_tasks import push
from tests.salesforce.faults import FaultKind
from tests.salesforce.org import START
from tests.salesforce.server import SalesforceServer


async def test_a_new_session_finds_a_task_although_the_clocks_differ(plain_server: SalesforceServer) -> None:
    """It has made no call yet, so it does not know Salesforce's time."""
    plain_server.org.clock.at, plain_server.org.clock.skew = START + timedelta(hours=3), timedelta(minutes=-90)
    plain_server.oauth.app.run_as = plain_server.org.admin
    crm, found = Salesforce(loopback=True, limits=LIMITS), access(plain_server)
    host = Host(plain_server.org, found.secrets)
    async with crm.open(found, host) as session:
        await session.describe()
        plain_server.faults.add(FaultKind.DROP_AFTER, on="collection_create")
        with pytest.raises(CrmError):
            await session.push_tasks([push("tsk_1")])
    async with crm.open(replace(found, secrets=host.secrets), host) as session:
        tasks = await session.find_tasks(markers={"tsk_1": push("tsk_1")}, since=host.now() - timedelta(minutes=5))
    assert [task.marker for task in tasks] == ["tsk_1"]


@pytest.mark.parametrize("skew", [timedelta(hours=-2), timedelta(hours=2)])
async def test_the_first_call_of_a_process_knows_the_time(
    server: SalesforceServer, skew: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else deletions of the next two hours would count as known. The server says that it covers the whole window."""
    org = server.org
    org.clock.at, org.clock.skew = START + timedelta(days=1), skew
    server.oauth.app.run_as = org.admin
    task = org.create("Task", {"Subject": "x"})
    org.delete(task)
    org.clock.at += timedelta(minutes=5)
    monkeypatch.setattr(server.queries, "_covered", lambda end: end)
    crm, found = Salesforce(loopback=True, limits=LIMITS), access(server)
    host = Host(org, found.secrets)
    async with crm.open(found, host) as session:
        deleted = await session.deleted_tasks(org.time() - timedelta(hours=1), host.now() + timedelta(hours=9))
        assert [each.remote_id for each in deleted.tasks] == [task]
        assert deleted.covered_until <= org.time()
        # Another session that gets its descriptions from this one and makes no call knows the time as well.
        await session.describe()
        async with crm.open(replace(found, secrets=host.secrets), host) as other:
            await other.describe()
            assert abs(other.clock_skew - skew) < timedelta(seconds=2)
