"""The mutation that plans the steps of waiting people again."""

import strawberry

from api.graphql.arguments.ids import CampaignId
from api.graphql.campaigns.campaign_mutations import CampaignPayload
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.services.campaigns.editing import waiting_job


@strawberry.type
class WaitingPeopleMutation:
    @mutation(
        metadata=cost(5_000),
        description="Call the send options again for the people of `Campaign.waitingPeople`, immediately for the "
        "first 500. A background job calls them for the others, and repeats this until nobody waits. A paused option "
        "is not called before its pause is over. `waitingPeople` of the result is the number of people who still wait.",
    )
    async def retry_send_options(self, info: Request, id: CampaignId) -> CampaignPayload:
        row = await waiting_job.retry_now(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))
