"""Writes to the CRM that failed: the list, and the mutations that retry or drop them."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.command_center import BulkActionKind
from api.graphql.bulk_actions import EACH, BulkPayload, Ids, bulk
from api.graphql.engine.enums.crm_enums import CrmChangeKind
from api.graphql.engine.enums.crm_failure_enums import CrmCategory
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node, prefix_of
from api.graphql.engine.payloads import mutation
from api.graphql.nodes import load_node
from api.graphql.sort_orders import CrmFailureOrder, order_of
from api.services.common.lists.row_lists import RowList
from api.services.crm.connections.crm_errors import remedy
from api.services.crm.failures import failures


@strawberry.type(description="A write to the CRM whose last attempt failed.")
class CrmFailure:
    """A row of api.models.CrmChange."""

    id: strawberry.ID = strawberry.field(
        description="Identifier: the kind, a colon, and the `id` of the object, such as `TASK:tsk_…`."
    )
    kind: CrmChangeKind = strawberry.field(description="Kind of the change that Touchline tries to write to the CRM.")
    object_id: strawberry.ID = strawberry.field(
        description="`id` of the task, email, reply or suppression that is written to the CRM."
    )
    code: str = strawberry.field(description="Error code, such as `FIELD_CUSTOM_VALIDATION_EXCEPTION`.")
    category: CrmCategory = strawberry.field(description="What kind of failure it is.")
    detail: str = strawberry.field(
        description="What the CRM answered, up to 1,000 characters. It comes from outside: escape it before you show "
        "it as HTML."
    )
    attempts: int = strawberry.field(description="Number of failed attempts since the object last changed.")
    changed_at: datetime = strawberry.field(description="When the object last changed here. UTC.")
    failed_at: datetime | None = strawberry.field(description="When the last attempt failed. UTC.")
    state: strawberry.Private[str]
    next_at: strawberry.Private[datetime]

    @strawberry.field(description="When it is tried again automatically, UTC; null if it waits for `retryCrmWrites`.")
    def next_retry_at(self) -> datetime | None:
        return self.next_at if self.state == "WAITING" else None

    @strawberry.field(description="What the code means, for people.")
    def message(self) -> str:
        return remedy(self.code)[0]

    @strawberry.field(description="What to do about it, for people.")
    def what_to_do(self) -> str:
        return remedy(self.code)[1]

    @strawberry.field(description="The task, email, reply or suppression; null if it was deleted.")
    async def object(self, info: Request) -> Node | None:
        return await load_node(info, self.object_id) if prefix_of(self.object_id) else None


@strawberry.input(description="Selects failed writes that match every given field. An empty list matches none.")
class CrmFailureFilter:
    category: list[CrmCategory] | None = strawberry.field(
        default=None, description="Only failures of one of these categories."
    )
    kind: list[CrmChangeKind] | None = strawberry.field(default=None, description="Only writes of one of these kinds.")
    code: list[str] | None = strawberry.field(
        default=None, description="Only failures with one of these codes, such as `UNABLE_TO_LOCK_ROW`."
    )
    object_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only writes of the task, email, reply or suppression with this `id`."
    )
    waits_for_user: bool | None = strawberry.field(
        default=None,
        description="True: only those that wait for `retryCrmWrites`. False: only those that are tried again "
        "automatically.",
    )


Where = Annotated[
    CrmFailureFilter | None,
    strawberry.argument(
        description="All failed writes that match this filter of `crmFailures` now, up to 100,000. Leave it "
        "out if you give ids."
    ),
]


def _read_filter(chosen: CrmFailureFilter | None) -> failures.CrmFailureFilter:
    if chosen is None:
        return failures.CrmFailureFilter()
    object_id = None if chosen.object_id is None else str(chosen.object_id)
    return failures.CrmFailureFilter(chosen.category, chosen.kind, chosen.code, object_id, chosen.waits_for_user)


@strawberry.type
class CrmFailureQuery:
    @strawberry.field(
        metadata=page_cost(),
        description="Writes to the CRM whose last attempt failed, the last failure first: those that need "
        "`retryCrmWrites`, and those that are tried again automatically. A write that succeeds is removed from the "
        "list.",
    )
    async def crm_failures(
        self,
        info: Request,
        filter: Annotated[
            CrmFailureFilter | None,
            strawberry.argument(description="Only failed writes that meet this filter. If left out, all."),
        ] = None,
        order_by: Annotated[
            CrmFailureOrder | None,
            strawberry.argument(description="The order of the list. If left out, the one above."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CrmFailure]:
        rows = failures.failures(info.context.workspace_context, _read_filter(filter), order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


def _rows(info: Request, chosen: CrmFailureFilter | None) -> RowList | None:
    if chosen is None:
        return None
    return failures.failures(info.context.workspace_context, _read_filter(chosen))


@strawberry.type
class CrmFailureMutation:
    @mutation(
        metadata=EACH,
        description="Try failed writes to the CRM again at once, by ids or by a filter. More than 200 are retried by a "
        "background job.",
    )
    async def retry_crm_writes(self, info: Request, ids: Ids = None, filter: Where = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.RETRY_CRM_WRITES, ids, _rows(info, filter))

    @mutation(
        metadata=EACH,
        description=(
            "Give up failed writes to the CRM, by ids or by a filter. The next change of an object is written to the "
            "CRM again."
        ),
    )
    async def drop_crm_writes(self, info: Request, ids: Ids = None, filter: Where = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.DROP_CRM_WRITES, ids, _rows(info, filter))
