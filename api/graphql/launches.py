"""Launches in the background: types, queries and the subscription."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Any, cast

import strawberry

from api.graphql.campaigns import Campaign
from api.graphql.engine.context import Context, Request
from api.graphql.engine.enums import LaunchStatus
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import LEFT_OUT_CODES
from api.graphql.people import Person
from api.services.launches import background_launch, reading


@strawberry.type(description="How many people a launch left out for one reason.")
class LeftOutCount:
    code: str = strawberry.field(
        description="UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED, NOT_FOUND, LAUNCH_CANCELLED, …"
    )
    people: int = strawberry.field(description="How many.")


@strawberry.type(description="Someone whom a launch did not enroll.")
class LeftOut:
    """A row of api.models.LeftOut."""

    code: str = strawberry.field(
        description="Why: UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED, NOT_FOUND, LAUNCH_CANCELLED, …"
    )
    person_id: strawberry.ID = strawberry.field(description="The id as it was given.")

    @strawberry.field(description="The person; null when there is none of this id.")
    async def person(self, info: Request) -> Person | None:
        return await info.context.loaders.person.load(self.person_id)


@strawberry.type(description="A launch for a large audience, in the background.")
class Launch:
    """A row of api.models.Launch."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    status: LaunchStatus = strawberry.field(description="RUNNING, PAUSED, FINISHED, CANCELLED or FAILED.")
    problem: str | None = strawberry.field(
        description="Why the last attempt to go on failed. While the status is RUNNING it is tried again, later each "
        "time; FAILED means that it has ended, and that everyone who was left is left out with `LAUNCH_FAILED`. Null "
        "when nothing is wrong."
    )
    total: int = strawberry.field(
        description="People in the audience, which is fixed when the launch starts. Once the launch is over, `total` "
        "is `enrolled` and `leftOut` together."
    )
    processed: int = strawberry.field(
        description="People whose turn has come so far, those left out included. A launch that was cancelled stays "
        "where it stood; the rest are left out as LAUNCH_CANCELLED."
    )
    enrolled: int = strawberry.field(description="People who were enrolled.")
    left_out: int = strawberry.field(description="People who were not; `leftOutPeople` says why.")
    again: bool = strawberry.field(
        description="Whether it is also for people whose campaign has ended before; otherwise they are left out with "
        "`ENDED_BEFORE`."
    )
    launched_at: datetime = strawberry.field(
        description="When it began: the moment that people are launched at. For everyone means the people who were "
        "in the workspace when it began, however short before they were added or imported. UTC."
    )
    resumed_at: datetime | None = strawberry.field(
        description="When it was last resumed: the moment that people are launched at from then on. UTC."
    )
    campaign_id: strawberry.Private[str]

    @strawberry.field(description="The campaign.")
    async def campaign(self, info: Request) -> Campaign:
        return await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(
        description="Progress from 0 to 1: `processed` of `total`. A launch that was cancelled stays where it stood."
    )
    def progress(self) -> float:
        return 1.0 if self.status is LaunchStatus.FINISHED else self.processed / max(self.total, 1)

    @strawberry.field(
        metadata=cost(2_000, size=LEFT_OUT_CODES, queries=True), description="How many were left out, by the reason."
    )
    async def left_out_by_code(self) -> list[LeftOutCount]:
        counts = await background_launch.left_out_by_code(self.id)
        return [LeftOutCount(code=code, people=people) for code, people in sorted(counts.items())]

    @strawberry.field(
        metadata=page_cost(),
        description="Who was left out, and why.",
    )
    async def left_out_people(self, first: First = 50, after: After = None) -> Connection[LeftOut]:
        return await connect(reading.left_out_people(self.id), first, after)


@strawberry.type
class LaunchQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="A launch in the background, with its progress.")
    async def launch(self, info: Request, id: strawberry.ID) -> Launch | None:
        return from_row(Launch, await reading.launch(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Launches in the background, of one campaign or of all, the newest first.",
    )
    async def launches(
        self, info: Request, campaign_id: strawberry.ID | None = None, first: First = 50, after: After = None
    ) -> Connection[Launch]:
        return await connect(reading.launches(info.context.workspace_context, campaign_id), first, after)


@strawberry.type
class LaunchSubscription:
    @strawberry.subscription(
        description="A launch in the background: as it is now, after each change, and at its end, which ends this too."
    )
    async def launch_progress(self, info: Request, id: strawberry.ID) -> AsyncGenerator[Launch, None]:
        # A wrong id is refused here, before the stream begins.
        launches = await info.context.watch.follow(info.context.workspace_context, id)
        return cast(Any, _fresh(info.context, launches))


async def _fresh(context: Context, rows: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """Let each event load its rows anew: what an earlier event has loaded may be changed since."""
    async with aclosing(rows):
        async for row in rows:
            context.forget()
            yield row
