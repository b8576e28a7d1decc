"""The settings of the CRM to which a workspace is connected."""

from contextlib import nullcontext

import pytest

from api.cli.crm import crm_connections
from api.crm_states import CrmWaitingChanges
from api.models import CrmConnection, CrmSettings
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.disconnecting import disconnect
from api.services.crm.connections.settings import update_settings
from api.settings import Settings
from strategies import Refusal
from tests.services.crm.stub_crm import StubCrm, connected, make_context


@pytest.mark.usefixtures("database")
async def test_without_a_key_the_settings_are_those_of_the_connected_crm() -> None:
    context = await make_context(StubCrm())
    with pytest.raises(Refusal, match="salesforce"):
        await update_settings(context, None, {"sync_tasks": True})
    await connected(context)
    await update_settings(context, None, {"sync_tasks": True})
    await disconnect(context, CrmWaitingChanges.DROP, None)
    await update_settings(context, None, {"log_emails": True})
    (row,) = await CrmSettings.all()
    assert (row.crm, row.sync_tasks, row.log_emails) == ("stub", True, True)


@pytest.mark.usefixtures("database")
async def test_the_command_shows_a_connection_whose_crm_has_no_limit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    context = await make_context(StubCrm())
    await connected(context)
    await CrmConnection.all().update(api_used=1234)

    async def same(*_: object) -> WorkspaceContext:
        return context

    monkeypatch.setattr(crm_connections, "database", lambda _: nullcontext())
    monkeypatch.setattr(crm_connections, "_context", same)
    assert await crm_connections.status(Settings(), workspace=None) == 0
    assert "1,234" in capsys.readouterr().out
