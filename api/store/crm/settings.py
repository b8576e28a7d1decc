"""The settings of workspaces for CRMs, and the CRM users of senders."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.ids import new_id
from api.models import CrmSettings, CrmUser
from api.store.engine.transactions import transaction


async def settings_row(workspace_id: str, crm: str) -> CrmSettings | None:
    """Return the settings of a workspace; None if it has changed none."""
    return await CrmSettings.get_or_none(workspace_id=workspace_id, crm=crm)


async def save_settings(row: CrmSettings, values: Mapping[str, Any]) -> None:
    """Store changed settings. The first change of a workspace creates its row."""
    row.update_from_dict(dict(values))
    async with transaction():
        if await CrmSettings.filter(id=row.id).exists():
            await row.save(update_fields=[*values])
        else:
            await row.save(force_create=True)


async def users_of(workspace_id: str, crm: str) -> Sequence[CrmUser]:
    """Return the CRM users of senders, for the senders that have a row."""
    return await CrmUser.filter(workspace_id=workspace_id, crm=crm).order_by("sender_id")


async def save_user(workspace_id: str, crm: str, sender_id: str, values: Mapping[str, Any]) -> CrmUser:
    """Store the CRM user of a sender, or whether the sender's tasks are synced."""
    async with transaction():
        row = await CrmUser.get_or_none(sender_id=sender_id, crm=crm)
        if row is None:
            return await CrmUser.create(
                id=new_id("cru"), workspace_id=workspace_id, crm=crm, sender_id=sender_id, **values
            )
        row.update_from_dict(dict(values))
        await row.save(update_fields=[*values])
        return row
