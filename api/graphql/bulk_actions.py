"""Bulk actions: the type, its queries and its cancellation, and the payload of mutations on several objects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graphql.engine.enums.command_center_enums import BulkActionKind, BulkActionStatus
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.payloads import Payload, UserError, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.sort_orders import CreatedOrder, order_of
from api.services.bulk import bulk_actions, bulk_reads
from api.services.bulk.actions import Arguments
from api.services.common.lists.row_lists import RowList
from strategies import Refusal

BulkActionId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the bulk action: `blk_` and 26 lower-case letters and digits."),
]
Ids = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description="The `id` of each object. An id that is given twice counts once. Leave it out if you give a filter."
    ),
]


@strawberry.type(description="An object that a mutation on several objects did not change.")
class BulkRefusal:
    """A row of api.models.BulkRefusal, or a refusal of a request."""

    item_id: strawberry.ID = strawberry.field(
        name="objectId", description="`id` of the task, email, enrollment, person or write to the CRM."
    )
    code: strawberry.Private[str]
    message: strawberry.Private[str]
    path: strawberry.Private[list[str]]

    @strawberry.field(
        description="Why it was not changed. The `path` of an error about the object itself is `ids` and its index. It "
        "is empty if a filter has chosen the object, or a background job has processed it."
    )
    def error(self) -> UserError:
        return UserError(code=self.code, message=self.message, path=list(self.path))


@strawberry.type(description="A mutation on more than 200 objects, which a background job carries out.")
class BulkAction:
    """A row of api.models.BulkAction."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the bulk action: `blk_` and 26 lower-case letters and digits."
    )
    kind: BulkActionKind = strawberry.field(description="What is done with each object.")
    status: BulkActionStatus = strawberry.field(description="Whether the action is running, or how it ended.")
    problem: str | None = strawberry.field(
        description="Why the last attempt to continue failed; null when nothing is wrong. While the status is RUNNING, "
        "it is retried at growing intervals."
    )
    total: int = strawberry.field(description="Number of objects, which is fixed when the action starts.")
    processed: int = strawberry.field(description="Number of objects that were changed or refused so far.")
    done: int = strawberry.field(description="Number of objects that were changed so far.")
    created_at: datetime = strawberry.field(description="When the action started, by the workspace's clock. UTC.")
    finished_at: datetime | None = strawberry.field(
        description=(
            "When the action ended, by the workspace's clock, UTC; null while it runs. The bulk action is deleted 30 "
            "days later."
        )
    )

    @strawberry.field(description="Number of objects that were refused so far.")
    def refused(self) -> int:
        return self.processed - self.done

    @strawberry.field(description="Share of objects processed, from 0 to 1.")
    def progress(self) -> float:
        return self.processed / max(self.total, 1)

    @strawberry.field(
        metadata=page_cost(),
        description="The objects that were not changed, each with the reason: the first 10,000 of them.",
    )
    async def refusals(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[BulkRefusal]:
        return await connect(bulk_reads.refusals(self.id), PageRequest(first, after, last, before), info)


@strawberry.type(description="Result of a mutation on several objects: what happened to each of them.")
class BulkPayload(Payload):
    done: list[strawberry.ID] = strawberry.field(
        metadata=cost(size=bulk_actions.MAX_AT_ONCE, plain_at=5),
        default_factory=list,
        description="`id` of each object that was changed, or already had the new values.",
    )
    refused: list[BulkRefusal] = strawberry.field(
        metadata=cost(size=bulk_actions.MAX_AT_ONCE),
        default_factory=list,
        description="The objects that were not changed, each with the reason. The other objects were changed.",
    )
    bulk_action: BulkAction | None = strawberry.field(
        default=None,
        description="The background action, if there are more than 200 objects. `done` and `refused` are empty then. "
        "Query it for its progress.",
    )


EACH = cost(500, sized_by=("ids",), size_most=bulk_actions.MAX_AT_ONCE, each=300, once=3)
"""The cost of a mutation on several objects: it changes up to MAX_AT_ONCE of them itself."""


async def bulk(
    info: Request,
    kind: BulkActionKind,
    ids: Sequence[strawberry.ID] | None,
    rows: RowList | None = None,
    **arguments: Any,
) -> BulkPayload:
    """Carry out a mutation on several objects. ``arguments`` are JSON."""
    given: Arguments = arguments
    context = info.context.workspace_context
    result = await bulk_actions.carry_out(context, kind, given, ids=ids, rows=rows)
    return BulkPayload(
        done=[strawberry.ID(item_id) for item_id in result.done],
        refused=[_refusal(item_id, why) for item_id, why in result.refused],
        bulk_action=from_row(BulkAction, result.action),
    )


def _refusal(item_id: str, why: Refusal) -> BulkRefusal:
    return BulkRefusal(item_id=strawberry.ID(item_id), code=why.code, message=why.message, path=list(why.path))


@strawberry.type(description="Result of cancelBulkAction: the action, or errors.")
class BulkActionPayload(Payload):
    bulk_action: BulkAction | None = strawberry.field(
        default=None, description="The bulk action after the change; null if there are errors."
    )


@strawberry.input(description="Selects bulk actions that match every given field. An empty list matches none.")
class BulkActionFilter:
    status: list[BulkActionStatus] | None = strawberry.field(
        default=None,
        description="Only bulk actions with one of these statuses, such as `[RUNNING]`. If left out, of every status.",
    )


@strawberry.type
class BulkActionQuery:
    @strawberry.field(
        metadata=cost(100, queries=True),
        description="The bulk action with this id and its progress; null if the workspace has none.",
    )
    async def bulk_action(self, info: Request, id: BulkActionId) -> BulkAction | None:
        return from_row(BulkAction, await bulk_reads.bulk_action(info.context.workspace_context, id))

    @strawberry.field(metadata=page_cost(), description="Bulk actions in the background, the newest first.")
    async def bulk_actions(
        self,
        info: Request,
        filter: Annotated[
            BulkActionFilter | None,
            strawberry.argument(description="Only bulk actions that meet this filter. If left out, all of them."),
        ] = None,
        order_by: Annotated[
            CreatedOrder | None,
            strawberry.argument(description="The order of the list. If left out, the newest first."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[BulkAction]:
        statuses = filter.status if filter else None
        rows = bulk_reads.bulk_actions(info.context.workspace_context, statuses, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.type
class BulkActionMutation:
    @mutation(
        description="Stop a bulk action in the background. Finished changes are kept. Does nothing if the action has "
        "ended."
    )
    async def cancel_bulk_action(self, info: Request, id: BulkActionId) -> BulkActionPayload:
        row = await bulk_actions.cancel(info.context.workspace_context, id)
        return BulkActionPayload(bulk_action=from_row(BulkAction, row))
