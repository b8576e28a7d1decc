"""The mutation that asks the send options of a campaign again at once."""

import strawberry

from api.graphql.arguments.ids import CampaignId
from api.graphql.campaigns.campaign_mutations import CampaignPayload
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.services.campaigns.editing import waiting_job


@strawberry.type
class WaitingPeopleMutation:
    @mutation(
        metadata=cost(5_000),
        description="Ask the send options again for the people of `Campaign.waitingPeople`, at once for the first 500. "
        "A background job asks for the others, and asks again until nobody waits. A paused option is not asked "
        "before its pause is over. `waitingPeople` of the answer lists the people who still wait.",
    )
    async def retry_send_options(self, info: Request, id: CampaignId) -> CampaignPayload:
        row = await waiting_job.retry_now(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))
