"""The subscriptions to rows that change: background launches, imports and the clock of a sandbox."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, cast

import strawberry

from api.graphql.arguments.ids import ImportId, LaunchId
from api.graphql.engine.graphql_context import Request
from api.graphql.launches.launches import Launch
from api.graphql.people.imports import PeopleImport
from api.services.following import rows


@strawberry.type(description="The current time of a workspace, and whether it is virtual.")
class Clock:
    """A row of api.models.Workspace."""

    virtual_now: strawberry.Private[datetime | None]
    sandbox: bool = strawberry.field(description="Whether the clock is virtual: only `advanceClock` moves it.")

    @strawberry.field(description="The time of the workspace when this was sent: the real, or the virtual time. UTC.")
    def now(self, info: Request) -> datetime:
        return self.virtual_now or info.context.workspace_context.now


@strawberry.type
class RowSubscription:
    @strawberry.subscription(
        description="Follow a background launch: sends it as it is now, after each change, and when it "
        "ends. Then the subscription ends."
    )
    async def launch_progress(self, info: Request, id: LaunchId) -> AsyncGenerator[Launch, None]:
        # A wrong id is refused here, before the stream begins.
        return _follow(info, await rows.launch(info.context.workspace_context, id))

    @strawberry.subscription(
        description="Follow a CSV import of people: sends it as it is now, after each change, and when it ends. Then "
        "the subscription ends."
    )
    async def import_progress(self, info: Request, id: ImportId) -> AsyncGenerator[PeopleImport, None]:
        return _follow(info, await rows.people_import(info.context.workspace_context, id))

    @strawberry.subscription(
        description="Follow the clock: sends it as it is now, and each time that a sandbox's clock was moved. In a "
        "workspace that is not a sandbox, the clock is sent once, because it shows the real time."
    )
    async def clock(self, info: Request) -> AsyncGenerator[Clock, None]:
        return _follow(info, await rows.clock(info.context.workspace_context))


def _follow(info: Request, row: Any) -> AsyncGenerator[Any, None]:
    info.context.followed = row
    return _first_event(row)


async def _first_event(row: Any) -> AsyncGenerator[Any, None]:
    """Yield the row as it is now. The transport sends the later updates, which it shares among its connections."""
    yield cast(Any, row)
