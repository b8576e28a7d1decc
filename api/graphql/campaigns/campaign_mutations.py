"""Mutations on campaigns and their days."""

from typing import Annotated, Any

import strawberry

from api.graphql.arguments.given_fields import given_fields_not_null
from api.graphql.arguments.ids import CampaignId
from api.graphql.arguments.versions import IfVersion
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.engine.enums.table_enums import OnExpiry, OnReply, Tracking
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import campaign_reads, campaign_warnings, campaigns
from api.services.campaigns.ending import ending
from api.services.campaigns.option_problems import option_problems
from api.services.campaigns.pausing import pausing


@strawberry.input(description="The settings of a new campaign. It has no steps yet.")
class CampaignInput:
    name: str = strawberry.field(
        description="Name of the campaign for reps, such as `Trial follow-up`. One line of up to 200 characters."
    )
    sender_id: strawberry.ID = strawberry.field(
        description="Identifier of the sender from whom the emails come, such as `sdr_…`."
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of the category under which reps find the campaign, such as `cat_…`."
    )
    skip_weekends: bool = strawberry.field(
        default=False,
        description="Whether only Monday to Friday count as days. A start on a weekend then moves to "
        "Monday and keeps its time of day.",
    )
    remove_on_bounce: bool = strawberry.field(
        default=True, description="Whether a hard bounce ends the campaign for the person."
    )
    on_reply: OnReply = strawberry.field(
        default=OnReply.END, description="What happens to the campaign of a person who replies."
    )
    use_recipient_zone: bool = strawberry.field(
        default=False,
        description="Whether days and times of day are in the recipient's time zone, where known. "
        "Otherwise they are in the sender's.",
    )
    task_expiry_days: int | None = strawberry.field(
        default=None,
        description="Days from the due date of a task until it expires, 0 to 365. If left out, tasks never expire.",
    )
    on_task_expiry: OnExpiry = strawberry.field(
        default=OnExpiry.WAIT, description="What happens to the campaign of a person whose task expires."
    )
    in_doubt_resends: int = strawberry.field(
        default=0,
        description="How many times, 0 to 5, an email in doubt is resent automatically. The person may then get it "
        "twice.",
    )
    tracking: Tracking = strawberry.field(
        default=Tracking.OFF,
        description="Whether clicks and opens of the emails are tracked. Consider the law first: in the EU, tracking "
        "usually needs the person's consent.",
    )


@strawberry.input(description="Settings of a campaign to change. A setting that is left out keeps its value.")
class CampaignChanges:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="New name for reps, one line of up to 200 characters."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Identifier of another sender, such as `sdr_…`."
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Identifier of another category, such as `cat_…`; null removes the campaign from its category.",
    )
    skip_weekends: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether only Monday to Friday count as days."
    )
    remove_on_bounce: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether a hard bounce ends the campaign for the person."
    )
    on_reply: OnReply | None = strawberry.field(
        default=strawberry.UNSET, description="What happens to the campaign of a person who replies."
    )
    use_recipient_zone: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether days and times of day are in the recipient's time zone, where known. "
        "Otherwise they are in the sender's.",
    )
    task_expiry_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Days from the due date of a task until it expires, 0 to 365; null: tasks never expire.",
    )
    on_task_expiry: OnExpiry | None = strawberry.field(
        default=strawberry.UNSET, description="What happens to the campaign of a person whose task expires."
    )
    in_doubt_resends: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How many times, 0 to 5, an email in doubt is resent automatically.",
    )
    tracking: Tracking | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether clicks and opens of the emails are tracked. A change applies to emails that are rendered "
        "after it. Opens and clicks of earlier emails are still counted.",
    )


@strawberry.type(description="Result of the mutations on campaigns: the campaign, or errors.")
class CampaignPayload(Payload):
    campaign: Campaign | None = strawberry.field(
        default=None, description="The campaign after the change; null if there are errors."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to check in the campaign's steps and settings as they are now, such as an email that goes "
        "out before one of an earlier step. Empty if there are errors.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.campaign is None:
            return []
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.campaign.id)
        context, skip = info.context.workspace_context, self.campaign.skip_weekends
        return warning_lines(
            [
                *await option_problems(context, steps),
                *campaign_warnings.tracking_warnings(context, self.campaign.tracking),
                *await campaign_warnings.find_campaign_warnings(context, steps, skip_weekends=skip),
            ]
        )


