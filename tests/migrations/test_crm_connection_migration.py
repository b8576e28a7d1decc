"""The migration of CRM connections on populated tables: no row is lost, and a workspace can connect afterwards."""

from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.crm_states import CrmState, CrmWaitingChanges
from api.models import CrmConnection, Enrollment, Person, Send
from api.services.crm.connections.disconnecting import disconnect
from api.store.engine.database import migrate
from tests.migrations.migrating import before
from tests.services.crm.stub_crm import StubCrm, connected, make_context
from tests.services.world import make_world


async def test_the_tables_of_connections_are_added(database: str) -> None:
    await make_world(3)
    counts = [await table.all().count() for table in (Person, Enrollment, Send)]
    names = await before("0057_crm_connections")
    assert names[0] == "0057_crm_connections"
    await migrate()
    assert [await table.all().count() for table in (Person, Enrollment, Send)] == counts
    context = await make_context(StubCrm())
    row = await connected(context)
    assert row.state is CrmState.CONNECTED
    # One connection of a workspace, and of a sender, is active. Disconnected ones stay.
    copy: dict[str, Any] = {"crm": "stub", "way": "token", "created_at": row.created_at, "connected_at": row.created_at}
    copy |= {"workspace_id": row.workspace_id, "state": CrmState.PAUSED}
    with pytest.raises(IntegrityError):
        await CrmConnection.create(id="crm_2", **copy)
    await CrmConnection.create(id="crm_3", sender_id="sdr_1", **copy)
    with pytest.raises(IntegrityError):
        await CrmConnection.create(id="crm_4", sender_id="sdr_1", **copy)
    await CrmConnection.create(id="crm_5", sender_id="sdr_2", **copy)
    await disconnect(context, CrmWaitingChanges.DROP)
    await CrmConnection.create(id="crm_6", **copy)
