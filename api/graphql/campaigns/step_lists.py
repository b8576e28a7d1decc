"""The list of one step's emails."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.emails.email_filters import EmailsOrderBy, EmailsWhere
from api.graphql.emails.email_filters import read_filter as read_email_filter
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.sort_orders import order_of
from api.services.common.lists.filters import within
from api.services.emails import email_reads

if TYPE_CHECKING:
    from api.graphql.emails.emails import Email


@strawberry.type
class StepLists:
    """The list of one step's emails."""

    id: strawberry.ID

    @strawberry.field(metadata=page_cost(), description="The emails of the step, in the order of `dueAt`.")
    async def emails(
        self,
        info: Request,
        filter: EmailsWhere = None,
        order_by: EmailsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Email", strawberry.lazy("api.graphql.emails.emails")]]:
        chosen = within(read_email_filter(filter), step_id=str(self.id))
        rows = await email_reads.emails(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
