"""Mutations that duplicate, archive and delete campaigns."""

from typing import Annotated

import strawberry

from api.graphql.arguments.ids import CampaignId
from api.graphql.arguments.versions import IfVersion
from api.graphql.campaigns.campaign_mutations import CampaignPayload
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.services.campaigns import archive, campaign_copies


@strawberry.type(description="Result of deleteCampaign: the id of the deleted campaign, or errors.")
class DeleteCampaignPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted campaign; null if there are errors."
    )


@strawberry.type
class CampaignArchiveMutation:
    @mutation(
        metadata=cost(1_000),
        description="Create a draft with the settings, the steps and the contents of a campaign, but without its "
        "people. The steps keep the templates of the original. Archived campaigns can be duplicated as well.",
    )
    async def duplicate_campaign(
        self,
        info: Request,
        id: CampaignId,
        name: Annotated[
            str | None,
            strawberry.argument(
                description="Name of the copy for reps, one line of up to 200 characters. If left out, ` (copy)` is "
                "added to the name of the original."
            ),
        ] = None,
    ) -> CampaignPayload:
        row = await campaign_copies.duplicate_campaign(info.context.workspace_context, id, name)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        description="Archive a campaign, or take it out of the archive. An archived campaign cannot be launched, "
        "changed, paused or resumed. Refused while people are active in it (`PEOPLE_ACTIVE`): call `endCampaign` "
        "first.",
    )
    async def archive_campaign(
        self,
        info: Request,
        id: CampaignId,
        archived: Annotated[
            bool, strawberry.argument(description="True moves it to the archive, false takes it out again.")
        ] = True,
        if_version: IfVersion = None,
    ) -> CampaignPayload:
        context = info.context.workspace_context
        row = await archive.archive_campaign(context, id, archived=archived, if_version=if_version)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        description="Delete a campaign that was never launched. It cannot be undone. Refused if anybody was ever "
        "launched into it (`CAMPAIGN_USED`): archive it instead."
    )
    async def delete_campaign(
        self, info: Request, id: CampaignId, if_version: IfVersion = None
    ) -> DeleteCampaignPayload:
        deleted = await archive.delete_campaign(info.context.workspace_context, id, if_version=if_version)
        return DeleteCampaignPayload(deleted_id=strawberry.ID(deleted))