@strawberry.type(description="Result of endCampaign: the number of people and the campaign, or errors.")
class EndCampaignPayload(Payload):
    ended: int = strawberry.field(
        default=0,
        description="Number of people whose campaign was ended: those for whom it was still active. 0 if an "
        "earlier call is still ending it.",
    )
    campaign: Campaign | None = strawberry.field(
        default=None,
        description="The campaign after the call; null if there are errors. While its `endingAt` is not null, "
        "`peopleToEnd` shows the progress.",
    )


@strawberry.type
class CampaignMutation:
    @mutation(description="Create a campaign without steps.")
    async def create_campaign(
        self,
        info: Request,
        input: Annotated[
            CampaignInput, strawberry.argument(description="Name, sender and settings of the new campaign.")
        ],
    ) -> CampaignPayload:
        row = await campaigns.create_campaign(info.context.workspace_context, **given_fields_not_null(input))
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        metadata=cost(3_000),
        description="Change a campaign's settings. In a running campaign, unsent emails follow the "
        "change; `editPreview` shows the effect first.",
    )
    async def update_campaign(
        self,
        info: Request,
        id: CampaignId,
        input: Annotated[
            CampaignChanges,
            strawberry.argument(description="The settings to change. Omitted fields do not change."),
        ],
        if_version: IfVersion = None,
    ) -> CampaignPayload:
        settings = given_fields_not_null(input)
        row = await campaigns.update_campaign(info.context.workspace_context, id, if_version=if_version, **settings)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(metadata=cost(3_000), description="Move all steps of a day to another day.")
    async def move_day(
        self,
        info: Request,
        campaign_id: CampaignId,
        day: Annotated[int, strawberry.argument(description="The day whose steps move, counted from 1.")],
        to: Annotated[int, strawberry.argument(description="The day that they move to, 1 to 365.")],
        if_version: IfVersion = None,
    ) -> CampaignPayload:
        context = info.context.workspace_context
        row = await campaigns.move_day(context, campaign_id, day=day, to=to, if_version=if_version)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        metadata=cost(3_000), description="Remove all steps of a day. Their unsent emails and open tasks are cancelled."
    )
    async def remove_day(
        self,
        info: Request,
        campaign_id: CampaignId,
        day: Annotated[int, strawberry.argument(description="The day whose steps are removed, counted from 1.")],
        if_version: IfVersion = None,
    ) -> CampaignPayload:
        context = info.context.workspace_context
        row = await campaigns.remove_day(context, campaign_id, day=day, if_version=if_version)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        metadata=cost(3_000),
        description="Pause a campaign. From now on none of its emails is sent, and its background "
        "launches enroll nobody. An email that is being transmitted is finished. Tasks stay "
        "open and do not expire; resuming extends their expiry by the length of the pause.",
    )
    async def pause_campaign(self, info: Request, id: CampaignId) -> CampaignPayload:
        row = await pausing.pause_campaign(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        metadata=cost(5_000),
        description="Resume a paused campaign. If a person has something overdue, all their unsent "
        "emails move by the same number of whole days (working days if weekends are "
        "skipped): the smallest number after which nothing is overdue. Times of day stay the "
        "same. An email that was due immediately when the pause began is sent immediately if "
        "the campaign is resumed on the same day, and moves nothing. `resumePreview` shows "
        "beforehand how many emails move, and to when.",
    )
    async def resume_campaign(self, info: Request, id: CampaignId) -> CampaignPayload:
        row = await pausing.resume_campaign(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))

    @mutation(
        metadata=cost(5_000, once=3),
        description="End a campaign for everyone in it: open tasks are cancelled, pending emails fail "
        "with `CAMPAIGN_ENDED`, and its background launches are cancelled. Once the mutation has returned, none of "
        "the campaign's emails is sent, except one whose transmission has begun. Up to 1,000 people are ended at "
        "once. A background "
        "job ends the others: until then `Campaign.endingAt` is set and nobody can be launched into the campaign. It "
        "cannot be undone.",
    )
    async def end_campaign(self, info: Request, id: CampaignId) -> EndCampaignPayload:
        context = info.context.workspace_context
        people = await ending.end_campaign(context, id)
        return EndCampaignPayload(ended=people, campaign=from_row(Campaign, await campaign_reads.campaign(context, id)))
