"""Mutations on campaigns and their days."""

from typing import Any

import strawberry

from api.graphql.arguments.input_values import given_fields_not_null
from api.graphql.campaigns import Campaign
from api.graphql.engine.context import Request
from api.graphql.engine.enums import OnExpiry, OnReply
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import authoring, endings
from api.services.campaigns.pausing import pausing
from api.services.enrollments import order_warnings


@strawberry.input(description="A campaign to create.")
class CampaignInput:
    name: str = strawberry.field(description="Name.")
    sender_id: strawberry.ID = strawberry.field(description="Who writes.")
    category_id: strawberry.ID | None = strawberry.field(default=None, description="Category.")
    skip_weekends: bool = strawberry.field(default=False, description="Days count Monday to Friday.")
    remove_on_bounce: bool = strawberry.field(default=True, description="A bounce ends the campaign for the person.")
    on_reply: OnReply = strawberry.field(default=OnReply.END, description="What a reply does.")
    use_recipient_zone: bool = strawberry.field(default=False, description="Use the recipient's zone, where known.")
    task_expiry_days: int | None = strawberry.field(default=None, description="Days after which a task expires.")
    on_task_expiry: OnExpiry = strawberry.field(default=OnExpiry.WAIT, description="What an expired task does.")
    in_doubt_resends: int = strawberry.field(
        default=0,
        description="How often, 0 to 5, an email in doubt is sent again by itself. The person may then get it twice.",
    )


@strawberry.input(description="What to change of a campaign. What is left out stays.")
class CampaignChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name.")
    sender_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Who writes.")
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Category; null removes it."
    )
    skip_weekends: bool | None = strawberry.field(default=strawberry.UNSET, description="Days count Monday to Friday.")
    remove_on_bounce: bool | None = strawberry.field(
        default=strawberry.UNSET, description="A bounce ends the campaign."
    )
    on_reply: OnReply | None = strawberry.field(default=strawberry.UNSET, description="What a reply does.")
    use_recipient_zone: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Use the recipient's zone."
    )
    task_expiry_days: int | None = strawberry.field(default=strawberry.UNSET, description="Days; null is never.")
    on_task_expiry: OnExpiry | None = strawberry.field(
        default=strawberry.UNSET, description="What an expired task does."
    )
    in_doubt_resends: int | None = strawberry.field(
        default=strawberry.UNSET, description="How often, 0 to 5, an email in doubt is sent again by itself."
    )


@strawberry.type(description="The campaign, or why not.")
class CampaignPayload(Payload):
    campaign: Campaign | None = strawberry.field(default=None, description="The campaign as it is now.")

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about in the campaign's steps as they are now, such as an email that goes out "
        "before one of an earlier step. Empty when it was not done.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.campaign is None:
            return []
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.campaign.id)
        skip = self.campaign.skip_weekends
        return warning_lines(
            order_warnings.campaign_warnings(info.context.workspace_context, steps, skip_weekends=skip)
        )


@strawberry.type(description="For how many people a campaign was ended, or why not.")
class EndCampaignPayload(Payload):
    ended: int = strawberry.field(default=0, description="How many people were still in it.")


@strawberry.type
class CampaignMutation:
    @mutation(description="Create a campaign without steps.")
    async def create_campaign(self, info: Request, input: CampaignInput) -> CampaignPayload:
        row = await authoring.create_campaign(info.context.workspace_context, **given_fields_not_null(input))
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(metadata=cost(3_000), description="Change a campaign's settings.")
    async def update_campaign(self, info: Request, id: strawberry.ID, input: CampaignChanges) -> CampaignPayload:
        row = await authoring.update_campaign(info.context.workspace_context, id, **given_fields_not_null(input))
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(metadata=cost(3_000), description="Move all steps of a day to another day.")
    async def move_day(self, info: Request, campaign_id: strawberry.ID, day: int, to: int) -> CampaignPayload:
        return CampaignPayload(
            campaign=from_row(
                Campaign, await authoring.move_day(info.context.workspace_context, campaign_id, day=day, to=to)
            )
        )

    @mutation(metadata=cost(3_000), description="Remove all steps of a day.")
    async def remove_day(self, info: Request, campaign_id: strawberry.ID, day: int) -> CampaignPayload:
        return CampaignPayload(
            campaign=from_row(
                Campaign, await authoring.remove_day(info.context.workspace_context, campaign_id, day=day)
            )
        )

    @mutation(
        metadata=cost(3_000),
        description="Pause a campaign: from now on none of its emails begins to leave, and its launches in the "
        "background enroll nobody. What is being handed over just now comes to its end. Tasks go on, and "
        "none expires meanwhile: resuming gives each as much more time.",
    )
    async def pause_campaign(self, info: Request, id: strawberry.ID) -> CampaignPayload:
        row = await pausing.pause_campaign(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        metadata=cost(5_000),
        description="Resume a campaign. For each person with something overdue, everything unsent moves by the same "
        "whole days (working days where weekends are skipped), the fewest that leave nothing overdue; wall times "
        "stay. An email that was to leave at once when the pause began leaves at once when it ends on the same day, "
        "and moves nothing. `resumePreview` says beforehand how many move, and to when.",
    )
    async def resume_campaign(self, info: Request, id: strawberry.ID) -> CampaignPayload:
        row = await pausing.resume_campaign(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(metadata=cost(5_000, once=3), description="End a campaign for everyone in it.")
    async def end_campaign(self, info: Request, id: strawberry.ID) -> EndCampaignPayload:
        return EndCampaignPayload(ended=await endings.end_campaign(info.context.workspace_context, id))
