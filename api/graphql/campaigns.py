"""Campaigns and their days: types and queries."""

from datetime import datetime
from typing import Any

import strawberry

from api.graphql.categories import Category
from api.graphql.engine.context import Request
from api.graphql.engine.enums import OnExpiry, OnReply
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import DAYS, STEPS, STEPS_OF_DAY
from api.graphql.senders import Sender
from api.graphql.steps import Step
from api.services.campaigns import reading


@strawberry.type(description="A day of a campaign that has steps.")
class Day:
    number: int = strawberry.field(description="1 is the first day.")
    steps: list[Step] = strawberry.field(
        metadata=cost(size=STEPS_OF_DAY, plain_at=5), description="The day's steps, in order."
    )


@strawberry.type(description="An ordered list of steps, each on a day, and the settings of their run.")
class Campaign:
    """A row of api.models.Campaign."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name.")
    skip_weekends: bool = strawberry.field(description="Days count Monday to Friday; weekends are no days at all.")
    remove_on_bounce: bool = strawberry.field(description="A bounce ends the campaign for the person.")
    on_reply: OnReply = strawberry.field(description="What a reply does.")
    use_recipient_zone: bool = strawberry.field(
        description="Days and times are meant in the recipient's zone, where known."
    )
    task_expiry_days: int | None = strawberry.field(description="Days after which a task expires; null is never.")
    on_task_expiry: OnExpiry = strawberry.field(description="What an expired task does.")
    in_doubt_resends: int = strawberry.field(
        description="How often an email in doubt is sent again by itself; 0 asks a person each time."
    )
    job_problem: str | None = strawberry.field(
        description="Why the last attempt to carry out a pause, a resume or an edit for everyone failed. It is tried "
        "again, later each time; after five attempts it ends, and what it has not reached waits for the next pause, "
        "resume or edit. Null when nothing is wrong."
    )
    paused_at: datetime | None = strawberry.field(description="Since when it is paused; null when it is not. UTC.")
    edited_at: datetime | None = strawberry.field(
        description="When an edit last had the people in it resolved again; null for never. UTC."
    )
    editing: bool = strawberry.field(
        description="Whether that edit still comes to some of them. Until then none of their emails leaves."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    sender_id: strawberry.Private[str]
    category_id: strawberry.Private[str | None]

    @strawberry.field(description="Who writes.")
    async def sender(self, info: Request) -> Sender:
        return await info.context.loaders.sender.load(self.sender_id)

    @strawberry.field(description="The category, if it has one.")
    async def category(self, info: Request) -> Category | None:
        return await info.context.loaders.category.load(self.category_id) if self.category_id else None

    @strawberry.field(
        metadata=cost(100), description="How many emails are on hold. They wait until the campaign is resumed."
    )
    async def held_emails(self, info: Request) -> int:
        return await info.context.loaders.held_of_campaign.load(self.id)

    @strawberry.field(metadata=cost(size=STEPS, plain_at=5), description="All steps, in order.")
    async def steps(self, info: Request) -> list[Step]:
        return await info.context.loaders.steps_of_campaign.load(self.id)

    @strawberry.field(metadata=cost(size=DAYS), description="The days that have steps, in order.")
    async def days(self, info: Request) -> list[Day]:
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.id)
        numbers = sorted({step.day for step in steps})
        return [Day(number=day, steps=[step for step in steps if step.day == day]) for day in numbers]


@strawberry.type
class CampaignQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="One campaign.")
    async def campaign(self, info: Request, id: strawberry.ID) -> Campaign | None:
        return from_row(Campaign, await reading.campaign(info.context.workspace_context, id))

    @strawberry.field(metadata=page_cost(), description="Campaigns.")
    async def campaigns(self, info: Request, first: First = 50, after: After = None) -> Connection[Campaign]:
        return await connect(reading.campaigns(info.context.workspace_context), first, after)
