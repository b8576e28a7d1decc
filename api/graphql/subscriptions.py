"""All subscriptions. They go over the websocket at /graphql."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import strawberry

from api.graphql.engine.context import Context, Request
from api.graphql.launches import Launch


@strawberry.type(description="All that can be followed, over a websocket at the same address (graphql-transport-ws).")
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription(
        description="A launch in the background: as it is now, after each change, and at its end, which ends this too."
    )
    async def launch_progress(self, info: Request, id: strawberry.ID) -> AsyncGenerator[Launch, None]:  # noqa: A002
        """Follow a launch. It is looked up before the stream begins: a wrong id is an error, no event."""
        launches = await info.context.watch.follow(info.context.workspace_context, id)
        return cast(Any, _fresh(info.context, launches))


async def _fresh(context: Context, rows: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """Let each event load its rows anew: what an earlier event has loaded may be changed since."""
    async with aclosing(rows):
        async for row in rows:
            context.forget()
            yield row
