"""Campaigns and their days: types and queries."""

from datetime import datetime
from typing import Any

import strawberry

from api.graphql.arguments.ids import CampaignId
from api.graphql.campaigns.campaign_filters import CampaignsOrderBy, CampaignsWhere, read_filter
from api.graphql.campaigns.campaign_lists import CampaignLists
from api.graphql.campaigns.steps import Step
from api.graphql.engine.enums.table_enums import CampaignStatus, OnExpiry, OnReply, Tracking
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.loading.loaded_lists import loaded_list
from api.graphql.engine.node_interface import Node
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import DAYS, OPTION_PROBLEMS, STEPS, STEPS_OF_DAY
from api.graphql.sort_orders import order_of
from api.graphql.stats import CampaignStats, campaign_stats
from api.graphql.templates.categories import Category
from api.graphql.warnings import WarningLine, warning_lines
from api.graphql.workspaces.senders import Sender
from api.services.campaigns import campaign_reads
from api.services.campaigns.option_problems import partner_options, problems_of_steps
from api.states import campaign_status


@strawberry.type(description="A day of a campaign that has at least one step.")
class Day:
    number: int = strawberry.field(
        description="The day, counted from 1: the day on which the campaign starts for a person."
    )
    steps: list[Step] = strawberry.field(
        metadata=cost(size=STEPS_OF_DAY, plain_at=5),
        description="The steps of this day, in the order in which they are carried out.",
    )


