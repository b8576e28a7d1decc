"""Archive campaigns, take them out of the archive, and delete those that were never launched."""

from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Launch, Step
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.states import OPEN_LAUNCH_STATUSES
from api.store.campaigns.campaign_state import lock_campaign
from api.store.campaigns.campaign_status import active_people
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import campaign_event, write
from strategies import Refusal

PATH = ("id",)


@retry_on_deadlock
async def archive_campaign(
    context: WorkspaceContext, campaign_id: str, *, archived: bool, if_version: int | None = None
) -> Campaign:
    """Archive a campaign in which nobody is active, or take it out of the archive. Raises Refusal."""
    async with transaction():
        row = await _lock(context, campaign_id, if_version)
        if archived is (row.archived_at is not None):
            return row
        if archived:
            await _refuse_running(row)
        kind = EventKind.CAMPAIGN_ARCHIVED if archived else EventKind.CAMPAIGN_UNARCHIVED
        at: datetime | None = context.now if archived else None
        await Campaign.filter(id=row.id).update(archived_at=at, version=row.version + 1)
        await write([campaign_event(context.workspace_id, row.id, kind, context.now)])
    return await Campaign.get(id=row.id)


async def _refuse_running(row: Campaign) -> None:
    if row.ending_at is not None:
        raise Refusal.of(CampaignCode.CAMPAIGN_ENDING, PATH)
    active = await active_people(row.id)
    if not active.exact:
        raise Refusal.of(CampaignCode.PEOPLE_ACTIVE, PATH, case="many", people=active.number)
    if active.number:
        raise Refusal.of(CampaignCode.PEOPLE_ACTIVE, PATH, people=active.number)
    if await Launch.filter(campaign_id=row.id, status__in=OPEN_LAUNCH_STATUSES).exists():
        raise Refusal.of(CampaignCode.PEOPLE_ACTIVE, PATH, case="launch")


@retry_on_deadlock
async def delete_campaign(context: WorkspaceContext, campaign_id: str, *, if_version: int | None = None) -> str:
    """Delete a campaign that was never launched. Returns its id. Raises Refusal."""
    async with transaction():
        row = await _lock(context, campaign_id, if_version)
        if row.launched_at is not None:
            raise Refusal.of(CampaignCode.CAMPAIGN_USED, PATH)
        if await Launch.filter(campaign_id=row.id).exists():
            raise Refusal.of(CampaignCode.CAMPAIGN_USED, PATH, case="launch")
        await Step.filter(campaign_id=row.id, removed_at=None).update(removed_at=context.now)
        await Campaign.filter(id=row.id).update(deleted_at=context.now, category_id=None)
        data = {"name": row.name}
        await write([campaign_event(context.workspace_id, row.id, EventKind.CAMPAIGN_DELETED, context.now, data=data)])
    return campaign_id


async def _lock(context: WorkspaceContext, campaign_id: str, if_version: int | None) -> Campaign:
    """Lock a campaign of the version that the client has read, and return it. Raises Refusal."""
    await get_or_refuse(Campaign, context.workspace_id, campaign_id, PATH)
    await lock_campaign(campaign_id)
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, PATH)
    check_version("campaign", row.version, if_version)
    return row
