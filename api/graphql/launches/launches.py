"""Background launches: types, queries and the subscription."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import LaunchId
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.engine.enums.table_enums import LaunchStatus
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.rows import from_row
from api.graphql.launches.launch_filters import LaunchesOrderBy, LaunchesWhere
from api.graphql.launches.launch_senders import sender_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import LEFT_OUT_CODES
from api.graphql.people.people import Person
from api.graphql.sort_orders import order_of
from api.graphql.workspaces.senders import Sender
from api.services.launches import launch_reads
from api.services.launches.background import background_launch


@strawberry.type(description="Number of people whom a launch left out for one reason.")
class LeftOutCount:
    code: str = strawberry.field(
        description="The reason: UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED, NOT_FOUND, LAUNCH_CANCELLED, …"
    )
    people: int = strawberry.field(description="Number of people left out for this reason.")


@strawberry.type(description="A person whom a launch did not enroll.")
class LeftOut:
    """A row of api.models.LeftOut."""

    code: str = strawberry.field(
        description="The reason: UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED, NOT_FOUND, LAUNCH_CANCELLED, …"
    )
    person_id: strawberry.ID = strawberry.field(
        description="Identifier of the person, as it was given to `startLaunch`."
    )

    @strawberry.field(description="The person who was left out; null if the workspace has none with this id.")
    async def person(self, info: Request) -> Person | None:
        return await info.context.loaders.person.load(self.person_id)


@strawberry.input(description="Selects people whom a launch left out.")
class LeftOutFilter:
    code: str | None = strawberry.field(
        default=None, description="Only people who were left out with this code, such as `UNSUBSCRIBED`."
    )


@strawberry.type(description="A background launch of a campaign for many people.")
class Launch(Node):
    """A row of api.models.Launch."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the launch: `lau_` and 26 lower-case letters and digits."
    )
    status: LaunchStatus = strawberry.field(description="Whether the launch is running or paused, or how it ended.")
    problem: str | None = strawberry.field(
        description="Why the last attempt to continue failed. While the status is RUNNING, it is retried "
        "at growing intervals. FAILED means that it has ended, and the remaining people are "
        "left out with `LAUNCH_FAILED`. Null when nothing is wrong."
    )
    total: int = strawberry.field(
        description="Number of people in the audience, which is fixed when the launch starts. At the end "
        "it equals `enrolled` + `leftOut`."
    )
    processed: int = strawberry.field(
        description="Number of people processed so far, those left out included. A cancelled launch "
        "keeps the number it had; the remaining people are left out as LAUNCH_CANCELLED."
    )
    enrolled: int = strawberry.field(description="Number of people who were enrolled so far.")
    left_out: int = strawberry.field(description="Number of people who were not enrolled; `leftOutPeople` says why.")
    again: bool = strawberry.field(
        description="Whether to launch also for people whose campaign ended before. Otherwise they are "
        "left out with `ENDED_BEFORE`."
    )
    launched_at: datetime = strawberry.field(
        description='When the launch started. "Everyone" means everyone who was in the workspace at this time. UTC.'
    )
    resumed_at: datetime | None = strawberry.field(
        description="When the launch was last resumed, UTC: people enrolled after this are launched as "
        "of this time. Null if it was never paused."
    )
    campaign_id: strawberry.Private[str]
    sender_id: strawberry.Private[str | None]

    @strawberry.field(description="Who sends the emails and gets the tasks: the sender chosen at launch.")
    async def sender(self, info: Request) -> Sender:
        return await sender_of(info, self.sender_id, self.campaign_id)

    @strawberry.field(description="The campaign that is launched.")
    async def campaign(self, info: Request) -> Campaign:
        return await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(
        description="Share of people processed, from 0 to 1: `processed` of `total`. A cancelled launch "
        "keeps the value it had."
    )
    def progress(self) -> float:
        return 1.0 if self.status is LaunchStatus.FINISHED else self.processed / max(self.total, 1)

    @strawberry.field(
        metadata=cost(2_000, size=LEFT_OUT_CODES, queries=True),
        description="Number of people left out for each reason, by its code.",
    )
    async def left_out_by_code(self) -> list[LeftOutCount]:
        counts = await background_launch.left_out_by_code(self.id)
        return [LeftOutCount(code=code, people=people) for code, people in sorted(counts.items())]

    @strawberry.field(
        metadata=page_cost(),
        description="The people who were left out, and why, in the order in which the launch came to them.",
    )
    async def left_out_people(
        self,
        info: Request,
        filter: Annotated[
            LeftOutFilter | None,
            strawberry.argument(description="Only people who were left out for this reason. If left out, all."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LeftOut]:
        rows = launch_reads.left_out_people(self.id, filter.code if filter else None)
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.type
class LaunchQuery:
    @strawberry.field(
        metadata=cost(100, queries=True),
        description="The background launch with this id and its progress; null if the workspace has none.",
    )
    async def launch(self, info: Request, id: LaunchId) -> Launch | None:
        return from_row(Launch, await launch_reads.launch(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Background launches, the newest first.",
    )
    async def launches(
        self,
        info: Request,
        filter: LaunchesWhere = None,
        order_by: LaunchesOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Launch]:
        campaign_id, status = (filter.campaign_id, filter.status) if filter else (None, None)
        rows = await launch_reads.launches(info.context.workspace_context, campaign_id, status, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