@strawberry.type(
    description="A campaign: an ordered list of steps, each on a day, and the settings with which it runs."
)
class Campaign(CampaignLists, Node):
    """A row of api.models.Campaign."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the campaign: `cmp_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(
        description="Name of the campaign for reps, such as `Trial follow-up`. Recipients never see it."
    )
    skip_weekends: bool = strawberry.field(
        description="Whether only Monday to Friday count as days. A start on a weekend then moves to "
        "Monday and keeps its time of day."
    )
    remove_on_bounce: bool = strawberry.field(description="Whether a hard bounce ends the campaign for the person.")
    on_reply: OnReply = strawberry.field(description="What happens to the campaign of a person who replies.")
    use_recipient_zone: bool = strawberry.field(
        description="Whether days and times of day are in the recipient's time zone. If it is unknown, "
        "the sender's is used. If false, the sender's is always used."
    )
    task_expiry_days: int | None = strawberry.field(
        description="Days from the due date of a task until it expires, 0 to 365; null: tasks never expire."
    )
    on_task_expiry: OnExpiry = strawberry.field(
        description="What happens to the campaign of a person whose task expires."
    )
    in_doubt_resends: int = strawberry.field(
        description="How many times, 0 to 5, an email in doubt is resent automatically. With 0 it waits for "
        "`resolveInDoubt`."
    )
    tracking: Tracking = strawberry.field(
        description="Whether clicks and opens of the emails are tracked. Tracking needs the server's setting "
        "`TOUCHLINE_TRACKING_URL`: without it, emails are sent as with OFF."
    )
    job_problem: str | None = strawberry.field(
        description="Why the last attempt to apply a pause, a resume, an edit or `endCampaign` to everyone failed. "
        "It is retried at growing intervals, five times in all. After a failed pause or resume, the people whom it has "
        "not reached wait for the next one. After a failed edit their emails keep their times. A campaign that could "
        "not be ended sends nothing until `endCampaign` is called again. Null when nothing is wrong."
    )
    edited_at: datetime | None = strawberry.field(
        description="When an edit last changed the schedule of people in the campaign, UTC; null if no edit has."
    )
    editing: bool = strawberry.field(
        description="True while the last edit is still being applied. People not yet updated get no emails until then."
    )
    ending_at: datetime | None = strawberry.field(
        description="When `endCampaign` was called, UTC, while a background job is still ending the campaign for "
        "everyone. None of its emails is sent meanwhile. Null otherwise."
    )
    version: int = strawberry.field(
        description="Starts at 1 and increases when the settings or steps change, and when the campaign is archived "
        "or restored. Pass the version that you have read as `ifVersion` of a mutation, so that you do not overwrite "
        "someone else's change."
    )
    launched_at: datetime | None = strawberry.field(
        description="When the first person was launched into the campaign, UTC; null while its status is DRAFT."
    )
    finished_at: datetime | None = strawberry.field(
        description=(
            "When the last active person finished or ended the campaign, UTC, up to five seconds late. Null while "
            "someone is active, and if nobody was launched."
        )
    )
    archived_at: datetime | None = strawberry.field(
        description="When the campaign was archived, UTC; null if it is not archived."
    )
    created_at: datetime = strawberry.field(description="When the campaign was created, by the workspace's clock. UTC.")
    sender_id: strawberry.Private[str]
    category_id: strawberry.Private[str | None]
    holds: strawberry.Private[str | None]
    paused_at: strawberry.Private[datetime | None]
    resume_requested_at: strawberry.Private[datetime | None]

    @strawberry.field(
        description="Status of the campaign. It becomes FINISHED up to five seconds after the last person's end."
    )
    def status(self) -> CampaignStatus:
        return campaign_status(self)

    @strawberry.field(
        name="pausedAt",
        description="When the campaign was paused, UTC; null when it is not paused, and as soon as `resumeCampaign` "
        "has returned. See `applyingPause`.",
    )
    def shown_paused_at(self) -> datetime | None:
        return self.paused_at if self.resume_requested_at is None else None

    @strawberry.field(
        description="True while the last pause or resume is still being applied to the emails and tasks. After a "
        "pause, no email is sent meanwhile. After a resume, each email is sent once the resume is applied to it, and "
        "edits that move emails are rejected until the resume is applied to everyone (`CAMPAIGN_BUSY`)."
    )
    def applying_pause(self) -> bool:
        return self.holds is not None

    @strawberry.field(description="The sender from whom the emails come, and to whom the tasks are assigned.")
    async def sender(self, info: Request) -> Sender:
        return await info.context.loaders.sender.load(self.sender_id)

    @strawberry.field(description="The category under which reps find the campaign; null if it has none.")
    async def category(self, info: Request) -> Category | None:
        return await info.context.loaders.category.load(self.category_id) if self.category_id else None

    @strawberry.field(
        metadata=cost(100), description="Number of emails on hold. They wait until the campaign is resumed."
    )
    async def held_emails(self, info: Request) -> int:
        return await info.context.loaders.held_of_campaign.load(self.id)

    @strawberry.field(
        metadata=cost(100),
        description="Number of people whose campaign has not been ended yet; 0 while `endingAt` is null.",
    )
    async def people_to_end(self, info: Request) -> int:
        return await info.context.loaders.people_to_end_of_campaign.load(self.id)

    @strawberry.field(
        metadata=cost(size=STEPS, plain_at=5) | loaded_list("steps_of_campaign"),
        description="All steps that have not been removed, in the order in which they are carried out.",
    )
    async def steps(self, info: Request) -> list[Step]:
        return await info.context.loaders.steps_of_campaign.load(self.id)

    @strawberry.field(
        metadata=cost(20, size=OPTION_PROBLEMS),
        description="Why emails of the campaign may not be scheduled at the moment: a warning for each step whose send "
        "option is not installed, or fails, and for each step at which people wait for an option. Empty if all of them "
        "work and nobody waits.",
    )
    async def send_option_problems(self, info: Request) -> list[WarningLine]:
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.id)
        context = info.context.workspace_context
        health = await info.context.option_health.load_many(partner_options(context, steps))
        waiting = await info.context.loaders.waiting_of_campaign.load(str(self.id))
        return warning_lines(problems_of_steps(context, steps, health, waiting))

    @strawberry.field(
        metadata=cost(100),
        description="Number of people for whom a send option failed when their steps were planned, such as after an "
        "edit. Their emails from that step on wait, also when they are due, because their old plan is not valid "
        "any more. Touchline calls the option again automatically; `retrySendOptions` calls it immediately. "
        "`Enrollment.waitsFromStep` says who waits. Usually 0.",
    )
    async def waiting_people(self, info: Request) -> int:
        waiting = await info.context.loaders.waiting_of_campaign.load(str(self.id))
        return sum(each.people for each in waiting)

    @strawberry.field(metadata=cost(size=DAYS), description="The days that have steps, in order.")
    async def days(self, info: Request) -> list[Day]:
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.id)
        numbers = sorted({step.day for step in steps})
        return [Day(number=day, steps=[step for step in steps if step.day == day]) for day in numbers]

    @strawberry.field(
        metadata=cost(60), description="Numbers of the emails, tasks and people of this campaign over all days."
    )
    async def stats(self, info: Request) -> CampaignStats:
        return campaign_stats(await info.context.loaders.counts_of_campaign.load(self.id))


@strawberry.type
class CampaignQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The campaign with this id; null if the workspace has none."
    )
    async def campaign(self, info: Request, id: CampaignId) -> Campaign | None:
        return from_row(Campaign, await campaign_reads.campaign(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="All campaigns of the workspace, in the order in which they were created.",
    )
    async def campaigns(
        self,
        info: Request,
        filter: CampaignsWhere = None,
        order_by: CampaignsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Campaign]:
        rows = await campaign_reads.campaigns(info.context.workspace_context, read_filter(filter), order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
