"""The migration that gives campaigns a status, on populated tables: it knows which campaigns people went through."""

from datetime import timedelta

from api.models import Campaign
from api.services.campaigns.campaigns import create_campaign
from api.states import CampaignStatus, campaign_status
from api.store.campaigns.campaign_status import finish_campaigns
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations import migrating
from tests.services.world import NOW, make_world


async def test_campaigns_know_when_they_were_launched(database: str) -> None:
    world = await make_world(2)
    await create_campaign(world.context, name="Draft", sender_id=(await Campaign.get()).sender_id)
    await execute("UPDATE enrollment SET launched_at = $1 WHERE id = $2", NOW + timedelta(1), world.enrollments[0].id)
    names = await migrating.before("0036_authoring")
    assert await migrate() == names
    rows = {row.name: row for row in await Campaign.all()}
    assert {name: campaign_status(row) for name, row in rows.items()} == {
        "C": CampaignStatus.RUNNING,
        "Draft": CampaignStatus.DRAFT,
    }
    assert (rows["C"].launched_at, rows["C"].version, rows["Draft"].launched_at) == (NOW, 1, None)
    await execute("UPDATE enrollment SET status = 'FINISHED', ended_at = $1", NOW)
    assert await finish_campaigns(NOW) == [rows["C"].id]
